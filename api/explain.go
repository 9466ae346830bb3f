package api

import (
	"context"
	"fmt"

	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// ExplainAmount implements TaskService.
func (s taskService) ExplainAmount(ctx context.Context, req *taskv1.ExplainAmountRequest) (*taskv1.ExplainAmountResponse, error) {
	if id := req.GetTaskId(); id != "" {
		a, err := s.must(ctx, req.GetBook(), task.Name, "task_id", id)
		if err != nil {
			return nil, err
		}
		d := new(flowv1.TaskData)
		if err := a.read(d); err != nil {
			return nil, err
		}
		if d.GetSum() == nil {
			return nil, fault.Refuse(fault.WrongState, "task_id", "the task has no executor yet, so its taxes are not known")
		}
		return explain(amountsMessage(d.GetSum()), kindWord(d.GetKind()), d.GetPriceKind() == flowv1.PriceKind_PRICE_KIND_NET), nil
	}
	return s.explainPrice(ctx, req.GetBook(), req.GetPrice())
}

func (s taskService) explainPrice(ctx context.Context, book string, q *taskv1.PriceQuestion) (*taskv1.ExplainAmountResponse, error) {
	terms := tax.Terms{Kind: tax.Kind(q.GetEmploymentKind()), Payer: tax.Company, Status: tax.Resident, Day: q.GetDay()}
	if q.GetNonresident() {
		terms.Status = tax.Nonresident
	}
	if terms.Day == "" {
		terms.Day = s.today()
	}
	field, text, take := "price.amount_gross", q.GetAmountGross(), terms.FromGross
	if q.GetAmountNet() != "" {
		field, text, take = "price.amount_net", q.GetAmountNet(), terms.FromNet
	}
	price, err := money.RUB.Parse(text)
	if err != nil || price.Sign() <= 0 {
		return nil, fault.Refuse(fault.AmountInvalid, field, "%.64q is not a positive amount of rubles", text)
	}
	sum, err := take(price)
	if err != nil {
		return nil, fault.Refuse(fault.Malformed, "price.day", "there is no tax rule for %s on %s", terms.Kind, terms.Day)
	}
	out := &flowv1.TaskSum{
		Gross: money.RUB.Format(sum.Gross), Payout: money.RUB.Format(sum.Payout), Tax: money.RUB.Format(sum.Tax), Rule: sum.Rule, Day: terms.Day,
	}
	if q.GetCompanyId() != "" {
		t, refusal, err := s.tariffOf(ctx, book, q.GetCompanyId())
		switch {
		case err != nil:
			return nil, err
		case refusal != nil:
			return nil, refusal.At("price")
		case t != nil:
			out.Tariff = t
			out.Commission = money.RUB.Format(tax.Commission(sum.Gross, readTariff(t)))
		}
	}
	return explain(amountsMessage(out), q.GetEmploymentKind(), q.GetAmountNet() != ""), nil
}

// readTariff reads a tariff that a flow has checked.
func readTariff(t *flowv1.Tariff) tax.Tariff {
	out := tax.Tariff{Percent: money.MustParse(t.GetPercent())}
	if t.GetMinimum() != "" {
		out.Minimum = money.MustParse(t.GetMinimum())
	}
	return out
}

// explain says how each sum came about.
func explain(a *taskv1.Amounts, kind string, net bool) *taskv1.ExplainAmountResponse {
	lines := []string{}
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	rule, _ := tax.Lookup(a.GetTaxRule())
	switch tax.Kind(kind) {
	case tax.SelfEmployed:
		rate := rule.Bands[0].Rate
		if net {
			say("Договор %s ₽ = %s ₽ на руки / (100 − %s) × 100, с округлением до копейки", a.GetGross(), a.GetPayout(), rate)
		}
		say("Налог на профессиональный доход %s ₽ = %s %% от %s ₽, с округлением до копейки", a.GetTax(), rate, a.GetGross())
	case tax.CivilContract:
		if net {
			say("Договор %s ₽ — наименьшая сумма, после удержания с которой остаётся %s ₽", a.GetGross(), a.GetPayout())
		}
		say("НДФЛ %s ₽ с %s ₽ по шкале правила, в целых рублях", a.GetTax(), a.GetGross())
	default:
		say("Налог не удерживается: индивидуальный предприниматель платит его сам")
	}
	say("Исполнителю %s ₽ = %s ₽ − %s ₽", a.GetPayout(), a.GetGross(), a.GetTax())
	say("Правило %s: %s", a.GetTaxRule(), a.GetTaxSource())
	if a.GetCommissionPercent() != "" {
		minimum := ""
		if a.GetCommissionMinimum() != "" {
			minimum = ", но не меньше " + a.GetCommissionMinimum() + " ₽"
		}
		say("Комиссия %s ₽ = %s %% от %s ₽%s, тариф с %s", a.GetCommission(), a.GetCommissionPercent(), a.GetGross(), minimum, a.GetTariffFrom())
	}
	say("Всего со счёта компании %s ₽ = %s ₽ + %s ₽", a.GetTotal(), a.GetGross(), a.GetCommission())
	return &taskv1.ExplainAmountResponse{Amounts: a, Lines: lines}
}
