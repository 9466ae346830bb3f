package task

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// sentPayment is what a bank's limits would see of a payment: its day and its last word. All of
// them are the naive second counter: nothing of it comes from what the flows count.
type sentPayment struct {
	day, who string
	amount   money.Amount
	last     port.Result // Unknown = it may leave
	in       bool        // it was counted when it was let pass: what left late may be above a limit
}

// days is one company with two people and several tasks over several days: the task,
// taxpayer and limit flows as they are, with every effect between them.
type days struct {
	t       *rapid.T
	clock   time.Time
	limits  []*flowv1.PaymentLimit
	people  map[string]*flow.View
	company flow.View
	tasks   []*limitedTask
	sent    map[string]*sentPayment // by attempt
}

// limitedTask is a task with what it asked.
type limitedTask struct {
	view flow.View
	who  string
	open []flow.Effect // not answered yet
	paid []flow.Effect // attempts of payments that were answered: the bank may say another word
}

func newDays(t *rapid.T) *days {
	rubles := func(name string) string {
		return money.RUB.Format(money.New(rapid.Int64Range(100, 400).Draw(t, name)*100, 2))
	}
	own := flowv1.LimitSetter_LIMIT_SETTER_COMPANY
	d := &days{t: t, clock: time.Date(2026, 1, 29, 20, 0, 0, 0, time.UTC), people: map[string]*flow.View{}, sent: map[string]*sentPayment{}}
	d.limits = []*flowv1.PaymentLimit{
		{Setter: own, Scope: flowv1.LimitScope_LIMIT_SCOPE_COMPANY_DAY, Most: rubles("company day"), Count: rapid.Uint32Range(0, 4).Draw(t, "count")},
		{Setter: own, Scope: flowv1.LimitScope_LIMIT_SCOPE_COMPANY_MONTH, Most: "900.00"},
		{Setter: own, Scope: flowv1.LimitScope_LIMIT_SCOPE_COUNTERPARTY_DAY, Most: rubles("person day"), Count: rapid.Uint32Range(1, 3).Draw(t, "person count")},
		{Setter: flowv1.LimitSetter_LIMIT_SETTER_HOUSE, Scope: flowv1.LimitScope_LIMIT_SCOPE_COUNTERPARTY_MONTH, Most: "500.00"},
	}
	d.limits = slices.DeleteFunc(d.limits, func(*flowv1.PaymentLimit) bool { return rapid.IntRange(0, 3).Draw(t, "without") == 0 })
	d.company = flow.View{Book: "main", ID: "c1", State: machine.New}
	for i := range rapid.IntRange(2, 6).Draw(t, "tasks") {
		who := fmt.Sprint("e", i%2)
		d.people[who] = &flow.View{Book: "main", ID: who, State: machine.New}
		d.tasks = append(d.tasks, &limitedTask{who: who, view: flow.View{Book: "main", ID: fmt.Sprint("t", i), State: machine.New, Attempts: map[string]uint32{}}})
	}
	return d
}

func (d *days) day() string { return d.clock.Format(time.DateOnly) }

// step gives a command to a task; a refusal changes nothing. What the person's and the company's
// shards are told is heard at once: telling is not waited for, and is not what is tried here.
func (d *days) step(a *limitedTask, c flow.Command) bool {
	a.view.Clock, a.view.Day = d.clock, d.day()
	m, refusal := it.Step(a.view, c)
	if refusal != nil {
		return false
	}
	a.view.State, a.view.Data = m.To, m.Data
	for _, e := range m.Effects {
		if e.Repeat {
			continue
		}
		a.view.Attempts[e.Ask] = e.Number
		if e.Ask == tellYear || e.Ask == tellLimit {
			d.shard(a, e)
			continue
		}
		if e.Ask == pay {
			d.send(a, e)
		}
		a.open = append(a.open, e)
	}
	return true
}

// send notes a payment at the bank and holds every limit against all that may have left.
func (d *days) send(a *limitedTask, e flow.Effect) {
	var ask flowv1.PayoutAsk
	if err := proto.Unmarshal(e.Body, &ask); err != nil {
		d.t.Fatal(err)
	}
	day := read(a.view.Data).Payouts[len(read(a.view.Data).Payouts)-1].GetCount().GetDay()
	if day == "" && len(d.limits) > 0 {
		d.t.Fatal("a payment under limits is not counted")
	}
	d.sent[e.Attempt] = &sentPayment{day: day, who: a.who, amount: money.MustParse(ask.Amount), last: port.Unknown, in: true}
	for _, l := range d.limits {
		sum, n := d.used(l, day, a.who)
		if sum.Cmp(money.MustParse(l.Most)) > 0 || l.Count > 0 && n > l.Count {
			d.t.Fatalf("%v is passed on %s: %s in %d payments", l, day, sum, n)
		}
	}
}

// used adds up what was let pass and may have left; what left after the bank had refused it is counted by
// the flows too, and may be above: nobody asked for it.
func (d *days) used(l *flowv1.PaymentLimit, day, who string) (sum money.Amount, n uint32) {
	sum = money.Zero
	month := l.Scope == flowv1.LimitScope_LIMIT_SCOPE_COMPANY_MONTH || l.Scope == flowv1.LimitScope_LIMIT_SCOPE_COUNTERPARTY_MONTH
	for _, p := range d.sent {
		same := p.day == day || month && p.day[:7] == day[:7]
		if same && p.last != port.Refused && (!limit.OfPerson(l) || p.who == who) {
			if p.in {
				sum, n = sum.Add(p.amount), n+1
			}
		}
	}
	return sum, n
}

// shard hands a change to the person's or the company's shard.
func (d *days) shard(a *limitedTask, e flow.Effect) port.Answer {
	it, view := person, d.people[a.who]
	if e.Port == limit.Name {
		it, view = limitFlow, &d.company
	}
	view.Clock, view.Day = d.clock, d.day()
	m, refusal := it.Step(*view, flow.Command{Event: "change", Body: e.Body})
	if refusal != nil {
		if e.Ask == tellYear || e.Ask == tellLimit {
			d.t.Fatalf("a fact is refused: %v", refusal)
		}
		short := limit.ShortOf(refusal)
		answer := port.Answer{Result: port.Refused, Code: refusal.Code, Body: string(flow.Bytes(&flowv1.TaxpayerAnswer{Short: short}))}
		if e.Port == limit.Name {
			answer.Body = string(flow.Bytes(&flowv1.LimitAnswer{Short: short}))
		}
		return answer
	}
	view.State, view.Data = m.To, m.Data
	if e.Port == limit.Name {
		return port.Answer{Result: port.Done, Body: string(flow.Bytes(limit.Answer(m.Data)))}
	}
	return port.Answer{Result: port.Done, Body: string(flow.Bytes(taxpayer.Answer(m.Data)))}
}

var limitFlow = limit.New()

// act does one of the things that people and time do.
func (d *days) act(a *limitedTask) {
	kinds := []flowv1.EmploymentKind{selfEmployed, civilContract, entrepreneur}
	pays := func() []byte {
		return body(&flowv1.TaskPay{Executor: stamp(read(a.view.Data).Kind, 1), Tariff: tariff, Limits: d.limits})
	}
	switch rapid.SampledFrom([]string{Create, Pay, Pay, Retry, Retry, Cancel, "day"}).Draw(d.t, "act") {
	case "day":
		d.clock = d.clock.Add(time.Duration(rapid.IntRange(1, 40).Draw(d.t, "hours")) * time.Hour)
	case Create:
		if a.view.State == machine.New {
			kind := rapid.SampledFrom(kinds).Draw(d.t, "kind")
			price := money.New(rapid.Int64Range(100, 350_00).Draw(d.t, "kopecks"), 2)
			d.step(a, flow.Command{Event: Create, Body: body(&flowv1.TaskCreate{
				CompanyId: "c1", ExecutorId: a.who, Executor: stamp(kind, 1), PriceKind: gross, Price: money.RUB.Format(price), Autocomplete: true,
			})})
		}
	case Pay:
		d.step(a, flow.Command{Event: Pay, Body: pays()})
	case Retry:
		d.step(a, flow.Command{Event: Retry, Body: pays()})
	case Cancel:
		d.step(a, flow.Command{Event: Cancel})
	}
}

// world answers one open effect, or says another word about a payment that it has answered.
func (d *days) world(a *limitedTask) {
	if n := len(a.open) + len(a.paid); n == 0 || len(a.open) == 0 && rapid.IntRange(0, 2).Draw(d.t, "quiet") > 0 {
		return
	}
	i := rapid.IntRange(0, len(a.open)+len(a.paid)-1).Draw(d.t, "which")
	answer := port.Answer{Result: port.Done}
	var e flow.Effect
	if i < len(a.open) {
		e = a.open[i]
		a.open = slices.Delete(a.open, i, i+1)
	} else {
		e = a.paid[i-len(a.open)]
	}
	switch e.Ask {
	case holdYear, takeYear, takeLimit:
		answer = d.shard(a, e)
	case retryItself, tellSign, stampFile:
		answer.Result = port.Refused
	default:
		if rapid.Bool().Draw(d.t, "refused") {
			answer.Result, answer.Code = port.Refused, fault.PayoutRefused
		}
	}
	if e.Ask == registerIncome && answer.Result == port.Done {
		answer.ReceiptID = fmt.Sprint("receipt-", e.Number)
	}
	if p := d.sent[e.Attempt]; p != nil {
		if !slices.ContainsFunc(a.paid, func(o flow.Effect) bool { return o.Attempt == e.Attempt }) {
			a.paid = append(a.paid, e)
		}
		if p.last == port.Refused && answer.Result == port.Done {
			p.in = false
		}
		p.last = answer.Result
	}
	if !d.step(a, flow.Command{Event: it.EventFor(e.Ask, answer.Result), Answer: &answer, Number: e.Number}) {
		d.t.Fatalf("%s %s is refused in %s", e.Ask, answer.Result, a.view.State)
	}
}

// TestPaymentsOfSeveralDaysKeepTheLimits: tasks of one company and two people over days and the end of a month,
// refused, come back, gone out late, retried and canceled in any order. No payment is sent that passes a limit by
// what the bank has had, and when all is heard, what is counted of every period is what may have left.
func TestPaymentsOfSeveralDaysKeepTheLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := newDays(rt)
		for range rapid.IntRange(20, 120).Draw(rt, "steps") {
			a := rapid.SampledFrom(d.tasks).Draw(rt, "task")
			if rapid.IntRange(0, 2).Draw(rt, "people") == 0 {
				d.act(a)
			} else {
				d.world(a)
			}
		}
		for _, a := range d.tasks {
			for len(a.open) > 0 {
				d.world(a)
			}
		}
		d.compare()
	})
}

// compare adds up what may have left and compares it with what the shards keep of the days and
// months that can still matter.
func (d *days) compare() {
	count := func(where func(*flowv1.PaymentLimit) bool) bool { return slices.ContainsFunc(d.limits, where) }
	for who, view := range d.people {
		paid := flow.ReadData(*view, &flowv1.TaxpayerData{}).Paid
		d.same(who, paid, count(limit.OfPerson), func(p *sentPayment) bool { return p.who == who })
	}
	d.same("the company", flow.ReadData(d.company, &flowv1.LimitData{}).Paid, count(limit.OfCompany), func(*sentPayment) bool { return true })
}

func (d *days) same(whose string, paid []*flowv1.PaymentPeriod, counted bool, his func(*sentPayment) bool) {
	for _, period := range []string{d.day(), d.day()[:7]} {
		want, n := money.New(0, 2), int32(0)
		for _, p := range d.sent {
			if counted && his(p) && p.last != port.Refused && p.day[:len(period)] == period {
				want, n = want.Add(p.amount), n+1
			}
		}
		got, m := money.New(0, 2), int32(0)
		for _, r := range paid {
			if r.Period == period {
				got, m = got.Add(amount(r.Sum)), m+r.Payments
			}
		}
		if !got.Equal(want) || n != m {
			d.t.Fatalf("of %s in %s %s in %d payments are counted, %s in %d may have left", whose, period, got, m, want, n)
		}
	}
}
