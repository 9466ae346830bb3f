package task

import (
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// pay begins the payment, or goes on where it stopped.
func (s *step) pay() *fault.Refusal {
	first, retrying := s.view.State == Completed && s.command.Event == Pay, s.view.State == Error && s.command.Event == Retry
	if !first && !retrying {
		return nil // the table has no row: wrong_state
	}
	var b flowv1.TaskPay
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if b.Executor.GetKind() == flowv1.EmploymentKind_EMPLOYMENT_KIND_UNSPECIFIED {
		return fault.Refuse(fault.Malformed, "executor.kind", "the executor's kind of employment is not stamped")
	}
	s.data.Error, s.data.Nonresident, s.data.Changed = nil, b.Executor.Nonresident, false
	s.data.Again = s.goneOn(&b)
	if retrying && s.out() {
		s.retryPaid()
		return nil
	}
	if code := s.blocked(b.Executor); code != "" {
		s.on = payBlocked
		if retrying {
			s.on = retryBlocked
		}
		s.fail(code, "")
		return nil
	}
	return s.setAside(&b, retrying)
}

// blocked names what stands in the way before anything is asked; "" = nothing.
func (s *step) blocked(stamp *flowv1.ExecutorStamp) string {
	switch {
	case stamp.Kind != s.data.Kind:
		return string(fault.KindMismatch)
	case s.data.Kind == kindCivilContract && stamp.Unidentified:
		return string(fault.IdentityMissing)
	case stamp.RequisitesVersion == 0:
		return string(fault.RequisitesMissing)
	}
	return ""
}

// setAside reserves what the payment can cost by the rules of the day and asks the first
// ask. A payment that came back while its receipt stands has its sum already.
func (s *step) setAside(b *flowv1.TaskPay, retrying bool) *fault.Refusal {
	s.data.RequisitesVersion = b.Executor.RequisitesVersion
	s.limits(b)
	row := func(first, again string) {
		s.on = first
		if retrying {
			s.on = again
		}
	}
	standing, sum := Receipt(s.data), (*flowv1.TaskSum)(nil)
	if standing != nil {
		sum = standing.Sum
	} else {
		var refusal *fault.Refusal
		if sum, refusal = s.price(b.Executor, b.Tariff); refusal != nil {
			return refusal
		}
	}
	if short := s.outside(sum); short != nil {
		row(payBlocked, retryBlocked)
		s.failLimit(string(fault.PayoutLimit), short)
		return nil
	}
	s.data.Sum = sum
	if standing != nil {
		s.reserve(amount(sum.Payout).Add(s.costs()))
	} else {
		s.reserve(s.ceiling(s.terms(b.Executor), sum))
	}
	switch untaxed := standing != nil || s.data.Kind == kindEntrepreneur; {
	case untaxed && s.counts(limit.OfPerson):
		row(payUnchecked, retryUnchecked)
		s.askTax(untaxed)
	case untaxed && s.counts(limit.OfCompany):
		row(payLimited, retryLimited)
		s.data.Counting = s.begun(sum.Payout)
		s.askLimit()
	case untaxed:
		row(payUntaxed, retryUntaxed)
		s.sendPayout()
	case s.data.Kind == kindSelfEmployed:
		s.data.Phase, s.data.CheckedFrom = phaseCheck, s.now()
		s.asks[checkIncome] = s.incomeAsk()
	default:
		row(payUnchecked, retryUnchecked)
		s.askTax(untaxed)
	}
	return nil
}

// retryPaid goes on after the person was paid: cover what left uncovered, register
// the income again under a new attempt, or settle. It never pays.
func (s *step) retryPaid() {
	claimed := amount(s.data.Claimed)
	s.reserve(money.Max(claimed.Add(s.costs()).Sub(amount(s.data.Reserved)), money.New(0, money.RUB.Scale)))
	s.spend(amountCover, claimed)
	s.data.Claimed = ""
	s.on = retryLast
	if s.owesIncome() {
		s.on = retryIncome
		s.sendIncome()
		return
	}
	s.finish()
}

// sendPayout opens an attempt to pay the person.
func (s *step) sendPayout() {
	s.data.Phase = flowv1.TaskPhase_TASK_PHASE_PAYOUT
	a := &flowv1.PayoutAttempt{
		Number: s.view.Attempts[pay] + 1, Amount: s.data.Sum.Payout,
		RequisitesVersion: s.data.RequisitesVersion, Sum: s.data.Sum,
		CountPerson: s.counts(limit.OfPerson), CountCompany: s.counts(limit.OfCompany),
	}
	if a.CountPerson || a.CountCompany {
		a.Count = s.data.Counting
	}
	s.data.Payouts = append(s.data.Payouts, a)
	s.asks[pay] = flow.Bytes(&flowv1.PayoutAsk{
		Book: s.view.Book, Task: s.view.ID, CompanyId: s.data.CompanyId, ExecutorId: s.data.ExecutorId,
		RequisitesVersion: a.RequisitesVersion, Amount: a.Amount, Limited: s.data.Way > flowv1.PayoutWay_PAYOUT_WAY_ACCOUNT,
	})
}

// sendIncome opens an attempt to register the income.
func (s *step) sendIncome() {
	s.data.Phase = flowv1.TaskPhase_TASK_PHASE_INCOME
	s.data.Incomes = append(s.data.Incomes, &flowv1.IncomeAttempt{Number: s.view.Attempts[registerIncome] + 1, Sum: s.data.Sum})
	s.asks[registerIncome] = s.incomeAsk()
}

// incomeAsk is what the tax service is asked, for a check and a registration.
func (s *step) incomeAsk() []byte {
	return flow.Bytes(&flowv1.IncomeAsk{
		Book: s.view.Book, Task: s.view.ID, CompanyId: s.data.CompanyId, ExecutorId: s.data.ExecutorId,
		Gross: s.data.Sum.Gross, PaidAt: s.data.PaidAt,
	})
}
