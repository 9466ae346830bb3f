package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// writer is the one writer of a shard while this process owns it. It decides the
// next batch while the last one is being committed; a batch that fails takes the
// one decided on top of it with it, and both are decided again.
type writer struct {
	decider
	db      *store.DB
	session *store.Writer
	rows    *store.Rows
	totals  *store.Totals
	topic   [16]byte
	cfg     *Config
	log     *slog.Logger
	metrics *shardMetrics
	after   func(*batch) // what follows from a commit: outcomes, relay, effects, timers

	position  store.Position // after the last decided command
	committed mark           // what the database holds
	loadErr   error          // of a row that nobody foresaw
}

// mark is the end of what is committed.
type mark struct {
	position store.Position
	head     journal.Head
	clockUS  int64
}

// run takes batches until the context ends or the shard is lost. While a batch is
// being committed, whatever arrives is decided into the next one; it starts the
// moment the commit is done, so a lone command never waits for company.
func (w *writer) run(ctx context.Context, arrivals <-chan []*arrival) error {
	var inflight, pending *batch
	for arrivals != nil || inflight != nil || pending != nil {
		var done <-chan error
		if inflight != nil {
			done = inflight.done
		}
		in := arrivals
		if pending.full(w.cfg.BatchOperations) {
			in = nil
		}
		select {
		case <-ctx.Done():
			return w.stop(inflight)
		case err := <-done:
			mended, err := w.settle(ctx, inflight, pending, err)
			if err != nil {
				return err
			}
			inflight = nil
			if mended {
				pending = nil
			}
		case as, ok := <-in:
			if !ok {
				arrivals = nil // the log's end, in a replay
				break
			}
			if len(w.known) > w.cfg.BatchOperations {
				w.known = nil // what is known stays true and is found again
			}
			var err error
			if pending, err = w.extend(ctx, pending, as); err != nil {
				return err
			}
		}
		if inflight == nil && pending != nil {
			inflight, pending = w.start(ctx, pending), nil
		}
	}
	return nil
}

// stop finishes the commit in flight: a graceful end loses nothing.
func (w *writer) stop(inflight *batch) error {
	if inflight == nil {
		return nil
	}
	if err := <-inflight.done; err != nil {
		return err
	}
	w.after(inflight)
	return nil
}

// full says whether the batch has all the operations it may have.
func (b *batch) full(most int) bool { return b != nil && b.operations >= most }

// extend decides arrivals, in order, into the batch; nil begins one.
func (w *writer) extend(ctx context.Context, b *batch, as []*arrival) (*batch, error) {
	started := time.Now() // clock: how long deciding takes, for metrics only
	if b == nil {
		b = &batch{expect: w.position}
		w.keys.nextBatch()
		w.rotate(w.cfg.MemoryRows)
	}
	if err := w.prefetch(ctx, as); err != nil {
		return nil, err
	}
	w.load = func(keys []stripeKey) { w.loadUnforeseen(ctx, keys) }
	w.lookUp = func(p *parked) { w.lookUpParked(ctx, p) }
	for _, a := range as {
		b.commands = append(b.commands, w.decide(a))
		b.operations += a.operations()
	}
	if w.loadErr != nil {
		return nil, w.loadErr
	}
	b.arrivals = append(b.arrivals, as...)
	last := as[len(as)-1]
	w.position = store.Position{Offset: last.offset + 1, LeaderEpoch: last.leaderEpoch, TopicID: w.topic}
	b.next, b.clockUS, b.endSeq = w.position, w.clockUS, w.seq
	w.metrics.decide.Observe(time.Since(started).Seconds()) // clock: metrics only
	return b, nil
}

func (w *writer) loadUnforeseen(ctx context.Context, keys []stripeKey) {
	n := &needs{seen: map[any]bool{}}
	for _, k := range keys {
		n.stripe(w.state, k)
	}
	if err := w.loadStripes(ctx, n); err != nil {
		w.loadErr = err
	}
}

// lookUpParked finds whether keys of an operation that is about to be parked are
// in the database.
func (w *writer) lookUpParked(ctx context.Context, p *parked) {
	ids := make([][16]byte, len(p.list))
	for i, op := range p.list {
		ids[i] = store.KeyID(p.Book, op.GetKey())
	}
	known, err := w.readKeys(ctx, ids)
	if err != nil {
		w.loadErr = err
		return
	}
	for id, k := range known {
		if w.known == nil {
			w.known = map[[16]byte]knownKey{}
		}
		w.known[id] = k
	}
}

// start commits the batch beside the next decision.
func (w *writer) start(ctx context.Context, b *batch) *batch {
	b.done = make(chan error, 1)
	go func() { b.done <- w.commit(context.WithoutCancel(ctx), b) }()
	return b
}

// commit seals the records, makes their rows and writes everything in one round trip.
func (w *writer) commit(ctx context.Context, b *batch) error {
	started := time.Now() // clock: how long a commit takes, for metrics only
	head := w.committed.head
	w.rows.Reset()
	for _, c := range b.commands {
		for _, r := range c.results {
			if r.draft == nil || r.dryRun {
				continue
			}
			sealed, err := head.Seal(w.shard, r.draft)
			if err != nil {
				return err
			}
			r.sealed = sealed
			b.records = append(b.records, sealed)
			w.rows.Add(sealed, w.totals)
		}
	}
	if head.Seq != b.endSeq {
		panic(fmt.Sprintf("engine: shard %d: sealed up to %d, decided up to %d", w.shard, head.Seq, b.endSeq))
	}
	ctx, cancel := context.WithTimeout(ctx, w.cfg.CommitTimeout)
	defer cancel()
	err := w.session.Commit(ctx, store.Commit{Expect: b.expect, Next: b.next, ClockUS: b.clockUS, Rows: w.rows})
	if err == nil {
		w.committed = mark{position: b.next, head: head, clockUS: b.clockUS}
		w.metrics.committed(b, time.Since(started)) // clock: metrics only
	}
	return err
}

// settle ends the batch in flight. When it failed for a reason that can be mended,
// it is decided again together with the one that was decided on top of it; then
// both are committed and mended is true.
func (w *writer) settle(ctx context.Context, b, next *batch, err error) (mended bool, _ error) {
	if err == nil {
		w.after(b)
		return false, nil
	}
	level := slog.LevelWarn
	if errors.Is(err, store.ErrKeyTaken) {
		level = slog.LevelDebug // somebody asked again with a key of the past: every day's work
	}
	w.log.Log(ctx, level, "commit failed, deciding again", "shard", w.shard, "commands", len(b.commands), "error", err)
	if err := w.again(ctx, b.arrivals, err); err != nil {
		return false, err
	}
	if next == nil {
		return true, nil
	}
	return true, w.again(ctx, next.arrivals, nil)
}

// again decides arrivals from what is committed and commits them, to the end.
// cause is what the last commit of them answered, nil when they were not tried.
func (w *writer) again(ctx context.Context, as []*arrival, cause error) error {
	for range w.cfg.MendAttempts {
		if cause != nil {
			done, err := w.mend(ctx, as, cause)
			if err != nil || done {
				return err
			}
		}
		b, err := w.extend(ctx, nil, as)
		if err != nil {
			return err
		}
		if cause = w.commit(context.WithoutCancel(ctx), b); cause == nil {
			w.known = nil
			w.after(b)
			return nil
		}
	}
	return fmt.Errorf("shard %d: a batch was decided %d times and never committed: %w", w.shard, w.cfg.MendAttempts, cause)
}

// mend prepares for deciding again after a failed commit. done says that the
// arrivals were committed in smaller parts.
func (w *writer) mend(ctx context.Context, as []*arrival, cause error) (done bool, err error) {
	if err := w.forget(ctx); err != nil {
		return false, err
	}
	switch {
	case errors.Is(cause, store.ErrKeyTaken):
		return false, w.learnKeys(ctx)
	case causedByCommand(cause) && len(as) > 1:
		half := len(as) / 2
		if err := w.again(ctx, as[:half], nil); err != nil {
			return false, err
		}
		return true, w.again(ctx, as[half:], nil)
	case causedByCommand(cause):
		w.log.ErrorContext(ctx, "a command fails alone and is put aside", "shard", w.shard, "offset", as[0].offset, "error", cause)
		as[0].external = externals{{as[0].command.GetId(), 0}: {
			Kind: journalv1.ExternalKind_EXTERNAL_KIND_INTERNAL, Text: store.Class(cause),
		}}
		return false, nil
	default:
		return false, cause
	}
}

// causedByCommand tells the errors that one bad command causes from those of the
// database's day: data exceptions, integrity violations, limits exceeded.
func causedByCommand(err error) bool {
	switch store.Class(err) {
	case "22", "23", "54":
		return true
	}
	return false
}

// forget drops the memory and goes back to what is committed.
func (w *writer) forget(ctx context.Context) error {
	totals, err := w.db.LoadTotals(ctx, int(w.shard))
	if err != nil {
		return fmt.Errorf("load totals: %w", err)
	}
	w.totals = totals
	w.state = newState()
	if err := w.loadGathers(ctx); err != nil {
		return err
	}
	w.position, w.seq = w.committed.position, w.committed.head.Seq
	w.clockUS, w.dayEndUS = w.committed.clockUS, 0
	w.tick(w.clockUS)
	return nil
}

// learnKeys finds which keys of the failed commit the database knows.
func (w *writer) learnKeys(ctx context.Context) error {
	known, err := w.readKeys(ctx, w.rows.KeyIDs())
	if err != nil {
		return err
	}
	if w.known == nil {
		w.known = map[[16]byte]knownKey{}
	}
	for id, k := range known {
		w.known[id] = k
	}
	return nil
}

// readKeys reads the keys that the database knows, with their records.
func (w *writer) readKeys(ctx context.Context, ids [][16]byte) (map[[16]byte]knownKey, error) {
	rows, err := w.db.LookupKeys(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look keys up: %w", err)
	}
	known := make(map[[16]byte]knownKey, len(rows))
	for _, r := range rows {
		raw, _, err := w.db.Record(ctx, r.Shard, r.Seq)
		if err != nil {
			return nil, fmt.Errorf("read record %d.%d: %w", r.Shard, r.Seq, err)
		}
		known[r.ID] = knownKey{KnownKey: r, raw: raw}
	}
	return known, nil
}
