package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
)

// relayQueue bounds the committed records that the relay keeps in memory.
const relayQueue = 50_000

// relay publishes a shard's journal to the event log: in order, once, without a
// gap. A transaction ends only after the last record of a command.
type relay struct {
	*follower
	events port.EventWriter
	sealed chan struct{} // told of everything published
}

func newRelay(s *shard, events port.EventWriter, tail *port.LogRecord) (*relay, error) {
	r := &relay{follower: newFollower(s, relayQueue), events: events, sealed: make(chan struct{}, 1)}
	if tail != nil {
		ev, err := journal.ReadEvent(tail.Value, headerMap(tail.Headers))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrForked, err)
		}
		r.head = journal.Head{Seq: ev.Record.GetSeq(), Hash: ev.Hash}
	}
	return r, nil
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
