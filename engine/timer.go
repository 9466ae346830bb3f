package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/journal"
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
}

func newTimers(s *shard) *timers { return &timers{shard: s, fired: map[string]int64{}} }

// offer forgets fired timers that committed records have closed.
func (t *timers) offer(records []journal.Sealed) {
	for _, s := range records {
		for _, timer := range s.Record.GetTimers() {
			t.mu.Lock()
			if timer.GetClosed() {
				delete(t.fired, timer.GetId())
			} else {
				t.fromUS = min(t.fromUS, timer.GetDueUs())
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
	from := t.fromUS
	t.mu.Unlock()
	rows, err := t.shard.engine.cfg.DB.DueTimers(ctx, t.shard.number, from, now, timersAtOnce)
	if err != nil {
		return fmt.Errorf("read due timers: %w", err)
	}
	t.mu.Lock()
	if t.fromUS == from {
		t.fromUS = now // what stands earlier is in rows and moves it back below
		if len(rows) > 0 {
			t.fromUS = rows[0].Timer.GetDueUs()
		}
	}
	byBook := map[string][]*journalv1.Timer{}
	for _, r := range rows {
		if at, ok := t.fired[r.Timer.GetId()]; ok && now-at < timerPatience.Microseconds() {
			continue
		}
		t.fired[r.Timer.GetId()] = now
		byBook[r.Book] = append(byBook[r.Book], r.Timer)
	}
	t.mu.Unlock()
	for bookName, due := range byBook {
		t.send(ctx, bookName, due)
	}
	return nil
}

func (t *timers) send(ctx context.Context, bookName string, due []*journalv1.Timer) {
	c := &commandv1.Command{
		Id: "due-" + due[0].GetId(), Actor: "timer", Book: bookName,
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
