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

// Year is what a person has had of us in the calendar year before this payment,
// rubles of scale 2; of CivilContract only.
type Year struct {
	Base          money.Amount // NDFL base, of the person's status
	Withheld      money.Amount // NDFL withheld of it
	Insured       money.Amount // base of the contributions
	Contributions money.Amount // charged on it
}

// Terms are what a tax depends on beside the price.
type Terms struct {
	Kind   Kind
	Payer  Payer        // for SelfEmployed
	Status Status       // for CivilContract
	Year   Year         // for CivilContract
	Bonus  money.Amount // for SelfEmployed: what is left of the deduction, rubles of scale 2
	Day    string       // day of payment, YYYY-MM-DD in the book's zone
}

// Sum is a price taken apart. Gross = Payout + Tax, Tax = Full − Bonus; rubles of
// scale 2. Rules are Rule.ID of the rows used: "npd-company@2019-01-01", "" = none.
type Sum struct {
	Gross  money.Amount
	Payout money.Amount
	Tax    money.Amount // what is held
	Rule   string

	Full      money.Amount // the tax before the bonus
	Bonus     money.Amount // what the bonus pays of it
	BonusRule string

	Contributions     money.Amount // on top, paid by the company
	ContributionsRule string
}

// hundred is 100, for percents.
var hundred = money.New(100, 0)

// FromGross takes a gross price apart: 100 → 94 + 6 under NPD from a company.
// The error says that tax.md has no rule for the terms and the day.
func (t Terms) FromGross(gross money.Amount) (Sum, error) { return rules.fromGross(t, gross) }

// FromNet finds the smallest gross price that pays out exactly the net price:
// 100 → 106.38 under NPD from a company. A bonus is paid out above the net price.
func (t Terms) FromNet(net money.Amount) (Sum, error) { return rules.fromNet(t, net) }

func (all ruleTable) fromGross(t Terms, gross money.Amount) (Sum, error) {
	rule, err := all.rule(t)
	if err != nil {
		return Sum{}, err
	}
	s := Sum{Gross: gross, Rule: rule.ID(), Full: t.held(rule, gross)}
	if err := all.addBonus(t, &s); err != nil {
		return Sum{}, err
	}
	s.Tax = s.Full.Sub(s.Bonus)
	s.Payout = s.Gross.Sub(s.Tax)
	return s, all.addContributions(t, &s)
}

func (all ruleTable) fromNet(t Terms, net money.Amount) (Sum, error) {
	rule, err := all.rule(t)
	if err != nil {
		return Sum{}, err
	}
	// The tax grows with gross and slower than it, so walking up from the net price
	// ends at the least gross that leaves the net price.
	gross := net.Round(money.RUB.Scale, money.HalfUp)
	for {
		next := net.Add(t.held(rule, gross))
		if next.Equal(gross) {
			return all.fromGross(t, gross)
		}
		gross = next
	}
}

// addBonus says how much of the tax the bonus pays.
func (all ruleTable) addBonus(t Terms, s *Sum) error {
	s.Bonus = money.New(0, money.RUB.Scale)
	if t.Kind != SelfEmployed || t.Bonus.Sign() <= 0 {
		return nil
	}
	rule, err := all.on("bonus-"+string(t.Payer), t.Day)
	if err != nil {
		return err
	}
	share := s.Gross.Percent(rule.Bands[0].Rate, money.RUB.Scale, money.HalfUp)
	s.Bonus, s.BonusRule = money.Min(money.Min(share, t.Bonus), s.Full), rule.ID()
	return nil
}

// addContributions says what the company pays on top.
func (all ruleTable) addContributions(t Terms, s *Sum) error {
	s.Contributions = money.New(0, money.RUB.Scale)
	if t.Kind != CivilContract {
		return nil
	}
	rule, err := all.on("contributions-"+string(t.Kind), t.Day)
	if err != nil {
		return err
	}
	due := banded(rule, t.Year.Insured.Add(s.Gross)).Round(money.RUB.Scale, money.HalfUp)
	// A return may have left less charged than is due: it is caught up payment by payment,
	// none of which costs more than its own full share.
	due = money.Min(due.Sub(t.Year.Contributions), mostContributions(rule, s.Gross))
	s.Contributions, s.ContributionsRule = money.Max(due, s.Contributions), rule.ID()
	return nil
}

// mostContributions is what a payment can cost at most: the first band, which is the dearest.
func mostContributions(rule Rule, gross money.Amount) money.Amount {
	return gross.Percent(rule.Bands[0].Rate, money.RUB.Scale, money.Up)
}

// mostWithheld is what can be withheld of a payment at most, in whole rubles: by the last band,
// which is the dearest, and a ruble more, which rounding can make.
func mostWithheld(rule Rule, gross money.Amount) money.Amount {
	top := rule.Bands[len(rule.Bands)-1].Rate
	return gross.Percent(top, 6, money.Down).Round(0, money.Down).Add(money.New(1, 0))
}

// Ceiling is what a price can cost at most, whatever the year has had: its gross, and the
// contributions on top. A net price of a civil contract grows by the dearest band.
func (t Terms) Ceiling(price money.Amount, net bool) (gross, contributions money.Amount, err error) {
	take := t.FromGross
	if net {
		take = t.FromNet
	}
	sum, err := take(price)
	if err != nil || t.Kind != CivilContract {
		return sum.Gross, sum.Contributions, err
	}
	gross = sum.Gross
	if net {
		rule, err := rules.rule(t)
		if err != nil {
			return gross, gross, err
		}
		left := hundred.Sub(rule.Bands[len(rule.Bands)-1].Rate)
		// One ruble more: tax in whole rubles can be that much above the exact one.
		gross = price.Add(money.New(1, 0)).Mul(hundred, money.RUB.Scale, money.Up).Div(left, money.RUB.Scale, money.Up)
	}
	rule, err := rules.on("contributions-"+string(t.Kind), t.Day)
	if err != nil {
		return gross, gross, err
	}
	return gross, mostContributions(rule, gross), nil
}

// rule finds the row of tax.md that the terms fall under.
func (all ruleTable) rule(t Terms) (Rule, error) {
	switch t.Kind {
	case SelfEmployed:
		return all.on("npd-"+string(t.Payer), t.Day)
	case CivilContract:
		return all.on("ndfl-"+string(t.Status), t.Day)
	case Entrepreneur:
		return all.on("none-"+string(t.Kind), t.Day)
	}
	return Rule{}, fmt.Errorf("tax: unknown kind of employment %q", t.Kind)
}

// held is the tax of a gross price before the bonus.
func (t Terms) held(rule Rule, gross money.Amount) money.Amount {
	none := money.New(0, money.RUB.Scale)
	switch t.Kind {
	case SelfEmployed:
		// Half up to the kopeck: the rounding of the tax service is not published;
		// its figure, which comes with the receipt, is final.
		return gross.Percent(rule.Bands[0].Rate, money.RUB.Scale, money.HalfUp)
	case CivilContract:
		due := money.Max(whole(rule, t.Year.Base.Add(gross)).Sub(t.Year.Withheld), none)
		// The whole ruble that the year's kopecks add up to may be more than a payment of a
		// few kopecks: something is always paid out, the rest is withheld later, of no
		// payment more than its own share by the dearest band and a ruble.
		something := gross.Sub(money.New(1, money.RUB.Scale)).Round(0, money.Down)
		return money.Min(due, money.Min(something, mostWithheld(rule, gross)).Round(money.RUB.Scale, money.Down))
	}
	return none
}

// whole is the tax of a year's base in whole rubles, half up: Tax Code art. 52 p. 6.
func whole(rule Rule, base money.Amount) money.Amount {
	return banded(rule, base).Round(0, money.HalfUp).Round(money.RUB.Scale, money.HalfUp)
}

// banded is the exact tax of a year's base by the bands of a scale.
func banded(rule Rule, base money.Amount) money.Amount {
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
	return sum
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
