package task

import (
	"slices"

	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// registered takes the tax service's word about one attempt to register the income.
func (s *step) registered() {
	a := attemptOf(s, s.data.Incomes)
	before := a.Result
	if again(s.command.Event, before, incomeUnknown, incomeDone, incomeRefused) {
		s.on = answerLate
		return
	}
	a.Status = s.command.Answer.Status
	switch s.command.Event {
	case incomeDone:
		a.Result = resultDone
		a.ReceiptId, a.ReceiptLink = s.command.Answer.ReceiptID, s.command.Answer.ReceiptLink
		s.receiptFormed(a, before == resultOpen)
	case incomeRefused:
		a.Result = resultRefused
		s.receiptFell(a, before == resultOpen)
	}
}

// receiptFormed takes a receipt; open says that it was waited for. Of several
// receipts the first counts, support annuls the others.
func (s *step) receiptFormed(a *flowv1.IncomeAttempt, open bool) {
	if s.data.ReceiptAttempt == 0 {
		s.data.ReceiptAttempt = a.Number
	} else {
		s.data.Attention = true
	}
	switch {
	case open:
		s.incomeOver()
	case s.view.State == Error && s.out() && s.data.Claimed == "" && s.data.ReceiptAttempt == a.Number:
		s.on = incomeDoneLate
		s.finish()
	default:
		s.on, s.data.Attention = receiptChanged, true
	}
}

// receiptFell takes a refusal, or the annulment of a receipt that was formed.
func (s *step) receiptFell(a *flowv1.IncomeAttempt, open bool) {
	if open {
		if s.data.ReceiptAttempt != 0 { // an older attempt turned out to be done
			s.incomeOver()
			return
		}
		if !s.out() {
			s.release()
		}
		s.fail(s.code(fault.IncomeDenied), a.Status)
		return
	}
	s.on, s.data.Attention = receiptChanged, true
	if s.data.ReceiptAttempt != a.Number {
		return
	}
	s.data.ReceiptAttempt = 0
	for _, other := range s.data.Incomes {
		if other.Result == resultDone {
			s.data.ReceiptAttempt = other.Number
			return
		}
	}
	if s.view.State == Paid {
		s.on = incomeTakenBack
		s.fail(codeReceiptLost, a.Status)
	}
}

// incomeOver ends the wait for the receipt: paid, unless the payment was taken
// back meanwhile.
func (s *step) incomeOver() {
	if s.out() {
		s.on = incomeDone
		s.finish()
		return
	}
	s.on = incomeDoneUnpaid
	s.release()
	s.fail(codePayoutReturned, "")
}

// Receipt is the attempt whose receipt counts; nil when there is none.
func Receipt(d *flowv1.TaskData) *flowv1.IncomeAttempt {
	i := slices.IndexFunc(d.Incomes, func(a *flowv1.IncomeAttempt) bool { return a.Number == d.ReceiptAttempt })
	if i < 0 {
		return nil
	}
	return d.Incomes[i]
}
