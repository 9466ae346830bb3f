package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// TestRowsAreTheFoldOfTheirRecords writes random records in random batches and compares
// what is loaded with a naive fold in memory; then it writes the same records into an
// empty database in other batches and compares every row of both.
func TestRowsAreTheFoldOfTheirRecords(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		other := embedtest.DSN(t, store.Migrate)
		db, again := open(t, dsn), open(t, other)
		var shards atomic.Int32
		rapid.Check(t, func(rt *rapid.T) {
			p := newPen(t, int(shards.Add(1)))
			p.randomRecords(rt)
			writeInBatches(rt, t, db, p, "batch")
			checkFold(rt, t, db, p)
			writeInBatches(rt, t, again, p, "other batch")
			for _, table := range []string{"leg", "late", "late_sum", "scheduled", "approval", "stripe", "hold", "follow", "aggregate", "effect", "timer", "gather", "idempotency", "account"} {
				if diff := cmp.Diff(dump(t, db, table, p.shard), dump(t, again, table, p.shard)); diff != "" {
					rt.Fatalf("%s differs when written in other batches:\n%s", table, diff)
				}
			}
		})
	})
}

// writeInBatches commits the pen's records in random cuts.
func writeInBatches(rt *rapid.T, t *testing.T, db *store.DB, p *pen, label string) {
	t.Helper()
	state, err := db.TakeOver(t.Context(), p.shard)
	must(t, err)
	w, err := db.OpenWriter(t.Context(), p.shard, state.Epoch)
	must(t, err)
	defer w.Close()
	totals := store.NewTotals()
	for rest := p.records; len(rest) > 0; {
		n := rapid.IntRange(1, len(rest)).Draw(rt, label)
		if err := commit(t, w, totals, rest[:n]); err != nil {
			rt.Fatalf("commit %d records: %v", n, err)
		}
		rest = rest[n:]
	}
	loaded, err := db.LoadTotals(t.Context(), p.shard)
	must(t, err)
	if !loaded.Equal(totals) {
		rt.Fatalf("totals are\n%+v, want\n%+v", loaded, totals)
	}
}

// dump is every row of a table of one shard, as text and in order.
func dump(t *testing.T, db *store.DB, table string, shard int) (rows []string) {
	t.Helper()
	must(t, db.Read(t.Context(), func(tx pgx.Tx) error {
		rows = nil
		found, err := tx.Query(t.Context(), fmt.Sprintf("SELECT x::TEXT FROM %s AS x WHERE shard = $1::INT2", table), shard)
		if err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			var row string
			if err := found.Scan(&row); err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return found.Err()
	}))
	slices.Sort(rows)
	return rows
}

// folded is what a shard's rows must say.
type folded struct {
	Stripes    map[string]string
	Holds      map[string]*journalv1.Hold
	Aggregates map[string]string
	Effects    map[string]*journalv1.Effect
	Timers     map[string]*journalv1.Timer
	Gathers    []*journalv1.Gather
	Keys       map[[16]byte]uint64
	Opened     map[string]uint64
	Rules      map[string][]*journalv1.Rule // by subject, oldest first
}

func newFolded() folded {
	return folded{
		map[string]string{}, map[string]*journalv1.Hold{}, map[string]string{}, map[string]*journalv1.Effect{},
		map[string]*journalv1.Timer{}, nil, map[[16]byte]uint64{}, map[string]uint64{}, map[string][]*journalv1.Rule{},
	}
}

// fold is the naive model: one record after the other, nothing clever.
func fold(records []journal.Sealed) folded {
	f := newFolded()
	created, entries := map[string]int64{}, map[string][]uint64{}
	gathers := map[string]*journalv1.Gather{}
	order := map[string]int{}
	for n, s := range records {
		r := s.Record
		for _, l := range r.GetLegs() {
			held := l.GetHeldDebit()
			if held == "" {
				held = "0.00"
			}
			f.Stripes[l.GetAccount()+"/"+l.GetAsset()] = fmt.Sprintln(l.GetVersion(), l.GetDebit(), l.GetCredit(), held)
		}
		for _, h := range r.GetHolds() {
			f.Holds[fmt.Sprint(h.GetPlacedSeq(), h.GetAccount())] = h
		}
		if m := r.GetMove(); m != nil {
			if _, ok := created[m.GetId()]; !ok {
				created[m.GetId()] = r.GetClockUs()
			}
			if r.GetEntry() != nil {
				entries[m.GetId()] = append(entries[m.GetId()], r.GetSeq())
			}
			f.Aggregates[m.GetId()] = fmt.Sprintln(m.GetTo(), m.GetOwner(), m.GetVersion(), string(m.GetData()), m.GetAttempts(),
				len(m.GetTimers()), created[m.GetId()], r.GetClockUs(), entries[m.GetId()])
		}
		for _, e := range r.GetEffects() {
			f.Effects[e.GetAttempt()] = e
		}
		for _, x := range r.GetTimers() {
			if delete(f.Timers, x.GetId()); !x.GetClosed() {
				f.Timers[x.GetId()] = x
			}
		}
		for i, g := range r.GetGathers() {
			id := fmt.Sprint(g.GetState(), g.GetKey())
			switch g.GetState() {
			case journalv1.GatherState_GATHER_STATE_APPLIED:
				id = fmt.Sprint("applied", g.GetPeer())
			case journalv1.GatherState_GATHER_STATE_ACCOUNT:
				id = fmt.Sprint("account", g.GetAccount())
			case journalv1.GatherState_GATHER_STATE_DECIDED:
				delete(gathers, fmt.Sprint(journalv1.GatherState_GATHER_STATE_PARKED, g.GetKey()))
				continue
			}
			gathers[id], order[id] = g, n*1000+i
		}
		if r.GetKey() != "" && r.GetExternal() == nil {
			f.Keys[store.KeyID(r.GetBook(), r.GetKey())] = r.GetSeq()
		}
		for _, m := range r.GetRules() {
			f.Rules[m.GetSubject()] = append(f.Rules[m.GetSubject()], m)
		}
		for _, a := range r.GetAccounts() {
			f.Opened[a.GetName()] = r.GetSeq()
		}
	}
	for _, id := range slices.SortedFunc(mapKeys(gathers), func(a, b string) int { return order[a] - order[b] }) {
		if g := gathers[id]; len(g.GetBody()) > 0 || g.GetState() < journalv1.GatherState_GATHER_STATE_SENT || g.GetState() == journalv1.GatherState_GATHER_STATE_APPLIED {
			f.Gathers = append(f.Gathers, g)
		}
	}
	return f
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// checkFold loads everything that the records speak of and compares it with the fold.
func checkFold(rt *rapid.T, t *testing.T, db *store.DB, p *pen) {
	t.Helper()
	ctx, want := t.Context(), fold(p.records)
	got := newFolded()
	var stripes []store.StripeKey
	names := map[store.StripeKey]string{}
	for k := range want.Stripes {
		account, asset, _ := strings.Cut(k, "/")
		key := store.StripeKey{Account: book.ID(bookName, account), Asset: asset}
		stripes, names[key] = append(stripes, key), k
	}
	rows, err := db.LoadStripes(ctx, p.shard, stripes)
	must(t, err)
	for _, r := range rows {
		got.Stripes[names[r.Key]] = fmt.Sprintln(r.Version, r.Debit, r.Credit, r.HeldDebit)
	}
	var seqs []uint64
	for _, s := range p.records {
		seqs = append(seqs, s.Record.GetSeq())
	}
	holds, err := db.LoadHolds(ctx, p.shard, seqs)
	must(t, err)
	for _, h := range holds {
		got.Holds[fmt.Sprint(h.Hold.GetPlacedSeq(), h.Hold.GetAccount())] = h.Hold
		if h.Account != book.ID(bookName, h.Hold.GetAccount()) || h.Book != bookName {
			rt.Fatalf("hold of another account: %+v", h)
		}
	}
	loadFlows(ctx, t, db, p, want, &got)
	ids := make([][16]byte, 0, len(want.Keys))
	for id := range want.Keys {
		ids = append(ids, id)
	}
	keys, err := db.LookupKeys(ctx, ids)
	must(t, err)
	for _, k := range keys {
		got.Keys[k.ID] = k.Seq
	}
	opened, err := db.OpenAccounts(ctx, bookName, slices.Collect(mapKeys(want.Opened)))
	must(t, err)
	for _, a := range opened {
		got.Opened[a.Name] = a.Seq
	}
	loadRules(ctx, rt, t, db, p, want, &got)
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		rt.Fatalf("loaded is not the fold (-want +got):\n%s", diff)
	}
	checkJournal(rt, t, db, p)
}

// loadRules reads the history of each rule, and that the newest is the one in force.
func loadRules(ctx context.Context, rt *rapid.T, t *testing.T, db *store.DB, p *pen, want folded, got *folded) {
	t.Helper()
	any, err := db.AnyRule(ctx, p.shard)
	must(t, err)
	if any != (len(want.Rules) > 0) {
		rt.Fatalf("any rule: %t, of %d", any, len(want.Rules))
	}
	for subject := range want.Rules {
		key := store.RuleKey{Book: bookName, Kind: "account", Subject: subject}
		rows, err := db.RuleHistory(ctx, p.shard, key, 0, 100)
		must(t, err)
		for _, r := range slices.Backward(rows) {
			got.Rules[subject] = append(got.Rules[subject], r.Rule)
		}
		now, err := db.LoadRules(ctx, p.shard, []store.RuleKey{key, {Book: bookName, Kind: "account", Subject: "wallet:nobody"}})
		must(t, err)
		if len(now) != 1 || !proto.Equal(now[0].Rule, rows[0].Rule) || now[0].Seq != rows[0].Seq || now[0].Book != bookName {
			rt.Fatalf("in force: %v, newest: %v", now, rows[0])
		}
		for i, r := range rows { // as a snapshot of any moment sees it
			if !r.Rule.GetHome() || !rows[0].Rule.GetHome() {
				continue
			}
			then, err := db.HomeRulesAt(ctx, []store.RuleKey{key}, []store.Seen{{Shard: p.shard, Seq: r.Seq}})
			must(t, err)
			before, err := db.HomeRulesAt(ctx, []store.RuleKey{key}, []store.Seen{{Shard: p.shard, Seq: r.Seq - 1}})
			must(t, err)
			if len(then) != 1 || !proto.Equal(then[0].Rule, r.Rule) {
				rt.Fatalf("at record %d: %v, not %v", r.Seq, then, r.Rule)
			}
			if first := i == len(rows)-1; first != (len(before) == 0) || !first && !proto.Equal(before[0].Rule, rows[i+1].Rule) {
				rt.Fatalf("before record %d: %v of %d", r.Seq, before, len(rows))
			}
		}
	}
}

func loadFlows(ctx context.Context, t *testing.T, db *store.DB, p *pen, want folded, got *folded) {
	t.Helper()
	var aggregates []store.AggregateKey
	for id := range want.Aggregates {
		aggregates = append(aggregates, store.AggregateKey{Book: bookName, Flow: "task", ID: id})
	}
	rows, err := db.LoadAggregates(ctx, p.shard, aggregates)
	must(t, err)
	for _, a := range rows {
		entries, err := db.AggregateEntries(ctx, a.Key)
		must(t, err)
		var seqs []uint64
		for _, e := range entries {
			seqs = append(seqs, e.Seq)
		}
		got.Aggregates[a.Key.ID] = fmt.Sprintln(a.State, a.Owner, a.Version, string(a.Data), a.Attempts, len(a.Timers), a.CreatedUS, a.UpdatedUS, seqs)
	}
	effects, err := db.LoadEffects(ctx, p.shard, slices.Collect(mapKeys(want.Effects)))
	must(t, err)
	open := 0
	for _, e := range effects {
		got.Effects[e.Effect.GetAttempt()] = e.Effect
		if e.Effect.GetState() != journalv1.EffectState_EFFECT_STATE_CLOSED {
			open++
		}
	}
	found, err := db.OpenEffects(ctx, p.shard, "", 1000)
	must(t, err)
	if len(found) != open {
		t.Fatalf("%d open effects, want %d", len(found), open)
	}
	timers, err := db.DueTimers(ctx, p.shard, 0, 1<<62, 1000)
	must(t, err)
	for _, x := range timers {
		got.Timers[x.Timer.GetId()] = x.Timer
	}
	gathers, err := db.LoadGathers(ctx, p.shard)
	must(t, err)
	for _, g := range gathers {
		got.Gathers = append(got.Gathers, g.Gather)
	}
}

// checkJournal follows the chain through the stored segments and reads single records.
func checkJournal(rt *rapid.T, t *testing.T, db *store.DB, p *pen) {
	t.Helper()
	var head journal.Head
	segments, err := db.Segments(t.Context(), p.shard, 1, 1000)
	must(t, err)
	for _, s := range segments {
		raws, err := s.Split()
		must(t, err)
		for _, raw := range raws {
			if _, err := head.Follow(uint32(p.shard), raw); err != nil {
				rt.Fatal(err)
			}
		}
	}
	if head != p.head {
		rt.Fatalf("the stored journal ends at %+v, want %+v", head, p.head)
	}
	at := rapid.IntRange(0, len(p.records)-1).Draw(rt, "record")
	raw, ok, err := db.Record(t.Context(), p.shard, uint64(at)+1)
	if err != nil || !ok || string(raw) != string(p.records[at].Raw) {
		rt.Fatalf("record %d: %v %v", at+1, ok, err)
	}
	if _, ok, err := db.Record(t.Context(), p.shard, p.head.Seq+1); ok || err != nil {
		rt.Fatalf("a record behind the end: %v %v", ok, err)
	}
}
