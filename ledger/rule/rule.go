package rule

import (
	"cmp"
	"fmt"
	"slices"
)

// ShardID numbers a shard.
type ShardID = uint32

// Subject names what a rule is about. The same subject has the same home for ever.
type Subject struct {
	Book string
	Kind string // "account"
	Name string
}

// compare gives subjects an order, so that the same changes have the same bytes.
func (s Subject) compare(o Subject) int {
	return cmp.Or(cmp.Compare(s.Book, o.Book), cmp.Compare(s.Kind, o.Kind), cmp.Compare(s.Name, o.Name))
}

// Message is what one shard tells another: the home a rule, a shard that it holds it.
type Message struct {
	Subject
	Version uint64
	Body    []byte `json:",omitempty"` // the rule; none in a confirmation
	Seq     uint64 `json:",omitempty"` // confirmation: the record that took the rule
	Found   string `json:",omitempty"` // confirmation: what there stands against it
}

// Position is the record with which a shard took a rule.
type Position struct {
	Shard ShardID
	Seq   uint64
}

// Change is a rule that is on its way to being confirmed by all shards.
type Change struct {
	Subject
	Operation string     // who waits for it
	Version   uint64     // of the step at hand
	Await     []ShardID  // who has not confirmed the step, in order
	At        []Position // who has, in order
	Found     []string   // what shards found in any step, in the order in which they said it
}

func (c Change) clone() Change {
	c.Await, c.At, c.Found = slices.Clone(c.Await), slices.Clone(c.At), slices.Clone(c.Found)
	return c
}

// Books is the shard's own side: what holds there, and the hand that carries things
// out. It must not call the Home back.
type Books interface {
	// Put makes the rule hold on this shard from a record of its own, and answers that
	// record's number and what is here that stands against the rule, "" when nothing.
	Put(s Subject, version uint64, body []byte, home bool) (seq uint64, found string)
	// Tell hands a message to the link with a shard.
	Tell(to ShardID, m Message)
	// Confirmed says that all shards hold the step's rule. It answers the rule of the
	// next step, or nil when the change is over, and what the home itself found.
	Confirmed(c Change) (next []byte, found string)
}

// Home is the changes that one shard has under way for the subjects whose home it is.
// It is one owner's: no method may run beside another.
type Home struct {
	id     ShardID
	shards int
	open   map[Subject]*Change
	dirty  map[Subject]bool

	hasty bool // tests: acknowledge without waiting
}

// New makes the home of a shard on which nothing is under way.
func New(id ShardID, shards int) *Home {
	return &Home{id: id, shards: shards, open: map[Subject]*Change{}, dirty: map[Subject]bool{}}
}

// Open makes a home of its rows.
func Open(id ShardID, shards int, rows []Change) (*Home, error) {
	h := New(id, shards)
	for _, c := range rows {
		if h.open[c.Subject] != nil {
			return nil, fmt.Errorf("rule: shard %d: two changes of %s %s", id, c.Kind, c.Name)
		}
		row := c.clone()
		h.open[c.Subject] = &row
	}
	return h, nil
}

// Pending says whether a change of the subject is under way.
func (h *Home) Pending(s Subject) bool { return h.open[s] != nil }

// Begin starts a change of a subject that has none under way; body is its rule.
func (h *Home) Begin(b Books, operation string, s Subject, version uint64, body []byte) {
	if h.Pending(s) {
		panic(fmt.Sprintf("rule: a second change of %s %s", s.Kind, s.Name))
	}
	c := &Change{Subject: s, Operation: operation, Version: version - 1}
	h.open[s] = c
	h.step(b, c, body)
}

// step asks all shards to hold a rule, this one first.
func (h *Home) step(b Books, c *Change, body []byte) {
	c.Version++
	h.dirty[c.Subject] = true
	seq, found := b.Put(c.Subject, c.Version, body, true)
	c.At, c.Await = nil, nil
	c.confirmed(h.id, seq, found)
	for to := range ShardID(h.shards) {
		if to != h.id {
			c.Await = append(c.Await, to)
			b.Tell(to, Message{Subject: c.Subject, Version: c.Version, Body: body})
		}
	}
	h.look(b, c)
}

// look ends a step that all shards have confirmed.
func (h *Home) look(b Books, c *Change) {
	if len(c.Await) > 0 && !h.hasty {
		return
	}
	next, found := b.Confirmed(c.clone())
	if found != "" {
		c.Found = append(c.Found, found)
	}
	if next != nil {
		h.step(b, c, next)
		return
	}
	delete(h.open, c.Subject)
}

func (c *Change) confirmed(from ShardID, seq uint64, found string) {
	c.Await = slices.DeleteFunc(slices.Clone(c.Await), func(id ShardID) bool { return id == from })
	c.At = append(c.At, Position{from, seq})
	slices.SortFunc(c.At, func(a, b Position) int { return cmp.Compare(a.Shard, b.Shard) })
	if found != "" {
		c.Found = append(c.Found, found)
	}
}

// Receive takes a message of another shard.
func (h *Home) Receive(b Books, from ShardID, m Message) {
	if m.Body != nil {
		seq, found := b.Put(m.Subject, m.Version, m.Body, false)
		b.Tell(from, Message{Subject: m.Subject, Version: m.Version, Seq: seq, Found: found})
		return
	}
	c := h.open[m.Subject]
	if c == nil || c.Version != m.Version || !slices.Contains(c.Await, from) {
		return
	}
	h.dirty[c.Subject] = true
	c.confirmed(from, m.Seq, m.Found)
	h.look(b, c)
}

// Changes takes the rows written, and the subjects whose row is gone, since it was
// last called.
func (h *Home) Changes() (written []Change, gone []Subject) {
	for s := range h.dirty {
		if c := h.open[s]; c != nil {
			written = append(written, c.clone())
		} else {
			gone = append(gone, s)
		}
	}
	clear(h.dirty)
	slices.SortFunc(written, func(a, b Change) int { return a.compare(b.Subject) })
	slices.SortFunc(gone, Subject.compare)
	return written, gone
}
