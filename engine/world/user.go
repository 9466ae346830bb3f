package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/user"
	"github.com/provodka/provodka/engine/port"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// users reaches the users of companies on their own shards.
type users struct{ submit Submit }

// FromUser serves the port "user": verb found (FoundAsk) makes whoever registered a company
// its first owner. The attempt is the command's key, so asking twice is asking once.
func FromUser(submit Submit) port.Port { return &users{submit} }

// Send implements port.Port.
func (u *users) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != user.Found {
		return unknownVerb(ask)
	}
	var body flowv1.FoundAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	return answerOf(ask, u.submit(ctx, engine.Request{
		Book: body.GetBook(), Actor: actorEffect,
		Operations: []engine.Operation{{Operation: &commandv1.Operation{
			Key: engine.EffectKey + ask.Attempt,
			What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
				Flow: user.Name, Id: body.GetCompanyId(), Event: user.Found, Owner: body.GetCompanyId(),
				Body: flow.Bytes(&flowv1.UserFound{
					UserId: body.GetUserId(), ProfileVersion: body.GetProfileVersion(), CredentialVersion: body.GetCredentialVersion(),
				}),
			}},
		}}},
	})[0])
}

// Find implements port.Port.
func (u *users) Find(ctx context.Context, ask port.Ask) port.Answer { return u.Send(ctx, ask) }

// Memory implements port.Port.
func (u *users) Memory() time.Duration { return ownMemory }
