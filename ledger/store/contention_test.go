package store_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

// TestOwnersOfDisjointShardsHardlyRepeat lets four owners write at once into tables
// that were analyzed: before, a plan that scanned made each commit repeat 6.7 times.
func TestOwnersOfDisjointShardsHardlyRepeat(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		var retries atomic.Int64
		db := open(t, dsn, func(o *store.Options) {
			o.Observe = func(a store.Attempt) {
				if a.Name == "commit" && a.Class == "40" {
					retries.Add(1)
				}
			}
		})
		seed(t, db)
		exec(t, raw(t, dsn), "ANALYZE")
		const commits = 60
		errs := make(chan error, 4)
		for shard := range 4 {
			go func() { errs <- write(t, db, shard, commits) }()
		}
		must(t, errors.Join(<-errs, <-errs, <-errs, <-errs))
		t.Logf("%d retries in %d commits", retries.Load(), 4*commits)
		if n := retries.Load(); n > 4*commits/20 {
			t.Errorf("%d retries in %d commits of disjoint shards", n, 4*commits)
		}
	})
}

// write goes on where seed left a shard.
func write(t *testing.T, db *store.DB, shard, commits int) error {
	state, err := db.TakeOver(t.Context(), shard)
	if err != nil {
		return err
	}
	w, err := db.OpenWriter(t.Context(), shard, state.Epoch)
	if err != nil {
		return err
	}
	defer w.Close()
	totals, err := db.LoadTotals(t.Context(), shard)
	if err != nil {
		return err
	}
	p := newPen(t, shard)
	p.head, p.clock = state.Head, p.clock.AddDate(0, 1, 0)
	for i := range commits {
		p.records = nil
		day := p.clock.AddDate(0, 0, -i%2).Format("2006-01-02")
		for j := range 20 {
			p.post(fmt.Sprintf("more-%d-%d-%d", shard, i, j), day, "clearing:x", name("wallet", 100+j), "RUB", money.New(100, 2))
		}
		if err := commit(t, w, totals, p.records); err != nil {
			return err
		}
	}
	return nil
}
