package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// linked posts an entry that belongs to an order.
func linked(key, order string) engine.Operation {
	return op(key, &commandv1.Operation_Post{Post: &commandv1.Post{
		Kind: "transfer", Legs: []*commandv1.Leg{leg("bank:settlement", true, "1.00"), leg("wallet:"+key, false, "1.00")},
		Links: map[string]string{"order": order},
	}})
}

// TestSearchHasEveryRecordOnceThroughKills: the database is cut off and owners come and go
// in the middle of it, and once the tables' position is thrown away; every entry is found
// by its link once, and the general ledger counts it once.
func TestSearchHasEveryRecordOnceThroughKills(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	cutter, through := newProxy(t, w.dsn)
	var posted []string
	watch := w.db(w.dsn)
	t.Cleanup(watch.Close)
	for round := range 4 {
		p := w.startOn(through, fmt.Sprint("process-", round), briefly).ready()
		for part := range 3 {
			var ops []engine.Operation
			for i := range 40 {
				key := fmt.Sprintf("o-%d-%d-%d", round, part, i)
				ops = append(ops, open("wallet:"+key), linked(key, fmt.Sprint("order-", i%2)))
			}
			for i, o := range p.submit(ops...) {
				switch {
				case o.Refusal != nil:
					t.Fatalf("%d: %v", i, o.Refusal)
				case i%2 == 1:
					posted = append(posted, fmt.Sprintf("%d.%d", o.Record.GetShard(), o.Record.GetSeq()))
				}
			}
			if part == 1 {
				cutter.cut() // whatever the projectors were writing
				cutter.mend()
				p.until("the shards have owners again", func() bool { return p.value("provodka_shard_running") == 2 })
			}
		}
		if round == 2 {
			anew(t, watch)
		}
		p.stop() // the projectors are somewhere behind
	}
	p := w.start("last", briefly)
	p.until("the search tables are as far as the journal", func() bool { return caughtUp(t, watch) })
	slices.Sort(posted)
	var found []string
	for _, order := range []string{"order-0", "order-1"} {
		rows, _, err := watch.Marked(t.Context(), store.Mark{Book: "main", Sort: store.MarkLink, Name: "order", Value: order}, store.MarkPage{Limit: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			found = append(found, fmt.Sprintf("%d.%d", r.Shard, r.Seq))
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, posted) {
		t.Errorf("%d entries were posted, %d found", len(posted), len(found))
	}
	sums, _, err := watch.Correspondences(t.Context(), "main", "9999-12")
	if err != nil || len(sums) != 1 || sums[0].Debit != "bank" || sums[0].Credit != "wallet" || sums[0].Amount.String() != fmt.Sprintf("%d.00", len(posted)) {
		t.Errorf("turnovers %+v, %v, want %d", sums, err, len(posted))
	}
	p.must(open("wallet:more"))
	p.until("the lag is told", func() bool {
		head := p.value("provodka_journal_head") // of the shard that has just written
		return head > 0 && p.value("provodka_projected_head", "shard", "0")*p.value("provodka_projected_head", "shard", "1") > 0 &&
			(p.value("provodka_projected_head", "shard", "0") == head || p.value("provodka_projected_head", "shard", "1") == head)
	})
}

// anew throws the position of the search tables away.
func anew(t *testing.T, db *store.DB) {
	t.Helper()
	err := db.Write(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(context.WithoutCancel(t.Context()), "DELETE FROM projection")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// caughtUp says whether the search tables are as far as the journal.
func caughtUp(t *testing.T, db *store.DB) bool {
	t.Helper()
	projected, err := db.Projections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := map[int]uint64{}
	for _, p := range projected {
		at[p.Shard] = p.Head.Seq
	}
	shards, err := db.Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range shards {
		if at[s.Shard] != s.Head.Seq {
			return false
		}
	}
	return true
}
