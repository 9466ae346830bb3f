package world

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// reached has an executor's addresses by channel.
type reached struct {
	addresses map[string]string
	err       error
}

func (r reached) Address(_ context.Context, channel, _, kind, _ string, _ uint32) (string, bool, error) {
	a, ok := r.addresses[channel]
	return a, ok && kind == "executor", r.err
}

func TestLinksGoToThePhoneOrByMail(t *testing.T) {
	t.Parallel()
	ask := port.Ask{Attempt: "a1", Verb: verbInvite, Body: flow.Bytes(&flowv1.SigningAsk{
		Book: "main", TaskId: "task-1", CompanyId: "company-1", Document: "act", ExecutorId: "executor-1",
	})}
	for name, tc := range map[string]struct {
		reached
		channel string
		result  port.Result
	}{
		"phone and mail": {reached{map[string]string{"sms": "+79160000001", "mail": "a@b.example"}, nil}, "sms", port.Done},
		"mail alone":     {reached{map[string]string{"sms": "", "mail": "a@b.example"}, nil}, "mail", port.Done},
		"neither":        {reached{}, "", port.Refused},
		"no database":    {reached{err: errors.New("gone")}, "", port.Unknown},
	} {
		var channel string
		p := FromSigning(func(_ context.Context, r engine.Request) []engine.Outcome {
			f := r.Operations[0].Operation.GetFlow()
			var b flowv1.SignInvite
			if err := proto.Unmarshal(f.GetBody(), &b); err != nil || f.GetId() != "task-1-act" || f.GetOwner() != "company-1" || f.GetEvent() != "invite" ||
				r.Operations[0].Operation.GetKey() != "effect:a1" || b.GetExecutorId() != "executor-1" {
				t.Errorf("%s: %v %v", name, f, err)
			}
			channel = b.GetChannel()
			return []engine.Outcome{{}}
		}, tc.reached)
		for _, a := range []port.Answer{p.Send(t.Context(), ask), p.Find(t.Context(), ask)} {
			if a.Result != tc.result || channel != tc.channel || tc.result == port.Refused && a.Code != fault.NotFound {
				t.Errorf("%s: by %q, %+v", name, channel, a)
			}
		}
	}
}
