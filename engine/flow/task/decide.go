package task

import (
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// step is one decision in the making: the task's data, changed in place, and
// what the row will need.
type step struct {
	view    flow.View
	command flow.Command
	data    *flowv1.TaskData
	on      string
	amounts map[string]money.Amount
	asks    map[string][]byte
	short   *flowv1.LimitShort // the limit that stops the payment
}

// decide is the flow's Decide. It names the row, the amounts and the accounts.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	s := &step{
		view: v, command: c, data: flow.ReadData(v, &flowv1.TaskData{}), on: c.Event,
		amounts: map[string]money.Amount{}, asks: map[string][]byte{},
	}
	due := s.data.Error.GetRetryAt()
	signed := s.signed()
	was := &flowv1.TaskData{CompanyId: s.data.CompanyId, ExecutorId: s.data.ExecutorId, Offer: proto.CloneOf(s.data.Offer)}
	if refusal := s.run(); refusal != nil {
		return flow.Decision{}, refusal
	}
	s.tell()
	s.forget()
	s.invite()
	s.stamp(signed)
	d := s.decision()
	s.address(was, &d)
	s.await(retryDue, due, s.data.Error.GetRetryAt(), &d)
	return d, nil
}

// run sends the command to the method that knows it.
func (s *step) run() *fault.Refusal {
	switch s.command.Event {
	case Create:
		return s.create()
	case Assign:
		return s.assign()
	case Change:
		return s.edit()
	case Delete:
		return s.remove()
	case Offer:
		return s.offer()
	case Accept:
		return s.accept()
	case Decline:
		return s.decline()
	case Withdraw:
		return s.withdraw()
	case Sign:
		return s.sign()
	case Countersign:
		return s.countersign()
	case Report, Done, ActSignExecutor, ActSign:
		return s.work()
	case Pay, Retry:
		return s.pay()
	case Cancel:
		return s.cancel()
	case offerExpired:
		s.expire()
		return nil
	case retryDue, Recheck:
		return s.tryAgain()
	case selfDone, selfRefused, selfUnknown:
		s.triedAgain()
		return nil
	case overdue:
		s.data.Attention = true
		return nil
	case holdDone, holdRefused, holdUnknown:
		s.held()
		return nil
	case checkDone, checkRefused, checkUnknown:
		s.checked()
		return nil
	case takeDone, takeRefused, takeUnknown:
		s.taken()
		return nil
	case limitDone, limitRefused, limitUnknown:
		s.limited()
		return nil
	case countDone, countRefused, countUnknown:
		s.counted()
		return nil
	case annulDone, annulRefused, annulUnknown:
		s.annulled()
		return nil
	case tellDone, tellRefused, tellUnknown:
		s.told()
		return nil
	case signTold, signRefused, signUnknown:
		s.on = answerLate // he may sign without the message too
		return nil
	case stamped, stampRefused, stampUnknown:
		s.drawn()
		return nil
	case payoutDone, payoutRefused, payoutUnknown:
		s.paidOut()
		return nil
	case incomeDone, incomeRefused, incomeUnknown:
		s.registered()
		return nil
	}
	return flow.WrongState(s.view, s.command)
}

// decision closes the step. Amounts that nothing named are zero: their rows drop.
func (s *step) decision() flow.Decision {
	d := flow.Decision{
		On: s.on, Data: flow.Bytes(s.data), Amounts: s.amounts, Rest: true, Asks: s.asks, Sections: s.sections(),
		Owners: map[string]string{
			ownerCompany: s.data.CompanyId, ownerTask: s.view.ID, ownerExecutor: s.data.ExecutorId,
		},
	}
	switch s.data.Kind {
	case flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED:
		d.Cases = []string{caseSelfEmployed}
	case flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT:
		d.Cases = []string{caseCivilContract}
	}
	return d
}

// now is the decision's clock as the data keeps moments: RFC 3339 in UTC.
func (s *step) now() string { return flow.Text(s.view.Clock) }

// amount reads an amount of the task's own data; "" is zero.
func amount(text string) money.Amount {
	if text == "" {
		return money.New(0, money.RUB.Scale)
	}
	a, err := money.RUB.Parse(text)
	if err != nil {
		panic("task: its own data: " + err.Error())
	}
	return a
}

// text writes an amount into the task's data; zero is "".
func text(a money.Amount) string {
	if a.IsZero() {
		return ""
	}
	return money.RUB.Format(a)
}
