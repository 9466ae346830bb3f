package play

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/examples/play"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

const root = "../../.."

// TestEveryErrorOfTheTableIsPlayed: the payroll runs into every error of the flow task that a
// payment can stop with and cures it; one that it cannot is named, with the scenario that plays it.
func TestEveryErrorOfTheTableIsPlayed(t *testing.T) {
	t.Parallel()
	p, err := play.Load(filepath.Join(root, "examples", "payroll"))
	if err != nil {
		t.Fatal(err)
	}
	actors, played, table := map[string]string{}, map[string]bool{}, map[string]bool{}
	for _, tr := range task.Troubles() {
		table[tr.Code], actors[tr.Code] = true, tr.Actor
	}
	for _, tr := range p.Troubles {
		for _, s := range tr.Errors {
			if s.Who != actors[s.Code] {
				t.Errorf("line %d: %q has to act after %s, the table says %q", tr.Line, s.Who, s.Code, actors[s.Code])
			}
			if cures[s.Cure] == "" {
				t.Errorf("line %d: no words for the cure %q", tr.Line, s.Cure)
			}
			if s.Cure != "" {
				played[s.Code] = true
			}
		}
	}
	for code, not := range p.NotPlayed {
		raw, err := os.ReadFile(filepath.Join(root, not.Scenario))
		if err != nil || !strings.Contains(string(raw), "error "+code) || not.Why == "" {
			t.Errorf("%s is not played, and %q does not play it: %v", code, not.Scenario, err)
		}
		played[code] = true
	}
	if d := cmp.Diff(slices.Sorted(maps.Keys(table)), slices.Sorted(maps.Keys(played))); d != "" {
		t.Errorf("the table Errors (-) and what the play runs into and cures (+):\n%s", d)
	}
}

// TestAnErrorThatNobodyMeetsIsNamed: an error of the play that stopped no payment was cured by nobody.
func TestAnErrorThatNobodyMeetsIsNamed(t *testing.T) {
	t.Parallel()
	of := []play.Trouble{
		{Errors: []play.Step{{Code: "payout_way"}}}, {Errors: []play.Step{{Code: "payout_refused"}, {Code: "payout_late"}}},
		{Errors: []play.Step{{Code: "payout_late"}}},
	}
	m := &met{stops: map[string]*stop{"payout_way": {}}}
	if d := cmp.Diff([]string{"payout_refused", "payout_late"}, m.missing(of)); d != "" {
		t.Error(d)
	}
}

func TestADifferenceNamesAccountColumnAndBothSums(t *testing.T) {
	t.Parallel()
	row := []string{"tax-npd:{executor-001}", "", "8.00", "0.00", "8.00"}
	d := &differences{}
	d.account(row[0], row, &ledgerv1.TurnoverLine{Debit: "77.00", Credit: "8.00", ClosingCredit: "8.00"})
	if err := d.error(); err != nil {
		t.Errorf("what is not foretold differs: %v", err)
	}
	d.account(row[0], row, nil)
	want := "tax-npd:{executor-001}, оборот Кт: вышло 0.00, ожидалось 8.00; tax-npd:{executor-001}, сальдо Кт: вышло 0.00, ожидалось 8.00"
	if err := d.error(); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	d = &differences{}
	for _, got := range []string{"9.00", "8.99", "0.00"} {
		d.atMost("бонус", got, "9.00")
	}
	if err := d.error(); err != nil {
		t.Error(err)
	}
	d.atMost("бонус", "9.01", "9.00")
	d.atMost("бонус", "", "9.00")
	if len(d.list) != 2 {
		t.Errorf("%v", d.error())
	}
}
