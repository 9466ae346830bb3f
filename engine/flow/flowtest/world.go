package flowtest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
)

// Spec says what is tried on one flow.
type Spec struct {
	Flow   *flow.Flow
	ID     string                                     // of the aggregate
	Owners map[string]string                          // that fill its holding accounts
	Day    string                                     // the first day, YYYY-MM-DD
	Acts   []Act                                      // what people may try, in any order
	Once   []string                                   // asks that move something: a new attempt only after a refusal
	Tells  []string                                   // asks that nobody waits for: they may overlap, and be open when all is over
	Asleep []string                                   // timers that do not fire
	Deaf   bool                                       // Explore leaves out their answers: they change nothing
	Reply  func(t Try, r port.Result, a *port.Answer) // what an answer carries beside its result; nil = nothing
	Undoes func(t Try) (ask string, number uint32)    // which attempt is undone when this one is done; "" = none
	Codes  []fault.Code                               // codes that a refusal may carry; empty = payout_refused
	Given  func(*World) int                           // how many done attempts of Once somebody else has given back; nil = none
	Law    func(*World) error
	// Bounds of Explore.
	Attempts uint32 // attempts of one ask
	Told     uint32 // attempts of an ask that tells; 0 = as many as the acts make
	Flips    int    // times that the world takes back its final word on one attempt
}

// Act is one thing that somebody does.
type Act struct {
	Name    string // for the path of a failure
	Day     string // the day moves on to it; "" = stays
	Command flow.Command
}

// Try is one attempt that the flow has opened, as the world knows it.
type Try struct {
	Effect flow.Effect
	Last   port.Result // the last final word; Unknown = open. Of a mere question the first
	Flips  int
}

// World is one aggregate with everything around it.
type World struct {
	Spec     *Spec
	View     flow.View
	Tries    []Try
	Timers   []string                // events that wait
	Balances map[string]money.Amount // debits − credits
	Way      *Way                    // what was done to come here; nil before anything was
}

// Way is a step and those before it. Most worlds are seen once and never told of, so it is words
// only when it is asked for.
type Way struct {
	Before   *Way
	Act      string // its name
	From, To string
	On       string
}

// String tells a step.
func (y *Way) String() string { return fmt.Sprintf("%s: %s → %s (%s)", y.Act, y.From, y.To, y.On) }

// book is the book of all tests.
const book = "main"

// NewWorld makes the world before the aggregate exists.
func NewWorld(s *Spec) *World {
	return &World{
		Spec: s, Balances: map[string]money.Amount{},
		View: flow.View{Book: book, ID: s.ID, State: machine.New, Attempts: map[string]uint32{}, Clock: noon(s.Day), Day: s.Day},
	}
}

func noon(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t.Add(9 * time.Hour)
}

// clone copies the world so that a step can be tried.
func (w *World) clone() *World {
	c := *w
	c.own()
	return &c
}

// own parts the world from the one that it was copied from.
func (w *World) own() {
	w.View.Attempts, w.Balances = maps.Clone(w.View.Attempts), maps.Clone(w.Balances)
	w.Tries, w.Timers = slices.Clone(w.Tries), slices.Clone(w.Timers)
}

// key is equal for worlds from which the same can happen.
func (w *World) key() [sha256.Size]byte {
	b := make([]byte, 0, 1024)
	put := func(words ...string) { // each with its length: no two worlds run into one
		for _, word := range words {
			b = append(strconv.AppendInt(b, int64(len(word)), 10), ':')
			b = append(b, word...)
		}
	}
	put(w.View.State, w.View.Day, string(w.View.Data), "tries")
	for _, t := range w.Tries {
		if !w.Spec.Deaf || !w.Spec.tells(t) {
			put(t.Effect.Attempt, string(t.Last), strconv.Itoa(t.Flips))
		}
	}
	put("timers")
	put(w.Timers...)
	put("balances")
	for _, a := range slices.Sorted(maps.Keys(w.Balances)) {
		if !w.Balances[a].IsZero() {
			put(a, w.Balances[a].String())
		}
	}
	return sha256.Sum256(b)
}

// Do performs one act and checks the laws of the move. A refusal leaves the
// world as it was.
func (w *World) Do(a Act) (flow.Move, *fault.Refusal, error) {
	m, refusal := w.decide(a)
	if refusal != nil {
		return m, refusal, nil
	}
	return m, nil, w.take(a, m)
}

// decide asks the flow; nothing but the day moves on.
func (w *World) decide(a Act) (flow.Move, *fault.Refusal) {
	if a.Day != "" && a.Day > w.View.Day {
		w.View.Day, w.View.Clock = a.Day, noon(a.Day)
	}
	return w.Spec.Flow.Step(w.View, a.Command)
}

// take takes a move over and checks its laws.
func (w *World) take(a Act, m flow.Move) error {
	w.Way = &Way{w.Way, a.Name, m.From, m.To, m.On}
	err := errors.Join(w.book(m), w.open(m))
	w.View.State, w.View.Data = m.To, m.Data
	if m.From != m.To {
		w.Timers = nil
	}
	w.Timers = slices.DeleteFunc(w.Timers, func(e string) bool { return e == a.Command.Event })
	for _, t := range m.Timers {
		w.Timers = slices.DeleteFunc(w.Timers, func(e string) bool { return e == t.Event })
		if !t.Due.IsZero() {
			w.Timers = append(w.Timers, t.Event)
		}
	}
	err = errors.Join(err, w.rest())
	if w.Spec.Law != nil {
		err = errors.Join(err, w.Spec.Law(w))
	}
	return err
}

// book adds the legs to the balances; debits must equal credits in each recipe.
func (w *World) book(m flow.Move) error {
	sums := map[string]money.Amount{}
	for _, l := range m.Entry {
		if l.Amount.Sign() <= 0 {
			return fmt.Errorf("a leg of %s on %s", l.Amount, l.Account)
		}
		signed := l.Amount
		if !l.Debit {
			signed = l.Amount.Neg()
		}
		w.Balances[l.Account] = w.Balances[l.Account].Add(signed)
		sums[l.Recipe] = sums[l.Recipe].Add(signed)
	}
	for recipe, sum := range sums {
		if !sum.IsZero() {
			return fmt.Errorf("recipe %s is out by %s", recipe, sum)
		}
		if !slices.Contains(m.Recipes, recipe) {
			return fmt.Errorf("recipe %s is not named by the move", recipe)
		}
	}
	return nil
}

// open takes over the effects of a move.
func (w *World) open(m flow.Move) error {
	for _, e := range m.Effects {
		i := slices.IndexFunc(w.Tries, func(t Try) bool { return t.Effect.Attempt == e.Attempt })
		switch {
		case e.Repeat && i < 0:
			return fmt.Errorf("%s repeats an attempt that was never made", e.Ask)
		case e.Repeat && w.Tries[i].Last != port.Unknown:
			return fmt.Errorf("%s asks again about an attempt that is %s", e.Ask, w.Tries[i].Last)
		case !e.Repeat && i >= 0:
			return fmt.Errorf("%s opens attempt %s twice", e.Ask, e.Attempt)
		case e.Repeat:
			continue
		}
		given := 0
		if w.Spec.Given != nil {
			given = w.Spec.Given(w)
		}
		for _, t := range w.Tries {
			if t.Effect.Ask != e.Ask || w.Spec.tells(t) {
				continue
			}
			if given > 0 && t.Last == port.Done {
				given--
				continue
			}
			if t.Last == port.Unknown || slices.Contains(w.Spec.Once, e.Ask) && t.Last != port.Refused {
				return fmt.Errorf("attempt %d of %s is opened while attempt %d is %s", e.Number, e.Ask, t.Effect.Number, t.Last)
			}
		}
		w.View.Attempts[e.Ask] = e.Number
		w.Tries = append(w.Tries, Try{Effect: e, Last: port.Unknown})
	}
	return nil
}

// rest checks what a terminal state leaves behind.
func (w *World) rest() error {
	if !w.Spec.Flow.Terminal(w.View.State) {
		return nil
	}
	for _, account := range w.Spec.Flow.HoldingOf(w.Spec.Owners) {
		if b := w.Balances[account]; !b.IsZero() {
			return fmt.Errorf("%s is over and leaves %s in %s", w.View.State, b, account)
		}
	}
	for _, t := range w.Tries {
		if t.Last == port.Unknown && !w.Spec.tells(t) {
			return fmt.Errorf("%s is over and %s %d is open", w.View.State, t.Effect.Ask, t.Effect.Number)
		}
	}
	return nil
}

// Open lists the attempts that wait for a final word.
func (w *World) Open() []Try {
	return slices.DeleteFunc(slices.Clone(w.Tries), func(t Try) bool { return t.Last != port.Unknown || w.Spec.tells(t) })
}

// tells says whether nobody waits for the attempt.
func (s *Spec) tells(t Try) bool { return slices.Contains(s.Tells, t.Effect.Ask) }

// Balance gives debits − credits of an account.
func (w *World) Balance(account string) money.Amount { return w.Balances[account] }

// Answer performs the world's word on an attempt that was made.
func (w *World) Answer(t Try, r port.Result, code fault.Code) (flow.Move, *fault.Refusal, error) {
	i := slices.IndexFunc(w.Tries, func(o Try) bool { return o.Effect.Attempt == t.Effect.Attempt })
	return w.Do(w.answer(i, r, code))
}

// answer makes the act of the world's word on one attempt and writes the word down.
func (w *World) answer(i int, r port.Result, code fault.Code) Act {
	t := &w.Tries[i]
	a := port.Answer{Result: r, Status: string(r), Code: code}
	if r == port.Done {
		a.ReceiptID = fmt.Sprintf("receipt-%d", t.Effect.Number)
	}
	if w.Spec.Reply != nil {
		w.Spec.Reply(*t, r, &a)
	}
	if r != port.Unknown {
		switch {
		case t.Last == port.Unknown:
			t.Last = r
			w.undo(*t)
		case t.Last != r && slices.Contains(w.Spec.Once, t.Effect.Ask):
			t.Last = r
			t.Flips++
		}
	}
	return Act{
		Name: t.Effect.Ask + "#" + strconv.FormatUint(uint64(t.Effect.Number), 10) + " " + string(r),
		Command: flow.Command{
			Event: w.Spec.Flow.EventFor(t.Effect.Ask, r), Actor: "effect", Answer: &a, Number: t.Effect.Number,
		},
	}
}

// undo writes down that an attempt is undone by another one.
func (w *World) undo(t Try) {
	if w.Spec.Undoes == nil || t.Last != port.Done {
		return
	}
	ask, number := w.Spec.Undoes(t)
	for i := range w.Tries {
		if w.Tries[i].Effect.Ask == ask && w.Tries[i].Effect.Number == number {
			w.Tries[i].Last = port.Refused
		}
	}
}
