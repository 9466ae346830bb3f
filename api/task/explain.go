package task

import (
	"context"

	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// ExplainAmount implements TaskService.
func (s *Service) ExplainAmount(ctx context.Context, req *taskv1.ExplainAmountRequest) (*taskv1.ExplainAmountResponse, error) {
	if id := req.GetTaskId(); id != "" {
		a, err := s.shown(ctx, req.GetBook(), id)
		if err != nil {
			return nil, err
		}
		d := new(flowv1.TaskData)
		if err := a.Read(d); err != nil {
			return nil, err
		}
		if d.GetSum() == nil {
			return nil, fault.Refuse(fault.WrongState, "task_id", "the task has no executor yet, so its taxes are not known")
		}
		net := ""
		if d.GetPriceKind() == flowv1.PriceKind_PRICE_KIND_NET {
			net = d.GetPrice()
		}
		return explain(d.GetSum(), executor.KindWord(d.GetKind()), net), nil
	}
	return s.explainPrice(ctx, req.GetBook(), req.GetPrice())
}

func (s *Service) explainPrice(ctx context.Context, book string, q *taskv1.PriceQuestion) (*taskv1.ExplainAmountResponse, error) {
	terms := tax.Terms{Kind: tax.Kind(q.GetEmploymentKind()), Payer: tax.Company, Status: tax.Resident, Day: q.GetDay()}
	if q.GetNonresident() {
		terms.Status = tax.Nonresident
	}
	if terms.Day == "" {
		terms.Day = s.Today()
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
	if sum.ContributionsRule != "" {
		out.Share = &flowv1.YearShare{Contributions: money.RUB.Format(sum.Contributions), ContributionsRule: sum.ContributionsRule}
	}
	day := max(terms.Day, s.Today()) // of tariff and limits: today's of a day that is over
	var own []*flowv1.PaymentLimit
	if q.GetCompanyId() != "" {
		d, refusal, err := s.CompanyOf(ctx, book, q.GetCompanyId())
		switch t := company.TariffOn(d, day, executor.Kinds[q.GetEmploymentKind()]); {
		case err != nil:
			return nil, err
		case refusal != nil:
			return nil, refusal.At("price")
		case t != nil:
			out.Tariff = t
			out.Commission = money.RUB.Format(tax.Commission(sum.Gross, readTariff(t)))
		}
		own = company.LimitsOn(d, day)
	}
	net := ""
	if q.GetAmountNet() != "" {
		net = money.RUB.Format(price)
	}
	answer := explain(out, q.GetEmploymentKind(), net)
	for _, l := range limit.All(day, s.House.Stamp(own, day)) {
		if limit.Outside(l, sum.Payout, sum.Payout) {
			short := &flowv1.LimitShort{Limit: l}
			answer.Limits = append(answer.Limits, limitMessage(short))
			answer.Lines = append(answer.Lines, "Так не выплатить одним платежом, а сам он не дробится: "+limit.Words(short))
		}
	}
	return answer, nil
}

// readTariff reads a tariff that a flow has checked.
func readTariff(t *flowv1.Tariff) tax.Tariff {
	out := tax.Tariff{Percent: money.MustParse(t.GetPercent())}
	if t.GetMinimum() != "" {
		out.Minimum = money.MustParse(t.GetMinimum())
	}
	return out
}

// explain says how each sum came about; net is the price that was promised, "" when the
// price is gross.
func explain(sum *flowv1.TaskSum, kind, net string) *taskv1.ExplainAmountResponse {
	out := &taskv1.ExplainAmountResponse{Amounts: amountsMessage(sum)}
	for _, s := range task.Explain(sum, executor.Kinds[kind], net) {
		step := &taskv1.AmountStep{
			Name: s.Name, Title: s.Title, Amount: s.Amount, Formula: s.Formula, Rule: s.Rule, ValidTo: s.To, Source: s.Source, Rounding: s.Rounding,
		}
		for _, in := range s.Inputs {
			step.Inputs = append(step.Inputs, &taskv1.AmountInput{Name: in.Name, Title: in.Title, Value: in.Value})
		}
		out.Steps, out.Lines = append(out.Steps, step), append(out.Lines, s.Line())
	}
	return out
}
