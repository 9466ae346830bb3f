package money

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFromBigIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64().Draw(t, "minor")
		exponent := rapid.Int32Range(-18, 18).Draw(t, "exponent")
		a, err := FromBig(big.NewInt(minor), exponent)
		if err != nil {
			t.Fatal(err)
		}
		want := new(big.Rat).SetInt64(minor)
		ten := new(big.Rat).SetInt64(10)
		for range exponent {
			want.Mul(want, ten)
		}
		for range -exponent {
			want.Quo(want, ten)
		}
		if rat(a).Cmp(want) != 0 {
			t.Fatalf("%d e%d became %s", minor, exponent, a)
		}
	})
}

func TestFromBigRefusesWhatNoAmountHolds(t *testing.T) {
	t.Parallel()
	long, _ := new(big.Int).SetString("1"+strings.Repeat("0", SumDigits), 10)
	for _, tc := range []struct {
		coefficient *big.Int
		exponent    int32
	}{{long, 0}, {big.NewInt(1), SumDigits}, {big.NewInt(1), -39}} {
		if _, err := FromBig(tc.coefficient, tc.exponent); !errors.Is(err, ErrDigits) {
			t.Errorf("%s e%d: %v", tc.coefficient, tc.exponent, err)
		}
	}
}

// TestASumIsReadAgain: of as many amounts as versions can number, in text and as NUMERIC;
// an amount that somebody asks for is not as long.
func TestASumIsReadAgain(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("9", SumDigits-18) + "." + strings.Repeat("9", 18)
	sum, err := ParseSum(text)
	if err != nil || sum.String() != text || !sum.TooLong() {
		t.Fatalf("%s is read as %s, %v", text, sum, err)
	}
	coefficient, _ := new(big.Int).SetString(strings.Repeat("9", SumDigits), 10)
	if back, err := FromBig(coefficient, -18); err != nil || !back.Equal(sum) {
		t.Errorf("NUMERIC gives %s, %v", back, err)
	}
	var travelled Amount
	if raw, err := sum.MarshalText(); err != nil || travelled.UnmarshalText(raw) != nil || !travelled.Equal(sum) {
		t.Errorf("on its way it became %s, %v", travelled, err)
	}
	if _, err := ParseSum("1" + strings.Repeat("0", SumDigits)); !errors.Is(err, ErrDigits) {
		t.Errorf("a digit more: %v", err)
	}
	eth, _ := LookupAsset("ETH")
	for _, read := range []func(string) (Amount, error){Parse, eth.Parse} {
		if a, err := read(text); !errors.Is(err, ErrDigits) {
			t.Errorf("an amount of so many digits is read: %s, %v", a, err)
		}
	}
}
