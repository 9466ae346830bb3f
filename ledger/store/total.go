package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/money"
)

// Totals are a shard's running sums per book, type of account and asset.
type Totals struct{ sums map[totalKey]*totalSum }

type totalKey struct{ book, kind, asset string }

type totalSum struct{ debit, credit money.Amount }

// NewTotals are the totals of a shard without records.
func NewTotals() *Totals { return &Totals{sums: map[totalKey]*totalSum{}} }

// Clone copies the totals: a batch that fails must not have moved them.
func (t *Totals) Clone() *Totals {
	c := NewTotals()
	for k, sum := range t.sums {
		*c.of(k) = *sum
	}
	return c
}

// of is the sum of a key, made when there is none.
func (t *Totals) of(k totalKey) *totalSum {
	sum := t.sums[k]
	if sum == nil {
		sum = &totalSum{}
		t.sums[k] = sum
	}
	return sum
}

// Equal says whether both hold the same sums. It serves go-cmp too.
func (t *Totals) Equal(o *Totals) bool {
	return maps.EqualFunc(t.sums, o.sums, func(a, b *totalSum) bool {
		return a.debit.Equal(b.debit) && a.credit.Equal(b.credit)
	})
}

// LoadTotals reads the shard's totals.
func (db *DB) LoadTotals(ctx context.Context, shard int) (*Totals, error) {
	t := NewTotals()
	err := db.phases(ctx, "totals", func(tx pgx.Tx) error {
		clear(t.sums)
		return eachTotal(ctx, tx, []int{shard}, totalKey{lastText, lastText, lastText}, func(k totalKey, sum totalSum) bool {
			*t.of(k) = sum
			return true
		})
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// eachTotal walks backward through the newest totals of shards, from before a key on,
// until each says that a shard's rest is not wanted. The shards go in step: one round
// trip for each type.
func eachTotal(ctx context.Context, tx pgx.Tx, shards []int, before totalKey, each func(totalKey, totalSum) bool) error {
	at := make(map[int]totalKey, len(shards))
	for _, s := range shards {
		at[s] = before
	}
	for len(at) > 0 {
		err := pipeline(ctx, tx, func(b *pgx.Batch) {
			for shard, k := range at {
				b.Queue(sqlTotalBefore, shard, k.book, k.kind, k.asset).QueryRow(func(row pgx.Row) error {
					var next totalKey
					var sum totalSum
					err := row.Scan(&next.book, &next.kind, &next.asset, &number{&sum.debit}, &number{&sum.credit})
					inAsset(next.asset, &sum.debit, &sum.credit)
					if at[shard] = next; errors.Is(err, pgx.ErrNoRows) || err == nil && !each(next, sum) {
						delete(at, shard)
						return nil
					}
					return err
				})
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// TotalRow is the sum of all accounts of a type in one asset.
type TotalRow struct {
	Type, Asset   string
	Debit, Credit money.Amount
}

// TrialBalance reads the sums of a book by type and asset, over all shards.
func (db *DB) TrialBalance(ctx context.Context, book string) ([]TotalRow, []Seen, error) {
	var seen []Seen
	sums := map[totalKey]totalSum{}
	err := db.phases(ctx, "trial balance", func(tx pgx.Tx) error {
		clear(sums)
		err := pipeline(ctx, tx, func(b *pgx.Batch) { queueInto(b, &seen, scanSeen, sqlShardSeen) })
		if err != nil {
			return err
		}
		return eachTotal(ctx, tx, shardNumbers(seen), totalKey{book, lastText, lastText}, func(k totalKey, sum totalSum) bool {
			if k.book != book {
				return false
			}
			all := sums[k]
			sums[k] = totalSum{all.debit.Add(sum.debit), all.credit.Add(sum.credit)}
			return true
		})
	})
	if err != nil {
		return nil, nil, err
	}
	rows := make([]TotalRow, 0, len(sums))
	for k, sum := range sums {
		rows = append(rows, TotalRow{k.kind, k.asset, sum.debit, sum.credit})
	}
	slices.SortFunc(rows, func(a, b TotalRow) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Asset, b.Asset))
	})
	return rows, seen, nil
}

func shardNumbers(seen []Seen) []int {
	out := make([]int, len(seen))
	for i, s := range seen {
		out[i] = s.Shard
	}
	return out
}
