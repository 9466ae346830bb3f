package task

import (
	"fmt"
	"strings"

	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Step says how one amount of a task came about. Words are Russian.
type Step struct {
	Name     string // "gross", "tax", "bonus", "payout", "contributions", "commission", "total", "final_tax", "difference"
	Title    string // «НДФЛ»
	Amount   string // rubles, decimal of scale 2
	Formula  string
	Inputs   []Input
	Rule     string // rule and version: "ndfl-resident@2025-01-01"; a tariff: "tariff@2026-01-01"; "" = none
	To       string // last day of the rule, "" = it still holds
	Source   string // the law
	Rounding string
}

// Input is one number that an amount was worked out of.
type Input struct{ Name, Title, Value string }

// Line is the step as one sentence.
func (s Step) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s ₽: %s", s.Title, s.Amount, s.Formula)
	for i, in := range s.Inputs {
		fmt.Fprintf(&b, "%s %s %s", map[bool]string{true: ";", false: ","}[i == 0], in.Title, in.Value)
	}
	if s.Rule != "" {
		fmt.Fprintf(&b, "; правило %s", s.Rule)
		if s.Source != "" {
			fmt.Fprintf(&b, " (%s)", s.Source)
		}
	}
	if s.Rounding != "" {
		fmt.Fprintf(&b, "; %s", s.Rounding)
	}
	return b.String()
}

// Rounding rules in words.
const (
	toKopeck = "округление до копейки, половина — вверх"
	toRuble  = "в целых рублях, 50 копеек и больше — вверх (НК РФ, ст. 52 п. 6)"
)

// Explain says how every amount of a sum came about. net is the price that was promised
// to the person, "" under a gross price.
func Explain(sum *flowv1.TaskSum, kind flowv1.EmploymentKind, net string) []Step {
	e := &explanation{sum: sum, share: sum.GetShare(), net: net}
	e.gross()
	switch kind {
	case kindSelfEmployed:
		e.npd()
	case kindCivilContract:
		e.ndfl()
	default:
		e.add(Step{Name: "tax", Title: "Налог", Amount: zero(sum.Tax), Formula: "не удерживается: исполнитель платит налог сам"}, sum.Rule)
	}
	e.add(Step{Name: "payout", Title: "Исполнителю", Amount: zero(sum.Payout), Formula: "договор − удержанный налог", Inputs: []Input{
		{"gross", "договор", zero(sum.Gross)}, {"tax", "налог", zero(sum.Tax)},
	}}, "")
	e.company()
	e.final()
	return e.steps
}

// explanation is the steps in the making.
type explanation struct {
	sum   *flowv1.TaskSum
	share *flowv1.YearShare
	net   string
	steps []Step
}

// add appends a step with what the tables say of its rule.
func (e *explanation) add(s Step, rule string) {
	s.Rule = rule
	if r, ok := tax.Lookup(rule); ok {
		s.To, s.Source = r.To, r.Source
	}
	e.steps = append(e.steps, s)
}

func (e *explanation) gross() {
	if e.net == "" {
		e.add(Step{Name: "gross", Title: "Договор", Amount: zero(e.sum.Gross), Formula: "цена до налогов, как назначена"}, "")
		return
	}
	e.add(Step{Name: "gross", Title: "Договор", Amount: zero(e.sum.Gross),
		Formula: "наименьшая сумма, после налога с которой остаётся цена на руки", Inputs: []Input{{"net", "на руки", e.net}}}, e.sum.Rule)
}

func (e *explanation) npd() {
	full := amount(e.sum.Tax).Add(amount(e.share.GetBonus()))
	e.add(Step{Name: "tax", Title: "Налог на профессиональный доход", Amount: zero(e.sum.Tax),
		Formula: fmt.Sprintf("договор × %s %% − бонус", rate(e.sum.Rule)), Rounding: toKopeck,
		Inputs: []Input{{"gross", "договор", zero(e.sum.Gross)}, {"full", "налог до бонуса", money.RUB.Format(full)}, {"bonus", "бонус", zero(e.share.GetBonus())}},
	}, e.sum.Rule)
	if e.share.GetBonusRule() != "" {
		e.add(Step{Name: "bonus", Title: "Налоговый бонус", Amount: zero(e.share.GetBonus()),
			Formula: fmt.Sprintf("договор × %s %%, не больше остатка бонуса и налога", rate(e.share.GetBonusRule())), Rounding: toKopeck,
			Inputs: []Input{{"bonus_before", "остаток до выплаты", zero(e.share.GetBonusBefore())},
				{"bonus_after", "остаток после", money.RUB.Format(amount(e.share.GetBonusBefore()).Sub(amount(e.share.GetBonus())))}},
		}, e.share.GetBonusRule())
	}
}

func (e *explanation) ndfl() {
	e.add(Step{Name: "tax", Title: "НДФЛ", Amount: zero(e.sum.Tax), Formula: "налог по шкале с базы года вместе с этой выплатой − удержано раньше",
		Rounding: toRuble, Inputs: []Input{
			{"gross", "договор", zero(e.sum.Gross)}, {"base_before", "база года до выплаты", zero(e.share.GetBaseBefore())},
			{"withheld_before", "удержано раньше", zero(e.share.GetWithheldBefore())}, {"scale", "шкала", scale(e.sum.Rule)},
		}}, e.sum.Rule)
}

// company is what the company pays on top of the contract.
func (e *explanation) company() {
	total := amount(e.sum.Gross)
	inputs := []Input{{"gross", "договор", zero(e.sum.Gross)}}
	if rule := e.share.GetContributionsRule(); rule != "" {
		e.add(Step{Name: "contributions", Title: "Страховые взносы", Amount: zero(e.share.GetContributions()),
			Formula: "взносы с базы года вместе с этой выплатой − начислено раньше", Rounding: toKopeck, Inputs: []Input{
				{"gross", "договор", zero(e.sum.Gross)}, {"insured_before", "база года до выплаты", zero(e.share.GetInsuredBefore())},
				{"contributions_before", "начислено раньше", zero(e.share.GetContributionsBefore())}, {"scale", "шкала", scale(rule)},
			}}, rule)
		total = total.Add(amount(e.share.GetContributions()))
		inputs = append(inputs, Input{"contributions", "взносы", zero(e.share.GetContributions())})
	}
	if t := e.sum.GetTariff(); t != nil {
		s := Step{Name: "commission", Title: "Комиссия", Amount: zero(e.sum.Commission), Formula: fmt.Sprintf("договор × %s %%", t.GetPercent()),
			Rounding: toKopeck, Inputs: []Input{{"gross", "договор", zero(e.sum.Gross)}}}
		if t.GetMinimum() != "" {
			s.Formula += ", но не меньше минимума"
			s.Inputs = append(s.Inputs, Input{"minimum", "минимум", t.GetMinimum()})
		}
		e.add(s, "tariff@"+t.GetFrom())
		total = total.Add(amount(e.sum.Commission))
		inputs = append(inputs, Input{"commission", "комиссия", zero(e.sum.Commission)})
	}
	e.add(Step{Name: "total", Title: "Всего со счёта компании", Amount: money.RUB.Format(total), Formula: "сумма", Inputs: inputs}, "")
}

// final compares what was held with what the tax service computed.
func (e *explanation) final() {
	said := e.sum.GetFinalTax()
	if said == "" {
		return
	}
	e.add(Step{Name: "final_tax", Title: "Налог по данным ФНС", Amount: said, Formula: "как вернула налоговая с чеком; эта сумма окончательная"}, "")
	p := splitTax(amount(e.sum.Tax), e.sum, said, e.net != "")
	for _, d := range []struct {
		sum   money.Amount
		words string
	}{
		{p.less, "удержано больше, чем начислено: разницу должны исполнителю"},
		{p.more, "начислено больше, чем удержано: разницу должен исполнитель"},
		{p.ours, "начислено больше, чем удержано, при цене на руки: округление за счёт платформы"},
		{amount(e.sum.Tax).Sub(p.tax).Sub(p.less), "удержано больше, чем начислено, при цене на руки: округление возвращено компании"},
	} {
		if d.sum.Sign() > 0 {
			e.add(Step{Name: "difference", Title: "Разница налога", Amount: money.RUB.Format(d.sum), Formula: d.words, Inputs: []Input{
				{"tax", "удержано", zero(e.sum.Tax)}, {"final_tax", "начислено", said},
			}}, "")
		}
	}
}

// rate is the first rate of a rule, in percent.
func rate(rule string) string {
	r, ok := tax.Lookup(rule)
	if !ok || len(r.Bands) == 0 {
		return "?"
	}
	return r.Bands[0].Rate.String()
}

// scale writes a rule's bands: "13 % до 2400000.00, 15 % до 5000000.00, 18 % выше".
func scale(rule string) string {
	r, _ := tax.Lookup(rule)
	parts := make([]string, len(r.Bands))
	for i, b := range r.Bands {
		switch {
		case i+1 < len(r.Bands):
			parts[i] = fmt.Sprintf("%s %% до %s", b.Rate, money.RUB.Format(r.Bands[i+1].Above))
		case i > 0:
			parts[i] = fmt.Sprintf("%s %% выше", b.Rate)
		default:
			parts[i] = b.Rate.String() + " %"
		}
	}
	return strings.Join(parts, ", ")
}

// zero writes an amount of the data for people.
func zero(s string) string { return money.RUB.Format(amount(s)) }
