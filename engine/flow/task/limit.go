package task

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// saysFailed is what a move says that stopped a payment.
const saysFailed = "task.failed"

// limits notes what the payment in the making has to fit.
func (s *step) limits(b *flowv1.TaskPay) {
	s.data.Way = b.Executor.GetWay()
	s.data.Limits = limit.InForce(s.data.Way, s.view.Day, b.Limits)
}

// counts says whether a limit of the payment counts payments somewhere.
func (s *step) counts(where func(*flowv1.PaymentLimit) bool) bool {
	return slices.ContainsFunc(s.data.Limits, where)
}

// outside finds the limit that a payment of a sum can never fit, as far as the sum is known
// before the executor's year has said the tax; nil when there is none.
func (s *step) outside(sum *flowv1.TaskSum) *flowv1.LimitShort {
	from, to := amount(sum.Payout), amount(sum.Payout)
	switch {
	case Receipt(s.data) != nil || s.data.Kind == kindEntrepreneur || s.floats(): // the sum is known
	case s.data.Kind == kindSelfEmployed: // the bonus can only add to it
		to = amount(sum.Gross)
	default:
		from, to = money.New(0, money.RUB.Scale), amount(sum.Gross)
	}
	for _, l := range s.data.Limits {
		if limit.Outside(l, from, to) {
			return &flowv1.LimitShort{Limit: l}
		}
	}
	return nil
}

// failLimit writes which limit stopped the payment.
func (s *step) failLimit(code string, short *flowv1.LimitShort) {
	s.short = short
	s.fail(code, "")
}

// stopped is the limit that stopped a payment; one of the bank's own is known by its code alone.
func stopped(m *journalv1.Move) (flow.Stop, bool) {
	if m.GetSays() != saysFailed {
		return flow.Stop{}, false
	}
	d := new(flowv1.TaskData)
	if proto.Unmarshal(m.GetData(), d) != nil {
		return flow.Stop{}, false
	}
	stop := flow.Stop{Code: d.GetError().GetCode(), Setter: "bank"}
	if l := d.GetError().GetLimit().GetLimit(); l != nil {
		stop.Scope, stop.Setter = limit.Scope(l.GetScope()), limit.Setters[l.GetSetter()]
	}
	return stop, stop.Code == string(fault.PayoutLimit) || stop.Code == string(fault.PayoutLimitPeriod)
}

// question is what a shard that counts is asked of the payment; nil when no limit of it asks.
func (s *step) question(asked func(*flowv1.PaymentLimit) bool) *flowv1.PaymentQuestion {
	if !s.counts(asked) {
		return nil
	}
	q := &flowv1.PaymentQuestion{Count: s.data.Counting}
	for _, l := range s.data.Limits {
		if asked(l) {
			q.Limits = append(q.Limits, l)
		}
	}
	return q
}

// begun is the count of a payment that begins today; the sum is "" until the tax is known.
func (s *step) begun(sum string) *flowv1.PaymentCount {
	return &flowv1.PaymentCount{Day: s.view.Day, Way: s.data.Way, CompanyId: s.data.CompanyId, Amount: sum}
}

// askLimit asks whether the payment fits the company's days and months.
func (s *step) askLimit() {
	s.data.Phase = phaseLimit
	s.asks[takeLimit] = s.limitChange(&flowv1.LimitChange{Question: s.question(limit.OfCompany)})
}

func (s *step) limitChange(c *flowv1.LimitChange) []byte {
	c.Book, c.CompanyId, c.Task = s.view.Book, s.data.CompanyId, s.view.ID
	return flow.Bytes(c)
}

// limited takes the answer of the company's limits.
func (s *step) limited() {
	if s.data.Phase != phaseLimit || s.command.Number != s.view.Attempts[takeLimit] {
		s.on = answerLate
		return
	}
	a := &flowv1.LimitAnswer{}
	if err := proto.Unmarshal([]byte(s.command.Answer.Body), a); err != nil {
		a = &flowv1.LimitAnswer{}
	}
	switch s.command.Event {
	case limitDone:
		s.data.CountedCompany = append(s.data.CountedCompany, s.data.Counting)
		if s.out() {
			s.goOn(limitDoneIncome, limitDoneLast)
			return
		}
		s.sendPayout()
	case limitRefused:
		s.trim(s.bound())
		s.failLimit(s.code(fault.PayoutLimitPeriod), a.GetShort())
	}
}

// counted takes the answer to what nobody waits for.
func (s *step) counted() {
	if s.command.Event == countRefused {
		s.on, s.data.Attention = countDone, true
	}
}

// counting lists what the task's payments count as where a limit counts them: each that may
// have left, and the one in the making, once it was counted there.
func (s *step) counting(there func(*flowv1.PayoutAttempt) bool, pending bool) []*flowv1.PaymentCount {
	var all []*flowv1.PaymentCount
	for _, a := range s.data.Payouts {
		if a.Count != nil && there(a) && a.Result != resultRefused {
			all = append(all, a.Count)
		}
	}
	if pending {
		all = append(all, s.data.Counting)
	}
	return all
}

// recount compares what was counted of the task with what its payments count as now: what the
// person's shard is to be told, beside the year, and what the company's is told. An open
// question comes first.
func (s *step) recount() (was, now []*flowv1.PaymentCount) {
	if s.data.Phase != phaseLimit {
		want := s.counting((*flowv1.PayoutAttempt).GetCountCompany, false)
		out, in := limit.Missing(s.data.CountedCompany, want), limit.Missing(want, s.data.CountedCompany)
		if len(out)+len(in) > 0 {
			s.asks[tellLimit] = s.limitChange(&flowv1.LimitChange{CountsWas: out, CountsNow: in})
			s.data.CountedCompany = want
		}
	}
	want := s.counting((*flowv1.PayoutAttempt).GetCountPerson, s.data.Phase == phaseLimit && s.counts(limit.OfPerson))
	was, now = limit.Missing(s.data.CountedPerson, want), limit.Missing(want, s.data.CountedPerson)
	if len(was)+len(now) > 0 {
		s.data.CountedPerson = want
	}
	return was, now
}

// forget drops what only a payment in the making needs.
func (s *step) forget() {
	if p := s.data.Phase; p != phaseCheck && p != phaseTake && p != phaseLimit {
		s.data.Limits, s.data.Way, s.data.Counting = nil, flowv1.PayoutWay_PAYOUT_WAY_UNSPECIFIED, nil
	}
}
