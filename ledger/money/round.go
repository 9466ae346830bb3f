package money

import "github.com/cockroachdb/apd/v3"

// Rounding is a rule for the last digit. Every place that rounds names its rule
// and the law or document that asks for it.
type Rounding string

// The rounding rules in use.
const (
	// HalfUp rounds 0.5 away from zero: the usual rule of Russian accounting.
	HalfUp Rounding = Rounding(apd.RoundHalfUp)
	// HalfEven rounds 0.5 to the even digit: the usual rule of exchanges.
	HalfEven Rounding = Rounding(apd.RoundHalfEven)
	// Down cuts towards zero.
	Down Rounding = Rounding(apd.RoundDown)
	// Up rounds away from zero.
	Up Rounding = Rounding(apd.RoundUp)
)

// LookupRounding finds a rule by its name: half_even, half_up, down, up.
func LookupRounding(name string) (Rounding, bool) {
	r := Rounding(name)
	return r, r == HalfEven || r == HalfUp || r == Down || r == Up
}

func (r Rounding) context() *apd.Context {
	c := apd.BaseContext.WithPrecision(3 * MaxDigits)
	c.Rounding = apd.Rounder(r)
	return c
}

// Round brings the amount to scale decimal places by the rule.
func (a Amount) Round(scale int32, rule Rounding) Amount {
	if r, ok := a.places(scale); ok {
		return r // only zeros are appended
	}
	return round(a.decimal(), scale, rule)
}

func round(d *apd.Decimal, scale int32, rule Rounding) Amount {
	r := new(apd.Decimal)
	if _, err := rule.context().Quantize(r, d, -scale); err != nil {
		panic("money: round: " + err.Error())
	}
	if rule == Up && r.IsZero() && !d.IsZero() { // Quantize cuts what is below a tenth of a unit, whatever the rule
		r = apd.New(1, -scale)
		r.Negative = d.Negative
	}
	return shrink(r)
}

// Mul returns a × b rounded to scale places by the rule.
func (a Amount) Mul(b Amount, scale int32, rule Rounding) Amount {
	r := new(apd.Decimal)
	must(exact.Mul(r, a.decimal(), b.decimal()))
	return round(r, scale, rule)
}

// Percent returns a × rate / 100 rounded to scale places by the rule:
// 6 percent of 100.00 is 6.00.
func (a Amount) Percent(rate Amount, scale int32, rule Rounding) Amount {
	r := new(apd.Decimal)
	must(exact.Mul(r, a.decimal(), rate.decimal()))
	r.Exponent -= 2
	return round(r, scale, rule)
}

// Div returns a / b rounded once to scale places by the rule.
// Dividing by zero panics: callers check their divisor.
func (a Amount) Div(b Amount, scale int32, rule Rounding) Amount {
	if b.IsZero() {
		panic("money: division by zero")
	}
	// The quotient is cut with many spare digits and a sticky last digit, so the
	// second rounding sees on which side of a half the exact value lies.
	x, y := a.decimal(), b.decimal()
	q, back := new(apd.Decimal), new(apd.Decimal)
	if _, err := Down.context().Quo(q, x, y); err != nil {
		panic("money: divide: " + err.Error())
	}
	wide := apd.BaseContext.WithPrecision(6 * MaxDigits)
	must(wide.Mul(back, q, y))
	if back.Cmp(x) != 0 {
		sticky := apd.New(1, q.Exponent-1)
		sticky.Negative = (a.Sign() < 0) != (b.Sign() < 0)
		must(wide.Add(q, q, sticky))
	}
	return round(q, scale, rule)
}

// Split cuts the amount into n parts of the given scale that differ by at most
// one unit of the last place and add up to the amount exactly; the larger parts
// come first. n must be at least 1 and the amount must have the scale.
func (a Amount) Split(n int, scale int32) []Amount {
	if n < 1 {
		panic("money: split into less than one part")
	}
	parts := make([]Amount, n)
	rest := a
	for i := range parts {
		left := New(int64(n-i), 0)
		rule := Up
		parts[i] = rest.Div(left, scale, rule)
		rest = rest.Sub(parts[i])
	}
	return parts
}
