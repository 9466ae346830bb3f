package remittance

import (
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// refund counts what the tax service has given back of what was paid twice. The line that
// shows it books it, once it has heard this.
func (s *step) refund() *fault.Refusal {
	var b flowv1.RemittanceRefund
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("line", b.Line); refusal != nil {
		return refusal
	}
	if b.Remittance != s.view.ID {
		return fault.Refuse(fault.Malformed, "remittance", "the refund is of %.64q", b.Remittance)
	}
	_, refusal := s.returned(b.Amount, &flowv1.RemittanceGiven{LineId: b.Line})
	return refusal
}

// offset pays what was collected of a period by what the budget has twice: the period's order
// then asks the bank only for the rest.
func (s *step) offset() *fault.Refusal {
	var b flowv1.RemittanceOffset
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	p, refusal := ParsePeriod("period", b.Period)
	switch {
	case refusal != nil:
		return refusal
	case s.view.Day <= p.To:
		return fault.Refuse(fault.Malformed, "period", "the period ends on %s, it is %s", p.To, s.view.Day)
	case s.data.ExecutorId != "":
		return s.forbid("it paid a person's NPD: what the budget has is the person's")
	}
	sum, refusal := s.returned(b.Amount, &flowv1.RemittanceGiven{Period: p.ID})
	s.amounts[amountOffset], s.to = sum, p.ID
	return refusal
}

// repay has a period pay what the budget has given back too much: its pool has it, and the order
// that pays the pool pays it.
func (s *step) repay() *fault.Refusal {
	var b flowv1.RemittanceRepay
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	p, refusal := ParsePeriod("period", b.Period)
	if refusal != nil {
		return refusal
	}
	sum, err := money.RUB.Parse(b.Amount)
	owed := amount(s.data.Overpaid).Neg()
	switch {
	case err != nil || sum.Sign() <= 0:
		return fault.Refuse(fault.AmountInvalid, "amount", "%.64q is not a positive amount of rubles", b.Amount)
	case s.view.State != Paid:
		return nil // the table has no row: wrong_state
	case s.data.ExecutorId != "":
		return s.forbid("it paid a person's NPD: retry pays that again, by its document")
	case sum.Cmp(owed) > 0:
		return fault.Refuse(fault.OverpaidExceeded, "amount", "%s is more than %s that the budget has given back too much", money.RUB.Format(sum), money.RUB.Format(money.Max(owed, money.Zero))).
			With("left", money.RUB.Format(money.Max(owed, money.Zero)))
	}
	s.amounts[amountRepay], s.to = sum, p.ID
	s.data.Overpaid = text(sum.Sub(owed))
	s.data.Given = append(s.data.Given, &flowv1.RemittanceGiven{Period: p.ID, Amount: money.RUB.Format(sum.Neg()), Day: s.view.Day})
	return nil
}

// retryOwed pays a person's NPD again, by the same document, when the budget has given back what
// the bank took back, too. It is paid already: nothing is set aside.
func (s *step) retryOwed() *fault.Refusal {
	owed := amount(s.data.Overpaid).Neg()
	switch {
	case s.data.ExecutorId == "" || s.own():
		return nil // the table has no row: wrong_state
	case owed.Cmp(amount(s.data.Amount)) < 0:
		return s.forbid("the budget has given back less than the document says: nothing is to be paid again")
	}
	s.on = retryOwed
	s.data.Attempts = append(s.data.Attempts, &flowv1.RemittanceAttempt{Number: s.view.Attempts[pay] + 1, Requisites: s.data.Documents[0].GetUin()})
	s.asks[pay] = flow.Bytes(&flowv1.RemittanceAsk{Book: s.view.Book, Remittance: s.view.ID, Amount: s.data.Amount, Document: s.data.Documents[0]})
	return nil
}

// returned takes a sum off what was paid twice, and keeps what became of it. Never more than
// is left: what the budget does not have it cannot give back.
func (s *step) returned(said string, to *flowv1.RemittanceGiven) (money.Amount, *fault.Refusal) {
	sum, err := money.RUB.Parse(said)
	left := money.Max(amount(s.data.Overpaid), money.New(0, money.RUB.Scale)) // below zero nothing is left, it is owed
	switch {
	case err != nil || sum.Sign() <= 0:
		return sum, fault.Refuse(fault.AmountInvalid, "amount", "%.64q is not a positive amount of rubles", said)
	case s.view.State != Paid:
		return sum, nil // the table has no row: wrong_state
	case s.own():
		return sum, s.forbid("it gave a person his own money: he owes back what he has twice")
	case sum.Cmp(left) > 0:
		return sum, fault.Refuse(fault.OverpaidExceeded, "amount", "%s is more than %s that is left of what was paid twice", money.RUB.Format(sum), money.RUB.Format(left)).
			With("left", money.RUB.Format(left))
	}
	to.Amount, to.Day = money.RUB.Format(sum), s.view.Day
	s.data.Overpaid, s.data.Given = text(left.Sub(sum)), append(s.data.Given, to)
	return sum, nil
}

// forbid is a refusal of an event that the state's row alone would allow.
func (s *step) forbid(why string) *fault.Refusal {
	return fault.Refuse(fault.WrongState, "event", "%s", why).With("state", s.view.State).With("event", s.command.Event)
}

// OwnerOf says whose an order is, and so where it lives: of a person's NPD the person's, any
// other its period's.
func OwnerOf(id string) (string, *fault.Refusal) {
	if p, refusal := ParseOrder("remittance_id", id); refusal == nil {
		return p.ID, nil
	}
	_, executor, refusal := parseNPD(id)
	if refusal != nil {
		return "", fault.Refuse(fault.Malformed, "remittance_id", "%.64q is no order of taxes", id)
	}
	return executor, nil
}
