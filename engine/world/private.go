package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// verbErase is the verb of the port "private".
const verbErase = "erase"

// Eraser deletes what is known of a person. Deleting twice is deleting once.
type Eraser interface {
	Erase(ctx context.Context, book, executor string) error
}

// eraser is our own private tables behind the engine's shape.
type eraser struct{ private Eraser }

// FromPrivate serves the port "private": verb erase (ExecutorEraseAsk) deletes a
// person's key and data. Asking what became of it is deleting again.
func FromPrivate(private Eraser) port.Port { return &eraser{private} }

// Send implements port.Port.
func (e *eraser) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbErase {
		return unknownVerb(ask)
	}
	var body flowv1.ExecutorEraseAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	if err := e.private.Erase(ctx, body.GetBook(), body.GetExecutorId()); err != nil {
		return port.Unclear("the private tables did not say that it is erased")
	}
	return port.Answer{Result: port.Done, Status: "done", Event: ask.Attempt}
}

// Find implements port.Port.
func (e *eraser) Find(ctx context.Context, ask port.Ask) port.Answer { return e.Send(ctx, ask) }

// Memory implements port.Port.
func (e *eraser) Memory() time.Duration { return ownMemory }
