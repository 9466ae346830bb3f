package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/contact"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// verbAdmit is the verb of the port "executor".
const verbAdmit = "admit"

// Invited makes an executor's data of what an invitation knows.
type Invited interface {
	// Aggregate reads an aggregate as it is now; false when there is none.
	Aggregate(ctx context.Context, book, flow, id string) (state string, data []byte, ok bool, err error)
	// InvitedPerson writes a person's data and requisites, and says under which versions
	// they stand; 0 = no requisites. The same again is the same version.
	InvitedPerson(ctx context.Context, book, invitation string, version uint32, executor string) (profile, requisites uint32, way port.Way, err error)
}

// executors reaches executors on their own shards.
type executors struct {
	submit Submit
	read   Invited
}

// FromExecutor serves the port "executor": verb admit (AdmitAsk) makes a person who was
// invited an executor, unless he is one, and has the company know him. Asking what became
// of it is asking again: whoever came by this invitation has come.
func FromExecutor(submit Submit, read Invited) port.Port { return &executors{submit, read} }

// Send implements port.Port.
func (e *executors) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbAdmit {
		return unknownVerb(ask)
	}
	var body flowv1.AdmitAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	there, wrong := e.there(ctx, ask, &body)
	if wrong != nil {
		return *wrong
	}
	if !there {
		if wrong := e.register(ctx, ask, &body); wrong != nil {
			return *wrong
		}
	}
	return answerOf(ask, e.tell(ctx, &body, contact.Name, contact.ID(body.GetExecutorId(), body.GetCompanyId()), body.GetCompanyId(), contact.Meet,
		engine.EffectKey+ask.Attempt+":contact", &flowv1.ContactMeet{ExecutorId: body.GetExecutorId(), Way: contact.Invited}))
}

// there says whether the person is an executor, as the ask has it, or by this invitation.
func (e *executors) there(ctx context.Context, ask port.Ask, body *flowv1.AdmitAsk) (bool, *port.Answer) {
	refuse := func(code fault.Code, reason string) (bool, *port.Answer) {
		a := answerOf(ask, engine.Outcome{Refusal: fault.Refuse(code, "executor_id", "%s", reason)})
		return false, &a
	}
	state, data, ok, err := e.read.Aggregate(ctx, body.GetBook(), executor.Name, body.GetExecutorId())
	if err != nil {
		return false, unread("executor")
	}
	d := new(flowv1.ExecutorData)
	if err := proto.Unmarshal(data, d); err != nil {
		return false, unread("executor")
	}
	switch {
	case !ok && !body.GetKnown():
		return false, nil
	case !ok:
		return refuse(fault.NotFound, "there is no such executor")
	case state == executor.Erasing || state == executor.Erased:
		return refuse(fault.WrongState, "the executor is erased")
	case !body.GetKnown() && d.GetInvitationId() != body.GetInvitationId():
		return refuse(fault.AlreadyExists, "the executor exists already")
	case d.GetKind() != body.GetKind():
		return refuse(fault.KindMismatch, "the executor works under another kind of employment")
	}
	return true, nil
}

// register makes the executor; nil when he is there.
func (e *executors) register(ctx context.Context, ask port.Ask, body *flowv1.AdmitAsk) *port.Answer {
	id := body.GetExecutorId()
	profile, requisites, by, err := e.read.InvitedPerson(ctx, body.GetBook(), body.GetInvitationId(), body.GetProfileVersion(), id)
	if err != nil {
		a := port.Unclear("the person's data could not be written")
		return &a
	}
	way, _ := limit.WayOf(string(by))
	o := e.tell(ctx, body, executor.Name, id, id, executor.Register, engine.EffectKey+ask.Attempt+":register", &flowv1.ExecutorRegister{
		Kind: body.GetKind(), Nonresident: body.GetNonresident(), ProfileVersion: profile, RequisitesVersion: requisites, Way: way, InvitationId: body.GetInvitationId(),
	})
	if o.Refusal == nil {
		return nil
	}
	if o.Refusal.Code == fault.KeyReused {
		a := port.Unclear("another send of the attempt was faster") // the executor will be found
		return &a
	}
	a := answerOf(ask, o)
	return &a
}

// tell submits one step of one aggregate.
func (e *executors) tell(ctx context.Context, body *flowv1.AdmitAsk, flowName, id, owner, event, key string, m proto.Message) engine.Outcome {
	return e.submit(ctx, engine.Request{Book: body.GetBook(), Actor: actorEffect, Operations: []engine.Operation{{Operation: &commandv1.Operation{
		Key:  key,
		What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{Flow: flowName, Id: id, Event: event, Body: flow.Bytes(m), Owner: owner}},
	}}}})[0]
}

// Find implements port.Port.
func (e *executors) Find(ctx context.Context, ask port.Ask) port.Answer { return e.Send(ctx, ask) }

// Memory implements port.Port.
func (e *executors) Memory() time.Duration { return ownMemory }
