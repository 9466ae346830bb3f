package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Verbs of the port "private".
const (
	verbErase  = "erase"
	verbForget = "forget"
)

// Eraser deletes what is known of a person. Deleting twice is deleting once.
type Eraser interface {
	Erase(ctx context.Context, book, executor string) error
	// Forget deletes what a registration that nobody went on with knows of a person.
	Forget(ctx context.Context, book, registration string) error
	// ForgetInvitation deletes what an invitation that ended knows of a person.
	ForgetInvitation(ctx context.Context, book, invitation string) error
}

// eraser is our own private tables behind the engine's shape.
type eraser struct{ private Eraser }

// FromPrivate serves the port "private": verb erase (ExecutorEraseAsk) deletes a person's
// key and data, verb forget (ForgetAsk) those of a registration or of an invitation. Asking what became of it
// is deleting again.
func FromPrivate(private Eraser) port.Port { return &eraser{private} }

// Send implements port.Port.
func (e *eraser) Send(ctx context.Context, ask port.Ask) port.Answer {
	var (
		erase  flowv1.ExecutorEraseAsk
		forget flowv1.ForgetAsk
		err    error
	)
	switch ask.Verb {
	case verbErase:
		if err := proto.Unmarshal(ask.Body, &erase); err != nil {
			return *malformed(ask, err)
		}
		err = e.private.Erase(ctx, erase.GetBook(), erase.GetExecutorId())
	case verbForget:
		if err := proto.Unmarshal(ask.Body, &forget); err != nil {
			return *malformed(ask, err)
		}
		if id := forget.GetInvitation(); id != "" {
			err = e.private.ForgetInvitation(ctx, forget.GetBook(), id)
			break
		}
		err = e.private.Forget(ctx, forget.GetBook(), forget.GetRegistration())
	default:
		return unknownVerb(ask)
	}
	if err != nil {
		return port.Unclear("the private tables did not say that it is erased")
	}
	return port.Answer{Result: port.Done, Status: "done", Event: ask.Attempt}
}

// Find implements port.Port.
func (e *eraser) Find(ctx context.Context, ask port.Ask) port.Answer { return e.Send(ctx, ask) }

// Memory implements port.Port.
func (e *eraser) Memory() time.Duration { return ownMemory }
