package incoming

import (
	"fmt"
	"slices"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Results of an attempt to return money.
const (
	resultDone    = "done"
	resultRefused = "refused"
)

// sendBack opens an attempt to return what is in suspense to its sender.
func (s *step) sendBack() {
	s.data.Returns = append(s.data.Returns, &flowv1.ReturnAttempt{
		Number: s.view.Attempts[returnMoney] + 1, Amount: s.data.Suspended,
	})
	s.asks[returnMoney] = flow.Bytes(&flowv1.ReturnAsk{Book: s.view.Book, Line: s.view.ID, Amount: s.data.Suspended, Version: s.data.Version})
}

// heard takes the word of the flow of a payment that came back. Until it has booked it the
// line books nothing; when there is nothing to come back, the money waits for a person.
func (s *step) heard() {
	if s.view.State != Reversing || s.command.Number != s.view.Attempts[tellReturned] {
		s.on = answerLate
		return
	}
	if s.command.Event == returnedRefused {
		s.refused()
		s.amounts[amountSum] = amount(s.data.Amount)
		s.data.Suspended, s.data.Attempt = s.data.Amount, ""
		s.data.Kind = flowv1.LineKind_LINE_KIND_UNMATCHED
	}
}

// counted takes the word of the order whose tax had been paid twice: what it has counted is
// booked; what it has not, more than is left there, stays in suspense for a person.
func (s *step) counted() {
	switch {
	case s.view.State != Refunding || s.command.Number != s.view.Attempts[tellRefund]:
		s.on = answerLate
	case s.command.Event == refundTold:
		part := amount(s.data.Refunding)
		s.amounts[amountSum], s.data.Suspended = part, text(amount(s.data.Suspended).Sub(part))
		s.data.Refunds = append(s.data.Refunds, &flowv1.IncomingRefund{RemittanceId: s.data.RemittanceId, Amount: s.data.Refunding})
		if s.data.Refunding = ""; s.data.Suspended != "" {
			s.on = refundToldPart
		}
	case s.command.Event == refundRefused:
		s.refused()
		s.data.RemittanceId, s.data.Refunding = "", ""
	}
}

// refused keeps why what a person named did not take the line.
func (s *step) refused() {
	s.data.RefusedCode, s.data.RefusedReason = string(s.command.Answer.Code), s.command.Answer.Reason
}

// told takes the company's answer to "your deposit came".
func (s *step) told() {
	if s.view.State != Depositing || s.command.Number != s.view.Attempts[tellDeposit] {
		s.on = answerLate
		return
	}
	switch s.command.Event {
	case told:
		s.data.Pledged = ""
		s.land(told, toldUnmatched, toldUnexplained)
	case tellRefused:
		s.amounts[amountSum] = amount(s.data.Pledged)
		s.data.Suspended = text(amount(s.data.Suspended).Add(amount(s.data.Pledged)))
		s.data.Pledged, s.data.Kind = "", flowv1.LineKind_LINE_KIND_UNMATCHED
		net := money.Min(amount(s.data.Suspended), amount(s.data.Claimed))
		s.amounts[amountNet] = net
		s.data.Suspended = text(amount(s.data.Suspended).Sub(net))
		s.data.Claimed = text(amount(s.data.Claimed).Sub(net))
		s.land(tellRefusedEven, tellRefused, tellRefusedUnexplained)
	}
}

// land chooses the row by where the money is: nothing open, something in
// suspense, or something that left uncovered. Never both.
func (s *step) land(even, unmatched, unexplained string) {
	switch {
	case s.data.Suspended != "" && s.data.Claimed != "":
		panic(fmt.Sprintf("incoming %s: %s in suspense and %s uncovered", s.view.ID, s.data.Suspended, s.data.Claimed))
	case s.data.Suspended != "":
		s.on = unmatched
	case s.data.Claimed != "":
		s.on = unexplained
	default:
		s.on = even
	}
}

// returned takes the bank's word about one attempt to return the money.
func (s *step) returned() {
	i := slices.IndexFunc(s.data.Returns, func(a *flowv1.ReturnAttempt) bool { return a.Number == s.command.Number })
	if i < 0 {
		panic(fmt.Sprintf("incoming %s: %s about return %d, which was never made", s.view.ID, s.command.Event, s.command.Number))
	}
	a := s.data.Returns[i]
	before := a.Result
	switch {
	case s.command.Event == returnUnknown && before == "":
		return
	case s.command.Event == returnUnknown, s.command.Event == returnDone && before == resultDone,
		s.command.Event == returnRefused && before == resultRefused:
		s.on = answerLate
		return
	}
	a.Status = s.command.Answer.Status
	if s.command.Event == returnDone {
		a.Result = resultDone
		s.left(amount(a.Amount))
	} else {
		a.Result = resultRefused
		if before == resultDone {
			s.came(amount(a.Amount))
		}
	}
	if before == "" {
		if s.command.Event == returnDone {
			s.land(returnDone, returnDone, returnDoneUnexplained)
		} else {
			s.land(returnCovered, returnRefused, returnRefusedUnexplained)
		}
		return
	}
	s.late()
}

// late chooses the row of a word about an attempt that nobody waits for.
func (s *step) late() {
	switch s.view.State {
	case Returning, Depositing:
		s.on = lateNoted // the open ask is waited for
	case Unmatched:
		s.land(lateReturned, lateNoted, lateUnexplained)
	case Unexplained:
		s.land(lateExplained, lateUnmatched, lateNoted)
	default:
		s.land(lateNoted, lateUnmatched, lateUnexplained)
	}
}

// left books money that went back to the sender: out of suspense, and what is
// missing there is uncovered.
func (s *step) left(sum money.Amount) {
	give := money.Min(amount(s.data.Suspended), sum)
	s.amounts[amountGiveBack], s.amounts[amountUncovered] = give, sum.Sub(give)
	s.data.Suspended = text(amount(s.data.Suspended).Sub(give))
	s.data.Claimed = text(amount(s.data.Claimed).Add(sum.Sub(give)))
}

// came books money of a return that the bank took back: first it covers what
// left, the rest is in suspense again.
func (s *step) came(sum money.Amount) {
	cover := money.Min(amount(s.data.Claimed), sum)
	s.amounts[amountClaimBack], s.amounts[amountTakeBack] = cover, sum.Sub(cover)
	s.data.Claimed = text(amount(s.data.Claimed).Sub(cover))
	s.data.Suspended = text(amount(s.data.Suspended).Add(sum.Sub(cover)))
}

// amount reads an amount of the line's own data; "" is zero.
func amount(text string) money.Amount {
	if text == "" {
		return money.New(0, money.RUB.Scale)
	}
	a, err := money.RUB.Parse(text)
	if err != nil {
		panic("incoming: its own data: " + err.Error())
	}
	return a
}

// text writes an amount into the line's data; zero is "".
func text(a money.Amount) string {
	if a.IsZero() {
		return ""
	}
	return money.RUB.Format(a)
}

func isDay(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}
