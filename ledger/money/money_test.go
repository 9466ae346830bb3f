package money

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text string
		why  error
	}{
		{"", ErrSyntax}, {"-", ErrSyntax}, {".5", ErrSyntax}, {"5.", ErrSyntax}, {"+5", ErrSyntax},
		{"1e3", ErrSyntax}, {"05", ErrSyntax}, {" 5", ErrSyntax}, {"5\x00", ErrSyntax}, {"NaN", ErrSyntax}, {"Infinity", ErrSyntax},
		{"1,5", ErrSyntax}, {"٥", ErrSyntax}, {"1.005", ErrScale}, {"0.001", ErrScale},
		{"1234567890123456789012345678901234567890", ErrDigits},
		{"123456789012345678901234567890123456789", ErrDigits},
		{"1234567890123456789012345678901234567", ErrDigits}, // 37 digits and two places are 39
	} {
		_, err := RUB.Parse(tc.text)
		if !errors.Is(err, tc.why) {
			t.Errorf("Parse(%q) = %v, want %v", tc.text, err, tc.why)
		}
	}
}

func TestParseFormatIsIdentity(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.Int32Range(0, MaxScale).Draw(t, "scale")
		asset := Asset{Code: "X", Scale: scale}
		a := New(rapid.Int64().Draw(t, "minor"), scale)
		back, err := asset.Parse(asset.Format(a))
		if err != nil || !back.Equal(a) || asset.Format(back) != asset.Format(a) {
			t.Fatalf("%s came back as %s, %v", a, back, err)
		}
	})
}

// rat is the second model: exact fractions.
func rat(a Amount) *big.Rat {
	r, ok := new(big.Rat).SetString(a.String())
	if !ok {
		panic(a.String())
	}
	return r
}

func TestArithmeticAgreesWithFractions(t *testing.T) {
	t.Parallel()
	gen := rapid.Custom(func(t *rapid.T) Amount {
		return New(rapid.Int64().Draw(t, "minor"), rapid.Int32Range(0, 6).Draw(t, "scale"))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		if got, want := rat(a.Add(b)), new(big.Rat).Add(rat(a), rat(b)); got.Cmp(want) != 0 {
			t.Fatalf("%s + %s = %s", a, b, a.Add(b))
		}
		if !a.Add(b).Sub(b).Equal(a) {
			t.Fatalf("%s + %s - %s is not the first", a, b, b)
		}
		if got, want := a.Cmp(b), rat(a).Cmp(rat(b)); got != want {
			t.Fatalf("Cmp(%s, %s) = %d, want %d", a, b, got, want)
		}
		if b.IsZero() {
			return
		}
		got := a.Div(b, 2, HalfUp)
		want := halfUp(new(big.Rat).Quo(rat(a), rat(b)))
		if rat(got).Cmp(want) != 0 {
			t.Fatalf("%s / %s = %s, want %s", a, b, got, want.FloatString(2))
		}
	})
}

// halfUp rounds a fraction to two places, halves away from zero.
func halfUp(r *big.Rat) *big.Rat {
	cents := new(big.Rat).Mul(r, big.NewRat(100, 1))
	neg := cents.Sign() < 0
	cents.Abs(cents).Add(cents, big.NewRat(1, 2))
	whole := new(big.Int).Quo(cents.Num(), cents.Denom())
	if neg {
		whole.Neg(whole)
	}
	return new(big.Rat).SetFrac(whole, big.NewInt(100))
}

func TestSplitGivesOutEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := New(rapid.Int64Range(0, 1<<53).Draw(t, "minor"), 2)
		n := rapid.IntRange(1, 50).Draw(t, "n")
		parts := a.Split(n, 2)
		if len(parts) != n || !Sum(parts...).Equal(a) {
			t.Fatalf("%s into %d: %v", a, n, parts)
		}
		if parts[0].Sub(parts[n-1]).Cmp(New(1, 2)) > 0 {
			t.Fatalf("parts differ by more than a kopeck: %v", parts)
		}
	})
}

func TestGoldenRoundings(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ got, want Amount }{
		{MustParse("100").Percent(MustParse("6"), 2, HalfUp), MustParse("6.00")},
		{MustParse("100").Div(MustParse("0.94"), 2, HalfUp), MustParse("106.38")},
		{MustParse("0.05").Percent(MustParse("10"), 2, HalfUp), MustParse("0.01")},
		{MustParse("-0.05").Percent(MustParse("10"), 2, HalfUp), MustParse("-0.01")},
		{MustParse("1").Div(MustParse("3"), 2, HalfUp), MustParse("0.33")},
		{MustParse("2").Div(MustParse("3"), 2, HalfUp), MustParse("0.67")},
		{MustParse("1149").Percent(MustParse("13"), 0, HalfUp), MustParse("149")},
	} {
		if !tc.got.Equal(tc.want) {
			t.Errorf("got %s, want %s", tc.got, tc.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"106.38", "-0", "0.00", "99999999999999999999999999999999999999", "1.0e2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		b, err := Parse(a.String())
		if err != nil || !a.Equal(b) {
			t.Fatalf("%q became %s and then %s, %v", s, a, b, err)
		}
	})
}
