package store

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// then reads every stripe as of a business day, as known at a moment: its newest leg
// before the earlier of the two, and what late legs change of it: those booked for the
// day or an earlier one after its end are added, those booked before it for a later day
// are taken away.
func (s stripeSums) then(ctx context.Context, tx pgx.Tx, places []stripePlace, m moments) error {
	shards := map[int]bool{}
	for _, p := range places {
		shards[p.shard] = true
	}
	until, err := untilNumbers(ctx, tx, shards, m.until)
	if err != nil {
		return err
	}
	found := make([][]StripeRow, len(places))
	err = pipeline(ctx, tx, func(b *pgx.Batch) {
		for i, p := range places {
			queueOnto(b, &found[i], scanStripe, sqlLegThen, p.shard, p.key.Account, p.key.Asset, until(p.shard), m.until)
		}
	})
	if err != nil {
		return err
	}
	for i, p := range places {
		for _, r := range found[i] {
			s.put(p.shard, r)
		}
	}
	if m.day == "" {
		return nil
	}
	return s.addLate(ctx, tx, places, shards, m, until)
}

// lateDay is an effective day of a stripe that has late legs.
type lateDay struct {
	stripePlace
	day string
}

// addLate adds and takes away what was not booked on its day.
func (s stripeSums) addLate(ctx context.Context, tx pgx.Tx, places []stripePlace, shards map[int]bool, m moments, until func(int) int64) error {
	days, err := lateDays(ctx, tx, places)
	if err != nil {
		return err
	}
	dayEnd, err := untilNumbers(ctx, tx, shards, m.dayEnd)
	if err != nil {
		return err
	}
	known, err := untilNumbers(ctx, tx, shards, m.known)
	if err != nil {
		return err
	}
	return pipeline(ctx, tx, func(b *pgx.Batch) {
		for _, d := range days {
			switch {
			case d.day > m.day:
				s.queueLate(b, d, until(d.shard), m.until, true)
			case m.known > m.dayEnd:
				s.queueLate(b, d, known(d.shard), m.known, false)
				s.queueLate(b, d, dayEnd(d.shard), m.dayEnd, true)
			}
		}
	})
}

// queueLate adds a day's running sums before a moment to the stripe, or takes them away.
func (s stripeSums) queueLate(b *pgx.Batch, d lateDay, untilSeq, untilUS int64, away bool) {
	rowsOf(b, func(rows pgx.Rows) error {
		var sum totalSum
		if err := rows.Scan(numbers(&sum.debit, &sum.credit)...); err != nil {
			return err
		}
		inAsset(d.key.Asset, &sum.debit, &sum.credit)
		part := s.at(d.stripePlace)
		if away {
			part.Debit, part.Credit = part.Debit.Sub(sum.debit), part.Credit.Sub(sum.credit)
		} else {
			part.Debit, part.Credit = part.Debit.Add(sum.debit), part.Credit.Add(sum.credit)
		}
		return nil
	}, sqlLateThen, d.shard, d.key.Account, d.key.Asset, d.day, untilSeq, untilUS)
}

// lateDays walks from day to day, all stripes in step: one round trip for each day of
// the stripe that has most of them.
func lateDays(ctx context.Context, tx pgx.Tx, places []stripePlace) (days []lateDay, err error) {
	var at []lateDay
	for _, p := range places {
		at = append(at, lateDay{p, "0001-01-01"})
	}
	for len(at) > 0 {
		var next []lateDay
		err = pipeline(ctx, tx, func(b *pgx.Batch) {
			for _, d := range at {
				queueOnto(b, &next, func(rows pgx.Rows) (lateDay, error) {
					var day pgtype.Date
					err := rows.Scan(&day)
					return lateDay{d.stripePlace, day.Time.Format(dayLayout)}, err
				}, sqlLateNextDay, d.shard, d.key.Account, d.key.Asset, d.day)
			}
		})
		if err != nil {
			return nil, err
		}
		days, at = append(days, next...), next
	}
	return days, nil
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
