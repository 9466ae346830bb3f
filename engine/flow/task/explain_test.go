package task

import (
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// TestExplainAddsUp explains paid tasks of every kind: payout and tax give the gross, the
// total is what the company pays, and every sum that a rule made names a row that exists.
func TestExplainAddsUp(t *testing.T) {
	t.Parallel()
	tariff := &flowv1.Tariff{From: "2026-01-01", Percent: "3", Minimum: "30.00"}
	for name, tc := range map[string]struct {
		sum   *flowv1.TaskSum
		kind  flowv1.EmploymentKind
		net   string
		total string
		says  []string
	}{
		"bonus": {&flowv1.TaskSum{
			Gross: "100.00", Payout: "96.00", Tax: "4.00", Rule: "npd-company@2019-01-01", Commission: "30.00", Tariff: tariff, FinalTax: "6.00",
			Share: &flowv1.YearShare{Bonus: "2.00", BonusBefore: "10000.00", BonusRule: "bonus-company@2019-01-01"},
		}, selfEmployed, "", "130.00", []string{"остаток после 9998.00", "Разница налога 2.00 ₽: начислено больше, чем удержано: разницу должен исполнитель"}},
		"net": {&flowv1.TaskSum{
			Gross: "106.38", Payout: "100.00", Tax: "6.38", Rule: "npd-company@2019-01-01", FinalTax: "6.39", Share: &flowv1.YearShare{},
		}, selfEmployed, "100.00", "106.38", []string{"наименьшая сумма", "на руки 100.00", "Разница налога 0.01 ₽", "за счёт платформы"}},
		"civil": {&flowv1.TaskSum{
			Gross: "300000.00", Payout: "257000.00", Tax: "43000.00", Rule: "ndfl-resident@2025-01-01", Commission: "9000.00", Tariff: tariff,
			Share: &flowv1.YearShare{
				BaseBefore: "2300000.00", WithheldBefore: "299000.00", Contributions: "90000.00", InsuredBefore: "2300000.00",
				ContributionsBefore: "690000.00", ContributionsRule: "contributions-civil_contract@2026-01-01",
			},
		}, civilContract, "", "399000.00", []string{"база года до выплаты 2300000.00", "удержано раньше 299000.00", "15 % до 5000000.00", "правило contributions-civil_contract@2026-01-01"}},
		"sole trader": {&flowv1.TaskSum{Gross: "50.00", Payout: "50.00", Rule: "none-entrepreneur@2019-01-01"}, entrepreneur, "", "50.00", []string{"исполнитель платит налог сам"}},
	} {
		by, all := map[string]money.Amount{}, ""
		for _, s := range Explain(tc.sum, tc.kind, tc.net) {
			by[s.Name] = amount(s.Amount)
			all += s.Line() + "\n"
			if s.Formula == "" || strings.HasPrefix(s.Rule, "n") && s.Source == "" {
				t.Errorf("%s: %+v explains nothing", name, s)
			}
		}
		if !by["payout"].Add(by["tax"]).Equal(by["gross"]) || money.RUB.Format(by["total"]) != tc.total || strings.Contains(all, "?") {
			t.Errorf("%s: %v\n%s", name, by, all)
		}
		for _, words := range tc.says {
			if !strings.Contains(all, words) {
				t.Errorf("%s does not say %q:\n%s", name, words, all)
			}
		}
	}
}
