package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	fns "github.com/provodka/provodka/adapters/fns/sandbox"
	npdlist "github.com/provodka/provodka/adapters/npdstatus/sandbox"
	pushes "github.com/provodka/provodka/adapters/rustore/sandbox"
	sms "github.com/provodka/provodka/adapters/smsru/sandbox"
	mail "github.com/provodka/provodka/adapters/smtp/sandbox"
	tbank "github.com/provodka/provodka/adapters/tbank/sandbox"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/cmd/provodka/dev"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	userv1 "github.com/provodka/provodka/proto/gen/provodka/user/v1"
)

// matrix is a stack, and the rows of the table that run on it.
type matrix struct {
	t *testing.T
	dev.File
	rows    []struck
	api     *client.Client
	company string

	mu      sync.Mutex
	scripts map[string][]stage.Rule // by sandbox
	ids     map[int]string          // tasks, by row
	orders  map[int]string          // of taxes
	lines   map[int]string          // of statements
	cash    money.Amount            // what has come to our account at the bank
}

// TestEveryFaultOfEverySandboxEnds: what each sandbox can do wrong meets a small task. Each
// ends where the table says; nobody is paid twice, nothing stays set aside, and the
// partners' own books say the same as ours.
func TestEveryFaultOfEverySandboxEnds(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]stage.Fault{
		"bank": tbank.Faults(), "tax": fns.Faults(), "npdstatus": npdlist.Faults(), "sms": sms.Faults(), "mail": mail.Faults(), "push": pushes.Faults(),
	} {
		for _, f := range faults {
			if !slices.ContainsFunc(faultTable, func(r struck) bool { return r.at == name && r.fault == f }) {
				t.Errorf("the fault %q of %s is run against nothing: add a row", f, name)
			}
		}
	}
	for name, ops := range map[string][]string{"tax": fns.Operations(), "bank": tbank.Operations(), "mail": mail.Operations()} {
		for _, op := range ops {
			if unplayed[op] == "" && !slices.ContainsFunc(faultTable, func(r struck) bool { return r.at == name && r.op == op }) {
				t.Errorf("nothing goes wrong with %q of %s: add a row", op, name)
			}
		}
	}
	m := newMatrix(t, faultTable, time.Second)
	m.play()
}

// newMatrix starts a stack for rows; final answers are asked about again after the pauses,
// without any only when they are days old.
func newMatrix(t *testing.T, rows []struck, confirm ...time.Duration) *matrix {
	t.Helper()
	m := &matrix{t: t, File: runDev(t, confirm...), rows: rows, scripts: map[string][]stage.Rule{}, ids: map[int]string{}, lines: map[int]string{}, cash: money.MustParse("100000.00")}
	m.prepare()
	return m
}

// play plays all rows side by side, and judges the end.
func (m *matrix) play() {
	var rows sync.WaitGroup
	for i, r := range m.rows {
		rows.Go(func() { m.run(i, r) })
	}
	rows.Wait()
	if !m.t.Failed() {
		m.laws()
	}
}

// runDev runs a stack in this process; final answers are asked about again after pauses.
func runDev(t *testing.T, confirm ...time.Duration) dev.File {
	t.Helper()
	return runStack(t, dev.Options{Confirm: confirm})
}

// runStack runs a stack in this process.
func runStack(t *testing.T, o dev.Options) (f dev.File) {
	t.Helper()
	dir, err := os.MkdirTemp("", "provodka-fault-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL does not run as root
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	o.Dir, o.Listen, o.Shards, o.Patience, o.Out, o.Log = dir, "127.0.0.1:0", 2, time.Minute, io.Discard, slog.New(slog.DiscardHandler)
	go func() { over <- dev.Run(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		<-over
		_ = os.RemoveAll(dir)
	})
	eventually(t, "the stack is ready", func() bool {
		raw, err := os.ReadFile(filepath.Join(dir, dev.FileName))
		return err == nil && json.Unmarshal(raw, &f) == nil && f.API != ""
	})
	return f
}

// eventually looks until something holds.
func eventually(t *testing.T, what string, holds func() bool) bool {
	t.Helper()
	deadline := time.After(3 * time.Minute)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Errorf("three minutes passed and still not: %s", what)
			return false
		case <-look.C:
		}
	}
	return true
}

func (m *matrix) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// number is what a row's person is invented of.
func number(row int) uint64 { return uint64(7000 + row) }

func accountOf(row int) *executorv1.Requisites {
	bic := requisite.ExampleBIC(number(row))
	return &executorv1.Requisites{Bic: bic, AccountNumber: requisite.ExampleAccount("40817", bic, number(row)), CorrAccount: requisite.ExampleCorrAccount(bic), BankName: "АО Банк"}
}

// where is how a row's person is paid.
func (r struck) where(row int) *executorv1.Requisites {
	switch r.kind {
	case sbp:
		return &executorv1.Requisites{Sbp: &executorv1.Sbp{Phone: requisite.ExamplePhone(number(row)), BankId: requisite.ExampleSBPBank(number(row))}}
	case card:
		return &executorv1.Requisites{Card: &executorv1.Card{Token: requisite.ExampleCardToken(number(row)), Mask: "4312"}}
	}
	return accountOf(row)
}

// target is what the bank's books know a row's person by.
func (r struck) target(row int) string {
	switch r.kind {
	case sbp:
		return strings.TrimPrefix(requisite.ExamplePhone(number(row)), "+")
	case card:
		return requisite.ExampleCardToken(number(row))
	}
	return accountOf(row).GetAccountNumber()
}

// prepare opens a company with money and gives every sandbox its people and its script.
func (m *matrix) prepare() {
	url := m.API
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	var err error
	m.api, err = client.New(url, m.APIKey, client.WithBook(m.Book))
	m.must(err)
	opened, err := m.api.Companies.OpenCompany(m.t.Context(), &companyv1.OpenCompanyRequest{
		Book: m.Book, Details: &companyv1.CompanyDetails{Inn: requisite.ExampleINN(1001), Name: "ООО «Ромашка»"}, Tariff: &companyv1.Tariff{Percent: "3"},
	})
	m.must(err)
	m.company = opened.GetCompany().GetCompanyId()
	_, err = m.api.Post(m.t.Context(), client.Entry("", "topup", client.Debit("bank:settlement", "RUB", "100000.00"), client.Credit("wallet:"+m.company, "RUB", "100000.00")))
	m.must(err)
	var people []fns.Person
	for i, r := range m.rows {
		who := r.person(i)
		people = append(people, who)
		if r.kind == cancels {
			m.scripts["bank"] = append(m.scripts["bank"], stage.Rule{Fault: stage.TakenBack, Polls: 1, Field: "account", Contains: accountOf(i).GetAccountNumber()})
		}
		rule := stage.Rule{Op: r.op, Fault: r.fault, Nth: r.nth, Polls: r.polls, Code: r.code}
		if rule.DelayMS = r.delay; r.fault == stage.Slow {
			rule.DelayMS = 300
		}
		switch {
		case r.kind == ndfl:
			rule.Field, rule.Contains = "amount", amountOf(i)
		case r.kind == entity:
			rule.Field, rule.Contains = "inn", companyOf(i)
		case r.at == "bank":
			rule.Field, rule.Contains = "account", r.target(i)
		case r.at == "sms":
			rule.Field, rule.Contains = "account", strings.TrimPrefix(requisite.ExamplePhone(number(i)), "+")
		case r.at == "mail":
			rule.Field, rule.Contains = "account", mailOf(i)
		case r.at == "push":
			rule.Field, rule.Contains = "account", deviceOf(i)
		default:
			rule.Field, rule.Contains = "inn", who.INN
		}
		switch {
		case r.at != "statement":
			m.scripts[r.at] = append(m.scripts[r.at], rule)
		case r.fault == stage.Early: // the bank takes its time, and its statement does not
			m.scripts["bank"] = append(m.scripts["bank"], stage.Rule{Fault: stage.InProgress, DelayMS: 4000, Field: "account", Contains: accountOf(i).GetAccountNumber()})
		}
	}
	m.post(m.Sandboxes["tax"]+"/sandbox/people", people)
	for name, rules := range m.scripts {
		m.post(m.Sandboxes[name]+"/sandbox/script", stage.Script{Rules: rules})
	}
	m.order()
}

func (m *matrix) post(url string, body any) {
	m.t.Helper()
	raw, err := json.Marshal(body)
	m.must(err)
	answer, err := http.Post(url, "application/json", bytes.NewReader(raw))
	m.must(err)
	defer answer.Body.Close() //nolint:errcheck // a test
	if answer.StatusCode/100 != 2 {
		text, _ := io.ReadAll(answer.Body)
		m.t.Fatalf("%s: %s %s", url, answer.Status, text)
	}
}

// books are a sandbox's own.
func (m *matrix) books(name string) (r stage.Report) {
	answer, err := http.Get(m.Sandboxes[name] + "/sandbox/books")
	if err != nil {
		m.t.Error(err)
		return r
	}
	defer answer.Body.Close() //nolint:errcheck // a test
	if err := json.NewDecoder(answer.Body).Decode(&r); err != nil {
		m.t.Error(err)
	}
	return r
}

// run plays one row to its end.
func (m *matrix) run(i int, r struck) {
	name := fmt.Sprintf("row %d: %s %s %s %s", i, r.at, r.op, r.fault, r.kind)
	ctx := m.t.Context()
	if way := ways[r.kind]; way != nil {
		way(m, name, i, r)
		return
	}
	var who string
	if r.at != "mail" {
		var err error
		if who, err = m.registered(i, r); err != nil {
			m.t.Errorf("%s: %v", name, err)
			return
		}
	}
	switch r.at {
	case "npdstatus":
		m.looks(name, who, r)
	case "sms":
		err := m.admitted(func() error {
			_, err := m.api.App.StartLogin(ctx, &executorv1.StartLoginRequest{Book: m.Book, Phone: requisite.ExamplePhone(number(i))})
			return err
		})
		if err != nil {
			m.t.Errorf("%s: %v", name, err)
		}
		m.delivered(name, i, r)
	case "push":
		m.pushes(name, i, who, r)
	case "mail":
		_, err := m.api.Users.InviteUser(ctx, &userv1.InviteUserRequest{
			Book: m.Book, Key: name, CompanyId: m.company, Email: mailOf(i), Name: "Анна", Roles: []string{"owner"},
		})
		if err != nil {
			m.t.Errorf("%s: %v", name, err)
		}
		m.delivered(name, i, r)
	default:
		m.pays(name, i, who, r)
	}
}

// looks asks the public list: an answer that is none is never "no".
func (m *matrix) looks(name, who string, r struck) {
	ctx := m.t.Context()
	if _, err := m.api.Executors.CheckSelfemployed(ctx, &executorv1.CheckSelfemployedRequest{Book: m.Book, ExecutorId: who}); err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	eventually(m.t, name+" says "+r.end, func() bool {
		got, err := m.api.Executors.GetSelfemployed(ctx, &executorv1.GetSelfemployedRequest{Book: m.Book, ExecutorId: who})
		if err == nil && got.GetSelfemployed().GetStatus() == "not_registered" {
			m.t.Errorf("%s: an answer that was none says no", name)
			return true
		}
		return err == nil && got.GetSelfemployed().GetStatus() == r.end
	})
}

// pays pays a small task.
func (m *matrix) pays(name string, i int, who string, r struck) {
	ctx := m.t.Context()
	made, err := m.api.Tasks.CreateTask(ctx, &taskv1.CreateTaskRequest{Book: m.Book, CompanyId: m.company, Task: &taskv1.TaskDraft{
		Title: fmt.Sprintf("Работа %d", i), Description: "Сделать", Category: "Разработка", AmountGross: "100.00", Autocomplete: true,
		Executor: &taskv1.ExecutorRef{ExecutorId: who},
	}})
	if err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	id := made.GetTask().GetId()
	m.mu.Lock()
	m.ids[i] = id
	m.mu.Unlock()
	var last *taskv1.Task
	look := func(state string) bool {
		got, err := m.api.Tasks.GetTask(ctx, &taskv1.GetTaskRequest{Book: m.Book, TaskId: id})
		if err == nil {
			last = got.GetTask()
		}
		return err == nil && last.GetStatus() == state
	}
	eventually(m.t, name+" can be paid", func() bool { return look("completed") })
	if _, err := m.api.Tasks.PayTask(ctx, &taskv1.PayTaskRequest{Book: m.Book, TaskId: id}); err != nil {
		m.t.Errorf("%s: %v", name, err)
		return
	}
	if !eventually(m.t, name+" ends as "+r.end, func() bool { return look(r.end) }) {
		m.t.Logf("%s: %v", name, last)
		return
	}
	if r.end != "error" {
		return
	}
	why := last.GetPaymentErrors()[0]
	if why.GetCode() != r.error || (why.GetRetryAt() != nil) != r.again || why.GetActor() == "" {
		m.t.Errorf("%s: %v", name, why)
	}
}
