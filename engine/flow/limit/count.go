package limit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// OfPerson says whether a person's shard counts for the limit.
func OfPerson(l *flowv1.PaymentLimit) bool {
	return l.GetScope() == ofPersonDay || l.GetScope() == ofPersonMonth
}

// OfCompany says whether the company's shard counts for the limit.
func OfCompany(l *flowv1.PaymentLimit) bool {
	return l.GetScope() == ofFirmDay || l.GetScope() == ofFirmMonth
}

// month of a day.
const month = len("2006-01")

// period is the day or the month of a day that a limit is about.
func period(l *flowv1.PaymentLimit, day string) string {
	if l.GetScope() == ofPersonMonth || l.GetScope() == ofFirmMonth {
		return day[:month]
	}
	return day
}

// Paid are the payments of periods, ascending by period, way and company.
type Paid []*flowv1.PaymentPeriod

// Change takes counts out and puts others in. today is the decision's day: days before
// yesterday and months before the last one can matter no more, and go.
func (p Paid) Change(was, now []*flowv1.PaymentCount, today string) (Paid, *fault.Refusal) {
	if len(was)+len(now) == 0 {
		return p, nil
	}
	clock, err := time.Parse(time.DateOnly, today)
	if err != nil {
		panic("limit: the decision's day is " + today)
	}
	since := map[int]string{
		len(today): clock.AddDate(0, 0, -1).Format(time.DateOnly),
		month:      clock.AddDate(0, 0, -clock.Day()).Format(time.DateOnly)[:month],
	}
	p = slices.DeleteFunc(p, func(r *flowv1.PaymentPeriod) bool { return r.GetPeriod() < since[len(r.GetPeriod())] })
	for _, part := range []struct {
		counts []*flowv1.PaymentCount
		sign   int32
	}{{was, -1}, {now, +1}} {
		for _, c := range part.counts {
			sum, refusal := checkCount(c)
			if refusal != nil {
				return p, refusal
			}
			for _, period := range []string{c.GetDay(), c.GetDay()[:month]} {
				if period >= since[len(period)] {
					p = p.add(period, c, sum, part.sign)
				}
			}
		}
	}
	return p, nil
}

// checkCount reads what a count says.
func checkCount(c *flowv1.PaymentCount) (money.Amount, *fault.Refusal) {
	if _, err := time.Parse(time.DateOnly, c.GetDay()); err != nil {
		return money.Zero, fault.Refuse(fault.Malformed, "payment.count.day", "%.64q is not a day YYYY-MM-DD", c.GetDay())
	}
	sum, err := money.RUB.Parse(c.GetAmount())
	if err != nil || sum.Sign() <= 0 {
		return money.Zero, fault.Refuse(fault.AmountInvalid, "payment.count.amount", "%.64q is not a positive amount of rubles", c.GetAmount())
	}
	return sum, nil
}

// add changes one row; one that is empty goes.
func (p Paid) add(period string, c *flowv1.PaymentCount, sum money.Amount, sign int32) Paid {
	i, ok := slices.BinarySearchFunc(p, period, func(r *flowv1.PaymentPeriod, period string) int {
		return cmp.Or(cmp.Compare(r.GetPeriod(), period), cmp.Compare(r.GetWay(), c.GetWay()), cmp.Compare(r.GetCompanyId(), c.GetCompanyId()))
	})
	if !ok {
		p = slices.Insert(p, i, &flowv1.PaymentPeriod{Period: period, Way: c.GetWay(), CompanyId: c.GetCompanyId()})
	}
	r := p[i]
	if sign < 0 {
		sum = sum.Neg()
	}
	r.Payments += sign
	if sum = rubles(r.Sum).Add(sum); sum.IsZero() {
		r.Sum = ""
	} else {
		r.Sum = money.RUB.Format(sum)
	}
	if r.Sum == "" && r.Payments == 0 {
		p = slices.Delete(p, i, i+1)
	}
	return p
}

// Used is what a limit has had of the payments in the period of a day; below zero, until
// everything is heard, is none. A company's own limit of a person counts its payments alone.
func (p Paid) Used(l *flowv1.PaymentLimit, day, company string) (sum money.Amount, payments uint32) {
	sum = money.New(0, money.RUB.Scale)
	of, n := period(l, day), int32(0)
	for _, r := range p {
		if r.GetPeriod() != of || l.GetWay() != anyWay && r.GetWay() != l.GetWay() || l.GetSetter() == byFirm && r.GetCompanyId() != company {
			continue
		}
		sum, n = sum.Add(rubles(r.GetSum())), n+r.GetPayments()
	}
	return money.Max(sum, money.New(0, money.RUB.Scale)), uint32(max(n, 0)) //nolint:gosec // not below zero
}

// Short finds the limit that a payment does not fit and what it leaves free; nil when it
// fits them all. One that it can never fit comes first, then a month's, then a day's: so
// waiting for the next period helps as far as this can say.
func (p Paid) Short(q *flowv1.PaymentQuestion) *flowv1.LimitShort {
	c, worst := q.GetCount(), (*flowv1.LimitShort)(nil)
	sum := rubles(c.GetAmount())
	for _, l := range q.GetLimits() {
		s := p.short(l, c, sum)
		if s != nil && (worst == nil || severity(s, sum) > severity(worst, sum)) {
			worst = s
		}
	}
	return worst
}

// severity orders what stops a payment: 3 never fits, 2 waits for a month, 1 for a day.
func severity(s *flowv1.LimitShort, sum money.Amount) int {
	switch l := s.GetLimit(); {
	case never(l, sum):
		return 3
	case l.GetScope() == ofPersonMonth || l.GetScope() == ofFirmMonth:
		return 2
	}
	return 1
}

// never says whether a sum can never fit a limit.
func never(l *flowv1.PaymentLimit, sum money.Amount) bool {
	return l.GetScope() == ofPayment || l.GetMost() != "" && sum.Cmp(rubles(l.GetMost())) > 0
}

// short looks at one limit.
func (p Paid) short(l *flowv1.PaymentLimit, c *flowv1.PaymentCount, sum money.Amount) *flowv1.LimitShort {
	if l.GetScope() == ofPayment {
		if Outside(l, sum, sum) {
			return &flowv1.LimitShort{Limit: l}
		}
		return nil
	}
	free, payments := p.Free(l, c.GetDay(), c.GetCompanyId())
	if l.GetMost() != "" && sum.Cmp(rubles(free)) > 0 || l.GetCount() > 0 && payments == 0 {
		return &flowv1.LimitShort{Limit: l, Free: free, FreeCount: payments}
	}
	return nil
}

// Free is what a limit of a period leaves free on a day: rubles, "" when it limits no sum, and
// payments, 0 when it limits no number.
func (p Paid) Free(l *flowv1.PaymentLimit, day, company string) (sum string, payments uint32) {
	used, n := p.Used(l, day, company)
	if l.GetMost() != "" {
		sum = money.RUB.Format(money.Max(rubles(l.GetMost()).Sub(used), money.New(0, money.RUB.Scale)))
	}
	if l.GetCount() > n {
		payments = l.GetCount() - n
	}
	return sum, payments
}

// Outside says whether a payment of between from and to rubles is surely not one that the
// limit lets pass, of a day or a month as of a payment: larger than all of it.
func Outside(l *flowv1.PaymentLimit, from, to money.Amount) bool {
	return l.GetMost() != "" && from.Cmp(rubles(l.GetMost())) > 0 || l.GetLeast() != "" && to.Cmp(rubles(l.GetLeast())) < 0
}

// Ask answers a question: the payment is counted, unless all that asks is limits of one
// payment; or the refusal that names the limit.
func (p Paid) Ask(q *flowv1.PaymentQuestion, today string) (paid Paid, counted *flowv1.PaymentCount, refusal *fault.Refusal) {
	if _, refusal := checkCount(q.GetCount()); refusal != nil {
		return p, nil, refusal
	}
	if s := p.Short(q); s != nil {
		return p, nil, Refuse(s, rubles(q.GetCount().GetAmount()))
	}
	if !slices.ContainsFunc(q.GetLimits(), func(l *flowv1.PaymentLimit) bool { return l.GetScope() != ofPayment }) {
		return p, nil, nil
	}
	paid, refusal = p.Change(nil, []*flowv1.PaymentCount{q.GetCount()}, today)
	return paid, q.GetCount(), refusal
}

// afterMidnight is when in the new day or month a payment is gone on with.
const afterMidnight = 5 * time.Minute

// Next is when a payment that a limit of a day's or a month's stopped on a day can be gone on with: a
// little after the next one begins in the book's zone; nil is a limit of a day.
func Next(s *flowv1.LimitShort, day string, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	from, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		panic("limit: the decision's day is " + day)
	}
	y, m, d := from.Date()
	if l := s.GetLimit(); l.GetScope() == ofPersonMonth || l.GetScope() == ofFirmMonth {
		m, d = m+1, 0
	}
	return time.Date(y, m, d+1, 0, 0, 0, 0, zone).Add(afterMidnight)
}

// Facts of a refusal: the limit and what it leaves free.
const (
	factSetter    = "setter"
	factWay       = "way"
	factScope     = "scope"
	factLeast     = "least"
	factMost      = "most"
	factCount     = "count"
	factFree      = "free"
	factFreeCount = "free_count"
)

// Refuse says that a limit stops a payment of a sum: payout_limit when it can never be paid
// so, payout_limit_period when a later day or month may be free.
func Refuse(s *flowv1.LimitShort, sum money.Amount) *fault.Refusal {
	l, code := s.GetLimit(), fault.PayoutLimitPeriod
	if never(l, sum) {
		code = fault.PayoutLimit
	}
	reason := Scope(l.GetScope()) + " by " + Way(l.GetWay()) + ":"
	for _, part := range []struct{ words, said string }{{"at least", l.GetLeast()}, {"at most", l.GetMost()}, {"free", s.GetFree()}} {
		if part.said != "" {
			reason += " " + part.words + " " + part.said
		}
	}
	if l.GetCount() > 0 {
		reason += fmt.Sprintf(" %d payments, %d are free", l.GetCount(), s.GetFreeCount())
	}
	r := fault.Refuse(code, "payment", "%s", reason)
	return r.With(factSetter, Setters[l.GetSetter()]).With(factWay, Way(l.GetWay())).With(factScope, Scope(l.GetScope())).
		With(factLeast, l.GetLeast()).With(factMost, l.GetMost()).With(factCount, strconv.FormatUint(uint64(l.GetCount()), 10)).
		With(factFree, s.GetFree()).With(factFreeCount, strconv.FormatUint(uint64(s.GetFreeCount()), 10))
}

// ShortOf reads a refusal's facts; nil when a limit did not stop it.
func ShortOf(r *fault.Refusal) *flowv1.LimitShort {
	if r == nil || r.Code != fault.PayoutLimit && r.Code != fault.PayoutLimitPeriod {
		return nil
	}
	number := func(fact string) uint32 {
		n, _ := strconv.ParseUint(r.Facts[fact], 10, 32)
		return uint32(n)
	}
	l := &flowv1.PaymentLimit{
		Setter: wordOf(r.Facts[factSetter]), Way: ways[r.Facts[factWay]], Scope: scopes[r.Facts[factScope]],
		Least: r.Facts[factLeast], Most: r.Facts[factMost], Count: number(factCount),
	}
	return &flowv1.LimitShort{Limit: l, Free: r.Facts[factFree], FreeCount: number(factFreeCount)}
}

func wordOf(setter string) flowv1.LimitSetter {
	for s, text := range Setters {
		if text == setter {
			return s
		}
	}
	return byTable
}

// Missing are the counts of all that are not among the others; each is there once more or less.
func Missing(all, others []*flowv1.PaymentCount) []*flowv1.PaymentCount {
	left := slices.Clone(others)
	var out []*flowv1.PaymentCount
	for _, c := range all {
		i := slices.IndexFunc(left, func(o *flowv1.PaymentCount) bool { return proto.Equal(o, c) })
		if i < 0 {
			out = append(out, c)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	return out
}
