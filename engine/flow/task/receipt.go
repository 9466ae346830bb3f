package task

import (
	"slices"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
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
		if said, err := money.RUB.Parse(s.command.Answer.Tax); err == nil && said.Sign() >= 0 {
			a.Tax = money.RUB.Format(said)
		}
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
		s.trim(s.bound())
		s.fail(s.code(fault.IncomeDenied), a.Status)
		return
	}
	s.on, s.data.Attention = receiptChanged, true
	if s.data.ReceiptAttempt != a.Number {
		return
	}
	if s.nextReceipt(); s.data.ReceiptAttempt != 0 {
		return
	}
	if s.view.State == Paid {
		s.on = incomeTakenBack
		s.unsettle()
		s.fail(codeReceiptLost, a.Status)
	}
}

// nextReceipt makes another receipt count after the one that did fell; 0 = none stands.
func (s *step) nextReceipt() {
	s.data.ReceiptAttempt = 0
	for _, other := range s.data.Incomes {
		if other.Result == resultDone {
			s.data.ReceiptAttempt = other.Number
			return
		}
	}
}

// incomeOver ends the wait for the receipt: paid, unless the payment was taken
// back meanwhile.
func (s *step) incomeOver() {
	if s.out() {
		s.goOn(incomeDone, incomeDone)
		return
	}
	s.on = incomeDoneUnpaid
	s.release()
	s.fail(codePayoutReturned, "")
}

// annul asks the tax service to annul the receipt of a payment that came back.
func (s *step) annul() {
	s.on = cancelReceipt
	s.data.Phase, s.data.Annulling = phaseAnnul, s.data.ReceiptAttempt
	ask := &flowv1.IncomeAsk{
		Book: s.view.Book, Task: s.view.ID, CompanyId: s.data.CompanyId, ExecutorId: s.data.ExecutorId,
		Gross: s.data.Sum.Gross, ReceiptId: Receipt(s.data).GetReceiptId(),
	}
	s.asks[annulIncome] = flow.Bytes(ask)
}

// annulled takes the tax service's word about the annulment.
func (s *step) annulled() {
	if s.data.Phase != phaseAnnul || s.command.Number != s.view.Attempts[annulIncome] {
		s.on = answerLate
		return
	}
	if s.command.Event == annulUnknown {
		return
	}
	if s.command.Event == annulDone {
		for _, a := range s.data.Incomes {
			if a.Number == s.data.Annulling {
				a.Result = resultRefused
			}
		}
		if s.data.ReceiptAttempt == s.data.Annulling {
			s.nextReceipt()
		}
	}
	s.data.Phase, s.data.Annulling = flowv1.TaskPhase_TASK_PHASE_UNSPECIFIED, 0
	switch {
	case s.out(): // the payment that came back went out again meanwhile
		s.on = uncovered
		s.fail(codePayoutLate, s.command.Answer.Status)
	case s.data.ReceiptAttempt != 0: // refused, or another receipt stands
		s.on = annulRefused
		s.fail(codeReceiptKept, s.command.Answer.Status)
	default:
		s.on = annulDone // also when it was refused because the person had annulled it
	}
}

// Receipt is the attempt whose receipt counts; nil when there is none.
func Receipt(d *flowv1.TaskData) *flowv1.IncomeAttempt {
	i := slices.IndexFunc(d.Incomes, func(a *flowv1.IncomeAttempt) bool { return a.Number == d.ReceiptAttempt })
	if i < 0 {
		return nil
	}
	return d.Incomes[i]
}

// Payment is the attempt of the payment that the task bears, or else of the last one that
// the bank has said something final about; false when there is none.
func Payment(book, id string, d *flowv1.TaskData) (attempt string, ok bool) {
	number := uint32(0)
	for _, a := range d.Payouts {
		if bears(a) {
			number = a.Number
			break
		}
		if a.Result != resultOpen {
			number = a.Number
		}
	}
	return flow.Attempt(book, Name, id, pay, number), number > 0
}
