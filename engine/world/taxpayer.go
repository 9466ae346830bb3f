package world

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/engine/port"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Verbs of the port "taxpayer".
const (
	verbChange = "change"
	verbLook   = "look"
)

// taxpayers reaches the years of people on their own shards.
type taxpayers struct{ submit Submit }

// FromTaxpayer serves the port "taxpayer": verb change (TaxpayerChange) changes what a
// task is in its executor's year. The attempt is the command's key, so asking twice
// changes once and gives the first answer; one that waits for the tax service is Unknown, and the next ask finds how it stands. Verb look (TaxpayerLook) has the income of the year
// asked for, of who is bound and lets us see it.
func FromTaxpayer(submit Submit) port.Port { return &taxpayers{submit} }

// Send implements port.Port.
func (t *taxpayers) Send(ctx context.Context, ask port.Ask) port.Answer {
	switch ask.Verb {
	case verbLook:
		return t.look(ctx, ask)
	case verbChange:
		return t.change(ctx, ask)
	}
	return unknownVerb(ask)
}

func (t *taxpayers) look(ctx context.Context, ask port.Ask) port.Answer {
	var body flowv1.TaxpayerLook
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	o := t.submit(ctx, engine.Request{Book: body.GetBook(), Actor: actorEffect, Operations: []engine.Operation{
		instruct(taxpayer.Name, body.GetExecutorId(), taxpayer.Look, engine.EffectKey+ask.Attempt, nil),
	}})[0]
	return answerOf(ask, o)
}

func (t *taxpayers) change(ctx context.Context, ask port.Ask) port.Answer {
	var body flowv1.TaxpayerChange
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	o := change(ctx, t.submit, ask, body.GetBook(), taxpayer.Name, body.GetExecutorId())
	said := changed(o)
	for n := 1; said.GetAsking() && o.Replayed; n++ { // it was put off before: is it now?
		again := ask
		again.Attempt += fmt.Sprint(":", n)
		o = change(ctx, t.submit, again, body.GetBook(), taxpayer.Name, body.GetExecutorId())
		said = changed(o)
	}
	answer := answerOf(ask, o)
	switch answer.Result {
	case port.Done:
		if said.GetAsking() {
			return port.Unclear("the tax service is being asked about the year")
		}
		answer.Body = string(flow.Bytes(said))
	case port.Refused:
		said := &flowv1.TaxpayerAnswer{Short: limit.ShortOf(o.Refusal)}
		if said.Short == nil {
			said.Free = o.Refusal.Facts[taxpayer.FactFree]
		}
		answer.Body = string(flow.Bytes(said))
	case port.Unknown, port.NotFound:
	}
	return answer
}

// changed is what a change gave. One that is put off changes nothing, so it comes again under a key
// behind all those under which it was.
func changed(o engine.Outcome) *flowv1.TaxpayerAnswer {
	if o.Refusal != nil {
		return nil
	}
	return taxpayer.Answer(o.Record.GetMove().GetData())
}

// Find implements port.Port.
func (t *taxpayers) Find(ctx context.Context, ask port.Ask) port.Answer { return t.Send(ctx, ask) }

// Memory implements port.Port.
func (t *taxpayers) Memory() time.Duration { return ownMemory }
