package engine

import (
	"bytes"
	"context"
	"fmt"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

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
	f := newFold(s.number, w.session, w.rows, w.totals, w.committed, s.engine.cfg.BatchOperations)
	if err := f.from(ctx, s.engine.cfg.Events); err != nil {
		return err
	}
	w.committed = f.committed
	return w.forget(ctx)
}

// unknownEpoch stands for the leader epoch in the position of a shard that was
// restored. What the lost database had acknowledged and not yet published is still
// in the command log and must be decided again, however old it is; until all of it
// is, commands do not expire, and whoever takes the shard over knows by this.
const unknownEpoch = -1

// fold writes events into the rows of a shard, deciding nothing again: those that a
// restored database lacks, or all of them in a rebuild.
type fold struct {
	shard     int
	session   *store.Writer
	rows      *store.Rows
	totals    *store.Totals // after the pending records
	most      int           // records of one commit, about
	committed mark
	progress  func(journal.Head)      // told of every commit
	each      func(*journalv1.Record) // told of every event, also of those that are there; nil: of none

	head    journal.Head // of what was read
	pending []journal.Sealed
	bytes   int // of what is pending
}

// foldBytes bounds the records of one commit: each may be a megabyte.
const foldBytes = 8 << 20

func newFold(shard int, session *store.Writer, rows *store.Rows, totals *store.Totals, at mark, most int) *fold {
	return &fold{
		shard: shard, session: session, rows: rows, totals: totals, most: most, committed: at, head: at.head,
		progress: func(journal.Head) {},
	}
}

// from folds what the event log holds beyond the database. Every header, number and
// link is checked on the way.
func (f *fold) from(ctx context.Context, events EventSource) error {
	// Record n stands at offset n-1 or later, so what comes before can be left out.
	from := int64(max(f.head.Seq, 1) - 1)
	if f.each != nil {
		from = 0
	}
	err := events.Replay(ctx, f.shard, from, func(records []port.LogRecord) error {
		for _, r := range records {
			if err := f.add(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(f.pending) == 0 {
		return err
	}
	if !f.pending[len(f.pending)-1].Record.GetLast() {
		return fmt.Errorf("%w: the events of shard %d end at %d, inside a command", ErrTorn, f.shard, f.head.Seq)
	}
	return f.flush(ctx)
}

// add takes the next event, and commits when there are enough and a command is whole.
func (f *fold) add(ctx context.Context, r port.LogRecord) error {
	ev, err := journal.ReadEvent(r.Value, headerMap(r.Headers))
	if err == nil && f.each != nil {
		f.each(ev.Record)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: offset %d: %w", ErrTorn, r.Offset, err)
	case ev.Record.GetSeq() < f.committed.head.Seq:
		return nil
	case ev.Record.GetSeq() == f.committed.head.Seq && f.committed.head.Seq > 0:
		if ev.Hash != f.committed.head.Hash {
			return fmt.Errorf("%w: %d.%d", ErrForked, f.shard, ev.Record.GetSeq())
		}
		return nil
	}
	if err := f.head.FollowEvent(uint32(f.shard), ev); err != nil {
		return fmt.Errorf("%w: %w", ErrTorn, err)
	}
	f.pending, f.bytes = append(f.pending, ev.Sealed), f.bytes+len(ev.Raw)
	if (len(f.pending) < f.most && f.bytes < foldBytes) || !ev.Record.GetLast() {
		return nil
	}
	return f.flush(ctx)
}

// flush commits what is pending. Which topic the offset is of stays what it was: when
// the database never knew, the owner finds it out before it reads (see rejoin).
func (f *fold) flush(ctx context.Context) error {
	last := f.pending[len(f.pending)-1].Record
	next := store.Position{Offset: last.GetOffset() + 1, LeaderEpoch: unknownEpoch, TopicID: f.committed.position.TopicID}
	f.rows.Reset()
	for _, r := range f.pending {
		f.rows.Add(r, f.totals)
	}
	err := f.session.Commit(ctx, store.Commit{
		Expect: f.committed.position, Next: next, ClockUS: last.GetClockUs(), Rows: f.rows,
	})
	if err != nil {
		return fmt.Errorf("fold up to %d.%d: %w", f.shard, last.GetSeq(), err)
	}
	f.committed = mark{position: next, head: f.head, clockUS: last.GetClockUs()}
	f.pending, f.bytes = f.pending[:0], 0
	f.progress(f.head)
	return nil
}
