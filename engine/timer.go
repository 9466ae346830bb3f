package engine

import (
	"context"
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// timersAtOnce bounds the timers of one read and of one command.
const timersAtOnce = 1000

// timerPatience is how long a fired timer may take to leave its record before it
// is fired again.
const timerPatience = 30 * time.Second

// timers reads the timers of a shard that came due and sends them back as
// commands. The decision acts only on a timer that still stands, so firing one
// twice is harmless.
type timers struct {
	shard *shard

	mu     sync.Mutex
	fired  map[string]int64 // timer id -> when it was fired, database clock
	fromUS int64            // nothing that stands is due before
	newUS  int64            // the earliest that was set since the last read began
	moved  int64            // when the shard's clock was last moved, database clock
}

func newTimers(s *shard) *timers {
	return &timers{shard: s, fired: map[string]int64{}, newUS: math.MaxInt64, moved: s.engine.clock.now()}
}

// offer forgets fired timers that committed records have closed. Every commit moves
// the shard's clock, also one without records.
func (t *timers) offer(records []journal.Sealed) {
	t.mu.Lock()
	t.moved = t.shard.engine.clock.now()
	t.mu.Unlock()
	for _, s := range records {
		for _, timer := range s.Record.GetTimers() {
			t.mu.Lock()
			if timer.GetClosed() {
				delete(t.fired, timer.GetId())
			} else {
				t.newUS = min(t.newUS, timer.GetDueUs())
			}
			t.mu.Unlock()
		}
	}
}

func (t *timers) run(ctx context.Context) error {
	tick := time.NewTicker(t.shard.engine.cfg.TimerEvery)
	defer tick.Stop()
	for {
		if err := t.fire(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// fire sends the timers that are due, book by book.
func (t *timers) fire(ctx context.Context) error {
	now := t.shard.engine.clock.now()
	t.mu.Lock()
	t.fromUS, t.newUS = min(t.fromUS, t.newUS), math.MaxInt64
	from := t.fromUS
	t.mu.Unlock()
	rows, err := t.shard.engine.cfg.DB.DueTimers(ctx, t.shard.number, from, now, timersAtOnce)
	if err != nil {
		return fmt.Errorf("read due timers: %w", err)
	}
	for bookName, due := range t.take(rows, now) {
		for _, part := range portions(due) {
			t.send(ctx, "due-"+part[0].GetId(), bookName, part)
		}
	}
	t.tick(ctx, now)
	return nil
}

// tick moves the clock of a shard on which nothing happens: what was known at a
// moment can be told once every shard's clock has passed it. It goes through the log
// like everything that a decision reads, and leaves no record.
func (t *timers) tick(ctx context.Context, now int64) {
	t.mu.Lock()
	idle := now-t.moved >= t.shard.engine.cfg.TickEvery.Microseconds()
	if idle {
		t.moved = now
	}
	t.mu.Unlock()
	if idle {
		t.send(ctx, "tick", "", nil)
	}
}

// take picks the rows that are to be fired now, and moves on to the first that
// stands. A timer that was set while the rows were read may be due before it: the
// next read begins there.
func (t *timers) take(rows []store.TimerRow, now int64) map[string][]*journalv1.Timer {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fromUS = now
	if len(rows) > 0 {
		t.fromUS = rows[0].Timer.GetDueUs()
	}
	maps.DeleteFunc(t.fired, func(_ string, at int64) bool { return now-at >= timerPatience.Microseconds() })
	byBook := map[string][]*journalv1.Timer{}
	for _, r := range rows {
		if _, ok := t.fired[r.Timer.GetId()]; ok {
			continue
		}
		t.fired[r.Timer.GetId()] = now
		byBook[r.Book] = append(byBook[r.Book], r.Timer)
	}
	return byBook
}

// portions cuts timers into what one record of the command log can take.
func portions(due []*journalv1.Timer) [][]*journalv1.Timer {
	var out [][]*journalv1.Timer
	size := maxCommandBytes
	for _, t := range due {
		if size += proto.Size(t) + 8; size > maxCommandBytes {
			out, size = append(out, nil), proto.Size(t)+8
		}
		out[len(out)-1] = append(out[len(out)-1], t)
	}
	return out
}

func (t *timers) send(ctx context.Context, id, bookName string, due []*journalv1.Timer) {
	c := &commandv1.Command{
		Id: id, Actor: "timer", Book: bookName,
		What: &commandv1.Command_Due{Due: &commandv1.Due{Timers: due}},
	}
	raw, err := proto.Marshal(c)
	if err != nil {
		panic("engine: marshal due timers: " + err.Error())
	}
	t.shard.engine.cfg.Commands.Append(ctx, t.shard.number, raw, nil, func(_ int64, err error) {
		if err != nil {
			t.shard.engine.cfg.Logger.Warn("due timers not appended; firing again later", "shard", t.shard.number, "error", err)
		}
	})
}
