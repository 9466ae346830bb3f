package ledger

import (
	"testing"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// empty is a shard that nothing ever touched.
type empty struct{}

func (empty) Stripe(string, string) book.Stripe     { return book.Stripe{} }
func (empty) Hold(uint64) (book.Hold, bool)         { return book.Hold{}, false }
func (empty) Scheduled(uint64) *journalv1.Scheduled { return nil }
func (empty) AccountOpen(string) bool               { return false }
func (empty) Standing(string) book.Standing         { return book.Standing{} }
func (empty) Limit(string, string) money.Amount     { return money.Zero }
func (empty) Rule(string, string) *journalv1.Rule {
	return nil
}
func (empty) Entry(uint64) (book.Original, bool) {
	return book.Original{}, false
}

// TestACallersWordsAreRefusedByName: a kind that joins recipes would bring the
// passages of flows along, and a day must be one.
func TestACallersWordsAreRefusedByName(t *testing.T) {
	t.Parallel()
	legs := []*commandv1.Leg{
		{Account: "bank:settlement", Asset: "RUB", Debit: true, Amount: "1.00"},
		{Account: "suspense:line", Asset: "RUB", Amount: "1.00"},
	}
	for _, tc := range []struct{ kind, day, field string }{
		{"top_up", "", ""}, {"payout+settle", "", "kind"}, {"+", "", "kind"}, {"top_up", "2026-02-30", "day"},
	} {
		op := &commandv1.Operation{What: &commandv1.Operation_Post{Post: &commandv1.Post{Kind: tc.kind, Day: tc.day, Legs: legs}}}
		_, refusal, _ := Decide(empty{}, op, Now{Seq: 1, Day: "2026-11-22"})
		switch {
		case tc.field == "" && refusal != nil:
			t.Errorf("%+v was refused: %v", tc, refusal)
		case tc.field != "" && (refusal == nil || refusal.Code != fault.Malformed || refusal.Field != tc.field):
			t.Errorf("%+v: %v, want malformed at %s", tc, refusal, tc.field)
		}
	}
}
