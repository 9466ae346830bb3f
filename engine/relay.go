package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/trace"
)

// relayQueue bounds the committed records that the relay keeps in memory.
const relayQueue = 50_000

// relayEvery lies between two transactions of few records: each takes several durable
// writes of the broker, whatever it holds.
const relayEvery = 25 * time.Millisecond

// relay publishes a shard's journal to the event log: in order, once, without a
// gap. A transaction ends only after the last record of a command.
type relay struct {
	*follower
	events port.EventWriter
	sealed chan struct{} // told of everything published

	// Memory of one transaction's events.
	text    []byte
	headers []port.Header
	out     []port.LogRecord
}

func newRelay(s *shard, events port.EventWriter, tail *port.LogRecord) (*relay, error) {
	r := &relay{follower: newFollower(s, relayQueue, relayEvery), events: events, sealed: make(chan struct{}, 1)}
	if tail != nil {
		ev, err := journal.ReadEvent(tail.Value, headerMap(tail.Headers))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrForked, err)
		}
		r.head = journal.Head{Seq: ev.Record.GetSeq(), Hash: ev.Hash}
	}
	return r, nil
}

// relayGrace is how long the end of the context is put off for what is committed.
const relayGrace = 2 * time.Second

// run publishes until the writer has ended, and then what it has committed: the event log
// of a program that was stopped lacks nothing. It starts with what the database holds
// beyond the tail.
func (r *relay) run(ctx context.Context, written <-chan struct{}) error {
	ctx, cancel := outlive(ctx, relayGrace)
	defer cancel()
	for last := false; ; {
		n, err := r.publish(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if last {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-written:
			last = true
		case <-r.wake:
		}
	}
}

// outlive gives a context that ends so long after another one.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-longer.Done():
		case <-time.After(grace):
			cancel()
		}
	})
	return longer, func() { stop(); cancel() }
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
	end := records[len(records)-1]
	ctx, span := r.begin(ctx, "publish", trace.Producer, records)
	defer span.End()
	span.Topic(r.shard.engine.cfg.Topics+topicEvents, trace.Publish, r.shard.number, len(records))
	if err := r.events.Publish(ctx, r.fill(records)); err != nil {
		err = fmt.Errorf("publish from %d.%d: %w", r.shard.number, records[0].Record.GetSeq(), err)
		span.Fail(err)
		return 0, err
	}
	r.passed(journal.Head{Seq: end.Record.GetSeq(), Hash: end.Hash})
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

// fill makes the events of the records behind the head, in memory that is used again
// for the next transaction: nobody holds it once they are published. Were they not, the
// relay is over.
func (r *relay) fill(records []journal.Sealed) []port.LogRecord {
	text, headers, out := r.text[:0], r.headers[:0], r.out[:0]
	prev := r.head.Hash
	var key []byte
	for _, s := range records {
		if string(key) != s.Record.GetBook() || key == nil {
			key = []byte(s.Record.GetBook())
		}
		from := len(headers)
		text = journal.AppendEnvelope(text, s, prev, func(name string, value []byte) {
			headers = append(headers, port.Header{Key: name, Value: value})
		})
		out = append(out, port.LogRecord{
			Key: key, Value: s.Raw, Timestamp: time.UnixMicro(s.Record.GetClockUs()),
			Headers: headers[from:len(headers):len(headers)],
		})
		prev = s.Hash
	}
	r.text, r.headers, r.out = text, headers, out
	return out
}
