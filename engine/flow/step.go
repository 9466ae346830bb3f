package flow

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
)

// Step decides one command: Decide names the event, the tables say the rest.
// It is a function of its arguments alone. A refusal changes nothing; a Decide
// that breaks its own tables (an amount or owner missing, a negative amount) is
// a broken invariant: panic.
//
// Refusals of its own: malformed for an id that cannot own an account, not_found when the aggregate does not exist and the event
// does not begin one, already_exists when it does exist and the event begins
// one, malformed for an answer that nobody answered, wrong_state when the table
// has no row (field "event", facts "state" and "event").
func (f *Flow) Step(v View, c Command) (Move, *fault.Refusal) {
	if refusal := f.admit(v, c); refusal != nil {
		return Move{}, refusal
	}
	d, refusal := f.decide(v, c)
	if refusal != nil {
		return Move{}, refusal
	}
	on := d.On
	if on == "" {
		on = c.Event
	}
	tr, ok := f.Machine.Next(v.State, on)
	if !ok {
		return Move{}, WrongState(v, c)
	}
	m := Move{
		Flow: f.Name, ID: v.ID, From: v.State, On: on, To: tr.To, Says: tr.Says,
		Data: d.Data, Day: d.Day, Section: d.Sections[tr.To],
	}
	if m.Data == nil {
		m.Data = v.Data
	}
	if m.Day == "" {
		m.Day = v.Day
	}
	for _, name := range tr.Books {
		before := len(m.Entry)
		if m.Entry = f.post(m.Entry, name, d); len(m.Entry) > before {
			m.Recipes = append(m.Recipes, name)
		}
	}
	for _, name := range tr.Asks {
		ask, maybe := strings.CutSuffix(name, Maybe)
		if _, given := d.Asks[ask]; given || !maybe {
			m.Effects = append(m.Effects, f.effect(v, ask, d))
		}
	}
	f.asked(tr, d)
	m.Timers = append(f.timersOf(v, c, tr), f.saidTimers(tr, d)...)
	m.Audience, m.Readdress = d.Audience, d.Readdress
	return m, nil
}

// WrongState is the refusal of an event that the state does not allow.
func WrongState(v View, c Command) *fault.Refusal {
	return fault.Refuse(fault.WrongState, "event", "%q is not possible in state %q", c.Event, v.State).
		With("state", v.State).With("event", c.Event)
}

// admit refuses what no Decide needs to see.
func (f *Flow) admit(v View, c Command) *fault.Refusal {
	_, begins := f.Machine.Next(machine.New, c.Event)
	_, again := f.Machine.Next(v.State, c.Event)
	switch {
	case !validID(v.ID):
		return CheckID("id", v.ID)
	case v.State == machine.New && !begins:
		return fault.Refuse(fault.NotFound, "id", "there is no %s %q", f.Name, v.ID)
	case v.State != machine.New && begins && !again:
		return fault.Refuse(fault.AlreadyExists, "id", "%s %q exists already", f.Name, v.ID)
	case c.Answer == nil && f.isAnswer(c.Event):
		return fault.Refuse(fault.Malformed, "event", "%q is an answer of the world and carries none", c.Event)
	case c.Answer != nil && !f.isAnswer(c.Event):
		return fault.Refuse(fault.Malformed, "event", "%q is not an answer of the world", c.Event)
	case c.Answer != nil && c.Number == 0:
		panic(fmt.Sprintf("flow %s: answer %s names no attempt", f.Name, c.Event))
	}
	return nil
}

// MaxIDBytes bounds the ids that become owners of accounts.
const MaxIDBytes = 64

// CheckID refuses an id that cannot be an owner of an account: 1 to MaxIDBytes of
// a-z, 0-9, '-', '_', '.'. A flow checks every id that a command brings.
func CheckID(field, id string) *fault.Refusal {
	if validID(id) {
		return nil
	}
	return fault.Refuse(fault.Malformed, field, "%.64q is not an id of 1 to %d of a-z, 0-9, '-', '_', '.'", id, MaxIDBytes)
}

func validID(id string) bool {
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return id != "" && len(id) <= MaxIDBytes
}

// isAnswer says whether the event is a result of an ask.
func (f *Flow) isAnswer(event string) bool {
	for _, a := range f.asks {
		if event == a.Done || event == a.Refused || event == a.Unknown {
			return true
		}
	}
	return false
}

// post appends the legs of one recipe: rows whose cases hold and whose amount is
// not zero, debit before credit.
func (f *Flow) post(legs []Leg, recipe string, d Decision) []Leg {
	for _, p := range f.recipes[recipe] {
		if slices.ContainsFunc(p.When, func(w string) bool { return !slices.Contains(d.Cases, w) }) {
			continue
		}
		amount, ok := d.Amounts[p.Amount]
		if !ok && d.Rest {
			continue
		}
		if !ok || amount.Sign() < 0 || !amount.Equal(amount.Round(money.RUB.Scale, money.Down)) {
			panic(fmt.Sprintf("flow %s: recipe %s: amount %s is %s (given: %t)", f.Name, recipe, p.Amount, amount, ok))
		}
		if amount.IsZero() {
			continue
		}
		legs = append(legs,
			Leg{Account: f.fill(p.Debit, d.Owners), Debit: true, Amount: amount, Recipe: recipe},
			Leg{Account: f.fill(p.Credit, d.Owners), Amount: amount, Recipe: recipe})
	}
	return legs
}

// fill puts owners into an account pattern.
func (f *Flow) fill(pattern string, by map[string]string) string {
	names, err := owners(pattern)
	if err != nil {
		panic(err) // Parse has read it
	}
	account := pattern
	for _, n := range names {
		if !validID(by[n]) {
			panic(fmt.Sprintf("flow %s: account %s: owner %s is %q", f.Name, pattern, n, by[n]))
		}
		account = strings.ReplaceAll(account, "{"+n+"}", by[n])
	}
	return account
}

// asked stops a decision that says the body of an ask which its row leaves out: what
// Decide chose to ask would be lost.
func (f *Flow) asked(tr *machine.Transition, d Decision) {
	for name := range d.Asks {
		if f.chosen[name] && !slices.Contains(tr.Asks, name) && !slices.Contains(tr.Asks, name+Maybe) {
			panic(fmt.Sprintf("flow %s: %s on %s asks %s, which its row does not list", f.Name, tr.From, tr.On, name))
		}
	}
}

// effect opens an attempt or asks about the open one again.
func (f *Flow) effect(v View, name string, d Decision) Effect {
	a := f.asks[name]
	e := Effect{Ask: name, Port: a.Port, Verb: a.Verb, Number: v.Attempts[name] + 1, Body: d.Asks[name]}
	if a.Repeats != "" {
		e.Ask, e.Repeat, e.Number = a.Repeats, true, v.Attempts[a.Repeats]
		if e.Number == 0 {
			panic(fmt.Sprintf("flow %s: %s repeats %s, which was never asked", f.Name, name, a.Repeats))
		}
	} else if _, ok := d.Asks[name]; !ok {
		panic(fmt.Sprintf("flow %s: ask %s has no body", f.Name, name))
	}
	e.Attempt = Attempt(v.Book, f.Name, v.ID, e.Ask, e.Number)
	return e
}

// Attempt is the id of one attempt, ours and the provider's dedup key: the first
// 32 hex digits of SHA-256 over the five parts, each led by its length (4 bytes,
// big endian) so that no two lists of parts give the same bytes; the number is
// 4 bytes, big endian.
func Attempt(book, flow, id, ask string, number uint32) string {
	var bytes []byte
	for _, part := range []string{book, flow, id, ask} {
		bytes = binary.BigEndian.AppendUint32(bytes, uint32(len(part)))
		bytes = append(bytes, part...)
	}
	bytes = binary.BigEndian.AppendUint32(bytes, number)
	sum := sha256.Sum256(bytes)
	return hex.EncodeToString(sum[:16])
}

// timersOf sets the timers of a state that is entered. A row that stays in its
// state leaves the running timers alone, so that answers cannot put off an
// alarm; a timer that fired and stayed is set again.
func (f *Flow) timersOf(v View, c Command, tr *machine.Transition) []Timer {
	var set []Timer
	for _, w := range f.timers[tr.To] {
		if w.After > 0 && (tr.From != tr.To || w.Event == c.Event) {
			set = append(set, Timer{Event: w.Event, Due: v.Clock.Add(w.After)})
		}
	}
	return set
}

// saidTimers sets and takes back the timers whose moment Decide says. One that the state
// does not have is a broken invariant: panic.
func (f *Flow) saidTimers(tr *machine.Transition, d Decision) []Timer {
	var set []Timer
	for _, event := range slices.Sorted(maps.Keys(d.Timers)) {
		due := d.Timers[event]
		if due.IsZero() && tr.From != tr.To {
			continue // it falls with the state
		}
		said := func(w Waiting) bool { return w.Event == event && w.After == 0 }
		if !slices.ContainsFunc(f.timers[tr.To], said) {
			panic(fmt.Sprintf("flow %s: %s on %s says when %s comes, which %s does not wait for", f.Name, tr.From, tr.On, event, tr.To))
		}
		set = append(set, Timer{Event: event, Due: due})
	}
	return set
}

// EventFor names the event that an answer to an ask becomes. NotFound is Unknown
// to a flow: whether to send again is the engine's rule. An ask that the table
// does not have is a broken invariant: panic.
func (f *Flow) EventFor(ask string, result port.Result) (event string) {
	a, ok := f.asks[ask]
	if !ok {
		panic(fmt.Sprintf("flow %s: no ask %q", f.Name, ask))
	}
	switch result {
	case port.Done:
		return a.Done
	case port.Refused:
		return a.Refused
	default:
		return a.Unknown
	}
}
