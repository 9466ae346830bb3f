package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/provodka/provodka/engine/port"
)

// writer publishes one shard's events under the shard's transactional id. It is for
// one goroutine, but for Close.
type writer struct {
	client  *kgo.Client
	topic   string
	shard   int
	timeout time.Duration
	dead    error // why it is of no more use
	once    sync.Once

	// Memory of one transaction, used again after it is over.
	headers []kgo.RecordHeader
	block   []kgo.Record
}

// Own takes the shard's event log over. It answers once no record of an earlier owner
// can appear any more, with the last record that did.
func (l *Log) Own(ctx context.Context, shard int) (port.EventWriter, *port.LogRecord, error) {
	if err := l.checkShard(shard); err != nil {
		return nil, nil, fmt.Errorf("own events: %w", err)
	}
	id := fmt.Sprintf("%s-relay-%d", l.config.Prefix, shard)
	// Always a new client: one that was fenced must not raise the epoch again.
	client, err := l.config.client(fmt.Sprintf("relay-%d", shard), producing(
		kgo.TransactionalID(id),
		// Readers of committed records wait behind what a killed owner left open; a
		// take-over ends it at once, this ends it when nobody takes over.
		kgo.TransactionTimeout(l.config.PublishTimeout/2),
		kgo.StopProducerOnDataLossDetected(),
	)...)
	if err != nil {
		return nil, nil, fmt.Errorf("own events of shard %d: %w", shard, err)
	}
	w := &writer{client: client, topic: l.topics.events.name, shard: shard, timeout: l.config.PublishTimeout}
	if _, _, err := client.ProducerID(ctx); err != nil {
		w.Close()
		return nil, nil, fmt.Errorf("own events of shard %d: fence the earlier owner: %w", shard, err)
	}
	if err := w.mark(ctx); err != nil {
		w.Close()
		return nil, nil, fmt.Errorf("own events of shard %d: mark the end: %w", shard, err)
	}
	last, err := l.tail(ctx, shard)
	if err != nil {
		w.Close()
		return nil, nil, fmt.Errorf("own events of shard %d: find the last record: %w", shard, err)
	}
	return w, last, nil
}

// markKey is the key of the record that mark aborts; it has no value.
const markKey = "aborted"

// mark ends the partition with a marker of ours: one record, aborted. What a killed
// owner had written and not committed need not have a marker: the embedded broker
// forgets open transactions in a restart, and in the one after it would take them for
// a part of the next transaction that was committed.
func (w *writer) mark(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	// As in Publish: a request in flight cannot be called back, closing frees us of it.
	stop := context.AfterFunc(ctx, w.Close)
	defer stop()
	if err := w.client.BeginTransaction(); err != nil {
		return err
	}
	written := w.client.ProduceSync(ctx, &kgo.Record{Topic: w.topic, Partition: int32(w.shard), Key: []byte(markKey)}).FirstErr()
	return errors.Join(ctx.Err(), written, w.client.EndTransaction(ctx, kgo.TryAbort))
}

// Publish writes the records in one transaction. After any error, port.ErrFenced among
// them, the writer is closed, and whether the records are visible is for the next Own
// to find out. A Publish that takes longer than the timeout is given up that way too.
func (w *writer) Publish(ctx context.Context, records []port.LogRecord) error {
	if w.dead != nil {
		return fmt.Errorf("the writer is closed since: %w", w.dead)
	}
	if len(records) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	// A request in flight cannot be called back, but closing the client frees us of it.
	stop := context.AfterFunc(ctx, w.Close)
	err := w.publish(ctx, records)
	if !stop() && err == nil {
		// Published, and closed in the same moment: only the next one will notice.
		w.dead = ctx.Err()
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	} else if isFenced(err) {
		err = fmt.Errorf("%w: %w", port.ErrFenced, err)
	}
	w.dead = fmt.Errorf("publish events of shard %d: %w", w.shard, err)
	w.Close()
	return w.dead
}

func (w *writer) publish(ctx context.Context, records []port.LogRecord) error {
	if err := w.client.BeginTransaction(); err != nil {
		return err
	}
	results := kgo.AbortingFirstErrPromise(w.client)
	headers := w.headers[:0]
	if cap(w.block) < len(records) {
		w.block = make([]kgo.Record, len(records))
	}
	block := w.block[:len(records)]
	for i := range records {
		r, from := &records[i], len(headers)
		for _, h := range r.Headers {
			headers = append(headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
		}
		block[i] = kgo.Record{
			Topic:     w.topic,
			Partition: int32(w.shard),
			Key:       r.Key,
			Value:     r.Value,
			Headers:   headers[from:len(headers):len(headers)],
			Timestamp: r.Timestamp,
		}
		w.client.Produce(ctx, &block[i], results.Promise())
	}
	w.headers = headers
	// The results first: ending the transaction commits what is there and answers
	// nil also when a record in the middle was refused, which would be a gap.
	if err := results.Err(); err != nil {
		w.abort(ctx)
		return fmt.Errorf("write: %w", err)
	}
	if err := w.client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// abort frees the readers of committed records at once instead of at the
// transaction's timeout. Whether it succeeds changes nothing else.
func (w *writer) abort(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err := w.client.EndTransaction(limited, kgo.TryAbort)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return // fenced already, or the broker is away: the next owner ends it
	}
}

// Close ends the writer. What it left open the next owner aborts.
func (w *writer) Close() { w.once.Do(w.client.Close) }
