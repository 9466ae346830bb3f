package money

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"
)

// edges are coefficients around every limit of the small form, and some beyond it.
var edges = []int64{
	0, 1, -1, 9, 10, 99, 100, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MinInt64 + 1,
	math.MaxInt64 / 10, math.MaxInt64/10 + 1, math.MinInt64 / 10, math.MinInt64/10 - 1, 999_999_999_999_999_999,
	1_000_000_000_000_000_000, -1_000_000_000_000_000_000, math.MaxInt64 / 2, math.MaxInt64/2 + 1, math.MinInt64 / 2,
}

// drawPair is one number in both forms: as an Amount, and as apd alone keeps it.
func drawPair(t *rapid.T, label string) (Amount, *apd.Decimal) {
	minor := rapid.OneOf(rapid.Int64(), rapid.SampledFrom(edges), rapid.Int64Range(-1000, 1000)).Draw(t, label)
	scale := rapid.Int32Range(0, MaxScale+3).Draw(t, label+" scale")
	a, d := New(minor, scale), apd.New(minor, -scale)
	if rapid.Bool().Draw(t, label+" is long") {
		more := rapid.SampledFrom(edges).Draw(t, label+" more")
		must(exact.Mul(d, d, apd.New(more, 0)))
		a = shrink(new(apd.Decimal).Set(d))
	}
	if d.IsZero() {
		d.Negative = false
	}
	return a, d
}

// TestSmallAmountsAreWhatAPDSays compares every operation with apd's own answer, down to
// the printed places.
func TestSmallAmountsAreWhatAPDSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, x := drawPair(t, "a")
		b, y := drawPair(t, "b")
		var sum, difference, negative apd.Decimal
		must(exact.Add(&sum, x, y))
		must(exact.Sub(&difference, x, y))
		must(exact.Sub(&negative, new(apd.Decimal), x))
		for _, c := range []struct {
			what      string
			got, want string
		}{
			{"String", a.String(), x.Text('f')},
			{"Add", a.Add(b).String(), sum.Text('f')},
			{"Sub", a.Sub(b).String(), difference.Text('f')},
			{"Neg", a.Neg().String(), negative.Text('f')},
			{"Cmp", fmt.Sprint(a.Cmp(b)), fmt.Sprint(x.Cmp(y))},
			{"Sign", fmt.Sprint(a.Sign()), fmt.Sprint(x.Sign())},
			{"Sum", Sum(a, b, a).Sub(a).Sub(b).Sub(a).Add(Zero).Round(0, Down).String(), "0"},
		} {
			if c.got != c.want {
				t.Fatalf("%s of %s and %s is %s, apd says %s", c.what, x, y, c.got, c.want)
			}
		}
		scale := rapid.Int32Range(0, MaxScale).Draw(t, "places")
		// Of Up apd has its own opinion: it cuts what is below a tenth of a unit to nothing.
		for _, rule := range []Rounding{Down, HalfUp, HalfEven} {
			var want apd.Decimal
			if _, err := rule.context().Quantize(&want, x, -scale); err != nil {
				t.Fatal(err)
			}
			if got := a.Round(scale, rule); got.Cmp(shrink(&want)) != 0 || got.String() != strings.TrimPrefix(want.Text('f'), minusOfZero(&want)) {
				t.Fatalf("%s rounded %s to %d places is %s, apd says %s", x, rule, scale, got, want.Text('f'))
			}
		}
	})
}

// minusOfZero is the sign that apd gives a zero and no amount has.
func minusOfZero(d *apd.Decimal) string {
	if d.IsZero() {
		return "-"
	}
	return ""
}

// TestParseReadsWhatAPDReads compares texts of all lengths with apd's own reading.
func TestParseReadsWhatAPDReads(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,21})(\.[0-9]{1,21})?`)
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "text")
		a, err := Parse(s)
		if err != nil {
			if strings.Trim(s, "-.") != "" && len(strings.Trim(s, "-.")) <= MaxDigits {
				t.Fatalf("%s: %v", s, err)
			}
			return
		}
		d, _, err := apd.NewFromString(s)
		if err != nil {
			t.Fatal(err)
		}
		if d.IsZero() {
			d.Negative = false
		}
		if a.String() != d.Text('f') || a.decimals() != -d.Exponent {
			t.Fatalf("%s was read as %s", s, a)
		}
		if (a.big == nil) != (d.Coeff.IsInt64() && -d.Exponent <= MaxScale) {
			t.Fatalf("%s: small or not is wrong", s)
		}
	})
}

func BenchmarkParseAddFormat(b *testing.B) {
	for _, text := range []string{"106.38", "12345678901234567890.12"} {
		b.Run(text, func(b *testing.B) {
			sum := Zero
			for b.Loop() {
				a, err := RUB.Parse(text)
				if err != nil {
					b.Fatal(err)
				}
				sum = sum.Add(a)
				if sum = sum.Sub(a); RUB.Format(sum) != "0.00" {
					b.Fatal(sum)
				}
			}
		})
	}
}
