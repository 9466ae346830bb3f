package engine_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// TestTheDatabaseIsPutBack: an earlier copy of the database under a longer event
// log. What was published is folded in, what was acknowledged and not published is
// decided again and does not expire, also when the first owner after the restore
// ends before it decides anything.
func TestTheDatabaseIsPutBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one", briefly)
	p.must(open("wallet:a"), pay("before", "bank:settlement", "wallet:a", "1.00"))
	p.events(0)
	p.stop()
	older := w.copyDB()

	gate := &gatedEvents{}
	p = w.start("two", briefly, func(c *engine.Config) { gate.EventLog, c.Events = c.Events, gate; c.SubmitTimeout = time.Second })
	published := p.must(pay("published", "bank:settlement", "wallet:a", "10.00"))[0]
	held := p.must(op("hold", place("wallet:a", "3.00", 0)))[0]
	p.until("they are published", func() bool { return p.value("provodka_published_head") == p.value("provodka_journal_head") })
	gate.shutGate()
	unpublished := func(key, amount string) engine.Outcome {
		o := p.Submit(t.Context(), engine.Request{Book: "main", Actor: "test", Operations: []engine.Operation{pay(key, "bank:settlement", "wallet:a", amount)}})[0]
		if o.Refusal != nil {
			t.Fatal(o.Refusal)
		}
		return o
	}
	first := unpublished("first", "1000.00")
	lost := unpublished("unpublished", "100.00")
	stamped := time.UnixMicro(lost.Record.GetClockUs())
	p.until("its time to wait is over", func() bool { return time.Since(stamped) > 1100*time.Millisecond })
	p.stop()

	w.dsn = older
	p = w.start("three", briefly, func(c *engine.Config) { c.Commands = unreadCommands{c.Commands} })
	p.wants("wallet:a", "8.00")
	p.stop() // it has folded the events in and decided nothing
	p = w.start("four", briefly, func(c *engine.Config) { c.Commands = oneCommand{c.Commands} })
	p.until("some of what was acknowledged is decided again", func() bool { return p.balance("wallet:a") == "1008.00" })
	p.stop()
	p = w.start("five", briefly)
	p.until("all that was acknowledged is decided again", func() bool { return p.balance("wallet:a") == "1108.00" })
	for key, first := range map[string]engine.Outcome{"published": published, "first": first, "unpublished": lost} {
		amount := map[string]string{"published": "10.00", "first": "1000.00", "unpublished": "100.00"}[key]
		again := p.must(pay(key, "bank:settlement", "wallet:a", amount))[0]
		if !again.Replayed || !proto.Equal(again.Record, first.Record) {
			t.Errorf("key %s answers\n%v, before\n%v", key, again.Record, first.Record)
		}
	}
	p.must(op("settle", settle(held.Record.GetSeq(), "3.00", "wallet:b")))
	all := p.events(0)
	for _, key := range []string{"before", "published", "first", "unpublished", "hold", "settle"} {
		if n := len(keyed(all, key)); n != 1 {
			t.Errorf("%d records took the key %s", n, key)
		}
	}
	if len(externals(all, journalv1.ExternalKind_EXTERNAL_KIND_EXPIRED)) != 0 {
		t.Error("a command expired")
	}
	p.stop()
	w.sameHeads(1, 8000)
}

// TestAForkStopsTheShard: a record of the database that is not the event of its
// number, behind the events' tail or at it, is for a person.
func TestAForkStopsTheShard(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]int{"at the tail": 1, "before the tail": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			p := w.start("one", briefly)
			p.must(open("wallet:a"))
			p.events(0)
			p.stop()
			other := w.copyDB()
			p = w.start("two", briefly)
			for i := range more {
				p.must(pay("k"+string(rune('a'+i)), "bank:settlement", "wallet:a", "1.00"))
			}
			p.events(0)
			p.stop()
			w.forge(other)
			forged := w.shardRow(other, 0)
			p = w.startOn(other, "three", briefly)
			p.until("the shard stands still", func() bool { return p.stoppedFor(0, engine.ErrForked) })
			if now := w.shardRow(other, 0); now.Head != forged.Head || now.Position != forged.Position {
				t.Errorf("the shard moved from %+v to %+v", forged, now)
			}
		})
	}
}

// forge writes a record into a database that no command asked for.
func (w *world) forge(dsn string) {
	w.t.Helper()
	db := w.db(dsn)
	defer db.Close()
	taken, err := db.TakeOver(w.t.Context(), 0)
	if err != nil {
		w.t.Fatal(err)
	}
	session, err := db.OpenWriter(w.t.Context(), 0, taken.Epoch)
	if err != nil {
		w.t.Fatal(err)
	}
	defer session.Close()
	head := taken.Head
	sealed, err := head.Seal(0, &journalv1.Record{Book: "main", Key: "forged", ClockUs: taken.ClockUS, Offset: taken.Position.Offset, Last: true})
	if err != nil {
		w.t.Fatal(err)
	}
	totals, err := db.LoadTotals(w.t.Context(), 0)
	if err != nil {
		w.t.Fatal(err)
	}
	rows := store.NewRows(db.Zone())
	rows.Add(sealed, totals)
	next := taken.Position
	next.Offset++
	if err := session.Commit(w.t.Context(), store.Commit{Expect: taken.Position, Next: next, ClockUS: taken.ClockUS, Rows: rows}); err != nil {
		w.t.Fatal(err)
	}
}

// TestTheCommandTopicIsMadeAgain: the shard stops with the reason's name, here and
// in a process that starts afterwards, and its position stays.
func TestTheCommandTopicIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one", briefly)
	p.must(open("wallet:a"), pay("k", "bank:settlement", "wallet:a", "1.00"))
	p.events(0)
	before := w.shardRow(w.dsn, 0)
	w.replaceTopic("provodka.commands")
	p.until("the shard stands still", func() bool { return p.stoppedFor(0, port.ErrTopicReplaced) })
	p.stop()
	p = w.startOn(w.dsn, "two", briefly)
	p.until("the shard stands still", func() bool { return p.stoppedFor(0, port.ErrTopicReplaced) })
	p.wants("wallet:a", "1.00") // reads go on
	if now := w.shardRow(w.dsn, 0); now.Position != before.Position || now.Head != before.Head {
		t.Errorf("the shard moved from %+v to %+v", before, now)
	}
}

// sameHeads decides the whole command log again with batches of these sizes and
// compares with the heads of the database.
func (w *world) sameHeads(limits ...int) {
	w.t.Helper()
	db := w.db(w.dsn)
	defer db.Close()
	live, err := db.Shards(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, limit := range limits {
		heads := w.replay(limit)
		for _, s := range live {
			if heads[s.Shard].Decided != s.Head && s.Head != (journal.Head{}) {
				w.t.Errorf("batches of %d: shard %d ends at %d %s, the live run at %d %s",
					limit, s.Shard, heads[s.Shard].Decided.Seq, heads[s.Shard].Decided.Hash, s.Head.Seq, s.Head.Hash)
			}
		}
	}
}
