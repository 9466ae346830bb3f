package engine

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// alone is a shard without a database, for the parts that need none.
func alone(t *testing.T, ports map[string]port.Port) *shard {
	t.Helper()
	m, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{clock: &dbClock{}, metrics: m, cfg: Config{
		Ports: ports, LeaseTTL: 3 * time.Second, EffectsAtOnce: 1, RequestTimeout: 10 * time.Second, Logger: slog.New(slog.DiscardHandler),
	}}
	now := time.Now()
	e.clock.set(now)
	s := &shard{engine: e}
	s.renewedAt.Store(&now)
	return s
}

type noPort struct{ port.Port }

func (noPort) Memory() time.Duration { return math.MaxInt64 }

func opened(attempt, portName string) []journal.Sealed {
	return []journal.Sealed{{Record: &journalv1.Record{Effects: []*journalv1.Effect{{
		Attempt: attempt, Port: portName, State: journalv1.EffectState_EFFECT_STATE_OPEN,
	}}}}}
}

// TestAFullPortHoldsUpItsOwnEffectsOnly, and no call starts when the lease is no
// longer surely ours.
func TestAFullPortHoldsUpItsOwnEffectsOnly(t *testing.T) {
	t.Parallel()
	s := alone(t, map[string]port.Port{"slow": noPort{}, "quick": noPort{}})
	x := newEffects(s)
	x.offer(opened("s1", "slow"), nil)
	first, _, _ := x.next()
	x.offer(opened("s2", "slow"), nil)
	x.offer(opened("q1", "quick"), nil)
	x.offer(opened("gone", "nowhere"), nil)
	second, _, _ := x.next()
	if first.effect.GetAttempt() != "s1" || second.effect.GetAttempt() != "q1" {
		t.Fatalf("called %s, then %s", first.effect.GetAttempt(), second.effect.GetAttempt())
	}
	if third, _, _ := x.next(); third != nil {
		t.Errorf("called %s beyond what its port takes", third.effect.GetAttempt())
	}
	x.lines["slow"].busy--
	old := time.Now().Add(-2100 * time.Millisecond)
	s.renewedAt.Store(&old)
	if j, _, _ := x.next(); j != nil {
		t.Error("a call may start less than a second before the lease runs out")
	}
	old = time.Now()
	if j, _, _ := x.next(); j == nil || j.effect.GetAttempt() != "s2" {
		t.Error("the waiting effect is not called")
	}
	closed := opened("s2", "slow")
	closed[0].Record.Effects[0].State = journalv1.EffectState_EFFECT_STATE_CLOSED
	x.offer(closed, nil)
	if x.open["s2"] != nil || len(x.open) != 3 {
		t.Errorf("%d effects are open", len(x.open))
	}
}

// TestNotFoundCountsOnlyATimeoutApart: a request that was under way at the first
// may still reach the provider before the second.
func TestNotFoundCountsOnlyATimeoutApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newEffects(alone(t, map[string]port.Port{"bank": noPort{}}))
		x.offer(opened("a", "bank"), nil)
		j, _, _ := x.next()
		if !x.begin(j, noPort{}) {
			t.Error("a fresh effect is not sent")
		}
		first, second := x.missed(j), x.missed(j)
		if first != 1 || second != 1 || x.begin(j, noPort{}) {
			t.Error("two at once count as two")
		}
		time.Sleep(10 * time.Second) // sleep: the bubble's clock
		x.seen(j)
		if x.missed(j) != 1 {
			t.Error("an answer between does not begin the count anew")
		}
		time.Sleep(10 * time.Second) // sleep: the bubble's clock
		if x.missed(j) != 2 || !x.begin(j, noPort{}) || x.begin(j, noPort{}) {
			t.Error("after two a timeout apart it is sent, once")
		}
	})
}

// TestATimerSetDuringAReadIsNotLost: it is committed after the due ones were read
// and is due before now.
func TestATimerSetDuringAReadIsNotLost(t *testing.T) {
	t.Parallel()
	timers := newTimers(alone(t, nil))
	set := func(id string, due int64) []journal.Sealed {
		return []journal.Sealed{{Record: &journalv1.Record{Timers: []*journalv1.Timer{{Id: id, DueUs: due}}}}}
	}
	timers.fromUS = 500
	timers.offer(set("late", 600)) // while fire reads
	timers.take(nil, 1000)
	if from := min(timers.fromUS, timers.newUS); from > 600 {
		t.Errorf("the next read begins at %d", from)
	}
	rows := []store.TimerRow{{Book: "main", Timer: &journalv1.Timer{Id: "a", DueUs: 10}}}
	if due := timers.take(rows, 2000); len(due["main"]) != 1 {
		t.Error("a due timer is not fired")
	}
	if due := timers.take(rows, 3000); len(due) != 0 {
		t.Error("a timer is fired twice at once")
	}
	if due := timers.take(rows, 2000+timerPatience.Microseconds()); len(due["main"]) != 1 || len(timers.fired) != 1 {
		t.Error("a timer that left no record is not fired again, or is remembered for ever")
	}
}

func TestPortionsOfTimersFitARecord(t *testing.T) {
	t.Parallel()
	var due []*journalv1.Timer
	for i := range 50 {
		due = append(due, &journalv1.Timer{Id: fmt.Sprint(i), Aggregate: strings.Repeat("x", 40<<10)})
	}
	n := 0
	for _, part := range portions(due) {
		size := 0
		for _, d := range part {
			if d != due[n] {
				t.Fatal("out of order")
			}
			size, n = size+proto.Size(d), n+1
		}
		if size > maxCommandBytes {
			t.Errorf("a portion of %d bytes", size)
		}
	}
	if n != len(due) || len(portions(nil)) != 0 {
		t.Errorf("%d of %d timers", n, len(due))
	}
}

// TestNoTakeOverWithoutALease: a process that was stopped and goes on waits for a
// renewal before it takes over again.
func TestNoTakeOverWithoutALease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := alone(t, nil)
		time.Sleep(5 * time.Second) // sleep: the bubble's clock: the process was stopped
		over := make(chan bool, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { over <- s.leased(ctx) }()
		synctest.Wait()
		select {
		case <-over:
			t.Fatal("went on with a lease that ran out")
		default:
		}
		now := time.Now()
		s.renewedAt.Store(&now)
		if !<-over {
			t.Error("does not go on after a renewal")
		}
		time.Sleep(5 * time.Second) // sleep: the bubble's clock
		go func() { over <- s.leased(ctx) }()
		cancel()
		if <-over {
			t.Error("goes on after it was told to end")
		}
	})
}
