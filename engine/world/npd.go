package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Verbs of the ports "npd" and "npdstatus".
const (
	verbBind     = "bind"
	verbBound    = "bound"
	verbStanding = "standing"
	verbIncome   = "income"
)

// NPDReader finds whom the tax service is asked about.
type NPDReader interface {
	// Person is an executor's INN and phone as they are now; false when nothing is known
	// of the executor.
	Person(ctx context.Context, book, executor string) (inn, phone string, ok bool, err error)
	// Phone is the phone that the books name, and the version of the data that has it.
	Phone(ctx context.Context, book, executor string) (phone string, version uint32, err error)
}

// npdPort is the tax service as the partner of people behind the engine's shape.
type npdPort struct {
	service port.NPD
	read    NPDReader
}

// FromNPD serves the port "npd": verbs bind, bound, standing and income (NpdAsk). Each is a
// question that may be repeated, so asking what became of it is asking again.
func FromNPD(service port.NPD, read NPDReader) port.Port { return &npdPort{service, read} }

// Send implements port.Port.
func (n *npdPort) Send(ctx context.Context, ask port.Ask) port.Answer {
	body, inn, phone, wrong := person(ctx, n.read, ask)
	if wrong != nil {
		if ask.Verb == verbBound && wrong.Code == fault.NotFound && body.GetOrder() != "" {
			return n.forgotten(ctx, body.GetOrder())
		}
		return *wrong
	}
	said := &flowv1.NpdAnswer{Order: body.GetOrder()}
	var s *port.Standing
	var answer port.Answer
	switch ask.Verb {
	case verbBind:
		r := port.BindRequest{INN: inn, Permissions: body.GetPermissions()}
		if body.GetByPhone() {
			if r.Phone = phone; phone == "" {
				return port.Unsent(fault.Refuse(fault.Malformed, "phone", "the executor has no phone"))
			}
		}
		said.Order, s, answer = n.service.Bind(ctx, r)
	case verbBound:
		s, answer = n.service.Bound(ctx, body.GetOrder(), inn)
	case verbStanding:
		s, answer = n.service.Standing(ctx, inn)
	case verbIncome:
		var months []money.Amount
		months, answer = n.service.Earned(ctx, inn, int(body.GetYear()), int(body.GetMonth()), int(body.GetUntil()))
		for _, sum := range months {
			said.Incomes = append(said.Incomes, money.RUB.Format(sum))
		}
	default:
		return unknownVerb(ask)
	}
	if answer.Result != port.Unknown {
		var err error
		if said.Standing, err = n.standing(ctx, ask.Verb, body, inn, s); err != nil {
			return *unread("executor")
		}
		answer.Body = string(flow.Bytes(said))
	}
	return port.WithoutINN(answer, inn)
}

// standing is what the books are told of a standing: of the phone only whether it is ours. An
// answer to a request does not name it, so the service is asked at once; the night asks again.
func (n *npdPort) standing(ctx context.Context, verb string, body *flowv1.NpdAsk, inn string, s *port.Standing) (*flowv1.NpdStanding, error) {
	said := standingMessage(s)
	if s == nil || !s.Registered || !s.Bound {
		return said, nil
	}
	theirs := s.Phone
	if theirs == "" && verb != verbStanding {
		if now, answer := n.service.Standing(ctx, inn); answer.Result == port.Done && now != nil {
			theirs = now.Phone
		}
	}
	there, refusal := requisite.Phone("phone", theirs)
	if refusal != nil {
		return said, nil
	}
	ours, version, err := n.read.Phone(ctx, body.GetBook(), body.GetExecutorId())
	if err != nil || ours == "" {
		return said, err
	}
	said.Phone, said.PhoneVersion = flowv1.PhoneMatch_PHONE_MATCH_OTHER, version
	if private.Same(there, ours) {
		said.Phone = flowv1.PhoneMatch_PHONE_MATCH_SAME
	}
	return said, nil
}

// forgotten asks what became of the request of somebody who is erased: whoever says yes to it
// is unbound again, by the INN that the service tells, and nobody keeps it. While the person
// has not answered, that is not known.
func (n *npdPort) forgotten(ctx context.Context, order string) port.Answer {
	s, a := n.service.Bound(ctx, order, "")
	switch {
	case a.Result == port.Refused:
		return port.Answer{Result: port.Refused, Status: a.Status, Code: a.Code, Body: string(flow.Bytes(&flowv1.NpdAnswer{Order: order}))}
	case a.Result == port.Done && s == nil: // not answered yet
		return port.Answer{Result: port.Done, Status: a.Status, Body: string(flow.Bytes(&flowv1.NpdAnswer{Order: order}))}
	}
	return port.Unclear("an erased person's request")
}

// Find implements port.Port.
func (n *npdPort) Find(ctx context.Context, ask port.Ask) port.Answer { return n.Send(ctx, ask) }

// Memory implements port.Port.
func (n *npdPort) Memory() time.Duration { return ownMemory }

func standingMessage(s *port.Standing) *flowv1.NpdStanding {
	if s == nil {
		return nil
	}
	return &flowv1.NpdStanding{Registered: s.Registered, Bound: s.Bound, Permissions: s.Permissions, Code: s.Code}
}

// person reads an ask and whom it is about.
func person(ctx context.Context, read NPDReader, ask port.Ask) (body *flowv1.NpdAsk, inn, phone string, wrong *port.Answer) {
	body = new(flowv1.NpdAsk)
	if err := proto.Unmarshal(ask.Body, body); err != nil {
		return nil, "", "", malformed(ask, err)
	}
	inn, phone, ok, err := read.Person(ctx, body.GetBook(), body.GetExecutorId())
	switch {
	case err != nil:
		return nil, "", "", unread("executor")
	case !ok:
		return body, "", "", unsent(fault.Refuse(fault.NotFound, "executor_id", "there is no personal data of %s", body.GetExecutorId()))
	}
	return body, inn, phone, nil
}

// npdList is the public list behind the engine's shape.
type npdList struct {
	list port.NPDStatus
	read NPDReader
	now  func() time.Time
}

// FromNPDStatus serves the port "npdstatus": verb check (NpdAsk). The list is asked about
// the day of Moscow on which it is asked.
func FromNPDStatus(list port.NPDStatus, read NPDReader, now func() time.Time) port.Port {
	return &npdList{list, read, now}
}

// Send implements port.Port.
func (n *npdList) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbCheck {
		return unknownVerb(ask)
	}
	_, inn, _, wrong := person(ctx, n.read, ask)
	if wrong != nil {
		return *wrong
	}
	return port.WithoutINN(n.list.Listed(ctx, inn, n.now().In(flow.Moscow).Format(time.DateOnly)), inn)
}

// Find implements port.Port.
func (n *npdList) Find(ctx context.Context, ask port.Ask) port.Answer { return n.Send(ctx, ask) }

// Memory implements port.Port.
func (n *npdList) Memory() time.Duration { return ownMemory }

// watching tells a person's aggregate what a check before a payment has learned.
type watching struct {
	port.Port
	service port.NPD
	read    NPDReader
	submit  Submit
}

// Watched is the port "income" that tells the flow npd of every refused check how the
// person stands, before the refusal is an answer.
func Watched(income port.Port, service port.NPD, read NPDReader, submit Submit) port.Port {
	return &watching{income, service, read, submit}
}

// Send implements port.Port.
func (w *watching) Send(ctx context.Context, ask port.Ask) port.Answer {
	return w.told(ctx, ask, w.Port.Send(ctx, ask))
}

// Find implements port.Port.
func (w *watching) Find(ctx context.Context, ask port.Ask) port.Answer {
	return w.told(ctx, ask, w.Port.Find(ctx, ask))
}

func (w *watching) told(ctx context.Context, ask port.Ask, answer port.Answer) port.Answer {
	if ask.Verb != verbCheck || answer.Result != port.Refused || answer.Code != fault.IncomeDenied {
		return answer
	}
	var body flowv1.IncomeAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return answer
	}
	inn, _, ok, err := w.read.Person(ctx, body.GetBook(), body.GetExecutorId())
	if err != nil || !ok {
		return answer
	}
	s, said := w.service.Standing(ctx, inn)
	if said.Result != port.Done {
		return answer // the night finds it
	}
	o := w.submit(ctx, observed(body.GetBook(), body.GetExecutorId(), ask.Attempt, npd.SourcePayment, s))[0]
	if o.Refusal != nil && o.Refusal.Code.Lookup().Retry == fault.RetrySame {
		return port.Unclear("not told: " + string(o.Refusal.Code))
	}
	return answer
}

// observed is the command that tells how a person stands.
func observed(book, executor, attempt, source string, s *port.Standing) engine.Request {
	return engine.Request{Book: book, Actor: actorEffect, Operations: []engine.Operation{{Operation: &commandv1.Operation{
		Key: engine.EffectKey + attempt + ":npd",
		What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
			Flow: npd.Name, Id: executor, Event: npd.Observed, Owner: executor,
			Body: flow.Bytes(&flowv1.NpdObserved{Standing: standingMessage(s), Source: source}),
		}},
	}}}}
}
