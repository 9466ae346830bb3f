package engine

import (
	"strings"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/rule"
	"github.com/provodka/provodka/ledger/stripe"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// table is one kind of row in a shard's memory. It keeps at most about twice its
// limit: rows that were not touched between two rotations are forgotten. Memory
// is state that the epoch guards; a forgotten row is read again.
type table[K comparable, V any] struct {
	hot, cold map[K]V
	undo      *undo
}

// undo restores rows when an atomic group is refused or a dry run ends.
// A group stands inside a dry run.
type undo struct {
	begun int
	steps []func()
}

func (u *undo) active() bool { return u.begun > 0 }

// begin answers where keep and rollback end.
func (u *undo) begin() (from int) {
	u.begun++
	return len(u.steps)
}

func (u *undo) keep() {
	if u.begun--; u.begun == 0 {
		u.steps = u.steps[:0]
	}
}

func (u *undo) rollback(from int) {
	for i := len(u.steps) - 1; i >= from; i-- {
		u.steps[i]()
	}
	u.steps = u.steps[:from]
	u.keep()
}

func newTable[K comparable, V any](u *undo) *table[K, V] {
	return &table[K, V]{hot: map[K]V{}, cold: map[K]V{}, undo: u}
}

// get finds a row and keeps it from being forgotten.
func (t *table[K, V]) get(k K) (V, bool) {
	if v, ok := t.hot[k]; ok {
		return v, true
	}
	v, ok := t.cold[k]
	if ok {
		t.hot[k] = v
		delete(t.cold, k)
	}
	return v, ok
}

func (t *table[K, V]) has(k K) bool { _, ok := t.get(k); return ok }

// put sets a row; inside an atomic group the old one comes back on a rollback.
func (t *table[K, V]) put(k K, v V) {
	if t.undo.active() {
		old, had := t.get(k)
		t.undo.steps = append(t.undo.steps, func() {
			if had {
				t.hot[k] = old
			} else {
				delete(t.hot, k)
			}
		})
	}
	t.hot[k] = v
}

// rotate forgets what was not touched since the last rotation.
func (t *table[K, V]) rotate(limit int) bool {
	if len(t.hot) <= limit {
		return false
	}
	t.cold, t.hot = t.hot, make(map[K]V, limit/2)
	return true
}

// stripeKey names a stripe in memory.
type stripeKey struct{ book, account, asset string }

// aggregateKey names an aggregate of a flow.
type aggregateKey struct{ book, flow, id string }

// aggregate is a flow's aggregate as memory holds it.
type aggregate struct {
	exists   bool
	state    string
	owner    string
	version  uint64
	data     []byte
	attempts map[string]uint32
	timers   []*journalv1.Timer // open ones
}

// holdRow is a hold with its book.
type holdRow struct {
	inBook string
	book.Hold
}

// scheduledRow is a scheduled entry with its book.
type scheduledRow struct {
	inBook string
	m      *journalv1.Scheduled
}

// approvalRow is what waits for a second person, with its book.
type approvalRow struct {
	inBook string
	m      *journalv1.Approval
}

// accountKey names an account opened by name.
type accountKey struct{ book, name string }

// ruleKey names a rule for all shards.
type ruleKey struct{ book, kind, subject string }

// effect is an effect as memory holds it; nil in the table means: no such effect.
type effect = *journalv1.Effect

// state is everything the writer of one shard keeps in memory. Rows that do not
// exist are remembered too, as zero values: a second look needs no database.
type state struct {
	undo       undo
	stripes    *stripes
	holds      *table[uint64, *holdRow]
	scheduled  *table[uint64, *scheduledRow]
	approvals  *table[uint64, *approvalRow]
	aggregates *table[aggregateKey, aggregate]
	effects    *table[string, effectRow]
	timers     *table[string, *journalv1.Timer]
	accounts   *table[accountKey, bool]
	rules      *table[ruleKey, *journalv1.Rule]
	ruled      bool                      // whether this shard holds rules at all; if not, none is looked for
	fetchRules func([]ruleKey)           // rules that nobody foresaw
	changes    *rule.Home                // rules of subjects homed here that not all shards have confirmed
	entries    *table[uint64, *entryRow] // those that operations reverse
	keys       recentKeys
	drafts     recentDrafts
	gather     *stripe.Shard                // who waits for money of other shards
	parked     map[stripe.CommandID]*parked // the operations that wait
	waiting    map[[16]byte]string          // their keys, with the request's hash
	whole      map[stripeKey]money.Amount   // limits of accounts whose stripes a dry run sees as one
}

// effectRow is an effect with its book.
type effectRow struct {
	inBook string
	effect effect
}

func newState() *state {
	s := &state{}
	s.stripes = newStripes(&s.undo)
	s.holds = newTable[uint64, *holdRow](&s.undo)
	s.scheduled = newTable[uint64, *scheduledRow](&s.undo)
	s.approvals = newTable[uint64, *approvalRow](&s.undo)
	s.aggregates = newTable[aggregateKey, aggregate](&s.undo)
	s.effects = newTable[string, effectRow](&s.undo)
	s.timers = newTable[string, *journalv1.Timer](&s.undo)
	s.accounts = newTable[accountKey, bool](&s.undo)
	s.rules = newTable[ruleKey, *journalv1.Rule](&s.undo)
	s.entries = newTable[uint64, *entryRow](&s.undo)
	s.keys = recentKeys{now: map[[16]byte]recentKey{}, before: map[[16]byte]recentKey{}}
	return s
}

// rotate bounds the memory between batches.
func (s *state) rotate(limit int) {
	s.stripes.rotate(limit)
	s.holds.rotate(limit)
	s.scheduled.rotate(limit)
	s.approvals.rotate(limit)
	s.aggregates.rotate(limit)
	s.effects.rotate(limit)
	s.timers.rotate(limit)
	s.accounts.rotate(limit)
	s.rules.rotate(limit)
	s.entries.rotate(limit)
}

// entryRow is an entry with its book, and what was given back of it; nil in the table
// means: the record posted none.
type entryRow struct {
	inBook string
	book.Original
}

// recentDrafts holds the records of the batch being decided and of the one in flight:
// the database cannot know them yet, and a decision may not depend on how far it is.
type recentDrafts struct{ now, before drafts }

// drafts are records in order, the first of the number first.
type drafts struct {
	first uint64
	list  []*journalv1.Record
}

func (r *recentDrafts) nextBatch() {
	clear(r.before.list)
	r.before, r.now = r.now, drafts{list: r.before.list[:0]}
}

// put keeps the record of the next number.
func (r *recentDrafts) put(seq uint64, rec *journalv1.Record) {
	if len(r.now.list) == 0 {
		r.now.first = seq
	}
	r.now.list = append(r.now.list, rec)
}

// cut forgets the records behind a number, which were taken back.
func (r *recentDrafts) cut(seq uint64) {
	for len(r.now.list) > 0 && r.now.first+uint64(len(r.now.list))-1 > seq {
		r.now.list = r.now.list[:len(r.now.list)-1]
	}
}

// find gives the record of a number, nil when neither batch has it.
func (r *recentDrafts) find(seq uint64) *journalv1.Record {
	for _, d := range [...]*drafts{&r.now, &r.before} {
		if seq >= d.first && seq-d.first < uint64(len(d.list)) {
			return d.list[seq-d.first]
		}
	}
	return nil
}

// recentKey is a key taken by a batch that is not yet known to be committed.
type recentKey struct {
	requestHash requestHash
	result      *result
}

// requestHash is a request's hash as a value that can be compared.
type requestHash [ledger.RequestHashBytes]byte

func hashOf(b []byte) (h requestHash) {
	copy(h[:], b)
	return h
}

// recentKeys holds the keys of the batch being decided and of the one in flight:
// the database cannot know them yet.
type recentKeys struct {
	now, before map[[16]byte]recentKey
}

func (r *recentKeys) nextBatch() {
	r.before, r.now = r.now, r.before
	clear(r.now)
}

func (r *recentKeys) find(id [16]byte) (recentKey, bool) {
	if k, ok := r.now[id]; ok {
		return k, true
	}
	k, ok := r.before[id]
	return k, ok
}

// view is the state as the decisions of one book may read it.
type view struct {
	*state
	book string
	fact bool // of what happened in the world: no standing forbids it
}

// Stripe gives the stripe; the loader made sure that it is in memory.
func (v view) Stripe(account, asset string) book.Stripe {
	s, _ := v.stripes.get(stripeKey{v.book, account, asset})
	return s
}

// Standing is how the account stands on this shard. A fact is booked however it stands:
// money that left the bank has left.
func (v view) Standing(account string) book.Standing {
	if v.fact {
		return book.Standing{}
	}
	return ledger.StandingOf(v.Rule(ledger.AccountRule, account))
}

// SumDigits implements ledger.View.
func (v view) SumDigits(account, asset string) int {
	if _, whole := v.whole[stripeKey{v.book, account, asset}]; whole {
		return money.SumDigits
	}
	return money.MaxDigits
}

// Limit is how far below zero the account's stripe here may go: at its home alone.
func (v view) Limit(account, asset string) money.Amount {
	if limit, ok := v.whole[stripeKey{v.book, account, asset}]; ok {
		return limit
	}
	r := v.Rule(ledger.AccountRule, account)
	if !r.GetHome() {
		return money.Zero
	}
	return ledger.StandingOf(r).Limit(asset)
}

// Rule gives a rule that this shard holds, nil when there is none. A rule that is not
// in memory is read: a forgotten rule would be one that is broken.
func (v view) Rule(kind, subject string) *journalv1.Rule {
	if !v.ruled {
		return nil
	}
	k := ruleKey{v.book, kind, subject}
	if !v.hasRule(k) {
		k.subject = strings.Clone(subject)
		v.fetchRules([]ruleKey{k})
	}
	r, _ := v.rules.get(k)
	return r
}

// hasRule says whether the rule, or that there is none, is in memory. The table gets a
// text of its own: those of a command share one piece of memory.
func (s *state) hasRule(k ruleKey) bool {
	if _, hot := s.rules.hot[k]; hot {
		return true
	}
	k.subject = strings.Clone(k.subject)
	return s.rules.has(k)
}

// Hold gives the hold that the record placed, false when there is none.
func (v view) Hold(seq uint64) (book.Hold, bool) {
	h, _ := v.holds.get(seq)
	if h == nil || h.inBook != v.book {
		return book.Hold{}, false
	}
	return h.Hold, true
}

// Entry gives the entry of a record with what was given back of it, false when there is
// none. It is in memory when it was given back before or the loader found it, else it is
// of a batch that is not committed yet.
func (v view) Entry(seq uint64) (book.Original, bool) {
	row, known := v.entries.get(seq)
	if !known {
		rec := v.drafts.find(seq)
		if rec == nil || rec.GetBook() != v.book {
			return book.Original{}, false
		}
		o, ok := ledger.OriginalOf(rec)
		o.Seq = seq // a draft has no number yet
		return o, ok
	}
	if row == nil || row.inBook != v.book {
		return book.Original{}, false
	}
	return row.Original, true
}

// AccountOpen says whether an account opened by name is open.
func (v view) AccountOpen(name string) bool {
	open, _ := v.accounts.get(accountKey{v.book, name})
	return open
}

// Scheduled gives the entry of a later day that the record scheduled, nil when there is none.
func (v view) Scheduled(seq uint64) *journalv1.Scheduled {
	s, _ := v.scheduled.get(seq)
	if s == nil || s.inBook != v.book {
		return nil
	}
	return s.m
}

// Approval gives what the record asked a second person to approve, nil when it did not.
func (v view) Approval(seq uint64) *journalv1.Approval {
	row, _ := v.approvals.get(seq)
	if row == nil || row.inBook != v.book {
		return nil
	}
	return row.m
}
