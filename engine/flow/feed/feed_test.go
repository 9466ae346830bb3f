package feed

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

func act(event string, m proto.Message) flowtest.Act {
	c := flow.Command{Event: event, Actor: "support"}
	if m != nil {
		c.Body = flow.Bytes(m)
	}
	return flowtest.Act{Name: event, Command: c}
}

// spec is a service whose lists have a page and a half each, the second time.
func spec() flowtest.Spec {
	return flowtest.Spec{
		Flow: it, ID: ID, Day: "2026-03-02", Attempts: 3, Flips: 1, Law: law, Asleep: []string{late},
		Acts: []flowtest.Act{act(Open, nil), act(Look, &flowv1.FeedLook{}), act(Look, &flowv1.FeedLook{FromStart: true})},
		Reply: func(t flowtest.Try, r port.Result, a *port.Answer) {
			var ask flowv1.FeedAsk
			if err := proto.Unmarshal(t.Effect.Body, &ask); err != nil {
				panic(err)
			}
			a.Body = string(flow.Bytes(&flowv1.FeedAnswer{More: ask.GetOffset() < 100, Next: ask.GetOffset() + 100, People: 1}))
		},
		Codes: []fault.Code{fault.Malformed},
	}
}

// law: a page is open exactly while a list is read, and otherwise the next night is waited for.
func law(w *flowtest.World) error {
	d := flow.ReadData(w.View, &flowv1.FeedData{})
	switch {
	case w.View.State == "":
	case d.GetFrom() == "":
		return fmt.Errorf("no window: %v", d)
	case (w.View.State == Waiting) != slices.Contains(w.Timers, nightly):
		return fmt.Errorf("%s with the timers %v", w.View.State, w.Timers)
	case w.View.State != Waiting && flow.Moment(d.GetFrom()).After(flow.Moment(d.GetTo())):
		return fmt.Errorf("the window is from %s to %s", d.GetFrom(), d.GetTo())
	}
	return nil
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "feed.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	awake := spec()
	awake.Asleep, awake.Attempts, awake.Acts = nil, 2, awake.Acts[:2]
	flowtest.Covered(t, it, flowtest.Explore(t, spec()), flowtest.Explore(t, awake))
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	flowtest.Scenarios(t, flowtest.Script{Spec: spec(), Command: command, Show: show})
}

// command reads: open, look [start].
func command(_ *flowtest.World, words []string) (flow.Command, error) {
	switch words[0] {
	case Open:
		return act(Open, nil).Command, nil
	case Look:
		return act(Look, &flowv1.FeedLook{FromStart: len(words) > 1}).Command, nil
	}
	return flow.Command{}, fmt.Errorf("%q", words)
}

func show(data []byte) []string {
	d := flow.ReadData(flow.View{Data: data}, &flowv1.FeedData{})
	return []string{
		fmt.Sprintf("leavers from %s, of the list %d; changed INN from %d", d.GetFrom(), d.GetOffset(), d.GetInnOffset()),
		fmt.Sprintf("read %q: %d left, %d changed, %d conflicts", d.GetReadAt(), d.GetLeavers(), d.GetChanges(), d.GetConflicts()),
	}
}

// Nothing of a list is left out: whatever is lost, late or told twice on the way, everybody
// who left between two readings, and every changed INN, was on a page that was answered.
func TestNothingIsLeftOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		v := flow.View{Book: "main", ID: ID, State: "new", Attempts: map[string]uint32{}, Clock: at, Day: "2026-03-02"}
		var (
			left    []time.Time // who left, by when
			changes int         // how many INN are another
			seen    = map[int]bool{}
			heard   = map[int]bool{}
			open    *flow.Effect
			night   time.Time
		)
		do := func(c flow.Command) {
			m, refusal := it.Step(v, c)
			if refusal != nil {
				t.Fatalf("%s in %s: %v", c.Event, v.State, refusal)
			}
			v.State, v.Data = m.To, m.Data
			for _, e := range m.Effects {
				v.Attempts[e.Ask] = e.Number
				if !e.Repeat {
					open = &e
				}
			}
			for _, w := range m.Timers {
				if w.Event == nightly {
					night = w.Due
				}
			}
		}
		do(flow.Command{Event: Open})
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			v.Clock = v.Clock.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "minutes")) * time.Minute)
			for range rapid.IntRange(0, 120).Draw(t, "leave") {
				left = append(left, v.Clock.Add(-time.Second))
			}
			changes += rapid.IntRange(0, 120).Draw(t, "renamed")
			switch {
			case v.State == Waiting && !v.Clock.Before(night):
				do(flow.Command{Event: nightly})
			case v.State == Waiting && rapid.Bool().Draw(t, "look"):
				do(flow.Command{Event: Look})
			case v.State != Waiting:
				answer(t, do, open, left, changes, seen, heard)
			}
		}
		for v.State != Waiting { // what runs ends, and another one sees everything
			answer(t, do, open, left, changes, seen, heard)
		}
		v.Clock = v.Clock.Add(time.Minute)
		do(flow.Command{Event: Look})
		for v.State != Waiting {
			answer(t, do, open, left, changes, seen, heard)
		}
		if len(seen) != len(left) || len(heard) != changes {
			t.Fatalf("%d of %d who left, %d of %d changed INN", len(seen), len(left), len(heard), changes)
		}
	})
}

// answer is the service's: silence at times, else the page, at times twice.
func answer(t *rapid.T, do func(flow.Command), open *flow.Effect, left []time.Time, changes int, seen, heard map[int]bool) {
	done, unknown := leaversDone, leaversUnknown
	if open.Ask == readChanges {
		done, unknown = changesDone, changesUnknown
	}
	if rapid.IntRange(0, 3).Draw(t, "silence") == 0 {
		do(flow.Command{Event: unknown, Number: open.Number, Answer: &port.Answer{Result: port.Unknown}})
		return
	}
	var ask flowv1.FeedAsk
	if err := proto.Unmarshal(open.Body, &ask); err != nil {
		t.Fatal(err)
	}
	var page []int
	if open.Ask == readLeavers {
		for i, at := range left {
			if !at.Before(flow.Moment(ask.GetFrom())) && at.Before(flow.Moment(ask.GetTo())) {
				page = append(page, i)
			}
		}
	} else {
		for i := range changes {
			page = append(page, i)
		}
	}
	page = page[min(int(ask.GetOffset()), len(page)):]
	body := &flowv1.FeedAnswer{More: len(page) > int(ask.GetLimit())}
	page = page[:min(len(page), int(ask.GetLimit()))]
	body.Next = ask.GetOffset() + int64(len(page))
	for _, i := range page {
		if open.Ask == readLeavers {
			seen[i] = true
		} else {
			heard[i] = true
		}
	}
	c := flow.Command{Event: done, Number: open.Number, Answer: &port.Answer{Result: port.Done, Body: string(flow.Bytes(body))}}
	do(c)
	if rapid.Bool().Draw(t, "twice") {
		do(c)
	}
}
