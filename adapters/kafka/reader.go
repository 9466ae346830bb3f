package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/provodka/provodka/engine/port"
)

// reader reads one partition of the command log. Poll is for one goroutine.
type reader struct {
	log    *Log
	client *kgo.Client
	topic  string
	shard  int
	id     [16]byte
	next   atomic.Int64 // the offset that comes next
	end    atomic.Int64 // as last seen
	broken error        // the reason why nothing may be read any more
	once   sync.Once
}

// Read opens the shard's commands at the position, after having compared it with the
// topic: a position that does not fit is port.ErrTopicReplaced, ErrOffsetGone or
// ErrDataLoss, here or, when it happens later, from Poll.
func (l *Log) Read(ctx context.Context, shard int, from port.LogPosition) (port.CommandReader, error) {
	topic := l.topics.commands.name
	if err := l.checkShard(shard); err != nil {
		return nil, fmt.Errorf("read commands: %w", err)
	}
	if from.TopicID == ([16]byte{}) {
		// Nothing was ever read; the topic may not change between Open and now either.
		from.TopicID, from.LeaderEpoch = l.commands, -1
		if from.Offset != 0 {
			return nil, fmt.Errorf("read commands of shard %d: offset %d without the topic's id", shard, from.Offset)
		}
	}
	if err := l.fits(ctx, topic, shard, from); err != nil {
		return nil, fmt.Errorf("read commands of shard %d: %w", shard, err)
	}
	at := kgo.NoResetOffset().At(from.Offset)
	if from.Offset > 0 {
		at = at.WithEpoch(from.LeaderEpoch)
	}
	client, err := l.config.client(fmt.Sprintf("reader-%d", shard), consuming(topic, shard, at)...)
	if err != nil {
		return nil, fmt.Errorf("read commands of shard %d: %w", shard, err)
	}
	r := &reader{log: l, client: client, topic: topic, shard: shard, id: from.TopicID}
	r.next.Store(from.Offset)
	r.end.Store(from.Offset)
	return r, nil
}

// Poll waits for records and answers at most max of them. After an error other than
// ctx's the reader is of no more use; nothing of the poll that met it is handed out.
func (r *reader) Poll(ctx context.Context, max int) ([]port.LogRecord, error) {
	if r.broken != nil {
		return nil, r.broken
	}
	for {
		fetches := r.client.PollRecords(ctx, max)
		if fetches.IsClientClosed() {
			r.broken = fmt.Errorf("read commands of shard %d: %w", r.shard, kgo.ErrClientClosed)
			return nil, r.broken
		}
		records, err := r.take(ctx, fetches)
		if err != nil {
			return nil, err
		}
		if len(records) > 0 {
			return records, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

func (r *reader) take(ctx context.Context, fetches kgo.Fetches) ([]port.LogRecord, error) {
	fetches.EachError(func(_ string, _ int32, err error) {
		if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
			r.broken = err
		}
	})
	next := r.next.Load()
	if r.broken != nil {
		r.broken = fmt.Errorf("read commands of shard %d: %w", r.shard,
			r.log.explain(ctx, r.topic, r.shard, next, r.id, r.broken))
		return nil, r.broken
	}
	records := make([]port.LogRecord, 0, fetches.NumRecords())
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if p.HighWatermark > r.end.Load() {
			r.end.Store(p.HighWatermark)
		}
		for _, record := range p.Records {
			if record.Offset < next && r.broken == nil {
				r.broken = fmt.Errorf("read commands of shard %d: offset %d came after %d: %w",
					r.shard, record.Offset, next-1, port.ErrDataLoss)
			}
			records = append(records, fromRecord(record))
			next = record.Offset + 1
		}
	})
	if r.broken != nil {
		return nil, r.broken
	}
	r.next.Store(next)
	return records, nil
}

// Lag is the number of records behind the last polled one, as of the last answer.
func (r *reader) Lag() int64 { return max(0, r.end.Load()-r.next.Load()) }

// Close ends the reader; a Poll that waits returns.
func (r *reader) Close() { r.once.Do(r.client.Close) }
