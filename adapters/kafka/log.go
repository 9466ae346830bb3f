package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/provodka/provodka/engine/port"
)

// Log is the four topics of one installation. It is safe for concurrent use.
type Log struct {
	config   Config
	topics   topics
	commands [16]byte // the topic's identity
	producer *kgo.Client
	gossip   *kgo.Client // outcomes: they must not wait behind commands, nor commands behind them
	admin    *kadm.Client
	arrivals arrivals
	now      chan struct{} // somebody's command is to be sent now
	closed   chan struct{}
	once     sync.Once
}

var (
	_ port.CommandLog = (*Log)(nil)
	_ port.EventLog   = (*Log)(nil)
	_ port.OutcomeLog = (*Log)(nil)

	_ port.CheckpointLog = (*Log)(nil)
)

// Open connects, makes the topics that are missing and refuses those that cannot be
// used. ctx bounds the opening only.
func Open(ctx context.Context, config Config) (*Log, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	l := &Log{
		config: config, topics: plan(config.Prefix, config.Shards),
		now: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	if err := l.open(ctx); err != nil {
		l.Close()
		return nil, fmt.Errorf("kafka at %v: %w", config.Brokers, err)
	}
	return l, nil
}

func (l *Log) open(ctx context.Context) (err error) {
	options := producing(
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerLinger(l.config.companyWait),
		kgo.RecordDeliveryTimeout(l.config.DeliveryTimeout),
		kgo.MaxBufferedRecords(l.config.MaxBufferedRecords),
		kgo.MaxBufferedBytes(l.config.MaxBufferedBytes),
	)
	if l.producer, err = l.config.client("commands", append(options, l.config.metrics()...)...); err != nil {
		return err
	}
	l.gossip, err = l.config.client("outcomes", producing(
		kgo.DisableIdempotentWrite(),
		kgo.RequiredAcks(kgo.LeaderAck()),
		kgo.MaxBufferedRecords(10_000),
		kgo.RecordRetries(2),
	)...)
	if err != nil {
		return err
	}
	l.admin = kadm.NewClient(l.producer)
	details, err := ensure(ctx, l.admin, l.topics, l.config.Replication)
	if err != nil {
		return err
	}
	l.commands = details[l.topics.commands.name].ID
	go l.send()
	return nil
}

// Close ends the producers; commands that wait are answered with an error. Readers
// and writers are closed by those who opened them.
func (l *Log) Close() {
	l.once.Do(func() { close(l.closed) })
	for _, client := range []*kgo.Client{l.producer, l.gossip} {
		if client != nil {
			client.Close()
		}
	}
}

// Shards is the number of partitions of the command log and of the event log.
func (l *Log) Shards() int { return l.config.Shards }

// TopicID is the identity of the command topic, as it was found at Open.
func (l *Log) TopicID() [16]byte { return l.commands }

// Append queues one command; it never blocks. done is called once: with the offset
// when every replica has it, or with an error. After ctx's error the command may still
// be in the log, or come there: it was handed over and cannot be called back. A full
// queue is port.ErrLogFull. done must be quick: it holds up the answers behind it. While many
// come, one waits up to two milliseconds for others to share a durable write with.
func (l *Log) Append(ctx context.Context, shard int, value []byte, headers []port.Header, done func(offset int64, err error)) {
	if err := errors.Join(ctx.Err(), l.checkShard(shard)); err != nil {
		go done(0, fmt.Errorf("append to shard %d: %w", shard, err))
		return
	}
	answer := first(ctx, 2*l.config.DeliveryTimeout, done)
	record := &kgo.Record{
		Topic:     l.topics.commands.name,
		Partition: int32(shard),
		Value:     value,
		Headers:   toHeaders(headers),
	}
	// Not the caller's ctx: the client fails a whole batch when the context of its
	// first record ends, and the batch holds other callers' commands.
	l.producer.TryProduce(context.Background(), record, func(r *kgo.Record, err error) {
		if errors.Is(err, kgo.ErrMaxBuffered) {
			err = port.ErrLogFull
		}
		if err != nil {
			answer(0, fmt.Errorf("append to shard %d: %w", shard, err))
			return
		}
		answer(r.Offset, nil)
	})
	if !l.arrivals.many(time.Now()) { // clock: how long to wait for company
		l.sendNow()
	}
}

// errNoAnswer: the command was sent, or tried to be, and the broker says nothing.
var errNoAnswer = errors.New("the broker does not answer")

// first calls done for whichever comes first: the broker's answer, the end of ctx, or
// the end of our patience. A record that was sent on a connection which then died is
// neither in the log nor not; the client asks until it knows, which may be for ever.
func first(ctx context.Context, patience time.Duration, done func(int64, error)) func(int64, error) {
	var once sync.Once
	giveUp := func(reason error) {
		once.Do(func() { done(0, fmt.Errorf("append: whether it is in the log is not known: %w", reason)) })
	}
	timer := time.AfterFunc(patience, func() { giveUp(errNoAnswer) })
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, func() { giveUp(ctx.Err()) })
	}
	return func(offset int64, err error) {
		timer.Stop()
		stop()
		once.Do(func() { done(offset, err) })
	}
}

func (l *Log) checkShard(shard int) error {
	if shard < 0 || shard >= l.config.Shards {
		return fmt.Errorf("there is no shard %d, there are %d", shard, l.config.Shards)
	}
	return nil
}

func toHeaders(headers []port.Header) []kgo.RecordHeader {
	if len(headers) == 0 {
		return nil
	}
	out := make([]kgo.RecordHeader, len(headers))
	for i, h := range headers {
		out[i] = kgo.RecordHeader{Key: h.Key, Value: h.Value}
	}
	return out
}

func fromRecord(r *kgo.Record) port.LogRecord {
	out := port.LogRecord{
		Offset:      r.Offset,
		LeaderEpoch: r.LeaderEpoch,
		Timestamp:   r.Timestamp,
		Key:         r.Key,
		Value:       r.Value,
	}
	if len(r.Headers) > 0 {
		out.Headers = make([]port.Header, len(r.Headers))
		for i, h := range r.Headers {
			out.Headers[i] = port.Header{Key: h.Key, Value: h.Value}
		}
	}
	return out
}

// isFenced says that a newer producer id of the same transactional id exists. The
// broker names it differently by the step that meets it: the produce, the end of a
// transaction, or the next request of a client that already knows.
func isFenced(err error) bool {
	for _, code := range []error{kerr.InvalidProducerEpoch, kerr.ProducerFenced, kerr.InvalidTxnState, kerr.OperationNotAttempted} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}
