package task

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// season is one self-employed person with several tasks around the turn of a year: the
// task flow and the taxpayer flow as they are, with every effect between them.
type season struct {
	t      *rapid.T
	clock  time.Time
	person flow.View
	tasks  []*around
}

// around is a task, its open effects, and the naive model of it.
type around struct {
	view flow.View
	open []flow.Effect

	gross money.Amount
	year  int  // of the reservation or of the registered income; 0 has none
	done  bool // registered
}

func newSeason(t *rapid.T) *season {
	s := &season{t: t, clock: time.Date(2025, 12, 29, 9, 0, 0, 0, time.UTC)}
	s.person = flow.View{Book: "main", ID: "e1", State: machine.New}
	for i := range rapid.IntRange(1, 3).Draw(t, "tasks") {
		s.tasks = append(s.tasks, &around{view: flow.View{Book: "main", ID: fmt.Sprint("t", i), State: machine.New, Attempts: map[string]uint32{}}})
	}
	return s
}

func (s *season) day() string { return s.clock.Format(time.DateOnly) }

// step gives a command to a task; a refusal changes nothing.
func (s *season) step(a *around, c flow.Command) bool {
	a.view.Clock, a.view.Day = s.clock, s.day()
	m, refusal := it.Step(a.view, c)
	if refusal != nil {
		return false
	}
	for _, e := range m.Effects {
		if !e.Repeat {
			a.view.Attempts[e.Ask] = e.Number
			a.open = append(a.open, e)
		}
	}
	a.view.State, a.view.Data = m.To, m.Data
	return true
}

// people does one of the things that people do.
func (s *season) people(a *around) {
	switch rapid.SampledFrom([]string{Create, Done, Pay, Retry, Cancel, "day"}).Draw(s.t, "act") {
	case "day":
		s.clock = s.clock.AddDate(0, 0, rapid.IntRange(1, 9).Draw(s.t, "days"))
	case Create:
		if a.view.State != machine.New {
			return
		}
		a.gross = money.New(rapid.Int64Range(100, 1_000_000_00).Draw(s.t, "kopecks"), 2)
		until := s.clock.AddDate(0, 0, rapid.IntRange(0, 12).Draw(s.t, "lasts")).Format(time.DateOnly)
		if !s.step(a, flow.Command{Event: Create, Body: body(&flowv1.TaskCreate{
			CompanyId: "c1", ExecutorId: "e1", Executor: stamp(selfEmployed, 1), PriceKind: gross, Price: money.RUB.Format(a.gross),
			Autocomplete: rapid.Bool().Draw(s.t, "done"), SignatureForm: flowv1.SignatureForm_SIGNATURE_FORM_MANUAL, PeriodTo: until, Tariff: tariff,
		})}) {
			s.t.Fatal("a task could not be made")
		}
	case Pay:
		s.step(a, flow.Command{Event: Pay, Body: body(&flowv1.TaskPay{Executor: stamp(selfEmployed, 1), Tariff: tariff})})
	case Retry:
		s.step(a, flow.Command{Event: Retry, Body: body(&flowv1.TaskPay{Executor: stamp(selfEmployed, 2), Tariff: tariff})})
	case Cancel:
		before := a.view.State
		if s.step(a, flow.Command{Event: Cancel}) && a.view.State == Canceled && before != Canceled {
			a.year, a.done = 0, false
		}
	case Done:
		s.step(a, flow.Command{Event: Done})
	}
}

// world answers one open effect, in any order: the person's year by the taxpayer flow, bank
// and tax service as they like.
func (s *season) world(a *around) {
	if len(a.open) == 0 {
		return
	}
	i := rapid.IntRange(0, len(a.open)-1).Draw(s.t, "which")
	e := a.open[i]
	a.open = slices.Delete(a.open, i, i+1)
	answer, year := port.Answer{Result: port.Done}, 0
	switch e.Ask {
	case holdYear, takeYear, tellYear:
		answer, year = s.ask(e)
	case retryItself, tellSign, stampFile:
		answer.Result = port.Refused
	default:
		if rapid.Bool().Draw(s.t, "refused") {
			answer.Result, answer.Code = port.Refused, "payout_refused"
		}
	}
	if e.Ask == registerIncome && answer.Result == port.Done {
		answer.ReceiptID = fmt.Sprint("receipt-", e.Number)
	}
	held := a.view.State
	if !s.step(a, flow.Command{Event: it.EventFor(e.Ask, answer.Result), Answer: &answer, Number: e.Number}) {
		s.t.Fatalf("%s %s is refused in %s", e.Ask, answer.Result, held)
	}
	switch {
	case year != 0: // reserved there from now on
		a.year = year
	case e.Ask == registerIncome && answer.Result == port.Done:
		a.done = true
	case e.Ask == annulIncome && answer.Result == port.Done:
		a.year, a.done = 0, false
	}
}

// ask hands a change to the person; a question that is answered says the year.
func (s *season) ask(e flow.Effect) (port.Answer, int) {
	var c flowv1.TaxpayerChange
	if err := proto.Unmarshal(e.Body, &c); err != nil {
		s.t.Fatal(err)
	}
	s.person.Clock, s.person.Day = s.clock, s.day()
	m, refusal := taxpayerFlow.Step(s.person, flow.Command{Event: taxpayer.Change, Body: e.Body})
	if refusal != nil {
		if c.Question == nil {
			s.t.Fatalf("the year refuses a fact: %v", refusal)
		}
		return port.Answer{Result: port.Refused, Code: refusal.Code, Body: string(flow.Bytes(&flowv1.TaxpayerAnswer{Free: refusal.Facts[taxpayer.FactFree]}))}, 0
	}
	s.person.State, s.person.Data = m.To, m.Data
	said := taxpayer.Answer(m.Data)
	year := 0
	if c.Question != nil {
		year = int(said.GetShare().GetYear())
	}
	return port.Answer{Result: port.Done, Body: string(flow.Bytes(said))}, year
}

var taxpayerFlow = taxpayer.New()

// TestTheReservationFollowsThePaymentIntoTheNewYear: tasks of one person around 31 December,
// paid late, refused, canceled, annulled in any order, with what is told overtaking what is
// asked. When all is heard, each year has reserved and registered what the naive model says.
func TestTheReservationFollowsThePaymentIntoTheNewYear(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := newSeason(rt)
		for range rapid.IntRange(10, 60).Draw(rt, "steps") {
			a := rapid.SampledFrom(s.tasks).Draw(rt, "task")
			if rapid.Bool().Draw(rt, "people") {
				s.people(a)
			} else {
				s.world(a)
			}
		}
		for _, a := range s.tasks {
			for len(a.open) > 0 {
				s.world(a)
			}
		}
		d := flow.ReadData(s.person, &flowv1.TaxpayerData{})
		for year := 2025; year <= 2027; year++ {
			reserved, registered := money.Zero, money.Zero
			for _, a := range s.tasks {
				switch {
				case a.year != year:
				case a.done:
					registered = registered.Add(a.gross)
				default:
					reserved = reserved.Add(a.gross)
				}
			}
			got := taxpayer.YearOf(d, uint32(year))
			if !got.Reserved.Equal(reserved) || !got.Registered.Equal(registered) {
				rt.Fatalf("%d has %s reserved and %s registered, the model says %s and %s", year, got.Reserved, got.Registered, reserved, registered)
			}
		}
	})
}
