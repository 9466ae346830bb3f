package api_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// draft is a task of a gross price for an executor.
func draft(gross, executor string) *taskv1.TaskDraft {
	d := &taskv1.TaskDraft{Title: "Вёрстка страницы", Description: "Сверстать главную", Category: "Разработка", AmountGross: gross}
	if executor != "" {
		d.Executor = &taskv1.ExecutorRef{ExecutorId: executor}
	}
	return d
}

// retried repeats a payment whose cause is gone, unless the task was faster: it goes on by
// itself.
func (c *caller) retried(id string) {
	c.t.Helper()
	_, err := c.Tasks.RetryTask(c.t.Context(), &taskv1.RetryTaskRequest{Book: c.book, TaskId: id})
	var r *client.Refusal
	if err != nil && (!errors.As(err, &r) || r.Code != string(fault.WrongState)) {
		c.t.Fatal(err)
	}
}

// paid waits until the task is no longer being paid.
func (c *caller) settled(id string) *taskv1.Task {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		answer, err := c.Tasks.GetTask(ctx, &taskv1.GetTaskRequest{Book: c.book, TaskId: id})
		if err != nil {
			c.t.Fatal(err)
		}
		if s := answer.GetTask().GetStatus(); s != "paying" && s != "completed" {
			return answer.GetTask()
		}
		select {
		case <-ctx.Done():
			c.t.Fatalf("the task is still %v", answer.GetTask())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func testTaskLife(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "1000.00"), c.executor(1, "selfemployed", account(1))
	d := draft("100.00", "")
	d.ActRequired, d.Metadata = true, map[string]string{"contract": "17"}
	created, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "t1", CompanyId: company, Task: d})
	if err != nil {
		t.Fatal(err)
	}
	id := created.GetTask().GetId()
	again, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "t1", CompanyId: company, Task: d})
	if err != nil || !again.GetReplayed() || again.GetTask().GetId() != id {
		t.Errorf("%v %v", again, err)
	}
	changed := draft("100.00", "")
	changed.Title = "Другое"
	_, err = c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "t1", CompanyId: company, Task: changed})
	refused(t, err, fault.KeyReused, "key")

	assigned, err := c.Tasks.AssignTask(t.Context(), &taskv1.AssignTaskRequest{Book: c.book, TaskId: id, Executor: &taskv1.ExecutorRef{
		ExecutorInn: requisite.ExamplePersonINN(1), Executor: requisite.ExamplePhone(1),
	}})
	if err != nil || assigned.GetTask().GetExecutor().GetExecutorId() != worker || assigned.GetTask().GetAmounts().GetPayout() != "94.00" ||
		assigned.GetTask().GetAmounts().GetCommission() != "5.00" || assigned.GetTask().GetExecutor().GetName() != "Иванов П. С." {
		t.Fatalf("%v %v", assigned, err)
	}
	if _, err := c.Tasks.SignTask(t.Context(), &taskv1.SignTaskRequest{Book: c.book, TaskId: id}); err != nil {
		t.Fatal(err)
	}
	_, err = c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: id})
	refused(t, err, fault.WrongState, "event")
	sign := func(who taskv1.ActSigner) (*taskv1.SignActResponse, error) {
		return c.Tasks.SignAct(t.Context(), &taskv1.SignActRequest{Book: c.book, TaskId: id, Signer: who})
	}
	if _, err := sign(taskv1.ActSigner_ACT_SIGNER_EXECUTOR); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Tasks.DoneTask(t.Context(), &taskv1.DoneTaskRequest{Book: c.book, TaskId: id}); err != nil {
		t.Fatal(err)
	}
	accepted, err := sign(taskv1.ActSigner_ACT_SIGNER_CUSTOMER)
	if err != nil || accepted.GetTask().GetStatus() != "completed" {
		t.Fatalf("%v %v", accepted, err)
	}
	pay := &taskv1.PayTaskRequest{Book: c.book, Key: "pay", TaskId: id}
	if _, err := c.Tasks.PayTask(t.Context(), pay); err != nil {
		t.Fatal(err)
	}
	// What the payment was stamped with stays with its key, whatever changes later.
	if _, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, ExecutorId: worker, Requisites: account(2)}); err != nil {
		t.Fatal(err)
	}
	if answer, err := c.Tasks.PayTask(t.Context(), pay); err != nil || !answer.GetReplayed() {
		t.Errorf("%v %v", answer, err)
	}
	c.wantPaid(id, company)
}

// wantPaid checks a task of 100.00 gross that was paid to account 1.
func (c *caller) wantPaid(id, company string) {
	t := c.t
	done := c.settled(id)
	if done.GetStatus() != "paid" || done.GetReceiptUri() == "" || done.GetPaidAt() == nil || done.GetMetadata()["contract"] != "17" || done.GetTitle() != "Вёрстка страницы" {
		t.Fatalf("%v", done)
	}
	c.wantBalances([]string{"wallet:" + company, "reserve:" + id, "tax-npd:" + done.GetExecutor().GetExecutorId(), "revenue:commission"},
		"895.00 895.00", "0.00 0.00", "6.00 6.00", "5.00 5.00")
	sent := 0
	for _, p := range c.bank.payments() {
		if p.To.AccountNumber == account(1).GetAccountNumber() && strings.Contains(p.Purpose, "Вёрстка страницы") && p.To.Name == "Иванов Пётр Сергеевич" {
			sent++
		}
	}
	if sent == 0 {
		t.Error("no payment to the first account")
	}
	entries, err := c.Ledger.ListEntries(t.Context(), &ledgerv1.ListEntriesRequest{
		Book: c.book, Of: &ledgerv1.ListEntriesRequest_Aggregate{Aggregate: &ledgerv1.AggregateRef{Flow: "task", Id: id}},
	})
	if err != nil || len(entries.GetEntries()) != 3 || entries.GetEntries()[2].GetFlow().GetTo() != "paid" {
		t.Errorf("%v %v", entries, err)
	}
	var titles []string
	for _, e := range entries.GetEntries() {
		titles = append(titles, e.GetKind()+": "+e.GetTitle())
	}
	if want := []string{"reserve: Резерв под задание", "payout: Выплата исполнителю", "settle: Расчёт по заданию: налоги, взносы, комиссия"}; !slices.Equal(titles, want) {
		t.Errorf("entries %q, want %q", titles, want)
	}
	legs, err := c.Ledger.ListLegs(t.Context(), &ledgerv1.ListLegsRequest{Book: c.book, Account: "reserve:" + id, Documents: true, NewestFirst: true})
	if err != nil || len(legs.GetLegs()) == 0 || legs.GetLegs()[0].GetEntryTitle() != "Расчёт по заданию: налоги, взносы, комиссия" {
		t.Errorf("%v %v", legs, err)
	}
	if strings.Contains(c.log.String(), "Иванов") || strings.Contains(c.log.String(), requisite.ExamplePersonINN(1)) ||
		strings.Contains(c.log.String(), account(1).GetAccountNumber()) || strings.Contains(c.log.String(), "Вёрстка") {
		t.Error("personal data is in the log")
	}
}

func testTaskErrors(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "50.00"), c.executor(1, "civil_contract", nil)
	for field, change := range map[string]func(*taskv1.CreateTaskRequest){
		"company_id":                 func(r *taskv1.CreateTaskRequest) { r.CompanyId = "company-none" },
		"task.amount_gross":          func(r *taskv1.CreateTaskRequest) { r.Task.AmountGross = "1.005" },
		"task":                       func(r *taskv1.CreateTaskRequest) { r.Task.AmountNet = "1.00" },
		"task.title":                 func(r *taskv1.CreateTaskRequest) { r.Task.Title = "  " },
		"task.employment_kind":       func(r *taskv1.CreateTaskRequest) { r.Task.EmploymentKind = "selfemployed" },
		"task.executor.executor_inn": func(r *taskv1.CreateTaskRequest) { r.Task.Executor = &taskv1.ExecutorRef{ExecutorInn: "770100000013"} },
		"task.executor.executor": func(r *taskv1.CreateTaskRequest) {
			r.Task.Executor = &taskv1.ExecutorRef{Executor: requisite.ExamplePhone(9)}
		},
		"task.executor":      func(r *taskv1.CreateTaskRequest) { r.Task.Executor = &taskv1.ExecutorRef{} },
		"task.period_to":     func(r *taskv1.CreateTaskRequest) { r.Task.PeriodTo = "2001-01-01" },
		"task.document_date": func(r *taskv1.CreateTaskRequest) { r.Task.DocumentNumber = "7" },
	} {
		req := &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: draft("10.00", worker)}
		change(req)
		_, err := c.Tasks.CreateTask(t.Context(), req)
		if r := refusal(t, err); r.Field != field {
			t.Errorf("%s: %+v", field, r)
		}
	}
	make := func(gross string) string {
		d := draft(gross, worker)
		d.Autocomplete = true
		answer, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: d})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetTask().GetId()
	}
	poor := make("100.00")
	if _, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, ExecutorId: worker, Requisites: account(1)}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: poor})
	refused(t, err, fault.InsufficientFunds, "account")
	if canceled, err := c.Tasks.CancelTask(t.Context(), &taskv1.CancelTaskRequest{Book: c.book, TaskId: poor}); err != nil || canceled.GetTask().GetStatus() != "canceled" {
		t.Errorf("%v %v", canceled, err)
	}
	_, err = c.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: "task-none"})
	refused(t, err, fault.NotFound, "task_id")
	c.wantBalances([]string{"wallet:" + company}, "50.00 50.00")
}

func testBulk(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "1000.00")
	rich, bare := c.executor(1, "entrepreneur", account(1)), c.executor(2, "entrepreneur", nil)
	req := &taskv1.CreateTasksRequest{Book: c.book, CompanyId: company}
	for i := range 6 {
		d := draft("10.00", rich)
		if i == 5 {
			d = draft("10.00", bare)
		}
		d.DocumentNumber, d.DocumentDate = "1", "2026-01-01"
		req.Tasks = append(req.Tasks, &taskv1.NewTask{Key: fmt.Sprint("b", i), Task: d})
	}
	bad := draft("10.00", "executor-none")
	req.Tasks = append(req.Tasks, &taskv1.NewTask{Key: "bad", Task: bad})
	made, err := c.Tasks.CreateTasks(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	part(t, made.GetResults()[6].GetRefusal(), fault.NotFound, "tasks[6].task.executor.executor_id")
	if made.GetResults()[0].GetTask().GetStatus() != "inwork" || made.GetResults()[0].GetTask().GetSignatureForm() != "manual" {
		t.Errorf("%v", made.GetResults()[0])
	}
	filter := &taskv1.TaskFilter{CompanyId: company}
	some, err := c.Tasks.DoneAll(t.Context(), &taskv1.DoneAllRequest{Book: c.book, Key: "d", Filter: filter, Limit: 4})
	if err != nil || len(some.GetResults()) != 4 || !some.GetMore() {
		t.Fatalf("%v %v", some, err)
	}
	rest, err := c.Tasks.DoneAll(t.Context(), &taskv1.DoneAllRequest{Book: c.book, Key: "d", Filter: filter})
	if err != nil || len(rest.GetResults()) != 2 || rest.GetMore() {
		t.Fatalf("%v %v", rest, err)
	}
	paid, err := c.Tasks.PayAll(t.Context(), &taskv1.PayAllRequest{Book: c.book, Filter: filter})
	if err != nil || len(paid.GetResults()) != 6 {
		t.Fatalf("%v %v", paid, err)
	}
	for _, r := range paid.GetResults() {
		if r.GetRefusal() != nil {
			t.Fatalf("%v", r)
		}
		done := c.settled(r.GetTaskId())
		if done.GetExecutor().GetExecutorId() == bare {
			if done.GetStatus() != "error" || done.GetPaymentErrors()[0].GetCode() != "requisites_missing" {
				t.Errorf("%v", done)
			}
			if _, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, ExecutorId: bare, Requisites: account(2)}); err != nil {
				t.Fatal(err)
			}
			c.retried(done.GetId())
			done = c.settled(done.GetId())
		}
		if done.GetStatus() != "paid" {
			t.Errorf("%v", done)
		}
	}
	counts, err := c.Tasks.CountTasks(t.Context(), &taskv1.CountTasksRequest{Book: c.book, CompanyId: company})
	if err != nil || counts.GetCounts()[5].GetCount() != 6 || counts.GetCounts()[5].GetTitle() != "Завершенное" {
		t.Errorf("%v %v", counts, err)
	}
	page, err := c.Tasks.ListTasks(t.Context(), &taskv1.ListTasksRequest{Book: c.book, CompanyId: company, Statuses: []string{"paid"}, PageSize: 5})
	if err != nil || len(page.GetTasks()) != 5 || page.GetNextPageToken() == "" {
		t.Errorf("%v %v", page, err)
	}
	c.wantBalances([]string{"wallet:" + company, "revenue:commission"}, "910.00 910.00", "30.00 30.00")
}

func testExplain(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	for _, tc := range []struct {
		q                                  *taskv1.PriceQuestion
		gross, payout, tax, fee, all, rule string
	}{
		{&taskv1.PriceQuestion{AmountGross: "100", EmploymentKind: "selfemployed", CompanyId: company}, "100.00", "94.00", "6.00", "5.00", "105.00", "npd-company@2019-01-01"},
		{&taskv1.PriceQuestion{AmountNet: "100.00", EmploymentKind: "selfemployed"}, "106.38", "100.00", "6.38", "0.00", "106.38", "npd-company@2019-01-01"},
		{&taskv1.PriceQuestion{AmountGross: "1000.00", EmploymentKind: "civil_contract", CompanyId: company, Day: "2026-03-02"}, "1000.00", "870.00", "130.00", "35.00", "1335.00", "ndfl-resident@2025-01-01"},
		{&taskv1.PriceQuestion{AmountGross: "1000.00", EmploymentKind: "civil_contract", Nonresident: true}, "1000.00", "700.00", "300.00", "0.00", "1300.00", "ndfl-nonresident@2021-01-01"},
		{&taskv1.PriceQuestion{AmountNet: "10.00", EmploymentKind: "entrepreneur"}, "10.00", "10.00", "0.00", "0.00", "10.00", "none-entrepreneur@2019-01-01"},
	} {
		answer, err := c.Tasks.ExplainAmount(t.Context(), &taskv1.ExplainAmountRequest{Book: c.book, What: &taskv1.ExplainAmountRequest_Price{Price: tc.q}})
		if err != nil {
			t.Fatal(err)
		}
		a := answer.GetAmounts()
		got := []string{a.GetGross(), a.GetPayout(), a.GetTax(), a.GetCommission(), a.GetTotal(), a.GetTaxRule()}
		if fmt.Sprint(got) != fmt.Sprint([]string{tc.gross, tc.payout, tc.tax, tc.fee, tc.all, tc.rule}) || len(answer.GetLines()) < 3 || a.GetTaxSource() == "" {
			t.Errorf("%v: %v %v", tc.q, got, answer.GetLines())
		}
		for _, s := range answer.GetSteps() {
			if want, ok := map[string]string{"gross": tc.gross, "payout": tc.payout, "tax": tc.tax, "total": tc.all}[s.GetName()]; ok && s.GetAmount() != want || s.GetFormula() == "" {
				t.Errorf("%v: %v, want %s", tc.q, s, want)
			}
			if s.GetName() == "tax" && (s.GetRule() != tc.rule || s.GetSource() == "") {
				t.Errorf("%v: %v", tc.q, s)
			}
		}
	}
	for gross, want := range map[string]string{"100": "[]", "200000": "[card]", "600000": "[sbp card]"} {
		answer, err := c.Tasks.ExplainAmount(t.Context(), &taskv1.ExplainAmountRequest{Book: c.book, What: &taskv1.ExplainAmountRequest_Price{
			Price: &taskv1.PriceQuestion{AmountGross: gross, EmploymentKind: "selfemployed", CompanyId: company},
		}})
		ways := []string{}
		for _, l := range answer.GetLimits() {
			ways = append(ways, l.GetWay())
		}
		if err != nil || fmt.Sprint(ways) != want || len(ways) > 0 && !strings.Contains(answer.GetLines()[len(answer.GetLines())-1], "лимит одного платежа на карту") {
			t.Errorf("%s: %v %v", gross, answer, err)
		}
	}
	_, err := c.Tasks.ExplainAmount(t.Context(), &taskv1.ExplainAmountRequest{Book: c.book, What: &taskv1.ExplainAmountRequest_Price{
		Price: &taskv1.PriceQuestion{AmountGross: "1", EmploymentKind: "selfemployed", Day: "1999-01-01"},
	}})
	refused(t, err, fault.Malformed, "price.day")
}
