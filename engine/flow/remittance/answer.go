package remittance

import (
	"fmt"
	"slices"

	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Results of an attempt.
const (
	resultDone    = "done"
	resultRefused = "refused"
)

// codeLate says that a payment went out after its refusal.
const codeLate = "payout_late"

// answered takes the bank's word about one attempt.
func (s *step) answered() {
	i := slices.IndexFunc(s.data.Attempts, func(a *flowv1.RemittanceAttempt) bool { return a.Number == s.command.Number })
	if i < 0 {
		panic(fmt.Sprintf("remittance %s: %s about attempt %d, which was never made", s.view.ID, s.command.Event, s.command.Number))
	}
	a := s.data.Attempts[i]
	before := a.Result
	done, unknown := s.said(payDone, giveDone), s.said(payUnknown, giveUnknown)
	switch {
	case unknown && before == "":
		return
	case unknown, done && before == resultDone, !done && before == resultRefused:
		s.on = answerLate
		return
	}
	a.Status = s.command.Answer.Status
	switch {
	case done:
		a.Result = resultDone
		s.left()
	default:
		a.Result = resultRefused
		if before == resultDone {
			s.came()
		}
	}
	if before == "" {
		s.awaited()
	} else {
		s.late()
	}
}

// said says whether the bank's word is one of these.
func (s *step) said(events ...string) bool { return slices.Contains(events, s.command.Event) }

// awaited chooses the row of the bank's word about the open attempt.
func (s *step) awaited() {
	switch {
	case s.said(payDone, giveDone):
		s.data.PaidDay = s.view.Day
		if s.amounts[amountOver].Sign() > 0 && amount(s.data.Overpaid).Sign() > 0 {
			s.on = payDoneTwice
		}
	case s.data.Settled:
		s.on, s.data.PaidDay = payCovered, s.view.Day
	default:
		s.fail()
	}
}

// late chooses the row of a word about an attempt that nobody waits for.
func (s *step) late() {
	switch s.on = lateNoted; {
	case s.view.State == Canceled:
		s.on, s.data.ErrorCode = lateUncovered, codeLate
	case s.view.State == Paid && !s.data.Settled:
		s.on = lateTakenBack
		s.fail()
	}
}

// fail gives back what is set aside and keeps why.
func (s *step) fail() {
	s.data.Reserved, s.data.PaidDay = "", ""
	s.data.ErrorCode, s.data.ErrorReason = string(s.command.Answer.Code), s.command.Answer.Reason
}

// left books a payment that went out: from what is set aside; else nothing covers it yet;
// and what the tax was paid with already is paid twice.
func (s *step) left() {
	sum := amount(s.data.Amount)
	switch {
	case s.data.Reserved != "":
		s.amounts[amountLeft] = sum
		s.data.Reserved, s.data.Settled = "", true
	case !s.data.Settled && s.data.Claimed == "":
		s.amounts[amountUncovered] = sum
		s.data.Claimed = s.data.Amount
	default:
		s.amounts[amountOver] = sum
		s.data.Overpaid = text(amount(s.data.Overpaid).Add(sum))
	}
}

// came books a payment that the bank took back: the other way round. It is a fact, also when the
// budget has given the same back: then what is left of it falls below zero, and is owed.
func (s *step) came() {
	sum := amount(s.data.Amount)
	switch {
	case slices.ContainsFunc(s.data.Attempts, func(a *flowv1.RemittanceAttempt) bool { return a.Result == resultDone }):
		s.amounts[amountOverBack] = sum // another one is out: it is the tax
		s.data.Overpaid = text(amount(s.data.Overpaid).Sub(sum))
	case s.data.Claimed != "":
		s.amounts[amountClaimBack] = sum
		s.data.Claimed = ""
	default:
		s.amounts[amountBack] = sum
		s.data.Reserved, s.data.Settled = s.data.Amount, false
	}
}

var oneRuble = money.New(100, money.RUB.Scale)

// amount reads an amount of the order's own data; "" is zero.
func amount(text string) money.Amount {
	if text == "" {
		return money.New(0, money.RUB.Scale)
	}
	a, err := money.RUB.Parse(text)
	if err != nil {
		panic("remittance: its own data: " + err.Error())
	}
	return a
}

// text writes an amount into the order's data; zero is "".
func text(a money.Amount) string {
	if a.IsZero() {
		return ""
	}
	return money.RUB.Format(a)
}
