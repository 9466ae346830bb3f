package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// testPaidByItself: payments that stopped because something of the executor was missing go on
// by themselves when it is given, once each, and nothing is paid twice.
func testPaidByItself(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "1000.00"), c.executor(1, "entrepreneur", nil)
	var ids []string
	for _, key := range []string{"a", "b", "c"} {
		d := draft("100.00", worker)
		d.Autocomplete = true
		made, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Key: key, Task: d})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, made.GetTask().GetId())
		if key == "c" {
			continue // nobody has paid this one: nothing is to go on
		}
		paid, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: made.GetTask().GetId()})
		if err != nil || paid.GetTask().GetStatus() != "error" || paid.GetTask().GetPaymentErrors()[0].GetCode() != "requisites_missing" {
			t.Fatal(paid, err)
		}
		if at := paid.GetTask().GetPaymentErrors()[0].GetRetryAt(); at == nil || time.Until(at.AsTime()) < 50*time.Minute {
			t.Errorf("it is tried again at %v", at)
		}
	}
	set, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, Key: "where", ExecutorId: worker, Requisites: account(771)})
	if err != nil {
		t.Fatal(set, err)
	}
	for _, id := range ids[:2] {
		got := c.settledAfterError(id)
		if got.GetStatus() != "paid" || len(got.GetPaymentErrors()) > 0 {
			t.Errorf("it goes on by itself: %v", got)
		}
	}
	if _, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, Key: "where", ExecutorId: worker, Requisites: account(771)}); err != nil {
		t.Error(err)
	}
	last, err := c.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: ids[2]})
	if err != nil || last.GetTask().GetStatus() != "completed" {
		t.Errorf("%v %v", last, err)
	}
	sent := 0
	for _, p := range h.bank.payments() {
		if p.To.AccountNumber == account(771).GetAccountNumber() {
			sent++
		}
	}
	if got := c.balances("", "wallet:"+company); sent != 2 || len(got) != 1 || !strings.Contains(got[0], "790.00") {
		t.Errorf("the bank paid %d times, the wallet has %v", sent, got)
	}
}

// settledAfterError waits until a payment that stopped has gone on to its end.
func (c *caller) settledAfterError(id string) *taskv1.Task {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		got := c.settled(id)
		if got.GetStatus() != "error" {
			return got
		}
		select {
		case <-ctx.Done():
			c.t.Fatalf("the task is still %v", got)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
