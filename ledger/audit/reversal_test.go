package audit_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/audit/audittest"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// reversed are books in which records 3 to 5 give the entry of record 2 back.
func reversed() *audittest.World {
	reverse := func(part string) *commandv1.Operation {
		return &commandv1.Operation{What: &commandv1.Operation_Reverse{Reverse: &commandv1.Reverse{Seq: 2, Part: part}}}
	}
	w := audittest.New()
	w.Do(0, audittest.Post("topup", "", audittest.Leg('D', "bank:main", "RUB", "900.00"), audittest.Leg('C', "wallet:a", "RUB", "900.00")))
	w.Do(0, audittest.Post("commission", "", audittest.Leg('D', "wallet:a", "RUB", "100.00"), audittest.Leg('C', "revenue:fee", "RUB", "100.00")))
	w.Do(0, reverse("0.25"))
	w.Do(0, reverse("0.25"))
	w.Do(0, &commandv1.Operation{What: &commandv1.Operation_Correct{Correct: &commandv1.Correct{Seq: 2, Post: audittest.Post("commission", "",
		audittest.Leg('D', "wallet:a", "RUB", "9.00"), audittest.Leg('C', "revenue:fee", "RUB", "9.00")).GetPost()}}})
	return w
}

// TestForgedReversals changes what record 4 says of the entry that it gives back.
func TestForgedReversals(t *testing.T) {
	t.Parallel()
	for name, forgery := range map[string]struct {
		expect string
		change func(r *journalv1.Record, e *journalv1.Reversal)
	}{
		"nothing":          {"", func(*journalv1.Record, *journalv1.Reversal) {}},
		"another entry":    {"the entry that stands there", func(_ *journalv1.Record, e *journalv1.Reversal) { e.Seq = 1 }},
		"no entry":         {"the entry that stands there", func(_ *journalv1.Record, e *journalv1.Reversal) { e.Seq = 99 }},
		"a reversal":       {"the entry that stands there", func(_ *journalv1.Record, e *journalv1.Reversal) { e.Seq = 3 }},
		"another kind":     {"the entry that stands there", func(_ *journalv1.Record, e *journalv1.Reversal) { e.Kind = "recover" }},
		"a larger entry":   {"the entry that stands there", func(_ *journalv1.Record, e *journalv1.Reversal) { e.Legs[0].Amount = "1000.00" }},
		"another side":     {"the entry that stands there", func(_ *journalv1.Record, e *journalv1.Reversal) { e.Legs[0].Debit = false }},
		"a leg less":       {"the entry that stands there", func(_ *journalv1.Record, e *journalv1.Reversal) { e.Legs = e.Legs[:1] }},
		"beyond it":        {"at most 100.00", func(_ *journalv1.Record, e *journalv1.Reversal) { e.Legs[0].Reversed = "100.01" }},
		"less than before": {"not less than before", func(_ *journalv1.Record, e *journalv1.Reversal) { e.Legs[0].Reversed = "24.99" }},
		"other sums": {"which gives record 0.2 back", func(_ *journalv1.Record, e *journalv1.Reversal) {
			e.Legs[0].Reversed, e.Legs[1].Reversed = "60.00", "60.00"
		}},
		"no scale":       {"exact amounts", func(_ *journalv1.Record, e *journalv1.Reversal) { e.Legs[0].Reversed = "50" }},
		"postings":       {"the legs that give record 0.2 back", func(_ *journalv1.Record, e *journalv1.Reversal) { e.Postings = 1 }},
		"the link":       {"the link to what is given back", func(r *journalv1.Record, _ *journalv1.Reversal) { r.Entry.Links["reverses"] = "0.1" }},
		"nothing at all": {"the entry", func(r *journalv1.Record, _ *journalv1.Reversal) { r.Entry.Kind, r.Entry.Reversal = "gift", nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var records []*journalv1.Record
			for _, s := range reversed().Records(0) {
				r := proto.CloneOf(s.Record)
				if r.GetSeq() == 4 {
					forgery.change(r, r.GetEntry().GetReversal())
				}
				records = append(records, r)
			}
			err := add(sealAll(t, records...))
			if forgery.expect == "" {
				if err != nil || len(records) != 5 || records[4].GetRefusal() != nil {
					t.Fatalf("the books themselves are wrong: %v", err)
				}
				return
			}
			if !isDifference(err) || !strings.Contains(err.Error(), forgery.expect) {
				t.Errorf("expected a difference about %q, got: %v", forgery.expect, err)
			}
		})
	}
}
