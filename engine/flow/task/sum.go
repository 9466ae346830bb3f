package task

import (
	"fmt"
	"slices"

	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// kindOf translates the message's kind of employment to the tax table's.
func kindOf(k flowv1.EmploymentKind) tax.Kind {
	switch k {
	case flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED:
		return tax.SelfEmployed
	case flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT:
		return tax.CivilContract
	case flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR:
		return tax.Entrepreneur
	}
	return ""
}

// terms are what the tax depends on, as far as the task knows: not the executor's year.
func (s *step) terms(stamp *flowv1.ExecutorStamp) tax.Terms {
	t := tax.Terms{Kind: kindOf(s.data.Kind), Payer: tax.Company, Status: tax.Resident, Day: s.view.Day}
	if stamp.GetNonresident() {
		t.Status = tax.Nonresident
	}
	return t
}

// price takes the task's price apart by the rules of the decision's day: a forecast,
// until the executor's year has said what the payment is taxed. The contract's gross value
// is fixed when it is first known; only that of a civil contract with a net price follows
// the tax, because the net price is promised.
func (s *step) price(stamp *flowv1.ExecutorStamp, tariff *flowv1.Tariff) (*flowv1.TaskSum, *fault.Refusal) {
	terms := s.terms(stamp)
	var (
		sum tax.Sum
		err error
	)
	switch {
	case s.data.Sum != nil && s.view.State != Draft && !s.floats():
		sum, err = terms.FromGross(amount(s.data.Sum.Gross))
	case s.data.PriceKind == flowv1.PriceKind_PRICE_KIND_NET:
		sum, err = terms.FromNet(amount(s.data.Price))
	default:
		sum, err = terms.FromGross(amount(s.data.Price))
	}
	if err != nil {
		return nil, fault.Refuse(fault.TaxRuleMissing, "kind", "%v", err).With("day", s.view.Day)
	}
	if !sum.Payout.Add(sum.Tax).Equal(sum.Gross) || sum.Payout.Sign() <= 0 {
		panic(fmt.Sprintf("task %s: %+v does not add up", s.view.ID, sum))
	}
	commission, refusal := commission(sum.Gross, tariff)
	if refusal != nil {
		return nil, refusal
	}
	return &flowv1.TaskSum{
		Gross: text(sum.Gross), Payout: text(sum.Payout), Tax: text(sum.Tax), Rule: sum.Rule, Day: s.view.Day,
		Commission: text(commission), Tariff: tariff,
	}, nil
}

// commission reads the stamped tariff and applies it; no tariff charges nothing.
func commission(gross money.Amount, t *flowv1.Tariff) (money.Amount, *fault.Refusal) {
	if t == nil {
		return money.New(0, money.RUB.Scale), nil
	}
	percent, err := money.Parse(t.Percent)
	if err != nil || percent.Sign() < 0 || percent.Cmp(money.New(100, 0)) > 0 {
		return money.Zero, fault.Refuse(fault.AmountInvalid, "tariff.percent", "%.64q is not a percent from 0 to 100", t.Percent)
	}
	minimum := money.Zero
	if t.Minimum != "" {
		if minimum, err = money.RUB.Parse(t.Minimum); err != nil || minimum.Sign() < 0 {
			return money.Zero, fault.Refuse(fault.AmountInvalid, "tariff.minimum", "%.64q is not an amount of rubles", t.Minimum)
		}
	}
	return tax.Commission(gross, tax.Tariff{Percent: percent, Minimum: minimum}), nil
}

// out says whether the person was paid and the task bears it: the last word on
// some attempt is done, and it is not one that the person owes back.
func (s *step) out() bool {
	return slices.ContainsFunc(s.data.Payouts, bears)
}

// bears says whether the attempt is the payment of the task.
func bears(a *flowv1.PayoutAttempt) bool {
	return a.Result == flowv1.AttemptResult_ATTEMPT_RESULT_DONE && !a.OwedBack
}

// owesIncome says whether an income is still to be registered.
func (s *step) owesIncome() bool {
	return s.data.Kind == flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED && s.data.ReceiptAttempt == 0
}

// costs is what tax, contributions and commission still take from the reserve.
func (s *step) costs() money.Amount {
	if s.data.Settled {
		return money.New(0, money.RUB.Scale)
	}
	return money.Sum(amount(s.data.Sum.Tax), amount(s.data.Sum.Commission), s.contributions())
}

// reserve sets money aside.
func (s *step) reserve(a money.Amount) {
	s.amounts[amountReserve] = a
	s.data.Reserved = text(amount(s.data.Reserved).Add(a))
}

// spend takes money out of the reserve under the name of an amount.
func (s *step) spend(name string, a money.Amount) {
	left := amount(s.data.Reserved).Sub(a)
	if left.Sign() < 0 {
		panic(fmt.Sprintf("task %s: %s of %s out of a reserve of %q", s.view.ID, name, a, s.data.Reserved))
	}
	s.amounts[name] = a
	s.data.Reserved = text(left)
}

// release gives back whatever is set aside.
func (s *step) release() { s.spend(amountRelease, amount(s.data.Reserved)) }
