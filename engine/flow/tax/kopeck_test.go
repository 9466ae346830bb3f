package tax

import (
	"testing"

	"github.com/provodka/provodka/ledger/money"
)

// TestManyPaymentsOfKopecks: the whole rubles that many payments of kopecks were too small for
// are withheld of later ones, none of which costs more than was set aside for it.
func TestManyPaymentsOfKopecks(t *testing.T) {
	t.Parallel()
	for _, status := range []Status{Resident, Nonresident} {
		of := terms(CivilContract)
		of.Status = status
		pay := func(take func(money.Amount) (Sum, error), price money.Amount, net bool) Sum {
			most, charge, err := of.Ceiling(price, net)
			if err != nil {
				t.Fatal(err)
			}
			s, err := take(price)
			if err != nil {
				t.Fatal(err)
			}
			if s.Gross.Cmp(most) > 0 || s.Contributions.Cmp(charge) > 0 || s.Payout.Sign() <= 0 || net && !s.Payout.Equal(price) {
				t.Fatalf("%s: %s costs %s and %s, %s and %s are set aside; withheld before: %s of %s",
					status, price, s.Gross, s.Contributions, most, charge, of.Year.Withheld, of.Year.Base)
			}
			of.Year = Year{
				Base: of.Year.Base.Add(s.Gross), Withheld: of.Year.Withheld.Add(s.Tax),
				Insured: of.Year.Insured.Add(s.Gross), Contributions: of.Year.Contributions.Add(s.Contributions),
			}
			return s
		}
		for range 2000 {
			pay(of.FromGross, rub("0.99"), false)
		}
		rule, err := rules.rule(of)
		if err != nil {
			t.Fatal(err)
		}
		owed := func() money.Amount { return whole(rule, of.Year.Base).Sub(of.Year.Withheld) }
		before := owed()
		for range 800 {
			pay(of.FromNet, rub("100.00"), true)
		}
		if left := owed(); left.Cmp(before) >= 0 || status == Resident && !left.IsZero() {
			t.Errorf("%s: %s of %s are still to be withheld", status, left, before)
		}
	}
}
