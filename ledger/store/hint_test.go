package store_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/provodka/provodka/ledger/store"
)

// TestHintsAreWrittenInSets: one statement however many there are; what was heard meanwhile
// is neither put off nor forgotten.
func TestHintsAreWrittenInSets(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		writes := 0
		db := open(t, dsn, func(o *store.Options) {
			o.Observe = func(a store.Attempt) {
				if a.Name == "write" && a.Class == "" {
					writes++
				}
			}
		})
		due := func(nowUS int64) map[string]store.Hint {
			t.Helper()
			list, err := db.DueHints(t.Context(), 1, nowUS, 1000)
			must(t, err)
			out := map[string]store.Hint{}
			for _, h := range list {
				out[h.Attempt] = h
			}
			return out
		}
		var all []store.Hint
		for i := range 100 {
			all = append(all, store.Hint{Attempt: fmt.Sprintf("a-%02d", i), Says: "done", Answers: uint32(i), HeardUS: 1000})
		}
		must(t, db.PutHints(t.Context(), 1, all))
		if got := due(1000); len(got) != 100 || got["a-07"] != all[7] {
			t.Fatalf("%d are due, one is %+v", len(got), got["a-07"])
		}
		heard := store.Hint{Attempt: "a-00", Says: "refused", Answers: 9, HeardUS: 1001}
		same := store.Hint{Attempt: "a-10", Says: "done", Answers: 9, HeardUS: 1001}
		must(t, db.PutHints(t.Context(), 1, []store.Hint{heard, same}))
		var until []int64
		for i := range all[10:] {
			until = append(until, int64(2000+i))
		}
		must(t, db.LaterHints(t.Context(), 1, all[10:], until))
		must(t, db.DropHints(t.Context(), 1, all[:10]))
		if writes != 4 {
			t.Errorf("%d writes, want 4", writes)
		}
		heard.Says = "" // it said two things
		if diff := cmp.Diff(map[string]store.Hint{"a-00": heard, "a-10": same}, due(1999)); diff != "" {
			t.Error(diff)
		}
		later := all[12]
		later.Tries = 1
		if got := due(2002); len(got) != 4 || got["a-12"] != later {
			t.Errorf("%d are due then, one is %+v, want %+v", len(got), got["a-12"], later)
		}
		if other, err := db.DueHints(t.Context(), 2, math.MaxInt64, 10); err != nil || len(other) != 0 {
			t.Errorf("another shard has %v %v", other, err)
		}
	})
}
