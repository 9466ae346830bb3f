package task

import (
	"fmt"
	"slices"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Short names of the generated words.
const (
	resultOpen    = flowv1.AttemptResult_ATTEMPT_RESULT_UNSPECIFIED
	resultDone    = flowv1.AttemptResult_ATTEMPT_RESULT_DONE
	resultRefused = flowv1.AttemptResult_ATTEMPT_RESULT_REFUSED
	phaseCheck    = flowv1.TaskPhase_TASK_PHASE_CHECK
	phasePayout   = flowv1.TaskPhase_TASK_PHASE_PAYOUT
	phaseIncome   = flowv1.TaskPhase_TASK_PHASE_INCOME
)

// checked takes the tax service's answer to "may we register?". Only an answer
// to the open check counts: it is a question, so an older one changes nothing.
func (s *step) checked() {
	if s.data.Phase != phaseCheck || s.command.Number != s.view.Attempts[checkIncome] {
		s.on = answerLate
		return
	}
	switch s.command.Event {
	case checkDone:
		s.data.BonusTold = s.command.Answer.Bonus
		if !s.out() {
			s.askTax(false)
			return
		}
		s.goOn(checkDoneIncome, checkDoneLast)
	case checkRefused:
		s.trim(s.bound())
		s.fail(s.code(fault.IncomeDenied), s.command.Answer.Status)
	}
}

// goOn follows a payment that is out: register the income, or settle. One that is not
// covered by what is set aside stops here; retry covers it.
func (s *step) goOn(income, last string) {
	if s.data.Claimed != "" {
		s.on = uncovered
		s.trim(s.costs())
		s.fail(codePayoutLate, s.command.Answer.Status)
		return
	}
	s.on = last
	if s.owesIncome() {
		s.on = income
		s.sendIncome()
		return
	}
	s.finish()
}

// paidOut takes the bank's word about one attempt to pay.
func (s *step) paidOut() {
	a := attemptOf(s, s.data.Payouts)
	before := a.Result
	if again(s.command.Event, before, payoutUnknown, payoutDone, payoutRefused) {
		s.on = answerLate
		return
	}
	a.Status = s.command.Answer.Status
	switch s.command.Event {
	case payoutDone:
		a.Result = resultDone
		s.payoutWent(a, before == resultOpen)
	case payoutRefused:
		a.Result = resultRefused
		s.payoutFell(a, before == resultOpen)
	}
}

// again says whether an answer says nothing new: unknown about an attempt with a
// final word, or its last final word once more.
func again(event string, before flowv1.AttemptResult, unknown, done, refused string) bool {
	switch event {
	case unknown:
		return before != resultOpen
	case done:
		return before == resultDone
	case refused:
		return before == resultRefused
	}
	return false
}

// payoutWent books a payment that left the bank; open says that it was waited
// for. The first one is the task's, any further one the person owes back.
func (s *step) payoutWent(a *flowv1.PayoutAttempt, open bool) {
	a.OwedBack = true // until the task bears it
	if s.out() {
		s.owes(amount(a.Amount))
		s.data.Attention = true
		if open {
			s.goOn(payoutDone, payoutDoneLast)
			return
		}
		s.on = payoutTwice
		return
	}
	a.OwedBack = false
	s.data.PaidAt = s.now()
	if !s.data.Settled {
		a.Sum.Commission, a.Sum.Tariff = s.data.Sum.Commission, s.data.Sum.Tariff
		s.data.Sum = a.Sum
	}
	bears := amount(s.data.Sum.Payout)
	s.owes(amount(a.Amount).Sub(bears))
	switch {
	case open:
		s.spend(amountPayout, bears)
		s.goOn(payoutDone, payoutDoneLast)
	case s.view.State == Paying && amount(s.data.Reserved).Cmp(bears.Add(s.costs())) >= 0:
		s.spend(amountPayout, bears)
		s.on, s.data.Attention = payoutDoneLate, true
	default: // nothing is set aside any more, or not enough
		s.amounts[amountClaim], s.data.Claimed = bears, text(bears)
		s.on, s.data.Attention = payoutDoneLate, true
		if s.view.State != Paying {
			s.fail(codePayoutLate, a.Status)
		}
	}
}

// payoutFell books a payment that the bank refused, or took back after it had
// executed it; open says that it was waited for.
func (s *step) payoutFell(a *flowv1.PayoutAttempt, open bool) {
	if open {
		if s.out() {
			s.goOn(payoutCovered, payoutCoveredLast)
			return
		}
		s.release()
		s.fail(s.code(fault.PayoutRefused), a.Status)
		return
	}
	s.data.Attention = true
	if s.standIn(a) {
		s.owes(amount(a.Amount).Neg())
		s.on = overpayReturned
		return
	}
	bore := amount(s.data.Sum.Payout)
	s.owes(bore.Sub(amount(a.Amount)))
	s.on, s.data.PaidAt = payoutTakenBack, ""
	if s.data.Claimed != "" {
		s.amounts[amountClaimBack], s.data.Claimed = bore, ""
	} else {
		s.amounts[amountPayoutBack] = bore
		s.data.Reserved = text(amount(s.data.Reserved).Add(bore))
	}
	if s.view.State != Paying {
		s.unsettle()
		s.release()
		s.fail(codePayoutReturned, a.Status)
	}
}

// standIn says whether another payment bears the task after this one fell. When
// the one that bore it fell, a second payment takes its place; if its sum is
// another one, because the rates changed between the two, the person goes on
// owing the difference.
func (s *step) standIn(a *flowv1.PayoutAttempt) bool {
	if a.OwedBack {
		a.OwedBack = false
		return true
	}
	for _, other := range s.data.Payouts {
		if other.Result == resultDone && other.OwedBack {
			other.OwedBack = false
			return true
		}
	}
	return false
}

// owes changes what the person owes back; below zero the house owes the person.
func (s *step) owes(by money.Amount) {
	s.data.OwedBack = text(amount(s.data.OwedBack).Add(by))
	if by.Sign() > 0 {
		s.amounts[amountOwed] = by
	} else {
		s.amounts[amountOwedBack] = by.Neg()
	}
}

// attempt is what both kinds of attempts have.
type attempt interface{ GetNumber() uint32 }

// attemptOf finds the attempt that the answer is about; the engine hands over
// none that the task did not open.
func attemptOf[A attempt](s *step, all []A) A {
	i := slices.IndexFunc(all, func(a A) bool { return a.GetNumber() == s.command.Number })
	if i < 0 {
		panic(fmt.Sprintf("task %s: %s about attempt %d, which was never made", s.view.ID, s.command.Event, s.command.Number))
	}
	return all[i]
}
