package taxpayer

import (
	"cmp"
	"slices"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// ledger is the taxpayer's data in the making: totals of shares.
type ledger struct {
	data *flowv1.TaxpayerData
	task string // whose change it is
	view flow.View
	asks map[string][]byte
}

// newLedger reads a taxpayer; what the change before it gave is nobody's any more.
func newLedger(v flow.View) *ledger {
	l := &ledger{data: flow.ReadData(v, &flowv1.TaxpayerData{}), view: v, asks: map[string][]byte{}}
	l.data.Answer = nil
	return l
}

// year finds a year, or begins it.
func (l *ledger) year(number uint32) *flowv1.PersonYear {
	i, ok := slices.BinarySearchFunc(l.data.Years, number, func(y *flowv1.PersonYear, n uint32) int { return cmp.Compare(y.GetYear(), n) })
	if !ok {
		l.data.Years = slices.Insert(l.data.Years, i, &flowv1.PersonYear{Year: number})
	}
	return l.data.Years[i]
}

// sums is one total with what a share adds to it.
type sums struct {
	total *string
	of    string
}

// count puts a share in (+1) or takes it out (−1). What tasks tell may overtake what they told
// before, so a total may be below zero until everything is heard; readers take that for none.
func (l *ledger) count(s *flowv1.YearShare, sign int64) *fault.Refusal {
	if s == nil {
		return nil
	}
	y := l.year(s.GetYear())
	stage := s.GetStage()
	var all []sums
	switch {
	case stage == flowv1.YearStage_YEAR_STAGE_UNSPECIFIED:
		return fault.Refuse(fault.Malformed, "stage", "a share says how far it has come")
	case capped(s.GetKind()) && stage == flowv1.YearStage_YEAR_STAGE_REGISTERED:
		all = []sums{{&y.Registered, s.GetGross()}, {&l.data.BonusUsed, s.GetBonus()}}
	case capped(s.GetKind()):
		all = []sums{{&y.Reserved, s.GetGross()}, {&l.data.BonusTaken, cmp.Or(s.GetBonusMost(), s.GetBonus())}}
	case stage == flowv1.YearStage_YEAR_STAGE_HELD:
		return nil
	case s.GetNonresident():
		all = []sums{{&y.NonresidentBase, s.GetGross()}, {&y.NonresidentWithheld, s.GetTax()}}
	default:
		all = []sums{{&y.ResidentBase, s.GetGross()}, {&y.ResidentWithheld, s.GetTax()}}
	}
	if !capped(s.GetKind()) {
		all = append(all, sums{&y.Insured, s.GetGross()}, sums{&y.Contributions, s.GetContributions()})
	}
	for _, t := range all {
		by, err := parse(t.of)
		if err != nil || by.Sign() < 0 {
			return fault.Refuse(fault.AmountInvalid, "share", "%.64q is not an amount of rubles", t.of)
		}
		*t.total = text(amount(*t.total).Add(by.Mul(money.New(sign, 0), money.RUB.Scale, money.Down)))
	}
	if capped(s.GetKind()) && stage == flowv1.YearStage_YEAR_STAGE_REGISTERED {
		l.receipt(amount(s.GetBonus()), sign)
	}
	return nil
}

// work answers a question: the cap first, then the sums of a payment.
func (l *ledger) work(q *flowv1.YearQuestion) (*flowv1.YearShare, *fault.Refusal) {
	s := &flowv1.YearShare{Year: yearOf(q.GetDay()), Kind: q.GetKind(), Nonresident: q.GetNonresident(), Stage: q.GetStage(), Day: q.GetDay()}
	if s.Year == 0 || s.Stage != flowv1.YearStage_YEAR_STAGE_HELD && s.Stage != flowv1.YearStage_YEAR_STAGE_TAKEN {
		return nil, fault.Refuse(fault.Malformed, "question", "a question names a day and HELD or TAKEN")
	}
	price, take := q.GetGross(), tax.Terms.FromGross
	if q.GetNet() != "" {
		price, take = q.GetNet(), tax.Terms.FromNet
	}
	sum, err := parse(price)
	if err != nil || sum.Sign() <= 0 {
		return nil, fault.Refuse(fault.AmountInvalid, "question", "%.64q is not a positive amount of rubles", price)
	}
	if s.Stage == flowv1.YearStage_YEAR_STAGE_TAKEN {
		l.hear(q)
		terms := l.terms(s)
		worked, err := take(terms, sum)
		if err != nil {
			return nil, fault.Refuse(fault.TaxRuleMissing, "question", "%v", err).With("day", q.GetDay())
		}
		sum = worked.Gross
		fill(s, terms, worked)
		terms.Bonus = sum // as if enough were left: a day without a rule has no bonus
		if most, err := terms.FromGross(sum); err == nil {
			s.BonusMost = text(most.Bonus)
		}
	}
	s.Gross = text(sum)
	return s, l.fits(s)
}

// fits refuses a share that would pass the cap of its year.
func (l *ledger) fits(s *flowv1.YearShare) *fault.Refusal {
	if !capped(s.GetKind()) {
		return nil
	}
	rule, err := tax.Cap(s.GetDay())
	if err != nil {
		return fault.Refuse(fault.TaxRuleMissing, "question", "%v", err).With("day", s.GetDay())
	}
	free := Free(l.data, s.GetYear(), rule.Limit)
	if amount(s.GetGross()).Cmp(free) <= 0 {
		return nil
	}
	refusal := fault.Refuse(fault.IncomeCap, "question", "%s are free of %s in %d", money.RUB.Format(free), money.RUB.Format(rule.Limit), s.GetYear()).
		With(FactFree, money.RUB.Format(free)).With(FactLimit, money.RUB.Format(rule.Limit)).With(FactYear, lastDay(s.GetYear())[:4])
	if e := YearOf(l.data, s.GetYear()).Elsewhere; e != "" {
		refusal.With(FactElsewhere, e)
	}
	return refusal
}

// terms are what the tax of a share depends on, as the year stands without it.
func (l *ledger) terms(s *flowv1.YearShare) tax.Terms {
	y := l.year(s.GetYear())
	t := tax.Terms{
		Kind: kinds[s.GetKind()], Payer: tax.Company, Status: tax.Resident, Day: s.GetDay(), Bonus: l.bonus(),
		Year: tax.Year{
			Base: total(y.GetResidentBase()), Withheld: total(y.GetResidentWithheld()),
			Insured: total(y.GetInsured()), Contributions: total(y.GetContributions()),
		},
	}
	if s.GetNonresident() {
		t.Status = tax.Nonresident
		t.Year.Base, t.Year.Withheld = total(y.GetNonresidentBase()), total(y.GetNonresidentWithheld())
	}
	return t
}

// fill writes the sums of a payment and what they were worked out of.
func fill(s *flowv1.YearShare, t tax.Terms, worked tax.Sum) {
	s.Tax, s.Bonus, s.Contributions = text(worked.Tax), text(worked.Bonus), text(worked.Contributions)
	s.Rule, s.BonusRule, s.ContributionsRule = worked.Rule, worked.BonusRule, worked.ContributionsRule
	switch t.Kind {
	case tax.SelfEmployed:
		s.BonusBefore = text(t.Bonus)
	case tax.CivilContract:
		s.BaseBefore, s.WithheldBefore = text(t.Year.Base), text(t.Year.Withheld)
		s.InsuredBefore, s.ContributionsBefore = text(t.Year.Insured), text(t.Year.Contributions)
	case tax.Entrepreneur:
	}
}

// kinds translates the message's kinds of employment to the tax tables'.
var kinds = map[flowv1.EmploymentKind]tax.Kind{
	flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED:   tax.SelfEmployed,
	flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT: tax.CivilContract,
	flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR:   tax.Entrepreneur,
}

func parse(s string) (money.Amount, error) {
	if s == "" {
		return money.New(0, money.RUB.Scale), nil
	}
	return money.RUB.Parse(s)
}

// amount reads an amount of the taxpayer's own data; "" is zero.
func amount(s string) money.Amount {
	a, err := parse(s)
	if err != nil {
		panic("taxpayer: its own data: " + err.Error())
	}
	return a
}

// total reads a total that readers go by: below zero, until everything is heard, is none.
func total(s string) money.Amount { return money.Max(amount(s), money.New(0, money.RUB.Scale)) }

// text writes an amount into the data; zero is "".
func text(a money.Amount) string {
	if a.IsZero() {
		return ""
	}
	return money.RUB.Format(a)
}
