package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/provodka/provodka/engine/port"
)

// bounds is what a partition holds at one moment.
type bounds struct {
	id    [16]byte
	start int64 // the first offset that is still there
	end   int64 // behind the last record
}

func (l *Log) bounds(ctx context.Context, topic string, shard int) (bounds, error) {
	var b bounds
	details, err := l.admin.ListTopics(ctx, topic)
	if err != nil {
		return b, fmt.Errorf("ask for topic %s: %w", topic, err)
	}
	detail, ok := details[topic]
	if !ok || errors.Is(detail.Err, kerr.UnknownTopicOrPartition) {
		return b, fmt.Errorf("topic %s does not exist: %w", topic, port.ErrTopicReplaced)
	}
	if detail.Err != nil {
		return b, fmt.Errorf("topic %s: %w", topic, detail.Err)
	}
	b.id = detail.ID
	if b.start, err = listed(l.admin.ListStartOffsets(ctx, topic))(topic, shard); err != nil {
		return b, err
	}
	b.end, err = listed(l.admin.ListEndOffsets(ctx, topic))(topic, shard)
	return b, err
}

// listed picks one partition's offset out of an answer.
func listed(offsets kadm.ListedOffsets, err error) func(topic string, shard int) (int64, error) {
	return func(topic string, shard int) (int64, error) {
		if err != nil {
			return 0, fmt.Errorf("ask for the offsets of %s: %w", topic, err)
		}
		offset, ok := offsets.Lookup(topic, int32(shard))
		if !ok {
			return 0, fmt.Errorf("the brokers name no offset of %s, partition %d", topic, shard)
		}
		if offset.Err != nil {
			return 0, fmt.Errorf("offset of %s, partition %d: %w", topic, shard, offset.Err)
		}
		return offset.Offset, nil
	}
}

// fits says why a stored position cannot be used, nil when it can.
func (l *Log) fits(ctx context.Context, topic string, shard int, at port.LogPosition) error {
	b, err := l.bounds(ctx, topic, shard)
	if err != nil {
		return err
	}
	if at.TopicID != ([16]byte{}) && at.TopicID != b.id {
		return fmt.Errorf("%s had the id %s and has %s: %w", topic, kadm.TopicID(at.TopicID), kadm.TopicID(b.id), port.ErrTopicReplaced)
	}
	if at.Offset < b.start {
		return fmt.Errorf("%s, partition %d begins at %d, the stored offset is %d: %w", topic, shard, b.start, at.Offset, port.ErrOffsetGone)
	}
	if at.Offset > b.end {
		return fmt.Errorf("%s, partition %d ends at %d, the stored offset is %d: %w", topic, shard, b.end, at.Offset, port.ErrDataLoss)
	}
	if at.Offset == 0 || at.TopicID == ([16]byte{}) || at.LeaderEpoch < 0 {
		return nil // nothing was read yet, or not from here: there is no epoch to compare
	}
	return l.sameHistory(ctx, topic, shard, at)
}

// sameHistory compares where the leader epoch of the last read record ended. Short of
// our offset: the log was cut there and written again by another leader.
func (l *Log) sameHistory(ctx context.Context, topic string, shard int, at port.LogPosition) error {
	var request kadm.OffsetForLeaderEpochRequest
	request.Add(topic, int32(shard), at.LeaderEpoch)
	answers, err := l.admin.OffsetForLeaderEpoch(ctx, request)
	if err != nil {
		return fmt.Errorf("ask for the leader epochs of %s: %w", topic, err)
	}
	answer, ok := answers[topic][int32(shard)]
	if !ok {
		return fmt.Errorf("the brokers name no leader epoch of %s, partition %d", topic, shard)
	}
	if answer.Err != nil {
		return fmt.Errorf("leader epoch of %s, partition %d: %w", topic, shard, answer.Err)
	}
	if answer.LeaderEpoch != at.LeaderEpoch || answer.EndOffset < at.Offset {
		return fmt.Errorf("%s, partition %d: leader epoch %d was read up to %d and ended at %d (epoch %d): %w",
			topic, shard, at.LeaderEpoch, at.Offset, answer.EndOffset, answer.LeaderEpoch, port.ErrDataLoss)
	}
	return nil
}

// explain turns an error of fetching into one of the named reasons where it is one.
func (l *Log) explain(ctx context.Context, topic string, shard int, next int64, id [16]byte, err error) error {
	var loss *kgo.ErrDataLoss
	switch {
	case errors.As(err, &loss):
		return fmt.Errorf("%w: %w", port.ErrDataLoss, err)
	case errors.Is(err, kerr.UnknownTopicID), errors.Is(err, kerr.InconsistentTopicID), errors.Is(err, kerr.UnknownTopicOrPartition):
		b, errAsk := l.bounds(ctx, topic, shard)
		if errAsk == nil && b.id != id {
			errAsk = port.ErrTopicReplaced
		}
		return errors.Join(errAsk, err)
	case errors.Is(err, kerr.OffsetOutOfRange):
		b, errAsk := l.bounds(ctx, topic, shard)
		if errAsk != nil {
			return errors.Join(errAsk, err)
		}
		if next < b.start {
			return fmt.Errorf("%w: it begins at %d, the reader is at %d: %w", port.ErrOffsetGone, b.start, next, err)
		}
		return fmt.Errorf("%w: it ends at %d, the reader is at %d: %w", port.ErrDataLoss, b.end, next, err)
	}
	return err
}
