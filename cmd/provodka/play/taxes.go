package play

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/examples/play"
	"github.com/provodka/provodka/ledger/money"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// bringForward books the taxes that were withheld before these books began.
func (p *Player) bringForward(ctx context.Context) error {
	ids := p.refs()
	return each(ctx, len(p.play.Taxes.Opening), func(ctx context.Context, i int) error {
		o := p.play.Taxes.Opening[i]
		op := client.Entry(fmt.Sprintf("play:opening:%d", i), "opening",
			client.Debit("bank:settlement", "RUB", o.Amount), client.Credit(ids.Replace(o.Account), "RUB", o.Amount))
		op.GetEntry().Day = o.Day
		_, err := p.api.Post(ctx, op)
		return err
	})
}

// refs puts the ids of executors in place of their refs.
func (p *Player) refs() *strings.Replacer {
	var pairs []string
	for ref, id := range p.people {
		pairs = append(pairs, "{"+ref+"}", id)
	}
	return strings.NewReplacer(pairs...)
}

// remit passes the taxes of the month on: those periods by one order each, the NPD of those who
// let us by the tax service's documents; who pays by himself is given his back. A second run finds
// nothing to collect and every order made.
func (p *Player) remit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.Patience)
	defer cancel()
	err := each(ctx, len(p.play.Taxes.Letting), func(ctx context.Context, i int) error {
		ref := p.play.Taxes.Letting[i]
		return p.permit(ctx, ref, p.people[ref])
	})
	if err != nil {
		return err
	}
	for _, o := range p.play.Taxes.Orders {
		if o.Period == "" {
			continue
		}
		if _, err := p.taxes.Remit(ctx, &taxv1.RemitRequest{Book: p.Book, Period: o.Period}); err != nil {
			return fmt.Errorf("%s: %w", o.Period, err)
		}
	}
	if _, err := p.taxes.RemitNpd(ctx, &taxv1.RemitNpdRequest{Book: p.Book, Month: p.play.Taxes.Month, GiveBack: true}); err != nil {
		return fmt.Errorf("НПД: %w", err)
	}
	for {
		all, err := p.remittances(ctx)
		open := slices.ContainsFunc(all, func(r *taxv1.Remittance) bool { return r.GetState() == "paying" || r.GetState() == "asking" })
		if err != nil || !open {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
	}
}

// remittances lists every order of the book.
func (p *Player) remittances(ctx context.Context) ([]*taxv1.Remittance, error) {
	r, err := p.taxes.ListRemittances(ctx, &taxv1.ListRemittancesRequest{Book: p.Book, PageSize: 500})
	return r.GetRemittances(), err
}

// reportTaxes compares the orders with what must come out, and with the bank's own books.
func (p *Player) reportTaxes(ctx context.Context, d *differences) error {
	all, err := p.remittances(ctx)
	if err != nil {
		return err
	}
	by := map[string]*taxv1.Remittance{}
	for _, r := range all {
		by[r.GetRemittanceId()] = r
	}
	d.want("платёжных поручений на налоги", fmt.Sprint(len(all)), fmt.Sprint(len(p.play.Taxes.Orders)))
	p.say("\nНалоги за %s, перенесённые из прежнего учёта", p.play.Taxes.Month)
	t, ids := table.New("Поручение", "Что платится", ">Сумма, ₽", "Состояние"), p.refs()
	budget, own := money.Zero, money.Zero
	for _, o := range p.play.Taxes.Orders {
		r := by[ids.Replace(o.ID)]
		t.Add(strings.NewReplacer("{", "", "}", "").Replace(o.ID), paysFor(o), r.GetAmount(), r.GetStateTitle())
		d.want(o.ID+", сумма", r.GetAmount(), o.Amount)
		d.want(o.ID+", состояние", r.GetState(), o.State)
		if r.GetState() != "paid" {
			continue
		}
		sum, err := money.RUB.Parse(r.GetAmount())
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", o.ID, err)
		case o.GivenBack:
			own = own.Add(sum)
		default:
			budget = budget.Add(sum)
		}
	}
	if err := t.Write(p.Out); err != nil {
		return err
	}
	theirBudget, theirOwn, err := p.bankTaxes(ctx)
	if err != nil {
		return err
	}
	d.want("в бюджет по книгам банка", theirBudget, money.RUB.Format(budget))
	d.want("возвращено удержанное, по книгам банка", theirOwn, money.RUB.Format(own))
	p.say("В бюджет %s ₽, возвращено тем, кто платит сам, %s ₽; у банка столько же", theirBudget, theirOwn)
	return nil
}

// paysFor says what an order pays.
func paysFor(o play.Order) string {
	switch {
	case o.GivenBack:
		return "возврат тому, кто платит НПД сам"
	case o.Period == "":
		return "НПД за исполнителя, по документу ФНС"
	}
	return taxOf(o.Period)
}

// taxOf says which tax a period is of.
func taxOf(period string) string {
	switch {
	case strings.HasPrefix(period, "contributions"):
		return "страховые взносы за месяц"
	case strings.HasSuffix(period, "-1"):
		return "НДФЛ, удержанный с 1-го по 22-е"
	}
	return "НДФЛ, удержанный с 23-го"
}

// reportOwnTaxes says what falls due of the play's own payments, and compares it with what was withheld of
// the persons. Nothing of it is remitted: no order is taken of a period that is not over.
func (p *Player) reportOwnTaxes(ctx context.Context, d *differences) error {
	rows, err := p.expected(play.Persons, 13)
	if err != nil {
		return err
	}
	want := [3]money.Amount{money.Zero, money.Zero, money.Zero} // NPD, NDFL, contributions
	for _, row := range rows {
		for i := range want {
			sum, err := money.RUB.Parse(row[5+i])
			if err != nil {
				return fmt.Errorf("%s: %w", row[0], err)
			}
			want[i] = want[i].Add(sum)
		}
	}
	due, err := p.dues(ctx, want[1], want[2])
	if err != nil {
		return err
	}
	p.say("\nНалоги и взносы с платежей пьесы")
	t := table.New("Период", "Что платится", ">Сумма, ₽", "Период идёт до", "Уплатить до")
	for _, x := range due.periods {
		if !zero(x.GetDue()) {
			t.Add(x.GetPeriod(), taxOf(x.GetPeriod()), x.GetDue(), x.GetToDay(), x.GetDueDay())
		}
	}
	d.want("НДФЛ к уплате", money.RUB.Format(due.ndfl), money.RUB.Format(want[1]))
	d.want("взносы к уплате", money.RUB.Format(due.contributions), money.RUB.Format(want[2]))
	if err := t.Write(p.Out); err != nil {
		return err
	}
	p.say("НПД удержано %s ₽: сколько из него уплатить, ФНС скажет к %d-му числу следующего месяца", money.RUB.Format(want[0]), remittance.ToldDay)
	return nil
}

// dues are the periods of a month, and what is due of them.
type dues struct {
	periods             []*taxv1.TaxPeriod
	ndfl, contributions money.Amount
}

// dues are those of the play's month. When it was played over the midnight after it, they are those of the
// next month: a period has what is due of the ones before it, too.
func (p *Player) dues(ctx context.Context, ndfl, contributions money.Amount) (all dues, err error) {
	day, err := time.Parse(time.DateOnly, p.play.Day)
	if err != nil {
		return all, err
	}
	for _, month := range slices.Compact([]string{day.Format("2006-01"), day.AddDate(0, 0, 1).Format("2006-01")}) {
		plan, err := p.taxes.PlanRemittances(ctx, &taxv1.PlanRemittancesRequest{Book: p.Book, Month: month, MinPosition: p.position})
		if err != nil {
			return all, err
		}
		if all, err = duesOf(plan.GetPeriods()); err != nil || all.ndfl.Cmp(ndfl) == 0 && all.contributions.Cmp(contributions) == 0 {
			return all, err
		}
	}
	return all, nil
}

func duesOf(periods []*taxv1.TaxPeriod) (dues, error) {
	all := dues{periods, money.Zero, money.Zero}
	for _, x := range periods {
		sum, err := money.RUB.Parse(x.GetDue())
		switch {
		case err != nil:
			return all, fmt.Errorf("%s: %w", x.GetPeriod(), err)
		case x.GetKind() == "ndfl":
			all.ndfl = all.ndfl.Add(sum)
		default:
			all.contributions = all.contributions.Add(sum)
		}
	}
	return all, nil
}

// bankTaxes sums up what the bank's own books have of payments to the budget, and of tax that
// went back to people.
func (p *Player) bankTaxes(ctx context.Context) (budget, own string, err error) {
	all, err := booked(ctx, p.Bank)
	if err != nil {
		return "", "", err
	}
	toBudget, back := money.Zero, money.Zero
	for _, x := range all {
		if x.Status != stage.Executed {
			continue
		}
		sum, err := money.RUB.Parse(x.Amount)
		switch {
		case err != nil:
			return "", "", fmt.Errorf("%s: %w", x.ID, err)
		case x.Detail["kbk"] != "":
			toBudget = toBudget.Add(sum)
		case strings.HasPrefix(x.Purpose, "Возврат удержанного"):
			back = back.Add(sum)
		}
	}
	return money.RUB.Format(toBudget), money.RUB.Format(back), nil
}
