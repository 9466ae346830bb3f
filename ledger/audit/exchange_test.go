package audit_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/audit/audittest"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// exchanged are books in which record 2 sells dollars and record 3 gives half of it back.
func exchanged() *audittest.World {
	w := audittest.New()
	w.Do(0, audittest.Post("topup", "", audittest.Leg('D', "bank:usd", "USD", "900.00"), audittest.Leg('C', "wallet:a", "USD", "900.00")))
	w.Do(0, audittest.Exchange("90.555", audittest.Leg('D', "wallet:a", "USD", "100.01"), audittest.Leg('C', "wallet:a", "RUB", "9046.41"),
		audittest.Leg('C', "revenue:fx", "RUB", "10.00")))
	w.Do(0, &commandv1.Operation{What: &commandv1.Operation_Reverse{Reverse: &commandv1.Reverse{Seq: 2, Part: "0.5"}}})
	return w
}

// TestForgedExchanges changes what record 2 says of the rate and of the sums.
func TestForgedExchanges(t *testing.T) {
	t.Parallel()
	for name, forgery := range map[string]struct {
		expect string
		change func(r *journalv1.Record, x *journalv1.Exchange)
	}{
		"nothing":         {"", func(*journalv1.Record, *journalv1.Exchange) {}},
		"another rate":    {"rate_mismatch", func(_ *journalv1.Record, x *journalv1.Exchange) { x.Rate = "90.556" }},
		"the other way":   {"rate_mismatch", func(_ *journalv1.Record, x *journalv1.Exchange) { x.Inverse = true }},
		"no rate":         {"the rate", func(_ *journalv1.Record, x *journalv1.Exchange) { x.Rate = "0" }},
		"another rule":    {"rate_mismatch", func(_ *journalv1.Record, x *journalv1.Exchange) { x.Rounding = "down" }},
		"no rule":         {"the rounding", func(_ *journalv1.Record, x *journalv1.Exchange) { x.Rounding = "" }},
		"no source":       {"the source of the rate", func(_ *journalv1.Record, x *journalv1.Exchange) { x.Source = "" }},
		"no moment":       {"the moment of the rate", func(_ *journalv1.Record, x *journalv1.Exchange) { x.RateUs = 0 }},
		"a moment ahead":  {"the moment of the rate", func(r *journalv1.Record, x *journalv1.Exchange) { x.RateUs = r.GetClockUs() + 10_000_001 }},
		"the exact sum":   {"before rounding", func(_ *journalv1.Record, x *journalv1.Exchange) { x.Exact = "9056.40554" }},
		"the rounded sum": {"rounded", func(_ *journalv1.Record, x *journalv1.Exchange) { x.Rounded = "9056.40" }},
		"the difference":  {"that rounding added", func(_ *journalv1.Record, x *journalv1.Exchange) { x.Difference = "0.00444" }},
		"the kind":        {"the kind of the exchange", func(r *journalv1.Record, _ *journalv1.Exchange) { r.Entry.Kind = "exchange" }},
		"no exchange":     {"only an exchange moves client money", func(r *journalv1.Record, _ *journalv1.Exchange) { r.Entry.Exchange = nil }},
		"a reversal's": {"record 0.1", func(r *journalv1.Record, _ *journalv1.Exchange) {
			r.Entry.Reversal = &journalv1.Reversal{Seq: 1, Kind: "topup", Postings: 2}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var records []*journalv1.Record
			for _, s := range exchanged().Records(0) {
				r := proto.CloneOf(s.Record)
				if r.GetSeq() == 2 {
					forgery.change(r, r.GetEntry().GetExchange())
				}
				records = append(records, r)
			}
			err := add(sealAll(t, records...))
			if forgery.expect == "" {
				if err != nil || len(records) != 3 || records[1].GetRefusal() != nil || records[2].GetRefusal() != nil {
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
