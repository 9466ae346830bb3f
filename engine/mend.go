package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"

	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// maxRecordBytes bounds a record's canonical bytes: what the event log would not
// take may not be committed. Its own bound is 1 MiB.
const maxRecordBytes = 960 << 10

// unfitError says that what a batch decided cannot be written: one of its commands
// is at fault, and every try ends so.
type unfitError struct {
	why   string // for the journal
	cause error
}

func (e *unfitError) Error() string { return e.why + ": " + e.cause.Error() }

func (e *unfitError) Unwrap() error { return e.cause }

// panicError says that deciding a command panicked: the memory is worth nothing.
type panicError struct {
	command *arrival
	value   any
	stack   []byte
}

func (e *panicError) Error() string {
	return fmt.Sprintf("deciding the command at offset %d panicked: %v\n%s", e.command.offset, e.value, e.stack)
}

// tryDecide is decide for a command that may panic.
func (w *writer) tryDecide(a *arrival) (c *decided, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{a, p, debug.Stack()}
		}
	}()
	return w.decide(a), nil
}

// causedByCommand tells the errors that one bad command causes from those of the
// database's day: data exceptions, integrity violations, limits exceeded, and what
// could not even be sent.
func causedByCommand(err error) bool {
	var unfit *unfitError
	switch store.Class(err) {
	case "22", "23", "54":
		return true
	}
	return errors.As(err, &unfit)
}

// why is what the journal says of a command that was put aside for the error.
func why(err error) string {
	var unfit *unfitError
	switch {
	case errors.As(err, &unfit):
		return unfit.why
	case errors.Is(err, store.ErrKeyTaken):
		return "its keys clash with one another"
	case errors.Is(err, store.ErrAggregateTaken):
		return store.ErrAggregateTaken.Error()
	}
	return store.Class(err)
}

// settle ends the batch in flight. When it failed for a reason that can be mended,
// it is decided again together with the one that was decided on top of it; then
// both are committed and mended is true.
func (w *writer) settle(ctx context.Context, b, next *batch, cause error) (mended bool, _ error) {
	if cause == nil {
		w.after(b)
		return false, nil
	}
	level := slog.LevelWarn
	if errors.Is(cause, store.ErrKeyTaken) {
		level = slog.LevelDebug // somebody asked again with a key of the past: every day's work
	}
	w.log.Log(ctx, level, "commit failed, deciding again", "shard", w.shard, "commands", len(b.commands), "error", cause)
	if err := w.again(ctx, b.arrivals, cause); err != nil {
		return false, err
	}
	if next == nil {
		return true, nil
	}
	return true, w.again(ctx, next.arrivals, nil)
}

// undecided ends the batch in flight and then decides arrivals again that could
// not be decided on top of it.
func (w *writer) undecided(ctx context.Context, inflight *batch, as []*arrival, cause error) error {
	if inflight != nil {
		if _, err := w.settle(ctx, inflight, nil, <-inflight.done); err != nil {
			return err
		}
	}
	return w.again(ctx, as, cause)
}

// again decides arrivals from what is committed and commits them, to the end.
// cause is what the last try of them answered, nil when they were not tried.
func (w *writer) again(ctx context.Context, as []*arrival, cause error) error {
	for range w.cfg.MendAttempts {
		if cause != nil {
			done, err := w.mend(ctx, as, cause)
			if err != nil || done {
				return err
			}
		}
		b, err := w.extend(ctx, nil, as)
		if err == nil {
			err = w.commit(context.WithoutCancel(ctx), b)
		}
		if cause = err; cause == nil {
			w.known = nil
			w.after(b)
			return nil
		}
	}
	return fmt.Errorf("shard %d: a batch was decided %d times and never committed: %w", w.shard, w.cfg.MendAttempts, cause)
}

// mend prepares for deciding again after a try that failed. done says that the
// arrivals were committed in smaller parts.
func (w *writer) mend(ctx context.Context, as []*arrival, cause error) (done bool, err error) {
	if err := w.forget(ctx); err != nil {
		return false, err
	}
	clash := errors.Is(cause, store.ErrKeyTaken)
	if clash {
		learned, err := w.learnKeys(ctx)
		if err != nil || learned {
			return false, err
		}
	}
	var panicked *panicError
	switch {
	case errors.As(cause, &panicked):
		return w.putAside(ctx, as, slices.Index(as, panicked.command), cause, "panicked")
	case store.Class(cause) == "40" && !errors.Is(cause, store.ErrAmbiguous):
		return false, nil // others' transactions, long ones too: nothing was written, the same again
	case !clash && !causedByCommand(cause):
		return false, cause
	case len(as) > 1:
		half := len(as) / 2
		if err := w.again(ctx, as[:half], nil); err != nil {
			return false, err
		}
		return true, w.again(ctx, as[half:], nil)
	default:
		return w.putAside(ctx, as, 0, cause, why(cause))
	}
}

// putAside records of one command that it failed alone, between those before it
// and those behind it.
func (w *writer) putAside(ctx context.Context, as []*arrival, at int, cause error, text string) (done bool, err error) {
	a := as[at]
	if a.whole() != nil {
		return false, fmt.Errorf("the command at offset %d was put aside and still fails: %w", a.offset, cause)
	}
	w.log.ErrorContext(ctx, "a command fails alone and is put aside", "shard", w.shard, "offset", a.offset, "error", cause)
	w.metrics.putAside.Inc()
	a.external = externals{{a.command.GetId(), 0}: {Kind: journalv1.ExternalKind_EXTERNAL_KIND_INTERNAL, Text: text}}
	if len(as) == 1 {
		return false, nil
	}
	for _, part := range [][]*arrival{as[:at], as[at : at+1], as[at+1:]} {
		if len(part) == 0 {
			continue
		}
		if err := w.again(ctx, part, nil); err != nil {
			return false, err
		}
	}
	return true, nil
}

// forget drops the memory and goes back to what is committed.
func (w *writer) forget(ctx context.Context) error {
	totals, err := w.db.LoadTotals(ctx, int(w.shard))
	if err != nil {
		return fmt.Errorf("load totals: %w", err)
	}
	w.totals = totals
	w.state = newState()
	w.inGather, w.moved, w.loadErr = false, nil, nil
	if err := w.loadGathers(ctx); err != nil {
		return err
	}
	w.position, w.head, w.seq = w.committed.position, w.committed.head, w.committed.head.Seq
	w.clockUS, w.dayEndUS = w.committed.clockUS, 0
	w.tick(w.clockUS)
	return nil
}

// learnKeys finds which keys of the failed commit the database knows, and says
// whether any is new to us: if none is, the batch clashes with itself.
func (w *writer) learnKeys(ctx context.Context) (learned bool, err error) {
	known, err := readKeys(ctx, w.db, w.rows.KeyIDs())
	if err != nil {
		return false, err
	}
	if learned = w.learn(known); learned {
		w.wary = waryBatches
	}
	return learned, nil
}

// waryBatches is how long keys are looked up before they are decided, after one of the
// past was met: who asks again seldom does so once. A clash costs the memory, a look-up
// one read of a set; without old keys neither is paid.
const waryBatches = 256

// lookAhead looks up the keys of arrivals while old ones are about.
func (w *writer) lookAhead(ctx context.Context, as []*arrival) error {
	if w.wary == 0 {
		return nil
	}
	var ids [][16]byte
	for _, a := range as {
		if a.whole() != nil {
			continue
		}
		for _, op := range a.command.GetOperations().GetList() {
			id := store.KeyID(a.command.GetBook(), op.GetKey())
			_, recent := w.keys.find(id)
			_, waits := w.waiting[id]
			if op.GetKey() != "" && !recent && !waits {
				ids = append(ids, id)
			}
		}
	}
	known, err := readKeys(ctx, w.db, ids)
	if err != nil {
		return err
	}
	if w.learn(known); len(known) > 0 {
		w.wary = waryBatches
	}
	return nil
}

// learn keeps what is known of keys.
func (w *writer) learn(known map[[16]byte]knownKey) (anything bool) {
	if w.known == nil {
		w.known = map[[16]byte]knownKey{}
	}
	for id, k := range known {
		if _, old := w.known[id]; !old {
			w.known[id], anything = k, true
		}
	}
	return anything
}

// readKeys reads the keys that the database knows, with their records.
func readKeys(ctx context.Context, db *store.DB, ids [][16]byte) (map[[16]byte]knownKey, error) {
	rows, err := db.LookupKeys(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look keys up: %w", err)
	}
	places := make([]store.RecordID, len(rows))
	for i, r := range rows {
		places[i] = store.RecordID{Shard: r.Shard, Seq: r.Seq}
	}
	raws, err := db.Records(ctx, places)
	if err != nil {
		return nil, fmt.Errorf("read the records of %d keys: %w", len(rows), err)
	}
	known := make(map[[16]byte]knownKey, len(rows))
	for i, r := range rows {
		raw, ok := raws[places[i]]
		if !ok {
			return nil, fmt.Errorf("record %d.%d has a key and is not in the journal", r.Shard, r.Seq)
		}
		known[r.ID] = knownKey{KnownKey: r, raw: raw}
	}
	return known, nil
}
