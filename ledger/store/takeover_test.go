package store_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

// TestOwnersThatComeAndGoLeaveOneChain lets owners take one shard from each other while
// they write: what was acknowledged is there, the numbers are dense, the chain holds.
func TestOwnersThatComeAndGoLeaveOneChain(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		const owners, commits = 3, 10
		var acknowledged atomic.Uint64
		errs := make(chan error, owners)
		for n := range owners {
			go func() { errs <- ownFor(t, db, n, commits, &acknowledged) }()
		}
		for range owners {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		var head journal.Head
		segments, err := db.Segments(t.Context(), 5, 1, 1_000_000)
		must(t, err)
		for _, s := range segments {
			raws, err := s.Split()
			must(t, err)
			for _, raw := range raws {
				_, err := head.Follow(5, raw)
				must(t, err)
			}
		}
		checkHead(t, db, head)
		if head.Seq < acknowledged.Load() || acknowledged.Load() != owners*commits {
			t.Errorf("the journal ends at %d, %d were acknowledged", head.Seq, acknowledged.Load())
		}
		rows, _, err := db.TrialBalance(t.Context(), bookName)
		must(t, err)
		if want := money.New(int64(head.Seq)*100, 2); len(rows) != 2 || !rows[0].Debit.Equal(want) || !rows[1].Credit.Equal(want) {
			t.Errorf("the trial balance is %+v, want %s on both sides", rows, want)
		}
		t.Logf("%d records, %d acknowledged", head.Seq, acknowledged.Load())
	})
}

// ownFor takes the shard over whenever it lost it, until so many commits were
// acknowledged to it.
func ownFor(t *testing.T, db *store.DB, owner, commits int, acknowledged *atomic.Uint64) error {
	for done := 0; done < commits; {
		state, err := db.TakeOver(t.Context(), 5)
		if errors.Is(err, store.ErrFenced) || store.Class(err) == "57" || store.Class(err) == "40" {
			continue // another was faster
		}
		if err != nil {
			return err
		}
		w, err := db.OpenWriter(t.Context(), 5, state.Epoch)
		if err != nil {
			continue // ended while it was opened
		}
		totals, err := db.LoadTotals(t.Context(), 5)
		if err != nil {
			return err
		}
		p := newPen(t, 5)
		p.head = state.Head
		for done < commits {
			p.records = nil
			key := fmt.Sprintf("%d-%d-%d", owner, state.Epoch, p.head.Seq)
			p.post(key, "", name("clearing", int(state.Epoch)), name("suspense", int(state.Epoch)), "RUB", money.New(100, 2))
			if err := commit(t, w, totals, p.records); err != nil {
				break
			}
			acknowledged.Add(1)
			done++
		}
		w.Close()
	}
	return nil
}

// TestACommitThatLostARaceIsRepeated makes the shard's row change under a commit that
// waits for it: the same statements succeed in a fresh transaction.
func TestACommitThatLostARaceIsRepeated(t *testing.T) {
	t.Parallel()
	dsn := embedtest.DSN(t, store.Migrate) // PostgreSQL: CockroachDB has no list of waiting sessions
	var repeated atomic.Int64
	db := open(t, dsn, func(o *store.Options) {
		o.Observe = func(a store.Attempt) {
			if a.Name == "commit" && a.Class == "40" {
				repeated.Add(1)
			}
		}
	})
	_, w := own(t, db, 1)
	p := newPen(t, 1)
	p.post("k", "", "bank:main", "wallet:a", "RUB", money.MustParse("1.00"))
	rival, watch := raw(t, dsn), raw(t, dsn)
	exec(t, rival, "BEGIN ISOLATION LEVEL SERIALIZABLE")
	exec(t, rival, "UPDATE shard SET clock_us = 5 WHERE shard = 1")
	result := make(chan error, 1)
	go func() { result <- commit(t, w, store.NewTotals(), p.records) }()
	for exec(t, watch, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE 'provodka-1-%'")[0][0] != "1" {
	}
	exec(t, rival, "COMMIT")
	must(t, <-result)
	if repeated.Load() != 1 {
		t.Errorf("repeated %d times, want once", repeated.Load())
	}
	checkHead(t, db, p.head)
}
