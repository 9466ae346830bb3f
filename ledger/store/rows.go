package store

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Rows are the rows that records make, ready to be written. Rows come from records and
// from nothing else: the writer, the fold of missing events and a rebuild use the same.
type Rows struct {
	calendar calendar
	records  []journal.Sealed
	accounts knownNames
	err      error

	keys       []keyRow
	legs       []legRow
	late       []lateRow
	stripes    []stripeRow
	opened     []openedRow
	follows    []followRow
	holds      latest[holdKey, holdRow]
	aggregates latest[AggregateKey, moveRow]
	effects    latest[string, effectRow]
	timers     latest[string, timerRow]
	gathers    latest[gatherKey, gatherRow]
	totals     latest[totalKey, totalRow]
	rules      latest[RuleKey, ruleRow]
	scheduled  latest[uint64, scheduledRow]
	approvals  latest[uint64, approvalRow]
	ruled      []ruleRow // every rule, not only the newest

	order    []legPlace // kept for its memory
	encoder  encoder
	prepared int // executions that prepare has made of the rows as they stand; 0 when it has not
}

// latest keeps the last row of each key, in the order in which the keys came first: a
// statement may touch a row once.
type latest[K comparable, R any] struct {
	at   map[K]int
	rows []R
}

// put answers the place of the key's row, and whether it is a new one.
func (l *latest[K, R]) put(key K) (*R, bool) {
	if i, ok := l.at[key]; ok {
		return &l.rows[i], false
	}
	if l.at == nil {
		l.at = map[K]int{}
	}
	l.at[key] = len(l.rows)
	var zero R
	l.rows = append(l.rows, zero)
	return &l.rows[len(l.rows)-1], true
}

func (l *latest[K, R]) reset() {
	clear(l.at)
	clear(l.rows)
	l.rows = l.rows[:0]
}

type (
	keyRow struct {
		id   [16]byte
		seq  int64
		hash []byte
	}
	legRow struct {
		account      book.AccountID
		seq, clockUS int64
		leg          int16
		day          int32
		m            *journalv1.Leg
	}
	lateRow struct {
		legRow
		recorded int32 // the day it was recorded on
	}
	stripeRow struct {
		book, name, asset string
		account           book.AccountID
	}
	openedRow struct {
		book         string
		account      book.AccountID
		seq, clockUS int64
		m            *journalv1.Account
	}
	holdKey struct {
		seq     uint64
		account book.AccountID
		asset   string
	}
	holdRow struct {
		book    string
		account book.AccountID
		m       *journalv1.Hold
	}
	moveRow struct {
		book                 string
		createdUS, updatedUS int64 // the first is of the batch's first move
		m                    *journalv1.Move
		entries              []int64
	}
	effectRow struct {
		book string
		m    *journalv1.Effect
	}
	timerRow struct {
		book string
		m    *journalv1.Timer
	}
	gatherKey struct {
		kind int16
		id   string
	}
	gatherRow struct {
		gatherKey
		book string
		seq  int64
		part int16
		m    *journalv1.Gather
		gone bool
	}
	totalRow struct {
		totalKey
		seq  int64
		sum  totalSum
		into *totalSum // of the shard
	}
)

// NewRows makes an empty set for books whose days begin in zone.
func NewRows(zone *time.Location) *Rows {
	return &Rows{calendar: calendar{zone: zone}}
}

// Reset empties the set and keeps its memory.
func (r *Rows) Reset() {
	clear(r.records)
	clear(r.keys)
	clear(r.legs)
	clear(r.late)
	clear(r.stripes)
	clear(r.opened)
	clear(r.ruled)
	r.records, r.keys, r.legs = r.records[:0], r.keys[:0], r.legs[:0]
	r.late, r.stripes, r.opened, r.ruled = r.late[:0], r.stripes[:0], r.opened[:0], r.ruled[:0]
	r.follows = r.follows[:0]
	r.holds.reset()
	r.aggregates.reset()
	r.effects.reset()
	r.timers.reset()
	r.gathers.reset()
	r.totals.reset()
	r.rules.reset()
	r.scheduled.reset()
	r.approvals.reset()
	r.err, r.prepared = nil, 0
	r.accounts.bound()
}

// Len is the number of records.
func (r *Rows) Len() int { return len(r.records) }

// KeyIDs lists the idempotency keys that the records take.
func (r *Rows) KeyIDs() [][16]byte {
	ids := make([][16]byte, len(r.keys))
	for i, k := range r.keys {
		ids[i] = k.id
	}
	return ids
}

// RecordError says that a record cannot be made into rows: it is the record's fault,
// and every try ends so. Its Class is "22", that of wrong data.
type RecordError struct {
	Shard uint32
	Seq   uint64
	Cause error
}

// Error implements error.
func (e *RecordError) Error() string {
	return fmt.Sprintf("record %d.%d makes no rows: %v", e.Shard, e.Seq, e.Cause)
}

// Unwrap gives the cause to errors.Is.
func (e *RecordError) Unwrap() error { return e.Cause }

// Add adds the rows of the shard's next record and moves totals, which must be the
// shard's totals after the record before it. A record that makes no rows is told by
// Commit (RecordError).
//
// The record takes its idempotency key unless it is an external. One that parks a
// command has no key: its outcome takes it. What a record with a key says of other
// parked commands does not matter.
func (r *Rows) Add(s journal.Sealed, totals *Totals) {
	rec := s.Record
	if n := len(r.records); n > 0 && rec.GetSeq() != r.records[n-1].Record.GetSeq()+1 {
		r.fail(rec, fmt.Errorf("it follows %d", r.records[n-1].Record.GetSeq()))
	}
	r.records, r.prepared = append(r.records, s), 0
	r.addKey(rec)
	r.addScheduled(s)
	r.addApproval(s)
	r.addLegs(rec, totals)
	r.addRules(s)
	for _, m := range rec.GetHolds() {
		id := r.account(rec.GetBook(), m.GetAccount())
		row, _ := r.holds.put(holdKey{m.GetPlacedSeq(), id, m.GetAsset()})
		*row = holdRow{rec.GetBook(), id, m}
	}
	r.addFollows(rec)
	for _, m := range rec.GetAccounts() {
		r.opened = append(r.opened, openedRow{rec.GetBook(), r.account(rec.GetBook(), m.GetName()), int64(rec.GetSeq()), rec.GetClockUs(), m})
	}
	if m := rec.GetMove(); m != nil {
		row, fresh := r.aggregates.put(AggregateKey{rec.GetBook(), m.GetFlow(), m.GetId()})
		if fresh {
			row.createdUS = rec.GetClockUs()
		}
		row.book, row.updatedUS, row.m = rec.GetBook(), rec.GetClockUs(), m
		if rec.GetEntry() != nil {
			row.entries = append(row.entries, int64(rec.GetSeq()))
		}
	}
	for _, m := range rec.GetEffects() {
		row, _ := r.effects.put(m.GetAttempt())
		*row = effectRow{rec.GetBook(), m}
	}
	for _, m := range rec.GetTimers() {
		row, _ := r.timers.put(m.GetId())
		*row = timerRow{rec.GetBook(), m}
	}
	for i, m := range rec.GetGathers() {
		row := gatherRow{gatherKey: gatherID(rec.GetBook(), m), book: rec.GetBook(), seq: int64(rec.GetSeq()), part: int16(i), m: m}
		row.gone = gatherGone(m)
		if i > math.MaxInt16 || row.kind == 0 {
			r.fail(rec, fmt.Errorf("gather %d of state %s", i, m.GetState()))
			continue
		}
		at, _ := r.gathers.put(row.gatherKey)
		*at = row
	}
}

// addFollows adds which records this one goes on from.
func (r *Rows) addFollows(rec *journalv1.Record) {
	last := uint64(0) // a record may change holds of one placement on several accounts
	for _, m := range rec.GetHolds() {
		if seq := m.GetPlacedSeq(); seq != rec.GetSeq() && seq != last {
			r.follows = append(r.follows, followRow{seq, rec.GetSeq(), FollowHold})
			last = seq
		}
	}
	if m := rec.GetEntry().GetReversal(); m != nil {
		r.follows = append(r.follows, followRow{m.GetSeq(), rec.GetSeq(), FollowReversal})
	}
}

func (r *Rows) fail(rec *journalv1.Record, cause error) {
	if r.err == nil {
		r.err = &RecordError{rec.GetShard(), rec.GetSeq(), cause}
	}
}

func (r *Rows) addKey(rec *journalv1.Record) {
	if rec.GetKey() == "" || rec.GetExternal() != nil {
		return
	}
	r.keys = append(r.keys, keyRow{KeyID(rec.GetBook(), rec.GetKey()), int64(rec.GetSeq()), rec.GetRequestHash()})
}

// addLegs adds the record's legs, the stripes they make and what they do to the totals.
func (r *Rows) addLegs(rec *journalv1.Record, totals *Totals) {
	legs := rec.GetLegs()
	if len(legs) == 0 {
		return
	}
	if len(legs) > math.MaxInt16 {
		r.fail(rec, fmt.Errorf("it has %d legs", len(legs)))
		return
	}
	recorded := r.calendar.dayOf(rec.GetClockUs())
	day, err := recorded, error(nil)
	if text := rec.GetEntry().GetDay(); text != "" {
		if day, err = r.calendar.parse(text); err != nil {
			r.fail(rec, err)
			return
		}
	}
	moving := movesBetweenStripes(legs)
	for i, m := range legs {
		row := legRow{
			account: r.account(rec.GetBook(), m.GetAccount()), seq: int64(rec.GetSeq()), clockUS: rec.GetClockUs(),
			leg: int16(i), day: day, m: m,
		}
		posting := posts(m.GetKind())
		if !posting {
			row.day = recorded
		}
		r.legs = append(r.legs, row)
		if m.GetVersion() == 1 {
			r.stripes = append(r.stripes, stripeRow{rec.GetBook(), m.GetAccount(), m.GetAsset(), row.account})
		}
		if !posting {
			continue
		}
		if day != recorded {
			r.late = append(r.late, lateRow{row, recorded})
		}
		if moving {
			continue // it left the account and came back to it: no turnover
		}
		if err := r.addTotal(rec, m, totals); err != nil {
			r.fail(rec, err)
		}
	}
}

// movesBetweenStripes says whether an entry moves money of one account between its
// stripes: its legs are those of the account and of the account's transit part.
func movesBetweenStripes(legs []*journalv1.Leg) bool {
	return slices.ContainsFunc(legs, func(l *journalv1.Leg) bool {
		return book.IsTransit(l.GetAccount())
	})
}

func (r *Rows) addTotal(rec *journalv1.Record, m *journalv1.Leg, totals *Totals) error {
	amount, err := money.ParseSum(m.GetAmount())
	if err != nil {
		return err
	}
	kind, _, _ := strings.Cut(m.GetAccount(), ":")
	row := r.total(rec.GetBook(), kind, m.GetAsset(), totals)
	if m.GetKind() == journalv1.LegKind_LEG_KIND_DEBIT {
		row.sum.debit = row.sum.debit.Add(amount)
	} else {
		row.sum.credit = row.sum.credit.Add(amount)
	}
	row.seq = int64(rec.GetSeq())
	*row.into = row.sum
	return nil
}

// total is the batch's row of a type of account; nearly every batch has few of them.
func (r *Rows) total(bookName, kind, asset string, totals *Totals) *totalRow {
	const few = 8
	for i := range r.totals.rows[:min(few, len(r.totals.rows))] {
		if row := &r.totals.rows[i]; row.kind == kind && row.asset == asset && row.book == bookName {
			return row
		}
	}
	key := totalKey{strings.Clone(bookName), strings.Clone(kind), strings.Clone(asset)}
	row, fresh := r.totals.put(key)
	if fresh {
		row.totalKey, row.into = key, totals.of(key)
		row.sum = *row.into
	}
	return row
}

// account is the id of an account; most names come again and again.
func (r *Rows) account(bookName, name string) book.AccountID { return r.accounts.of(bookName, name) }

// gatherID says which thing of the gathering a row is about; kind 0 is unknown.
func gatherID(bookName string, m *journalv1.Gather) gatherKey {
	kind := int16(m.GetState())
	switch m.GetState() {
	case journalv1.GatherState_GATHER_STATE_PARKED, journalv1.GatherState_GATHER_STATE_DECIDED:
		return gatherKey{int16(journalv1.GatherState_GATHER_STATE_PARKED), m.GetKey()}
	case journalv1.GatherState_GATHER_STATE_SENT:
		return gatherKey{kind, m.GetKey()}
	case journalv1.GatherState_GATHER_STATE_APPLIED:
		return gatherKey{kind, fmt.Sprint(m.GetPeer())}
	case journalv1.GatherState_GATHER_STATE_ACCOUNT:
		return gatherKey{kind, bookName + "/" + m.GetAccount() + "/" + m.GetKey()}
	}
	return gatherKey{}
}

// gatherGone says whether nothing has to be remembered of the thing any more.
func gatherGone(m *journalv1.Gather) bool {
	switch m.GetState() {
	case journalv1.GatherState_GATHER_STATE_DECIDED:
		return true
	case journalv1.GatherState_GATHER_STATE_SENT, journalv1.GatherState_GATHER_STATE_ACCOUNT:
		return len(m.GetBody()) == 0
	}
	return false
}
