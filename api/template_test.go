package api_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/fault"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// testTemplates: a company's own form is checked, read by somebody else, and stays with the tasks that were made with it.
func testTemplates(t *testing.T, h *house) {
	c := h.caller(t)
	support := c.colleague()
	company, worker := c.company(1, "1000.00"), c.executor(704, "entrepreneur", account(704))
	submit := func(key, text string) (*documentv1.SubmitTemplateResponse, error) {
		return c.Documents.SubmitTemplate(t.Context(), &documentv1.SubmitTemplateRequest{
			Book: c.book, Key: key, CompanyId: company, Kind: "act", Name: "Разработка", Text: text,
		})
	}
	_, err := submit("bad", ownAct+"{{executor_inm}}")
	if r := refusal(t, err); r.Code != string(fault.TemplateInvalid) || r.Facts["placeholder"] != "executor_inm" {
		t.Errorf("%v", r)
	}
	sent, err := submit("good", ownAct)
	if err != nil || sent.GetTemplate().GetState() != "submitted" {
		t.Fatalf("%v %v", sent, err)
	}
	id := sent.GetTemplate().GetTemplateId()
	decide := func(who *caller, key string, approve bool, reason string) error {
		_, err := who.Documents.DecideTemplate(t.Context(), &documentv1.DecideTemplateRequest{Book: c.book, Key: key, TemplateId: id, Approve: approve, Reason: reason})
		return err
	}
	actOf := func(key string) *documentv1.Document {
		made := c.drafted(t, key, company, worker, true)
		answer, err := c.Documents.GetDocument(t.Context(), &documentv1.GetDocumentRequest{Book: c.book, TaskId: made.GetId(), Document: "act"})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetDocument()
	}
	typical := actOf("before").GetTemplate()
	if r := refusal(t, decide(c, "own", true, "")); r.Code != string(fault.OwnRequest) {
		t.Errorf("%v", r)
	}
	if err := decide(support, "yes", true, ""); err != nil {
		t.Fatal(err)
	}
	own := actOf("after")
	if own.GetTemplate() != sent.GetTemplate().GetSha256() || own.GetTemplate() == typical {
		t.Errorf("made of %s, typical %s", own.GetTemplate(), typical)
	}
	if _, err := c.Documents.WithdrawTemplate(t.Context(), &documentv1.WithdrawTemplateRequest{Book: c.book, Key: "back", TemplateId: id}); err != nil {
		t.Fatal(err)
	}
	if next := actOf("later"); next.GetTemplate() != typical {
		t.Errorf("a withdrawn template made %s", next.GetTemplate())
	}
	kept, err := c.Documents.GetDocument(t.Context(), &documentv1.GetDocumentRequest{Book: c.book, TaskId: own.GetTaskId(), Document: "act"})
	if err != nil || kept.GetDocument().GetSha256() != own.GetSha256() {
		t.Errorf("the task lost its template: %v", err)
	}

	// A refusal says why, and no task is made with an id that is not approved.
	refused, err := submit("again", ownAct+"\nЕщё строка.\n")
	if err != nil {
		t.Fatal(err)
	}
	id = refused.GetTemplate().GetTemplateId()
	if r := refusal(t, decide(support, "silent", false, " ")); r.Field != "reason" {
		t.Errorf("%v", r)
	}
	if err := decide(support, "no", false, "нет срока"); err != nil {
		t.Fatal(err)
	}
	list, err := c.Documents.ListTemplates(t.Context(), &documentv1.ListTemplatesRequest{Book: c.book, CompanyId: company})
	if err != nil || len(list.GetTemplates()) != 2 || list.GetTemplates()[0].GetReason() != "нет срока" || list.GetTemplates()[1].GetState() != "withdrawn" {
		t.Errorf("%v %v", list, err)
	}
	seen, err := c.Documents.GetTemplate(t.Context(), &documentv1.GetTemplateRequest{Book: c.book, TemplateId: id})
	if err != nil || !bytes.HasPrefix(seen.GetExample(), []byte("%PDF")) || seen.GetTemplate().GetText() == "" {
		t.Errorf("%v", err)
	}
	d := draft("100.00", worker)
	d.AgreementTypeId = id
	_, err = c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "wrong", CompanyId: company, Task: d})
	if r := refusal(t, err); r.Code != string(fault.NotFound) || r.Field != "task.agreement_type_id" {
		t.Errorf("%v", r)
	}
	testLostTemplate(t, c, h, company, id)
	names, err := c.Documents.ListPlaceholders(t.Context(), &documentv1.ListPlaceholdersRequest{Book: c.book, Kind: "act"})
	if err != nil || len(names.GetPlaceholders()) < 20 || !strings.Contains(names.GetTypical(), "{{act_date}}") {
		t.Errorf("%v", err)
	}
}

// testLostTemplate: one whose text only a backup has is listed and says so; alone it is refused.
func testLostTemplate(t *testing.T, c *caller, h *house, company, id string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), h.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if gone, err := conn.Exec(t.Context(), "DELETE FROM private_data WHERE book = $1 AND id = $2", c.book, id); err != nil || gone.RowsAffected() == 0 {
		t.Fatal(gone, err)
	}
	list, err := c.Documents.ListTemplates(t.Context(), &documentv1.ListTemplatesRequest{Book: c.book, CompanyId: company})
	if err != nil || len(list.GetTemplates()) != 2 {
		t.Fatal(list, err)
	}
	for _, m := range list.GetTemplates() {
		if lost := m.GetTemplateId() == id; m.GetTextMissing() != lost || (m.GetName() == "") != lost || m.GetState() == "" || m.GetSha256() == "" {
			t.Errorf("%v", m)
		}
	}
	_, err = c.Documents.GetTemplate(t.Context(), &documentv1.GetTemplateRequest{Book: c.book, TemplateId: id})
	refused(t, err, fault.NotFound, "template_id")
}
