package money

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// MaxDigits is the largest number of significant digits an amount may have.
// NUMERIC(38) of both databases and every export format hold it exactly.
const MaxDigits = 38

// SumDigits is the largest number of digits that a sum may have: of more amounts than a
// version can number. What the books add up is never too long to be read again.
const SumDigits = MaxDigits + 19

// Amount is an exact decimal number. The zero value is 0 and ready to use.
// Amounts are values: no method changes its receiver.
//
// Nearly every amount is a 64-bit number of minor units; those that are not, and
// every operation whose result might not be, go through apd (small.go).
type Amount struct {
	small int64        // value × 10^scale, when big is nil
	scale int32        // decimal places, 0 to MaxScale, when big is nil
	big   *apd.Decimal // never changed once it is here
}

// Reasons why a text is not an amount of an asset. Wrapped in *ParseError.
var (
	ErrSyntax = errors.New("not a plain decimal number")
	ErrScale  = errors.New("more decimal places than the asset has")
	ErrDigits = fmt.Errorf("more than %d digits", MaxDigits)
)

// ParseError says which text was refused and why.
type ParseError struct {
	Text   string // the refused text, cut to 64 bytes
	Reason error  // ErrSyntax, ErrScale or ErrDigits
}

// Error implements error.
func (e *ParseError) Error() string { return fmt.Sprintf("amount %q: %v", e.Text, e.Reason) }

// Unwrap gives the reason to errors.Is.
func (e *ParseError) Unwrap() error { return e.Reason }

// exact computes without rounding: two 38-digit amounts added or multiplied fit.
var exact = apd.BaseContext.WithPrecision(3 * MaxDigits)

// Zero is the amount 0.
var Zero Amount

// New makes an amount of minor units: New(10638, 2) is 106.38.
func New(minor int64, scale int32) Amount {
	if scale >= 0 && scale <= MaxScale {
		return Amount{small: minor, scale: scale}
	}
	return shrink(apd.New(minor, -scale))
}

// Parse reads a plain decimal number: an optional minus, digits without leading
// zeros, an optional dot and digits. No exponent, no plus sign, no spaces.
// It refuses more than MaxDigits digits. The scale is the text's own.
func Parse(s string) (Amount, error) { return parse(s, MaxDigits) }

// ParseSum is Parse for what the books wrote themselves: at most SumDigits digits.
func ParseSum(s string) (Amount, error) { return parse(s, SumDigits) }

func parse(s string, most int) (Amount, error) {
	digits, err := plainDigits(s)
	if err != nil {
		return Amount{}, &ParseError{Text: cut(s), Reason: err}
	}
	if digits > most {
		return Amount{}, &ParseError{Text: cut(s), Reason: ErrDigits}
	}
	if digits <= smallDigits {
		return parseSmall(s), nil
	}
	d := new(apd.Decimal)
	if _, _, err := d.SetString(s); err != nil {
		return Amount{}, &ParseError{Text: cut(s), Reason: ErrSyntax}
	}
	return shrink(d), nil
}

// MustParse is ParseSum for constants of the program, what the books wrote, and tests; it
// panics on bad text.
func MustParse(s string) Amount {
	a, err := ParseSum(s)
	if err != nil {
		panic(err)
	}
	return a
}

// plainDigits checks the syntax and counts the digits.
func plainDigits(s string) (int, error) {
	s = strings.TrimPrefix(s, "-")
	dot := -1
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.' && dot < 0:
			dot = i
		case c < '0' || c > '9':
			return 0, ErrSyntax
		}
	}
	whole, digits := len(s), len(s)
	if dot >= 0 {
		whole, digits = dot, len(s)-1
	}
	if whole == 0 || dot == len(s)-1 || whole > 1 && s[0] == '0' {
		return 0, ErrSyntax
	}
	return digits, nil
}

// cut bounds what an error repeats of a foreign text.
func cut(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}

// must stops the program when exact arithmetic was not exact: amounts of at
// most MaxDigits digits cannot reach this, so it is a broken invariant.
func must(c apd.Condition, err error) {
	if err != nil || c.Inexact() {
		panic(fmt.Sprintf("money: inexact: %v %v", c, err))
	}
}

// Add returns a + b, exactly.
func (a Amount) Add(b Amount) Amount {
	if r, ok := addSmall(a, b); ok {
		return r
	}
	r := new(apd.Decimal)
	must(exact.Add(r, a.decimal(), b.decimal()))
	return shrink(r)
}

// Sub returns a - b, exactly.
func (a Amount) Sub(b Amount) Amount {
	if b.big == nil && b.small != math.MinInt64 {
		b.small = -b.small
		return a.Add(b)
	}
	r := new(apd.Decimal)
	must(exact.Sub(r, a.decimal(), b.decimal()))
	return shrink(r)
}

// Neg returns -a.
func (a Amount) Neg() Amount { return Zero.Sub(a) }

// Cmp compares by value: -1 when a < b, 0 when equal, +1 when a > b.
func (a Amount) Cmp(b Amount) int {
	if a.big == nil && b.big == nil && a.scale == b.scale {
		return cmp.Compare(a.small, b.small)
	}
	return a.decimal().Cmp(b.decimal())
}

// Equal compares by value: 1.0 equals 1.00. It serves go-cmp too.
func (a Amount) Equal(b Amount) bool { return a.Cmp(b) == 0 }

// Sign is -1, 0 or +1.
func (a Amount) Sign() int {
	if a.big == nil {
		return cmp.Compare(a.small, 0)
	}
	return a.big.Sign()
}

// TooLong says whether a sum has more digits than an amount may have.
func (a Amount) TooLong() bool { return a.big != nil && a.big.NumDigits() > MaxDigits }

// IsZero says whether the amount is 0.
func (a Amount) IsZero() bool { return a.Sign() == 0 }

// Min returns the smaller amount.
func Min(a, b Amount) Amount {
	if a.Cmp(b) <= 0 {
		return a
	}
	return b
}

// Max returns the larger amount.
func Max(a, b Amount) Amount {
	if a.Cmp(b) >= 0 {
		return a
	}
	return b
}

// Sum adds amounts exactly.
func Sum(amounts ...Amount) Amount {
	var r Amount
	for i := range amounts {
		r = r.Add(amounts[i])
	}
	return r
}

// String prints the plain decimal number with the amount's own scale, without
// an exponent. Amounts that leave the program are printed by Asset.Format.
func (a Amount) String() string {
	var buf [40]byte
	return string(a.append(buf[:0]))
}

// MarshalText prints the amount as String does.
func (a Amount) MarshalText() ([]byte, error) { return a.append(nil), nil }

// UnmarshalText reads what ParseSum reads.
func (a *Amount) UnmarshalText(text []byte) error {
	parsed, err := ParseSum(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}
