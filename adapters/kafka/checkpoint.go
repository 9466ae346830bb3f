package kafka

import (
	"context"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/provodka/provodka/engine/port"
)

// PutCheckpoint appends a signed checkpoint; its key is the shard.
func (l *Log) PutCheckpoint(ctx context.Context, shard int, signed []byte) error {
	record := &kgo.Record{Topic: l.topics.checkpoints.name, Key: checkpointKey(shard), Value: signed}
	answers := make(chan error, 1)
	answer := first(ctx, 2*l.config.DeliveryTimeout, func(_ int64, err error) { answers <- err })
	// As in Append: a context of ours would fail what others have in the same request.
	l.producer.TryProduce(context.Background(), record, func(r *kgo.Record, err error) { answer(r.Offset, err) })
	if err := <-answers; err != nil {
		return fmt.Errorf("append a checkpoint of shard %d: %w", shard, err)
	}
	return nil
}

// LastCheckpoint looks for the shard's newest checkpoint from the end of the topic
// backwards, each time four times as far: the shards that move have theirs near the end.
func (l *Log) LastCheckpoint(ctx context.Context, shard int) ([]byte, error) {
	topic := l.topics.checkpoints.name
	start, err := listed(l.admin.ListStartOffsets(ctx, topic))(topic, 0)
	if err != nil {
		return nil, fmt.Errorf("find the last checkpoint of shard %d: %w", shard, err)
	}
	end, err := listed(l.admin.ListCommittedOffsets(ctx, topic))(topic, 0)
	if err != nil {
		return nil, fmt.Errorf("find the last checkpoint of shard %d: %w", shard, err)
	}
	var last []byte
	for until, look := end, int64(firstLook); until > start && last == nil; look *= 4 {
		from := max(start, until-look)
		err := l.scan(ctx, topic, 0, from, until, func(records []port.LogRecord) error {
			for _, r := range records {
				if string(r.Key) == string(checkpointKey(shard)) {
					last = r.Value
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("find the last checkpoint of shard %d: %w", shard, err)
		}
		until = from
	}
	return last, nil
}

func checkpointKey(shard int) []byte { return strconv.AppendInt(nil, int64(shard), 10) }
