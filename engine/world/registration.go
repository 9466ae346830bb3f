package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/registration"
	"github.com/provodka/provodka/engine/port"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// registrations reaches the registrations of companies on their own shards.
type registrations struct{ submit Submit }

// FromRegistration serves the port "registration": verb deposit_found (DepositFoundAsk)
// tells a registration that its company's deposit is here. The attempt is the command's
// key, so telling twice is telling once.
func FromRegistration(submit Submit) port.Port { return &registrations{submit} }

// Send implements port.Port.
func (r *registrations) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != registration.DepositFound {
		return unknownVerb(ask)
	}
	var body flowv1.DepositFoundAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	return answerOf(ask, r.submit(ctx, engine.Request{
		Book: body.GetBook(), Actor: actorEffect,
		Operations: []engine.Operation{{Operation: &commandv1.Operation{
			Key: engine.EffectKey + ask.Attempt,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
				Flow: registration.Name, Id: body.GetRegistration(), Event: registration.DepositFound, Owner: body.GetRegistration(),
			}},
		}}},
	})[0])
}

// Find implements port.Port.
func (r *registrations) Find(ctx context.Context, ask port.Ask) port.Answer { return r.Send(ctx, ask) }

// Memory implements port.Port.
func (r *registrations) Memory() time.Duration { return ownMemory }
