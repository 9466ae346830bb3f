package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"

	fns "github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	registrationv1 "github.com/provodka/provodka/proto/gen/provodka/registration/v1"
	"github.com/provodka/provodka/proto/gen/provodka/registration/v1/registrationv1connect"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// The kinds of rows that pay no task.
const (
	cancels   = "cancel"    // the bank takes a task's payment back, the receipt is annulled
	returns   = "return"    // money of nobody goes back to its sender
	ndfl      = "ndfl"      // a tax order
	documents = "documents" // a person's NPD, by the document of the tax service
	gives     = "own"       // what was held goes back to a person who pays NPD by himself
	revives   = "revive"    // a payment that the bank has failed leaves after all
	shows     = "show"      // the bank's statement shows a payment, and says more than once what became of it
	binds     = "bind"      // a person lets us act
	grants    = "grant"     // one who is bound gives a right that is missing
	entity    = "entity"    // the state register is asked about a company
	erases    = "erase"     // a person is erased, and our binding to him goes before that
	sees      = "see"       // a person who is bound lets us see what he earned elsewhere, and may be paid while that is asked
)

// ways are how such rows are played.
var ways = map[string]func(m *matrix, name string, i int, r struck){
	cancels: (*matrix).cancels, returns: (*matrix).returns, ndfl: (*matrix).ordered, documents: (*matrix).ordered, gives: (*matrix).ordered,
	revives: (*matrix).revives, shows: (*matrix).shows, binds: (*matrix).binds, grants: (*matrix).binds, entity: (*matrix).entity, erases: (*matrix).erases, sees: (*matrix).sees,
}

// wayRows are the faults of the bank against a task that is paid another way than to an account.
func wayRows(kind string) (rows []struck) {
	for _, f := range []stage.Fault{
		stage.Slow, stage.Silent, stage.SilentApplied, stage.Error, stage.ErrorApplied, stage.InProgress, stage.UnknownStatus,
		stage.RefuseSecond, stage.Duplicate, stage.Reordered, stage.Early,
	} {
		rows = append(rows, struck{at: "bank", fault: f, polls: 2, kind: kind, end: "paid", left: 1, receipt: 1})
	}
	for _, f := range []stage.Fault{stage.Refuse, stage.Fail} {
		rows = append(rows, struck{at: "bank", fault: f, kind: kind, end: "error", error: "payout_refused"})
	}
	return append(rows, struck{at: "bank", fault: stage.TakenBack, polls: 1, kind: kind, end: "error", error: "payout_returned", again: true, receipt: 1})
}

// moneyRows are the faults of the bank against a payment that is no task's: where it ends when
// the money leaves, and when it stays or comes back.
func moneyRows(kind, done, back string) (rows []struck) {
	for _, f := range []stage.Fault{
		stage.Slow, stage.Silent, stage.SilentApplied, stage.Error, stage.ErrorApplied, stage.InProgress, stage.UnknownStatus,
		stage.RefuseSecond, stage.Duplicate, stage.Reordered, stage.Early,
	} {
		rows = append(rows, struck{at: "bank", fault: f, polls: 2, kind: kind, end: done, left: 1})
	}
	for _, f := range []stage.Fault{stage.Refuse, stage.Fail} {
		rows = append(rows, struck{at: "bank", fault: f, kind: kind, end: back})
	}
	return append(rows, struck{at: "bank", fault: stage.TakenBack, polls: 1, kind: kind, end: back})
}

// askRows are the faults of the tax service against one of its operations: whatever it does
// wrong at first, the way ends as it would have.
func askRows(op, kind, end string, left, receipt int) (rows []struck) {
	for _, f := range []stage.Fault{
		stage.Silent, stage.SilentApplied, stage.Error, stage.ErrorApplied, stage.InProgress, stage.UnknownStatus, stage.Refuse,
		stage.Lost, stage.LostApplied, stage.Duplicate, stage.Reordered,
	} {
		r := struck{at: "tax", op: op, fault: f, nth: 1, kind: kind, end: end, left: left, receipt: receipt}
		switch f {
		case stage.InProgress:
			r.polls = 3
		case stage.Refuse:
			r.code = "INTERNAL_ERROR"
		}
		rows = append(rows, r)
	}
	return rows
}

// person is who a row's person is to the tax service.
func (r struck) person(i int) fns.Person {
	who := *fns.Willing()
	switch who.INN = requisite.ExamplePersonINN(number(i)); r.kind {
	case binds:
		who.Bound, who.Permissions, who.Answers = false, nil, "yes"
	case sees:
		who.Bound, who.Permissions, who.Answers = false, nil, "yes"
		who.Elsewhere = map[string]string{time.Now().In(flow.Moscow).Format("200601"): earnedElsewhere}
	case grants:
		who.Permissions, who.Answers = []string{"PAYMENT_INFORMATION"}, "yes"
	case documents:
		who.Documents = []fns.Document{{Index: fmt.Sprintf("18207700230000%06d", i), Amount: amountOf(i), DueDate: "2025-04-28"}}
	}
	return who
}

// amountOf is a sum that no other row has.
func amountOf(row int) string { return fmt.Sprintf("%d.00", 7000+row) }

// registered is the executor of a row.
func (m *matrix) registered(i int, r struck) (string, error) {
	made, err := m.api.Executors.RegisterExecutor(m.t.Context(), &executorv1.RegisterExecutorRequest{
		Book: m.Book, EmploymentKind: map[string]string{own: own}[r.kind] + map[bool]string{true: taxed}[r.kind != own], Requisites: r.where(i),
		Person: &executorv1.Person{Inn: requisite.ExamplePersonINN(number(i)), Phone: requisite.ExamplePhone(number(i)), LastName: "Иванов", FirstName: "Пётр"},
	})
	return made.GetExecutor().GetExecutorId(), err
}

// order withholds the taxes of rows, orders their payments, and notes the orders: one period
// for each order of NDFL, one month for all of NPD.
func (m *matrix) order() {
	m.orders = map[int]string{}
	ctx, halves := m.t.Context(), 0
	var people sync.WaitGroup
	withheld := func(account, day, sum string) {
		e := client.Entry("", "withhold", client.Debit("bank:settlement", "RUB", sum), client.Credit(account, "RUB", sum))
		e.GetEntry().Day = day
		_, err := m.api.Post(ctx, e)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.must(err)
		m.cash = m.cash.Add(money.MustParse(sum))
	}
	for i, r := range m.rows {
		switch r.kind {
		case ndfl:
			month, half := 1+halves/2, halves%2
			id := fmt.Sprintf("ndfl-2025-%02d-%d", month, half+1)
			withheld(fmt.Sprintf("tax-ndfl:row-%d", i), fmt.Sprintf("2025-%02d-%d", month, []int{10, 25}[half]), amountOf(i))
			_, err := m.api.Taxes.Remit(ctx, &taxv1.RemitRequest{Book: m.Book, Period: id})
			m.must(err)
			m.mu.Lock()
			m.orders[i] = id
			m.mu.Unlock()
			halves++
		case documents, gives:
			people.Go(func() {
				who, err := m.registered(i, r)
				if err == nil && r.kind == documents {
					_, err = m.api.Executors.BindExecutor(ctx, &executorv1.BindExecutorRequest{Book: m.Book, Key: "bind-" + who, ExecutorId: who})
				}
				if err != nil {
					m.t.Errorf("row %d: %v", i, err)
					return
				}
				eventually(m.t, fmt.Sprintf("row %d is bound", i), func() bool { return r.kind != documents || m.standing(who) == "validated" })
				withheld("tax-npd:"+who, "2025-03-10", amountOf(i))
				m.mu.Lock()
				m.orders[i] = "npd-2025-03." + who
				m.mu.Unlock()
			})
		}
	}
	if people.Wait(); len(m.orders) == 0 {
		return
	}
	for _, back := range []bool{false, true} {
		done, err := m.api.Taxes.RemitNpd(ctx, &taxv1.RemitNpdRequest{Book: m.Book, Month: "2025-03", GiveBack: back})
		m.must(err)
		if done.GetRefusedPersons() != 0 {
			m.t.Fatal(done)
		}
	}
}

func (m *matrix) standing(who string) string {
	got, err := m.api.Executors.GetSelfemployed(m.t.Context(), &executorv1.GetSelfemployedRequest{Book: m.Book, ExecutorId: who})
	if err != nil {
		return err.Error()
	}
	return got.GetSelfemployed().GetStatus()
}

// ordered waits for the end of a tax order.
func (m *matrix) ordered(name string, i int, r struck) {
	var last *taxv1.Remittance
	if !eventually(m.t, name+" ends as "+r.end, func() bool {
		got, err := m.api.Taxes.GetRemittance(m.t.Context(), &taxv1.GetRemittanceRequest{Book: m.Book, RemittanceId: m.orders[i]})
		last = got.GetRemittance()
		return err == nil && last.GetState() == r.end
	}) {
		m.t.Logf("%s: %v", name, last)
	}
}

// binds asks a person, who says yes when he is asked about.
func (m *matrix) binds(name string, i int, r struck) { m.bound(name, i, r, r.end) }

// bound binds a row's person, who then stands so; it gives the executor, "" when it failed.
func (m *matrix) bound(name string, i int, r struck, status string) string {
	ctx := m.t.Context()
	who, err := m.registered(i, r)
	if err == nil {
		_, err = m.api.Executors.BindExecutor(ctx, &executorv1.BindExecutorRequest{Book: m.Book, Key: name, ExecutorId: who})
	}
	if err != nil {
		m.t.Errorf("%s: %v", name, err)
		return ""
	}
	if !eventually(m.t, name+" stands as "+status, func() bool {
		at := m.standing(who)
		if at == "requested" { // else it is looked at in ten minutes
			_, _ = m.api.Executors.CheckSelfemployed(ctx, &executorv1.CheckSelfemployedRequest{Book: m.Book, ExecutorId: who})
		}
		if at == "declined" || at == "not_registered" || at == "revoked" {
			m.t.Errorf("%s: an answer that was none says %s", name, at)
			return true
		}
		return at == status
	}) {
		return ""
	}
	return who
}

// earnedElsewhere is what others have paid a row's person this month.
const earnedElsewhere = "1500.00"

// sees binds a person, of whom the year is asked for then: however often that is wrong at first, it is known. Who is
// paid meanwhile waits for it, and his receipt counts once.
func (m *matrix) sees(name string, i int, r struck) {
	who := m.bound(name, i, r, "validated")
	if who == "" {
		return
	}
	free := "2398500.00"
	if r.left > 0 {
		m.pays(name, i, who, r)
		free = "2398400.00"
	}
	eventually(m.t, name+" has "+free+" free", func() bool {
		got, err := m.api.Taxes.GetEarnings(m.t.Context(), &taxv1.GetEarningsRequest{Book: m.Book, ExecutorId: who})
		if at := got.GetElsewhere(); err == nil && at != "" && at != earnedElsewhere {
			m.t.Errorf("%s: an answer that was none says %s", name, at)
			return true
		}
		return err == nil && got.GetElsewhere() == earnedElsewhere && got.GetFree() == free
	})
}

// erases lets a person who is bound go: he is erased when the tax service has let go of him.
func (m *matrix) erases(name string, i int, r struck) {
	ctx := m.t.Context()
	who, err := m.registered(i, r)
	if err == nil {
		_, err = m.api.Executors.BindExecutor(ctx, &executorv1.BindExecutorRequest{Book: m.Book, Key: name, ExecutorId: who})
	}
	if err == nil && eventually(m.t, name+" is bound", func() bool { return m.standing(who) == "validated" }) {
		_, err = m.api.Executors.BlockExecutor(ctx, &executorv1.BlockExecutorRequest{Book: m.Book, Key: name + " block", ExecutorId: who, Code: "request"})
	}
	if err == nil {
		_, err = m.api.Executors.EraseExecutor(ctx, &executorv1.EraseExecutorRequest{Book: m.Book, Key: name + " erase", ExecutorId: who})
	}
	if err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	eventually(m.t, name+" ends as "+r.end, func() bool {
		got, err := m.api.Executors.GetExecutor(ctx, &executorv1.GetExecutorRequest{Book: m.Book, ExecutorId: who})
		return err == nil && got.GetExecutor().GetState() == r.end
	})
	for _, p := range m.people() {
		if p.INN == requisite.ExamplePersonINN(number(i)) && p.Bound {
			m.t.Errorf("%s: the tax service holds us for bound still", name)
		}
	}
}

// people are those whom the tax service knows.
func (m *matrix) people() (all []fns.Person) {
	answer, err := http.Get(m.Sandboxes["tax"] + "/sandbox/people")
	m.must(err)
	err = json.NewDecoder(answer.Body).Decode(&all)
	answer.Body.Close() //nolint:errcheck // a test
	m.must(err)
	return all
}

// returns imports a line of a stranger, twice and in two files, and sends the money back.
func (m *matrix) returns(name string, i int, r struck) {
	ctx := m.t.Context()
	import1 := func() (string, error) {
		got, err := m.imports(bankLine{
			number: 100 + i, amount: amountOf(i), account: accountOf(i), inn: requisite.ExamplePersonINN(number(i)), purpose: "Разное",
		})
		if err != nil {
			return "", err
		}
		return got[0].GetLine().GetLineId(), nil
	}
	line, err := import1()
	again, err2 := import1()
	if err != nil || err2 != nil || line == "" || again != line {
		m.t.Errorf("%s: %v %v %s %s", name, err, err2, line, again)
		return
	}
	m.mu.Lock()
	m.cash, m.lines[i] = m.cash.Add(money.MustParse(amountOf(i))), line
	m.mu.Unlock()
	in := func(state string) bool {
		got, err := m.api.Statements.ListLines(ctx, &statementv1.ListLinesRequest{Book: m.Book, States: []string{state}})
		return err == nil && slices.ContainsFunc(got.GetLines(), func(l *statementv1.Line) bool { return l.GetLineId() == line })
	}
	eventually(m.t, name+" waits", func() bool { return in("unmatched") })
	if _, err := m.api.Statements.ReturnLine(ctx, &statementv1.ReturnLineRequest{Book: m.Book, Key: name, LineId: line, Reason: "letter-1"}); err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	eventually(m.t, name+" has been asked", func() bool { return r.end == "returned" || m.paid(i, r).ID != "" && !in("returning") })
	eventually(m.t, name+" ends as "+r.end, func() bool { return in(r.end) })
}

// cancels pays a task whose payment the bank takes back, and calls it off: its receipt is annulled.
func (m *matrix) cancels(name string, i int, r struck) {
	who, err := m.registered(i, r)
	if err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	m.pays(name, i, who, struck{at: r.at, end: "error", error: "payout_returned", again: true})
	ctx, id := m.t.Context(), m.task(i)
	if _, err := m.api.Tasks.CancelTask(ctx, &taskv1.CancelTaskRequest{Book: m.Book, Key: name, TaskId: id}); err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	m.ends(name, i, r)
}

// annulled are the receipts that the tax service has annulled.
func (m *matrix) annulled() map[string]string {
	m.t.Helper()
	list := map[string]string{}
	answer, err := http.Get(m.Sandboxes["tax"] + "/sandbox/annulments")
	m.must(err)
	defer answer.Body.Close() //nolint:errcheck // a test
	m.must(json.NewDecoder(answer.Body).Decode(&list))
	return list
}

// companyOf is the INN of the company of a row that asks the state register.
func companyOf(row int) string { return requisite.ExampleINN(uint64(1006 + row%32)) }

// entity begins the registration of a company, as far as the register's answer.
func (m *matrix) entity(name string, i int, r struck) {
	n := &newcomer{t: m.t, f: devFile{API: m.API, Sandboxes: m.Sandboxes}}
	n.RegistrationServiceClient = registrationv1connect.NewRegistrationServiceClient(http.DefaultClient, m.API, connect.WithInterceptors(
		connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
			return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
				if n.token != "" {
					req.Header().Set("Authorization", "Bearer "+n.token)
				}
				ctx, cancel := context.WithTimeout(ctx, 55*time.Second) // unlike the SDK it calls once, and all rows call at once
				defer cancel()
				return next(ctx, req)
			}
		})))
	phone := requisite.ExamplePhone(number(i))
	begun, err := n.Start(m.t.Context(), &registrationv1.StartRequest{Key: "a key made by chance, " + name, Phone: phone})
	if err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	n.token, n.id = begun.GetToken(), begun.GetRegistration().GetRegistrationId()
	n.do(n.ConfirmCode(m.t.Context(), &registrationv1.ConfirmCodeRequest{RegistrationId: n.id, Code: n.sent("sms", strings.TrimPrefix(phone, "+"), `подтверждения: (\d{6})\.`)}))
	n.accept()
	n.do(n.SetINN(m.t.Context(), &registrationv1.SetINNRequest{RegistrationId: n.id, Inn: companyOf(i)}))
	n.until(r.end)
}
