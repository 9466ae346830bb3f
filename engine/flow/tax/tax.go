package tax

import (
	"fmt"

	"github.com/provodka/provodka/ledger/money"
)

// Kind is the kind of employment under which a person works (seed 000: employment_kind).
type Kind string

// The kinds of employment.
const (
	SelfEmployed  Kind = "selfemployed"   // самозанятый: NPD
	CivilContract Kind = "civil_contract" // договор ГПХ: NDFL
	Entrepreneur  Kind = "entrepreneur"   // ИП: pays its taxes itself
)

// Payer is who pays a self-employed person; the NPD rate depends on it.
type Payer string

// The payers.
const (
	Company    Payer = "company"    // a legal entity or a sole trader
	Individual Payer = "individual" // a person
)

// Status is a person's tax status; the NDFL scale depends on it.
type Status string

// The statuses.
const (
	Resident    Status = "resident"
	Nonresident Status = "nonresident"
)

// Terms are what a tax depends on beside the price.
type Terms struct {
	Kind   Kind
	Payer  Payer        // for SelfEmployed
	Status Status       // for CivilContract
	Before money.Amount // for CivilContract: the year's base before this payment, rubles of scale 2
	Day    string       // day of payment, YYYY-MM-DD in the book's zone
}

// Sum is a price taken apart. Gross = Payout + Tax, rubles of scale 2.
type Sum struct {
	Gross  money.Amount
	Payout money.Amount
	Tax    money.Amount
	Rule   string // Rule.ID of the row used: "npd-company@2019-01-01"
}

// hundred is 100, for percents.
var hundred = money.New(100, 0)

// FromGross takes a gross price apart: 100 → 94 + 6 under NPD from a company.
// The error says that tax.md has no rule for the terms and the day.
func (t Terms) FromGross(gross money.Amount) (Sum, error) {
	rule, err := t.rule()
	if err != nil {
		return Sum{}, err
	}
	held := t.held(rule, gross)
	return Sum{Gross: gross, Payout: gross.Sub(held), Tax: held, Rule: rule.ID()}, nil
}

// FromNet finds the gross price that pays out exactly the net price:
// 100 → 106.38 under NPD from a company; the smallest one under NDFL.
func (t Terms) FromNet(net money.Amount) (Sum, error) {
	rule, err := t.rule()
	if err != nil {
		return Sum{}, err
	}
	gross := net // what an entrepreneur asks is what it gets
	switch t.Kind {
	case SelfEmployed:
		// Half up puts gross within half a kopeck of net / (1 − rate); its own tax,
		// rounded, is then always gross − net, because the rate is under 100 %.
		gross = net.Mul(hundred, 2, money.HalfUp).Div(hundred.Sub(rule.Bands[0].Rate), 2, money.HalfUp)
	case CivilContract:
		// tax(gross) grows with gross and slower than it, so walking up from the
		// net price ends at the least gross that leaves the net price.
		for {
			next := net.Add(t.held(rule, gross))
			if next.Equal(gross) {
				break
			}
			gross = next
		}
	}
	return Sum{Gross: gross, Payout: net, Tax: gross.Sub(net), Rule: rule.ID()}, nil
}

// rule finds the row of tax.md that the terms fall under.
func (t Terms) rule() (Rule, error) {
	switch t.Kind {
	case SelfEmployed:
		return ruleOf("npd-"+string(t.Payer), t.Day)
	case CivilContract:
		return ruleOf("ndfl-"+string(t.Status), t.Day)
	case Entrepreneur:
		return ruleOf("none-"+string(t.Kind), t.Day)
	}
	return Rule{}, fmt.Errorf("tax: unknown kind of employment %q", t.Kind)
}

// held is the tax of a gross price.
func (t Terms) held(rule Rule, gross money.Amount) money.Amount {
	switch t.Kind {
	case SelfEmployed:
		// Half up to the kopeck: the rounding of the tax service is not published;
		// its figure, which comes with the receipt, is final.
		return gross.Percent(rule.Bands[0].Rate, 2, money.HalfUp)
	case CivilContract:
		return whole(rule, t.Before.Add(gross)).Sub(whole(rule, t.Before))
	}
	return money.New(0, 2)
}

// whole is the tax of a year's base in whole rubles, half up: Tax Code art. 52 p. 6.
func whole(rule Rule, base money.Amount) money.Amount {
	sum := money.Zero
	for i, b := range rule.Bands {
		top := base
		if i+1 < len(rule.Bands) {
			top = money.Min(base, rule.Bands[i+1].Above)
		}
		if top.Cmp(b.Above) > 0 {
			sum = sum.Add(top.Sub(b.Above).Percent(b.Rate, 6, money.Down)) // exact: 2 + 2 places, and 2 for percent
		}
	}
	return sum.Round(0, money.HalfUp).Round(2, money.HalfUp)
}

// Tariff is what the platform charges a company for each paid task.
type Tariff struct {
	Percent money.Amount // of the gross price
	Minimum money.Amount // rubles, scale 2
}

// Commission is the platform's charge on a gross price: percent, half up to the
// kopeck, and not less than the minimum. It is paid by the company on top.
func Commission(gross money.Amount, t Tariff) money.Amount {
	return money.Max(gross.Percent(t.Percent, 2, money.HalfUp), t.Minimum).Round(2, money.HalfUp)
}
