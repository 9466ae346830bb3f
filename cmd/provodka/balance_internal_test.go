package main

import (
	"testing"
	"time"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/store"
)

// A shard that has recorded nothing holds up who asks what was known at a moment, and
// nobody else.
func TestAShardWithoutRecordsHoldsUpNobodyWhoNamesNoMoment(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), embedtest.DSN(t, store.Migrate), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.TakeOver(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := passed(t.Context(), db, 0); err != nil {
		t.Error(err)
	}
	if err := passed(t.Context(), db, time.Now().UnixMicro()); err == nil {
		t.Error("a shard may still record at the moment")
	}
}
