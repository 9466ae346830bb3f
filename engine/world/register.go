package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// RegisterReader finds which company is asked about, and keeps what is said of it.
type RegisterReader interface {
	// RegistrationINN is the INN that a version of a registration names.
	RegistrationINN(ctx context.Context, book, registration string, version uint32) (string, bool, error)
	// Registered adds what the register said to that version, and says under which version
	// it stands now. The same again is the same version.
	Registered(ctx context.Context, book, registration string, version uint32, e port.Entity) (uint32, error)
}

// register is the state register of companies behind the engine's shape.
type register struct {
	entities port.Entities
	read     RegisterReader
}

// FromRegister serves the port "register": verb check (RegisterAsk). What the register says
// goes to the private tables; the answer carries its version.
func FromRegister(entities port.Entities, read RegisterReader) port.Port {
	return &register{entities, read}
}

// Send implements port.Port.
func (r *register) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbCheck {
		return unknownVerb(ask)
	}
	var body flowv1.RegisterAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	inn, ok, err := r.read.RegistrationINN(ctx, body.GetBook(), body.GetRegistration(), body.GetProfileVersion())
	switch {
	case err != nil:
		return *unread("registration")
	case !ok:
		return *unsent(fault.Refuse(fault.NotFound, "profile_version", "there is no INN in version %d of %s", body.GetProfileVersion(), body.GetRegistration()))
	}
	entity, answer := r.entities.Entity(ctx, inn)
	answer = port.WithoutINN(answer, inn) // an answer goes into the log
	if answer.Result != port.Done {
		return answer
	}
	version, err := r.read.Registered(ctx, body.GetBook(), body.GetRegistration(), body.GetProfileVersion(), entity)
	if err != nil {
		return port.Unclear("what the register said could not be kept")
	}
	answer.Body = string(flow.Bytes(&flowv1.RegisterAnswer{ProfileVersion: version}))
	return answer
}

// Find implements port.Port: a question is asked again.
func (r *register) Find(ctx context.Context, ask port.Ask) port.Answer { return r.Send(ctx, ask) }

// Memory implements port.Port.
func (r *register) Memory() time.Duration { return ownMemory }
