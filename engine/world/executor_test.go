package world

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// guests is an invited person's data, and the executor as the books have him.
type guests struct {
	state   string
	data    *flowv1.ExecutorData
	broken  error
	written int
}

func (g *guests) Aggregate(context.Context, string, string, string) (string, []byte, bool, error) {
	if g.data == nil {
		return "", nil, false, g.broken
	}
	return g.state, flow.Bytes(g.data), true, g.broken
}

func (g *guests) InvitedPerson(context.Context, string, string, uint32, string) (uint32, uint32, port.Way, error) {
	g.written++
	return 1, 2, port.BySBP, nil
}

// TestAdmit: a new person is registered and met, a known one is met alone, and whoever
// cannot be either is refused with the reason.
func TestAdmit(t *testing.T) {
	t.Parallel()
	const selfemployed = flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED
	is := func(invitation string, kind flowv1.EmploymentKind) *flowv1.ExecutorData {
		return &flowv1.ExecutorData{InvitationId: invitation, Kind: kind}
	}
	for name, c := range map[string]struct {
		known    bool
		there    *guests
		refuse   fault.Code // of the registering
		result   port.Result
		code     fault.Code
		commands []string
	}{
		"new":                    {false, &guests{}, "", port.Done, "", []string{"executor.register", "contact.meet"}},
		"new, come already":      {false, &guests{state: "registered", data: is("i-1", selfemployed)}, "", port.Done, "", []string{"contact.meet"}},
		"new, somebody else":     {false, &guests{state: "registered", data: is("", selfemployed)}, "", port.Refused, fault.AlreadyExists, nil},
		"known":                  {true, &guests{state: "registered", data: is("", selfemployed)}, "", port.Done, "", []string{"contact.meet"}},
		"known, blocked":         {true, &guests{state: "blocked", data: is("", selfemployed)}, "", port.Done, "", []string{"contact.meet"}},
		"known, of another kind": {true, &guests{state: "registered", data: is("", 2)}, "", port.Refused, fault.KindMismatch, nil},
		"known, erased":          {true, &guests{state: "erased", data: is("", selfemployed)}, "", port.Refused, fault.WrongState, nil},
		"known, gone":            {true, &guests{}, "", port.Refused, fault.NotFound, nil},
		"busy":                   {false, &guests{}, fault.Unavailable, port.Unknown, "", []string{"executor.register"}},
		"raced":                  {false, &guests{}, fault.KeyReused, port.Unknown, "", []string{"executor.register"}},
		"taken meanwhile":        {false, &guests{}, fault.AlreadyExists, port.Refused, fault.AlreadyExists, []string{"executor.register"}},
		"unreadable":             {false, &guests{broken: errBroken}, "", port.Unknown, "", nil},
	} {
		var commands []string
		p := FromExecutor(func(_ context.Context, r engine.Request) []engine.Outcome {
			f := r.Operations[0].GetFlow()
			commands = append(commands, f.GetFlow()+"."+f.GetEvent())
			switch f.GetFlow() {
			case "executor":
				var b flowv1.ExecutorRegister
				if err := proto.Unmarshal(f.GetBody(), &b); err != nil || b.ProfileVersion != 1 || b.RequisitesVersion != 2 || b.InvitationId != "i-1" || f.GetOwner() != "e-1" {
					t.Errorf("%s: %v of %s, %v", name, &b, f.GetOwner(), err)
				}
				if c.refuse != "" {
					return []engine.Outcome{{Refusal: fault.Refuse(c.refuse, "", "no")}}
				}
			case "contact":
				if f.GetId() != "e-1.c-1" || f.GetOwner() != "c-1" {
					t.Errorf("%s: %s of %s", name, f.GetId(), f.GetOwner())
				}
			}
			return []engine.Outcome{{}}
		}, c.there)
		a := p.Send(t.Context(), ask("admit", &flowv1.AdmitAsk{
			Book: "main", InvitationId: "i-1", ProfileVersion: 3, CompanyId: "c-1", ExecutorId: "e-1", Known: c.known, Kind: selfemployed,
		}))
		if a.Result != c.result || a.Code != c.code || len(commands) != len(c.commands) {
			t.Errorf("%s: %+v by %v", name, a, commands)
		}
		for i := range min(len(commands), len(c.commands)) {
			if commands[i] != c.commands[i] {
				t.Errorf("%s: %v", name, commands)
			}
		}
		if (c.there.written > 0) != (len(c.commands) > 0 && c.commands[0] == "executor.register") {
			t.Errorf("%s: written %d times", name, c.there.written)
		}
	}
	if a := FromExecutor(nil, nil).Send(t.Context(), ask("steal", &flowv1.AdmitAsk{})); a.Result != port.Refused {
		t.Errorf("%+v", a)
	}
}
