package task

import (
	"cmp"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// nextTry is when a payment that stopped is gone on with by itself; "" is never.
func (s *step) nextTry(t Trouble) string {
	tries := int(s.data.Again.GetTries())
	switch {
	case s.data.Again.GetTrying():
		return ""
	case s.data.Changed && (t.Next || len(t.Again) > 0):
		return s.now() // what refused may not have known it
	case t.Next:
		return flow.Text(limit.Next(s.data.Error.GetLimit(), cmp.Or(s.data.Counting.GetDay(), s.view.Day), s.view.Zone))
	case tries >= len(t.Again):
		return ""
	}
	return flow.Text(s.view.Clock.Add(t.Again[tries]))
}

// goneOn is what is remembered of automatic retries by a payment or a retry: nothing, when
// a person asks for it.
func (s *step) goneOn(b *flowv1.TaskPay) *flowv1.TaskAgain {
	if s.data.Again == nil || !b.Automatic {
		return nil
	}
	return &flowv1.TaskAgain{Code: s.data.Again.Code, Tries: s.data.Again.Tries}
}

// tryAgain asks for a retry of the task itself, after a pause or because something has
// changed. What no pause helps is not tried again.
func (s *step) tryAgain() *fault.Refusal {
	e := s.data.Error
	if s.view.State == Paying && s.command.Event == Recheck {
		s.data.Changed = true
		return nil
	}
	if s.view.State != Error {
		return nil // the table has no row: wrong_state
	}
	if t := troubles[e.GetCode()]; len(t.Again) == 0 && !t.Next {
		return fault.Refuse(fault.WrongState, "event", "%q is not gone on with by itself", e.GetCode()).
			With("state", s.view.State).With("event", s.command.Event)
	}
	if s.data.Again == nil {
		s.data.Again = &flowv1.TaskAgain{Code: e.GetCode()}
	}
	if s.data.Again.Trying {
		s.on, s.data.Again.OnceMore = recheckNoted, true
		return nil
	}
	if s.command.Event == retryDue && !s.data.Changed {
		s.data.Again.Tries++
	}
	s.data.Changed = false
	s.askRetry()
	return nil
}

// otherWay says whether a limit of the table's stopped the payment that only another way of the
// executor's lifts; the house's and the company's own can be others tomorrow.
func (s *step) otherWay() bool {
	l := s.data.Error.GetLimit().GetLimit()
	return s.data.Error.GetCode() == string(fault.PayoutLimit) && l.GetWay() != flowv1.PayoutWay_PAYOUT_WAY_UNSPECIFIED &&
		l.GetSetter() == flowv1.LimitSetter_LIMIT_SETTER_UNSPECIFIED
}

// askRetry opens the ask: the answer comes when the retry was decided.
func (s *step) askRetry() {
	e := s.data.Error
	e.RetryAt, s.data.Again.Trying, s.data.Again.OnceMore = "", true, false
	refused := uint32(0)
	if s.otherWay() || e.Code == string(fault.RequisitesInvalid) || e.Code == string(fault.PayoutWay) || e.Code == codePayoutReturned {
		refused = s.data.RequisitesVersion
	}
	s.asks[retryItself] = flow.Bytes(&flowv1.TaskRetryAsk{
		Book: s.view.Book, Task: s.view.ID, CompanyId: s.data.CompanyId, ExecutorId: s.data.ExecutorId,
		Kind: s.data.Kind, RefusedRequisites: refused,
	})
}

// triedAgain takes the answer. After a retry that was decided the task knows more itself;
// what was refused waits for the next pause.
func (s *step) triedAgain() {
	a := s.data.Again
	if s.view.State != Error || !a.GetTrying() || s.command.Number != s.view.Attempts[retryItself] {
		s.on = answerLate
		return
	}
	switch s.command.Event {
	case selfRefused:
		if a.OnceMore {
			s.on = selfRefusedAgain
			s.askRetry()
			return
		}
		fallthrough
	case selfDone:
		a.Trying = false
		s.data.Error.RetryAt = s.nextTry(troubles[s.data.Error.Code])
	}
}
