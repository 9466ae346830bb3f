package incoming

import (
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// change takes what the bank says of a line that it has changed after the line was booked:
// other requisites are noted; of another sum the difference is booked, so that our account is
// what the bank says it is.
func (s *step) change() *fault.Refusal {
	var b flowv1.IncomingChange
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	sum, err := money.RUB.Parse(b.Amount)
	if err != nil || sum.Sign() < 0 {
		return fault.Refuse(fault.AmountInvalid, "amount", "%.64q is not an amount of rubles", b.Amount)
	}
	if refusal := flow.CheckID("content", b.Content); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("statement_id", b.StatementId); refusal != nil {
		return refusal
	}
	if b.After != s.data.Changes {
		return s.forbid("the line was changed meanwhile")
	}
	more := sum.Sub(Told(s.data)) // on our account
	if s.data.Debit {
		more = more.Neg()
	}
	if !more.IsZero() {
		if refusal := s.adjust(more); refusal != nil {
			return refusal
		}
		s.data.ToldAmount = money.RUB.Format(sum)
	}
	if s.data.Content = b.Content; b.Version != 0 {
		s.data.Version = b.Version
	}
	s.data.Changes++
	s.data.ChangedFields, s.data.ChangedIn = b.Fields, b.StatementId
	return nil
}

// adjust books the difference. While the world is asked about the line's money it is not
// known where that is: the bank's word is taken after the answer.
func (s *step) adjust(more money.Amount) *fault.Refusal {
	switch s.view.State {
	case OwnTransfer:
		s.on = changeTransfer
		in, out := more, money.Zero
		if more.Sign() < 0 {
			in, out = money.Zero, more.Neg()
		}
		s.amounts[amountOwnIn], s.amounts[amountOwnOut] = in, out
		return nil
	case Depositing, Reversing, Refunding, Returning:
		return s.forbid("an answer is waited for; the bank's new sum is taken after it")
	}
	if more.Sign() > 0 {
		s.came(more)
	} else {
		s.left(more.Neg())
	}
	s.land(changeEven, changeUnmatched, changeUnexplained)
	return nil
}

// Told is what the bank says that a line moves.
func Told(d *flowv1.IncomingData) money.Amount {
	if d.GetToldAmount() != "" {
		return amount(d.GetToldAmount())
	}
	return amount(d.GetAmount())
}
