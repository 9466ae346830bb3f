package money

import (
	"math/big"

	"github.com/cockroachdb/apd/v3"
)

// FromBig makes coefficient × 10^exponent, exactly: the form in which databases hand
// over NUMERIC. It refuses more than MaxDigits digits, and places beyond MaxDigits.
func FromBig(coefficient *big.Int, exponent int32) (Amount, error) {
	var a Amount
	a.d.Coeff.SetMathBigInt(new(big.Int).Abs(coefficient))
	a.d.Negative = coefficient.Sign() < 0
	a.d.Exponent = exponent
	digits := a.d.NumDigits()
	if exponent > 0 {
		digits += int64(exponent)
	}
	if digits > MaxDigits || exponent < -MaxDigits {
		return Amount{}, &ParseError{Text: cut(a.d.Text('E')), Reason: ErrDigits}
	}
	if exponent > 0 {
		if _, err := apd.BaseContext.WithPrecision(3*MaxDigits).Quantize(&a.d, &a.d, 0); err != nil {
			return Amount{}, &ParseError{Text: cut(a.d.Text('E')), Reason: ErrDigits}
		}
	}
	return a, nil
}
