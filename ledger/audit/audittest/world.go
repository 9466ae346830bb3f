package audittest

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Book is the book of every operation.
const Book = "main"

// Zone is where the days of the books begin.
var Zone = time.FixedZone("MSK", 3*60*60)

// StartUS is the clock before the first command: 2026-03-02 09:00 in Moscow.
var StartUS = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC).UnixMicro()

// World is the books of an installation while a test writes them.
type World struct {
	shards map[int]*shard
	keys   int
}

type shard struct {
	number    int
	head      journal.Head
	clockUS   int64
	offset    int64
	stripes   map[[2]string]book.Stripe
	holds     map[uint64]book.Hold
	scheduled map[uint64]*journalv1.Scheduled
	approvals map[uint64]*journalv1.Approval
	reversed  map[uint64]book.Original
	accounts  map[string]bool
	rules     map[[2]string]*journalv1.Rule
	moves     map[string]*journalv1.Move
	sealed    []journal.Sealed
	draft     []*journalv1.Record // of the command being decided
}

// New makes empty books.
func New() *World { return &World{shards: map[int]*shard{}} }

func (w *World) shard(n int) *shard {
	s := w.shards[n]
	if s == nil {
		s = &shard{
			number: n, clockUS: StartUS, stripes: map[[2]string]book.Stripe{}, holds: map[uint64]book.Hold{}, scheduled: map[uint64]*journalv1.Scheduled{},
			reversed: map[uint64]book.Original{}, accounts: map[string]bool{}, rules: map[[2]string]*journalv1.Rule{},
			moves: map[string]*journalv1.Move{}, approvals: map[uint64]*journalv1.Approval{},
		}
		w.shards[n] = s
	}
	return s
}

// Stripe implements ledger.View.
func (s *shard) Stripe(account, asset string) book.Stripe {
	return s.stripes[[2]string{account, asset}]
}

// Standing implements ledger.View.
func (s *shard) Standing(account string) book.Standing {
	return ledger.StandingOf(s.Rule(ledger.AccountRule, account))
}

// Limit implements ledger.View.
func (s *shard) Limit(account, asset string) money.Amount {
	r := s.Rule(ledger.AccountRule, account)
	if !r.GetHome() {
		return money.Zero
	}
	return ledger.StandingOf(r).Limit(asset)
}

// Rule implements ledger.View.
func (s *shard) Rule(kind, subject string) *journalv1.Rule { return s.rules[[2]string{kind, subject}] }

// Hold implements ledger.View.
func (s *shard) Hold(seq uint64) (book.Hold, bool) { h, ok := s.holds[seq]; return h, ok }

// Entry implements ledger.View.
func (s *shard) Entry(seq uint64) (book.Original, bool) {
	if o, ok := s.reversed[seq]; ok {
		return o, true
	}
	for _, sealed := range s.sealed {
		if sealed.Record.GetSeq() == seq {
			return ledger.OriginalOf(sealed.Record)
		}
	}
	return book.Original{}, false
}

// Scheduled implements ledger.View.
func (s *shard) Scheduled(seq uint64) *journalv1.Scheduled { return s.scheduled[seq] }

// Approval implements ledger.View.
func (s *shard) Approval(seq uint64) *journalv1.Approval { return s.approvals[seq] }

// AccountOpen implements ledger.View.
func (s *shard) SumDigits(string, string) int { return money.MaxDigits }

func (s *shard) AccountOpen(account string) bool { return s.accounts[account] }

// Stripe is an account's stripe on a shard.
func (w *World) Stripe(n int, account, asset string) book.Stripe {
	return w.shard(n).Stripe(account, asset)
}

// Pass moves the shard's clock.
func (w *World) Pass(n int, d time.Duration) { w.shard(n).clockUS += d.Microseconds() }

// Clock is the shard's clock.
func (w *World) Clock(n int) int64 { return w.shard(n).clockUS }

// Last is the shard's last record.
func (w *World) Last(n int) *journalv1.Record {
	s := w.shard(n)
	return s.sealed[len(s.sealed)-1].Record
}

// Available is what can be spent of an account's rubles on the shard.
func (w *World) Available(n int, account string) money.Amount {
	name, _ := book.ParseName("account", account)
	t, _ := book.LookupType(name.Type)
	return w.shard(n).Stripe(account, money.RUB.Code).Available(t.Class)
}

// Rule is the rule that the shard holds, nil when there is none.
func (w *World) Rule(n int, kind, subject string) *journalv1.Rule {
	return w.shard(n).Rule(kind, subject)
}

// Seq is the number of the shard's last record.
func (w *World) Seq(n int) uint64 { return w.shard(n).head.Seq }

// ClockUS is the shard's clock, at which the next command is decided.
func (w *World) ClockUS(n int) int64 { return w.shard(n).clockUS }

// Do decides operations as one command, a record for each, refusals included.
func (w *World) Do(n int, operations ...*commandv1.Operation) {
	s := w.shard(n)
	for _, op := range operations {
		w.keys++
		op.Key = "key-" + strconv.Itoa(w.keys)
		now := ledger.Now{Seq: s.head.Seq + uint64(len(s.draft)) + 1, US: s.clockUS, Day: s.day(), Zone: Zone}
		draft, refusal, short := ledger.Decide(s, op, now)
		if short != nil {
			refusal = ledger.Refused(short)
		}
		record := &journalv1.Record{Refusal: refused(refusal)}
		if refusal == nil {
			record = draft.Record
			s.fold(draft)
		}
		record.Key, record.RequestHash = op.GetKey(), ledger.RequestHash(op)
		s.draft = append(s.draft, record)
	}
	s.commit("api-1")
}

func refused(r *fault.Refusal) *journalv1.Refusal {
	if r == nil {
		return nil
	}
	return &journalv1.Refusal{Code: string(r.Code), Field: r.Field, Reason: r.Reason, Facts: r.Facts}
}

func (s *shard) day() string { return Day(s.clockUS) }

func (s *shard) fold(d *ledger.Draft) {
	for i := range d.Applied {
		a := &d.Applied[i]
		s.stripes[[2]string{a.Account, a.Asset.Code}] = a.After
	}
	for _, h := range d.Holds {
		s.holds[h.Seq] = h
	}
	if o := d.Reversed; o != nil {
		s.reversed[o.Seq] = *o
	}
	if m := d.Record.GetScheduled(); m != nil {
		s.scheduled[m.GetSeq()] = m
	}
	if m := d.Record.GetApproval(); m != nil {
		s.approvals[m.GetSeq()] = m
	}
	for _, a := range d.Record.GetAccounts() {
		s.accounts[a.GetName()] = true
	}
	for _, r := range d.Record.GetRules() {
		s.rules[[2]string{r.GetKind(), r.GetSubject()}] = r
	}
}

// commit seals the records of one command.
func (s *shard) commit(actor string) {
	for i, r := range s.draft {
		r.ClockUs, r.Offset, r.Operation, r.Last = s.clockUS, s.offset, uint32(i), i == len(s.draft)-1
		r.Command, r.Book, r.Actor = fmt.Sprintf("command-%d-%d", s.number, s.offset), Book, actor
		sealed, err := s.head.Seal(uint32(s.number), r)
		if err != nil {
			panic(err)
		}
		s.sealed = append(s.sealed, sealed)
	}
	s.draft = nil
	s.offset++
	s.clockUS += 1_000_003
}

// PostScheduled lets the shard's clock reach the day of a scheduled entry and posts it.
func (w *World) PostScheduled(n int, seq uint64) {
	s := w.shard(n)
	s.clockUS = max(s.clockUS, s.scheduled[seq].GetDueUs())
	draft := ledger.PostScheduled(s, seq)
	s.fold(draft)
	s.draft = append(s.draft, draft.Record)
	s.commit("timer")
}

// Expire lets the shard's clock reach the expiry of a hold and gives it back.
func (w *World) Expire(n int, seq uint64) {
	s := w.shard(n)
	s.clockUS = max(s.clockUS, s.holds[seq].ExpiresUS)
	draft, refusal, _ := ledger.Expire(s, seq)
	if refusal != nil {
		panic(refusal)
	}
	s.fold(draft)
	s.draft = append(s.draft, draft.Record)
	s.commit("timer")
}

// External leaves a record of a fact that did not come from the log.
func (w *World) External(n int, kind journalv1.ExternalKind, text string) {
	s := w.shard(n)
	s.draft = append(s.draft, &journalv1.Record{External: &journalv1.External{Kind: kind, Text: text}})
	s.commit("api-1")
}

// Step is one step of an aggregate of the flow "task".
type Step struct {
	ID, Owner, On, To, Says string
	Recipe                  string // of the entry, "" books nothing
	Legs                    []book.Change
	Opens                   string        // an ask that the step opens
	Answers                 string        // an ask that the step is the answer to
	Result                  string        // "done", "refused" or "unknown", with Answers
	Timer                   string        // an event that the step sets a timer for
	After                   time.Duration // when, with Timer
}

// Move leaves the record of a step; every timer of the state before is closed.
func (w *World) Move(n int, step Step) {
	s := w.shard(n)
	last := s.moves[step.ID]
	m := &journalv1.Move{
		Flow: "task", Id: step.ID, From: "new", On: step.On, To: step.To, Version: last.GetVersion() + 1,
		Says: step.Says, Owner: step.Owner, Attempts: map[string]uint32{},
	}
	maps.Copy(m.Attempts, last.GetAttempts())
	if last != nil {
		m.From, m.Owner = last.GetTo(), last.GetOwner()
	}
	r := &journalv1.Record{}
	if step.Recipe != "" {
		draft, refusal, short := ledger.Entry(s, step.Recipe, s.day(), step.Legs, map[string]string{"task": step.ID})
		if refusal != nil || short != nil {
			panic(fmt.Sprint(refusal, short))
		}
		s.fold(draft)
		r = draft.Record
		m.Recipes = []string{step.Recipe}
	}
	s.moveTimers(r, m, last, step)
	s.moveEffects(r, m, step)
	r.Move, s.moves[step.ID] = m, m
	s.draft = append(s.draft, r)
	s.commit("effect")
}

func (s *shard) moveTimers(r *journalv1.Record, m, last *journalv1.Move, step Step) {
	for _, t := range last.GetTimers() {
		r.Timers = append(r.Timers, &journalv1.Timer{
			Id: t.GetId(), DueUs: t.GetDueUs(), Flow: t.GetFlow(), Aggregate: t.GetAggregate(), Event: t.GetEvent(), Closed: true,
		})
	}
	if step.Timer != "" {
		t := &journalv1.Timer{
			Id: strconv.FormatUint(s.head.Seq+1, 10) + ".0", DueUs: s.clockUS + step.After.Microseconds(),
			Flow: "task", Aggregate: step.ID, Event: step.Timer,
		}
		r.Timers, m.Timers = append(r.Timers, t), append(m.Timers, t)
	}
}

func (s *shard) moveEffects(r *journalv1.Record, m *journalv1.Move, step Step) {
	if step.Opens != "" {
		m.Attempts[step.Opens]++
		r.Effects = append(r.Effects, &journalv1.Effect{
			Attempt: attempt(step.ID, step.Opens, m.Attempts[step.Opens]), State: journalv1.EffectState_EFFECT_STATE_OPEN,
			Flow: "task", Id: step.ID, Ask: step.Opens, Port: "payout", Verb: "pay", Body: []byte(step.ID),
			Number: m.Attempts[step.Opens], DueUs: s.clockUS, OpenedUs: s.clockUS,
		})
	}
	if step.Answers != "" {
		e := s.effect(attempt(step.ID, step.Answers, m.Attempts[step.Answers]))
		e.Answers++
		e.Result, e.Status = step.Result, "status-"+step.Result
		e.State = journalv1.EffectState_EFFECT_STATE_CLOSED
		if step.Result == "unknown" {
			e.State = journalv1.EffectState_EFFECT_STATE_IN_DOUBT
		}
		r.Effects = append(r.Effects, e)
		r.Key = fmt.Sprintf("%s/%s/%d", e.GetAttempt(), step.Result, e.GetAnswers())
		r.RequestHash = ledger.HashBytes([]byte(r.Key))
	}
}

// effect is a copy of an effect as it stands.
func (s *shard) effect(id string) *journalv1.Effect {
	for _, sealed := range slices.Backward(s.sealed) {
		for _, e := range sealed.Record.GetEffects() {
			if e.GetAttempt() == id {
				return &journalv1.Effect{
					Attempt: id, State: e.GetState(), Flow: e.GetFlow(), Id: e.GetId(), Ask: e.GetAsk(), Port: e.GetPort(),
					Verb: e.GetVerb(), Body: e.GetBody(), Answers: e.GetAnswers(), DueUs: e.GetDueUs(), Result: e.GetResult(),
					Status: e.GetStatus(), OpenedUs: e.GetOpenedUs(), Number: e.GetNumber(),
				}
			}
		}
	}
	panic("audittest: no effect " + id)
}

func attempt(id, ask string, number uint32) string {
	return hex.EncodeToString(ledger.HashBytes(fmt.Append(nil, id, ask, number)))
}

// Shards lists the shards that have records.
func (w *World) Shards() []int { return slices.Sorted(maps.Keys(w.shards)) }

// Records are the shard's records in order.
func (w *World) Records(n int) []journal.Sealed { return w.shard(n).sealed }

// Events are the shard's records as they are published.
func (w *World) Events(n int) []audit.Event {
	events := make([]audit.Event, 0, len(w.shard(n).sealed))
	var prev journal.Hash
	for _, s := range w.shard(n).sealed {
		e := audit.Event{Key: []byte(s.Record.GetBook()), Value: s.Raw}
		for _, h := range journal.Envelope(s, prev) {
			e.Headers = append(e.Headers, audit.Header{Key: h[0], Value: []byte(h[1])})
		}
		events = append(events, e)
		prev = s.Hash
	}
	return events
}

// Store commits all records to an empty, migrated database.
func (w *World) Store(ctx context.Context, db *store.DB) error {
	for _, n := range w.Shards() {
		if err := w.storeShard(ctx, db, n); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) storeShard(ctx context.Context, db *store.DB, n int) error {
	s := w.shard(n)
	state, err := db.TakeOver(ctx, n)
	if err != nil {
		return err
	}
	writer, err := db.OpenWriter(ctx, n, state.Epoch)
	if err != nil {
		return err
	}
	defer writer.Close()
	rows, totals := store.NewRows(Zone), store.NewTotals()
	for from := 0; from < len(s.sealed); {
		until := min(from+500, len(s.sealed))
		rows.Reset()
		for _, sealed := range s.sealed[from:until] {
			rows.Add(sealed, totals)
		}
		last := s.sealed[until-1].Record
		next := store.Position{Offset: last.GetOffset() + 1, TopicID: [16]byte{1}}
		if err := writer.Commit(ctx, store.Commit{Expect: state.Position, Next: next, ClockUS: last.GetClockUs(), Rows: rows}); err != nil {
			return err
		}
		state.Position, from = next, until
	}
	return nil
}

// Day is the day on which a clock falls.
func Day(clockUS int64) string { return time.UnixMicro(clockUS).In(Zone).Format(time.DateOnly) }

// Travel books money out of a wallet's stripe on one shard and into the one on another,
// as the gathering between stripes does.
func (w *World) Travel(from, to int, account string, amount money.Amount) {
	for n, into := range map[int]bool{from: false, to: true} {
		s := w.shard(n)
		if into {
			if touch := ledger.Touch(s, account, money.RUB); touch != nil {
				s.fold(touch)
				s.draft = append(s.draft, touch.Record)
			}
		}
		draft := ledger.Transit(s, account, money.RUB, amount, into, "give/1", s.day())
		s.fold(draft)
		s.draft = append(s.draft, draft.Record)
		s.commit("gather")
	}
}
