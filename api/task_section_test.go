package api_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// testSections walks tasks through the lists of the cabinet; after each step counters and
// pages say the same.
func testSections(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "1000.00"), c.executor(1, "entrepreneur", account(1))
	var ids []string
	for i := range 5 {
		who := worker
		if i < 2 {
			who = ""
		}
		d := draft("10.00", who)
		d.ActRequired = true
		made, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Key: fmt.Sprint("s", i), Task: d})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, made.GetTask().GetId())
	}
	c.wantSections(company, map[string][]string{"unassigned": ids[:2], "to_sign": ids[2:]})
	do := func(_ string, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	assigned, err := c.Tasks.AssignTask(t.Context(), &taskv1.AssignTaskRequest{Book: c.book, TaskId: ids[1], Executor: &taskv1.ExecutorRef{ExecutorId: worker}})
	do(assigned.GetPosition(), err)
	c.wantSections(company, map[string][]string{"unassigned": ids[:1], "to_sign": ids[1:]})
	for _, id := range ids[2:] {
		signed, err := c.Tasks.SignTask(t.Context(), &taskv1.SignTaskRequest{Book: c.book, TaskId: id})
		do(signed.GetPosition(), err)
	}
	done, err := c.Tasks.DoneTask(t.Context(), &taskv1.DoneTaskRequest{Book: c.book, TaskId: ids[4]})
	do(done.GetPosition(), err)
	c.wantSections(company, map[string][]string{"unassigned": ids[:1], "to_sign": ids[1:2], "working": ids[2:4], "act_awaited": ids[4:]})
	for _, id := range ids[3:] {
		signed, err := c.Tasks.SignAct(t.Context(), &taskv1.SignActRequest{Book: c.book, TaskId: id, Signer: taskv1.ActSigner_ACT_SIGNER_EXECUTOR})
		do(signed.GetPosition(), err)
	}
	deleted, err := c.Tasks.DeleteTask(t.Context(), &taskv1.DeleteTaskRequest{Book: c.book, TaskId: ids[0]})
	do(deleted.GetPosition(), err)
	c.wantSections(company, map[string][]string{"to_sign": ids[1:2], "working": ids[2:4], "to_accept": ids[4:]})

	_, err = c.Tasks.ListTasks(t.Context(), &taskv1.ListTasksRequest{Book: c.book, Sections: []string{"paid"}})
	refused(t, err, fault.Malformed, "sections")
	_, err = c.Tasks.ListTasks(t.Context(), &taskv1.ListTasksRequest{Book: c.book, CompanyId: company, Sections: []string{"paid"}, Statuses: []string{"paid"}})
	refused(t, err, fault.Malformed, "sections")
}

// wantSections reads counters and lists, a task a page, and wants these ids in them.
func (c *caller) wantSections(company string, want map[string][]string) {
	c.t.Helper()
	counts, err := c.Tasks.CountSections(c.t.Context(), &taskv1.CountSectionsRequest{Book: c.book, CompanyId: company})
	if err != nil || len(counts.GetSections()) != 10 {
		c.t.Fatalf("%v %v", counts, err)
	}
	for _, n := range counts.GetSections() {
		ids := slices.Sorted(slices.Values(want[n.GetSection()]))
		var got []string
		req := &taskv1.ListTasksRequest{Book: c.book, CompanyId: company, Sections: []string{n.GetSection()}, PageSize: 1}
		for {
			page, err := c.Tasks.ListTasks(c.t.Context(), req)
			if err != nil {
				c.t.Fatal(err)
			}
			for _, task := range page.GetTasks() {
				got = append(got, task.GetId())
			}
			if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
				break
			}
		}
		slices.Sort(got)
		if int(n.GetCount()) != len(ids) || !slices.Equal(got, ids) || n.GetTitle() == "" || n.GetGroup() == "" {
			c.t.Errorf("%s: counted %d, listed %v, want %v", n.GetSection(), n.GetCount(), got, ids)
		}
	}
}
