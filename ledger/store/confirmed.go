package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Confirmed reads up to which record of a shard's journal final answers were asked about
// again, by the pause after the answer.
func (db *DB) Confirmed(ctx context.Context, shard int) (map[time.Duration]uint64, error) {
	type row struct {
		pause time.Duration
		seq   uint64
	}
	rows, err := collect(ctx, db, "confirmed", func(rows pgx.Rows) (r row, err error) {
		var pause, seq int64
		err = rows.Scan(&pause, &seq)
		return row{time.Duration(pause) * time.Millisecond, uint64(seq)}, err
	}, sqlConfirmedList, shard)
	out := map[time.Duration]uint64{}
	for _, r := range rows {
		out[r.pause] = r.seq
	}
	return out, err
}

// NoteConfirmed notes that final answers up to a record were asked about again.
func (db *DB) NoteConfirmed(ctx context.Context, shard int, pause time.Duration, seq uint64) error {
	err := db.Write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sqlConfirmedPut, shard, pause.Milliseconds(), int64(seq))
		return err
	})
	if err != nil {
		return fmt.Errorf("note what was confirmed: %w", err)
	}
	return nil
}

// SeqSince is the first number of a shard's journal that may have been recorded at or
// after a moment.
func (db *DB) SeqSince(ctx context.Context, shard int, momentUS int64) (uint64, error) {
	rows, err := collect(ctx, db, "the first record since a moment", func(rows pgx.Rows) (seq uint64, err error) {
		var of int
		var n int64
		err = rows.Scan(&of, &n)
		return uint64(n), err
	}, sqlSegmentFromMoment, shard, momentUS)
	if err != nil || len(rows) == 0 {
		return 1, err
	}
	return rows[0], nil
}

// FoundEffect is an effect and the shard where it stands.
type FoundEffect struct {
	Shard int
	EffectRow
}

// FindEffects finds the effects that there are among attempts, on whatever shards: a seek
// for each in each.
func (db *DB) FindEffects(ctx context.Context, attempts []string) (found []FoundEffect, err error) {
	shards, err := db.Shards(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range shards {
		if len(found) == len(attempts) {
			break
		}
		rows, err := db.LoadEffects(ctx, s.Shard, attempts)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			found = append(found, FoundEffect{s.Shard, r})
		}
	}
	return found, nil
}
