package world

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed confirm.md
var confirmDocument string

// Schedule is when final answers are asked about again: the rows of confirm.md, or pauses
// that hold for every final answer, for tests and plays that cannot wait for days.
type Schedule struct {
	rows  []confirmRow
	every []time.Duration
	zone  *time.Location
}

// confirmRow is a row of the table.
type confirmRow struct {
	from, to, port, verb string
	result               port.Result
	after                []time.Duration
}

// ScheduleOf is the table's schedule, by days of a zone. every, if there are any, take the
// place of the table's pauses.
func ScheduleOf(zone *time.Location, every []time.Duration) Schedule {
	rows, err := readSchedule(confirmDocument)
	if err != nil {
		panic(err)
	}
	return Schedule{rows, every, zone}
}

func readSchedule(text string) ([]confirmRow, error) {
	tables, err := machine.ParseTables("engine/world/confirm.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Confirm")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("From", "To", "Port", "Verb", "Result", "After", "Meaning"); err != nil {
		return nil, err
	}
	var rows []confirmRow
	for _, r := range t.Rows {
		row := confirmRow{
			from: r.Cell("From"), to: r.Cell("To"), port: r.Cell("Port"), verb: r.Cell("Verb"), result: port.Result(r.Cell("Result")),
		}
		for _, day := range []string{row.from, row.to} {
			if _, err := time.Parse(time.DateOnly, day); err != nil && (day != "" || row.from == "") {
				return nil, r.Errorf("day %q is not YYYY-MM-DD", day)
			}
		}
		if row.result != port.Done && row.result != port.Refused {
			return nil, r.Errorf("result %q is not final", row.result)
		}
		for _, text := range r.List("After") {
			pause, err := flow.Pause(text)
			if err != nil {
				return nil, r.Errorf("after: %w", err)
			}
			row.after = append(row.after, pause)
		}
		if len(row.after) == 0 || row.port == "" || row.verb == "" {
			return nil, r.Errorf("a row names port, verb and at least one pause")
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// confirmed is a port with the rows that are about it.
type confirmed struct {
	port.Port
	rows    Schedule
	confirm func(ctx context.Context, asks []port.Ask) []port.Answer
}

// of is the schedule with the rows about one port.
func (s Schedule) of(name string) Schedule {
	s.rows = slices.DeleteFunc(slices.Clone(s.rows), func(r confirmRow) bool { return r.port != name })
	return s
}

// Pauses implements port.Confirming.
func (c *confirmed) Pauses() []time.Duration {
	if len(c.rows.every) > 0 {
		return c.rows.every
	}
	var all []time.Duration
	for _, r := range c.rows.rows {
		all = append(all, r.after...)
	}
	return all
}

// Confirms implements port.Confirming.
func (c *confirmed) Confirms(verb string, result port.Result, answered time.Time, pause time.Duration) bool {
	day := answered.In(c.rows.zone).Format(time.DateOnly)
	return slices.ContainsFunc(c.rows.rows, func(r confirmRow) bool {
		return r.verb == verb && r.result == result && r.from <= day && (r.to == "" || day <= r.to) &&
			slices.Contains(append(slices.Clone(r.after), c.rows.every...), pause)
	})
}

// Confirm implements port.Confirming.
func (c *confirmed) Confirm(ctx context.Context, asks []port.Ask) []port.Answer {
	return c.confirm(ctx, asks)
}

// ConfirmedPayout is the port "payout" whose final answers are asked about again: what the
// bank says now of each payment.
func ConfirmedPayout(payout port.Port, s Schedule) port.Port {
	return &confirmed{payout, s.of(portPayout), func(ctx context.Context, asks []port.Ask) []port.Answer {
		answers := make([]port.Answer, len(asks))
		beside(len(asks), askedAtOnce, func(i int) { answers[i] = payout.Find(ctx, asks[i]) })
		return answers
	}}
}

// askedAtOnce is how many questions about final answers are on their way to a provider.
const askedAtOnce = 8

// readAtOnce is how many asks are read up at once: they become sets of the database.
const readAtOnce = 128

// beside calls f for each of n numbers, some at once, and comes back when all are done. A
// panic is the caller's.
func beside(n, atOnce int, f func(int)) {
	var calls sync.WaitGroup
	var panicked atomic.Pointer[any]
	free := make(chan struct{}, atOnce)
	for i := range n {
		free <- struct{}{}
		calls.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					panicked.CompareAndSwap(nil, &v)
				}
				<-free
			}()
			f(i)
		})
	}
	calls.Wait()
	if v := panicked.Load(); v != nil {
		panic(*v)
	}
}

// Receipts tells which receipts of a person stand.
type Receipts interface {
	// Receipts lists the receipts of income in [from, to] by id. Done = the list is whole;
	// Refused = the person does not let us see it; else Unknown.
	Receipts(ctx context.Context, inn string, from, to time.Time) (map[string]port.ReceiptState, port.Answer)
}

// ReceiptReader finds what is needed to ask about receipts.
type ReceiptReader interface {
	// Person is an executor's INN and phone.
	Person(ctx context.Context, book, executor string) (inn, phone string, ok bool, err error)
	// Aggregate reads an aggregate as it is now; false when there is none.
	Aggregate(ctx context.Context, book, flow, id string) (state string, data []byte, ok bool, err error)
}

// statusAnnulled is said of a receipt that its person has annulled.
const statusAnnulled = "ANNULLED"

// ConfirmedIncome is the port "income" whose registered incomes are asked about again: does
// the receipt still stand? All receipts of a person in one question.
func ConfirmedIncome(income port.Port, service Receipts, read ReceiptReader, s Schedule) port.Port {
	c := &receiptsAgain{service, read}
	return &confirmed{income, s.of("income"), c.confirm}
}

type receiptsAgain struct {
	service Receipts
	read    ReceiptReader
}

// wanted is a receipt that is asked about.
type wanted struct {
	index   int // of the ask
	receipt string
	paid    time.Time
}

func (c *receiptsAgain) confirm(ctx context.Context, asks []port.Ask) []port.Answer {
	answers := make([]port.Answer, len(asks))
	found, owners := make([]wanted, len(asks)), make([]string, len(asks))
	beside(len(asks), readAtOnce, func(i int) {
		owners[i], found[i], answers[i] = c.wanted(ctx, asks[i])
		found[i].index = i
	})
	byINN := map[string][]wanted{}
	for i, inn := range owners {
		if answers[i].Result == "" {
			byINN[inn] = append(byINN[inn], found[i])
		}
	}
	inns := slices.Sorted(maps.Keys(byINN))
	beside(len(inns), askedAtOnce, func(i int) { c.person(ctx, inns[i], byINN[inns[i]], answers) })
	return answers
}

// person asks about all receipts of a person at once, and fills in their answers.
func (c *receiptsAgain) person(ctx context.Context, inn string, list []wanted, answers []port.Answer) {
	from, to := list[0].paid, list[0].paid
	for _, w := range list {
		if w.paid.Before(from) {
			from = w.paid
		}
		if w.paid.After(to) {
			to = w.paid
		}
	}
	states, answer := c.service.Receipts(ctx, inn, from.Add(-time.Minute), to.Add(time.Minute))
	for _, w := range list {
		state, ok := states[w.receipt]
		switch {
		case answer.Result == port.Refused:
			answers[w.index] = port.Answer{Result: port.NotFound, Status: answer.Status} // nobody lets us see it
		case answer.Result != port.Done:
			answers[w.index] = port.Unclear(answer.Status)
		case !ok:
			answers[w.index] = port.Answer{Result: port.NotFound, Status: "no such receipt"}
		case state.Annulled != "":
			answers[w.index] = port.Answer{Result: port.Refused, Status: statusAnnulled, Code: fault.IncomeDenied, Reason: "чек аннулирован " + state.Annulled}
		default:
			answers[w.index] = port.Answer{Result: port.Done, Status: answer.Status, ReceiptID: w.receipt, ReceiptLink: state.Link, Tax: state.Tax}
		}
		answers[w.index] = port.WithoutINN(answers[w.index], inn)
	}
}

// wanted reads which receipt an attempt made; an answer says why that cannot be known.
func (c *receiptsAgain) wanted(ctx context.Context, ask port.Ask) (inn string, w wanted, answer port.Answer) {
	none := port.Answer{Result: port.NotFound}
	var body flowv1.IncomeAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil || ask.Verb != verbRegister {
		return "", w, none
	}
	_, data, ok, err := c.read.Aggregate(ctx, body.GetBook(), task.Name, body.GetTask())
	if err != nil || !ok {
		return "", w, port.Unclear(fmt.Sprintf("the task could not be read: %v", err))
	}
	var d flowv1.TaskData
	if err := proto.Unmarshal(data, &d); err != nil {
		return "", w, port.Unclear("the task could not be read")
	}
	for _, a := range d.GetIncomes() {
		if flow.Attempt(body.GetBook(), task.Name, body.GetTask(), task.RegisterIncome, a.GetNumber()) == ask.Attempt {
			w.receipt = a.GetReceiptId()
		}
	}
	inn, _, known, err := c.read.Person(ctx, body.GetBook(), body.GetExecutorId())
	if err != nil {
		return "", w, *unread("executor")
	}
	if w.paid, err = time.Parse(time.RFC3339Nano, body.GetPaidAt()); err != nil || w.receipt == "" || !known {
		return "", w, none
	}
	return inn, w, port.Answer{}
}
