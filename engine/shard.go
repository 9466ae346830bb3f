package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
)

// shard is one shard that this process owns: writer, relay, effects and timers.
type shard struct {
	engine    *Engine
	number    int
	cancel    context.CancelFunc
	over      chan struct{}
	renewedAt atomic.Pointer[time.Time]
	running   atomic.Bool
}

// Reasons why a shard stops for a person; doctor explains each.
var (
	// ErrForked says that the database and the event log have different records
	// under one number.
	ErrForked = errors.New("the database and the event log disagree about a record")
	// ErrTorn says that the event log does not continue what the database holds.
	ErrTorn = errors.New("the event log does not continue the database's journal")
)

// own runs the loop of the shard until its lease is gone, taking over again after
// every failure. What only a person can mend is tried again slowly and told loudly.
func (s *shard) own(ctx context.Context) {
	defer close(s.over)
	log := s.engine.cfg.Logger.With("shard", s.number)
	for wait := 50 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
		began := time.Now() // clock: how long the loop ran, to begin the pauses anew
		err := s.loop(ctx)
		s.running.Store(false)
		if ctx.Err() != nil {
			if err != nil && !errors.Is(err, context.Canceled) {
				log.Warn("shard stopped with an error", "error", err)
			}
			return
		}
		log.Error("shard loop ended, taking over again", "error", err)
		s.engine.metrics.takeOvers.WithLabelValues(fmt.Sprint(s.number)).Inc()
		if time.Since(began) > 10*time.Second { // clock: see above
			wait = 50 * time.Millisecond
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// loop takes the shard over and runs its parts until one of them ends.
func (s *shard) loop(ctx context.Context) error {
	e := s.engine
	taken, err := e.cfg.DB.TakeOver(ctx, s.number)
	if err != nil {
		return fmt.Errorf("take over: %w", err)
	}
	session, err := e.cfg.DB.OpenWriter(ctx, s.number, taken.Epoch)
	if err != nil {
		return fmt.Errorf("open the writer's session: %w", err)
	}
	defer session.Close()
	events, tail, err := e.cfg.Events.Own(ctx, s.number)
	if err != nil {
		return fmt.Errorf("own the event log: %w", err)
	}
	defer func() { events.Close() }()
	w, err := s.writer(ctx, session, taken)
	if err != nil {
		return err
	}
	if err := s.catchUp(ctx, w, tail); err != nil {
		return err
	}
	reader, err := e.cfg.Commands.Read(ctx, s.number, port.LogPosition(w.position))
	if err != nil {
		return fmt.Errorf("read the command log from offset %d: %w", w.position.Offset, err)
	}
	defer reader.Close()
	w.topic = e.cfg.Commands.TopicID()
	return s.run(ctx, w, events, tail, reader)
}

// run runs the parts together; the first that ends with an error ends all.
func (s *shard) run(ctx context.Context, w *writer, events port.EventWriter, tail *port.LogRecord, reader port.CommandReader) error {
	e := s.engine
	g, ctx := errgroup.WithContext(ctx)
	relay, err := newRelay(s, events, tail)
	if err != nil {
		return err
	}
	effects, timers, links := newEffects(s), newTimers(s), newLinks(s)
	w.after = func(b *batch) {
		relay.offer(b.records)
		effects.offer(b.records)
		timers.offer(b.records)
		links.offer(b.records)
		e.deliver(s.number, b)
	}
	if err := errors.Join(effects.load(ctx), links.load(ctx)); err != nil {
		return err
	}
	arrivals := make(chan []*arrival)
	g.Go(func() error { return ignoreEnd(ctx, w.reader(ctx, reader, arrivals)) })
	g.Go(func() error { return w.run(ctx, arrivals) })
	g.Go(func() error { return ignoreEnd(ctx, relay.run(ctx)) })
	g.Go(func() error { return ignoreEnd(ctx, effects.run(ctx)) })
	g.Go(func() error { return ignoreEnd(ctx, timers.run(ctx)) })
	g.Go(func() error { return ignoreEnd(ctx, links.run(ctx)) })
	s.running.Store(true)
	return g.Wait()
}

// ignoreEnd keeps a part that was told to end from looking like a failure.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, ctx.Err())) {
		return nil
	}
	return err
}

// writer makes the shard's writer from what the take-over read.
func (s *shard) writer(ctx context.Context, session *store.Writer, taken store.ShardState) (*writer, error) {
	e := s.engine
	w := &writer{
		decider: decider{
			state: newState(), shard: uint32(s.number), flows: e.cfg.Flows, zone: e.cfg.Zone, nowUS: e.clock.now, shards: e.cfg.Commands.Shards(),
		},
		db: e.cfg.DB, session: session, rows: store.NewRows(e.cfg.Zone), cfg: &e.cfg, log: e.cfg.Logger,
		metrics:   e.metrics.shard(s.number),
		committed: mark{position: taken.Position, head: taken.Head, clockUS: taken.ClockUS},
	}
	return w, w.forget(ctx)
}

// catchUp compares the database with the events' tail before anything is decided.
// Database ahead: the relay publishes. Database behind, because it was restored:
// the missing events are folded in first. One number, two records: a person.
func (s *shard) catchUp(ctx context.Context, w *writer, tail *port.LogRecord) error {
	if tail == nil {
		return nil
	}
	last, err := journal.ReadEvent(tail.Value, headerMap(tail.Headers))
	if err != nil {
		return fmt.Errorf("%w: the tail at offset %d: %w", ErrForked, tail.Offset, err)
	}
	if last.Record.GetSeq() <= w.committed.head.Seq {
		raw, ok, err := s.engine.cfg.DB.Record(ctx, s.number, last.Record.GetSeq())
		if err != nil {
			return fmt.Errorf("read record %d: %w", last.Record.GetSeq(), err)
		}
		if !ok || !bytes.Equal(raw, tail.Value) {
			return fmt.Errorf("%w: %d.%d", ErrForked, s.number, last.Record.GetSeq())
		}
		return nil
	}
	s.engine.cfg.Logger.WarnContext(ctx, "the database is behind its event log: folding the missing events in",
		"shard", s.number, "database", w.committed.head.Seq, "events", last.Record.GetSeq())
	return s.foldMissing(ctx, w)
}

// foldMissing writes the events that the database lacks, deciding nothing again.
func (s *shard) foldMissing(ctx context.Context, w *writer) error {
	var pending []journal.Sealed
	head := w.committed.head
	flush := func() error {
		last := pending[len(pending)-1].Record
		next := store.Position{Offset: last.GetOffset() + 1, LeaderEpoch: -1, TopicID: s.engine.cfg.Commands.TopicID()}
		w.rows.Reset()
		for _, r := range pending {
			w.rows.Add(r, w.totals)
		}
		err := w.session.Commit(ctx, store.Commit{
			Expect: w.committed.position, Next: next, ClockUS: last.GetClockUs(), Rows: w.rows,
		})
		if err != nil {
			return fmt.Errorf("fold up to %d.%d: %w", s.number, last.GetSeq(), err)
		}
		w.committed = mark{position: next, head: head, clockUS: last.GetClockUs()}
		pending = pending[:0]
		return nil
	}
	err := s.engine.cfg.Events.Replay(ctx, s.number, 0, func(records []port.LogRecord) error {
		for _, r := range records {
			ev, err := journal.ReadEvent(r.Value, headerMap(r.Headers))
			if err != nil {
				return fmt.Errorf("%w: offset %d: %w", ErrTorn, r.Offset, err)
			}
			if ev.Record.GetSeq() <= w.committed.head.Seq {
				if ev.Record.GetSeq() == w.committed.head.Seq && ev.Hash != w.committed.head.Hash {
					return fmt.Errorf("%w: %d.%d", ErrForked, s.number, ev.Record.GetSeq())
				}
				continue
			}
			sealed, err := head.Follow(uint32(s.number), r.Value)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrTorn, err)
			}
			pending = append(pending, sealed)
			if len(pending) >= s.engine.cfg.BatchOperations && sealed.Record.GetLast() {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		if err := flush(); err != nil {
			return err
		}
	}
	// What the lost database had acknowledged and not yet published is still in the
	// command log: it must be decided again however old it is.
	w.patientUntilUS = s.engine.clock.now()
	return w.forget(ctx)
}

// mayCall says whether a call to the world may still start: not later than a
// second before the lease could run out.
func (s *shard) mayCall() bool {
	return time.Since(*s.renewedAt.Load()) < s.engine.cfg.LeaseTTL-time.Second // clock: monotonic
}

func headerMap(headers []port.Header) map[string]string {
	m := make(map[string]string, len(headers))
	for _, h := range headers {
		m[h.Key] = string(h.Value)
	}
	return m
}
