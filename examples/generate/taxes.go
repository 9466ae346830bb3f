package main

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/examples/play"
	"github.com/provodka/provodka/ledger/money"
)

// The taxes of the play's own payments fall due after their month is over, which is after the
// play. What is remitted are those of a month that is over, brought forward from the books kept before.
const (
	taxMonth = play.TaxMonth
	npdDue   = play.TaxDue
)

// brought is a balance of the books kept before.
type brought struct {
	tax, day string
	who      int
	kopecks  int64
	period   string // by whose order it is passed on
}

// opening are the taxes of that month, on days that every month has: withheld up to the 22nd and after it, contributions, and NPD
// of two who let us pay it, one whose document says another sum, one of whom nothing is wanted,
// and two who pay by themselves and are given it back.
var opening = []brought{
	{"tax-ndfl", taxMonth + "-10", 80, 13_000_00, "ndfl-" + taxMonth + "-1"},
	{"tax-ndfl", taxMonth + "-22", 81, 455_00, "ndfl-" + taxMonth + "-1"},
	{"tax-ndfl", taxMonth + "-23", 80, 2_600_00, "ndfl-" + taxMonth + "-2"},
	{"contribution", taxMonth + "-10", 80, 30_000_00, "contributions-" + taxMonth},
	{"contribution", taxMonth + "-22", 81, 1_050_47, "contributions-" + taxMonth},
	{"contribution", taxMonth + "-23", 80, 6_000_00, "contributions-" + taxMonth},
	{"tax-npd", taxMonth + "-05", letting, 6_38, ""},
	{"tax-npd", taxMonth + "-27", letting, 1_200_01, ""},
	{"tax-npd", taxMonth + "-12", lettingToo, 344_40, ""},
	{"tax-npd", taxMonth + "-15", disputed, 207_43, ""},
	{"tax-npd", taxMonth + "-15", unasked, 90_00, ""},
	{"tax-npd", taxMonth + "-16", 0, 11_43, ""},
	{"tax-npd", taxMonth + "-28", 1, 777_77, ""},
}

// npdEnd is what becomes of the NPD of the month.
var npdEnd = map[int]string{letting: paid, lettingToo: paid, disputed: "differs", unasked: "unneeded", 0: paid, 1: paid}

// letsPay says whether a person lets us pay his tax.
func letsPay(i int) bool { return i >= letting }

func (b brought) ref() string { return fmt.Sprintf("executor-%03d", b.who+1) }

func (b brought) account() string { return b.tax + ":{" + b.ref() + "}" }

// order is the id of the order by which it leaves.
func (b brought) order() string {
	if b.period != "" {
		return b.period
	}
	return "npd-" + taxMonth + ".{" + b.ref() + "}"
}

func (b brought) sum() *big.Rat { return big.NewRat(b.kopecks, 100) }

// broughtForward is all that the books begin with: the bank has it.
func broughtForward() *big.Rat {
	all := new(big.Rat)
	for _, b := range opening {
		all.Add(all, b.sum())
	}
	return all
}

// orders are the payment orders of the month, in the order in which they are made.
func orders() []play.Order {
	var list []play.Order
	at := map[string]int{}
	sums := map[string]*big.Rat{}
	for _, b := range opening {
		id := b.order()
		if sums[id] == nil {
			sums[id], at[id] = new(big.Rat), len(list)
			o := play.Order{ID: id, Period: b.period, State: paid}
			if b.period == "" {
				o.State, o.Executor, o.GivenBack = npdEnd[b.who], b.ref(), !letsPay(b.who)
			}
			list = append(list, o)
		}
		sums[id].Add(sums[id], b.sum())
		list[at[id]].Amount = kopecks(sums[id])
	}
	return list
}

// remit posts what is brought forward, and what leaves: to the budget, or back to a person by his way.
func (b *books) remit(all []person) {
	for _, o := range opening {
		b.debit(settlement, o.sum())
		b.credit(o.account(), o.sum())
		if o.period == "" && npdEnd[o.who] != paid {
			continue
		}
		b.debit(o.account()+":remitted", o.sum())
		if o.period != "" {
			b.credit("enp:"+o.period, o.sum())
			b.debit("enp:"+o.period, o.sum())
		}
		b.credit("remitting:"+o.order(), o.sum())
		b.debit("remitting:"+o.order(), o.sum())
		b.credit(settlement, o.sum())
	}
	for _, o := range orders() {
		who := slices.IndexFunc(all, func(p person) bool { return o.GivenBack && p.Ref == o.Executor })
		switch {
		case o.State != paid:
		case who >= 0:
			b.ways[all[who].Pays.Way()]++
		default:
			b.ways[play.ByAccount]++
		}
	}
}

// documents are what the tax service wants of a person for the month.
func documents(i int) []sandbox.Document {
	sum := map[int]string{letting: "1206.39", lettingToo: "344.40", disputed: "250.00"}[i]
	if sum == "" {
		return nil
	}
	return []sandbox.Document{{Index: fmt.Sprintf("1820770023000000%04d", i), Amount: sum, DueDate: npdDue}}
}

// taxes say what is brought forward and what is to be ordered.
func taxes() play.Taxes {
	t := play.Taxes{Month: taxMonth, Orders: orders()}
	for _, b := range opening {
		t.Opening = append(t.Opening, play.Opening{Account: b.account(), Day: b.day, Amount: kopecks(b.sum())})
	}
	for i := letting; i < allPeople; i++ {
		t.Letting = append(t.Letting, brought{who: i}.ref())
	}
	return t
}

// amount is a fraction of whole kopecks as a sum of rubles.
func amount(r *big.Rat) money.Amount { return money.MustParse(kopecks(r)) }
