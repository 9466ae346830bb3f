package store

import (
	"context"

	"github.com/provodka/provodka/ledger/journal"
)

// Position is where a shard goes on reading its commands.
type Position struct {
	Offset      int64
	LeaderEpoch int32
	TopicID     [16]byte
}

// ShardState is a shard's row.
type ShardState struct {
	Shard    int
	Epoch    int64
	Position Position
	Head     journal.Head
	ClockUS  int64
}

// Seen is how far a snapshot sees a shard.
type Seen struct {
	Shard   int
	Seq     uint64
	ClockUS int64
}

// TakeOver makes the caller the only writer of the shard: it ends the sessions of
// earlier owners, raises the epoch, commits that, and only then reads the state. The
// row is made at the first take-over.
func (db *DB) TakeOver(ctx context.Context, shard int) (ShardState, error) {
	return ShardState{}, errUnwritten
}

// Shards lists the shards that were ever taken over.
func (db *DB) Shards(ctx context.Context) ([]ShardState, error) { return nil, errUnwritten }
