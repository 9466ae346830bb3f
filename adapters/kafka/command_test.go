package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/provodka/provodka/engine/port"
)

func TestOrderOfAShardIsKept(t *testing.T) {
	t.Parallel()
	log := open(t, 3)
	var wg sync.WaitGroup
	for shard := range 3 {
		wg.Go(func() { mustAppend(t, log, shard, numbered(0, 2000)...) })
	}
	wg.Wait()
	for shard := range 3 {
		reader, err := log.Read(t.Context(), shard, port.LogPosition{})
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		for i, r := range read(t, reader, 2000) {
			if r.Offset != int64(i) || string(r.Value) != fmt.Sprint(i) || string(r.Headers[0].Value) != fmt.Sprint(i) || r.Headers[0].Key != "n" {
				t.Fatalf("shard %d, record %d: offset %d value %s headers %v", shard, i, r.Offset, r.Value, r.Headers)
			}
		}
		if reader.Lag() != 0 {
			t.Errorf("lag %d at the end", reader.Lag())
		}
	}
}

func TestReadingGoesOnAtThePosition(t *testing.T) {
	t.Parallel()
	log := open(t, 1)
	mustAppend(t, log, 0, numbered(0, 100)...)
	at := port.LogPosition{}
	for at.Offset < 100 {
		reader, err := log.Read(t.Context(), 0, at)
		if err != nil {
			t.Fatal(err)
		}
		records, err := reader.Poll(soon(t), 30)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) > 30 {
			t.Errorf("%d records, at most 30 were asked for", len(records))
		}
		for _, r := range records {
			if string(r.Value) != fmt.Sprint(at.Offset) {
				t.Fatalf("offset %d holds %s", at.Offset, r.Value)
			}
			at = port.LogPosition{Offset: r.Offset + 1, LeaderEpoch: r.LeaderEpoch, TopicID: log.TopicID()}
		}
		reader.Close()
	}
	reader, err := log.Read(t.Context(), 0, at)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if records, err := reader.Poll(short, 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Poll at the end: %v, %v", records, err)
	}
	mustAppend(t, log, 0, "late")
	if r := read(t, reader, 1)[0]; string(r.Value) != "late" || r.Offset != 100 {
		t.Errorf("after a Poll that ended with its context: %s at %d", r.Value, r.Offset)
	}
}

func TestTheBrokerStampsCommands(t *testing.T) {
	t.Parallel()
	log := open(t, 1)
	before := time.Now().Add(-time.Second)
	rawProduce(t, log, &kgo.Record{
		Topic: log.topics.commands.name, Value: []byte("x"), Timestamp: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	reader, err := log.Read(t.Context(), 0, port.LogPosition{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	got := read(t, reader, 1)[0].Timestamp
	// The embedded broker takes the setting and ignores it: it has CreateTime only.
	if got.Before(before) && isApache() {
		t.Errorf("the record is stamped %v by whoever wrote it", got)
	}
}

func TestPositionsThatDoNotFit(t *testing.T) {
	t.Parallel()
	log := open(t, 1)
	name := log.topics.commands.name
	mustAppend(t, log, 0, numbered(0, 10)...)
	reader, err := log.Read(t.Context(), 0, port.LogPosition{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	records := read(t, reader, 10)
	epoch, id := records[9].LeaderEpoch, log.TopicID()

	refuse := func(what string, at port.LogPosition, want error) {
		t.Helper()
		r, err := log.Read(soon(t), 0, at)
		if err == nil {
			r.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	other := id
	other[0] ^= 1
	refuse("another topic's id", port.LogPosition{Offset: 5, LeaderEpoch: epoch, TopicID: other}, port.ErrTopicReplaced)
	unknown, err := log.Read(soon(t), 0, port.LogPosition{Offset: 5, LeaderEpoch: -1, TopicID: id})
	if err != nil {
		t.Fatalf("a position without a leader epoch, as a restore leaves it: %v", err)
	}
	if r := read(t, unknown, 1)[0]; r.Offset != 5 {
		t.Errorf("read %d, want 5", r.Offset)
	}
	unknown.Close()
	refuse("behind the end, of no known epoch", port.LogPosition{Offset: 11, LeaderEpoch: -1, TopicID: id}, port.ErrDataLoss)
	refuse("behind the end", port.LogPosition{Offset: 11, LeaderEpoch: epoch, TopicID: id}, port.ErrDataLoss)
	refuse("a leader that never was", port.LogPosition{Offset: 10, LeaderEpoch: epoch + 7, TopicID: id}, port.ErrDataLoss)
	if _, err := log.Read(soon(t), 0, port.LogPosition{Offset: 5}); err == nil {
		t.Error("an offset without a topic id was taken")
	}
	if _, err := log.Read(soon(t), 1, port.LogPosition{}); err == nil {
		t.Error("a shard that does not exist was read")
	}

	_, err = log.admin.DeleteRecords(soon(t), kadm.Offsets{name: {0: kadm.Offset{Topic: name, At: 6}}})
	if err != nil {
		t.Fatal(err)
	}
	refuse("records removed before it", port.LogPosition{Offset: 5, LeaderEpoch: epoch, TopicID: id}, port.ErrOffsetGone)
	refuse("from the start of a log that was cut", port.LogPosition{}, port.ErrOffsetGone)
	fine, err := log.Read(soon(t), 0, port.LogPosition{Offset: 6, LeaderEpoch: epoch, TopicID: id})
	if err != nil {
		t.Fatal(err)
	}
	defer fine.Close()
	if r := read(t, fine, 1)[0]; r.Offset != 6 {
		t.Errorf("read %d, want 6", r.Offset)
	}
}

func TestTopicReplacedUnderAReader(t *testing.T) {
	t.Parallel()
	log := open(t, 1)
	mustAppend(t, log, 0, numbered(0, 5)...)
	reader, err := log.Read(t.Context(), 0, port.LogPosition{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	last := read(t, reader, 5)[4]
	recreate(t, log, log.topics.commands.name)
	second, err := Open(soon(t), log.config)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	// More than before: an offset alone would look fine.
	mustAppend(t, second, 0, numbered(100, 120)...)
	if records, err := reader.Poll(soon(t), 10); !errors.Is(err, port.ErrTopicReplaced) {
		t.Errorf("the open reader: %d records, %v", len(records), err)
	}
	if _, err := reader.Poll(soon(t), 10); !errors.Is(err, port.ErrTopicReplaced) {
		t.Errorf("asked again: %v", err)
	}
	at := port.LogPosition{Offset: 5, LeaderEpoch: last.LeaderEpoch, TopicID: log.TopicID()}
	if _, err := second.Read(soon(t), 0, at); !errors.Is(err, port.ErrTopicReplaced) {
		t.Errorf("a new reader at the stored position: %v", err)
	}
	// A producer that knew the old topic must not write into the new one unnoticed.
	if a := appendAll(t, log, 0, "x")[0]; a.err == nil {
		t.Errorf("appended at %d to a topic that was replaced", a.offset)
	}
}

func TestAppendRefusals(t *testing.T) {
	t.Parallel()
	log := open(t, 1)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	got := make(chan error, 1)
	log.Append(ended, 0, []byte("x"), nil, func(_ int64, err error) { got <- err })
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	log.Append(t.Context(), 1, []byte("x"), nil, func(_ int64, err error) { got <- err })
	if err := <-got; err == nil {
		t.Error("appended to a shard that does not exist")
	}
	if a := appendAll(t, log, 0, strings.Repeat("x", maxBatch+1))[0]; !errors.Is(a.err, kerr.MessageTooLarge) {
		t.Errorf("an oversized record: %v", a.err)
	}
	if a := appendAll(t, log, 0, strings.Repeat("x", MaxRecord))[0]; a.err != nil || a.offset != 0 {
		t.Errorf("the largest record after the refusals: %+v", a)
	}
}

func TestWrongNumberOfPartitionsIsRefused(t *testing.T) {
	t.Parallel()
	config := configure(t, 2)
	openWith(t, config)
	config.Shards = 3
	log, err := Open(soon(t), config)
	if err == nil {
		log.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "has 2 partitions and this installation has 3 shards") {
		t.Errorf("Open = %v", err)
	}
}

func TestManyOpenAtOnce(t *testing.T) {
	t.Parallel()
	config := configure(t, 2)
	ids := make([][16]byte, 4)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			log, err := Open(t.Context(), config)
			if err != nil {
				t.Error(err)
				return
			}
			defer log.Close()
			ids[i] = log.TopicID()
		})
	}
	wg.Wait()
	openWith(t, config) // removes the topics
	for _, id := range ids {
		if id != ids[0] || id == ([16]byte{}) {
			t.Errorf("ids %x", ids)
		}
	}
}
