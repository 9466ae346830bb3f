package tax

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/money"
)

// The second model of a person's year: the words of the law in exact fractions of
// rubles, written without a look at tax.go.

// rat reads a decimal of rubles.
func rat(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic("not a number: " + text)
	}
	return r
}

// places rounds half up to so many decimals; nothing here is negative.
func places(r *big.Rat, n int64) *big.Rat {
	by := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil))
	up := new(big.Rat).Add(new(big.Rat).Mul(r, by), big.NewRat(1, 2))
	return new(big.Rat).Quo(new(big.Rat).SetInt(new(big.Int).Quo(up.Num(), up.Denom())), by)
}

// stairs is a progressive scale: pairs of a border and the percent above it.
func stairs(base *big.Rat, borders ...string) *big.Rat {
	sum := new(big.Rat)
	for i := 0; i < len(borders); i += 2 {
		top := base
		if i+2 < len(borders) && base.Cmp(rat(borders[i+2])) > 0 {
			top = rat(borders[i+2])
		}
		if part := new(big.Rat).Sub(top, rat(borders[i])); part.Sign() > 0 {
			sum.Add(sum, part.Mul(part, new(big.Rat).Quo(rat(borders[i+1]), rat("100"))))
		}
	}
	return sum
}

var ndfl2025 = []string{"0", "13", "2400000", "15", "5000000", "18", "20000000", "20", "50000000", "22"}

func same(t *testing.T, what string, got money.Amount, want *big.Rat) {
	t.Helper()
	if rat(got.String()).Cmp(want) != 0 {
		t.Fatalf("%s is %s, want %s", what, got, want.FloatString(4))
	}
}

// TestYearOfCivilContracts pays one person through a year, many times over: tax and
// contributions of the sums paid so far agree with the law after every payment.
func TestYearOfCivilContracts(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 12))
	for range cases / 20 {
		of, base, withheld, charged := terms(CivilContract), new(big.Rat), new(big.Rat), new(big.Rat)
		for range 20 {
			price := money.New(1+r.Int64N(900_000_00), 2)
			if r.IntN(4) == 0 {
				price = money.New(1+r.Int64N(300), 2) // a payment of kopecks
			}
			most, charge, err := of.Ceiling(price, false)
			take := of.FromGross
			if r.IntN(3) == 0 {
				most, charge, err = of.Ceiling(price, true)
				take = of.FromNet
			}
			if err != nil {
				t.Fatal(err)
			}
			s, err := take(price)
			if err != nil {
				t.Fatal(err)
			}
			if s.Gross.Cmp(most) > 0 || s.Contributions.Cmp(charge) > 0 {
				t.Fatalf("%+v costs more than %s and %s", s, most, charge)
			}
			base.Add(base, rat(s.Gross.String()))
			tax := new(big.Rat).Sub(places(stairs(base, ndfl2025...), 0), withheld)
			if below := new(big.Rat).Sub(rat(s.Gross.String()), rat("0.01")); tax.Cmp(below) > 0 {
				tax = new(big.Rat).SetInt(new(big.Int).Quo(below.Num(), below.Denom())) // something is paid out
			}
			share := new(big.Rat).Mul(rat(s.Gross.String()), rat("0.22"))
			if most := new(big.Int).Add(new(big.Int).Quo(share.Num(), share.Denom()), big.NewInt(1)); tax.Cmp(new(big.Rat).SetInt(most)) > 0 {
				tax = new(big.Rat).SetInt(most) // no more than the dearest band's share and a ruble
			}
			withheld.Add(withheld, tax)
			same(t, "NDFL", s.Tax, tax)
			insured := new(big.Rat).Sub(places(stairs(base, "0", "30", "2979000", "15.1"), 2), charged)
			same(t, "contributions", s.Contributions, insured)
			charged.Add(charged, insured)
			same(t, "gross", s.Payout.Add(s.Tax), rat(s.Gross.String()))
			of.Year = Year{
				Base: of.Year.Base.Add(s.Gross), Withheld: of.Year.Withheld.Add(s.Tax),
				Insured: of.Year.Insured.Add(s.Gross), Contributions: of.Year.Contributions.Add(s.Contributions),
			}
		}
	}
}

// TestLifeOfABonus pays one person until the deduction is used up.
func TestLifeOfABonus(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(13, 14))
	for range cases / 20 {
		of, left := terms(SelfEmployed), rat("10000")
		share, rate := rat("0.02"), rat("0.06")
		if r.IntN(2) == 0 {
			of.Payer, share, rate = Individual, rat("0.01"), rat("0.04")
		}
		of.Bonus = rub("10000.00")
		for range 20 {
			s, err := of.FromGross(money.New(1+r.Int64N(90_000_00), 2))
			if err != nil {
				t.Fatal(err)
			}
			full := places(new(big.Rat).Mul(rat(s.Gross.String()), rate), 2)
			used := places(new(big.Rat).Mul(rat(s.Gross.String()), share), 2)
			for _, most := range []*big.Rat{left, full} {
				if used.Cmp(most) > 0 {
					used = most
				}
			}
			same(t, "bonus", s.Bonus, used)
			same(t, "tax", s.Tax, new(big.Rat).Sub(full, used))
			left = new(big.Rat).Sub(left, used)
			of.Bonus = of.Bonus.Sub(s.Bonus)
			same(t, "bonus left", of.Bonus, left)
		}
	}
}

func TestBonusLeft(t *testing.T) {
	t.Parallel()
	of := terms(SelfEmployed)
	of.Bonus = rub("10000.00")
	s, err := of.FromGross(rub("100.00"))
	if left := of.Bonus.Sub(s.Bonus); err != nil || money.RUB.Format(s.Payout) != "96.00" || money.RUB.Format(left) != "9998.00" {
		t.Errorf("payout %s, bonus left %s, %v", s.Payout, left, err)
	}
	s, err = of.FromGross(rub("35000.00")) // the example that accountants' pages publish
	if err != nil || money.RUB.Format(s.Full) != "2100.00" || money.RUB.Format(s.Bonus) != "700.00" || money.RUB.Format(s.Tax) != "1400.00" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestContributions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ day, insured, charged, gross, want string }{
		{"2026-03-02", "0.00", "0.00", "100000.00", "30000.00"},
		{"2026-03-02", "2900000.00", "870000.00", "100000.00", "26871.00"}, // 79,000 at 30 %, 21,000 at 15.1 %
		{"2026-03-02", "2979000.00", "893700.00", "100000.00", "15100.00"},
		{"2025-03-03", "2759000.00", "827700.00", "100000.00", "15100.00"},
		{"2026-03-02", "0.00", "500.00", "100.00", "0.00"},         // a return left more charged than is due
		{"2026-03-02", "100000.00", "15100.00", "100.00", "30.00"}, // or less: caught up, but not all at once
	} {
		of := terms(CivilContract)
		of.Day, of.Year = tc.day, Year{Insured: rub(tc.insured), Contributions: rub(tc.charged)}
		s, err := of.FromGross(rub(tc.gross))
		if err != nil || money.RUB.Format(s.Contributions) != tc.want {
			t.Errorf("%+v: %s, %v", tc, s.Contributions, err)
		}
	}
	for _, kind := range []Kind{SelfEmployed, Entrepreneur} {
		if s, err := terms(kind).FromGross(rub("100.00")); err != nil || !s.Contributions.IsZero() || s.ContributionsRule != "" {
			t.Errorf("%s: %+v, %v", kind, s, err)
		}
	}
}

// TestOverWithheldIsWorkedOff: a payment was returned after a later one had been taxed
// at a higher rate. The next payments withhold nothing until the year is even.
func TestOverWithheldIsWorkedOff(t *testing.T) {
	t.Parallel()
	of := terms(CivilContract)
	of.Year = Year{Base: rub("1000.00"), Withheld: rub("200.00")} // 130 is due
	s, err := of.FromNet(rub("500.00"))
	if err != nil || !s.Tax.IsZero() || money.RUB.Format(s.Gross) != "500.00" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestCap(t *testing.T) {
	t.Parallel()
	r, err := Cap("2026-12-31")
	if err != nil || money.RUB.Format(r.Limit) != "2400000.00" || r.ID() != "cap-npd@2019-01-01" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := Cap("2018-12-31"); !errors.Is(err, ErrNoRule) {
		t.Errorf("a day before the law: %v", err)
	}
}

// TestRowDatedAheadWorksFromItsDay adds a rate of the future: the same table, read once,
// answers by the day of payment.
func TestRowDatedAheadWorksFromItsDay(t *testing.T) {
	t.Parallel()
	row := "| 2019-01-01 | — | company | 6 | 422-ФЗ, ст. 10: доходы от юрлиц и ИП |"
	if !strings.Contains(document, row) {
		t.Fatal("the row is gone")
	}
	ahead, err := parse(strings.Replace(document, row, "| 2019-01-01 | 2028-12-31 | company | 6 | закон |\n| 2029-01-01 | — | company | 7 | закон |", 1))
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]string{"2028-12-31": "6.00 npd-company@2019-01-01", "2029-01-01": "7.00 npd-company@2029-01-01"} {
		of := terms(SelfEmployed)
		of.Day = day
		s, err := ahead.fromGross(of, rub("100.00"))
		if got := money.RUB.Format(s.Tax) + " " + s.Rule; err != nil || got != want {
			t.Errorf("%s: %s, want %s, %v", day, got, want, err)
		}
	}
}
