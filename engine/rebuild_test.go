package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/store/storetest"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// busy is a world in which everything stands that a database can hold: holds, timers,
// effects open and in doubt, late entries, refusals, accounts, aggregates, and on more
// than one shard operations that wait for money of another. It is stopped.
type busy struct {
	*world
	links    *heldLinks
	outcomes map[string]engine.Outcome // by key
	asked    []engine.Operation        // what they answer
	hold     engine.Outcome
}

func newBusy(t *testing.T, shards int) *busy {
	b := &busy{world: newWorld(t, shards), links: &heldLinks{free: true}, outcomes: map[string]engine.Outcome{}}
	for range 1000 {
		b.bank.answers["a 7.00"] = append(b.bank.answers["a 7.00"], port.Unclear("timeout"))
	}
	bank := &witness{lost: func(ctx context.Context, _ bool) bool { return false }}
	p := b.start("one", briefly, through(bank), func(c *engine.Config) { b.links.CommandLog, c.Commands = c.Commands, b.links })
	wallet := "wallet:a"
	b.do(p, open(wallet), topUp("t", wallet, "500.00"))
	late := topUp("late", wallet, "3.00")
	late.GetPost().Day = "2020-02-29"
	b.do(p, late)
	b.do(p, pay("too much", wallet, "wallet:b", "9999.00"))
	b.do(p, send("done", "a", "5.00"))
	p.until("a parcel is sent", func() bool { return p.state("done", "a") == "sent" })
	b.do(p, send("doubt", "a", "7.00"))
	p.until("a payment is in doubt", func() bool { return b.bank.executed() == 2 && p.state("doubt", "a") == "late" })
	b.hold = b.do(p, op("hold", place(wallet, "20.00", time.Hour.Milliseconds())))[0]
	part := op("part", settle(b.hold.Record.GetSeq(), "4.00", "wallet:b"))
	part.GetSettle().Shard = b.hold.Record.GetShard()
	b.do(p, part)
	b.do(p, resizeOf("more", b.hold.Record, "3.00"))
	b.do(p, lateOf("late part", b.over(p, wallet), "1.00"))
	group := []engine.Operation{pay("g1", wallet, "wallet:c", "1.00"), pay("g2", wallet, "wallet:d", "1.00")}
	group[0].Group, group[1].Group = 1, 1
	done := b.do(p, group...)
	b.do(p, reverseOf("back", done[0].Record, "0.5"))
	sold := b.do(p, sell("exchange", wallet, wallet, "91.50", "0.90", "10.05"))
	b.do(p, reverseOf("half an exchange", sold[0].Record, "0.5"))
	b.do(p, open("wallet:frozen"), open("wallet:thawed"), freeze("f1", "wallet:frozen"), freeze("f2", "wallet:thawed"))
	b.do(p, unfreeze("u2", "wallet:thawed"))
	b.do(p, topUp("to a frozen account", "wallet:frozen", "1.00"))
	b.do(p, closeDays("old days", "2020-02-28"))
	b.do(p, reopenDays("old days again", "2020-01-31"))
	if shards > 1 {
		b.park(p)
	}
	p.stop()
	if !b.published() {
		b.t.Fatal("a stop left committed records unpublished")
	}
	return b
}

// published says whether the events end where the database does.
func (w *world) published() bool {
	w.t.Helper()
	log := w.log()
	defer log.Close()
	for shard := range w.shards {
		seq := uint64(0)
		err := log.Replay(w.t.Context(), shard, 0, func(records []port.LogRecord) error {
			seq += uint64(len(records))
			return nil
		})
		if err != nil {
			w.t.Fatal(err)
		}
		if seq != w.shardRow(w.dsn, shard).Head.Seq {
			return false
		}
	}
	return true
}

// park leaves an operation waiting for money that lies on another shard, and a freeze
// that the other shards have not confirmed.
func (b *busy) park(p *process) {
	near, far := "wallet:"+b.owner("x", 0), "wallet:"+b.owner("y", 1)
	b.do(p, open(near), open(far), topUp("tn", near, "10.00"), pay("spread", near, far, "10.00"))
	b.links.mu.Lock()
	b.links.free = false
	b.links.mu.Unlock()
	patient, cancel := context.WithTimeout(b.t.Context(), time.Hour)
	defer cancel()
	go p.Submit(patient, engine.Request{Book: "main", Actor: "test", Operations: []engine.Operation{
		pay("parked", far, "bank:settlement", "4.00"), freeze("unconfirmed", near),
	}})
	p.until("an operation waits, and a freeze", func() bool { return p.parked() > 1 && b.links.waiting() > 1 })
}

func (b *busy) do(p *process, ops ...engine.Operation) []engine.Outcome {
	b.t.Helper()
	out := p.submit(ops...)
	for i, o := range ops {
		if out[i].Record == nil {
			b.t.Fatalf("%s: %v", o.GetKey(), out[i].Refusal)
		}
		b.outcomes[o.GetKey()] = out[i]
		if o.Group == 0 {
			b.asked = append(b.asked, engine.Operation{Operation: proto.Clone(o.Operation).(*commandv1.Operation)})
		}
	}
	return out
}

// rebuilt is a new database made of the world's events.
func (w *world) rebuilt(change ...func(*engine.RebuildConfig)) string {
	w.t.Helper()
	dsn := embedtest.DSN(w.t, store.Migrate)
	if err := w.rebuild(dsn, change...); err != nil {
		w.t.Fatal(err)
	}
	return dsn
}

func (w *world) rebuild(dsn string, change ...func(*engine.RebuildConfig)) error {
	w.t.Helper()
	db, log := w.db(dsn), w.log()
	defer db.Close()
	defer log.Close()
	cfg := engine.RebuildConfig{DB: db, Events: log, Shards: w.shards}
	for _, c := range change {
		c(&cfg)
	}
	_, err := engine.Rebuild(w.t.Context(), cfg)
	return err
}

func onShards(t *testing.T, test func(*testing.T, int)) {
	for _, shards := range []int{1, 4} {
		t.Run(fmt.Sprintf("%d shards", shards), func(t *testing.T) { t.Parallel(); test(t, shards) })
	}
}

// TestADatabaseIsMadeOfItsEvents: every row of every table that events make, whatever
// the sizes of the commits were.
func TestADatabaseIsMadeOfItsEvents(t *testing.T) {
	t.Parallel()
	onShards(t, func(t *testing.T, shards int) {
		b := newBusy(t, shards)
		for _, most := range []int{1, 3, 8000} {
			counts := storetest.Same(t, b.dsn, b.rebuilt(func(c *engine.RebuildConfig) { c.BatchOperations = most }))
			for _, table := range []string{"segment", "idempotency", "leg", "late", "total", "stripe", "account", "hold", "follow", "aggregate", "effect", "timer", "rule", "rule_history"} {
				if counts[table] == 0 {
					t.Errorf("table %s is empty: nothing was compared", table)
				}
			}
			if shards > 1 && counts["gather"] == 0 {
				t.Error("nothing waits for money of another shard")
			}
		}
	})
}

// TestTheSameLogGoesOnTheSame: the database that lived through the first part of the
// log, and one made of that part's events, decide the rest of it alike.
func TestTheSameLogGoesOnTheSame(t *testing.T) {
	t.Parallel()
	onShards(t, func(t *testing.T, shards int) {
		b := newBusy(t, shards)
		other := b.rebuilt()
		p := b.start("two", briefly)
		b.bank.forget("a 7.00")
		p.until("what was in doubt is settled", func() bool { return p.state("doubt", "a") == "sent" })
		again := p.submit(b.asked...)
		for i, o := range again {
			if !o.Replayed {
				t.Errorf("%s is decided again", b.asked[i].GetKey())
			}
		}
		rest := op("rest", settle(b.hold.Record.GetSeq(), "16.00", "wallet:e"))
		rest.GetSettle().Shard = b.hold.Record.GetShard()
		p.must(rest, topUp("one more", "wallet:b", "1.00"), send("third", "a", "9.00"))
		p.until("the third parcel is sent", func() bool { return p.state("third", "a") == "sent" })
		p.until("all messages between shards have arrived", p.calm)
		p.allEvents()
		p.stop()
		for s, r := range b.replayOn(other, 8000, true) {
			if head, live := r.Decided, b.shardRow(b.dsn, s).Head; head != live {
				t.Errorf("shard %d ends at %+v, the one that lived on at %+v", s, head, live)
			}
		}
		storetest.Same(t, b.dsn, other)
	})
}

// forget drops what was scripted for a body: from now on the bank says what it did.
func (b *fakeBank) forget(body string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.answers, body)
}

// TestAServerRunsOnWhatWasRebuilt: it asks about every open effect before it sends
// anything, old keys have their old answers, and the event log goes on in one chain.
func TestAServerRunsOnWhatWasRebuilt(t *testing.T) {
	t.Parallel()
	onShards(t, func(t *testing.T, shards int) {
		b := newBusy(t, shards)
		b.dsn = b.rebuilt()
		b.bank.forget("a 7.00")
		bank, executed := &witness{}, b.bank.executed()
		p := b.start("two", briefly, through(bank))
		p.until("what was in doubt is settled", func() bool { return p.state("doubt", "a") == "sent" })
		if calls := bank.heard(); len(calls) == 0 || calls[0].send {
			t.Errorf("the bank heard %v, the first should be a question", calls)
		}
		if now := b.bank.executed(); now != executed {
			t.Errorf("the bank made %d payments before and %d now", executed, now)
		}
		for i, o := range p.submit(b.asked...) {
			before := b.outcomes[b.asked[i].GetKey()]
			if !o.Replayed || !proto.Equal(o.Record, before.Record) {
				t.Errorf("%s answers\n%v, before\n%v", b.asked[i].GetKey(), o.Record, before.Record)
			}
		}
		p.refused(fault.KeyReused, topUp("t", "wallet:a", "501.00"))
		p.until("all messages between shards have arrived", p.calm)
		p.wants("wallet:a", "419.75") // 503 paid in, 5 and 7 sent, 20 held or settled, 2 given to others, half of one of them back, 45.75 sold
		p.allEvents()
		p.stop()
		b.sameHeads(1, 8000)
		if err := b.rebuild(b.dsn); !errors.Is(err, engine.ErrNotEmpty) {
			t.Errorf("a database that served is rebuilt: %v", err)
		}
	})
}

// TestARebuildThatWasEndedGoesOn: at any commit, by itself or by a server.
func TestARebuildThatWasEndedGoesOn(t *testing.T) {
	t.Parallel()
	b := newBusy(t, 4)
	ended := errors.New("ended")
	cut := func(after int) func(*engine.RebuildConfig) {
		return func(c *engine.RebuildConfig) {
			c.BatchOperations, c.Events = 2, &endingEvents{EventSource: c.Events, after: after, err: ended}
		}
	}
	dsn := embedtest.DSN(t, store.Migrate)
	tries := 0
	for ; ; tries++ {
		err := b.rebuild(dsn, cut(tries))
		if err == nil {
			break
		}
		if !errors.Is(err, ended) {
			t.Fatal(err)
		}
	}
	if tries < 3 {
		t.Errorf("it ended after %d tries: nothing was cut", tries)
	}
	storetest.Same(t, b.dsn, dsn)

	half := embedtest.DSN(t, store.Migrate)
	if err := b.rebuild(half, cut(4)); !errors.Is(err, ended) {
		t.Fatal(err)
	}
	b.bank.forget("a 7.00")
	p := b.startOn(half, "two", briefly).ready()
	p.until("what was in doubt is settled", func() bool { return p.state("doubt", "a") == "sent" })
	p.until("all messages between shards have arrived", p.calm)
	if err := b.rebuild(half); !errors.Is(err, engine.ErrNotEmpty) {
		t.Errorf("a database that serves is rebuilt: %v", err)
	}
	p.allEvents()
	p.stop()
	b.dsn = half
	b.sameHeads(8000)
}

// endingEvents hands over so many records of each shard, one by one, and then fails.
type endingEvents struct {
	engine.EventSource
	after int
	err   error
}

func (e *endingEvents) Replay(ctx context.Context, shard int, from int64, each func([]port.LogRecord) error) error {
	n := 0
	return e.EventSource.Replay(ctx, shard, from, func(records []port.LogRecord) error {
		for _, r := range records {
			if n++; n > e.after {
				return e.err
			}
			if err := each([]port.LogRecord{r}); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestWhatIsNoLogOfEventsIsRefused: nothing is written of what comes after the fault.
func TestWhatIsNoLogOfEventsIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one", briefly)
	p.must(open("wallet:a"), pay("k1", "bank:settlement", "wallet:a", "1.00"), pay("k2", "bank:settlement", "wallet:a", "2.00"))
	p.must(pay("k3", "bank:settlement", "wallet:a", "3.00"))
	p.events(0)
	p.stop()
	head := func(r port.LogRecord, name, value string) port.LogRecord {
		r.Headers = append([]port.Header{}, r.Headers...)
		for i := range r.Headers {
			if r.Headers[i].Key == name {
				r.Headers[i].Value = []byte(value)
			}
		}
		return r
	}
	for name, change := range map[string]func(int, port.LogRecord) []port.LogRecord{
		"a record is missing": func(i int, r port.LogRecord) []port.LogRecord {
			if i == 2 {
				return nil
			}
			return []port.LogRecord{r}
		},
		"a record comes twice": func(_ int, r port.LogRecord) []port.LogRecord { return []port.LogRecord{r, r} },
		"a header is changed": func(i int, r port.LogRecord) []port.LogRecord {
			if i == 2 {
				r = head(r, journal.HeaderBook, "other")
			}
			return []port.LogRecord{r}
		},
		"a record is made again with its hashes": func(i int, r port.LogRecord) []port.LogRecord {
			if i == 1 {
				return []port.LogRecord{resealed(t, r, func(m *journalv1.Record) { m.Actor = "somebody" })}
			}
			return []port.LogRecord{r}
		},
		"a record of a newer program": func(i int, r port.LogRecord) []port.LogRecord {
			if i == 3 {
				return []port.LogRecord{resealed(t, r, func(m *journalv1.Record) {
					m.ProtoReflect().SetUnknown([]byte{0xf8, 0xff, 0x03, 0x01})
				})}
			}
			return []port.LogRecord{r}
		},
		"the end is inside a command": func(i int, r port.LogRecord) []port.LogRecord {
			return []port.LogRecord{r}[:max(0, min(1, 2-i))]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := embedtest.DSN(t, store.Migrate)
			err := w.rebuild(dsn, func(c *engine.RebuildConfig) {
				c.BatchOperations, c.Events = 1, &changedEvents{EventSource: c.Events, change: change}
			})
			if !errors.Is(err, engine.ErrTorn) {
				t.Fatalf("the answer is %v", err)
			}
			t.Log(err)
		})
	}
}

// changedEvents changes records on the way.
type changedEvents struct {
	engine.EventSource
	change func(int, port.LogRecord) []port.LogRecord
}

func (c *changedEvents) Replay(ctx context.Context, shard int, from int64, each func([]port.LogRecord) error) error {
	n := -1
	return c.EventSource.Replay(ctx, shard, from, func(records []port.LogRecord) error {
		var out []port.LogRecord
		for _, r := range records {
			n++
			out = append(out, c.change(n, r)...)
		}
		return each(out)
	})
}

// resealed is a record changed by somebody who computes its headers again.
func resealed(t *testing.T, r port.LogRecord, change func(*journalv1.Record)) port.LogRecord {
	t.Helper()
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	ev, err := journal.ReadEvent(r.Value, headers)
	if err != nil {
		t.Fatal(err)
	}
	change(ev.Record)
	raw, err := proto.Marshal(ev.Record)
	if err != nil {
		t.Fatal(err)
	}
	sealed := journal.Sealed{Record: ev.Record, Raw: raw, Hash: journal.Next(ev.Previous, raw)}
	r.Value, r.Headers = raw, nil
	for _, h := range journal.Envelope(sealed, ev.Previous) {
		r.Headers = append(r.Headers, port.Header{Key: h[0], Value: []byte(h[1])})
	}
	return r
}

// TestARebuiltShardFindsItsOwnCommands: a command topic that was made again, with as
// many records as the old one, is not taken for it.
func TestARebuiltShardFindsItsOwnCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one", briefly)
	p.must(open("wallet:a"), pay("k", "bank:settlement", "wallet:a", "1.00"))
	p.must(pay("k2", "bank:settlement", "wallet:a", "1.00"))
	p.events(0)
	p.stop()
	n := p.logged(0)
	dsn := w.rebuilt()
	w.replaceTopic("provodka.commands")
	log := w.log()
	defer log.Close()
	for i := range n + 5 {
		done := make(chan error, 1)
		raw := marshal(t, command(fmt.Sprintf("other-%d", i), "", pay(fmt.Sprintf("o%d", i), "bank:settlement", "wallet:a", "1.00")))
		log.Append(t.Context(), 0, raw, nil, func(_ int64, err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	before := w.shardRow(dsn, 0)
	p = w.startOn(dsn, "two", briefly)
	p.until("the shard stands still", func() bool { return p.stoppedFor(0, port.ErrTopicReplaced) })
	if now := w.shardRow(dsn, 0); now.Head != before.Head || now.Position != before.Position {
		t.Errorf("the shard moved from %+v to %+v", before, now)
	}
}
