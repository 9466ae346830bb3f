package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/journal/proof"
)

// TreeState is how far a shard's Merkle tree was made, and its newest published
// checkpoint.
type TreeState struct {
	Head       journal.Head // the last record in it
	Checkpoint string       // a signed note; "" when none was published yet
}

// ErrTreeMoved says that somebody else made the tree longer meanwhile.
var ErrTreeMoved = errors.New("the tree has another size")

// Tree reads a shard's tree; ok is false when none was begun.
func (db *DB) Tree(ctx context.Context, shard int) (state TreeState, ok bool, err error) {
	states, err := collect(ctx, db, "tree", func(rows pgx.Rows) (s TreeState, err error) {
		var size, checkpointSize int64
		var head []byte
		if err = rows.Scan(&size, &head, &checkpointSize, &s.Checkpoint); err == nil {
			s.Head, err = journalHead(size, head)
		}
		return s, err
	}, sqlTreeRead, shard)
	if err != nil || len(states) == 0 {
		return TreeState{}, false, err
	}
	return states[0], true, nil
}

// GrowTree writes tiles and moves the tree from a size to a head; ErrTreeMoved when it
// is no longer of that size.
func (db *DB) GrowTree(ctx context.Context, shard int, from uint64, to journal.Head, tiles []proof.Tile) error {
	levels, numbers, hashes := make([]int16, len(tiles)), make([]int64, len(tiles)), make([][]byte, len(tiles))
	for i, t := range tiles {
		levels[i], numbers[i], hashes[i] = int16(t.Level), t.Number, t.Hashes
	}
	err := db.Write(ctx, func(tx pgx.Tx) error {
		if from == 0 {
			if _, err := tx.Exec(ctx, sqlTreeInsert, shard, make([]byte, len(journal.Hash{}))); err != nil {
				return err
			}
		}
		moved, err := tx.Exec(ctx, sqlTreeGrow, shard, int64(from), int64(to.Seq), to.Hash[:])
		if err != nil {
			return err
		}
		if moved.RowsAffected() != 1 {
			return fmt.Errorf("%w: expected %d", ErrTreeMoved, from)
		}
		_, err = tx.Exec(ctx, sqlTilePut, shard, levels, numbers, hashes)
		return err
	})
	if err != nil {
		return fmt.Errorf("grow the tree of shard %d: %w", shard, err)
	}
	return nil
}

// KeepCheckpoint keeps a published checkpoint, unless a newer one is there.
func (db *DB) KeepCheckpoint(ctx context.Context, shard int, size uint64, signed []byte) error {
	if err := db.writeOne(ctx, sqlTreeCheckpoint, shard, int64(size), string(signed)); err != nil {
		return fmt.Errorf("keep the checkpoint of shard %d at %d: %w", shard, size, err)
	}
	return nil
}

// Tiles reads tiles of a shard's tree, in one snapshot.
func (db *DB) Tiles(ctx context.Context, shard int) proof.Tiles {
	return func(ids []proof.TileID) (map[proof.TileID][]byte, error) {
		out := map[proof.TileID][]byte{}
		if len(ids) == 0 {
			return out, nil
		}
		return out, db.snapshot(ctx, "tiles", func(b *pgx.Batch) {
			clear(out)
			for _, id := range ids {
				rowsOf(b, func(rows pgx.Rows) error {
					var level int16
					var number int64
					var hashes []byte
					if err := rows.Scan(&level, &number, &hashes); err != nil {
						return err
					}
					out[proof.TileID{Level: int(level), Number: number}] = hashes
					return nil
				}, sqlTileGet, shard, id.Level, id.Number)
			}
		})
	}
}
