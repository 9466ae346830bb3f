package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/engine/port"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// verbRefund is the verb of the port "remittance".
const verbRefund = "refund"

// remittances reaches the orders of taxes on their own shards.
type remittances struct{ submit Submit }

// FromRemittance serves the port "remittance": verb refund (RemittanceRefund) has an order
// count what the tax service gives back of what it was paid twice. The attempt is the command's
// key, so telling twice is telling once; refused is what the order refuses, in its words.
func FromRemittance(submit Submit) port.Port { return &remittances{submit} }

// Send implements port.Port.
func (r *remittances) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbRefund {
		return unknownVerb(ask)
	}
	var body flowv1.RemittanceRefund
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	owner, refusal := remittance.OwnerOf(body.GetRemittance())
	if refusal != nil {
		return *unsent(refusal)
	}
	o := r.submit(ctx, engine.Request{
		Book: body.GetBook(), Actor: actorEffect,
		Operations: []engine.Operation{{Operation: &commandv1.Operation{
			Key: engine.EffectKey + ask.Attempt,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
				Flow: remittance.Name, Id: body.GetRemittance(), Event: remittance.Refund, Body: ask.Body, Owner: owner,
			}},
		}}},
	})[0]
	answer := answerOf(ask, o)
	if answer.Result == port.Refused {
		answer.Reason = o.Refusal.Reason
	}
	return answer
}

// Find implements port.Port.
func (r *remittances) Find(ctx context.Context, ask port.Ask) port.Answer { return r.Send(ctx, ask) }

// Memory implements port.Port.
func (r *remittances) Memory() time.Duration { return ownMemory }
