package money

import (
	"errors"
	"math/big"
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
	long, _ := new(big.Int).SetString("123456789012345678901234567890123456789", 10)
	for _, tc := range []struct {
		coefficient *big.Int
		exponent    int32
	}{{long, 0}, {big.NewInt(1), 38}, {big.NewInt(1), -39}} {
		if _, err := FromBig(tc.coefficient, tc.exponent); !errors.Is(err, ErrDigits) {
			t.Errorf("%s e%d: %v", tc.coefficient, tc.exponent, err)
		}
	}
}
