package money

import (
	"math/big"

	"github.com/cockroachdb/apd/v3"
)

// FromBig makes coefficient × 10^exponent, exactly: the form in which databases hand
// over NUMERIC. It refuses more than SumDigits digits, and places beyond MaxDigits.
func FromBig(coefficient *big.Int, exponent int32) (Amount, error) {
	if coefficient.IsInt64() && exponent <= 0 && exponent >= -MaxScale {
		return New(coefficient.Int64(), -exponent), nil
	}
	d := new(apd.Decimal)
	d.Coeff.SetMathBigInt(new(big.Int).Abs(coefficient))
	d.Negative = coefficient.Sign() < 0
	d.Exponent = exponent
	digits := d.NumDigits()
	if exponent > 0 {
		digits += int64(exponent)
	}
	if digits > SumDigits || exponent < -MaxDigits {
		return Amount{}, &ParseError{Text: cut(d.Text('E')), Reason: ErrDigits}
	}
	if exponent > 0 {
		if _, err := apd.BaseContext.WithPrecision(3*MaxDigits).Quantize(d, d, 0); err != nil {
			return Amount{}, &ParseError{Text: cut(d.Text('E')), Reason: ErrDigits}
		}
	}
	return shrink(d), nil
}
