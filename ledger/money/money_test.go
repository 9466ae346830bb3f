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

// rounded rounds a fraction to places by a rule, in whole numbers.
func rounded(r *big.Rat, scale int32, rule Rounding) *big.Rat {
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	units := new(big.Rat).Mul(r, unit)
	whole, rest := new(big.Int).QuoRem(new(big.Int).Abs(units.Num()), units.Denom(), new(big.Int))
	twice := new(big.Int).Lsh(rest, 1).Cmp(units.Denom())
	if rest.Sign() > 0 && (rule == Up || rule == HalfUp && twice >= 0 || rule == HalfEven && (twice > 0 || twice == 0 && whole.Bit(0) == 1)) {
		whole.Add(whole, big.NewInt(1))
	}
	if r.Sign() < 0 {
		whole.Neg(whole)
	}
	return new(big.Rat).Quo(new(big.Rat).SetInt(whole), unit)
}

// TestEveryRuleRoundsAsFractionsDo: also what is far below a unit, and what is exactly a half.
func TestEveryRuleRoundsAsFractionsDo(t *testing.T) {
	t.Parallel()
	gen := rapid.Custom(func(t *rapid.T) Amount {
		return New(rapid.OneOf(rapid.Int64Range(-20, 20), rapid.Int64()).Draw(t, "minor"), rapid.Int32Range(0, MaxScale).Draw(t, "scale"))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		scale := rapid.Int32Range(0, MaxScale).Draw(t, "to")
		for _, rule := range []Rounding{HalfEven, HalfUp, Down, Up} {
			if known, ok := LookupRounding(string(rule)); !ok || known != rule {
				t.Fatalf("%s is not known by its name", rule)
			}
			if got, want := a.Round(scale, rule), rounded(rat(a), scale, rule); rat(got).Cmp(want) != 0 {
				t.Fatalf("%s to %d places by %s is %s, want %s", a, scale, rule, got, want.FloatString(int(scale)))
			}
			if got, want := a.Mul(b, scale, rule), rounded(new(big.Rat).Mul(rat(a), rat(b)), scale, rule); rat(got).Cmp(want) != 0 {
				t.Fatalf("%s × %s to %d places by %s is %s, want %s", a, b, scale, rule, got, want.FloatString(int(scale)))
			}
			if b.IsZero() {
				continue
			}
			if got, want := a.Div(b, scale, rule), rounded(new(big.Rat).Quo(rat(a), rat(b)), scale, rule); rat(got).Cmp(want) != 0 {
				t.Fatalf("%s / %s to %d places by %s is %s, want %s", a, b, scale, rule, got, want.FloatString(int(scale)))
			}
		}
		if got := a.Times(b); rat(got).Cmp(new(big.Rat).Mul(rat(a), rat(b))) != 0 {
			t.Fatalf("%s × %s = %s", a, b, got)
		}
	})
	if _, ok := LookupRounding("half_down"); ok {
		t.Error("a rule that nobody uses is known")
	}
}

// TestAssetsHaveTheirScales: ISO 4217's minor units, a satoshi and a wei.
func TestAssetsHaveTheirScales(t *testing.T) {
	t.Parallel()
	want := map[string]int32{"RUB": 2, "USD": 2, "EUR": 2, "JPY": 0, "BTC": 8, "ETH": 18}
	for code, scale := range want {
		a, ok := LookupAsset(code)
		if !ok || a.Code != code || a.Scale != scale {
			t.Errorf("%s is %+v, %v; want scale %d", code, a, ok, scale)
		}
	}
	if got := Assets(); len(got) != len(want) {
		t.Errorf("%v: a scale is not checked here", got)
	}
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
