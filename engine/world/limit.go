package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/port"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// limits reaches what is counted of companies' payments, on their own shards.
type limits struct{ submit Submit }

// FromLimit serves the port "limit": verb change (LimitChange) counts a payment of a
// company, or takes one back. The attempt is the command's key, so asking twice changes once
// and gives the first answer.
func FromLimit(submit Submit) port.Port { return &limits{submit} }

// Send implements port.Port.
func (l *limits) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbChange {
		return unknownVerb(ask)
	}
	var body flowv1.LimitChange
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	o := change(ctx, l.submit, ask, body.GetBook(), limit.Name, body.GetCompanyId())
	answer := answerOf(ask, o)
	switch answer.Result {
	case port.Done:
		answer.Body = string(flow.Bytes(limit.Answer(o.Record.GetMove().GetData())))
	case port.Refused:
		answer.Body = string(flow.Bytes(&flowv1.LimitAnswer{Short: limit.ShortOf(o.Refusal)}))
	case port.Unknown, port.NotFound:
	}
	return answer
}

// change hands an ask's body to an aggregate that is its own owner, as its event "change".
func change(ctx context.Context, submit Submit, ask port.Ask, book, flowName, id string) engine.Outcome {
	return submit(ctx, engine.Request{
		Book: book, Actor: actorEffect,
		Operations: []engine.Operation{{Operation: &commandv1.Operation{
			Key:  engine.EffectKey + ask.Attempt,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{Flow: flowName, Id: id, Event: verbChange, Body: ask.Body, Owner: id}},
		}}},
	})[0]
}

// Find implements port.Port.
func (l *limits) Find(ctx context.Context, ask port.Ask) port.Answer { return l.Send(ctx, ask) }

// Memory implements port.Port.
func (l *limits) Memory() time.Duration { return ownMemory }
