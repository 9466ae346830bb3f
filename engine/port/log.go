package port

import (
	"context"
	"errors"
	"time"
)

// Header is one header of a log record.
type Header struct {
	Key   string
	Value []byte
}

// LogRecord is one record of a log as it is read.
type LogRecord struct {
	Offset      int64
	LeaderEpoch int32
	Timestamp   time.Time // stamped by the broker
	Key, Value  []byte
	Headers     []Header
}

// LogPosition is where a reader goes on: the next offset, the leader epoch of the
// record before it (below zero: not known, and not compared), and the identity of
// the topic it was taken from.
type LogPosition struct {
	Offset      int64
	LeaderEpoch int32
	TopicID     [16]byte // zero when nothing was ever read
}

// Reasons why a stored position cannot be used. None is ever mended by resetting:
// the shard refuses to start and doctor explains.
var (
	ErrTopicReplaced = errors.New("the topic was deleted and made again")
	ErrOffsetGone    = errors.New("the stored offset is no longer in the topic")
	ErrDataLoss      = errors.New("the topic lost records before the stored offset")
	// ErrLogFull says that too many commands wait to be written; ask again later.
	ErrLogFull = errors.New("too many commands wait for the log")
	// ErrFenced says that another owner of the shard writes the event log now.
	ErrFenced = errors.New("another owner publishes this shard")
)

// CommandLog is the command topic: one partition per shard, time stamped by the broker.
type CommandLog interface {
	// Append adds one record to the shard's partition (idempotent producer, all
	// replicas) and calls done once, from another goroutine. Order of calls for one
	// shard is the order in the log.
	Append(ctx context.Context, shard int, value []byte, headers []Header, done func(offset int64, err error))
	// Read opens the shard's partition at the position; ErrTopicReplaced,
	// ErrOffsetGone or ErrDataLoss when the position does not fit the topic.
	Read(ctx context.Context, shard int, from LogPosition) (CommandReader, error)
	// Shards is the number of partitions.
	Shards() int
	// TopicID is the topic's identity.
	TopicID() [16]byte
}

// CommandReader reads one partition in order.
type CommandReader interface {
	// Poll waits for at least one record and returns whatever is there, at most max.
	Poll(ctx context.Context, max int) ([]LogRecord, error)
	// Lag is the number of records between the last polled one and the end as last seen.
	Lag() int64
	Close()
}

// EventLog is the topic of published journal records: one partition per shard.
type EventLog interface {
	// Own fences every earlier writer of the shard and returns a writer together
	// with the last published record, nil when there is none. After Own no record
	// of an earlier owner can appear.
	Own(ctx context.Context, shard int) (EventWriter, *LogRecord, error)
	// Replay reads the shard's committed records from the start, in order, until
	// the end as it was at the call, and hands them over in batches.
	Replay(ctx context.Context, shard int, from int64, each func([]LogRecord) error) error
}

// EventWriter publishes the records of one shard, exactly once and in order.
type EventWriter interface {
	// Publish writes the records in one transaction: all become visible, or none.
	// ErrFenced means that the shard has another owner; any error means that the
	// writer is of no more use: Own again and compare with the tail.
	Publish(ctx context.Context, records []LogRecord) error
	Close()
}

// OutcomeLog carries outcomes to the processes whose callers wait for them.
type OutcomeLog interface {
	// Tell sends a message to a process; it may be lost (waiters look their key up).
	Tell(process string, value []byte)
	// Listen calls each for every message sent to this process from now on, until ctx ends.
	Listen(ctx context.Context, process string, each func(value []byte)) error
}

// CheckpointLog is the topic of signed checkpoints of all shards, kept for ever.
type CheckpointLog interface {
	// PutCheckpoint appends a signed checkpoint of the shard and answers when every
	// replica has it. After an error it may be there all the same, or come there.
	PutCheckpoint(ctx context.Context, shard int, signed []byte) error
	// LastCheckpoint is the shard's newest one, nil when there is none.
	LastCheckpoint(ctx context.Context, shard int) ([]byte, error)
}
