package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

// large is more than goes by arrays.
const large = 600

// TestLargeSetsAreWrittenAsSmallOnes compares every row of one large commit, which goes
// by COPY, with those of many small ones, which do not.
func TestLargeSetsAreWrittenAsSmallOnes(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db, small := open(t, dsn), open(t, embedtest.DSN(t, store.Migrate))
		_, one := own(t, db, 1)
		_, many := own(t, small, 1)
		p := newPen(t, 1)
		for i := range large {
			p.busy(i)
		}
		must(t, commit(t, one, store.NewTotals(), p.records))
		totals := store.NewTotals()
		for first := 0; first < large; first += 100 {
			must(t, commit(t, many, totals, p.records[first:first+100]))
		}
		for _, table := range []string{"leg", "idempotency", "late", "stripe", "hold"} {
			rows := dump(t, db, table, 1)
			if diff := cmp.Diff(dump(t, small, table, 1), rows); diff != "" || len(rows) == 0 {
				t.Errorf("%s has %d rows and differs:\n%s", table, len(rows), diff)
			}
		}
	})
}

// TestALargeSetThatFailsLeavesNothing refuses large commits at every step that can.
func TestALargeSetThatFailsLeavesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		_, one := own(t, db, 1)
		_, two := own(t, db, 2)
		p := newPen(t, 1)
		p.post("mine", "", "bank:main", "wallet:a", "RUB", money.MustParse("1.00"))
		must(t, commit(t, one, store.NewTotals(), p.records))
		fill := func(keys ...string) []journal.Sealed {
			q := newPen(t, 2)
			for i := range large {
				key := fmt.Sprintf("key-%d", i)
				if i >= large-len(keys) {
					key = keys[i-large+len(keys)]
				}
				q.post(key, "", "bank:main", "wallet:b", "RUB", money.MustParse("2.00"))
			}
			return q.records
		}
		bad := fill()
		bad[large-1].Record.Legs[1].Kind = 9 // no kind of leg: the last COPY refuses it
		for name, c := range map[string]struct {
			records []journal.Sealed
			want    func(error) bool
		}{
			"taken by another shard": {fill("mine"), func(err error) bool { return errors.Is(err, store.ErrKeyTaken) }},
			"twice in the set":       {fill("x", "x"), func(err error) bool { return errors.Is(err, store.ErrKeyTaken) }},
			"a bad leg":              {bad, func(err error) bool { return store.Class(err) == "23" }},
			"not where the shard is": {fill()[1:], func(err error) bool { return errors.Is(err, store.ErrFenced) }},
		} {
			if err := commit(t, two, store.NewTotals(), c.records); !c.want(err) || !two.Alive() {
				t.Errorf("%s: %v, session alive: %v", name, err, two.Alive())
			}
			for _, table := range []string{"leg", "idempotency", "segment", "stripe", "total"} {
				if rows := dump(t, db, table, 2); len(rows) > 0 {
					t.Errorf("%s: %d rows of %s were left", name, len(rows), table)
				}
			}
		}
		must(t, commit(t, two, store.NewTotals(), fill()))
	})
}
