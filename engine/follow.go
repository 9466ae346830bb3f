package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/trace"
)

// follower goes along a shard's journal behind the writer, record by record, from
// memory while it keeps up and from the database else.
type follower struct {
	shard *shard
	keep  int           // most records in memory; when it falls further behind it reads them back
	every time.Duration // between the beginnings of two portions, when few records wait
	wake  chan struct{}

	mu    sync.Mutex
	queue []journal.Sealed // consecutive records after head; empty when the database must be read

	head journal.Head // of what is done with
	last uint64       // last committed record that was offered

	trail trace.Trail // of the records after head

	began time.Time // of the last portion
}

// manyRecords are worth a portion of their own at once.
const manyRecords = 1000

func newFollower(s *shard, keep int, every time.Duration) *follower {
	return &follower{shard: s, keep: keep, every: every, wake: make(chan struct{}, 1)}
}

// passed notes that everything up to a head is done with.
func (f *follower) passed(head journal.Head) {
	f.mu.Lock()
	f.head = head
	f.mu.Unlock()
}

// offer hands over records that are committed.
func (f *follower) offer(records []journal.Sealed) {
	if len(records) == 0 {
		return
	}
	f.mu.Lock()
	if n := len(f.queue); n+len(records) <= f.keep && (n == 0 || f.queue[n-1].Record.GetSeq()+1 == records[0].Record.GetSeq()) {
		f.queue = append(f.queue, records...)
	}
	f.last = records[len(records)-1].Record.GetSeq()
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// next gives the records after the head: from memory when they are there, else
// from the database. After a portion it lets some time go by, so that a stream of small
// commits makes few portions; the first one after a pause does not wait.
func (f *follower) next(ctx context.Context) ([]journal.Sealed, error) {
	if err := f.pace(ctx, f.waiting()); err != nil {
		return nil, err
	}
	f.mu.Lock()
	if len(f.queue) > 0 && f.queue[0].Record.GetSeq() == f.head.Seq+1 {
		records := f.queue
		f.mu.Unlock()
		return records, nil
	}
	head, last := f.head, f.last
	f.mu.Unlock()
	if last > 0 && head.Seq >= last {
		return nil, nil // every commit of this owner was offered
	}
	return f.read(ctx, head)
}

// waiting forgets the records that are done with and counts the others.
func (f *follower) waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.queue) > 0 && f.queue[0].Record.GetSeq() <= f.head.Seq {
		f.queue[0] = journal.Sealed{}
		f.queue = f.queue[1:]
	}
	return len(f.queue)
}

// pace waits until the next portion may begin, if few records wait for it.
func (f *follower) pace(ctx context.Context, waiting int) error {
	if waiting == 0 {
		return nil
	}
	if rest := f.every - time.Since(f.began); rest > 0 && waiting < manyRecords { // clock: a pause
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rest):
		}
	}
	f.began = time.Now() // clock: a pause
	return nil
}

// begin begins the span of a portion, linked to the commands that left its records.
func (f *follower) begin(ctx context.Context, name string, kind trace.Kind, records []journal.Sealed) (context.Context, trace.Span) {
	ctx, span := f.shard.engine.cfg.Tracer.Start(ctx, name, kind)
	last := records[len(records)-1].Record.GetSeq()
	span.Records(f.shard.number, records[0].Record.GetSeq(), last)
	f.trail.Link(span, last)
	return ctx, span
}

// segmentsAtOnce bounds one read of a follower from the database.
const segmentsAtOnce = 64

// read reads the records after the head from the database and checks that they
// follow it. It reads on until a command is whole: the records of one command may
// be more than a read brings.
func (f *follower) read(ctx context.Context, head journal.Head) ([]journal.Sealed, error) {
	var records []journal.Sealed
	for {
		segments, err := f.shard.engine.cfg.DB.Segments(ctx, f.shard.number, head.Seq+1, segmentsAtOnce)
		if err != nil {
			return nil, fmt.Errorf("read segments from %d: %w", head.Seq+1, err)
		}
		if len(segments) == 0 && len(records) > 0 {
			return nil, fmt.Errorf("%w: the journal of shard %d ends at %d, in the middle of a command", ErrTorn, f.shard.number, head.Seq)
		}
		whole := len(segments) == 0
		for _, seg := range segments {
			if records, err = f.follow(&head, records, seg); err != nil {
				return nil, err
			}
			whole = whole || records[len(records)-1].Record.GetLast()
		}
		if whole {
			return records, nil
		}
	}
}

// follow appends the segment's records behind the head.
func (f *follower) follow(head *journal.Head, records []journal.Sealed, seg journal.Segment) ([]journal.Sealed, error) {
	raws, err := seg.Split()
	if err != nil {
		return nil, err
	}
	for i, raw := range raws {
		if seg.FirstSeq+uint64(i) <= head.Seq {
			continue
		}
		s, err := head.Follow(uint32(f.shard.number), raw)
		if err != nil {
			return nil, err
		}
		records = append(records, s)
	}
	if head.Seq == seg.LastSeq() && head.Hash != seg.Head {
		return nil, fmt.Errorf("%w: segment at %d.%d ends with another hash", ErrForked, f.shard.number, seg.FirstSeq)
	}
	return records, nil
}
