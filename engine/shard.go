package engine

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/store"
)

// shard is one shard that this process owns: writer, relay, effects and timers.
type shard struct {
	engine    *Engine
	number    int
	cancel    context.CancelFunc
	renewedAt atomic.Pointer[time.Time]
	running   atomic.Bool
	trouble   atomic.Pointer[error] // why the loop ended last; nil while it runs
	hinted    chan struct{}         // a callback was heard here
	ending    bool                  // told to end; guarded by the engine's mu
	release   bool                  // give the lease back at the end; same
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
	defer s.engine.metrics.forget(s.number)
	log := s.engine.cfg.Logger.With("shard", s.number)
	for wait := 50 * time.Millisecond; s.leased(ctx); wait = min(2*wait, 5*time.Second) {
		began := time.Now() // clock: how long the loop ran, to begin the pauses anew
		err := s.loop(ctx)
		switch {
		case err == nil && ctx.Err() != nil:
			err = context.Canceled // told to end, and ended well
		case err == nil:
			err = errors.New("the loop ended by itself")
		}
		s.stand(err)
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
	if err := s.rejoin(ctx, w); err != nil {
		return err
	}
	if w.position.Offset > 0 && w.position.LeaderEpoch == unknownEpoch {
		w.patientUntilUS = e.clock.now() + mostAhead.Microseconds()
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
	effects, timers, links, search := newEffects(s), newTimers(s), newLinks(s), newProjector(s)
	var sealer *sealer
	if e.cfg.Seal != nil {
		sealer = newSealer(s, relay)
	}
	w.after = func(b *batch) {
		traced := w.traceCommit(b)
		relay.trail.Add(traced.points)
		search.trail.Add(traced.points)
		if sealer != nil {
			sealer.trail.Add(traced.points)
		}
		relay.offer(b.records)
		effects.offer(b.records, traced.opened)
		timers.offer(b.records)
		links.offer(b.records)
		search.offer(b.records)
		e.deliver(s.number, b)
	}
	if err := errors.Join(effects.load(ctx), links.load(ctx)); err != nil {
		return err
	}
	arrivals, written := make(chan []*arrival), make(chan struct{})
	g.Go(func() error { return ignoreEnd(ctx, w.reader(ctx, reader, arrivals)) })
	g.Go(func() error { defer close(written); return w.run(ctx, arrivals) })
	g.Go(func() error { return ignoreEnd(ctx, relay.run(ctx, written)) })
	g.Go(func() error { return ignoreEnd(ctx, effects.run(ctx)) })
	g.Go(func() error { return ignoreEnd(ctx, timers.run(ctx)) })
	g.Go(func() error { return ignoreEnd(ctx, links.run(ctx)) })
	g.Go(func() error { return ignoreEnd(ctx, newConfirmer(s).run(ctx)) })
	g.Go(func() error { return ignoreEnd(ctx, (&hearer{s, effects}).run(ctx)) })
	if sealer != nil {
		g.Go(func() error { return ignoreEnd(ctx, sealer.run(ctx)) })
	}
	g.Go(func() error { return ignoreEnd(ctx, search.run(ctx)) })
	s.stand(nil)
	return g.Wait()
}

// stand notes whether the loop runs, and if not, why.
func (s *shard) stand(trouble error) {
	s.running.Store(trouble == nil)
	if trouble == nil {
		s.trouble.Store(nil)
	} else {
		s.trouble.Store(&trouble)
	}
	s.engine.metrics.runs(s.number, trouble == nil)
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
		db: e.cfg.DB, session: session, rows: store.NewRows(e.cfg.Zone), cfg: &e.cfg, log: e.cfg.Logger, hub: e.hub,
		sets:      [2]*store.Rows{store.NewRows(e.cfg.Zone), store.NewRows(e.cfg.Zone)},
		metrics:   e.metrics.shard(s.number),
		committed: mark{position: taken.Position, head: taken.Head, clockUS: taken.ClockUS},
	}
	return w, w.forget(ctx)
}

// mayCall says whether a call to the world may still start: not later than a
// second (of a short lease, a third of it) before the lease could run out.
func (s *shard) mayCall() bool {
	ttl := s.engine.cfg.LeaseTTL
	return time.Since(*s.renewedAt.Load()) < ttl-min(time.Second, ttl/3) // clock: monotonic
}

// leased waits until the lease is surely ours. A process that was stopped and goes
// on finds its commit fenced; taking over at once would throw out the new owner.
func (s *shard) leased(ctx context.Context) bool {
	for !s.mayCall() {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(s.engine.cfg.LeaseTTL / 60):
		}
	}
	return true
}

func headerMap(headers []port.Header) map[string]string {
	m := make(map[string]string, len(headers))
	for _, h := range headers {
		m[h.Key] = string(h.Value)
	}
	return m
}
