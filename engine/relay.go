package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
)

// relayQueue bounds the committed records that the relay keeps in memory; when it
// falls further behind it reads them back from the database.
const relayQueue = 50_000

// relay publishes a shard's journal to the event log: in order, once, without a
// gap. A transaction ends only after the last record of a command.
type relay struct {
	shard  *shard
	events port.EventWriter
	wake   chan struct{}
	sealed chan struct{} // told of everything published

	mu    sync.Mutex
	queue []journal.Sealed // consecutive records after head; empty when the database must be read

	head journal.Head // of what is published
	last uint64       // last committed record that was offered
}

func newRelay(s *shard, events port.EventWriter, tail *port.LogRecord) (*relay, error) {
	r := &relay{shard: s, events: events, wake: make(chan struct{}, 1), sealed: make(chan struct{}, 1)}
	if tail != nil {
		ev, err := journal.ReadEvent(tail.Value, headerMap(tail.Headers))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrForked, err)
		}
		r.head = journal.Head{Seq: ev.Record.GetSeq(), Hash: ev.Hash}
	}
	return r, nil
}

// offer hands over records that are committed.
func (r *relay) offer(records []journal.Sealed) {
	if len(records) == 0 {
		return
	}
	r.mu.Lock()
	if n := len(r.queue); n+len(records) <= relayQueue && (n == 0 || r.queue[n-1].Record.GetSeq()+1 == records[0].Record.GetSeq()) {
		r.queue = append(r.queue, records...)
	}
	r.last = records[len(records)-1].Record.GetSeq()
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run publishes until the context ends. It starts with what the database holds
// beyond the tail.
func (r *relay) run(ctx context.Context) error {
	for {
		n, err := r.publish(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.wake:
		}
	}
}

// publish writes one transaction and tells how many records it had.
func (r *relay) publish(ctx context.Context) (int, error) {
	records, err := r.next(ctx)
	if err != nil || len(records) == 0 {
		return 0, err
	}
	if records = untilWhole(records, r.shard.engine.cfg.RelayRecords); len(records) == 0 {
		return 0, fmt.Errorf("%w: shard %d after %d: no end of a command", ErrTorn, r.shard.number, r.head.Seq)
	}
	if err := r.events.Publish(ctx, events(records, r.head.Hash)); err != nil {
		return 0, fmt.Errorf("publish from %d.%d: %w", r.shard.number, records[0].Record.GetSeq(), err)
	}
	end := records[len(records)-1]
	r.mu.Lock()
	r.head = journal.Head{Seq: end.Record.GetSeq(), Hash: end.Hash}
	r.mu.Unlock()
	r.shard.engine.metrics.published(r.shard.number, r.head.Seq)
	select {
	case r.sealed <- struct{}{}:
	default:
	}
	return len(records), nil
}

// published is the end of what is in the event log.
func (r *relay) published() journal.Head {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.head
}

// next gives the records after the head: from memory when they are there, else
// from the database.
func (r *relay) next(ctx context.Context) ([]journal.Sealed, error) {
	r.mu.Lock()
	for len(r.queue) > 0 && r.queue[0].Record.GetSeq() <= r.head.Seq {
		r.queue[0] = journal.Sealed{}
		r.queue = r.queue[1:]
	}
	if len(r.queue) > 0 && r.queue[0].Record.GetSeq() == r.head.Seq+1 {
		records := r.queue
		r.mu.Unlock()
		return records, nil
	}
	head := r.head
	r.mu.Unlock()
	return r.read(ctx, head)
}

// segmentsAtOnce bounds one read of the relay from the database.
const segmentsAtOnce = 64

// read reads the records after the head from the database and checks that they
// follow it. It reads on until a command is whole: the records of one command may
// be more than a read brings.
func (r *relay) read(ctx context.Context, head journal.Head) ([]journal.Sealed, error) {
	var records []journal.Sealed
	for {
		segments, err := r.shard.engine.cfg.DB.Segments(ctx, r.shard.number, head.Seq+1, segmentsAtOnce)
		if err != nil {
			return nil, fmt.Errorf("read segments from %d: %w", head.Seq+1, err)
		}
		if len(segments) == 0 && len(records) > 0 {
			return nil, fmt.Errorf("%w: the journal of shard %d ends at %d, in the middle of a command", ErrTorn, r.shard.number, head.Seq)
		}
		whole := len(segments) == 0
		for _, seg := range segments {
			if records, err = r.follow(&head, records, seg); err != nil {
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
func (r *relay) follow(head *journal.Head, records []journal.Sealed, seg journal.Segment) ([]journal.Sealed, error) {
	raws, err := seg.Split()
	if err != nil {
		return nil, err
	}
	for i, raw := range raws {
		if seg.FirstSeq+uint64(i) <= head.Seq {
			continue
		}
		s, err := head.Follow(uint32(r.shard.number), raw)
		if err != nil {
			return nil, err
		}
		records = append(records, s)
	}
	if head.Seq == seg.LastSeq() && head.Hash != seg.Head {
		return nil, fmt.Errorf("%w: segment at %d.%d ends with another hash", ErrForked, r.shard.number, seg.FirstSeq)
	}
	return records, nil
}

// untilWhole cuts about n records, at the end of a command. A command with more
// records than n is one transaction all the same.
func untilWhole(records []journal.Sealed, n int) []journal.Sealed {
	end := 0
	for i, s := range records {
		if s.Record.GetLast() {
			end = i + 1
		}
		if i+1 >= n && end > 0 {
			break
		}
	}
	return records[:end]
}

// events makes the events of records that follow prev. Their headers, ten of each,
// share three pieces of memory.
func events(records []journal.Sealed, prev journal.Hash) []port.LogRecord {
	const headersEach, textEach = 10, 288
	out := make([]port.LogRecord, len(records))
	headers := make([]port.Header, 0, headersEach*len(records))
	text := make([]byte, 0, textEach*len(records))
	var key []byte
	for i, s := range records {
		if string(key) != s.Record.GetBook() || key == nil {
			key = []byte(s.Record.GetBook())
		}
		from := len(headers)
		text = journal.AppendEnvelope(text, s, prev, func(name string, value []byte) {
			headers = append(headers, port.Header{Key: name, Value: value})
		})
		out[i] = port.LogRecord{
			Key: key, Value: s.Raw, Timestamp: time.UnixMicro(s.Record.GetClockUs()),
			Headers: headers[from:len(headers):len(headers)],
		}
		prev = s.Hash
	}
	return out
}
