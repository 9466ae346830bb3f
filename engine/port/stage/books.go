package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// State is what became of a payment.
type State string

// The states. Unseen payments were asked for and dropped by a fault: the partner
// has never heard of them.
const (
	Unseen   State = "unseen"
	Pending  State = "pending"
	Executed State = "executed"
	Refused  State = "refused"
	Failed   State = "failed"
	Returned State = "returned" // executed, then taken back
)

// Payment is one line of the books: one business payment by the partner's dedup key.
type Payment struct {
	Subject
	ExecutedCount int               `json:"executed_count"` // how many times it was really executed: 0 or 1
	Posts         int               `json:"posts"`          // how many times it was asked for
	Gets          int               `json:"gets"`           // how many times its state was asked
	Mismatches    int               `json:"mismatches"`     // sends under this id that asked for something else
	Calls         int               `json:"calls"`          // callbacks about it that were heard
	Status        State             `json:"status"`
	Extra         map[string]string `json:"extra,omitempty"` // what the partner made: receipt id, link, tax
	Rule          Rule              `json:"rule"`
	AcceptedAt    time.Time         `json:"accepted_at"`
	ExecutedAt    time.Time         `json:"executed_at"`
	ReturnedAt    time.Time         `json:"returned_at"`

	digest string
}

// Fault is how to behave at this send: a transient fault has a number of sends.
func (p Payment) Fault() Fault {
	if slices.Contains(transient, p.Rule.Fault) && p.Posts > max(p.Rule.Posts, 1) {
		return None
	}
	return p.Rule.Fault
}

// event is one line of the file. Exactly one of the pointers is set, or none.
type event struct {
	At      time.Time         `json:"at"`
	Event   string            `json:"event"` // post, get, call, mismatch, state, execute, script, note
	ID      string            `json:"id,omitempty"`
	Subject *Subject          `json:"subject,omitempty"` // first post
	Digest  string            `json:"digest,omitempty"`
	Rule    *Rule             `json:"rule,omitempty"`
	Fitted  []int             `json:"fitted,omitempty"`
	State   State             `json:"state,omitempty"`
	Extra   map[string]string `json:"extra,omitempty"`
	Script  *Script           `json:"script,omitempty"`
	Note    json.RawMessage   `json:"note,omitempty"`
}

// Options of the books.
type Options struct {
	Script    Script           // played until another is set; one that was set survives restarts
	Supported []Fault          // faults that the sandbox can play
	Now       func() time.Time // required
	// Make says what the partner makes of a payment when it executes it; called
	// under the books' lock.
	Make func(p Payment) map[string]string
	// Made is called for every executed payment, new or read again, under the same lock.
	Made func(p Payment)
	// Changed is called for every new change of a payment's state, under the same lock.
	Changed func(p Payment)
	// OnNote takes back the sandbox's own notes when the file is read again.
	OnNote func(note json.RawMessage) error
}

// Books are the sandbox's own record of what was asked and what was done.
// Safe for concurrent use.
type Books struct {
	o       Options
	journal *journal
	closed  chan struct{}
	once    sync.Once

	mu       sync.Mutex
	play     *play
	payments map[string]*Payment
	order    []string
}

// Open reads dir/books.jsonl, or begins it.
func Open(dir string, o Options) (*Books, error) {
	if o.Now == nil {
		return nil, errors.New("stage: Now is required")
	}
	first, err := newPlay(o.Script, o.Supported)
	if err != nil {
		return nil, fmt.Errorf("stage: %w", err)
	}
	b := &Books{o: o, play: first, payments: map[string]*Payment{}, closed: make(chan struct{})}
	b.journal, err = openJournal(filepath.Join(dir, "books.jsonl"), func(line []byte) error {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		return b.apply(e)
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Close ends every silence and closes the file.
func (b *Books) Close() error {
	var err error
	b.once.Do(func() {
		close(b.closed)
		err = b.journal.close()
	})
	return err
}

// Closed is closed by Close: a silent handler waits for it too.
func (b *Books) Closed() <-chan struct{} { return b.closed }

// record writes the event and applies it; the caller holds the lock.
func (b *Books) record(e event) error {
	e.At = b.o.Now().UTC()
	if err := b.journal.append(e); err != nil {
		return err
	}
	err := b.apply(e)
	if err == nil && b.o.Changed != nil && (e.Event == "state" || e.Event == "execute") {
		b.o.Changed(b.payments[e.ID].copy())
	}
	return err
}

// apply changes the state; it is the same for a new event and for one read again.
func (b *Books) apply(e event) error {
	switch e.Event {
	case "script":
		next, err := newPlay(*e.Script, b.o.Supported)
		if err != nil {
			return err
		}
		b.play = next
		return nil
	case "note":
		if b.o.OnNote == nil {
			return nil
		}
		return b.o.OnNote(e.Note)
	}
	p := b.payments[e.ID]
	if p == nil {
		if e.Subject == nil {
			return fmt.Errorf("event %s of the unknown payment %s", e.Event, e.ID)
		}
		p = &Payment{Subject: *e.Subject, Status: Unseen, digest: e.Digest}
		if e.Rule != nil {
			p.Rule = *e.Rule
		}
		b.play.count(e.Fitted)
		b.payments[e.ID] = p
		b.order = append(b.order, e.ID)
	}
	switch e.Event {
	case "post":
		p.Posts++
	case "get":
		p.Gets++
	case "call":
		p.Calls++
	case "mismatch":
		p.Mismatches++
	case "state":
		if p.AcceptedAt.IsZero() && e.State == Pending {
			p.AcceptedAt = e.At
		}
		if e.State == Returned {
			p.ReturnedAt = e.At
		}
		p.Status = e.State
	case "execute":
		p.ExecutedCount++
		p.Status, p.ExecutedAt, p.Extra = Executed, e.At, e.Extra
		if b.o.Made != nil {
			b.o.Made(p.copy())
		}
	default:
		return fmt.Errorf("unknown event %q", e.Event)
	}
	return nil
}

// Post records that a payment was asked for. The digest tells sends under one id
// that ask for different things; the first one counts.
func (b *Books) Post(s Subject, digest string) (Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := event{Event: "post", ID: s.ID}
	p := b.payments[s.ID]
	if p == nil {
		rule, fitted := b.play.choose(s)
		e.Subject, e.Digest, e.Rule, e.Fitted = &s, digest, rule, fitted
	}
	if err := b.record(e); err != nil {
		return Payment{}, err
	}
	if p != nil && p.digest != digest {
		if err := b.record(event{Event: "mismatch", ID: s.ID}); err != nil {
			return Payment{}, err
		}
	}
	return b.payments[s.ID].copy(), nil
}

// Behave says how to behave at a question that moves no money: it leaves nothing in
// the books, and its count of Nth ends with the process.
func (b *Books) Behave(s Subject) Rule {
	b.mu.Lock()
	defer b.mu.Unlock()
	rule, fitted := b.play.choose(s)
	b.play.count(fitted)
	if rule == nil {
		return Rule{}
	}
	return *rule
}

// Execute does the payment, unless it was done, refused or failed before; acted says
// whether this call did it. The answer must not leave before Settle.
func (b *Books) Execute(id string) (p Payment, acted bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.execute(id)
}

func (b *Books) execute(id string) (Payment, bool, error) {
	p := b.payments[id]
	if p.Status != Unseen && p.Status != Pending {
		return p.copy(), false, nil
	}
	var extra map[string]string
	if b.o.Make != nil {
		extra = b.o.Make(p.copy())
	}
	if err := b.record(event{Event: "execute", ID: id, Extra: extra}); err != nil {
		return Payment{}, false, err
	}
	return p.copy(), true, nil
}

// Become moves a payment that is not executed into a state.
func (b *Books) Become(id string, state State) (Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.payments[id]
	if p.Status != state && p.ExecutedCount == 0 {
		if err := b.record(event{Event: "state", ID: id, State: state}); err != nil {
			return Payment{}, err
		}
	}
	return p.copy(), nil
}

// Poll records that the payment's state was asked, executes it when its time has
// come, and takes it back when the script says so. False: no such payment.
func (b *Books) Poll(id string) (Payment, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.payments[id]
	if p == nil {
		return Payment{}, false, nil
	}
	err := b.record(event{Event: "get", ID: id})
	if err == nil && p.Status == Pending && b.ripe(p) {
		_, _, err = b.execute(id)
	}
	if err == nil && p.Status == Executed && p.Rule.Fault == TakenBack && p.Gets > p.Rule.Polls && b.passed(p.ExecutedAt, p.Rule) {
		err = b.record(event{Event: "state", ID: id, State: Returned})
	}
	return p.copy(), err == nil, err
}

// Change makes the partner change its word about a payment: an executed one comes back, a failed
// one is executed after all. What it says already is left as it is.
func (b *Books) Change(id string, to State) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.payments[id]
	switch {
	case p == nil:
		return fmt.Errorf("there is no payment %q", id)
	case p.Status == to:
		return nil
	case p.Status == Executed && to == Returned:
		return b.record(event{Event: "state", ID: id, State: to})
	case p.Status == Failed && to == Executed:
		return b.record(event{Event: "execute", ID: id})
	}
	return fmt.Errorf("payment %q is %s and does not become %s", id, p.Status, to)
}

// Pass does what the rule's delay has brought, nobody asking: a pending payment is executed,
// one that is to be taken back is.
func (b *Books) Pass(id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.payments[id]
	switch {
	case p == nil || p.Rule.DelayMS == 0:
		return nil
	case p.Status == Pending && b.passed(p.AcceptedAt, p.Rule):
		_, _, err := b.execute(id)
		return err
	case p.Status == Executed && p.Rule.Fault == TakenBack && b.passed(p.ExecutedAt, p.Rule):
		return b.record(event{Event: "state", ID: id, State: Returned})
	}
	return nil
}

// Called notes that a callback about a payment was heard.
func (b *Books) Called(id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.payments[id] == nil {
		return nil
	}
	return b.record(event{Event: "call", ID: id})
}

func (b *Books) passed(since time.Time, r Rule) bool { return b.o.Now().Sub(since) >= r.Delay() }

// ripe says whether a pending payment's time has come.
func (b *Books) ripe(p *Payment) bool {
	if p.Rule.Polls == 0 && p.Rule.DelayMS == 0 {
		return false // days without an answer
	}
	return p.Gets > p.Rule.Polls && b.passed(p.AcceptedAt, p.Rule)
}

// Settle returns when everything recorded so far is on disk. Every answer waits for it.
func (b *Books) Settle() error { return b.journal.sync() }

// SetScript plays another script from now on, over restarts too. Payments that
// were seen keep their rules; counts of Nth begin anew.
func (b *Books) SetScript(s Script) error {
	if _, err := newPlay(s, b.o.Supported); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.record(event{Event: "script", Script: &s})
}

// Note writes the sandbox's own state into the file; OnNote gets it, now and at restarts.
func (b *Books) Note(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.record(event{Event: "note", Note: raw})
}

// Payments lists all payments in the order in which they were first asked for.
func (b *Books) Payments() []Payment {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Payment, 0, len(b.order))
	for _, id := range b.order {
		list = append(list, b.payments[id].copy())
	}
	return list
}

func (p *Payment) copy() Payment {
	c := *p
	c.Extra, c.Detail = maps.Clone(p.Extra), maps.Clone(p.Detail)
	return c
}
