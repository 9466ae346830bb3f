package tax

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/money"
)

var rub = money.MustParse

func terms(kind Kind) Terms {
	return Terms{Kind: kind, Payer: Company, Status: Resident, Day: "2026-03-02"}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	big2026 := terms(CivilContract)
	big2026.Year = Year{Base: rub("2300000.00"), Withheld: rub("299000.00")}
	bonus := terms(SelfEmployed)
	bonus.Bonus = rub("10000.00")
	last := terms(SelfEmployed)
	last.Bonus = rub("1.50")
	old := terms(CivilContract)
	old.Day = "2024-12-31"
	person := terms(SelfEmployed)
	person.Payer = Individual
	foreign := terms(CivilContract)
	foreign.Status = Nonresident
	for name, tc := range map[string]struct {
		terms              Terms
		net                bool
		price              string
		gross, payout, tax string
		rule               string
	}{
		"NPD gross (seed 000)":        {terms(SelfEmployed), false, "100.00", "100.00", "94.00", "6.00", "npd-company@2019-01-01"},
		"NPD net (seed 000)":          {terms(SelfEmployed), true, "100.00", "106.38", "100.00", "6.38", "npd-company@2019-01-01"},
		"NPD with bonus":              {bonus, false, "100.00", "100.00", "96.00", "4.00", "npd-company@2019-01-01"},
		"NPD net with bonus":          {bonus, true, "100.00", "106.38", "102.13", "4.25", "npd-company@2019-01-01"},
		"NPD, the bonus runs out":     {last, false, "100.00", "100.00", "95.50", "4.50", "npd-company@2019-01-01"},
		"NPD net, the smallest":       {terms(SelfEmployed), true, "0.08", "0.08", "0.08", "0.00", "npd-company@2019-01-01"},
		"NPD from a person":           {person, false, "100.00", "100.00", "96.00", "4.00", "npd-individual@2019-01-01"},
		"NPD of a kopeck":             {terms(SelfEmployed), false, "0.01", "0.01", "0.01", "0.00", "npd-company@2019-01-01"},
		"NPD half a kopeck goes up":   {terms(SelfEmployed), false, "0.25", "0.25", "0.23", "0.02", "npd-company@2019-01-01"},
		"NDFL gross":                  {terms(CivilContract), false, "1000.00", "1000.00", "870.00", "130.00", "ndfl-resident@2025-01-01"},
		"NDFL net, the smallest":      {terms(CivilContract), true, "1000.00", "1149.00", "1000.00", "149.00", "ndfl-resident@2025-01-01"},
		"NDFL under 50 kopecks":       {terms(CivilContract), false, "3.84", "3.84", "3.84", "0.00", "ndfl-resident@2025-01-01"},
		"NDFL 50 kopecks":             {terms(CivilContract), false, "3.85", "3.85", "2.85", "1.00", "ndfl-resident@2025-01-01"},
		"NDFL over a border":          {big2026, false, "300000.00", "300000.00", "257000.00", "43000.00", "ndfl-resident@2025-01-01"},
		"NDFL to the second border":   {terms(CivilContract), false, "5000000.00", "5000000.00", "4298000.00", "702000.00", "ndfl-resident@2025-01-01"},
		"NDFL to the third border":    {terms(CivilContract), false, "20000000.00", "20000000.00", "16598000.00", "3402000.00", "ndfl-resident@2025-01-01"},
		"NDFL to the fourth border":   {terms(CivilContract), false, "50000000.00", "50000000.00", "40598000.00", "9402000.00", "ndfl-resident@2025-01-01"},
		"NDFL of 2024":                {old, false, "3000000.00", "3000000.00", "2610000.00", "390000.00", "ndfl-resident@2021-01-01"},
		"NDFL of a nonresident":       {foreign, false, "1000.00", "1000.00", "700.00", "300.00", "ndfl-nonresident@2021-01-01"},
		"an entrepreneur gets it all": {terms(Entrepreneur), false, "100.00", "100.00", "100.00", "0.00", "none-entrepreneur@2019-01-01"},
	} {
		take := tc.terms.FromGross
		if tc.net {
			take = tc.terms.FromNet
		}
		s, err := take(rub(tc.price))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := []string{money.RUB.Format(s.Gross), money.RUB.Format(s.Payout), money.RUB.Format(s.Tax), s.Rule}
		want := []string{tc.gross, tc.payout, tc.tax, tc.rule}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		if _, ok := Lookup(s.Rule); !ok {
			t.Errorf("%s: rule %s cannot be explained", name, s.Rule)
		}
	}
}

func TestNoRuleForTheDayIsAnError(t *testing.T) {
	t.Parallel()
	for _, bad := range []Terms{
		{Kind: SelfEmployed, Payer: Company, Day: "2018-12-31"}, {Kind: SelfEmployed, Payer: Company},
		{Kind: CivilContract, Status: Resident, Day: "2020-12-31"}, {Kind: CivilContract, Status: Resident, Day: "2027-01-01"}, {Kind: "pensioner", Day: "2026-03-02"},
	} {
		if s, err := bad.FromGross(rub("1.00")); err == nil {
			t.Errorf("%+v gave %+v", bad, s)
		}
	}
}

func TestCommission(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ gross, percent, minimum, want string }{
		{"100.00", "3", "0.00", "3.00"}, {"100.00", "3", "30.00", "30.00"}, {"1000.00", "3", "30.00", "30.00"},
		{"1000.50", "3", "30.00", "30.02"}, {"0.10", "5", "0.00", "0.01"}, {"100.00", "0", "0.00", "0.00"}, {"99.99", "2.5", "0.00", "2.50"},
	} {
		got := Commission(rub(tc.gross), Tariff{Percent: rub(tc.percent), Minimum: rub(tc.minimum)})
		if money.RUB.Format(got) != tc.want {
			t.Errorf("%s%% of %s, at least %s: %s, want %s", tc.percent, tc.gross, tc.minimum, got, tc.want)
		}
	}
}

// The second model: exact fractions of kopecks and the words of the law.

const cases = 10_000

// kopecks turns an amount of scale 2 into whole kopecks.
func kopecks(t *testing.T, a money.Amount) int64 {
	t.Helper()
	r, ok := new(big.Rat).SetString(a.String())
	if !ok || !r.Mul(r, big.NewRat(100, 1)).IsInt() {
		t.Fatalf("%s is not of kopecks", a)
	}
	return r.Num().Int64()
}

// halfUp rounds a fraction that is not negative to a whole number.
func halfUp(r *big.Rat) int64 {
	r = new(big.Rat).Add(r, big.NewRat(1, 2))
	return new(big.Int).Quo(r.Num(), r.Denom()).Int64()
}

// draw gives kopecks of many magnitudes: 1 to 10^12.
func draw(r *rand.Rand) int64 {
	top := int64(10)
	for range r.IntN(11) {
		top *= 10
	}
	return 1 + r.Int64N(top)
}

// naiveNDFL is the scale of 2025 in kopecks of whole rubles.
func naiveNDFL(base int64) int64 {
	sum := new(big.Rat)
	for _, b := range []struct{ above, to, rate int64 }{
		{0, 240_000_000, 13}, {240_000_000, 500_000_000, 15}, {500_000_000, 2_000_000_000, 18},
		{2_000_000_000, 5_000_000_000, 20}, {5_000_000_000, 1 << 62, 22},
	} {
		if part := min(base, b.to) - b.above; part > 0 {
			sum.Add(sum, big.NewRat(part*b.rate, 100))
		}
	}
	return 100 * halfUp(sum.Quo(sum, big.NewRat(100, 1)))
}

func TestNPDAgreesWithFractions(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range cases {
		price := draw(r)
		s, err := terms(SelfEmployed).FromGross(money.New(price, 2))
		if err != nil {
			t.Fatal(err)
		}
		if held := halfUp(big.NewRat(price*6, 100)); kopecks(t, s.Tax) != held || kopecks(t, s.Payout) != price-held {
			t.Fatalf("gross %d: %+v, want tax %d", price, s, held)
		}
		n, _ := terms(SelfEmployed).FromNet(money.New(price, 2))
		want := new(big.Int).Quo(new(big.Int).Mul(big.NewInt(price), big.NewInt(100)), big.NewInt(94)).Int64() - 2
		for want-halfUp(big.NewRat(want*6, 100)) < price {
			want++ // the smallest gross, kopeck by kopeck
		}
		if kopecks(t, n.Gross) != want {
			t.Fatalf("net %d: gross %s, want %d", price, n.Gross, want)
		}
		back, _ := terms(SelfEmployed).FromGross(n.Gross)
		if !back.Payout.Equal(money.New(price, 2)) || !back.Tax.Equal(n.Tax) || !n.Payout.Add(n.Tax).Equal(n.Gross) {
			t.Fatalf("net %d came back as %+v", price, back)
		}
	}
}

func TestNDFLAgreesWithFractions(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range cases {
		price, before := draw(r), draw(r)
		if r.IntN(2) == 0 {
			before = 0
		}
		of := terms(CivilContract)
		of.Year = Year{Base: money.New(before, 2), Withheld: money.New(naiveNDFL(before), 2)}
		s, err := of.FromGross(money.New(price, 2))
		if err != nil {
			t.Fatal(err)
		}
		if held := min(naiveNDFL(before+price)-naiveNDFL(before), (price-1)/100*100); kopecks(t, s.Tax) != held {
			t.Fatalf("gross %d after %d: tax %s, want %d", price, before, s.Tax, held)
		}
		n, _ := of.FromNet(money.New(price, 2))
		back, _ := of.FromGross(n.Gross)
		if !back.Payout.Equal(money.New(price, 2)) || !back.Tax.Equal(n.Tax) {
			t.Fatalf("net %d after %d came back as %+v", price, before, back)
		}
	}
}

// TestNDFLNetIsTheSmallestGross walks up from the net price, kopeck by kopeck.
func TestNDFLNetIsTheSmallestGross(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for range cases {
		net := 1 + r.Int64N(20_000)
		gross := net
		for gross-(gross*13+5000)/10_000*100 != net { // the first band, half up, in whole numbers
			gross++
		}
		s, err := terms(CivilContract).FromNet(money.New(net, 2))
		if err != nil || kopecks(t, s.Gross) != gross {
			t.Fatalf("net %d: gross %s, want %d, %v", net, s.Gross, gross, err)
		}
	}
}

func TestCommissionAgreesWithFractions(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	for range cases {
		gross, hundredths, minimum := draw(r), r.Int64N(2000), r.Int64N(5000)
		got := Commission(money.New(gross, 2), Tariff{Percent: money.New(hundredths, 2), Minimum: money.New(minimum, 2)})
		exact := new(big.Rat).Mul(big.NewRat(gross, 1), big.NewRat(hundredths, 10_000))
		if want := max(halfUp(exact), minimum); kopecks(t, got) != want {
			t.Fatalf("%d/10000 of %d, at least %d: %s, want %d", hundredths, gross, minimum, got, want)
		}
	}
}

func TestBadTablesAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ from, to, want string }{
		"bands out of order": {"| 2400000.00 | 15", "| 6000000.00 | 15", "do not ascend"},
		"no first band":      {"| resident | 0.00 | 13 | НК РФ, ст. 224 п. 1 в ред. 176", "| resident | 1.00 | 13 | НК РФ, ст. 224 п. 1 в ред. 176", "begin at 0"},
		"no deduction":       {"| 2 | 10000.00 |", "| 2 | — |", "not a positive sum"},
		"a limit of nothing": {"| 2400000.00 | 422", "| 0.00 | 422", "not a positive sum"},
		"overlap":            {"2024-12-31", "2025-06-30", "overlaps"},
		"bad day":            {"| 2019-01-01 | — | individual", "| 01.01.2019 | — | individual", "YYYY-MM-DD"},
		"no day":             {"| 2019-01-01 | — | individual", "| — | — | individual", "YYYY-MM-DD"},
		"ends early":         {"| 2019-01-01 | — | individual", "| 2019-01-01 | 2018-01-01 | individual", "before it begins"},
		"rate":               {"| individual | 4", "| individual | 100", "not between"},
		"word for a rate":    {"| individual | 4", "| individual | four", "not a plain"},
	} {
		if !strings.Contains(document, tc.from) {
			t.Fatalf("%s: nothing to replace", name)
		}
		if _, err := parse(strings.ReplaceAll(document, tc.from, tc.to)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}
