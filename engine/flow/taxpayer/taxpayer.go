package taxpayer

import (
	_ "embed"
	"strconv"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed taxpayer.md
var document string

// Name is the flow's name. A taxpayer's id is the executor's.
const Name = "taxpayer"

// Open is the only state.
const Open = "open"

// Commands, with their bodies.
const (
	Change = "change" // TaxpayerChange
	Yield  = "yield"  // TaxpayerYield
	Rest   = "rest"   // TaxpayerRest
	Look   = "look"   // no body
)

// What is asked, and what becomes of it.
const (
	income        = "income"
	askIncome     = "ask_income"
	incomeDone    = "income_done"
	incomeRefused = "income_refused"
	incomeUnknown = "income_unknown"
)

// Facts of an income_cap refusal.
const (
	FactFree  = "free"  // rubles still free in the year
	FactLimit = "limit" // the cap
	FactYear  = "year"

	FactElsewhere = "elsewhere" // rubles of the year that others have paid; absent when nobody has said
)

var words = flow.Words{
	States: []string{Open}, Events: []string{Change, Yield, Rest, Look, incomeDone, incomeRefused, incomeUnknown}, Asks: []string{income, askIncome},
}

// New gives the flow of taxpayer.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/taxpayer/taxpayer.md", document, decide, words)
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	switch c.Event {
	case Change:
		return change(v, c)
	case Look:
		return look(v)
	case incomeDone, incomeRefused, incomeUnknown:
		return answered(v, c)
	}
	return split(v, c)
}

// change moves shares, and answers what is asked of them.
func change(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	var b flowv1.TaxpayerChange
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return flow.Decision{}, refusal
	}
	if b.GetNow() != nil && b.GetQuestion() != nil {
		return flow.Decision{}, fault.Refuse(fault.Malformed, "question", "a change is a fact or a question, not both")
	}
	l := newLedger(v)
	l.task, l.data.Answer = b.GetTask(), &flowv1.TaxpayerAnswer{}
	if l.waits(b.GetQuestion()) {
		l.data.Answer.Asking = true
		return l.decision(), nil
	}
	before := map[uint32]money.Amount{}
	for _, y := range l.data.GetYears() {
		before[y.GetYear()] = amount(y.GetRegistered())
	}
	if refusal := l.count(b.GetWas(), -1); refusal != nil {
		return flow.Decision{}, refusal
	}
	paid, refusal := limit.Paid(l.data.Paid).Change(b.GetCountsWas(), b.GetCountsNow(), v.Day)
	if refusal != nil {
		return flow.Decision{}, refusal
	}
	share := b.GetNow()
	if q := b.GetQuestion(); q != nil {
		var refusal *fault.Refusal
		if share, refusal = l.work(q); refusal != nil {
			return flow.Decision{}, refusal
		}
	}
	if refusal := l.count(share, +1); refusal != nil {
		return flow.Decision{}, refusal
	}
	if q := b.GetPayment(); q != nil {
		if b.GetQuestion() != nil && q.GetCount() != nil {
			q.Count.Amount = text(amount(share.GetGross()).Sub(amount(share.GetTax())))
		}
		if paid, l.data.Answer.Count, refusal = paid.Ask(q, v.Day); refusal != nil {
			return flow.Decision{}, refusal
		}
	}
	l.data.Paid = paid
	keep(l.data)
	for _, y := range l.data.GetYears() {
		l.moved(y, before[y.GetYear()])
	}
	l.data.Answer.Share = share
	if of := share; of != nil || b.GetWas() != nil {
		if of == nil {
			of = b.GetWas()
		}
		l.data.Answer.Free = l.free(of)
	}
	return l.decision(), nil
}

// Answer is what the last change of a taxpayer's data gave.
func Answer(data []byte) *flowv1.TaxpayerAnswer {
	d := flow.ReadData(flow.View{ID: Name, Data: data}, &flowv1.TaxpayerData{})
	return d.GetAnswer()
}

// Earned lists the years in which the person earned, each with the kind of employment
// whose documents matter most, and says whether something earned is not paid yet.
func Earned(d *flowv1.TaxpayerData) (years []*flowv1.ExecutorPaidYear, unpaid bool) {
	for _, y := range d.GetYears() {
		kind := flowv1.EmploymentKind_EMPLOYMENT_KIND_UNSPECIFIED
		if y.GetReserved() != "" || y.GetRegistered() != "" {
			kind = flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED
		}
		if y.GetResidentBase() != "" || y.GetNonresidentBase() != "" || y.GetInsured() != "" {
			kind = flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT
		}
		if kind != flowv1.EmploymentKind_EMPLOYMENT_KIND_UNSPECIFIED {
			years = append(years, &flowv1.ExecutorPaidYear{Year: y.GetYear(), Kind: kind})
		}
		unpaid = unpaid || y.GetReserved() != ""
	}
	return years, unpaid
}

// capped says whether the income counts against the cap.
func capped(kind flowv1.EmploymentKind) bool {
	return kind == flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED
}

// free is what is left under the cap of a share's year; "" when it has none.
func (l *ledger) free(s *flowv1.YearShare) string {
	if !capped(s.GetKind()) {
		return ""
	}
	rule, err := tax.Cap(lastDay(s.GetYear()))
	if err != nil {
		return ""
	}
	return money.RUB.Format(Free(l.data, s.GetYear(), rule.Limit))
}

func lastDay(year uint32) string { return strconv.FormatUint(uint64(year), 10) + "-12-31" }

// yearOf is the year of a day YYYY-MM-DD; 0 of anything else.
func yearOf(day string) uint32 {
	if len(day) != len("2006-01-02") {
		return 0
	}
	y, err := strconv.ParseUint(day[:4], 10, 32)
	if err != nil {
		return 0
	}
	return uint32(y)
}

// Year is a year of a person for readers: rubles.
type Year struct {
	Registered, Reserved money.Amount // income against the cap
	Base, Withheld       money.Amount // NDFL, of both residences
	Bonus                string       // what is left of the deduction; "" = nobody has said
	Elsewhere            string       // income against the cap that others have paid; "" = nobody has said
	ElsewhereAt          string       // when that was asked for, RFC 3339 in UTC
}

// YearOf reads a year of a taxpayer's data; a year without income is empty.
func YearOf(d *flowv1.TaxpayerData, number uint32) Year {
	out := Year{Registered: money.Zero, Reserved: money.Zero, Base: money.Zero, Withheld: money.Zero}
	if d.GetBonusTold() != "" {
		out.Bonus = money.RUB.Format((&ledger{data: d}).bonus())
	}
	for _, y := range d.GetYears() {
		if y.GetYear() == number {
			out.Registered, out.Reserved = total(y.GetRegistered()), total(y.GetReserved())
			out.Base = total(y.GetResidentBase()).Add(total(y.GetNonresidentBase()))
			out.Withheld = total(y.GetResidentWithheld()).Add(total(y.GetNonresidentWithheld()))
			if others, said := elsewhere(d, y); said {
				out.Elsewhere, out.ElsewhereAt = money.RUB.Format(others), y.GetToldAt()
			}
		}
	}
	return out
}
