package taxpayer

import (
	"slices"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// split decides the commands by which two executors who are one person share the caps: first
// the one yields, so that it grows no more, then the other is told what it keeps.
func split(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	d := flow.ReadData(v, &flowv1.TaxpayerData{})
	var refusal *fault.Refusal
	switch c.Event {
	case Yield:
		refusal = yield(v, c, d)
	case Rest:
		refusal = rest(v, c, d)
	default:
		refusal = flow.WrongState(v, c)
	}
	if refusal != nil {
		return flow.Decision{}, refusal
	}
	d.Answer = nil
	return flow.Decision{Data: flow.Bytes(d)}, nil
}

// other refuses who is no other executor.
func other(v flow.View, field, id string) *fault.Refusal {
	if refusal := flow.CheckID(field, id); refusal != nil {
		return refusal
	}
	if id == v.ID {
		return fault.Refuse(fault.Malformed, field, "the other executor is this one")
	}
	return nil
}

func yield(v flow.View, c flow.Command, d *flowv1.TaxpayerData) *fault.Refusal {
	var b flowv1.TaxpayerYield
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if refusal := other(v, "to", b.GetTo()); refusal != nil {
		return refusal
	}
	if d.GetYieldedTo() == "" {
		for _, y := range d.GetYears() {
			y.Kept = text(has(y))
		}
	}
	d.YieldedTo = b.GetTo()
	return nil
}

func rest(v flow.View, c flow.Command, d *flowv1.TaxpayerData) *fault.Refusal {
	var b flowv1.TaxpayerRest
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if refusal := other(v, "of", b.GetOf()); refusal != nil {
		return refusal
	}
	d.Elsewhere = slices.DeleteFunc(d.Elsewhere, func(e *flowv1.ElsewhereYear) bool { return e.GetExecutorId() == b.GetOf() })
	for _, y := range b.GetYears() {
		if has, err := parse(y.GetIncome()); err != nil || has.Sign() < 0 {
			return fault.Refuse(fault.AmountInvalid, "years", "%.64q is not an amount of rubles", y.GetIncome())
		}
		d.Elsewhere = append(d.Elsewhere, &flowv1.ElsewhereYear{ExecutorId: b.GetOf(), Year: y.GetYear(), Income: y.GetIncome()})
	}
	if d.GetYieldedTo() == b.GetOf() {
		d.YieldedTo = ""
	}
	return nil
}

// has is what of a year counts against the cap.
func has(y *flowv1.PersonYear) money.Amount {
	return total(y.GetReserved()).Add(total(y.GetRegistered()))
}

// keep lowers what a taxpayer that has yielded keeps to what it has: what is called off is room
// for nobody before the other one is told again.
func keep(d *flowv1.TaxpayerData) {
	if d.GetYieldedTo() == "" {
		return
	}
	for _, y := range d.GetYears() {
		y.Kept = text(money.Min(total(y.GetKept()), has(y)))
	}
}

// Kept is what a taxpayer that has yielded keeps, by year: the body of the other one's Rest.
func Kept(d *flowv1.TaxpayerData) (years []*flowv1.ElsewhereYear) {
	for _, y := range d.GetYears() {
		if y.GetKept() != "" {
			years = append(years, &flowv1.ElsewhereYear{Year: y.GetYear(), Income: y.GetKept()})
		}
	}
	return years
}

// Free is what is left to a person of a year's cap: less what he has of us and, as far as anybody
// has said, elsewhere.
func Free(d *flowv1.TaxpayerData, year uint32, limit money.Amount) money.Amount {
	limit = limit.Sub(former(d, year))
	own, kept := money.Zero, money.Zero
	for _, y := range d.GetYears() {
		if y.GetYear() == year {
			others, _ := elsewhere(d, y)
			own, kept = has(y).Add(others), total(y.GetKept())
		}
	}
	if d.GetYieldedTo() != "" {
		limit = kept
	}
	return money.Max(limit.Sub(own), money.New(0, money.RUB.Scale))
}

// former is what other executors who were the same person keep of a year.
func former(d *flowv1.TaxpayerData, year uint32) money.Amount {
	keep := money.Zero
	for _, e := range d.GetElsewhere() {
		if e.GetYear() == year {
			keep = keep.Add(total(e.GetIncome()))
		}
	}
	return keep
}
