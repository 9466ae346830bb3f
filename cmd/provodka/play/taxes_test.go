package play

import (
	"context"
	"testing"

	"github.com/provodka/provodka/examples/play"
	"github.com/provodka/provodka/ledger/money"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
	"github.com/provodka/provodka/proto/gen/provodka/tax/v1/taxv1connect"
)

// plans answers with what is due of a month: a period has what is due of those before it.
type plans struct {
	taxv1connect.TaxServiceClient
	ndfl, contributions map[string]string
}

func (s plans) PlanRemittances(_ context.Context, req *taxv1.PlanRemittancesRequest) (*taxv1.PlanRemittancesResponse, error) {
	return &taxv1.PlanRemittancesResponse{Periods: []*taxv1.TaxPeriod{
		{Period: "ndfl-" + req.GetMonth() + "-1", Kind: "ndfl", Due: s.ndfl[req.GetMonth()]},
		{Period: "ndfl-" + req.GetMonth() + "-2", Kind: "ndfl", Due: "0.00"},
		{Period: "contributions-" + req.GetMonth(), Kind: "contributions", Due: s.contributions[req.GetMonth()]},
	}}, nil
}

// TestWhatFallsDueIsCountedOnce: a play on the last day of a month asks about the next one only when the
// midnight was in it.
func TestWhatFallsDueIsCountedOnce(t *testing.T) {
	t.Parallel()
	ndfl, contributions := money.MustParse("13.00"), money.MustParse("30.00")
	before := plans{ndfl: map[string]string{"2026-11": "13.00", "2026-12": "13.00"}, contributions: map[string]string{"2026-11": "30.00", "2026-12": "30.00"}}
	over := plans{ndfl: map[string]string{"2026-11": "5.00", "2026-12": "13.00"}, contributions: map[string]string{"2026-11": "11.00", "2026-12": "30.00"}}
	for name, tc := range map[string]struct {
		of    plans
		day   string
		first string
	}{
		"within the month": {before, "2026-11-23", "ndfl-2026-11-1"}, "on its last day": {before, "2026-11-30", "ndfl-2026-11-1"}, "over the midnight": {over, "2026-11-30", "ndfl-2026-12-1"},
	} {
		p := &Player{taxes: tc.of, play: play.Play{Day: tc.day}}
		due, err := p.dues(t.Context(), ndfl, contributions)
		if err != nil || due.ndfl.Cmp(ndfl) != 0 || due.contributions.Cmp(contributions) != 0 || due.periods[0].GetPeriod() != tc.first {
			t.Errorf("%s: %v %+v", name, err, due)
		}
	}
	p := &Player{taxes: over, play: play.Play{Day: "2026-11-23"}}
	if due, err := p.dues(t.Context(), ndfl, contributions); err != nil || due.ndfl.Cmp(ndfl) == 0 {
		t.Errorf("a sum that is not there is found: %v %+v", err, due)
	}
}
