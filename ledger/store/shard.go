package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/migrations"
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

// takeOverTries bounds the tries; each waits a second for the shard's row.
const takeOverTries = 10

// TakeOver makes the caller the only writer of the shard: it ends the sessions of
// earlier owners (one that is paused inside a transaction would hold the row for ever),
// raises the epoch, commits that, and only then reads the state. The row is made at the
// first take-over. An ambiguous commit is resolved by taking over: only one epoch above
// the row's is left to whoever holds the lease.
func (db *DB) TakeOver(ctx context.Context, shard int) (ShardState, error) {
	if err := checkShard(shard); err != nil {
		return ShardState{}, err
	}
	state, err := db.takeOver(ctx, shard)
	if err != nil {
		return ShardState{}, fmt.Errorf("take over shard %d: %w", shard, err)
	}
	return state, nil
}

func (db *DB) takeOver(ctx context.Context, shard int) (ShardState, error) {
	var epoch int64
	for try := 1; ; try++ {
		if err := db.endSessions(ctx, shard); err != nil {
			return ShardState{}, fmt.Errorf("end the sessions of earlier owners: %w", err)
		}
		var err error
		if epoch, err = db.raiseEpoch(ctx, shard); err == nil {
			break
		}
		again := errors.Is(err, ErrAmbiguous)
		switch sqlState(err) {
		case "55P03", "57014", "23505": // the row is locked, or another made it just now
			again = true
		}
		if try == takeOverTries || !again {
			return ShardState{}, fmt.Errorf("raise the epoch: %w", err)
		}
		db.o.Logger.WarnContext(ctx, "raising a shard's epoch has to wait", "shard", shard, "try", try, "error", err)
	}
	states, err := collect(ctx, db, "shard", scanShard, sqlShardRead, shard)
	switch {
	case err != nil:
		return ShardState{}, err
	case len(states) != 1:
		return ShardState{}, errors.New("its row is gone")
	case states[0].Epoch != epoch:
		return ShardState{}, fmt.Errorf("epoch %d was raised to %d by another: %w", epoch, states[0].Epoch, ErrFenced)
	}
	return states[0], nil
}

// endSessions ends every session of the shard's owners. An owner that the caller has
// replaced by raising the epoch has lost nothing by it.
func (db *DB) endSessions(ctx context.Context, shard int) error {
	sql := sqlSessionEndPG
	if db.dialect == migrations.CockroachDB {
		sql = sqlSessionEndCRDB
	}
	return db.run(ctx, "end sessions", func() error {
		_, err := db.pool.Exec(ctx, sql, ownerName(shard, 0))
		return err
	})
}

func (db *DB) raiseEpoch(ctx context.Context, shard int) (int64, error) {
	var epoch int64
	err := db.Write(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlSessionShortLock); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, sqlShardRaise, shard).Scan(&epoch)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		epoch = 1
		_, err = tx.Exec(ctx, sqlShardInsert, shard, make([]byte, 32))
		return err
	})
	return epoch, err
}

// Shards lists the shards that were ever taken over.
func (db *DB) Shards(ctx context.Context) ([]ShardState, error) {
	return collect(ctx, db, "shards", scanShard, sqlShardList)
}

func scanShard(rows pgx.Rows) (s ShardState, err error) {
	var seq int64
	var head []byte
	err = rows.Scan(&s.Shard, &s.Epoch, &s.Position.Offset, &s.Position.LeaderEpoch, &s.Position.TopicID, &seq, &head, &s.ClockUS)
	if err == nil {
		s.Head, err = journalHead(seq, head)
	}
	return s, err
}

func scanSeen(rows pgx.Rows) (s Seen, err error) {
	err = rows.Scan(&s.Shard, &s.Seq, &s.ClockUS)
	return s, err
}
