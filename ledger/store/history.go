package store

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/migrations"
)

// then reads every stripe as of a business day, as known at a moment: its newest leg
// before the earlier of the two, and what late legs change of it; late is known already
// when the same stripes were read as of another day.
func (s stripeSums) then(ctx context.Context, db *DB, tx pgx.Tx, places []stripePlace, m moments, late lateStripes) error {
	if len(places) == 0 {
		return nil
	}
	keys := map[int][]StripeKey{}
	for _, p := range places {
		keys[p.shard] = append(keys[p.shard], p.key)
	}
	until, err := m.numbersUntil(ctx, tx, shardsOf(keys), m.until)
	if err != nil {
		return err
	}
	found := map[int]*stripeSlots{}
	err = pipeline(ctx, tx, func(b *pgx.Batch) {
		for shard, list := range keys {
			found[shard] = newStripeSlots(list)
			db.queueThen(b, found[shard], shard, until(shard), m.until)
		}
	})
	if err != nil {
		return err
	}
	s.put(found)
	if !m.byDay {
		return nil
	}
	return s.addLate(ctx, db, tx, keys, m, late)
}

// queueThen queues what reads the newest legs of stripes before a moment: one statement
// for the set; on CockroachDB one each.
func (db *DB) queueThen(b *pgx.Batch, into *stripeSlots, shard int, untilSeq, untilUS int64) {
	if db.dialect == migrations.PostgreSQL {
		accounts, assets := stripeColumns(into.keys)
		rowsOf(b, into.scan, sqlLegThenPG, shard, accounts, assets, untilSeq, untilUS)
		return
	}
	for i, k := range into.keys {
		rowsOf(b, into.scan, sqlLegThen, shard, k.Account, k.Asset, untilSeq, untilUS, i+1)
	}
}

func shardsOf[T any](of map[int]T) map[int]bool {
	shards := make(map[int]bool, len(of))
	for s := range of {
		shards[s] = true
	}
	return shards
}

// numbersUntil is the last number, of each shard, that may count before a moment.
func (m moments) numbersUntil(ctx context.Context, tx pgx.Tx, shards map[int]bool, moment int64) (func(int) int64, error) {
	until, err := untilNumbers(ctx, tx, shards, moment)
	return func(shard int) int64 { return min(until(shard), m.upto(shard)) }, err
}

// untilNumbers turns a moment into the last number, of each shard, that may have been
// recorded before it.
func untilNumbers(ctx context.Context, tx pgx.Tx, shards map[int]bool, moment int64) (func(int) int64, error) {
	found, err := momentNumbers(ctx, tx, shards, sqlSegmentUntilMoment, moment)
	return func(shard int) int64 {
		if seq, ok := found[shard]; ok {
			return seq
		}
		return math.MaxInt64
	}, err
}

// fromNumbers turns a moment into the first number, of each shard, that may have been
// recorded at or after it.
func fromNumbers(ctx context.Context, tx pgx.Tx, shards map[int]bool, moment int64) (func(int) int64, error) {
	found, err := momentNumbers(ctx, tx, shards, sqlSegmentFromMoment, moment)
	return func(shard int) int64 { return found[shard] }, err
}

// numbersBetween turns two moments into the first and the last number, of each shard,
// that may have been recorded at or after the one and before the other.
func numbersBetween(ctx context.Context, tx pgx.Tx, shards map[int]bool, from, until int64) (first, last func(int) int64, err error) {
	if first, err = fromNumbers(ctx, tx, shards, from); err != nil {
		return nil, nil, err
	}
	last, err = untilNumbers(ctx, tx, shards, until)
	return first, last, err
}

func momentNumbers(ctx context.Context, tx pgx.Tx, shards map[int]bool, sql string, moment int64) (map[int]int64, error) {
	found := map[int]int64{}
	if moment == math.MaxInt64 || moment == math.MinInt64 {
		return found, nil // no bound: every number
	}
	err := pipeline(ctx, tx, func(b *pgx.Batch) {
		for shard := range shards {
			rowsOf(b, func(rows pgx.Rows) error {
				var seq int64
				err := rows.Scan(&shard, &seq)
				found[shard] = seq
				return err
			}, sql, shard, moment)
		}
	})
	return found, err
}
