package store

import (
	"context"
	"maps"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/money"
)

// Totals are a shard's running sums per book, type of account and asset.
type Totals struct{ sums map[totalKey]totalSum }

type totalKey struct{ book, kind, asset string }

type totalSum struct{ debit, credit money.Amount }

// NewTotals are the totals of a shard without records.
func NewTotals() *Totals { return &Totals{sums: map[totalKey]totalSum{}} }

// Clone copies the totals: a batch that fails must not have moved them.
func (t *Totals) Clone() *Totals { return &Totals{sums: maps.Clone(t.sums)} }

// Equal says whether both hold the same sums. It serves go-cmp too.
func (t *Totals) Equal(o *Totals) bool {
	return maps.EqualFunc(t.sums, o.sums, func(a, b totalSum) bool {
		return a.debit.Equal(b.debit) && a.credit.Equal(b.credit)
	})
}

// LoadTotals reads the shard's totals.
func (db *DB) LoadTotals(ctx context.Context, shard int) (*Totals, error) {
	t := NewTotals()
	err := db.snapshot(ctx, "totals", func(b *pgx.Batch) {
		clear(t.sums)
		rowsOf(b, func(rows pgx.Rows) error {
			var k totalKey
			var sum totalSum
			if err := rows.Scan(&k.book, &k.kind, &k.asset, &number{&sum.debit}, &number{&sum.credit}); err != nil {
				return err
			}
			inAsset(k.asset, &sum.debit, &sum.credit)
			t.sums[k] = sum
			return nil
		}, sqlTotalLoad, shard)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}
