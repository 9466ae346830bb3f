package taxpayer

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// What a person earns elsewhere follows from what the tax service has registered of the year, of
// everybody's, and from what of that is ours:
//
//	asked: ours ······ total ······▶ told     elsewhere = total − ours
//	        │ a receipt, an annulment?
//	        └─ was it in the total? nobody knows: asked again
//
// A receipt of ours that is on its way when the total comes may be in it, and we have not heard of
// it. So a word is sure when nothing of ours moved since it was asked for and nothing is on its way;
// one that is not sure is asked for again as soon as nothing is, and believed when it was never sure.

// mostDoubts is which word in a row is believed though it is not sure: it counts a receipt twice,
// perhaps, and hides none.
const mostDoubts = 3

// asked is how many months, the last ones, are asked for every night.
const asked = 2

// How old a word may be: for npd's look; for a payment; for a payment once nearPercent of the cap are used.
const (
	fresh    = time.Hour
	old      = 48 * time.Hour
	oldNear  = 6 * time.Hour
	patience = time.Minute // how long a payment waits for a new one
)

// nearPercent of the cap: from there on words grow old sooner.
var nearPercent = money.New(80, 0)

// look decides the command by which npd says that the person lets us see the income of a month.
func look(v flow.View) (flow.Decision, *fault.Refusal) {
	l := newLedger(v)
	y := l.year(l.thisYear())
	sure := y.GetToldAt() != "" && l.data.GetDoubts() == 0 && v.Clock.Before(flow.Moment(y.GetToldAt()).Add(fresh))
	l.data.LetsSee = true
	if l.data.GetAsking() == nil && l.data.GetYieldedTo() == "" && !sure {
		l.ask()
	}
	return l.decision(), nil
}

// waits says whether a payment that asks for its tax waits for a newer word about the year, which it
// has asked for if nobody had. Silence is waited for only so long.
func (l *ledger) waits(q *flowv1.YearQuestion) bool {
	year := yearOf(q.GetDay())
	rule, err := tax.Cap(q.GetDay())
	if !l.data.GetLetsSee() || q.GetStage() != flowv1.YearStage_YEAR_STAGE_TAKEN || !capped(q.GetKind()) || l.data.GetYieldedTo() != "" || year != l.thisYear() || err != nil {
		return false
	}
	may := old
	if used := rule.Limit.Sub(Free(l.data, year, rule.Limit)); used.Cmp(rule.Limit.Percent(nearPercent, money.RUB.Scale, money.Down)) >= 0 {
		may = oldNear
	}
	if y := l.year(year); y.GetToldAt() != "" && !l.view.Clock.After(flow.Moment(y.GetToldAt()).Add(may)) {
		return false
	}
	if l.data.Asking == nil {
		l.ask()
	}
	return l.view.Clock.Before(flow.Moment(l.data.GetAsking().GetAt()).Add(patience))
}

// answered takes the tax service's word about a year. One to an older question changes nothing.
func answered(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	l := newLedger(v)
	q := l.data.GetAsking()
	if q == nil || q.GetNumber() != c.Number {
		return flow.Decision{}, nil
	}
	switch c.Event {
	case incomeUnknown:
		l.asks[askIncome] = nil
	case incomeDone:
		l.data.Asking = nil
		l.told(q, c.Answer)
	default:
		l.data.Asking, l.data.Doubts, l.data.LetsSee = nil, 0, false
	}
	return l.decision(), nil
}

// told takes a total, or doubts it.
func (l *ledger) told(q *flowv1.IncomeQuestion, a *port.Answer) {
	sums, ok := months(a)
	if !ok || len(sums) != int(q.GetUntil()-q.GetMonth()+1) {
		l.data.Doubts, l.data.LetsSee = 0, false // it says nothing, and would again
		return
	}
	if l.data.Doubts++; !q.GetMoved() && l.still() {
		l.data.Doubts = 0
	}
	if l.data.Doubts == 0 || l.data.Doubts >= mostDoubts {
		y, early := l.year(q.GetYear()), max(len(sums)-asked, 0)
		if q.GetMonth() == 1 {
			y.ToldEarly, y.ToldMonths = text(money.Sum(sums[:early]...)), uint32(early)
		}
		if q.GetMoved() {
			y.ToldMonths = 0
		}
		y.Told = money.RUB.Format(amount(y.ToldEarly).Add(money.Sum(sums[early:]...)))
		y.ToldThen, y.ToldAt = q.GetThen(), q.GetAt()
		l.data.Doubts = 0
	}
	if q.GetYear() != l.thisYear() {
		l.ask()
	}
}

// months reads the sums of an answer; false when one is none.
func months(a *port.Answer) (sums []money.Amount, ok bool) {
	said := &flowv1.NpdAnswer{}
	if err := proto.Unmarshal([]byte(a.Body), said); err != nil {
		return nil, false
	}
	for _, text := range said.GetIncomes() {
		sum, err := money.RUB.Parse(text)
		if err != nil || sum.Sign() < 0 {
			return nil, false
		}
		sums = append(sums, sum)
	}
	return sums, true
}

// moved notes that what is registered of ours in a year became more or less. What was taken back
// may be missing in the total already, so it is no part of it that is ours.
func (l *ledger) moved(y *flowv1.PersonYear, before money.Amount) {
	by := amount(y.GetRegistered()).Sub(before)
	less := func(then *string) {
		if by.Sign() < 0 {
			*then = text(money.Max(amount(*then).Add(by), money.New(0, money.RUB.Scale)))
		}
	}
	if by.IsZero() {
		return
	}
	if q := l.data.GetAsking(); q.GetYear() == y.GetYear() {
		q.Moved = true
		less(&q.Then)
	}
	if y.GetToldAt() != "" {
		less(&y.ToldThen)
		if by.Sign() < 0 {
			y.ToldMonths = 0 // it may be of any of them
		}
		if by.Sign() < 0 && y.GetYear() == l.thisYear() {
			l.data.Doubts = max(l.data.Doubts, 1)
		}
	}
}

// still says whether no payment is on its way whose receipt the tax service may have and we not:
// each holds some of the bonus, whatever is left of that.
func (l *ledger) still() bool { return amount(l.data.GetBonusTaken()).IsZero() }

// ask asks how much is registered of the year so far. Receipts come until the 9th of the next month, so
// months before the last two are asked for once a month, and when a receipt of ours was taken back.
func (l *ledger) ask() {
	year, until, from := l.thisYear(), uint32(l.view.Clock.In(flow.Moscow).Month()), uint32(1)
	y := l.year(year)
	if n := y.GetToldMonths(); n > 0 && n+asked == until {
		from = n + 1
	}
	l.data.Asking = &flowv1.IncomeQuestion{
		Year: year, Number: l.view.Attempts[income] + 1, At: flow.Text(l.view.Clock), Then: text(total(y.GetRegistered())), Month: from, Until: until,
	}
	l.asks[income] = flow.Bytes(&flowv1.NpdAsk{Book: l.view.Book, ExecutorId: l.view.ID, Year: year, Month: from, Until: until})
}

// thisYear is the calendar year of the tax service.
func (l *ledger) thisYear() uint32 { return uint32(l.view.Clock.In(flow.Moscow).Year()) }

// decision closes a step: what was doubted is asked again once that can help.
func (l *ledger) decision() flow.Decision {
	if l.data.Doubts > 0 && l.data.Asking == nil && l.data.YieldedTo == "" && l.still() {
		l.ask()
	}
	return flow.Decision{Data: flow.Bytes(l.data), Asks: l.asks}
}

// elsewhere is what the tax service has registered of a person's year that is not ours, and not of
// another executor who was the same person; false when it never said, or another executor is asked.
func elsewhere(d *flowv1.TaxpayerData, y *flowv1.PersonYear) (money.Amount, bool) {
	if y.GetToldAt() == "" || d.GetYieldedTo() != "" {
		return money.Zero, false
	}
	ours := total(y.GetToldThen()).Add(former(d, y.GetYear()))
	return money.Max(amount(y.GetTold()).Sub(ours), money.New(0, money.RUB.Scale)), true
}
