package world

import (
	"context"
	"slices"
	"testing"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// acquaintances are the companies that know a person, by flow.
type acquaintances map[string][]string

func (a acquaintances) AudienceOwners(_ context.Context, book, flow, name string, _ int) ([]string, error) {
	if book != "main" || name != "e" {
		return nil, nil
	}
	if a["broken"] != nil {
		return nil, errBroken
	}
	return a[flow], nil
}

func (a acquaintances) Audience(_ context.Context, page store.AudiencePage) ([]store.AggregateRow, []store.Seen, error) {
	var rows []store.AggregateRow
	for _, id := range a["stopped"] {
		if page.Flow == "task" && page.Names[0] == "e" && slices.Equal(page.States, []string{"error", "paying"}) {
			rows = append(rows, store.AggregateRow{Key: store.AggregateKey{Book: "main", Flow: "task", ID: id}, Owner: "c1"})
		}
	}
	return rows, nil, nil
}

// Payments that stopped are told that rights are back, once, and of nothing else.
func TestRightsRegained(t *testing.T) {
	t.Parallel()
	for status, want := range map[string][]string{"validated": {"t1", "t2"}, "revoked": nil, "not_registered": nil} {
		for _, tc := range []struct {
			refusal *fault.Refusal
			result  port.Result
		}{
			{nil, port.Done}, {fault.Refuse(fault.WrongState, "event", "x"), port.Done}, {fault.Refuse(fault.Unavailable, "", "x"), port.Unknown},
		} {
			keys, told := map[string]bool{}, []string{}
			p := FromContact(func(_ context.Context, r engine.Request) (out []engine.Outcome) {
				for _, op := range r.Operations {
					f := op.GetFlow()
					if f.GetFlow() != "task" || f.GetEvent() != "recheck" || f.GetOwner() != "c1" {
						t.Errorf("%v", op)
					}
					keys[op.GetKey()] = true
					told = append(told, f.GetId())
					out = append(out, engine.Outcome{Refusal: tc.refusal})
				}
				return out
			}, acquaintances{"stopped": {"t1", "t2"}})
			about := ask("tell", &flowv1.ContactTold{Book: "main", ExecutorId: "e", SelfemployedStatus: status, At: "2026-03-02T12:00:00Z"})
			a := p.Send(t.Context(), about)
			if want == nil && tc.result == port.Unknown {
				continue // nobody was asked
			}
			if again := p.Find(t.Context(), about); a.Result != tc.result || again.Result != tc.result || !slices.Equal(told, append(slices.Clone(want), want...)) || len(keys) != len(want) {
				t.Errorf("%s: %+v, then %+v; told %v by %d keys", status, a, again, told, len(keys))
			}
		}
	}
}

// Every company that knows the person is told once, under a key of its own.
func TestContact(t *testing.T) {
	t.Parallel()
	about := ask("tell", &flowv1.ContactTold{Book: "main", ExecutorId: "e", SelfemployedStatus: "validated", At: "2026-03-02T12:00:00Z"})
	for name, tc := range map[string]struct {
		known   acquaintances
		refusal *fault.Refusal
		want    port.Result
		told    []string
	}{
		"nobody":         {acquaintances{}, nil, port.Done, nil},
		"once":           {acquaintances{"contact": {"c1", "c2"}, "task": {"c2", "c3"}}, nil, port.Done, []string{"c1", "c2", "c3"}},
		"told already":   {acquaintances{"task": {"c1"}}, fault.Refuse(fault.KeyTaken, "key", "x"), port.Done, []string{"c1"}},
		"not taken":      {acquaintances{"task": {"c1"}}, fault.Refuse(fault.Unavailable, "", "x"), port.Unknown, []string{"c1"}},
		"cannot be read": {acquaintances{"broken": {"c1"}}, nil, port.Unknown, nil},
	} {
		keys := map[string]bool{}
		var told []string
		submit := func(_ context.Context, r engine.Request) (out []engine.Outcome) {
			for _, op := range r.Operations {
				f := op.GetFlow()
				if f.GetFlow() != "contact" || f.GetId() != "e."+f.GetOwner() || f.GetEvent() != "told" || keys[op.GetKey()] {
					t.Errorf("%s: %v", name, op)
				}
				keys[op.GetKey()] = true
				told = append(told, f.GetOwner())
				out = append(out, engine.Outcome{Refusal: tc.refusal})
			}
			return out
		}
		if a := FromContact(submit, tc.known).Send(t.Context(), about); a.Result != tc.want || !slices.Equal(told, tc.told) {
			t.Errorf("%s: %+v, told %v", name, a, told)
		}
	}
	if a := FromContact(nil, nil).Send(t.Context(), ask("whisper", &flowv1.ContactTold{})); a.Result != port.Refused {
		t.Errorf("%+v", a)
	}
}
