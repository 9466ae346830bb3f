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

// FindEffect finds an effect by its attempt on whatever shard: a seek in each.
func (db *DB) FindEffect(ctx context.Context, attempt string) (shard int, e EffectRow, ok bool, err error) {
	shards, err := db.Shards(ctx)
	if err != nil {
		return 0, e, false, err
	}
	for _, s := range shards {
		rows, err := db.LoadEffects(ctx, s.Shard, []string{attempt})
		if err != nil || len(rows) > 0 {
			return s.Shard, append(rows, e)[0], err == nil, err
		}
	}
	return 0, e, false, nil
}
