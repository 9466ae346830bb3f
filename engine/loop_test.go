package engine_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

func TestPostingsHoldsAndRefusals(t *testing.T) {
	t.Parallel()
	p := newWorld(t, 1).start("one")
	p.must(open("wallet:a"), open("wallet:b"), pay("top up", "bank:settlement", "wallet:a", "100.00"))
	p.wants("wallet:a", "100.00")
	out := p.must(pay("p1", "wallet:a", "wallet:b", "30.00"))
	if legs := out[0].Record.GetLegs(); len(legs) != 2 || legs[0].GetVersion() != 2 || legs[0].GetDebit() != "30.00" || legs[1].GetCredit() != "30.00" {
		t.Fatalf("after-balances are wrong: %v", legs)
	}
	r := p.refused(fault.InsufficientFunds, pay("p2", "wallet:a", "wallet:b", "70.01"))
	if r.Refusal.Facts["available"] != "70.00" || r.Refusal.Facts["needed"] != "70.01" || r.Record == nil {
		t.Fatalf("the refusal does not say why, or is not remembered: %+v", r)
	}
	held := p.must(op("h1", &commandv1.Operation_Place{Place: &commandv1.Place{Account: "wallet:a", Asset: "RUB", Amount: "50.00", Open: true}}))
	p.wants("wallet:a", "20.00")
	p.refused(fault.InsufficientFunds, pay("p3", "wallet:a", "wallet:b", "20.01"))
	settle := func(key, amount string) engine.Operation {
		return op(key, &commandv1.Operation_Settle{Settle: &commandv1.Settle{
			PlacedSeq: held[0].Record.GetSeq(), Amount: amount, Kind: "transfer", Credits: []*commandv1.Leg{leg("wallet:b", false, amount)},
		}})
	}
	p.must(settle("s1", "20.00"))
	p.refused(fault.HoldExceeded, settle("s2", "30.01"))
	p.must(op("v1", &commandv1.Operation_Void{Void: &commandv1.Void{PlacedSeq: held[0].Record.GetSeq()}}))
	p.refused(fault.HoldNotOpen, settle("s3", "1.00"))
	p.wants("wallet:a", "50.00")
	p.wants("wallet:b", "50.00")
	p.wants("bank:settlement", "100.00")
	p.refused(fault.Unbalanced, op("u1", &commandv1.Operation_Post{Post: &commandv1.Post{
		Kind: "transfer", Legs: []*commandv1.Leg{leg("wallet:a", true, "1.00"), leg("wallet:b", false, "1.01")},
	}}))
}

func TestKeysAnswerOnceForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one")
	p.must(open("wallet:a"), pay("k1", "bank:settlement", "wallet:a", "10.00"))
	again := p.must(pay("k1", "bank:settlement", "wallet:a", "10.00"))[0]
	if !again.Replayed || again.Record.GetKey() != "k1" {
		t.Fatalf("the second answer is not the first: %+v", again)
	}
	p.refused(fault.KeyReused, pay("k1", "bank:settlement", "wallet:a", "10.01"))
	out := p.submit(pay("k2", "bank:settlement", "wallet:a", "1.00"), pay("k2", "bank:settlement", "wallet:a", "1.00"))
	if out[0].Refusal != nil || out[1].Refusal != nil || !out[1].Replayed || out[0].Record.GetSeq() != out[1].Record.GetSeq() {
		t.Fatalf("a duplicate inside a batch: %+v", out)
	}
	p.stop()
	p = w.start("two") // memory is gone: only the database knows the keys
	again = p.must(pay("k1", "bank:settlement", "wallet:a", "10.00"))[0]
	if !again.Replayed {
		t.Fatal("after a restart the key posted again")
	}
	p.refused(fault.KeyReused, pay("k2", "bank:settlement", "wallet:a", "2.00"))
	p.refused(fault.InsufficientFunds, pay("k3", "wallet:a", "bank:settlement", "11.01"))
	p.must(pay("k4", "bank:settlement", "wallet:a", "100.00"))
	p.refused(fault.InsufficientFunds, pay("k3", "wallet:a", "bank:settlement", "11.01"))
	p.wants("wallet:a", "111.00")
}

func TestAtomicGroupsAndDryRuns(t *testing.T) {
	t.Parallel()
	p := newWorld(t, 1).start("one")
	p.must(open("wallet:a"), open("wallet:b"), pay("t", "bank:settlement", "wallet:a", "100.00"))
	group := func(n uint32, ops ...engine.Operation) []engine.Operation {
		for _, o := range ops {
			o.Group = n
		}
		return ops
	}
	out := p.submit(group(1, pay("g1", "wallet:a", "wallet:b", "60.00"), pay("g2", "wallet:b", "wallet:a", "10.00"), pay("g3", "wallet:a", "wallet:b", "50.01"))...)
	if out[0].Refusal.Code != fault.GroupFailed || out[2].Refusal.Code != fault.InsufficientFunds {
		t.Fatalf("a failing group: %v, %v, %v", out[0].Refusal, out[1].Refusal, out[2].Refusal)
	}
	p.wants("wallet:a", "100.00")
	p.must(group(1, pay("g4", "wallet:a", "wallet:b", "60.00"), pay("g5", "wallet:b", "wallet:a", "60.00"))...)
	again := p.submit(group(2, pay("g4", "wallet:a", "wallet:b", "60.00"), pay("g5", "wallet:b", "wallet:a", "60.00"))...)
	if again[0].Refusal != nil || !again[0].Replayed || !again[1].Replayed {
		t.Fatalf("a repeated group: %+v", again)
	}
	mixed := p.submit(group(1, pay("g6", "wallet:a", "wallet:b", "1.00"), pay("t", "bank:settlement", "wallet:a", "100.00"))...)
	if mixed[0].Refusal == nil || mixed[0].Refusal.Code != fault.GroupPartlyKnown {
		t.Fatalf("a group with a known key: %+v", mixed[0].Refusal)
	}
	parted := []engine.Operation{pay("g7", "wallet:a", "wallet:b", "1.00"), pay("g8", "wallet:a", "wallet:b", "1.00"), pay("g9", "wallet:a", "wallet:b", "1.00")}
	parted[0].Group, parted[2].Group = 3, 3
	for _, o := range p.submit(parted...) { // done one by one, they would not be what was asked for
		if o.Refusal == nil || o.Refusal.Code != fault.Malformed || o.Refusal.Field != "operations[2].group" {
			t.Fatalf("a group in two places: %+v", o)
		}
	}
	dry := p.Submit(t.Context(), engine.Request{Book: "main", Actor: "test", DryRun: true, Operations: []engine.Operation{pay("d1", "wallet:a", "wallet:b", "40.00")}})
	if dry[0].Refusal != nil || dry[0].Record.GetLegs()[0].GetDebit() != "100.00" {
		t.Fatalf("dry run: %+v", dry[0])
	}
	p.wants("wallet:a", "100.00")
	p.must(pay("d1", "wallet:a", "wallet:b", "41.00")) // the dry run took no key
}

func TestABadRecordDoesNotStopTheShard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one")
	p.must(open("wallet:a"))
	var wait sync.WaitGroup
	empty, err := proto.Marshal(&commandv1.Command{Id: "x", Book: "main"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{[]byte("garbage"), nil, empty} {
		wait.Add(1)
		p.log.Append(t.Context(), 0, bad, nil, func(_ int64, err error) {
			if err != nil {
				t.Error(err)
			}
			wait.Done()
		})
	}
	wait.Wait()
	p.must(pay("after", "bank:settlement", "wallet:a", "1.00"))
	rejected := 0
	for _, r := range p.events(0) {
		if r.GetExternal().GetKind() == journalv1.ExternalKind_EXTERNAL_KIND_REJECTED {
			rejected++
		}
	}
	if rejected != 3 {
		t.Errorf("%d records were rejected in the journal, want 3", rejected)
	}
}

// events reads a shard's published records, checked link by link, up to the
// head that the database has.
func (p *process) events(shard int) []*journalv1.Record {
	p.world.t.Helper()
	states, err := p.db.Shards(p.world.t.Context())
	if err != nil {
		p.world.t.Fatal(err)
	}
	var want journal.Head
	for _, s := range states {
		if s.Shard == shard {
			want = s.Head
		}
	}
	var records []*journalv1.Record
	p.until("the events reach the database", func() bool {
		records = nil
		var head journal.Head
		err := p.log.Replay(p.world.t.Context(), shard, 0, func(batch []port.LogRecord) error {
			for _, r := range batch {
				h := map[string]string{}
				for _, x := range r.Headers {
					h[x.Key] = string(x.Value)
				}
				ev, err := journal.ReadEvent(r.Value, h)
				if err != nil {
					return err
				}
				if ev.Previous != head.Hash {
					return fmt.Errorf("record %d does not follow the one before", ev.Record.GetSeq())
				}
				if _, err := head.Follow(uint32(shard), r.Value); err != nil {
					return err
				}
				records = append(records, ev.Record)
			}
			return nil
		})
		if err != nil {
			p.world.t.Fatal(err)
		}
		return head.Seq >= want.Seq
	})
	return records
}

func TestEffectsActOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.bank.answers["a 10.00"] = []port.Answer{port.Unclear("timeout"), {Result: port.Done, Status: "EXECUTED"}}
	w.bank.answers["a 20.00"] = []port.Answer{{Result: port.Refused, Status: "FAILED", Code: fault.PayoutRefused, Reason: "счёт закрыт"}}
	p := w.start("one")
	p.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "100.00"))
	p.must(send("one", "a", "10.00"), send("two", "a", "20.00"), send("three", "a", "30.00"))
	p.until("one is sent", func() bool { return p.state("one", "a") == "sent" })
	p.until("two has failed", func() bool { return p.state("two", "a") == "failed" })
	p.until("three is sent", func() bool { return p.state("three", "a") == "sent" })
	p.wants("wallet:a", "60.00")
	p.wants("suspense:one", "0.00")
	for attempt, n := range w.bank.sent {
		if n != 1 {
			t.Errorf("attempt %s was executed %d times", attempt, n)
		}
	}
	p.refused(fault.WrongState, op("again", &commandv1.Operation_Flow{Flow: &commandv1.Flow{
		Flow: "parcel", Id: "one", Event: "slow", Owner: "a",
	}}))
}

func TestTimersFireOnceAndOnlyWhileTheyStand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.bank.answers["a 10.00"] = []port.Answer{port.Unclear("timeout"), port.Unclear("timeout"), port.Unclear("timeout")}
	p := w.start("one")
	p.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "100.00"))
	held := p.must(op("h", &commandv1.Operation_Place{Place: &commandv1.Place{Account: "wallet:a", Asset: "RUB", Amount: "5.00", ExpiresMs: 200, Open: true}}))
	p.must(send("one", "a", "10.00"), send("two", "a", "20.00"))
	p.until("the hold has expired", func() bool { return p.balance("wallet:a") == "70.00" })
	p.refused(fault.HoldNotOpen, op("v", &commandv1.Operation_Void{Void: &commandv1.Void{PlacedSeq: held[0].Record.GetSeq()}}))
	p.until("one is sent", func() bool { return p.state("one", "a") == "sent" })
	p.until("two is sent", func() bool { return p.state("two", "a") == "sent" })
	late := map[string]int{}
	for _, r := range p.events(0) {
		if r.GetMove().GetOn() == "slow" {
			late[r.GetMove().GetId()]++
		}
	}
	if late["one"] != 1 || late["two"] != 0 {
		t.Errorf("timers fired: %v", late)
	}
}

func TestAnotherProcessTakesOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	one := w.start("one")
	two := w.start("two")
	var ops []engine.Operation
	for i := range 20 {
		ops = append(ops, open(fmt.Sprintf("wallet:w%d", i)), pay(fmt.Sprintf("t%d", i), "bank:settlement", fmt.Sprintf("wallet:w%d", i), "10.00"))
	}
	one.must(ops...)
	for i := range 20 {
		two.must(pay(fmt.Sprintf("back%d", i), fmt.Sprintf("wallet:w%d", i), "bank:settlement", "4.00"))
	}
	one.stop()
	for i := range 20 {
		two.must(pay(fmt.Sprintf("more%d", i), fmt.Sprintf("wallet:w%d", i), "bank:settlement", "1.00"))
		two.wants(fmt.Sprintf("wallet:w%d", i), "5.00")
	}
	for s := range 4 {
		two.events(s)
	}
}

func TestAnExpiredCommandPostsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one")
	p.must(open("wallet:a"))
	p.stop()
	log := w.log()
	defer log.Close()
	late := pay("late", "bank:settlement", "wallet:a", "5.00")
	late.RequestHash = make([]byte, 16)
	raw, err := proto.Marshal(&commandv1.Command{Id: "late", Book: "main", Actor: "test", TimeoutMs: 1,
		What: &commandv1.Command_Operations{Operations: &commandv1.Operations{List: []*commandv1.Operation{late.Operation}}}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	log.Append(t.Context(), 0, raw, nil, func(_ int64, err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	p = w.start("two")
	p.must(pay("late", "bank:settlement", "wallet:a", "7.00")) // the key was never taken
	p.wants("wallet:a", "7.00")
}

// TestTheSameLogGivesTheSameHeads is the law of the loop: one command log with
// its recorded externals, decided again on empty databases with batches of 1 and
// of 8,000, gives the heads of the live run.
func TestTheSameLogGivesTheSameHeads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.bank.answers["w1 2.00"] = []port.Answer{port.Unclear("timeout")}
	p := w.start("one")
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			wallet := fmt.Sprintf("w%d", g)
			p.must(open("wallet:"+wallet), pay("t"+wallet, "bank:settlement", "wallet:"+wallet, "100.00"))
			for i := range 30 {
				p.submit(pay(fmt.Sprintf("%s-%d", wallet, i), "wallet:"+wallet, "bank:settlement", "4.00"),
					pay(fmt.Sprintf("%s-%d", wallet, i%7), "wallet:"+wallet, "bank:settlement", "4.00"))
			}
			p.must(pay("more"+wallet, "bank:settlement", "wallet:"+wallet, "10.00"))
			p.must(send("parcel-"+wallet, wallet, "2.00"))
		})
	}
	wait.Wait()
	for g := range 4 {
		p.until("parcels are sent", func() bool {
			return p.state(fmt.Sprintf("parcel-w%d", g), fmt.Sprintf("w%d", g)) == "sent"
		})
	}
	for s := range 2 {
		p.events(s)
	}
	p.stop()
	db := w.db(w.dsn)
	defer db.Close()
	live, err := db.Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 8000} {
		heads := w.replay(limit)
		for _, s := range live {
			if want := (engine.Replayed{Recorded: s.Head, Decided: s.Head}); heads[s.Shard] != want {
				t.Errorf("batches of %d: shard %d ends at %v, the live run at %v", limit, s.Shard, heads[s.Shard], s.Head)
			}
		}
	}
}

func (w *world) replay(limit int) []engine.Replayed {
	w.t.Helper()
	return w.replayOn(newWorld(w.t, w.shards).dsn, limit, false)
}

func (w *world) replayOn(dsn string, limit int, rebuilt bool) []engine.Replayed {
	w.t.Helper()
	db, log := w.db(dsn), w.log()
	defer db.Close()
	defer log.Close()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	heads, err := engine.Replay(ctx, engine.ReplayConfig{
		DB: db, Commands: log, Events: log, Flows: flow.NewRegistry(parcel(w.t)), Zone: db.Zone(), Logger: quiet, BatchOperations: limit, Rebuilt: rebuilt,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return heads
}

// TestOldKeysAreNotDear: while callers ask again with keys of the past, a batch costs a
// look-up of its keys, and not the memory of the shard.
func TestOldKeysAreNotDear(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	var forgotten atomic.Int64 // the totals are read when the memory is dropped
	p := w.start("one", func(c *engine.Config) {
		db, err := store.Open(t.Context(), w.dsn, store.Options{Logger: quiet, Observe: func(a store.Attempt) {
			if a.Name == "totals" {
				forgotten.Add(1)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		c.DB = db
	})
	p.must(open("wallet:a"), pay("old", "bank:settlement", "wallet:a", "1.00"))
	for i := range 5 { // until the key is out of memory
		p.must(pay(fmt.Sprint("first", i), "bank:settlement", "wallet:a", "1.00"))
	}
	before := forgotten.Load()
	for i := range 20 {
		out := p.must(pay("old", "bank:settlement", "wallet:a", "1.00"), pay(fmt.Sprint("new", i), "bank:settlement", "wallet:a", "1.00"))
		if !out[0].Replayed || out[1].Replayed {
			t.Fatalf("%+v", out)
		}
	}
	p.refused(fault.KeyReused, pay("old", "bank:settlement", "wallet:a", "2.00"))
	if n := forgotten.Load() - before; n > 1 {
		t.Errorf("the memory was dropped %d times for 21 old keys", n)
	}
	p.wants("wallet:a", "26.00")
	p.events(0)
	p.stop()
	w.sameHeads(1, 8000)
}
