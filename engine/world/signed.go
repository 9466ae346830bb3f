package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/sign"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// verbTask is the verb of the port "signed".
const verbTask = "task"

// signed tells what a signature by code means to whoever's document it is.
type signed struct{ submit Submit }

// FromSigned serves the port "signed": verb task (SignedAsk) tells a task that its
// executor signed a document. The attempt is the command's key, so telling twice is
// telling once.
func FromSigned(submit Submit) port.Port { return &signed{submit} }

// Send implements port.Port.
func (s *signed) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbTask {
		return unknownVerb(ask)
	}
	var body flowv1.SignedAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	event, known := map[string]string{sign.Agreement: task.Sign, sign.Act: task.ActSignExecutor}[body.GetDocument()]
	if !known {
		return port.Unsent(fault.Refuse(fault.Malformed, "document", "%.32q is no document of a task", body.GetDocument()))
	}
	outcomes := s.submit(ctx, engine.Request{
		Book: body.GetBook(), Actor: actorEffect,
		Operations: []engine.Operation{{Operation: &commandv1.Operation{
			Key: engine.EffectKey + ask.Attempt,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
				Flow: task.Name, Id: body.GetTaskId(), Event: event, Owner: body.GetCompanyId(),
				Body: flow.Bytes(&flowv1.TaskSign{Terms: body.GetTerms(), Signature: body.GetSignature()}),
			}},
		}}},
	})
	return answerOf(ask, outcomes[0])
}

// Find implements port.Port.
func (s *signed) Find(ctx context.Context, ask port.Ask) port.Answer { return s.Send(ctx, ask) }

// Memory implements port.Port.
func (s *signed) Memory() time.Duration { return ownMemory }
