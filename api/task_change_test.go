package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// testTaskChange changes a task before and after its contract is signed, and deletes a draft.
func testTaskChange(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "1000.00"), c.executor(1, "selfemployed", account(1))
	d := draft("100.00", worker)
	d.DescriptionJson, d.Metadata = `{"что":"главная"}`, map[string]string{"contract": "17"}
	created, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: d})
	if err != nil {
		t.Fatal(err)
	}
	id := created.GetTask().GetId()
	change := func(req *taskv1.ChangeTaskRequest) (*taskv1.ChangeTaskResponse, error) {
		req.Book, req.TaskId = c.book, id
		return c.Tasks.ChangeTask(t.Context(), req)
	}
	rename := &taskv1.ChangeTaskRequest{Key: "rename", Title: "Вёрстка лендинга", AmountNet: "188.00", ActRequired: new(true), PeriodDuration: 5}
	first, err := change(rename)
	if err != nil || first.GetTask().GetTitle() != "Вёрстка лендинга" || first.GetTask().GetAmounts().GetGross() != "200.00" || first.GetTask().GetTerms() != 2 ||
		!first.GetTask().GetActRequired() || first.GetTask().GetDescriptionJson() != d.GetDescriptionJson() || first.GetTask().GetMetadata()["contract"] != "17" {
		t.Fatalf("%v %v", first, err)
	}
	if again, err := change(rename); err != nil || !again.GetReplayed() || again.GetTask().GetTitle() != "Вёрстка лендинга" {
		t.Errorf("%v %v", again, err)
	}
	_, err = change(&taskv1.ChangeTaskRequest{Key: "rename", Title: "Другое"})
	refused(t, err, fault.KeyReused, "key")
	_, err = change(&taskv1.ChangeTaskRequest{EmploymentKind: "entrepreneur"})
	refused(t, err, fault.KindMismatch, "employment_kind")
	_, err = change(&taskv1.ChangeTaskRequest{AmountNet: "0.00"})
	refused(t, err, fault.AmountInvalid, "amount_net")
	_, err = change(&taskv1.ChangeTaskRequest{PeriodTo: "2020-01-01"})
	refused(t, err, fault.Malformed, "period_to")
	_, err = change(&taskv1.ChangeTaskRequest{Title: " "})
	refused(t, err, fault.Malformed, "title")
	_, err = change(&taskv1.ChangeTaskRequest{})
	refused(t, err, fault.Malformed, "")

	_, err = c.Tasks.SignTask(t.Context(), &taskv1.SignTaskRequest{Book: c.book, TaskId: id, Terms: 1})
	refused(t, err, fault.WrongState, "terms")
	if _, err := c.Tasks.SignTask(t.Context(), &taskv1.SignTaskRequest{Book: c.book, TaskId: id, Terms: 2}); err != nil {
		t.Fatal(err)
	}
	for field, req := range map[string]*taskv1.ChangeTaskRequest{
		"title": {Title: "Поздно", AdditionalInfo: new("и это")}, "amount_gross": {AmountGross: "1.00"}, "period_duration": {PeriodDuration: 3},
		"act_required": {ActRequired: new(false)},
	} {
		_, err = change(req)
		refused(t, err, fault.WrongState, field)
	}
	// A refused change left a version of the texts that nobody names: the next one stands on what counts.
	noted, err := change(&taskv1.ChangeTaskRequest{AdditionalInfo: new("вход со двора"), MetadataJson: `{"номер":18}`})
	if err != nil || noted.GetTask().GetTitle() != "Вёрстка лендинга" || noted.GetTask().GetAdditionalInfo() != "вход со двора" ||
		noted.GetTask().GetMetadataJson() != `{"номер":18}` || len(noted.GetTask().GetMetadata()) > 0 || noted.GetTask().GetTerms() != 2 {
		t.Fatalf("%v %v", noted, err)
	}
	_, err = c.Tasks.DeleteTask(t.Context(), &taskv1.DeleteTaskRequest{Book: c.book, TaskId: id})
	refused(t, err, fault.WrongState, "event")
	c.wantRenamedPaid(id)
	c.testTaskDelete(company)
}

// wantRenamedPaid pays the changed task: the receipt says what counts.
func (c *caller) wantRenamedPaid(id string) {
	t := c.t
	if _, err := c.Tasks.DoneTask(t.Context(), &taskv1.DoneTaskRequest{Book: c.book, TaskId: id}); err != nil {
		t.Fatal(err)
	}
	for _, who := range []taskv1.ActSigner{taskv1.ActSigner_ACT_SIGNER_EXECUTOR, taskv1.ActSigner_ACT_SIGNER_CUSTOMER} {
		if _, err := c.Tasks.SignAct(t.Context(), &taskv1.SignActRequest{Book: c.book, TaskId: id, Signer: who}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: id}); err != nil {
		t.Fatal(err)
	}
	if done := c.settled(id); done.GetStatus() != "paid" || done.GetAmounts().GetPayout() != "188.00" {
		t.Fatalf("%v", done)
	}
	named := false
	for _, p := range c.bank.payments() {
		named = named || strings.Contains(p.Purpose, "Вёрстка лендинга")
	}
	if !named {
		t.Error("no payment names the changed title")
	}
}

// testTaskDelete deletes a draft: no list shows it.
func (c *caller) testTaskDelete(company string) {
	t := c.t
	made, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: draft("5.00", "")})
	if err != nil {
		t.Fatal(err)
	}
	gone := &taskv1.DeleteTaskRequest{Book: c.book, Key: "gone", TaskId: made.GetTask().GetId()}
	deleted, err := c.Tasks.DeleteTask(t.Context(), gone)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.Tasks.DeleteTask(t.Context(), gone); err != nil || !again.GetReplayed() {
		t.Errorf("%v %v", again, err)
	}
	_, err = c.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: gone.GetTaskId()})
	refused(t, err, fault.NotFound, "task_id")
	_, err = c.Tasks.ExplainAmount(t.Context(), &taskv1.ExplainAmountRequest{Book: c.book, What: &taskv1.ExplainAmountRequest_TaskId{TaskId: gone.GetTaskId()}})
	refused(t, err, fault.NotFound, "task_id")
	list, err := c.Tasks.ListTasks(t.Context(), &taskv1.ListTasksRequest{Book: c.book, CompanyId: company, MinPosition: deleted.GetPosition()})
	if err != nil || len(list.GetTasks()) != 1 || list.GetTasks()[0].GetId() == gone.GetTaskId() {
		t.Errorf("%v %v", list, err)
	}
	counts, err := c.Tasks.CountTasks(t.Context(), &taskv1.CountTasksRequest{Book: c.book, CompanyId: company, MinPosition: deleted.GetPosition()})
	for _, n := range counts.GetCounts() {
		if err != nil || n.GetStatus() == "deleted" || n.GetStatus() == "draft" && n.GetCount() > 0 {
			t.Errorf("%v %v", n, err)
		}
	}
}

// testProductChange does the same by the names of the document.
func testProductChange(t *testing.T, h *house) {
	f := h.firm(t)
	path := "/api/tasks/" + strings.Trim(string(f.ok("POST", "/api/tasks", "", `{"title":"a","description":{"x":1},"category":"c","fee":10}`)["id"]), `"`)
	change := `{"title":"б","fee":"20.50","type_of_executor":"ГПХ","act_required":true,"period_to":"2999-01-02","metadata":{"n":1.50},"additional_info":"со двора"}`
	for range 2 {
		want(t, f.ok("PATCH", path, "change", change), map[string]string{
			"title": `"б"`, "amount_gross": "20.50", "employment_kind": `"civil_contract"`, "act_required": "true", "date": `"2999-01-02"`,
			"metadata": `{"n":1.50}`, "description": `{"x":1}`, "category": `"c"`, "additional_info": `"со двора"`,
		})
	}
	want(t, f.ok("PATCH", path, "", `{"act_required":false,"additional_info":"","description":"словами"}`), map[string]string{
		"act_required": "false", "additional_info": `""`, "description": `"словами"`, "title": `"б"`,
	})
	f.wrong("PATCH", path, `{}`, http.StatusBadRequest, "malformed")
	f.wrong("PATCH", path, `{"title":"","category":" "}`, http.StatusBadRequest, "malformed", "title", "category")
	f.wrong("PATCH", path, `{"fee":0.001}`, http.StatusBadRequest, "amount_invalid", "fee")
	f.wrong("PATCH", path, `{"executor":"+79991234567"}`, http.StatusBadRequest, "malformed", "executor")
	f.ok("DELETE", path, "delete", "")
	f.ok("DELETE", path, "delete", "")
	f.wrong("GET", path, "", http.StatusNotFound, "not_found", "id")
	f.wrong("DELETE", path, "", http.StatusBadRequest, "wrong_state", "event")
}
