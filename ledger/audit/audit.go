package audit

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	"github.com/provodka/provodka/proto/lean"
)

// Header is one header of an event.
type Header struct {
	Key   string
	Value []byte
}

// Event is a published record as it was read; nothing in it is believed.
type Event struct {
	Key     []byte
	Value   []byte
	Headers []Header
}

// Options of an Auditor.
type Options struct {
	// Zone is where the books' days begin; it matters to Compare only. Europe/Moscow
	// when nil.
	Zone *time.Location
	// Snapshot of a database to compare with, nil when there is none.
	Snapshot *Snapshot
}

// Auditor rebuilds the books from events. It is for one goroutine.
type Auditor struct {
	calendar   calendar
	snapshot   *Snapshot
	past       Past // of a Follower, which forgets; nil: everything is kept
	shards     map[int]*shard
	keys       keySet
	aggregates map[[16]byte]*aggregate
	accounts   map[string]string // opened by name: book, 0, name to the record
	types      map[string]*book.Type
	words      map[string]string              // texts that come again and again, kept once
	held       map[ruleVersion]map[int]uint64 // which record of a shard took a version of a rule
	confirmed  []confirmation
	sheets     []keptSheet // of closed periods
	summary    Summary
	reader     lean.Records
	text       []byte        // of the headers under check, and
	changes    []book.Change // of the record: kept for their memory
	touched    []*stripe     // by its legs, each once
	digest     entryDigest
}

// Summary counts what an auditor has seen.
type Summary struct {
	Records, Entries, Legs, Holds, Moves, Refusals, Keys uint64
	Shards                                               []ShardHead
}

// ShardHead is the end of a shard's events.
type ShardHead struct {
	Shard int
	Head  journal.Head
}

// shard is what is known of one shard after its last record.
type shard struct {
	number    int
	head      journal.Head
	clockUS   int64
	offset    int64 // of the last command
	inside    bool  // the last record was not the last of its command
	stripes   stripes
	holds     map[holdKey]*hold
	frozen    map[holdKey]hold // as they stood at the snapshot, if they changed since
	effects   map[[16]byte]effect
	timers    map[string]*timer
	rules     map[ruleKey]*heldRule
	planned   map[uint64]*journalv1.Scheduled // entries of later days that wait
	approvals map[uint64]*journalv1.Approval  // what waits for a second person
	granted   map[ruleKey]*journalv1.Rule     // what was approved and is not yet in force
	entries   []uint64                        // digests of the entries, by the numbers of their records
	reversed  map[uint64][]money.Amount       // what was given back of each leg of an entry
	atUntil   journal.Head                    // head at the snapshot's number
	clockAt   int64                           // clock there
}

// New makes an auditor that has seen nothing.
func New(o Options) *Auditor {
	if o.Zone == nil {
		o.Zone = moscow()
	}
	return &Auditor{
		calendar: calendar{zone: o.Zone}, snapshot: o.Snapshot, shards: map[int]*shard{},
		keys: keySet{}, aggregates: map[[16]byte]*aggregate{}, accounts: map[string]string{},
		held: map[ruleVersion]map[int]uint64{}, types: map[string]*book.Type{}, words: map[string]string{},
	}
}

func (a *Auditor) shard(number int) *shard {
	s := a.shards[number]
	if s == nil {
		s = &shard{
			number: number, offset: -1, holds: map[holdKey]*hold{},
			frozen: map[holdKey]hold{}, effects: map[[16]byte]effect{}, timers: map[string]*timer{},
			rules:     map[ruleKey]*heldRule{},
			planned:   map[uint64]*journalv1.Scheduled{},
			approvals: map[uint64]*journalv1.Approval{},
			granted:   map[ruleKey]*journalv1.Rule{},
			reversed:  map[uint64][]money.Amount{},
		}
		a.shards[number] = s
	}
	return s
}

// steps are the checks of a decoded record; each may rely on those before it.
var steps = [...]func(*check) error{
	(*check).order, (*check).shape, (*check).key, (*check).legs, (*check).conditions, (*check).entry, (*check).opened,
	(*check).scheduled, (*check).holds, (*check).timers, (*check).effects, (*check).move, (*check).approval, (*check).rules, (*check).remember,
}

// Add checks the shard's next event against everything before it and folds it. An
// error is a *Difference; after one the auditor is of no more use.
func (a *Auditor) Add(number int, e Event) error {
	s := a.shard(number)
	c := check{a: a, s: s}
	r, err := c.decode(e)
	if err != nil {
		return err
	}
	c.r = r
	a.changes, a.touched = a.changes[:0], a.touched[:0]
	for _, step := range steps {
		if err := step(&c); err != nil {
			return err
		}
	}
	s.clockUS, s.offset, s.inside = r.GetClockUs(), r.GetOffset(), !r.GetLast()
	if s.head.Seq == a.until(number) {
		s.atUntil, s.clockAt = s.head, s.clockUS
	}
	a.count(r)
	return nil
}

func (a *Auditor) count(r *journalv1.Record) {
	n := &a.summary
	n.Records++
	n.Legs += uint64(len(r.GetLegs()))
	if r.GetEntry() != nil {
		n.Entries++
	}
	if r.GetMove() != nil {
		n.Moves++
	}
	if r.GetRefusal() != nil {
		n.Refusals++
	}
}

// Finish checks what only the end can tell: no shard's events stop inside a command, and
// every shard took the rules that all shards are said to hold.
func (a *Auditor) Finish() error {
	for _, number := range slices.Sorted(maps.Keys(a.shards)) {
		if s := a.shards[number]; s.inside {
			return &Difference{
				Where: recordName(number, s.head.Seq), What: "the end of the events",
				Expected: "the last record of its command", Found: "a record that another one follows",
			}
		}
	}
	return a.confirmations()
}

// Head is the end of what was added of a shard.
func (a *Auditor) Head(number int) journal.Head {
	if s := a.shards[number]; s != nil {
		return s.head
	}
	return journal.Head{}
}

// Summary counts what was added so far.
func (a *Auditor) Summary() Summary {
	n := a.summary
	n.Keys = uint64(len(a.keys))
	for _, number := range slices.Sorted(maps.Keys(a.shards)) {
		n.Holds += uint64(len(a.shards[number].holds))
		n.Shards = append(n.Shards, ShardHead{number, a.shards[number].head})
	}
	return n
}

// until is the last number of the shard that the snapshot has seen.
func (a *Auditor) until(number int) uint64 {
	if a.snapshot == nil {
		return 0
	}
	return a.snapshot.shards[number].Head.Seq
}

// check is one record under check.
type check struct {
	a *Auditor
	s *shard
	r *journalv1.Record
}

func (c *check) differ(what, expected, found string) error {
	seq := c.s.head.Seq
	if c.r == nil {
		seq++ // it is not part of the chain yet
	}
	return &Difference{Where: recordName(c.s.number, seq), What: what, Expected: expected, Found: found}
}

// decode reads the value and compares every header, the key and the chain with it.
func (c *check) decode(e Event) (*journalv1.Record, error) {
	r, plain := c.a.reader.Read(e.Value)
	if !plain {
		r = new(journalv1.Record)
		if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(e.Value, r); err != nil {
			return nil, c.differ("the value", "a provodka.journal.v1.Record", fmt.Sprintf("%d bytes that are none", len(e.Value)))
		}
	}
	prev := c.s.head
	switch {
	case int(r.GetShard()) != c.s.number:
		return nil, c.differ("the shard in the value", strconv.Itoa(c.s.number), strconv.Itoa(int(r.GetShard())))
	case r.GetSeq() != prev.Seq+1:
		return nil, c.differ("the number in the value", uintText(prev.Seq+1), uintText(r.GetSeq()))
	}
	sealed := journal.Sealed{Record: r, Raw: e.Value, Hash: journal.Next(prev.Hash, e.Value)}
	if err := c.chain(e, prev.Hash, sealed.Hash); err != nil {
		return nil, err
	}
	if err := c.headers(e, sealed, prev.Hash); err != nil {
		return nil, err
	}
	switch {
	case string(e.Key) != r.GetBook():
		return nil, c.differ("the event's key", r.GetBook(), string(e.Key))
	case !plain && proto.Size(r) != len(e.Value):
		return nil, c.differ("the value's length without fields this program does not know",
			strconv.Itoa(len(e.Value)), strconv.Itoa(proto.Size(r)))
	}
	c.s.head = journal.Head{Seq: r.GetSeq(), Hash: sealed.Hash}
	return r, nil
}

// headers compares every header with what the value says.
func (c *check) headers(e Event, sealed journal.Sealed, prev journal.Hash) (err error) {
	n := 0
	c.a.text = journal.AppendEnvelope(c.a.text[:0], sealed, prev, func(name string, value []byte) {
		if n++; n > len(e.Headers) || err != nil {
			return
		}
		switch got := &e.Headers[n-1]; {
		case got.Key != name:
			err = c.differ("the name of header "+strconv.Itoa(n-1), name, got.Key)
		case !bytes.Equal(got.Value, value):
			err = c.differ("header "+name, string(value), string(got.Value))
		}
	})
	if err == nil && n != len(e.Headers) {
		err = c.differ("the number of headers", strconv.Itoa(n), strconv.Itoa(len(e.Headers)))
	}
	return err
}

// chain compares the links first: they say best what happened to a record.
func (c *check) chain(e Event, prev, hash journal.Hash) error {
	for i := range e.Headers {
		h := &e.Headers[i]
		what, want := "", journal.Hash{}
		switch h.Key {
		case journal.HeaderPrevious:
			what, want = "the hash of the record before", prev
		case journal.HeaderHash:
			what, want = "the hash of the record", hash
		default:
			continue
		}
		var text [2 * len(want)]byte
		hex.Encode(text[:], want[:])
		if !bytes.Equal(h.Value, text[:]) {
			return c.differ(what, string(text[:]), string(h.Value))
		}
	}
	return nil
}

// order checks clock, offset and the bounds of commands.
func (c *check) order() error {
	r, s := c.r, c.s
	switch {
	case r.GetClockUs() < s.clockUS:
		return c.differ("the clock", "not before "+clockText(s.clockUS), clockText(r.GetClockUs()))
	case s.inside && r.GetOffset() != s.offset:
		return c.differ("the offset of the command, inside one", intText(s.offset), intText(r.GetOffset()))
	case !s.inside && r.GetOffset() <= s.offset:
		return c.differ("the offset of the next command", "more than "+intText(s.offset), intText(r.GetOffset()))
	}
	return nil
}

// shape checks which parts of a record stand together.
func (c *check) shape() error {
	r := c.r
	changes := len(r.GetLegs()) + len(r.GetHolds()) + len(r.GetAccounts())
	for _, part := range []bool{r.GetEntry() != nil, r.GetMove() != nil, r.GetScheduled() != nil, r.GetApproval() != nil} {
		if part {
			changes++
		}
	}
	others := changes + len(r.GetEffects()) + len(r.GetTimers()) + len(r.GetGathers()) + len(r.GetRules())
	if r.GetConfirmed() != nil {
		others++
	}
	switch {
	case (r.GetExternal() != nil || r.GetRefusal() != nil) && len(r.GetConditions()) > 0:
		return c.differ("the conditions of what was not done", "none", strconv.Itoa(len(r.GetConditions())))
	case r.GetExternal() != nil && (others > 0 || r.GetRefusal() != nil):
		return c.differ("what stands beside an external fact", "nothing", "changes of the books or a refusal")
	case r.GetRefusal() != nil && (changes > 0 || len(r.GetRules()) > 0 || r.GetConfirmed() != nil):
		return c.differ("what stands beside a refusal", "effects and timers at most", "changes of the books")
	case r.GetRefusal() != nil && r.GetRefusal().GetCode() == "":
		return c.differ("the refusal's code", "a code", "none")
	case r.GetExternal() == nil && r.GetRefusal() == nil && others == 0 && r.GetActor() != "gather":
		return c.differ("what the record says", "an outcome", "nothing")
	}
	return nil
}

// opened checks that an account is opened by name once.
func (c *check) opened() error {
	for _, acc := range c.r.GetAccounts() {
		if _, refusal := book.ParseName("account", acc.GetName()); refusal != nil {
			return c.differ("the opened account", "a name of the chart", acc.GetName())
		}
		key := c.r.GetBook() + "\x00" + acc.GetName()
		if by, twice := c.a.accounts[key]; twice {
			return c.differ("the opening of "+acc.GetName(), "an account that was never opened", "opened by "+by)
		}
		c.a.accounts[key] = recordName(c.s.number, c.r.GetSeq())
	}
	return nil
}

// word keeps one copy of a text that comes again and again.
func (a *Auditor) word(s string) string {
	if w, ok := a.words[s]; ok {
		return w
	}
	a.words[s] = s
	return s
}

func uintText(n uint64) string { return strconv.FormatUint(n, 10) }

func intText(n int64) string { return strconv.FormatInt(n, 10) }

func clockText(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339Nano) }
