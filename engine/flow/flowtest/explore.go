package flowtest

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
)

// Rows are rows of a state table that were walked, by From and On.
type Rows map[[2]string]bool

// deep makes Explore go further than a usual run has time for.
var deep = flag.Int("flips", 0, "how often the world may take back its word on one attempt; 0 = as the spec says")

// Explore walks every order of acts, answers (duplicate, contradicting and late
// ones too) and timers up to the bounds of the spec, and checks the laws after
// every step. It gives the rows that were walked.
func Explore(t *testing.T, s Spec) Rows {
	t.Helper()
	if *deep > s.Flips && s.Flips > 0 {
		s.Flips = *deep
	}
	rows, states, err := explore(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d states, %d rows", s.Flow.Name, states, len(rows))
	return rows
}

// explore gives the rows that were walked and the number of different worlds; its
// error is the first broken law with the way to it.
func explore(s Spec) (Rows, int, error) {
	rows := Rows{}
	start := NewWorld(&s)
	seen := map[[sha256.Size]byte]bool{start.key(): true}
	for queue := []*World{start}; len(queue) > 0; queue = queue[1:] {
		w := queue[0]
		alive := s.Flow.Terminal(w.View.State)
		for _, branch := range branches(w) {
			next, copied := *w, branch.world
			if copied { // an answer is written down before it is told
				next.own()
			}
			act := branch.act(&next)
			m, refusal := next.decide(act)
			switch {
			case refusal != nil && branch.world:
				return nil, 0, w.broken(fmt.Errorf("%s: the world cannot be refused: %w", act.Name, refusal))
			case refusal != nil:
				continue
			}
			if !copied {
				next.own()
			}
			if err := next.take(act, m); err != nil {
				return nil, 0, next.broken(err)
			}
			alive = alive || !branch.late
			rows[[2]string{m.From, m.On}] = true
			if k := next.key(); within(&next) && !seen[k] {
				seen[k] = true
				queue = append(queue, &next)
			}
		}
		if !alive {
			return nil, 0, w.broken(fmt.Errorf("nobody can act in %s, and nothing is waited for", w.View.State))
		}
	}
	return rows, len(seen), nil
}

// broken tells the way to a broken law.
func (w *World) broken(err error) error {
	var steps []string
	for y := w.Way; y != nil; y = y.Before {
		steps = append(steps, y.String())
	}
	slices.Reverse(steps)
	return fmt.Errorf("%w\n    %s", err, strings.Join(steps, "\n    "))
}

// branch is one thing that can happen; world says that nobody can forbid it, late
// that nobody waits for it.
type branch struct {
	world, late bool
	act         func(*World) Act
}

// branches lists what can happen next.
func branches(w *World) []branch {
	var all []branch
	for _, a := range w.Spec.Acts {
		if a.Day == "" || a.Day >= w.View.Day {
			all = append(all, branch{act: func(*World) Act { return a }})
		}
	}
	for _, e := range w.Timers {
		if slices.Contains(w.Spec.Asleep, e) {
			continue
		}
		all = append(all, branch{world: true, act: func(*World) Act {
			return Act{Name: "timer " + e, Command: flow.Command{Event: e, Actor: "timer"}}
		}})
	}
	for i, try := range w.Tries {
		if w.Spec.Deaf && w.Spec.tells(try) {
			continue
		}
		for _, r := range []port.Result{port.Done, port.Refused, port.Unknown} {
			if r != port.Unknown && try.Last != port.Unknown && r != try.Last && try.Flips >= w.Spec.Flips {
				continue
			}
			for _, code := range codes(w.Spec, r) {
				all = append(all, branch{
					world: true, late: try.Last != port.Unknown,
					act: func(n *World) Act { return n.answer(i, r, code) },
				})
			}
		}
	}
	return all
}

func codes(s *Spec, r port.Result) []fault.Code {
	if r != port.Refused {
		return []fault.Code{""}
	}
	if len(s.Codes) == 0 {
		return []fault.Code{fault.PayoutRefused}
	}
	return s.Codes
}

func within(w *World) bool {
	for ask, n := range w.View.Attempts {
		most := w.Spec.Attempts
		if slices.Contains(w.Spec.Tells, ask) {
			if most = w.Spec.Told; most == 0 {
				continue
			}
		}
		if n > most {
			return false
		}
	}
	return true
}

// Covered refuses a row of the state table that no exploration has walked: it is
// dead, or the spec does not try what leads there.
func Covered(t *testing.T, f *flow.Flow, walked ...Rows) {
	t.Helper()
	for _, tr := range f.Machine.Transitions {
		if !slices.ContainsFunc(walked, func(r Rows) bool { return r[[2]string{tr.From, tr.On}] }) {
			t.Errorf("%s on %s was never walked", tr.From, tr.On)
		}
	}
}

// Walk takes random walks through specs that draw makes, with the laws after
// every step and every step decided twice.
func Walk(t *testing.T, draw func(*rapid.T) Spec) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		s := draw(rt)
		w := NewWorld(&s)
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			all := branches(w)
			next := w.clone()
			act := all[rapid.IntRange(0, len(all)-1).Draw(rt, "branch")].act(next)
			once, _ := s.Flow.Step(next.View, act.Command)
			twice, _ := s.Flow.Step(next.View, act.Command)
			if !reflect.DeepEqual(once, twice) {
				rt.Fatalf("%s decided twice differs:\n%+v\n%+v", act.Name, once, twice)
			}
			_, refusal, err := next.Do(act)
			if err != nil {
				rt.Fatal(next.broken(err))
			}
			if refusal == nil {
				w = next
			}
		}
	})
}

// Tables checks the tables of a flow alone: the way into and out of every state,
// terminal states that can be reached, and recipes that balance for every amount.
func Tables(t *testing.T, f *flow.Flow) {
	t.Helper()
	recipes(t, f)
	reached := map[string]bool{machine.New: true}
	for grew := true; grew; {
		grew = false
		for _, tr := range f.Machine.Transitions {
			if reached[tr.From] && !reached[tr.To] {
				reached[tr.To], grew = true, true
			}
		}
	}
	for _, s := range f.Machine.States() {
		if !reached[s] {
			t.Errorf("state %s cannot be reached", s)
		}
		acts := func(tr machine.Transition) bool { return tr.From == s }
		if !f.Terminal(s) && !slices.ContainsFunc(f.Machine.Transitions, acts) {
			t.Errorf("nothing can happen in %s, and somebody is waited for in it: %s", s, f.Title(s).WaitsFor)
		}
	}
	for _, tr := range f.Machine.Transitions {
		if tr.Says != "" && !strings.HasPrefix(tr.Says, f.Name+".") {
			t.Errorf("%s on %s says %s, which is not of %s", tr.From, tr.On, tr.Says, f.Name)
		}
		if tr.From != tr.To && tr.Says == "" {
			t.Errorf("%s on %s changes the state and tells nobody", tr.From, tr.On)
		}
	}
}

// recipes draws amounts and cases and checks that every recipe's debits equal its
// credits, that a zero amount books nothing, and that owners stand in the accounts.
func recipes(t *testing.T, f *flow.Flow) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		d := flow.Decision{Amounts: map[string]money.Amount{}, Owners: map[string]string{}}
		for _, p := range f.Recipes() {
			if _, ok := d.Amounts[p.Amount]; !ok {
				d.Amounts[p.Amount] = money.New(rapid.Int64Range(0, 1<<50).Draw(rt, p.Amount), money.RUB.Scale)
			}
			for _, c := range p.When {
				if rapid.Bool().Draw(rt, c) {
					d.Cases = append(d.Cases, c)
				}
			}
		}
		for _, owner := range f.Owners() {
			d.Owners[owner] = "x-" + owner
		}
		for _, p := range f.Recipes() {
			sum := money.Zero
			for _, l := range f.Legs(p.Recipe, d) {
				if l.Amount.Sign() <= 0 || strings.ContainsAny(l.Account, "{}") {
					rt.Fatalf("recipe %s: a leg of %s on %s", p.Recipe, l.Amount, l.Account)
				}
				if l.Debit {
					sum = sum.Add(l.Amount)
				} else {
					sum = sum.Sub(l.Amount)
				}
			}
			if !sum.IsZero() {
				rt.Fatalf("recipe %s is out by %s", p.Recipe, sum)
			}
		}
	})
}
