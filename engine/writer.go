package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
)

// writer is the one writer of a shard while this process owns it. It decides the
// next batch while the last one is being committed; a batch that fails takes the
// one decided on top of it with it, and both are decided again.
type writer struct {
	decider
	db      *store.DB
	session *store.Writer
	rows    *store.Rows    // of the commit in flight, or of the last one
	sets    [2]*store.Rows // batches take them in turn: one is committed, one is decided
	turn    int
	head    journal.Head // after the last sealed record
	sheet   journal.Sheet
	totals  *store.Totals
	topic   [16]byte
	cfg     *Config
	hub     *hub // knows the commands that this process has encoded
	log     *slog.Logger
	metrics *shardMetrics
	after   func(*batch) // what follows from a commit: outcomes, relay, effects, timers

	position  store.Position // after the last decided command
	committed mark           // what the database holds
	loadErr   error          // of a row that nobody foresaw
	wary      int            // batches to come of which every key is looked up first
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
func (w *writer) run(ctx context.Context, arrivals <-chan []*arrival) (err error) {
	var inflight, pending *batch
	// Whatever ends the loop: the session belongs to the commit in flight until it
	// is over, and what it did must be told.
	defer func() { err = errors.Join(err, w.finish(inflight)) }()
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
			return nil
		case cause := <-done:
			over := inflight
			inflight = nil
			mended, err := w.settle(ctx, over, pending, cause)
			if err != nil {
				return err
			}
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
			next, cause := w.extend(ctx, pending, as)
			if cause != nil {
				as = append(pending.all(), as...)
				over := inflight
				inflight, pending = nil, nil
				if err := w.undecided(ctx, over, as, cause); err != nil {
					return err
				}
				break
			}
			pending = next
			if inflight != nil && pending.full(w.cfg.BatchOperations) {
				w.prepare(pending)
			}
		}
		if inflight == nil && pending != nil {
			inflight, pending = w.start(ctx, pending), nil
		}
	}
	return nil
}

// finish waits for the commit in flight: an end loses nothing.
func (w *writer) finish(inflight *batch) error {
	if inflight == nil {
		return nil
	}
	if err := <-inflight.done; err != nil {
		return err
	}
	w.after(inflight)
	return nil
}

// all gives the arrivals of the batch, in a slice of its own.
func (b *batch) all() []*arrival {
	if b == nil {
		return nil
	}
	return slices.Clone(b.arrivals)
}

// full says whether the batch has all the operations it may have.
func (b *batch) full(most int) bool { return b != nil && b.operations >= most }

// extend decides arrivals, in order, into the batch; nil begins one.
func (w *writer) extend(ctx context.Context, b *batch, as []*arrival) (*batch, error) {
	started := time.Now() // clock: how long deciding takes, for metrics and traces only
	if b == nil {
		w.turn = 1 - w.turn
		b = &batch{expect: w.position, rows: w.sets[w.turn], began: started}
		b.rows.Reset()
		w.keys.nextBatch()
		w.drafts.nextBatch()
		w.rotate(max(1, w.cfg.MemoryRows/max(1, w.shards)))
		w.wary = max(0, w.wary-1)
	}
	if err := w.prefetch(ctx, as); err != nil {
		return nil, err
	}
	if err := w.lookAhead(ctx, as); err != nil {
		return nil, err
	}
	w.load = func(keys []stripeKey) { w.loadUnforeseen(ctx, keys) }
	w.fetchRules = func(keys []ruleKey) { w.loadUnforeseenRules(ctx, keys) }
	w.lookUp = func(p *parked) { w.lookUpParked(ctx, p) }
	n := 0
	for _, a := range as {
		n += a.operations()
	}
	b.records = slices.Grow(b.records, n)
	for _, a := range as {
		c, err := w.tryDecide(a)
		if err == nil {
			err = w.seal(b, c)
		}
		if err != nil {
			return nil, err
		}
		b.commands = append(b.commands, c)
	}
	b.operations += n
	if w.loadErr != nil {
		return nil, w.loadErr
	}
	b.arrivals = append(b.arrivals, as...)
	last := as[len(as)-1]
	w.position = store.Position{Offset: last.offset + 1, LeaderEpoch: last.leaderEpoch, TopicID: w.topic}
	if last.stampUS < w.patientUntilUS {
		w.position.LeaderEpoch = unknownEpoch // the next owner is to be patient too
	}
	b.next, b.clockUS, b.endSeq = w.position, w.clockUS, w.seq
	w.metrics.decide.Observe(time.Since(started).Seconds()) // clock: metrics only
	return b, nil
}

func (w *writer) loadUnforeseen(ctx context.Context, keys []stripeKey) {
	n := &needs{seen: map[any]bool{}, round: w.stripes.newRound()}
	for _, k := range keys {
		n.stripe(w.state, k)
	}
	if err := w.loadStripes(ctx, n); err != nil {
		w.loadErr = err
	}
}

func (w *writer) loadUnforeseenRules(ctx context.Context, keys []ruleKey) {
	wanted := make([]store.RuleKey, len(keys))
	for i, k := range keys {
		wanted[i] = store.RuleKey{Book: k.book, Kind: k.kind, Subject: k.subject}
	}
	if err := w.loadRules(ctx, wanted); err != nil {
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
	known, err := readKeys(ctx, w.db, ids)
	if err != nil {
		w.loadErr = err
		return
	}
	w.learn(known)
}

// start commits the batch beside the next decision.
func (w *writer) start(ctx context.Context, b *batch) *batch {
	b.done = make(chan error, 1)
	go func() { b.done <- w.commit(context.WithoutCancel(ctx), b) }()
	return b
}

// seal seals the records of a command and makes their rows, beside the commit in flight.
func (w *writer) seal(b *batch, c *decided) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &unfitError{why: "panicked", cause: fmt.Errorf("seal: %v\n%s", p, debug.Stack())}
		}
	}()
	for _, r := range c.results {
		if r.draft == nil || r.dryRun {
			continue
		}
		sealed, err := w.head.SealIn(&w.sheet, w.shard, r.draft)
		if err != nil {
			return &unfitError{why: "cannot be written", cause: err}
		}
		if len(sealed.Raw) > maxRecordBytes {
			return &unfitError{why: "too large", cause: fmt.Errorf("a record of %d bytes", len(sealed.Raw))}
		}
		r.sealed = sealed
		b.records = append(b.records, sealed)
		b.rows.Add(sealed, w.totals)
		b.stop(w.flows, r.draft.GetMove())
	}
	b.head = w.head
	return nil
}

// prepare encodes the rows of a batch that nothing is added to, beside the commit in
// flight: the database waits for no encoding. A panic comes again in commit, which says so.
func (w *writer) prepare(b *batch) {
	defer func() { _ = recover() }()
	w.session.Prepare(b.rows)
}

// commit writes the sealed records and their rows in one transaction.
func (w *writer) commit(ctx context.Context, b *batch) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &unfitError{why: "panicked", cause: fmt.Errorf("commit: %v\n%s", p, debug.Stack())}
		}
	}()
	started := time.Now() // clock: how long a commit takes, for metrics only
	w.rows = b.rows
	if b.head.Seq != b.endSeq {
		return &unfitError{why: "miscounted", cause: fmt.Errorf("sealed up to %d, decided up to %d", b.head.Seq, b.endSeq)}
	}
	ctx, cancel := context.WithTimeout(ctx, w.cfg.CommitTimeout)
	defer cancel()
	err = w.session.Commit(ctx, store.Commit{Expect: b.expect, Next: b.next, ClockUS: b.clockUS, Rows: b.rows})
	if err == nil {
		w.committed = mark{position: b.next, head: b.head, clockUS: b.clockUS}
		w.metrics.committed(b, time.Since(started)) // clock: metrics only
	}
	return err
}
