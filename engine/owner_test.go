package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/provodka/provodka/cmd/provodka/embed"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
)

// briefly makes leases short, so that take-overs are quick.
func briefly(c *engine.Config) { c.LeaseTTL, c.LookupEvery = time.Second, 50*time.Millisecond }

// TestAPausedOwnerIsFenced: the owner is stopped inside a commit, before its COMMIT
// or before the answer to it, and goes on after another process took over. Leases are as
// long as they are in service: with short ones a busy machine lets one lapse by itself, and
// the epoch says nothing of who threw whom out.
func TestAPausedOwnerIsFenced(t *testing.T) {
	t.Parallel()
	for name, whole := range map[string]bool{"before COMMIT": false, "before its answer": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			proxy, dsn := newProxy(t, w.dsn)
			one := w.startOn(dsn, "one").ready()
			two := w.start("two")
			two.must(open("wallet:a"))
			before := w.shardRow(w.dsn, 0).Epoch
			stalled := proxy.stallInCommit(whole)
			out := make(chan engine.Outcome, 1)
			go func() { out <- two.submit(pay("k1", "bank:settlement", "wallet:a", "10.00"))[0] }()
			<-stalled
			if o := <-out; o.Refusal != nil {
				t.Fatalf("the caller on the other process: %v", o.Refusal)
			}
			two.until("the other process has taken over", func() bool { return two.value("provodka_shard_running") == 1 })
			proxy.resume()
			one.until("the old owner finds out", func() bool { return one.value("provodka_shard_running") == 0 })
			two.must(pay("k1", "bank:settlement", "wallet:a", "10.00"), pay("k2", "bank:settlement", "wallet:a", "1.00"))
			two.wants("wallet:a", "11.00")
			if n := len(keyed(two.events(0), "k1")); n != 1 {
				t.Errorf("%d records took the key", n)
			}
			// The old owner may not have thrown the new one out in turn.
			if epoch := w.shardRow(w.dsn, 0).Epoch; epoch != before+1 {
				t.Errorf("the epoch went from %d to %d", before, epoch)
			}
		})
	}
}

// TestAnOwnerEndsBetweenCommitAndOutcome: the caller waits on another process and
// finds the outcome under its key.
func TestAnOwnerEndsBetweenCommitAndOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	proxy, dsn := newProxy(t, w.dsn)
	deaf := &deafOutcomes{first: proxy.cut}
	w.startOn(dsn, "one", briefly, func(c *engine.Config) { deaf.OutcomeLog, c.Outcomes = c.Outcomes, deaf }).ready()
	two := w.start("two", briefly)
	out := two.must(open("wallet:a"), pay("k1", "bank:settlement", "wallet:a", "10.00"))
	if out[1].Record.GetKey() != "k1" || out[1].Replayed {
		t.Errorf("the outcome is not that of this command: %+v", out[1])
	}
	two.must(pay("k2", "bank:settlement", "wallet:a", "1.00"))
	two.wants("wallet:a", "11.00")
	two.events(0)
}

// TestTheDatabaseGoesAndComesBack: commands wait, callers with no patience get
// unavailable, and afterwards everything is decided once.
func TestTheDatabaseGoesAndComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	proxy, dsn := newProxy(t, w.dsn)
	p := w.startOn(dsn, "one", briefly).ready()
	p.must(open("wallet:a"), open("wallet:b"))
	proxy.cut()
	p.until("both shards stand still", func() bool { return p.value("provodka_shard_running") == 0 })
	hurried, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	out := p.Submit(hurried, engine.Request{Book: "main", Actor: "test", Operations: []engine.Operation{pay("hurried", "bank:settlement", "wallet:a", "100.00")}})
	if out[0].Refusal == nil || out[0].Refusal.Code != fault.Unavailable {
		t.Fatalf("with the database down: %+v", out[0])
	}
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			p.must(pay(fmt.Sprintf("patient%d", i), "bank:settlement", "wallet:"+string("ab"[i%2]), "1.00"))
		})
	}
	p.until("the commands are on the log", func() bool { return p.logged(0)+p.logged(1) >= 23 })
	proxy.mend()
	wait.Wait()
	p.wants("wallet:a", "10.00")
	p.wants("wallet:b", "10.00")
	p.must(pay("hurried", "bank:settlement", "wallet:a", "100.00"))
	p.wants("wallet:a", "110.00")
	for s := range 2 {
		p.events(s)
	}
}

// TestTheBrokerGoesAndComesBack: writes are refused as unavailable, reads go on,
// and afterwards the same keys are done once.
func TestTheBrokerGoesAndComesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begin := func() *embed.BrokerServer {
		server, err := embed.Broker(t.Context(), dir, embed.BrokerOptions{NoSync: true, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		return server
	}
	server := begin()
	w := newWorld(t, 1)
	w.broker = server.Addr
	p := w.start("one", briefly)
	p.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "10.00"))
	p.events(0)
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	k1 := pay("k1", "bank:settlement", "wallet:a", "5.00")
	out := p.Submit(short, engine.Request{Book: "main", Actor: "test", Operations: []engine.Operation{k1}})
	if out[0].Refusal == nil || out[0].Refusal.Code != fault.Unavailable {
		t.Fatalf("with the broker down: %+v", out[0])
	}
	p.wants("wallet:a", "10.00")
	server = begin()
	t.Cleanup(func() { p.stop(); _ = server.Stop(context.Background()) })
	p.until("the key is done", func() bool { o := p.submit(k1)[0]; return o.Refusal == nil })
	p.must(pay("k2", "bank:settlement", "wallet:a", "1.00"))
	p.wants("wallet:a", "16.00")
	if n := len(keyed(p.events(0), "k1")); n != 1 {
		t.Errorf("%d records took the key", n)
	}
}

// TestAGracefulStopUnderLoad loses nothing that was acknowledged, is over soon and
// hands the shards over.
func TestAGracefulStopUnderLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	one, two := w.start("one", briefly), w.start("two", briefly)
	one.must(open("wallet:a"))
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		done []string
	)
	enough := make(chan struct{})
	for g := range 4 {
		wait.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-enough:
					return
				default:
				}
				o := pay(fmt.Sprintf("g%d-%d", g, i), "bank:settlement", fmt.Sprintf("suspense:r%d", i%8), "1.00")
				if out := two.submit(o); out[0].Refusal == nil {
					mu.Lock()
					done = append(done, o.GetKey())
					mu.Unlock()
				}
			}
		})
	}
	count := func(n int) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return len(done) >= n }
	}
	two.until("there is load", count(50))
	began := time.Now()
	one.stop()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %v", took)
	}
	two.until("the other process has all shards", func() bool { return two.value("provodka_shard_running") == 4 })
	mu.Lock()
	n := len(done)
	mu.Unlock()
	two.until("it goes on", count(n+50))
	close(enough)
	wait.Wait()
	all := two.allEvents()
	for _, key := range done {
		if n := len(keyed(all, key)); n != 1 {
			t.Errorf("%d records took the acknowledged key %s", n, key)
		}
	}
}

func TestQueuesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one", func(c *engine.Config) { c.QueueOperations = 2 })
	out := p.submit(open("wallet:a"), open("wallet:b"), open("wallet:c"))
	for _, o := range out {
		if o.Refusal == nil || o.Refusal.Code != fault.QueueFull {
			t.Fatalf("more operations than may wait: %+v", o)
		}
	}
	p.must(open("wallet:a"), open("wallet:b")) // nothing was done, and the places are free again
	p.stop()
	full := w.startOn(w.dsn, "two", func(c *engine.Config) { c.Commands = fullCommands{c.Commands} }).ready()
	full.refused(fault.QueueFull, open("wallet:c"))
}

// TestTwoProcessesOfOneNameAreTurnedAway: the second never owns a shard, and one that
// comes back to a name that was taken meanwhile ends.
func TestTwoProcessesOfOneNameAreTurnedAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	one := w.start("same", briefly)
	two := w.startOn(w.dsn, "same", briefly)
	select {
	case err := <-two.over:
		two.over <- err
		if !errors.Is(err, store.ErrNameTaken) {
			t.Fatalf("the second ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("two processes run under one name")
	}
	one.must(open("wallet:a"))
	one.stop()
	w.start("same", briefly).must(open("wallet:b")) // the name is free again

	dead := newWorld(t, 1)
	p := dead.start("same", briefly)
	if _, err := p.db.Announce(t.Context(), "same", "who was faster", true, time.Hour); !errors.Is(err, store.ErrNameTaken) {
		t.Fatalf("a living process gave its name away: %v", err)
	}
	dead.exec("UPDATE process SET instance = 'who was faster', alive_until = now() + INTERVAL '1 hour'")
	select {
	case err := <-p.over:
		p.over <- err
		if !errors.Is(err, store.ErrNameTaken) {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("a process goes on under a name that is another's")
	}
}

// TestAStopLeavesNothingUnpublished: whoever reads the event log of a program that was
// stopped finds all that it has acknowledged, whatever it was doing.
func TestAStopLeavesNothingUnpublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	for round := range 5 {
		p := w.start(fmt.Sprint("round ", round), briefly).ready()
		if round == 0 {
			p.must(open("wallet:a"), open("wallet:b"))
		}
		var callers sync.WaitGroup
		ctx, leave := context.WithCancel(t.Context())
		for caller := range 3 {
			callers.Go(func() {
				for i := range 4 {
					op := topUp(fmt.Sprint(round, "-", caller, "-", i), []string{"wallet:a", "wallet:b"}[i%2], "1.00")
					p.Submit(ctx, engine.Request{Book: "main", Actor: "test", Operations: []engine.Operation{op}})
				}
			})
		}
		if round%2 == 0 {
			callers.Wait()
		} else {
			p.must(topUp(fmt.Sprint(round), "wallet:a", "1.00")) // the others are under way
		}
		p.stop()
		leave() // nobody answers those who are under way
		callers.Wait()
		if !w.published() {
			t.Fatalf("round %d: the event log ends before the journal", round)
		}
	}
}
