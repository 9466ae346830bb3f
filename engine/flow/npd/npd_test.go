package npd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

const order = "bind:17"

// How a person may stand.
var (
	willing  = &flowv1.NpdStanding{Registered: true, Bound: true, Permissions: []string{"INCOME_REGISTRATION", "INCOME_LIST"}}
	open     = &flowv1.NpdStanding{Registered: true, Bound: true, Permissions: []string{"INCOME_REGISTRATION", "INCOME_SUMMARY"}}
	mute     = &flowv1.NpdStanding{Registered: true, Bound: true, Permissions: []string{"INCOME_LIST"}, Code: "PERMISSION_NOT_GRANTED"}
	stranger = &flowv1.NpdStanding{Registered: true, Code: "TAXPAYER_UNBOUND"}
	nobody   = &flowv1.NpdStanding{Code: "TAXPAYER_UNREGISTERED"}
)

var standings = map[string]*flowv1.NpdStanding{"willing": willing, "open": open, "mute": mute, "stranger": stranger, "nobody": nobody}

func act(event string, m proto.Message) flowtest.Act {
	c := flow.Command{Event: event, Actor: "person"}
	if m != nil {
		c.Body = flow.Bytes(m)
	}
	return flowtest.Act{Name: event, Command: c}
}

// spec is a world that answers the first poll with silence, later ones and the request
// with a standing, checks with another.
func spec(bound, checked *flowv1.NpdStanding) flowtest.Spec {
	return flowtest.Spec{
		Flow: it, ID: "e1", Day: "2026-03-02", Attempts: 2, Flips: 1, Law: law, Tells: []string{tell, lookYear}, Deaf: true,
		Acts: []flowtest.Act{
			act(Bind, &flowv1.NpdBind{}), act(Look, nil),
			act(Observed, &flowv1.NpdObserved{Standing: checked, Source: SourcePayment}),
			{Day: "2026-03-03", Name: "bind, a day later", Command: flow.Command{Event: Bind}},
		},
		Reply: func(t flowtest.Try, r port.Result, a *port.Answer) {
			body := &flowv1.NpdAnswer{Order: order}
			switch {
			case t.Effect.Ask == public || t.Effect.Ask == tell || t.Effect.Ask == lookYear:
				return
			case t.Effect.Ask == check && r == port.Done:
				body = &flowv1.NpdAnswer{Standing: checked}
			case t.Effect.Ask == check:
				return
			case t.Effect.Ask == bindPartner && r == port.Refused:
				body = &flowv1.NpdAnswer{Standing: nobody}
			case r == port.Done && (t.Effect.Number == 2 || t.Effect.Ask == pollBind && bound != willing):
				body.Standing = bound
			}
			a.Body = string(flow.Bytes(body))
		},
		Codes: []fault.Code{fault.IncomeDenied},
	}
}

// law: the last change of the history is the status, each change is one, and validated
// needs the permission.
func law(w *flowtest.World) error {
	d := flow.ReadData(w.View, &flowv1.NpdData{})
	before := Unknown
	for _, c := range d.GetHistory() {
		if c.GetStatus() == before || c.GetAt() == "" || c.GetSource() == "" {
			return fmt.Errorf("%s follows %s: %v", c.GetStatus(), before, d)
		}
		before = c.GetStatus()
	}
	switch {
	case before != d.GetStatus():
		return fmt.Errorf("the status is %s, the history ends with %s", d.GetStatus(), before)
	case d.GetStatus() == Validated && (w.View.State == Unbound || !sufficient(d.GetPermissions())):
		return fmt.Errorf("validated without the right: %v", d)
	case w.View.State == Bound && !slices.Contains(w.Timers, nightly):
		return fmt.Errorf("bound, and no night is waited for")
	}
	return nil
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "npd.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	once := func(s flowtest.Spec) flowtest.Spec { s.Attempts = 1; return s }
	asked := func(checked *flowv1.NpdStanding, attempts uint32) flowtest.Spec { // bound, lost, asked again; the public list is looked at below
		s := spec(willing, checked)
		s.Attempts = attempts
		s.Acts = slices.DeleteFunc(s.Acts, func(a flowtest.Act) bool { return a.Name == Look })
		return s
	}
	renamed := spec(willing, stranger)
	renamed.Acts = []flowtest.Act{act(Bind, &flowv1.NpdBind{}), act(INNChanged, nil)}
	flowtest.Covered(t, it, flowtest.Explore(t, renamed), flowtest.Explore(t, asked(stranger, 3)), flowtest.Explore(t, asked(willing, 2)), flowtest.Explore(t, asked(nobody, 2)),
		flowtest.Explore(t, once(spec(mute, willing))), flowtest.Explore(t, once(spec(open, open))), flowtest.Explore(t, once(spec(mute, nobody))), flowtest.Explore(t, once(spec(nil, stranger))))
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	flowtest.Scenarios(t, flowtest.Script{Spec: story(), Command: command, Show: show})
}

// story is the world of the scenarios: what it answers is said there.
func story() flowtest.Spec {
	s := spec(nil, nil)
	s.Acts, s.Law = nil, law
	s.Reply = func(t flowtest.Try, _ port.Result, a *port.Answer) {
		a.Body = string(flow.Bytes(&flowv1.NpdAnswer{Order: order}))
	}
	return s
}

// command reads: bind, look, observed STANDING SOURCE, and told ASK STANDING: the world's
// answer that names a standing.
func command(w *flowtest.World, words []string) (flow.Command, error) {
	switch words[0] {
	case Bind:
		return act(Bind, &flowv1.NpdBind{Permissions: words[1:]}).Command, nil
	case Look, INNChanged:
		return act(words[0], nil).Command, nil
	case Observed:
		return act(Observed, &flowv1.NpdObserved{Standing: standings[words[1]], Source: words[2]}).Command, nil
	case "told":
		for i := range w.Tries {
			if t := &w.Tries[i]; t.Effect.Ask == words[1] && t.Effect.Number == w.View.Attempts[words[1]] {
				t.Last = port.Done
				return flow.Command{Event: it.EventFor(words[1], port.Done), Actor: "effect", Number: t.Effect.Number, Answer: &port.Answer{
					Result: port.Done, Body: string(flow.Bytes(&flowv1.NpdAnswer{Order: order, Standing: standings[words[2]]})),
				}}, nil
			}
		}
	}
	return flow.Command{}, fmt.Errorf("%q", words)
}

// show tells what support asks about a person.
func show(data []byte) []string {
	d := flow.ReadData(flow.View{Data: data}, &flowv1.NpdData{})
	lines := []string{fmt.Sprintf("%s (%s) since %s by %s %s; allowed: %s", d.GetStatus(), Title(d.GetStatus()), d.GetAt(), d.GetSource(), d.GetCode(), strings.Join(d.GetPermissions(), ", "))}
	for _, c := range d.GetHistory() {
		lines = append(lines, fmt.Sprintf("%s %s, %s %s", c.GetAt(), c.GetStatus(), c.GetSource(), c.GetCode()))
	}
	return lines
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := spec(willing, willing)
	w := flowtest.NewWorld(&s)
	try := func(a flowtest.Act, code fault.Code, field string) {
		t.Helper()
		_, refusal, _ := w.Do(a)
		if refusal == nil || refusal.Code != code || refusal.Field != field {
			t.Errorf("%s: %v, want %s of %s", a.Name, refusal, code, field)
		}
	}
	try(act(Bind, &flowv1.NpdBind{Permissions: []string{"EVERYTHING"}}), fault.Malformed, "permissions")
	try(act(Observed, &flowv1.NpdObserved{Source: SourceFeed}), fault.Malformed, "standing")
	try(act(Observed, &flowv1.NpdObserved{Standing: nobody, Source: SourceBind}), fault.Malformed, "standing")
	try(flowtest.Act{Name: "bytes", Command: flow.Command{Event: Bind, Body: []byte("\xff")}}, fault.Malformed, "body")
	for _, a := range []flowtest.Act{act(Bind, &flowv1.NpdBind{}), answered(bindDone, 1, &flowv1.NpdAnswer{Order: order})} {
		if _, refusal, err := w.Do(a); refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
	}
	try(act(Bind, &flowv1.NpdBind{}), fault.TooOften, "event")
	if _, refusal, err := w.Do(answered(pollDone, 1, &flowv1.NpdAnswer{Order: order, Standing: willing})); refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	try(act(Bind, &flowv1.NpdBind{}), fault.WrongState, "event")
}

func answered(event string, number uint32, body *flowv1.NpdAnswer) flowtest.Act {
	return flowtest.Act{Name: event, Command: flow.Command{
		Event: event, Actor: "effect", Number: number, Answer: &port.Answer{Result: port.Done, Body: string(flow.Bytes(body))},
	}}
}

// What the service said of the phone stays until it says otherwise, and is nothing of somebody
// who is not bound, and under another INN.
func TestPhone(t *testing.T) {
	t.Parallel()
	s := spec(willing, willing)
	w := flowtest.NewWorld(&s)
	do := func(a flowtest.Act, match flowv1.PhoneMatch, version uint32) {
		t.Helper()
		if _, refusal, err := w.Do(a); refusal != nil || err != nil {
			t.Fatal(a.Name, refusal, err)
		}
		for i := range w.Tries {
			w.Tries[i].Last = port.Done
		}
		if phoneOf(w) != match || versionOf(w) != version {
			t.Errorf("%s: %s of version %d, want %s of %d", a.Name, phoneOf(w), versionOf(w), match, version)
		}
	}
	const same, other = flowv1.PhoneMatch_PHONE_MATCH_SAME, flowv1.PhoneMatch_PHONE_MATCH_OTHER
	by := func(m flowv1.PhoneMatch, version uint32) *flowv1.NpdAnswer {
		st := proto.CloneOf(willing)
		st.Phone, st.PhoneVersion = m, version
		return &flowv1.NpdAnswer{Order: order, Standing: st}
	}
	do(act(Bind, &flowv1.NpdBind{}), 0, 0)
	do(answered(bindDone, 1, &flowv1.NpdAnswer{Order: order}), 0, 0)
	do(answered(pollDone, 1, by(same, 1)), same, 1)
	for n, tc := range []struct {
		said    *flowv1.NpdAnswer
		match   flowv1.PhoneMatch
		version uint32
	}{{&flowv1.NpdAnswer{Standing: willing}, same, 1}, {by(other, 2), other, 2}, {by(same, 3), same, 3}} {
		do(act(Look, nil), phoneOf(w), versionOf(w))
		do(answered(checkDone, uint32(n+1), tc.said), tc.match, tc.version)
	}
	do(act(Look, nil), same, 3)
	do(answered(checkDone, 4, &flowv1.NpdAnswer{Standing: stranger}), 0, 0)

	w = flowtest.NewWorld(&s)
	do(act(Bind, &flowv1.NpdBind{}), 0, 0)
	do(answered(bindDone, 1, by(same, 1)), same, 1)
	do(act(INNChanged, nil), 0, 0)
}

func phoneOf(w *flowtest.World) flowv1.PhoneMatch {
	return flow.ReadData(w.View, &flowv1.NpdData{}).GetPhone()
}

func versionOf(w *flowtest.World) uint32 {
	return flow.ReadData(w.View, &flowv1.NpdData{}).GetPhoneVersion()
}

// A history has the newest changes alone.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	s := &step{view: flow.View{Clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}, data: &flowv1.NpdData{Status: Unknown}}
	for i := range 3 * Kept {
		s.become([]string{Validated, Revoked}[i%2], SourceCheck, "")
	}
	if n := len(s.data.GetHistory()); n != Kept || s.data.GetHistory()[Kept-1].GetStatus() != s.data.GetStatus() {
		t.Errorf("%d changes, the last %v", n, s.data.GetHistory()[n-1])
	}
}

func TestListsAreChecked(t *testing.T) {
	t.Parallel()
	for _, change := range [][2]string{
		{"| declined | Запрос отклонён |", "| declined |  |"}, {"| feed |", "| rumour |"}, {"| INCOME_LIST | — |", "| INCOME_LIST | maybe |"},
		{"| INCOME_REGISTRATION | yes |", "| INCOME_REGISTRATION | — |"}, {"| INCOME_SUMMARY |", "| INCOME_LIST |"},
	} {
		if _, err := readTables(strings.Replace(document, change[0], change[1], 1)); err == nil {
			t.Errorf("%s passed", change[1])
		}
	}
}
