package taxpayer

import (
	"slices"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// What is left of a person's bonus follows from the tax service's newest word and our receipts
// that the word may not have:
//
//	asked ······ word ······▶ told       a receipt heard of before "asked" is in the word;
//	   │ receipt? │ receipt?             of a later one nobody knows: it is taken off.
//
// So less may be told for a while than is left, never more; a word that was asked for after the
// last receipt was heard of puts it right.

// apart is how far apart the clocks of two shards, and a receipt and the service's own sums, may
// be; ours: the service says nothing of it.
const apart = time.Minute

// mostReceipts bounds the list; beyond it the oldest two become one, of the later moment.
const mostReceipts = 32

// bonus is what is left of the deduction and not yet counted on.
func (l *ledger) bonus() money.Amount {
	none := money.New(0, money.RUB.Scale)
	if l.data.GetBonusTold() == "" || l.data.GetYieldedTo() != "" {
		return none // the other executor has it
	}
	used := amount(l.data.GetBonusUsed()).Sub(amount(l.data.GetBonusUsedThen()))
	return money.Max(amount(l.data.GetBonusTold()).Sub(used).Sub(total(l.data.GetBonusTaken())), none)
}

// receipt hears of a receipt (+1), or that there is none any more (−1). What the word has already
// comes back with another word only: that the receipt is gone may be in it too.
func (l *ledger) receipt(bonus money.Amount, sign int64) {
	d := l.data
	i := slices.IndexFunc(d.BonusReceipts, func(r *flowv1.BonusReceipt) bool { return r.GetTask() == l.task })
	switch {
	case bonus.IsZero():
	case sign > 0:
		d.BonusReceipts = append(d.BonusReceipts, &flowv1.BonusReceipt{Task: l.task, At: flow.Text(l.view.Clock), Bonus: text(bonus)})
		if len(d.BonusReceipts) > mostReceipts {
			both := &flowv1.BonusReceipt{At: d.BonusReceipts[1].GetAt(), Bonus: text(amount(d.BonusReceipts[0].GetBonus()).Add(amount(d.BonusReceipts[1].GetBonus())))}
			d.BonusReceipts = slices.Replace(d.BonusReceipts, 0, 2, both)
		}
	case i >= 0 && d.BonusReceipts[i].GetBonus() == text(bonus):
		d.BonusReceipts = slices.Delete(d.BonusReceipts, i, i+1)
	default:
		d.BonusUsedThen = text(amount(d.BonusUsedThen).Sub(bonus))
	}
}

// hear takes the tax service's newest word about the bonus.
func (l *ledger) hear(q *flowv1.YearQuestion) {
	said, err := parse(q.GetBonusTold())
	if q.GetBonusTold() == "" || err != nil || said.Sign() < 0 {
		return
	}
	asked, err := time.Parse(time.RFC3339Nano, q.GetBonusAskedAt())
	if err != nil {
		return // nobody can order it
	}
	d := l.data
	if d.GetBonusTold() != "" && asked.Before(flow.Moment(d.GetBonusToldAt())) {
		return
	}
	d.BonusReceipts = slices.DeleteFunc(d.BonusReceipts, func(r *flowv1.BonusReceipt) bool {
		return flow.Moment(r.GetAt()).Add(apart).Before(asked)
	})
	then := amount(d.GetBonusUsed())
	for _, r := range d.BonusReceipts {
		then = then.Sub(amount(r.GetBonus()))
	}
	d.BonusTold, d.BonusToldAt, d.BonusUsedThen = money.RUB.Format(said), q.GetBonusAskedAt(), text(then)
}
