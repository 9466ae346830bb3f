package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

// TestSumsBeyondAnAmountAreReadAgain: no account may have sums of more than 38 digits by
// what somebody asks for, but those of a whole type have, and those that money adds up to
// when it goes to and fro between the stripes of an account. They are written, read, added
// up and audited to the last kopeck.
func TestSumsBeyondAnAmountAreReadAgain(t *testing.T) {
	t.Parallel()
	w := audittest.New()
	most := strings.Repeat("9", money.MaxDigits-2) + ".99"
	for n := range 12 {
		w.Do(0, audittest.Post("topup", "", audittest.Leg('D', fmt.Sprintf("clearing:c%d", n), "RUB", most), audittest.Leg('C', fmt.Sprintf("wallet:w%d", n), "RUB", most)))
	}
	w.Do(0, audittest.Post("topup", "", audittest.Leg('D', "clearing:c0", "RUB", "0.01"), audittest.Leg('C', "wallet:w0", "RUB", "0.01")))
	if r := w.Last(0).GetRefusal(); r.GetCode() != "sum_too_large" {
		t.Fatalf("a kopeck more: %v", r)
	}
	for range 6 {
		w.Travel(0, 1, "wallet:w1", money.MustParse(most))
		w.Travel(1, 0, "wallet:w1", money.MustParse(most))
	}
	dsn := embedtest.DSN(t, store.Migrate)
	db, err := store.Open(t.Context(), dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := w.Store(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for shard := range 2 { // what a take-over reads
		totals := store.NewTotals()
		rows := store.NewRows(audittest.Zone)
		for _, r := range w.Records(shard) {
			rows.Add(r, totals)
		}
		if read, err := db.LoadTotals(t.Context(), shard); err != nil || !read.Equal(totals) {
			t.Errorf("the totals of shard %d are read as %+v, %v", shard, read, err)
		}
		key := store.StripeKey{Account: book.ID(audittest.Book, "wallet:w1"), Asset: "RUB"}
		stripes, err := db.LoadStripes(t.Context(), shard, []store.StripeKey{key})
		want := w.Stripe(shard, "wallet:w1", "RUB")
		if err != nil || len(stripes) != 1 || !stripes[0].Credit.Equal(want.Credit) || !stripes[0].Debit.Equal(want.Debit) || !want.Credit.TooLong() {
			t.Errorf("the stripe on shard %d is read as %+v, %v, and is %+v", shard, stripes, err, want)
		}
	}
	trial, _, err := db.TrialBalance(t.Context(), audittest.Book)
	if err != nil {
		t.Fatal(err)
	}
	debit, credit := money.Zero, money.Zero
	for _, row := range trial {
		debit, credit = debit.Add(row.Debit), credit.Add(row.Credit)
	}
	if !debit.TooLong() || !debit.Equal(credit) {
		t.Errorf("debits of %s, credits of %s", debit, credit)
	}
	a := audit.New(audit.Options{Zone: audittest.Zone})
	for _, n := range w.Shards() {
		for _, e := range w.Events(n) {
			if err := a.Add(n, e); err != nil {
				t.Fatalf("the audit: %v", err)
			}
		}
	}
}
