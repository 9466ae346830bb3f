package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/provodka/provodka/engine/port"
)

// firstLook is how far back from the end the tail is looked for at first. The last
// transaction normally ends with its marker and has its last record just before it.
const firstLook = 32

// tail answers the last committed record of the partition, nil when there is none.
// Aborted records and markers may stand at the end: then it looks four times as far.
func (l *Log) tail(ctx context.Context, shard int) (*port.LogRecord, error) {
	topic := l.topics.events.name
	start, err := listed(l.admin.ListStartOffsets(ctx, topic))(topic, shard)
	if err != nil {
		return nil, err
	}
	stable, err := listed(l.admin.ListCommittedOffsets(ctx, topic))(topic, shard)
	if err != nil {
		return nil, err
	}
	for look := int64(firstLook); ; look *= 4 {
		from := max(start, stable-look)
		var last *port.LogRecord
		err := l.scan(ctx, topic, shard, from, stable, func(records []port.LogRecord) error {
			last = &records[len(records)-1]
			return nil
		})
		if err != nil || last != nil || from == start {
			return last, err
		}
	}
}

// silence is how long a scan waits for the next record before it gives up: the end
// that the broker named has to come.
const silence = 15 * time.Second

var errSilent = errors.New("the broker names a later end and sends nothing")

// scan hands over the committed records of [from, until), in order. until is a last
// stable offset, so every transaction before it is decided.
func (l *Log) scan(ctx context.Context, topic string, shard int, from, until int64, each func([]port.LogRecord) error) error {
	if from >= until {
		return nil
	}
	client, err := l.config.client(fmt.Sprintf("scan-%d", shard), consuming(topic, shard, kgo.NoResetOffset().At(from),
		kgo.FetchIsolationLevel(kgo.ReadUncommitted()),
		kgo.KeepControlRecords(),
	)...)
	if err != nil {
		return err
	}
	defer client.Close()
	open := transactions{}
	next := from
	for next < until {
		poll, cancel := context.WithTimeout(ctx, silence)
		fetches := client.PollRecords(poll, 10_000)
		silent := poll.Err() != nil
		cancel()
		if err := ctx.Err(); err != nil {
			return err
		}
		if silent && fetches.Empty() {
			return fmt.Errorf("%w: offset %d of %s, partition %d, ends at %d", errSilent, next, topic, shard, until)
		}
		var failure error
		fetches.EachError(func(_ string, _ int32, err error) { failure = errors.Join(failure, err) })
		if failure != nil {
			return l.explain(ctx, topic, shard, next, [16]byte{}, failure)
		}
		var batch []port.LogRecord
		fetches.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			if r.Offset < until {
				batch = open.take(r, batch)
			}
		})
		if len(batch) == 0 {
			continue
		}
		if err := each(batch); err != nil {
			return err
		}
	}
	return nil
}

// transactions are those whose end a scan has not met yet, by producer. A scan tells
// committed from aborted by the markers themselves and not by the broker's list of
// what was aborted: after a kill the embedded broker lists a transaction that has no
// marker, and a client that believes the list then drops what the same producer
// committed afterwards.
type transactions map[int64]*transaction

type transaction struct {
	epoch   int16
	records []port.LogRecord
}

// take adds what the record lets through: itself outside of transactions, and all of
// its transaction when it is the marker of a commit. A producer that goes on under
// another epoch has aborted what it left without a marker.
func (t transactions) take(r *kgo.Record, to []port.LogRecord) []port.LogRecord {
	switch open := t[r.ProducerID]; {
	case r.Attrs.IsControl():
		delete(t, r.ProducerID)
		if open != nil && commits(r) {
			return append(to, open.records...)
		}
		return to
	case !r.Attrs.IsTransactional():
		return append(to, fromRecord(r))
	case open == nil || open.epoch != r.ProducerEpoch:
		t[r.ProducerID] = &transaction{epoch: r.ProducerEpoch, records: []port.LogRecord{fromRecord(r)}}
		return to
	default:
		open.records = append(open.records, fromRecord(r))
		return to
	}
}

// commits says whether a marker ends its transaction well: its key is a version and a
// type, 16 bits each; type 1 commits.
func commits(marker *kgo.Record) bool {
	return len(marker.Key) >= 4 && binary.BigEndian.Uint16(marker.Key[2:]) == 1
}

// Replay hands over the shard's committed records from the offset on, in batches,
// until the end as it was at the call; what was published a moment ago may come after
// that end, because Kafka answers the end of a transaction before its readers see it
// (Own waits for that). An offset below the log's beginning is
// port.ErrOffsetGone: events are kept for ever, so something removed them.
func (l *Log) Replay(ctx context.Context, shard int, from int64, each func([]port.LogRecord) error) error {
	topic := l.topics.events.name
	if err := l.checkShard(shard); err != nil {
		return fmt.Errorf("replay events: %w", err)
	}
	start, err := listed(l.admin.ListStartOffsets(ctx, topic))(topic, shard)
	if err != nil {
		return fmt.Errorf("replay events of shard %d: %w", shard, err)
	}
	if from < start {
		return fmt.Errorf("replay events of shard %d from %d: the log begins at %d: %w", shard, from, start, port.ErrOffsetGone)
	}
	stable, err := listed(l.admin.ListCommittedOffsets(ctx, topic))(topic, shard)
	if err == nil {
		err = l.scan(ctx, topic, shard, from, stable, each)
	}
	if err != nil {
		return fmt.Errorf("replay events of shard %d: %w", shard, err)
	}
	return nil
}
