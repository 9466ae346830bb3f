package store_test

import (
	"testing"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

func TestACommitIsReadBack(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		state, w := own(t, db, 3)
		if state.Epoch != 1 || state.Head.Seq != 0 {
			t.Fatalf("a new shard is %+v", state)
		}
		p := newPen(t, 3)
		p.post("k1", "", "bank:main", "wallet:a", "RUB", money.MustParse("100.00"))
		p.post("k2", "", "wallet:a", "revenue:commission", "RUB", money.MustParse("0.50"))
		must(t, commit(t, w, store.NewTotals(), p.records))

		rows, err := db.LoadStripes(t.Context(), 3, []store.StripeKey{{Account: book.ID(bookName, "wallet:a"), Asset: "RUB"}})
		must(t, err)
		if len(rows) != 1 || rows[0].Debit.String() != "0.50" || rows[0].Credit.String() != "100.00" || rows[0].Version != 2 {
			t.Fatalf("the wallet is %+v", rows)
		}
		shards, err := db.Shards(t.Context())
		must(t, err)
		if len(shards) != 1 || shards[0].Head != p.head || shards[0].Position.Offset != 2 || shards[0].Position.TopicID != [16]byte{1, 2, 3} {
			t.Fatalf("the shard is %+v, want head %+v", shards, p.head)
		}
	})
}
