package api_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// signed makes n tasks of 1.00 whose contract was signed outside.
func (c *caller) signed(company, worker, prefix string, n int) {
	c.t.Helper()
	req := &taskv1.CreateTasksRequest{Book: c.book, CompanyId: company}
	for i := range n {
		d := draft("1.00", worker)
		d.DocumentNumber, d.DocumentDate = "1", "2026-01-01"
		req.Tasks = append(req.Tasks, &taskv1.NewTask{Key: fmt.Sprint(prefix, i), Task: d})
	}
	made, err := c.Tasks.CreateTasks(c.t.Context(), req)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range made.GetResults() {
		if r.GetTask().GetStatus() != "inwork" {
			c.t.Fatal(r)
		}
	}
}

// run runs one action to its end, or breaks it off after the first results, and checks
// what the messages say: nothing is told twice, the numbers add up.
func (c *caller) run(company, key, worker string, action taskv1.TaskAction, breakOff bool) (last *taskv1.RunAllResponse, results map[string]*taskv1.TaskResult) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	stream, err := c.Tasks.RunAll(ctx, &taskv1.RunAllRequest{
		Book: c.book, Key: key, Action: action, Filter: &taskv1.TaskFilter{CompanyId: company, ExecutorId: worker},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	results = map[string]*taskv1.TaskResult{}
	messages, refused := 0, int64(0)
	for ; stream.Receive(); messages++ {
		last = stream.Msg()
		for _, r := range last.GetResults() {
			if results[r.GetTaskId()] != nil || (r.GetTask() == nil) == (r.GetRefusal() == nil) {
				c.t.Errorf("told twice, or nothing: %v", r)
			}
			results[r.GetTaskId()] = r
			if r.GetRefusal() != nil {
				refused++
			}
		}
		if messages == 0 && (len(results) > 0 || last.GetDone() != 0) || last.GetDone()+last.GetRefused() != int64(len(results)) || last.GetRefused() != refused {
			c.t.Errorf("%d results, %v", len(results), last)
		}
		if breakOff && len(results) > 0 {
			return last, results
		}
	}
	if err := stream.Err(); err != nil || last.GetTotal() != int64(len(results)) || last.GetMore() {
		c.t.Fatalf("%v, %d results, %v", err, len(results), last)
	}
	return last, results
}

// testRunAll breaks a bulk off and goes on with the same key, pays what the wallet
// covers, and retries what stopped.
func testRunAll(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "30.00") // five payments of 1.00 with a commission of 5.00 at least
	rich, bare := c.executor(1, "entrepreneur", account(1)), c.executor(2, "entrepreneur", nil)
	const many = 450
	c.signed(company, rich, "rich", many)
	c.signed(company, bare, "bare", 2)

	_, before := c.run(company, "done", rich, taskv1.TaskAction_TASK_ACTION_DONE, true)
	if len(before) == many {
		t.Fatal("nothing was left to go on with")
	}
	_, after := c.run(company, "done", "", taskv1.TaskAction_TASK_ACTION_DONE, false)
	fresh := 0
	for id, r := range after {
		if r.GetTask().GetStatus() != "completed" || before[id] != nil && !r.GetReplayed() {
			t.Errorf("%v", r)
		}
		if before[id] == nil {
			fresh++
		}
	}
	if fresh > many+2-len(before) {
		t.Errorf("%d and %d of %d", len(before), fresh, many+2)
	}
	if none, _ := c.run(company, "done", "", taskv1.TaskAction_TASK_ACTION_DONE, false); none.GetTotal() != 0 {
		t.Errorf("%v", none)
	}

	unpaid, stopped := c.run(company, "pay", bare, taskv1.TaskAction_TASK_ACTION_PAY, false)
	for _, r := range stopped {
		if r.GetTask().GetStatus() != "error" || r.GetTask().GetPaymentErrors()[0].GetCode() != "requisites_missing" {
			t.Errorf("%v", r)
		}
	}
	if unpaid.GetDone() != 2 {
		t.Errorf("%v", unpaid)
	}
	if _, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, ExecutorId: bare, Requisites: account(2)}); err != nil {
		t.Fatal(err)
	}
	// New requisites let both go on by themselves: whichever is still there may be retried.
	if _, results := c.run(company, "retry", "", taskv1.TaskAction_TASK_ACTION_RETRY, false); len(results) > 2 {
		t.Errorf("%v", results)
	}
	for id := range stopped {
		if done := c.settled(id); done.GetStatus() != "paid" {
			t.Errorf("%v", done)
		}
	}
	// 18.00 are left: three payments, and a refusal with its reason for each of the others.
	for range 2 { // the second time answers the same from the keys
		last, results := c.run(company, "pay", rich, taskv1.TaskAction_TASK_ACTION_PAY, false)
		for id, r := range results {
			if r.GetRefusal() != nil && r.GetRefusal().GetCode() != string(fault.InsufficientFunds) {
				t.Errorf("%v", r)
			}
			if r.GetRefusal() == nil && c.settled(id).GetStatus() != "paid" {
				t.Errorf("%v", r)
			}
		}
		if last.GetDone() > 3 || last.GetRefused() != many-3 {
			t.Errorf("done %d, refused %d", last.GetDone(), last.GetRefused())
		}
	}
	c.wantBalances([]string{"wallet:" + company, "revenue:commission"}, "0.00 0.00", "25.00 25.00")
	all, err := c.Tasks.RetryAll(t.Context(), &taskv1.RetryAllRequest{Book: c.book, Filter: &taskv1.TaskFilter{CompanyId: company}})
	if err != nil || len(all.GetResults()) != 0 || all.GetMore() {
		t.Errorf("%v %v", all, err)
	}
	stranger := &caller{Client: c.Client, house: h, t: t, book: c.book}
	if last, results := stranger.run("company-none", "x", "", taskv1.TaskAction_TASK_ACTION_PAY, false); last.GetTotal() != 0 || len(results) > 0 {
		t.Errorf("%v", last)
	}
}

// testBulkNamed: a bulk call about named tasks moves those of the company that are in the
// state, newest first, and no others.
func testBulkNamed(t *testing.T, h *house) {
	c := h.caller(t)
	company, other, worker := c.company(1, "50000.00"), c.company(2, "50000.00"), c.executor(1, "selfemployed", account(1))
	var ids []string
	for i := range 4 { // one after another: their moments differ
		c.signed(company, worker, fmt.Sprint("named", i, "-"), 1)
		list, err := c.Tasks.ListTasks(t.Context(), &taskv1.ListTasksRequest{Book: c.book, CompanyId: company})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, list.GetTasks()[0].GetId())
	}
	c.signed(other, worker, "foreign", 1)
	foreign, err := c.Tasks.ListTasks(t.Context(), &taskv1.ListTasksRequest{Book: c.book, CompanyId: other})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		key   string
		limit int32
		named []string
		moved []string
		more  bool
	}{
		{"first", 2, []string{ids[0], foreign.GetTasks()[0].GetId(), "task-nobody", ids[2], ids[1]}, []string{ids[2], ids[1]}, true},
		{"second", 0, []string{ids[0], ids[1], ids[0]}, []string{ids[0]}, false}, // one is done already, one is named twice
		{"third", 0, []string{foreign.GetTasks()[0].GetId()}, nil, false},
	} {
		answer, err := c.Tasks.DoneAll(t.Context(), &taskv1.DoneAllRequest{
			Book: c.book, Key: want.key, Limit: want.limit, Filter: &taskv1.TaskFilter{CompanyId: company, TaskIds: want.named},
		})
		if err != nil {
			t.Fatal(err)
		}
		var moved []string
		for _, r := range answer.GetResults() {
			moved = append(moved, r.GetTaskId())
			if r.GetRefusal() != nil {
				t.Errorf("%s: %v", want.key, r)
			}
		}
		if !slices.Equal(moved, want.moved) || answer.GetMore() != want.more {
			t.Errorf("%s moved %v (more: %t), want %v of %v", want.key, moved, answer.GetMore(), want.moved, ids)
		}
	}
	for id, status := range map[string]string{ids[3]: "inwork", foreign.GetTasks()[0].GetId(): "inwork"} {
		got, err := c.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: id})
		if err != nil || got.GetTask().GetStatus() != status {
			t.Errorf("%v %v", got, err)
		}
	}
}
