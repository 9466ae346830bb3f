package store

import (
	"math/big"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/money"
)

// TestNumericComesBack compares our encoder with pgx's decoder.
func TestNumericComesBack(t *testing.T) {
	t.Parallel()
	types := pgtype.NewMap()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?`).Draw(t, "text")
		buf, err := appendNumeric(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		var back money.Amount
		if err := types.Scan(pgtype.NumericOID, pgtype.BinaryFormatCode, buf, &number{&back}); err != nil {
			t.Fatal(err)
		}
		want, _ := new(big.Rat).SetString(text)
		got, _ := new(big.Rat).SetString(back.String())
		if got.Cmp(want) != 0 {
			t.Fatalf("%s came back as %s", text, back)
		}
	})
}

func TestNumericRefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"-", ".", "1.", ".5", "1e3", "+1", " 1", "1.2.3", "NaN", "--1", "٥"} {
		if _, err := appendNumeric(nil, text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if zero, err := appendNumeric(nil, ""); err != nil || len(zero) != 8 {
		t.Errorf("the empty text is %x, %v; want zero", zero, err)
	}
}

func TestAmountsLookTheSameWhetherReadOrComputed(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"RUB": "5.00", "JPY": "5", "BTC": "5.00000000", "XXX": "5"} {
		a := money.MustParse("5")
		if inAsset(code, &a); a.String() != want {
			t.Errorf("%s: %s, want %s", code, a, want)
		}
	}
	fine := money.MustParse("0.005") // finer than the asset: nothing is cut off
	if inAsset("RUB", &fine); fine.String() != "0.005" {
		t.Errorf("%s", fine)
	}
}

func TestKeyIDsSortByTheTimeInsideTheKey(t *testing.T) {
	t.Parallel()
	uuid7 := KeyID("main", "01932c07-2f4f-7a31-8f2e-0123456789ab")
	if got := [6]byte(uuid7[1:7]); got != [6]byte{0x01, 0x93, 0x2c, 0x07, 0x2f, 0x4f} {
		t.Errorf("the time of a UUIDv7 is %x", got)
	}
	ulid := KeyID("main", "01JCP0EBTF0000000000000000")
	if got := [6]byte(ulid[1:7]); got != [6]byte{0x01, 0x93, 0x2c, 0x07, 0x2f, 0x4f} {
		t.Errorf("the time of a ULID is %x", got)
	}
	for _, key := range []string{
		"01932c07-2f4f-4a31-8f2e-0123456789ab", // version 4
		"01932c07-2f4f-7a31-0f2e-0123456789ab", // no variant
		"01932c07-2f4f-7a31-8f2e-0123456789ag", "91JCP0EBTF0000000000000000", "01JCP0EBTU0000000000000000", "order-17", "",
	} {
		if _, ok := keyTime(key); ok {
			t.Errorf("%q has no time", key)
		}
	}
	if KeyID("main", "a") == KeyID("mai", "na") || KeyID("main", "a") == KeyID("main", "b") {
		t.Error("two keys have one id")
	}
}

func TestDaysBeginInTheBooksZone(t *testing.T) {
	t.Parallel()
	o, err := Options{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	c := calendar{zone: o.Zone}
	for clock, want := range map[int64]string{
		1795035599999999: "2026-11-18", // 23:59:59.999999 in Moscow
		1795035600000000: "2026-11-19",
		946684800000000:  "2000-01-01",
		0:                "1970-01-01",
	} {
		day, err := c.parse(want)
		if err != nil || c.dayOf(clock) != day {
			t.Errorf("%d falls on day %d, want %s (%d), %v", clock, c.dayOf(clock), want, day, err)
		}
	}
	if end, err := endOf(o.Zone, "2026-11-18"); err != nil || end != 1795035600000000 {
		t.Errorf("the day ends at %d, %v", end, err)
	}
}

// TestDaysAreCountedOneByOne through all years that a date can be of.
func TestDaysAreCountedOneByOne(t *testing.T) {
	t.Parallel()
	number := dayNumber(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
	if number != -leafOfZero {
		t.Fatalf("the first day has number %d", number)
	}
	for day := time.Date(0, 1, 2, 0, 0, 0, 0, time.UTC); day.Year() < 10_000; day = day.AddDate(0, 0, 1) {
		if number++; dayNumber(day) != number {
			t.Fatalf("%s has number %d, want %d", day.Format(dayLayout), dayNumber(day), number)
		}
	}
}
