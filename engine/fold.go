package engine

import (
	"bytes"
	"context"
	"fmt"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
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
	return s.foldMissing(ctx, w)
}

// unknownEpoch stands for the leader epoch in the position of a shard that was
// restored. What the lost database had acknowledged and not yet published is still
// in the command log and must be decided again, however old it is; until all of it
// is, commands do not expire, and whoever takes the shard over knows by this.
const unknownEpoch = -1

// foldMissing writes the events that the database lacks, deciding nothing again.
func (s *shard) foldMissing(ctx context.Context, w *writer) error {
	var pending []journal.Sealed
	head := w.committed.head
	topic := w.committed.position.TopicID // offsets of events are of the topic that was read
	if topic == ([16]byte{}) {
		topic = s.engine.cfg.Commands.TopicID()
	}
	flush := func() error {
		last := pending[len(pending)-1].Record
		next := store.Position{Offset: last.GetOffset() + 1, LeaderEpoch: unknownEpoch, TopicID: topic}
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
	// Record n stands at offset n-1 or later, so what comes before can be left out.
	from := int64(max(head.Seq, 1) - 1)
	err := s.engine.cfg.Events.Replay(ctx, s.number, from, func(records []port.LogRecord) error {
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
	return w.forget(ctx)
}
