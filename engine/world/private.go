package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow/npd"
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

// Leaving says who is about to be erased.
type Leaving interface {
	NPDReader
	// Aggregate reads an aggregate as it is now; false when there is none.
	Aggregate(ctx context.Context, book, flow, id string) (state string, data []byte, ok bool, err error)
}

// eraser is our own private tables behind the engine's shape.
type eraser struct {
	private Eraser
	service port.NPD
	read    Leaving
}

// FromPrivate serves the port "private": verb erase (ExecutorEraseAsk) takes our binding to
// a person at the tax service back, which needs the INN, and then deletes the person's key
// and data, verb forget (ForgetAsk) those of a registration or of an invitation. Asking what became of it
// is deleting again.
func FromPrivate(private Eraser, service port.NPD, read Leaving) port.Port {
	return &eraser{private, service, read}
}

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
		if wrong := e.unbind(ctx, erase.GetBook(), erase.GetExecutorId()); wrong != nil {
			return *wrong
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

// unbind takes our binding to a person back; nil when there is none any more. Nothing is
// deleted before: without the INN nobody could. A request that the person may still say yes to
// is asked about by its own id from then on, and a yes is taken back.
func (e *eraser) unbind(ctx context.Context, book, executor string) *port.Answer {
	state, _, ok, err := e.read.Aggregate(ctx, book, npd.Name, executor)
	if err != nil {
		return unread("standing at the tax service")
	}
	if !ok || state == npd.Unbound {
		return nil
	}
	if state == npd.Requesting { // the person may have it any moment, and nobody would know under whose name
		a := port.Unclear("a request for permissions is on its way to the person")
		return &a
	}
	inn, _, known, err := e.read.Person(ctx, book, executor)
	switch {
	case err != nil:
		return unread("executor")
	case !known: // erased before
		return nil
	}
	if a := e.service.Unbind(ctx, inn); a.Result != port.Done {
		a := port.Unclear("the tax service did not say that the person is not bound any more")
		return &a
	}
	return nil
}

// Find implements port.Port.
func (e *eraser) Find(ctx context.Context, ask port.Ask) port.Answer { return e.Send(ctx, ask) }

// Memory implements port.Port.
func (e *eraser) Memory() time.Duration { return ownMemory }
