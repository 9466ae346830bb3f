package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/sign"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// verbInvite is the verb of the port "signing".
const verbInvite = "invite"

// signings sends executors their links.
type signings struct {
	submit Submit
	read   AddressReader
}

// FromSigning serves the port "signing": verb invite (SigningAsk) has the signing of a task's
// document send its executor the link, by SMS, or by mail to who has no phone. The attempt is
// the command's key, so asking twice is sending once.
func FromSigning(submit Submit, read AddressReader) port.Port { return &signings{submit, read} }

// LinkChannel is how an executor is sent a link: by SMS, or by mail when he has no phone.
func LinkChannel(ctx context.Context, read AddressReader, book, executor string) (string, error) {
	for _, channel := range []string{sign.SMS, sign.Mail} {
		switch to, ok, err := read.Address(ctx, channel, book, "executor", executor, 0); {
		case err != nil:
			return "", err
		case ok && to != "":
			return channel, nil
		}
	}
	return "", fault.Refuse(fault.NotFound, "executor_id", "the executor has neither phone nor mail address")
}

// Send implements port.Port.
func (s *signings) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbInvite {
		return unknownVerb(ask)
	}
	var body flowv1.SigningAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	channel, err := LinkChannel(ctx, s.read, body.GetBook(), body.GetExecutorId())
	if refusal, ok := err.(*fault.Refusal); ok {
		return port.Unsent(refusal)
	}
	if err != nil {
		return *unread("executor")
	}
	return answerOf(ask, s.submit(ctx, engine.Request{
		Book: body.GetBook(), Actor: actorEffect,
		Operations: []engine.Operation{{Operation: &commandv1.Operation{
			Key: engine.EffectKey + ask.Attempt,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
				Flow: sign.Name, Id: sign.ID(body.GetTaskId(), body.GetDocument()), Event: sign.Invite, Owner: body.GetCompanyId(),
				Body: flow.Bytes(&flowv1.SignInvite{
					TaskId: body.GetTaskId(), CompanyId: body.GetCompanyId(), Document: body.GetDocument(), ExecutorId: body.GetExecutorId(), Channel: channel,
				}),
			}},
		}}},
	})[0])
}

// Find implements port.Port.
func (s *signings) Find(ctx context.Context, ask port.Ask) port.Answer { return s.Send(ctx, ask) }

// Memory implements port.Port.
func (s *signings) Memory() time.Duration { return ownMemory }
