package world

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// lists is a tax service that has lists alone.
type lists struct {
	binding
	left    []port.Leaver
	changes []port.INNChange
}

func (l *lists) Leavers(_ context.Context, _, _ time.Time, offset, limit int) ([]port.Leaver, bool, port.Answer) {
	page := l.left[min(offset, len(l.left)):]
	return page[:min(limit, len(page))], limit < len(page), l.answer
}

func (l *lists) INNChanges(_ context.Context, offset int64, limit int) ([]port.INNChange, int64, port.Answer) {
	page := l.changes[min(int(offset), len(l.changes)):]
	page = page[:min(limit, len(page))]
	return page, offset + int64(len(page)), l.answer
}

// registry is a book's executors, with the real flow of them and their private versions.
type registry struct {
	flow     *flow.Flow
	views    map[string]flow.View
	payers   map[string]flow.View // the same people as taxpayers
	records  map[string]*journalv1.Record
	profiles map[string]map[uint32]*privatev1.ExecutorProfile
	told     map[string]int // by key: events of npd
	lost     func() bool    // whether a command is lost on its way
	looked   int            // how often people were looked up
	keys     map[string][]byte
}

func newRegistry() *registry {
	return &registry{
		flow: executor.New(), views: map[string]flow.View{}, payers: map[string]flow.View{}, records: map[string]*journalv1.Record{}, profiles: map[string]map[uint32]*privatev1.ExecutorProfile{},
		told: map[string]int{}, keys: map[string][]byte{}, lost: func() bool { return false },
	}
}

func (r *registry) add(t interface{ Fatal(...any) }, id, inn string) {
	r.views[id] = flow.View{Book: "main", ID: id, State: "new", Day: "2026-03-02", Clock: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}
	r.payers[id] = r.views[id]
	r.profiles[id] = map[uint32]*privatev1.ExecutorProfile{1: {Inn: inn, LastName: "Иванов"}}
	if refusal := r.step(id, executor.Register, flow.Bytes(&flowv1.ExecutorRegister{Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED, ProfileVersion: 1})); refusal != nil {
		t.Fatal(refusal)
	}
}

func (r *registry) step(id, event string, body []byte) *fault.Refusal {
	v := r.views[id]
	m, refusal := r.flow.Step(v, flow.Command{Event: event, Actor: actorEffect, Body: body})
	if refusal == nil {
		v.State, v.Data = m.To, m.Data
		r.views[id] = v
	}
	return refusal
}

// pay gives a command to a person's taxpayer.
func (r *registry) pay(id, event string, body []byte) *fault.Refusal {
	v := r.payers[id]
	m, refusal := taxpayer.New().Step(v, flow.Command{Event: event, Actor: actorEffect, Body: body})
	if refusal == nil {
		v.State, v.Data = m.To, m.Data
		r.payers[id] = v
	}
	return refusal
}

// earns asks for room under a person's cap.
func (r *registry) earns(id, gross string) *fault.Refusal {
	return r.pay(id, taxpayer.Change, flow.Bytes(&flowv1.TaxpayerChange{Question: &flowv1.YearQuestion{
		Stage: flowv1.YearStage_YEAR_STAGE_HELD, Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED, Day: "2026-07-01", Gross: gross,
	}}))
}

func (r *registry) holder(id string) private.Holder {
	h := private.Holder{ID: id, State: r.views[id].State, Data: flow.ReadData(r.views[id], &flowv1.ExecutorData{})}
	version := h.Data.GetProfileVersion()
	if h.Profile = r.profiles[id][version]; h.Profile == nil {
		h.Profile, h.Lost = r.profiles[id][version-1], true
	}
	return h
}

// Holders implements FeedReader.
func (r *registry) Holders(_ context.Context, _ string, inns ...string) (map[string][]private.Holder, error) {
	r.looked++
	out := map[string][]private.Holder{}
	for _, inn := range inns {
		for id := range r.views {
			if h := r.holder(id); private.Known(h.Profile, inn) && !slices.ContainsFunc(out[inn], func(o private.Holder) bool { return o.ID == id }) {
				out[inn] = append(out[inn], h)
			}
		}
	}
	return out, nil
}

// Rename implements FeedReader.
func (r *registry) Rename(_ context.Context, _ string, h private.Holder, inn, day string) (uint32, uint32, error) {
	p := proto.CloneOf(h.Profile)
	p.FormerInns = append(p.FormerInns, &privatev1.FormerInn{Inn: p.GetInn(), UntilDay: day})
	p.Inn = inn
	newest := uint32(len(r.profiles[h.ID]))
	if !proto.Equal(r.profiles[h.ID][newest], p) {
		newest++
		r.profiles[h.ID][newest] = p
	}
	return newest, 0, nil
}

// submit decides as the engine does: one key is one command.
func (r *registry) submit(_ context.Context, req engine.Request) []engine.Outcome {
	out := make([]engine.Outcome, len(req.Operations))
	for i, o := range req.Operations {
		f := o.Operation.GetFlow()
		what := append([]byte(f.GetFlow()+f.GetId()+f.GetEvent()), f.GetBody()...)
		was, known := r.keys[o.Operation.GetKey()]
		switch {
		case r.lost():
			out[i].Refusal = fault.Refuse(fault.Unavailable, "", "lost")
			continue
		case known && string(was) != string(what):
			out[i].Refusal = fault.Refuse(fault.KeyReused, "key", "%s", o.Operation.GetKey())
			continue
		case known:
			out[i].Record = r.records[o.Operation.GetKey()]
			continue
		}
		r.keys[o.Operation.GetKey()] = what
		switch f.GetFlow() {
		case npd.Name:
			r.told[f.GetEvent()+" "+f.GetId()]++
			continue
		case taxpayer.Name:
			out[i].Refusal = r.pay(f.GetId(), f.GetEvent(), f.GetBody())
			out[i].Record = &journalv1.Record{Move: &journalv1.Move{Data: r.payers[f.GetId()].Data}}
			r.records[o.Operation.GetKey()] = out[i].Record
			continue
		}
		out[i].Refusal = r.step(f.GetId(), f.GetEvent(), f.GetBody())
	}
	return out
}

func (r *registry) port(l *lists) port.Port {
	return FromFeed(l, r, r.submit, func() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) })
}

func inn(n int) string { return fmt.Sprintf("%012d", n) }

// read reads a list to its end, pages of a size, each until it is done.
func read(t interface{ Fatalf(string, ...any) }, p port.Port, verb string, from int64, limit uint32) (next int64, people, conflicts uint32) {
	for tries := 0; ; {
		a := p.Send(context.Background(), ask(verb, &flowv1.FeedAsk{Book: "main", Offset: from, Limit: limit, From: "2026-03-01T00:00:00Z", To: "2026-03-02T00:00:00Z"}))
		if a.Result != port.Done {
			if tries++; tries > 10_000 {
				t.Fatalf("never done: %+v", a)
			}
			continue
		}
		var said flowv1.FeedAnswer
		if err := proto.Unmarshal([]byte(a.Body), &said); err != nil {
			t.Fatalf("%v", err)
		}
		people, conflicts = people+said.GetPeople(), conflicts+said.GetConflicts()
		if from = said.GetNext(); !said.GetMore() {
			return from, people, conflicts
		}
	}
}

// Whatever is lost on the way and however often the list is read, a person goes through his
// INN in their order, keeps his id, is told once of each, and two never have one INN unless
// somebody is asked who is who.
func TestChangedINN(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, l := newRegistry(), &lists{binding: binding{answer: port.Answer{Result: port.Done}}}
		people := rapid.IntRange(1, 5).Draw(t, "people")
		now := map[string]string{} // the naive model: who has which INN now
		was := map[string][]string{}
		for n := range people {
			id := fmt.Sprintf("e%d", n)
			r.add(t, id, inn(n))
			now[id] = inn(n)
		}
		fresh := 100
		for range rapid.IntRange(0, 8).Draw(t, "changes") { // of people, and of strangers
			from := inn(fresh + 1000)
			if n := rapid.IntRange(0, people).Draw(t, "who"); n < people {
				id := fmt.Sprintf("e%d", n)
				from, was[id], now[id] = now[id], append(was[id], now[id]), inn(fresh)
			}
			l.changes = append(l.changes, port.INNChange{Previous: from, INN: inn(fresh)})
			fresh++
		}
		r.lost = func() bool { return rapid.IntRange(0, 3).Draw(t, "lost") == 0 }
		limit := uint32(rapid.IntRange(1, 4).Draw(t, "limit"))
		from := int64(0)
		for range 3 { // to the end, behind it, and from the start again
			from, _, _ = read(t, r.port(l), verbChanges, from, limit)
			if rapid.Bool().Draw(t, "again") {
				from = 0
			}
		}
		for id := range now {
			h := r.holder(id)
			var former []string
			for _, f := range h.Profile.GetFormerInns() {
				former = append(former, f.GetInn())
			}
			if h.Profile.GetInn() != now[id] || !slices.Equal(former, was[id]) || h.State != executor.Registered {
				t.Fatalf("%s has %s after %v, want %s after %v", id, h.Profile.GetInn(), former, now[id], was[id])
			}
			if n := r.told[npd.INNChanged+" "+id]; n != len(was[id]) {
				t.Fatalf("%s was told %d times of %d", id, n, len(was[id]))
			}
		}
	})
}

// The INN is another executor's: nobody is merged. When that one is blocked, the list read
// again gives the INN to whom it belongs.
func TestTakenINN(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	l := &lists{binding: binding{answer: port.Answer{Result: port.Done}}, changes: []port.INNChange{{Previous: inn(1), INN: inn(2)}}}
	r.add(t, "e1", inn(1))
	r.add(t, "e2", inn(2))
	for range 2 {
		_, people, conflicts := read(t, r.port(l), verbChanges, 0, 10)
		if h := r.holder("e1"); people != 1 || conflicts != 1 || h.State != executor.Conflict || h.Data.GetInnTakenBy() != "e2" || h.Profile.GetInn() != inn(1) {
			t.Fatalf("%d people, %d conflicts, %s %v", people, conflicts, h.State, h.Data)
		}
	}
	if refusal := r.step("e2", executor.Block, flow.Bytes(&flowv1.ExecutorBlock{Code: "twice"})); refusal != nil {
		t.Fatal(refusal)
	}
	_, people, conflicts := read(t, r.port(l), verbChanges, 0, 10)
	if h := r.holder("e1"); people != 1 || conflicts != 0 || h.State != executor.Registered || h.Data.GetInnTakenBy() != "" || h.Profile.GetInn() != inn(2) || !private.Had(h.Profile, inn(1)) {
		t.Fatalf("%d people, %d conflicts, %s %v", people, conflicts, h.State, h.Data)
	}
	if r.told[npd.INNChanged+" e1"] != 1 {
		t.Errorf("%v", r.told)
	}
}

// A person with two INN in one year has one cap, whichever of his executors goes on, and whatever
// is lost on the way.
func TestTwoINNHaveOneCap(t *testing.T) {
	t.Parallel()
	for lost := range 6 {
		r := newRegistry()
		l := &lists{binding: binding{answer: port.Answer{Result: port.Done}}, changes: []port.INNChange{{Previous: inn(1), INN: inn(2)}}}
		r.add(t, "e1", inn(1))
		r.add(t, "e2", inn(2))
		n := 0
		r.lost = func() bool { n++; return n == lost }
		grant := func(id, gross string, granted bool) {
			t.Helper()
			if refusal := r.earns(id, gross); (refusal == nil) != granted || refusal != nil && refusal.Code != fault.IncomeCap {
				t.Fatalf("%s %s: %v", id, gross, refusal)
			}
		}
		grant("e1", "1000000.00", true)
		grant("e2", "1000000.00", true)
		for range 2 {
			read(t, r.port(l), verbChanges, 0, 10)
		}
		grant("e1", "0.01", false)
		grant("e2", "400000.01", false)
		grant("e2", "300000.00", true)
		if refusal := r.step("e2", executor.Block, flow.Bytes(&flowv1.ExecutorBlock{Code: "twice"})); refusal != nil {
			t.Fatal(refusal)
		}
		for range 2 {
			read(t, r.port(l), verbChanges, 0, 10)
		}
		if h := r.holder("e1"); h.State != executor.Registered || h.Profile.GetInn() != inn(2) {
			t.Fatalf("%s %v", h.State, h.Profile)
		}
		grant("e2", "0.01", false)
		grant("e1", "100000.01", false)
		grant("e1", "100000.00", true)
	}
}

// A page of strangers is looked up at once; people of the book are looked up by themselves,
// also one whose INN changes twice on it.
func TestStrangersAreOneSet(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	l := &lists{binding: binding{answer: port.Answer{Result: port.Done}}}
	for n := range 90 {
		l.changes = append(l.changes, port.INNChange{Previous: inn(1000 + n), INN: inn(2000 + n)})
	}
	read(t, r.port(l), verbChanges, 0, 100)
	if r.looked > 2 { // the page, and the one behind the end
		t.Errorf("%d look-ups", r.looked)
	}
	r.add(t, "e1", inn(1))
	l.changes = append([]port.INNChange{{Previous: inn(1), INN: inn(2)}, {Previous: inn(2), INN: inn(3)}}, l.changes...)
	r.looked = 0
	read(t, r.port(l), verbChanges, 0, 100)
	if h := r.holder("e1"); h.Profile.GetInn() != inn(3) || r.looked > 6 {
		t.Errorf("%s after %d look-ups", h.Profile.GetInn(), r.looked)
	}
}

// A backup has lost the version with the new INN: the list read again writes it, and tells the
// books nothing, which know.
func TestLostINN(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	l := &lists{binding: binding{answer: port.Answer{Result: port.Done}}, changes: []port.INNChange{{Previous: inn(1), INN: inn(2)}}}
	r.add(t, "e1", inn(1))
	read(t, r.port(l), verbChanges, 0, 10)
	before := r.views["e1"]
	delete(r.profiles["e1"], 2)
	commands := len(r.keys)
	if _, people, _ := read(t, r.port(l), verbChanges, 0, 10); people != 1 {
		t.Errorf("%d people", people)
	}
	if h := r.holder("e1"); h.Lost || h.Profile.GetInn() != inn(2) || !private.Had(h.Profile, inn(1)) || len(r.keys) != commands || string(before.Data) != string(r.views["e1"].Data) {
		t.Errorf("%+v, %d commands of %d", h, len(r.keys), commands)
	}
}

// Somebody else writes the person's data at the same moment: the change is made of what he wrote.
func TestChangedINNAfterAnotherWriter(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	l := &lists{binding: binding{answer: port.Answer{Result: port.Done}}, changes: []port.INNChange{{Previous: inn(1), INN: inn(2)}}}
	r.add(t, "e1", inn(1))
	raced := false
	r.lost = func() bool {
		if !raced {
			raced = true // another one's versions 2 and 3 have won before ours arrives
			r.profiles["e1"][3] = &privatev1.ExecutorProfile{Inn: inn(1), LastName: "Петров"}
			if refusal := r.step("e1", executor.SetProfile, flow.Bytes(&flowv1.ExecutorSetProfile{ProfileVersion: 3})); refusal != nil {
				t.Fatal(refusal)
			}
		}
		return false
	}
	read(t, r.port(l), verbChanges, 0, 10)
	if h := r.holder("e1"); h.Profile.GetLastName() != "Петров" || h.Profile.GetInn() != inn(2) {
		t.Errorf("%v", h.Profile)
	}
}

// Who left is told once, by whatever INN, and a list that cannot be read is no list.
func TestLeavers(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	l := &lists{binding: binding{answer: port.Answer{Result: port.Done}}}
	for n := range 5 {
		r.add(t, fmt.Sprintf("e%d", n), inn(n))
		l.left = append(l.left, port.Leaver{INN: inn(2 * n), At: time.Unix(int64(n), 0)})
	}
	for range 2 {
		if _, people, _ := read(t, r.port(l), verbLeavers, 0, 2); people != 3 {
			t.Errorf("%d people", people)
		}
	}
	for n := range 5 {
		if told := r.told[npd.Observed+fmt.Sprintf(" e%d", n)]; told != (n+1)%2 {
			t.Errorf("e%d: %d", n, told)
		}
	}
	l.answer = port.Unclear("broken")
	window := &flowv1.FeedAsk{Book: "main", Limit: 1, From: "2026-03-01T00:00:00Z", To: "2026-03-02T00:00:00Z"}
	for verb, body := range map[string]*flowv1.FeedAsk{verbLeavers: window, verbChanges: window} {
		if a := r.port(l).Send(t.Context(), ask(verb, body)); a.Result != port.Unknown {
			t.Errorf("%s: %+v", verb, a)
		}
	}
	for _, wrong := range []port.Ask{ask("steal", window), ask(verbLeavers, &flowv1.FeedAsk{}), {Attempt: attempt, Verb: verbLeavers, Body: []byte("\xff")}} {
		if a := r.port(l).Find(t.Context(), wrong); a.Result != port.Refused || a.Code != fault.Malformed {
			t.Errorf("%+v", a)
		}
	}
}
