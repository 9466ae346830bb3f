package remittance

import (
	"strconv"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// own says whether the order gives a person back what is held for the NPD that he pays by
// himself.
func (s *step) own() bool { return s.data.RequisitesVersion > 0 }

// orderOwn gives a person back what is held of a month: he pays the tax by himself. It
// takes the place of an order of NPD that paid nothing.
func (s *step) orderOwn() *fault.Refusal {
	switch s.view.State {
	case Asking, Paying, Paid, Canceled:
		return nil // the table has no row: wrong_state
	case Error:
		if !s.own() {
			return flow.WrongState(s.view, s.command) // a payment of the tax was tried
		}
	}
	var b flowv1.RemittanceOwn
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if b.RequisitesVersion == 0 {
		return fault.Refuse(fault.RequisitesMissing, "requisites_version", "the person has given none")
	}
	if s.view.State == Error {
		s.data.RequisitesVersion = b.RequisitesVersion
		return s.retry()
	}
	if refusal := s.held(b.Amount); refusal != nil {
		return refusal
	}
	s.data.RequisitesVersion = b.RequisitesVersion
	return s.send()
}

// held takes over what is held for a person of a month, as the order's id names them.
func (s *step) held(text string) *fault.Refusal {
	p, executor, refusal := parseNPD(s.view.ID)
	if refusal != nil {
		return refusal
	}
	sum, err := money.RUB.Parse(text)
	if err != nil || sum.Sign() <= 0 {
		return fault.Refuse(fault.AmountInvalid, "amount", "%.64q is not a positive amount of rubles", text)
	}
	if s.view.Day <= p.To {
		return fault.Refuse(fault.Malformed, "id", "the month ends on %s, it is %s", p.To, s.view.Day)
	}
	s.data = &flowv1.RemittanceData{Period: p.ID, ExecutorId: executor, Amount: money.RUB.Format(sum), Day: s.view.Day, DueDay: p.Due}
	return nil
}

// give opens an attempt at the person's requisites.
func (s *step) give() {
	version := strconv.FormatUint(uint64(s.data.RequisitesVersion), 10)
	s.attempt(&flowv1.RemittanceAttempt{Number: s.view.Attempts[give] + 1, Requisites: "own@" + version})
	s.asks[give] = flow.Bytes(&flowv1.RemittanceOwnAsk{
		Book: s.view.Book, Remittance: s.view.ID, ExecutorId: s.data.ExecutorId, RequisitesVersion: s.data.RequisitesVersion,
		Amount: s.data.Amount, Period: s.data.Period,
	})
}
