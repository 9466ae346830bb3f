package audit_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/audit/audittest"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// held are books in which record 3 raises a hold, 4 settles beyond it, 6 voids another
// and 7 settles that one late.
func held() *audittest.World {
	w := audittest.New()
	w.Do(0, audittest.Post("topup", "", audittest.Leg('D', "bank:main", "RUB", "900.00"), audittest.Leg('C', "wallet:a", "RUB", "900.00")))
	w.Do(0, audittest.Place("wallet:a", "RUB", "50.00", time.Hour))
	w.Do(0, audittest.Resize(2, "10.00", ""))
	over := audittest.Settle(2, "65.00", false, audittest.Leg('C', "wallet:b", "RUB", "65.00"))
	over.GetSettle().OverLimit = "7.00"
	w.Do(0, over)
	w.Do(0, audittest.Place("wallet:a", "RUB", "30.00", 0))
	w.Do(0, audittest.Void(5))
	w.Do(0, audittest.SettleLate(5, "20.00", audittest.Leg('C', "wallet:b", "RUB", "20.00")))
	return w
}

// TestForgedHolds changes what records say of holds.
func TestForgedHolds(t *testing.T) {
	t.Parallel()
	for name, forgery := range map[string]struct {
		seq    uint64
		expect string
		change func(r *journalv1.Record, h *journalv1.Hold)
	}{
		"nothing":                   {4, "", func(*journalv1.Record, *journalv1.Hold) {}},
		"placed with a late sum":    {2, "placed just now", func(_ *journalv1.Record, h *journalv1.Hold) { h.Late = "1.00" }},
		"raised by another sum":     {3, "the sum of hold 0.2", func(_ *journalv1.Record, h *journalv1.Hold) { h.Amount = "61.00" }},
		"raised beyond the legs":    {3, "the holds behind the held sum", func(_ *journalv1.Record, h *journalv1.Hold) { h.Amount, h.Left = "61.00", "61.00" }},
		"raised with an over sum":   {3, "beyond hold 0.2", func(_ *journalv1.Record, h *journalv1.Hold) { h.Over = "1.00" }},
		"beyond it, unsaid":         {4, "at most 60.00", func(_ *journalv1.Record, h *journalv1.Hold) { h.Over = "" }},
		"beyond it by more":         {4, "what was settled of hold 0.2", func(_ *journalv1.Record, h *journalv1.Hold) { h.Over = "6.00" }},
		"settled, and late":         {4, "may be settled late", func(_ *journalv1.Record, h *journalv1.Hold) { h.Late = "1.00" }},
		"more may come late":        {6, "may be settled late", func(_ *journalv1.Record, h *journalv1.Hold) { h.Late = "31.00" }},
		"late, and nothing less":    {7, "may be settled late", func(_ *journalv1.Record, h *journalv1.Hold) { h.Late = "30.00" }},
		"late, in another state":    {7, "the state of hold 0.5", func(_ *journalv1.Record, h *journalv1.Hold) { h.State = journalv1.HoldState_HOLD_STATE_EXPIRED }},
		"late, without scale":       {7, "decimals", func(_ *journalv1.Record, h *journalv1.Hold) { h.Late = "10" }},
		"late, from another wallet": {7, "the legs of hold 0.5", func(_ *journalv1.Record, h *journalv1.Hold) { h.Account = "wallet:c" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var records []*journalv1.Record
			for _, s := range held().Records(0) {
				r := proto.CloneOf(s.Record)
				if r.GetRefusal() != nil {
					t.Fatalf("record %d: %v", r.GetSeq(), r.GetRefusal())
				}
				if r.GetSeq() == forgery.seq {
					forgery.change(r, r.GetHolds()[0])
				}
				records = append(records, r)
			}
			err := add(sealAll(t, records...))
			if forgery.expect == "" {
				if err != nil || len(records) != 7 {
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
