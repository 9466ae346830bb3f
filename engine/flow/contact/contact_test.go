package contact

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

func act(event string, m proto.Message) flowtest.Act {
	return flowtest.Act{Name: event, Command: flow.Command{Event: event, Actor: "effect", Body: flow.Bytes(m)}}
}

func told(status string, at time.Time) flowtest.Act {
	return act(Told, &flowv1.ContactTold{Book: "main", ExecutorId: "e1", SelfemployedStatus: status, At: at.UTC().Format(time.RFC3339)})
}

var noon = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func spec() flowtest.Spec {
	return flowtest.Spec{
		Flow: it, ID: ID("e1", "c1"), Day: "2026-03-02", Attempts: 1, Acts: []flowtest.Act{
			act(Meet, &flowv1.ContactMeet{ExecutorId: "e1", Way: Registered}), act(Meet, &flowv1.ContactMeet{ExecutorId: "e1", Way: Invited}),
			told("validated", noon), told("revoked", noon.Add(time.Hour)), told("validated", noon.Add(2*time.Hour)),
		},
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "contact.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	flowtest.Covered(t, it, flowtest.Explore(t, spec()))
}

// Statuses come in any order and more than once: the company hears each that is news, in
// the order of their moments, and in the end the newest.
func TestToldInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := spec()
		w := flowtest.NewWorld(&s)
		newest, heard := time.Time{}, ""
		for range rapid.IntRange(1, 20).Draw(t, "words") {
			at, status := noon.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "at"))*time.Hour), rapid.SampledFrom([]string{"validated", "revoked", "registered"}).Draw(t, "status")
			m, refusal, err := w.Do(told(status, at))
			if refusal != nil || err != nil {
				t.Fatal(refusal, err)
			}
			news := !at.Before(newest) && status != heard
			if news {
				newest, heard = at, status
			}
			if (m.Says == SaysStatus) != news {
				t.Fatalf("%s at %s after %s at %s: says %q", status, at, heard, newest, m.Says)
			}
		}
		if d := flow.ReadData(w.View, &flowv1.ContactData{}); d.GetSelfemployedStatus() != heard || d.GetStatusAt() != newest.Format(time.RFC3339) {
			t.Fatalf("%v, want %s at %s", d, heard, newest)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	for want, a := range map[string]flowtest.Act{
		"way":         act(Meet, &flowv1.ContactMeet{ExecutorId: "e1", Way: "by chance"}),
		"executor_id": act(Meet, &flowv1.ContactMeet{Way: Registered}),
		"at":          act(Told, &flowv1.ContactTold{ExecutorId: "e1", SelfemployedStatus: "validated", At: "soon"}),
		"body":        {Command: flow.Command{Event: Told, Body: []byte("\xff")}},
	} {
		if _, refusal, _ := w.Do(a); refusal == nil || refusal.Code != fault.Malformed || refusal.Field != want {
			t.Errorf("%s: %v", want, refusal)
		}
	}
	m, refusal, err := w.Do(s.Acts[0])
	if refusal != nil || err != nil || fmt.Sprint(m.Audience) != "[e1]" || !m.Readdress {
		t.Fatal(m, refusal, err)
	}
	if _, refusal, _ := w.Do(act(Meet, &flowv1.ContactMeet{ExecutorId: "e2", Way: Registered})); refusal == nil || refusal.Field != "executor_id" {
		t.Errorf("%v", refusal)
	}
}
