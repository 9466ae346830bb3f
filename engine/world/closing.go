package world

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/closing"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// verbDraw is a verb of the port "closing", beside verbOpen.
const verbDraw = "draw"

// Drawer draws up companies' documents of months.
type Drawer interface {
	// Next draws up the first document that is missing or not true any more; nil = none is.
	Next(ctx context.Context, ask *flowv1.ClosingAsk) (*flowv1.ClosingDocument, error)
}

// closings are the monthly documents of companies behind the engine's shape.
type closings struct {
	submit Submit
	draw   Drawer
}

// FromClosing serves the port "closing": verb open (ClosingOpenAsk) begins the documents of a
// company, verb draw (ClosingAsk) draws one up and answers a ClosingDocument, or nothing.
// Neither acts on the world, so asking what became of it is asking again; a file that nobody
// is told of is under no number.
func FromClosing(submit Submit, draw Drawer) port.Port { return &closings{submit, draw} }

// Send implements port.Port.
func (c *closings) Send(ctx context.Context, ask port.Ask) port.Answer {
	switch ask.Verb {
	case verbOpen:
		return c.open(ctx, ask)
	case verbDraw:
		return c.next(ctx, ask)
	}
	return unknownVerb(ask)
}

func (c *closings) open(ctx context.Context, ask port.Ask) port.Answer {
	var body flowv1.ClosingOpenAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	return answerOf(ask, c.submit(ctx, engine.Request{
		Book: body.GetBook(), Actor: actorEffect,
		Operations: []engine.Operation{{Operation: &commandv1.Operation{
			Key: engine.EffectKey + ask.Attempt,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
				Flow: closing.Name, Id: body.GetCompanyId(), Event: closing.Open, Owner: body.GetCompanyId(),
				Body: flow.Bytes(&flowv1.ClosingOpen{FromMonth: body.GetFromMonth()}),
			}},
		}}},
	})[0])
}

func (c *closings) next(ctx context.Context, ask port.Ask) port.Answer {
	var body flowv1.ClosingAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	doc, err := c.draw.Next(ctx, &body)
	if refusal := (*fault.Refusal)(nil); errors.As(err, &refusal) && refusal.Code.Lookup().Kind != fault.Busy {
		return port.Unsent(refusal)
	}
	if err != nil {
		return *unread("closing document")
	}
	answer := port.Answer{Result: port.Done, Status: "done", Event: ask.Attempt}
	if doc != nil {
		answer.Body = string(flow.Bytes(doc))
	}
	return answer
}

// Find implements port.Port.
func (c *closings) Find(ctx context.Context, ask port.Ask) port.Answer { return c.Send(ctx, ask) }

// Memory implements port.Port.
func (c *closings) Memory() time.Duration { return ownMemory }
