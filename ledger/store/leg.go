package store

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// LegRow is a leg with the stripe's sums after it.
type LegRow struct {
	Shard                                int
	Key                                  StripeKey
	Seq                                  uint64
	Leg                                  int
	Kind                                 journalv1.LegKind
	Amount                               money.Amount
	Version                              uint64
	ClockUS                              int64
	Day                                  string
	Debit, Credit, HeldDebit, HeldCredit money.Amount
}

// LegCursor is the place of a leg in the order of legs over all shards.
type LegCursor struct {
	ClockUS int64
	Shard   int
	Seq     uint64
	Leg     int
}

// LegPage asks for a page of legs in the order (clock, shard, seq, leg).
type LegPage struct {
	After   *LegCursor // the last leg of the page before
	FromUS  int64      // recorded at or after
	UntilUS int64      // recorded before; 0 is no bound
	Newest  bool       // newest first
	Limit   int
}

// Legs reads a page of an account's legs in one asset, merged over its stripes.
func (db *DB) Legs(ctx context.Context, key StripeKey, page LegPage) ([]LegRow, []Seen, error) {
	sql, span := page.span()
	var legs []LegRow
	var seen []Seen
	err := db.phases(ctx, "legs", func(tx pgx.Tx) error {
		places, err := placesOf(ctx, tx, &seen, []StripeKey{key})
		if err != nil {
			return err
		}
		shards := map[int]bool{}
		for _, p := range places {
			shards[p.shard] = true
		}
		first, last, err := numbersBetween(ctx, tx, shards, span.seekFrom, span.seekUntil)
		if err != nil {
			return err
		}
		legs = nil
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			for shard := range shards {
				queueOnto(b, &legs, scanLeg, sql, shard, key.Account, key.Asset, first(shard), last(shard),
					page.FromUS, span.until, span.after.ClockUS, span.after.Shard, int64(span.after.Seq), span.after.Leg, page.Limit)
			}
		})
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(legs, func(a, b LegRow) int {
		if page.Newest {
			a, b = b, a
		}
		return cmp.Or(cmp.Compare(a.ClockUS, b.ClockUS), cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Leg, b.Leg))
	})
	return legs[:min(len(legs), page.Limit)], seen, nil
}

// legSpan is where a page is looked for.
type legSpan struct {
	after               LegCursor
	until               int64 // recorded before
	seekFrom, seekUntil int64 // moments between which every leg of the page lies
}

// span names the statement of a page and where it looks.
func (p LegPage) span() (string, legSpan) {
	s := legSpan{until: p.UntilUS}
	if s.until == 0 {
		s.until = math.MaxInt64
	}
	if p.Newest {
		s.after = LegCursor{ClockUS: math.MaxInt64 - 1, Shard: maxShard}
		if p.After != nil {
			s.after = *p.After
		}
		s.seekFrom, s.seekUntil = p.FromUS, min(s.until, s.after.ClockUS+1)
		return sqlLegPageNewest, s
	}
	s.after = LegCursor{ClockUS: math.MinInt64}
	if p.After != nil {
		s.after = *p.After
	}
	s.seekFrom, s.seekUntil = max(p.FromUS, s.after.ClockUS), s.until
	return sqlLegPage, s
}
