package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Tell sends a message to the process; when the broker is slow or away it is dropped.
func (l *Log) Tell(process string, value []byte) {
	record := &kgo.Record{Topic: l.topics.outcomes.name, Partition: 0, Key: []byte(process), Value: value}
	l.gossip.TryProduce(context.Background(), record, func(_ *kgo.Record, err error) {
		if err != nil {
			l.config.Logger.Debug("an outcome was not sent; its waiter will look it up", "process", process, "error", err)
		}
	})
}

// Listen calls each for the messages sent to this process since the call, one after
// another, until ctx ends; then it returns nil. An error means that it could not begin.
func (l *Log) Listen(ctx context.Context, process string, each func(value []byte)) error {
	topic := l.topics.outcomes.name
	end, err := listed(l.admin.ListEndOffsets(ctx, topic))(topic, 0)
	if err != nil {
		return fmt.Errorf("listen for outcomes: %w", err)
	}
	client, err := l.config.client("listener", consuming(topic, 0, kgo.NewOffset().At(end),
		// Outcomes may be lost, so a listener that fell behind goes on at the end.
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
		kgo.FetchMaxWait(500*time.Millisecond),
	)...)
	if err != nil {
		return fmt.Errorf("listen for outcomes: %w", err)
	}
	defer client.Close()
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		fetches.EachRecord(func(r *kgo.Record) {
			if string(r.Key) == process {
				each(r.Value)
			}
		})
	}
	return nil
}
