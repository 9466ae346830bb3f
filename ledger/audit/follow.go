package audit

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Past reads how a stripe stood before a record, for a follower that forgot it.
type Past func(key store.StripeKey, seq uint64) (store.StripeRow, error)

// Journal reads the database's own record of a number; nil when there is none.
type Journal func(seq uint64) ([]byte, error)

// Follower audits one shard's events as they come, for ever, with bounded memory: it
// forgets the stripes that were quiet longest and reads them back as they stood. It
// checks the chain, the order, double entry, versions, sums, floors and holds with the
// Auditor's own checks, and compares every leg with the database. What needs everything
// that ever was (keys, flows, credit limits, reversals, the order of effects) is the
// Auditor's.
//
// A difference does not end it: it goes on behind the record, from what the database
// has, so that one wrong record accuses nobody else.
type Follower struct {
	a       *Auditor
	s       *shard
	journal Journal
	most    int                // stripes kept in memory
	pinned  map[stripeKey]bool // the database's rows of these are not believed: never forgotten
	legs    []expectedLegs     // not yet compared
}

// Found is a difference with what it touches.
type Found struct {
	Difference
	Seq      uint64
	Book     string
	Accounts []string
}

// expectedLegs are the rows that a record must have left on a stripe.
type expectedLegs struct {
	stripe stripeKey
	at     store.LegsAt
	rows   []row
}

// followed are the checks that need no more than a follower keeps.
var followed = [...]func(*check) error{(*check).order, (*check).shape, (*check).legs, (*check).entry, (*check).scheduled, (*check).holds}

// NewFollower goes on behind what was audited of the shard.
func NewFollower(number int, at store.Audited, most int, o Options, past Past, records Journal) *Follower {
	a := New(Options{Zone: o.Zone})
	a.past = past
	s := a.shard(number)
	s.head, s.clockUS, s.offset, s.inside = at.Head, at.ClockUS, at.CommandOffset, at.Inside
	return &Follower{a: a, s: s, journal: records, most: max(1, most), pinned: map[stripeKey]bool{}}
}

// Audited is how far it has come; the offset is the caller's to know.
func (f *Follower) Audited() store.Audited {
	return store.Audited{Head: f.s.head, ClockUS: f.s.clockUS, CommandOffset: f.s.offset, Inside: f.s.inside}
}

// Kept is how many stripes and holds are in memory.
func (f *Follower) Kept() int { return f.s.stripes.count + len(f.s.holds) }

// Add checks the next event. A difference is answered as Found; an error is one of
// reading the database.
func (f *Follower) Add(e Event) (*Found, error) {
	before := f.s.head
	c := check{a: f.a, s: f.s}
	err := f.check(&c, e)
	if err == nil {
		return nil, nil
	}
	var d *Difference
	if !errors.As(err, &d) {
		f.s.head = before
		return nil, err
	}
	found := &Found{Difference: *d, Seq: before.Seq + 1}
	f.s.head = before
	return found, f.passOver(found, e)
}

func (f *Follower) check(c *check, e Event) error {
	r, err := c.decode(e)
	if err != nil {
		return err
	}
	c.r = r
	f.a.changes, f.a.touched = f.a.changes[:0], f.a.touched[:0]
	for _, step := range followed {
		if err := step(c); err != nil {
			return err
		}
	}
	f.note(r)
	start := len(f.legs)
	for i, l := range r.GetLegs() {
		key := stripeKey{r.GetBook(), l.GetAccount(), l.GetAsset()}
		want := expectedLegs{stripe: key, at: store.LegsAt{Key: store.StripeKey{Account: book.ID(key.book, key.account), Asset: key.asset}, Seq: r.GetSeq()}}
		at := start + slices.IndexFunc(f.legs[start:], func(x expectedLegs) bool { return x.at == want.at })
		if at < start {
			at = len(f.legs)
			f.legs = append(f.legs, want)
		}
		f.legs[at].rows = append(f.legs[at].rows, f.a.row(r, i, l))
	}
	return nil
}

// note takes over what the order of the next record is checked against.
func (f *Follower) note(r *journalv1.Record) {
	f.s.clockUS, f.s.offset, f.s.inside = r.GetClockUs(), r.GetOffset(), !r.GetLast()
}

// passOver goes on behind an event that is wrong, from what the database has of its
// number and of those that the event log skipped.
func (f *Follower) passOver(found *Found, e Event) error {
	claimed := new(journalv1.Record)
	if proto.Unmarshal(e.Value, claimed) != nil {
		claimed = nil
	}
	f.accuse(found, claimed)
	next := f.s.head.Seq + 1
	if claimed.GetSeq() != 0 && claimed.GetSeq() < next && int(claimed.GetShard()) == f.s.number {
		return nil // it comes a second time; what follows fits what is known
	}
	skipped := claimed.GetSeq() > next && int(claimed.GetShard()) == f.s.number
	for {
		raw, err := f.journal(next)
		if err != nil {
			return err
		}
		if raw == nil {
			raw, skipped = e.Value, false // the database has no other
		}
		f.s.head = journal.Head{Seq: next, Hash: journal.Next(f.s.head.Hash, raw)}
		r := new(journalv1.Record)
		if proto.Unmarshal(raw, r) == nil {
			f.note(r)
			f.accuse(found, r)
		}
		if next++; !skipped || next >= claimed.GetSeq() {
			break
		}
	}
	if !skipped {
		return nil
	}
	_, err := f.Add(e) // what is wrong with it too is told by the first difference
	return err
}

// accuse notes whom a record touches, and forgets how they stand.
func (f *Follower) accuse(found *Found, r *journalv1.Record) {
	found.Book = cmp.Or(found.Book, r.GetBook())
	for _, l := range r.GetLegs() {
		if !slices.Contains(found.Accounts, l.GetAccount()) {
			found.Accounts = append(found.Accounts, l.GetAccount())
		}
		key := stripeKey{r.GetBook(), l.GetAccount(), l.GetAsset()}
		if !f.pinned[key] {
			f.s.stripes.delete(key)
		}
	}
	for _, h := range r.GetHolds() {
		delete(f.s.holds, holdKey{h.GetPlacedSeq(), h.GetAccount(), h.GetAsset()})
	}
}

// Expected names the legs to be read from the database for Compare.
func (f *Follower) Expected() []store.LegsAt {
	out := make([]store.LegsAt, len(f.legs))
	for i, l := range f.legs {
		out[i] = l.at
	}
	return out
}

// Compare compares the legs that were expected with those that the database has, and
// forgets what was quiet longest.
func (f *Follower) Compare(stored [][]store.LegRow) []Found {
	var all []Found
	for i, want := range f.legs {
		if found := want.compare(f.s.number, stored[i]); found != nil {
			f.pinned[want.stripe] = true
			all = append(all, *found)
		}
	}
	f.legs = f.legs[:0]
	f.forget()
	return all
}

func (w expectedLegs) compare(shard int, stored []store.LegRow) *Found {
	of := " on " + w.stripe.account + " " + w.stripe.asset
	found := func(leg int, what, expected, was string) *Found {
		return &Found{
			Difference: Difference{Where: legWhere(shard, w.at.Seq, leg), What: what + of, Expected: expected, Found: was},
			Seq:        w.at.Seq, Book: w.stripe.book, Accounts: []string{w.stripe.account},
		}
	}
	for i := range max(len(w.rows), len(stored)) {
		switch {
		case i >= len(stored):
			return found(w.rows[i].leg, "the leg", w.rows[i].text(), "no row")
		case i >= len(w.rows):
			extra := storedRow(&stored[i])
			return found(extra.leg, "the leg", "no row", extra.text())
		}
		is := storedRow(&stored[i])
		if field, expected, was := w.rows[i].differs(&is); field != "" {
			return found(w.rows[i].leg, field, expected, was)
		}
	}
	return nil
}

// forget keeps the stripes that moved last, and the holds that are open.
func (f *Follower) forget() {
	maps.DeleteFunc(f.s.holds, func(_ holdKey, h *hold) bool { return h.state != book.Placed })
	for key := range f.s.holds {
		if len(f.s.holds) <= f.most {
			break
		}
		delete(f.s.holds, key)
	}
	for seq := range f.s.planned {
		if len(f.s.planned) <= f.most {
			break
		}
		delete(f.s.planned, seq)
	}
	if f.s.stripes.count <= f.most {
		return
	}
	quiet := slices.SortedFunc(f.s.stripes.all(), func(a, b *stripe) int { return cmp.Compare(a.seq, b.seq) })
	for _, st := range quiet[:len(quiet)-f.most] {
		if !f.pinned[st.key] {
			f.s.stripes.delete(st.key)
		}
	}
}

// recall reads back how a stripe stood that a follower does not have in memory. Credit
// limits are the Auditor's: a follower may not have seen them.
func (c *check) recall(st *stripe) error {
	was, err := c.a.past(store.StripeKey{Account: st.id, Asset: st.key.asset}, c.r.GetSeq())
	if err != nil {
		return err
	}
	st.floor = st.floor && !st.kind.Limited
	st.sums = book.Stripe{Debit: was.Debit, Credit: was.Credit, HeldDebit: was.HeldDebit, HeldCredit: was.HeldCredit, Version: was.Version}
	return nil
}

// unremembered checks of a reversal what needs no memory of the entry that it gives back:
// that its postings balance. It answers those behind them.
func (c *check) unremembered(r *journalv1.Reversal, changes []book.Change) ([]book.Change, error) {
	n := int(r.GetPostings())
	if n == 0 || n > len(changes) {
		return nil, c.differ("the legs that give "+recordName(c.s.number, r.GetSeq())+" back", "from 1 to "+strconv.Itoa(len(changes)), strconv.Itoa(n))
	}
	given := slices.Clone(changes[:n])
	for i := range given {
		given[i].Kind = book.Debit + book.Credit - given[i].Kind
	}
	if refusal := book.CheckEntry(r.GetKind(), given); refusal != nil {
		return nil, c.differ("what is given back", "debits equal to credits", refusal.Error())
	}
	return changes[n:], nil
}

// forgotten says that a hold was placed before a follower began, or was dropped to bound
// its memory: it is followed from here on.
func (c *check) forgotten(h *journalv1.Hold) bool {
	key := holdKey{h.GetPlacedSeq(), h.GetAccount(), h.GetAsset()}
	st := c.s.stripes.get(stripeKey{c.r.GetBook(), h.GetAccount(), h.GetAsset()})
	if st == nil || c.s.holds[key] != nil || h.GetPlacedSeq() == c.r.GetSeq() {
		return false
	}
	amount, ok := exactAmount(st.asset, h.GetAmount())
	left, okLeft := exactAmount(st.asset, h.GetLeft())
	late, okLate := exactOrNothing(st.asset, h.GetLate())
	if ok && okLeft && okLate {
		c.s.holds[key] = &hold{
			st: st, state: book.HoldState(h.GetState()), amount: amount, left: left, expiresUS: h.GetExpiresUs(), late: late,
		}
	}
	return true
}
