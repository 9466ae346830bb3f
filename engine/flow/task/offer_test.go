package task

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// offerCommand reads the lines about offers of a scenario.
func offerCommand(c flow.Command, words []string) (flow.Command, error) {
	if len(words) < 2 {
		return c, fmt.Errorf("%s whom?", words[0])
	}
	switch has := func(word string) bool { return slices.Contains(words, word) }; words[0] {
	case Offer:
		b := &flowv1.TaskOfferTo{To: map[string]flowv1.OfferTo{"circle": toCircle, "known": toKnown, "all": toAll}[words[1]]}
		rest := words[2:]
		if i := slices.Index(rest, "until"); i >= 0 && i+1 < len(rest) {
			b.ExpiresAt, rest = rest[i+1]+"T00:00:00+03:00", rest[:i]
		}
		b.ExecutorIds = rest
		c.Body = body(b)
	case Accept:
		if len(words) < 4 {
			return c, fmt.Errorf("accept WHO KIND TERMS")
		}
		terms, err := strconv.ParseUint(words[3], 10, 32)
		if err != nil {
			return c, err
		}
		b := &flowv1.TaskAccept{ExecutorId: words[1], Executor: stamp(kinds[words[2]], 1), Terms: uint32(terms), Known: has("known")}
		if has("no_requisites") {
			b.Executor.RequisitesVersion = 0
		}
		c.Body = body(b)
	case Decline:
		c.Body = body(&flowv1.TaskDecline{ExecutorId: words[1]})
	}
	return c, nil
}

// exploreOffers walks every order of offers, acceptances, refusals and ends.
func exploreOffers(t *testing.T) []flowtest.Rows {
	t.Helper()
	accepts := func(who string, kind flowv1.EmploymentKind) flowtest.Act {
		a := act(Accept, &flowv1.TaskAccept{ExecutorId: who, Executor: stamp(kind, 1), Tariff: tariff, Terms: 1})
		a.Name += " " + who
		return a
	}
	declines := func(who string) flowtest.Act {
		a := act(Decline, &flowv1.TaskDecline{ExecutorId: who})
		a.Name += " " + who
		return a
	}
	offers := func(to flowv1.OfferTo, until string, who ...string) flowtest.Act {
		return act(Offer, &flowv1.TaskOfferTo{To: to, ExecutorIds: who, ExpiresAt: until})
	}
	var walked []flowtest.Rows
	for _, kind := range []flowv1.EmploymentKind{selfEmployed, civilContract} {
		s := spec(&flowv1.TaskCreate{CompanyId: "c1", PriceKind: net, Price: "100.00"})
		s.Attempts, s.Flips = 1, 0
		s.Acts = append(s.Acts[:1:1], offers(toCircle, "2025-02-01T00:00:00Z", "e1", "e2"), offers(toAll, ""),
			accepts("e1", kind), accepts("e2", kind), declines("e1"), declines("e2"), act(Withdraw, nil), act(Cancel, nil), act(Delete, nil),
			act(Assign, &flowv1.TaskAssign{ExecutorId: "e1", Executor: stamp(kind, 1), Tariff: tariff}), act(Sign, nil))
		before := s.Law
		s.Law = func(w *flowtest.World) error {
			d := read(w.View.Data)
			if waits := slices.Contains(w.Timers, offerExpired); waits != (d.Offer.GetExpiresAt() != "" && !d.Offer.GetExpired()) {
				return fmt.Errorf("a timer waits for the end of the offer: %t, of %v", waits, d.Offer)
			}
			if d.Offer != nil && w.View.State != Draft || d.Offer != nil && d.ExecutorId != "" && d.Phase != phaseHold {
				return fmt.Errorf("in %s with %q an offer stands: %v", w.View.State, d.ExecutorId, d.Offer)
			}
			return before(w)
		}
		walked = append(walked, flowtest.Explore(t, s))
	}
	return walked
}

// offerModel is what an offer is, told once more and naively.
type offerModel struct {
	circle   []string // who may accept; nil = everybody
	open     bool
	holder   string // who has it
	pending  string // who waits for his year
	terms    uint32
	deadline time.Time
}

// TestTheFirstGetsIt: however many accept, decline and come late, in whatever order, exactly
// one is assigned, the others hear offer_taken, and nobody who was not asked gets it.
// long: each event stands beside what the model says of it
func TestTheFirstGetsIt(t *testing.T) {
	t.Parallel()
	people := []string{"a", "b", "c", "d", "e"}
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom([]flowv1.EmploymentKind{selfEmployed, civilContract}).Draw(rt, "kind")
		s := flowtest.Spec{
			Flow: it, ID: "t1", Day: "2026-03-02", Owners: map[string]string{"company": "c1", "task": "t1", "executor": "a"},
			Tells: []string{tellYear, retryItself}, Reply: reply(false), Undoes: undoes,
		}
		w := flowtest.NewWorld(&s)
		do := func(a flowtest.Act) *fault.Refusal {
			_, refusal, err := w.Do(a)
			if err != nil {
				rt.Fatal(err)
			}
			return refusal
		}
		if r := do(act(Create, &flowv1.TaskCreate{CompanyId: "c1", PriceKind: gross, Price: "100.00"})); r != nil {
			rt.Fatal(r)
		}
		m := offerModel{terms: 1}
		check := func(what string, got *fault.Refusal, want fault.Code) {
			code := fault.Code("")
			if got != nil {
				code = got.Code
			}
			if code != want {
				rt.Fatalf("%s: %q (%v), want %q; the model is %+v", what, code, got, want, m)
			}
		}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			who := rapid.SampledFrom(people).Draw(rt, "who")
			switch what := rapid.SampledFrom([]string{"offer", "accept", "accept", "accept", "stranger", "poor", "decline", "withdraw", "year", "change", "expire"}).Draw(rt, "what"); what {
			case "offer":
				b := &flowv1.TaskOfferTo{To: toAll}
				var circle []string
				if rapid.Bool().Draw(rt, "circle") {
					circle = slices.Sorted(slices.Values(rapid.SliceOfNDistinct(rapid.SampledFrom(people), 1, 5, rapid.ID).Draw(rt, "who")))
					b.To, b.ExecutorIds = toCircle, circle
				}
				deadline := time.Time{}
				if rapid.Bool().Draw(rt, "until") {
					deadline = w.View.Clock.Add(time.Hour)
					b.ExpiresAt = deadline.Format(time.RFC3339)
				}
				want := fault.Code("")
				if m.holder != "" || m.pending != "" {
					want = fault.WrongState
				} else {
					m.circle, m.open, m.deadline = circle, true, deadline
				}
				check(what, do(act(Offer, b)), want)
			case "accept", "stranger", "poor":
				b := &flowv1.TaskAccept{ExecutorId: who, Executor: stamp(kind, 1), Terms: m.terms}
				if what == "stranger" {
					who = "z"
					b.ExecutorId = who
				}
				if what == "poor" {
					b.Executor.RequisitesVersion = 0
				}
				if rapid.IntRange(0, 4).Draw(rt, "stale") == 0 {
					b.Terms++
				}
				want := fault.Code("")
				switch has := m.holder + m.pending; {
				case has != "" && has != who:
					want = fault.OfferTaken
				case has == who:
					want = fault.WrongState
				case !m.open || m.circle != nil && !slices.Contains(m.circle, who):
					want = fault.NotOffered
				case what == "poor":
					want = fault.RequisitesMissing
				case b.Terms != m.terms:
					want = fault.WrongState
				case kind == selfEmployed:
					m.pending = who
				default:
					m.holder, m.open = who, false
				}
				check(what+" "+who, do(act(Accept, b)), want)
			case "decline":
				want := fault.Code("")
				switch i := slices.Index(m.circle, who); {
				case m.holder != "" || m.pending != "" || m.open && m.circle == nil:
					want = fault.WrongState
				case !m.open || i < 0:
					want = fault.NotOffered
				default:
					m.circle = slices.Delete(slices.Clone(m.circle), i, i+1)
					m.open = len(m.circle) > 0
				}
				check(what+" "+who, do(act(Decline, &flowv1.TaskDecline{ExecutorId: who})), want)
			case "withdraw":
				want := fault.Code("")
				if !m.open || m.pending != "" {
					want = fault.WrongState
				} else {
					m.open = false
				}
				check(what, do(act(Withdraw, nil)), want)
			case "change":
				want := fault.Code("")
				if m.holder != "" || m.pending != "" {
					want = fault.WrongState
				} else {
					m.terms++
				}
				check(what, do(act(Change, &flowv1.TaskChange{PriceKind: gross, Price: fmt.Sprint(100 + m.terms)})), want)
			case "expire":
				if !slices.Contains(w.Timers, offerExpired) {
					if m.open && !m.deadline.IsZero() {
						rt.Fatal("nobody waits for the end of the offer")
					}
					continue
				}
				m.open = false
				check(what, do(flowtest.Act{Name: what, Command: flow.Command{Event: offerExpired, Actor: "timer"}}), "")
				m.deadline = time.Time{}
			case "year":
				open := w.Open()
				if len(open) == 0 {
					continue
				}
				result := rapid.SampledFrom([]port.Result{port.Done, port.Refused}).Draw(rt, "result")
				if result == port.Done {
					m.holder, m.open = m.pending, false
				}
				m.pending = ""
				if _, refusal, err := w.Answer(open[0], result, fault.IncomeCap); refusal != nil || err != nil {
					rt.Fatal(refusal, err)
				}
			}
			d := read(w.View.Data)
			if d.ExecutorId != m.holder+m.pending || (w.View.State == InWork) != (m.holder != "") || (d.Offer != nil) != (m.open || m.pending != "" && d.Offer != nil) {
				rt.Fatalf("%s in %s, offer %v; the model is %+v", d.ExecutorId, w.View.State, d.Offer, m)
			}
		}
	})
}

// TestWhoFindsAnOffer: the audience follows the offer, and the executor who has the task.
func TestWhoFindsAnOffer(t *testing.T) {
	t.Parallel()
	s := flowtest.Spec{
		Flow: it, ID: "t1", Day: "2026-03-02", Owners: map[string]string{"company": "c1", "task": "t1", "executor": "a"},
		Tells: []string{tellYear, retryItself}, Reply: reply(false), Undoes: undoes,
	}
	w := flowtest.NewWorld(&s)
	now := []string(nil)
	for _, step := range []struct {
		act  flowtest.Act
		want string
	}{
		{act(Create, &flowv1.TaskCreate{CompanyId: "c1", PriceKind: gross, Price: "100.00", Kind: civilContract}), ""},
		{act(Offer, &flowv1.TaskOfferTo{To: toAll}), "offer-all:civil_contract"},
		{act(Change, &flowv1.TaskChange{Kind: entrepreneur}), "offer-all:entrepreneur"},
		{act(Offer, &flowv1.TaskOfferTo{To: toKnown}), "offer-known:c1"},
		{act(Offer, &flowv1.TaskOfferTo{To: toCircle, ExecutorIds: []string{"b", "a"}}), "offer:a offer:b"},
		{act(Decline, &flowv1.TaskDecline{ExecutorId: "b"}), "offer:a"},
		{act(Withdraw, nil), ""},
		{act(Offer, &flowv1.TaskOfferTo{To: toCircle, ExecutorIds: []string{"b", "a"}}), "offer:a offer:b"},
		{act(Accept, &flowv1.TaskAccept{ExecutorId: "b", Executor: stamp(entrepreneur, 1), Terms: 2}), "b"},
		{act(Cancel, nil), "b"},
	} {
		m, refusal, err := w.Do(step.act)
		if refusal != nil || err != nil {
			t.Fatal(step.act.Name, refusal, err)
		}
		if m.Readdress {
			now = m.Audience
		}
		if got := strings.Join(now, " "); got != step.want {
			t.Errorf("%s: found by %q, want %q", step.act.Name, got, step.want)
		}
	}
}

func TestOffersThatAreNone(t *testing.T) {
	t.Parallel()
	many := make([]string, MaxCircle+1)
	for i := range many {
		many[i] = "e" + strconv.Itoa(i)
	}
	for field, b := range map[string]*flowv1.TaskOfferTo{
		"to":             {},
		"executor_ids":   {To: toCircle},
		"executor_ids ":  {To: toCircle, ExecutorIds: many},
		"executor_ids  ": {To: toCircle, ExecutorIds: []string{"a", "a"}},
		" executor_ids":  {To: toCircle, ExecutorIds: []string{"А"}},
		"  executor_ids": {To: toAll, ExecutorIds: []string{"a"}},
		"expires_at":     {To: toAll, ExpiresAt: "tomorrow"},
		"expires_at ":    {To: toAll, ExpiresAt: "2026-03-02T09:00:00Z"},
		" expires_at":    {To: toAll, ExpiresAt: "2028-03-02T09:00:00Z"},
	} {
		s := flowtest.Spec{Flow: it, ID: "t1", Day: "2026-03-02", Owners: map[string]string{"company": "c1", "task": "t1", "executor": "a"}}
		w := flowtest.NewWorld(&s)
		if _, refusal, err := w.Do(act(Create, &flowv1.TaskCreate{CompanyId: "c1", PriceKind: gross, Price: "100.00"})); refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
		_, refusal, _ := w.Do(act(Offer, b))
		if refusal == nil || refusal.Code != fault.Malformed || refusal.Field != strings.TrimSpace(field) {
			t.Errorf("%v: %v, want malformed %s", b, refusal, field)
		}
	}
}
