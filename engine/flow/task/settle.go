package task

import (
	"fmt"

	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// split is where the tax of a settled task comes from and where the rest of what was
// held goes. The tax service's figure is final.
type split struct {
	tax  money.Amount // from what was held
	less money.Amount // held and not due: the person is owed it
	more money.Amount // due and not held: the person owes it
	ours money.Amount // due and not held: the house bears it
}

// splitTax compares what was held with the final tax. Under a gross price the whole
// difference is the person's. Under a net price the person keeps the net price and the
// bonus that he really had; what rounding makes of the rest is the company's when it is
// less, and the house's when it is more.
func splitTax(held money.Amount, sum *flowv1.TaskSum, said string, net bool) split {
	none := money.New(0, money.RUB.Scale)
	s := split{tax: held, less: none, more: none, ours: none}
	if said == "" {
		return s
	}
	final, bonus := amount(said), amount(sum.GetShare().GetBonus())
	s.tax = money.Min(held, final)
	over, under := money.Max(held.Sub(final), none), money.Max(final.Sub(held), none)
	if !net {
		s.less, s.more = over, under
		return s
	}
	if known := amount(sum.GetShare().GetBonusBefore()); known.Cmp(bonus) > 0 || over.Cmp(oneKopeck) > 0 {
		s.less = over // there may be more bonus than was counted on
	}
	s.more = money.Min(under, bonus)
	s.ours = under.Sub(s.more)
	return s
}

var oneKopeck = money.New(1, money.RUB.Scale)

// aside is what is set aside for the tax: what the reserve has beyond the other costs.
func (s *step) aside() money.Amount {
	others := amount(s.data.Sum.Commission).Add(s.contributions())
	return money.Min(amount(s.data.Sum.Tax), amount(s.data.Reserved).Sub(others))
}

// contributions are what the company pays on top of the price.
func (s *step) contributions() money.Amount {
	return amount(s.data.Sum.GetShare().GetContributions())
}

// finish settles tax, contributions and commission, once, and gives back the rest.
func (s *step) finish() {
	if !s.data.Settled {
		s.data.Sum.FinalTax = Receipt(s.data).GetTax()
		p := splitTax(s.aside(), s.data.Sum, s.data.Sum.FinalTax, s.data.PriceKind == flowv1.PriceKind_PRICE_KIND_NET)
		s.spend(amountTax, p.tax)
		s.spend(amountTaxLess, p.less)
		s.spend(amountContributions, s.contributions())
		s.spend(amountCommission, amount(s.data.Sum.Commission))
		s.amounts[amountTaxMore], s.amounts[amountTaxOurs] = p.more, p.ours
		s.data.TaxDifference = text(amount(s.data.TaxDifference).Sub(p.less).Add(p.more))
		s.data.SettledTax, s.data.SettledLess = text(p.tax), text(p.less)
		s.data.SettledMore, s.data.SettledOurs = text(p.more), text(p.ours)
		s.data.Settled = true
	}
	s.release()
	if s.data.Reserved != "" || s.data.Claimed != "" {
		panic(fmt.Sprintf("task %s: settled with %s set aside and %s claimed", s.view.ID, s.data.Reserved, s.data.Claimed))
	}
	s.data.Phase, s.data.Error, s.data.Changed = flowv1.TaskPhase_TASK_PHASE_UNSPECIFIED, nil, false
}

// unsettle undoes what finish booked: it is all set aside again.
func (s *step) unsettle() {
	if !s.data.Settled {
		return
	}
	put := func(name string, a money.Amount) {
		s.amounts[name] = a
		s.data.Reserved = text(amount(s.data.Reserved).Add(a))
	}
	put(amountTax, amount(s.data.SettledTax))
	put(amountTaxLess, amount(s.data.SettledLess))
	put(amountContributions, s.contributions())
	put(amountCommission, amount(s.data.Sum.Commission))
	s.amounts[amountTaxMore], s.amounts[amountTaxOurs] = amount(s.data.SettledMore), amount(s.data.SettledOurs)
	s.data.TaxDifference = text(amount(s.data.TaxDifference).Add(amount(s.data.SettledLess)).Sub(amount(s.data.SettledMore)))
	s.data.SettledTax, s.data.SettledLess, s.data.SettledMore, s.data.SettledOurs = "", "", "", ""
	s.data.Settled, s.data.Sum.FinalTax = false, ""
}

// trim gives back what is set aside beyond need.
func (s *step) trim(need money.Amount) {
	s.spend(amountRelease, money.Max(amount(s.data.Reserved).Sub(need), money.New(0, money.RUB.Scale)))
}

// bound is what must stay set aside of a payment that stops: what a payment that is out
// still costs.
func (s *step) bound() money.Amount {
	if s.out() {
		return s.costs()
	}
	return money.New(0, money.RUB.Scale)
}

// ceiling is what the payment can cost at most. What it really costs is known when the
// executor's year has answered; the rest goes back then.
func (s *step) ceiling(terms tax.Terms, sum *flowv1.TaskSum) money.Amount {
	gross, contributions := amount(sum.Gross), money.New(0, money.RUB.Scale)
	if s.data.Kind == kindCivilContract {
		price := gross
		if s.floats() {
			price = amount(s.data.Price)
		}
		var err error
		if gross, contributions, err = terms.Ceiling(price, s.floats()); err != nil {
			panic(fmt.Sprintf("task %s: %v", s.view.ID, err)) // price has found the rules of the day
		}
	}
	charge, refusal := commission(gross, sum.Tariff)
	if refusal != nil {
		panic("task " + s.view.ID + ": its own tariff: " + refusal.Error())
	}
	return money.Sum(gross, contributions, charge)
}
