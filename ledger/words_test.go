package ledger

import (
	"fmt"
	"strings"
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
func (empty) Approval(uint64) *journalv1.Approval   { return nil }
func (empty) SumDigits(string, string) int          { return money.MaxDigits }
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
		{"top_up", FirstDay, ""}, {"top_up", "1899-12-31", "day"}, {"top_up", "0026-11-22", "day"}, {"top_up", "0000-01-01", "day"},
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

// TestTheWordsOfAnEntryAreBounded: as many and as long as they may be, and one more.
func TestTheWordsOfAnEntryAreBounded(t *testing.T) {
	t.Parallel()
	words := func(n, key, value int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprintf("%0*d", key, i)] = strings.Repeat("v", value)
		}
		return m
	}
	for name, tc := range map[string]struct {
		words   map[string]string
		refused bool
	}{
		"none":             {nil, false},
		"all":              {words(MaxMetadata, MaxMetadataKeyBytes, MaxMetadataValueBytes), false},
		"one more":         {words(MaxMetadata+1, 2, 1), true},
		"a longer key":     {words(1, MaxMetadataKeyBytes+1, 1), true},
		"a longer value":   {words(1, 1, MaxMetadataValueBytes+1), true},
		"a key of nothing": {map[string]string{"": "v"}, true},
	} {
		p := &commandv1.Post{Kind: "top_up", Metadata: tc.words, Legs: []*commandv1.Leg{
			{Account: "bank:settlement", Asset: "RUB", Debit: true, Amount: "1.00"}, {Account: "suspense:line", Asset: "RUB", Amount: "1.00"},
		}}
		_, refusal, _ := Decide(empty{}, &commandv1.Operation{What: &commandv1.Operation_Post{Post: p}}, Now{Seq: 1, Day: "2026-11-22"})
		if refused := refusal != nil && refusal.Code == fault.Malformed && refusal.Field == "metadata"; refused != tc.refused || (refusal != nil) != refused {
			t.Errorf("%s: %v", name, refusal)
		}
	}
}
