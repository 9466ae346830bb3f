package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

func onDay(o engine.Operation, day string) engine.Operation {
	o.GetPost().Day = day
	return o
}

// TestScheduledEntriesArePostedWhenTheirDayBegins in the zone of the books, which here
// puts midnight a few seconds ahead: what waits is held, also on shards that have to
// gather it; what was cancelled stays undone; an earlier copy of the database folds all of
// it in again.
func TestScheduledEntriesArePostedWhenTheirDayBegins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one")
	x, y := "wallet:"+w.owner("x", 0), "wallet:"+w.owner("y", 1)
	p.must(open(x), open(y), topUp("t1", x, "10.00"))
	p.must(pay("split", x, y, "4.00")) // a stripe of y on the shard of x
	p.events(0)
	p.stop()
	older := w.copyDB()

	const ahead = 15 * time.Second
	now := time.Now().UTC()
	midnight := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
	zone := time.FixedZone("soon", int(midnight.Sub(now.Add(ahead))/time.Second))
	tomorrow := now.Add(ahead + time.Second).In(zone).Format(time.DateOnly)
	inZone := func(c *engine.Config) { c.Zone = zone }
	p = w.start("two", inZone)
	plan := p.must(onDay(pay("plan", x, y, "5.00"), tomorrow))[0]
	gift := p.must(onDay(pay("gift", x, y, "1.00"), tomorrow))[0]
	back := p.must(onDay(pay("back", y, x, "3.00"), tomorrow))[0] // its money lies on the shard of x
	if s := plan.Record.GetScheduled(); s.GetState() != journalv1.ScheduledState_SCHEDULED_STATE_WAITING || plan.Record.GetEntry() != nil {
		t.Fatalf("scheduled: %v", plan.Record)
	}
	p.refused(fault.InsufficientFunds, pay("p1", x, y, "1.00"))
	p.wants(x, "0.00")
	p.wants(y, "1.00")
	cancel := func(key string, o engine.Outcome) engine.Operation {
		return engine.Operation{Operation: &commandv1.Operation{
			Key: key, What: &commandv1.Operation_Cancel{Cancel: &commandv1.Cancel{Shard: o.Record.GetShard(), ScheduledSeq: o.Record.GetSeq()}},
		}}
	}
	p.must(cancel("c1", gift))
	p.refused(fault.WrongState, cancel("c2", gift))
	if again := p.must(onDay(pay("plan", x, y, "5.00"), tomorrow))[0]; !again.Replayed {
		t.Error("the same key scheduled twice")
	}
	waiting := func() int {
		rows, err := p.db.Scheduled(t.Context(), store.ScheduledPage{Book: "main", State: journalv1.ScheduledState_SCHEDULED_STATE_WAITING, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return len(rows)
	}
	if n := waiting(); n != 2 {
		t.Errorf("%d entries wait, want 2", n)
	}
	p.until("their day has come", func() bool { return waiting() == 0 })
	p.wants(x, "4.00")
	p.wants(y, "6.00")
	p.refused(fault.WrongState, cancel("c3", back))
	auditIn(t, p, zone)
	p.stop()

	w.dsn = older
	p = w.start("three", inZone)
	p.wants(x, "4.00")
	p.wants(y, "6.00")
	if n := waiting(); n != 0 {
		t.Errorf("%d entries wait after the fold", n)
	}
}

// auditIn rebuilds the books of a zone from the events alone.
func auditIn(t *testing.T, p *process, zone *time.Location) {
	t.Helper()
	p.allEvents()
	a := audit.New(audit.Options{Zone: zone})
	for s := range p.world.shards {
		err := p.log.Replay(context.Background(), s, 0, func(records []port.LogRecord) error {
			for _, r := range records {
				e := audit.Event{Key: r.Key, Value: r.Value}
				for _, h := range r.Headers {
					e.Headers = append(e.Headers, audit.Header(h))
				}
				if err := a.Add(s, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
}
