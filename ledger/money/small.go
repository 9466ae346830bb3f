package money

import (
	"math"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// smallDigits is how many digits certainly fit 64 bits.
const smallDigits = 18

// powers of ten that fit 64 bits.
var powers = func() (p [MaxScale + 1]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// decimal is the amount as apd computes with it. It may be shared: nobody changes it.
func (a Amount) decimal() *apd.Decimal {
	if a.big != nil {
		return a.big
	}
	return apd.New(a.small, -a.scale)
}

// shrink makes an amount of apd's result, small where it fits. d is the amount's own.
func shrink(d *apd.Decimal) Amount {
	if d.IsZero() {
		d.Negative = false
	}
	if -d.Exponent < 0 || -d.Exponent > MaxScale || !d.Coeff.IsInt64() {
		return Amount{big: d}
	}
	minor := d.Coeff.Int64()
	if d.Negative {
		minor = -minor
	}
	return Amount{small: minor, scale: -d.Exponent}
}

// Minor gives the amount as a number of units of a scale, as New takes them; false when
// it has more than 64 bits.
func (a Amount) Minor() (minor int64, scale int32, ok bool) { return a.small, a.scale, a.big == nil }

// places gives the amount that many decimal places, which are not fewer than it has;
// false when it then leaves 64 bits.
func (a Amount) places(scale int32) (Amount, bool) {
	if a.big != nil || scale < a.scale || scale > MaxScale {
		return a, false
	}
	if scale == a.scale {
		return a, true
	}
	by := powers[scale-a.scale]
	if a.small > math.MaxInt64/by || a.small < -(math.MaxInt64/by) {
		return a, false
	}
	return Amount{small: a.small * by, scale: scale}, true
}

// addSmall adds inside 64 bits; false when the sum, or a term, leaves them.
func addSmall(a, b Amount) (Amount, bool) {
	if a.big != nil || b.big != nil {
		return a, false
	}
	if a.scale != b.scale {
		scale, okA, okB := max(a.scale, b.scale), false, false
		a, okA = a.places(scale)
		b, okB = b.places(scale)
		if !okA || !okB {
			return a, false
		}
	}
	sum := a.small + b.small
	return Amount{small: sum, scale: a.scale}, (sum > a.small) == (b.small > 0)
}

// parseSmall reads a text that plainDigits found right, of at most smallDigits digits.
func parseSmall(s string) Amount {
	digits, negative := strings.CutPrefix(s, "-")
	var a Amount
	for i := range len(digits) {
		if digits[i] == '.' {
			a.scale = int32(len(digits) - i - 1)
			continue
		}
		a.small = 10*a.small + int64(digits[i]-'0')
	}
	if negative {
		a.small = -a.small
	}
	return a
}

// append prints the plain decimal number.
func (a Amount) append(to []byte) []byte {
	if a.big != nil {
		return a.big.Append(to, 'f')
	}
	if a.scale == 0 {
		return strconv.AppendInt(to, a.small, 10)
	}
	minor := uint64(a.small)
	if a.small < 0 {
		to, minor = append(to, '-'), -minor
	}
	by := uint64(powers[a.scale])
	to = strconv.AppendUint(to, minor/by, 10)
	to = append(to, '.')
	at := len(to)
	for range a.scale {
		to = append(to, '0')
	}
	for rest, i := minor%by, len(to)-1; i >= at; i-- {
		to[i] = byte('0' + rest%10)
		rest /= 10
	}
	return to
}
