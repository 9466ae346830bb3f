package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// taskService is TaskService.
type taskService struct {
	*Gate
	executors *executorService
	documents *documentService
}

// newTaskService makes the service.
func newTaskService(g *Gate, executors *executorService, documents *documentService) *taskService {
	return &taskService{Gate: g, executors: executors, documents: documents}
}

// newTask is a task to be made.
type newTask struct {
	key      string
	draft    *taskv1.TaskDraft
	register string // that it came with, and its line
	line     uint32
}

// CreateTask implements TaskService.
func (s *taskService) CreateTask(ctx context.Context, req *taskv1.CreateTaskRequest) (*taskv1.CreateTaskResponse, error) {
	outcomes, err := s.createTasks(ctx, req.GetBook(), req.GetCompanyId(), []newTask{{key: req.GetKey(), draft: req.GetTask()}})
	if err != nil {
		return nil, err
	}
	if r := outcomes[0].Refusal; r != nil {
		return nil, idField(under(r, "task"), "key")
	}
	out, err := s.task(ctx, req.GetBook(), outcomes[0])
	if err != nil {
		return nil, err
	}
	return &taskv1.CreateTaskResponse{Task: out, Position: positionOf(outcomes), Replayed: outcomes[0].Replayed}, nil
}

// draftFields are the fields of a refusal that stand in the draft; the others are
// the request's.
var draftFields = map[string]string{
	"price": "amount_gross", "price_kind": "amount_gross", "kind": "employment_kind", "executor_id": "executor.executor_id",
	"period_from": "period_from", "period_to": "period_to", "document_date": "document_date", "document_number": "document_number",
	"agreement_type_id": "agreement_type_id", "title": "title", "description": "description", "category": "category",
	"description_json": "description_json", "metadata_json": "metadata_json",
}

// under puts a refusal about the draft under the draft's field.
func under(r *fault.Refusal, name string) *fault.Refusal {
	out := *r
	if field, ok := draftFields[r.Field]; ok {
		out.Field = name + "." + field
	} else if strings.HasPrefix(r.Field, "executor.") {
		out.Field = name + "." + r.Field
	}
	return &out
}

// CreateTasks implements TaskService.
func (s *taskService) CreateTasks(ctx context.Context, req *taskv1.CreateTasksRequest) (*taskv1.CreateTasksResponse, error) {
	items := make([]newTask, len(req.GetTasks()))
	for i, t := range req.GetTasks() {
		items[i] = newTask{key: t.GetKey(), draft: t.GetTask()}
	}
	outcomes, err := s.createTasks(ctx, req.GetBook(), req.GetCompanyId(), items)
	if err != nil {
		return nil, err
	}
	for i := range outcomes {
		if r := outcomes[i].Refusal; r != nil {
			outcomes[i].Refusal = idField(under(r, "task"), "key").At(fmt.Sprintf("tasks[%d]", i))
		}
	}
	results, err := s.results(ctx, req.GetBook(), outcomes, nil)
	return &taskv1.CreateTasksResponse{Results: results, Position: positionOf(outcomes)}, err
}

// createTasks makes tasks of a company, each by its own key.
func (s *taskService) createTasks(ctx context.Context, book, companyID string, items []newTask) ([]engine.Outcome, error) {
	return s.makeTasks(ctx, book, companyID, items, false)
}

// makeTasks makes tasks of a company, each by its own key, or says what would become of
// them. A task's id derives from its key.
func (s *taskService) makeTasks(ctx context.Context, book, companyID string, items []newTask, dryRun bool) ([]engine.Outcome, error) {
	changes := make([]*change, len(items))
	for i, t := range items {
		c := s.change("CreateTask/"+companyID, t.key, t.draft)
		c.flow, c.id, c.owner, c.event = task.Name, s.Vault.TaskID(book, c.request()), companyID, task.Create
		changes[i] = c
	}
	var outcomes []engine.Outcome
	err := again(func() error {
		if err := s.recall(ctx, book, changes...); err != nil {
			return err
		}
		draft := s.Vault.Draft(book)
		texts, err := s.fillTasks(ctx, book, companyID, items, changes)
		if err != nil {
			return err
		}
		if dryRun {
			outcomes = s.runChanges(ctx, book, false, true, changes)
			return nil
		}
		for i, c := range changes {
			if c.fresh() {
				draft.Task(companyID, c.id, 1, texts[i])
			}
		}
		outcomes, err = s.commit(ctx, book, draft, false, changes)
		return err
	})
	return outcomes, err
}

// fillTasks says the commands of the fresh changes and the texts that stand beside
// them, or refuses them one by one.
func (s *taskService) fillTasks(ctx context.Context, book, companyID string, items []newTask, changes []*change) ([]*privatev1.TaskText, error) {
	texts := make([]*privatev1.TaskText, len(items))
	var refs []*taskv1.ExecutorRef
	var drafts []*taskv1.TaskDraft
	var at []int
	for i, c := range changes {
		if !c.fresh() {
			continue
		}
		drafts = append(drafts, items[i].draft)
		if items[i].draft.GetExecutor() != nil {
			refs, at = append(refs, items[i].draft.GetExecutor()), append(at, i)
		}
	}
	tariff, refusal, err := s.tariffOf(ctx, book, companyID)
	if err != nil {
		return nil, err
	}
	found, err := s.executors.findExecutors(ctx, book, refs, "executor.executor_id", "executor.executor_inn", "executor.executor")
	if err != nil {
		return nil, err
	}
	templates, err := s.documents.chooseTemplates(ctx, book, companyID, drafts)
	if err != nil {
		return nil, err
	}
	people := make(map[int]foundExecutor, len(found))
	for i, f := range found {
		people[at[i]] = f
	}
	for i, c := range changes {
		if !c.fresh() {
			continue
		}
		if c.refusal = refusal; c.refusal != nil {
			continue
		}
		var body *flowv1.TaskCreate
		if texts[i], body, c.refusal = readDraft(companyID, items[i], people[i]); c.refusal == nil {
			body.Tariff = tariff
			if c.refusal = templates.put(companyID, items[i].draft, body); c.refusal == nil {
				c.say(body)
			}
		}
	}
	return texts, nil
}

// tariffOf reads the tariff of today of a company that may make and pay tasks.
func (s *taskService) tariffOf(ctx context.Context, book, companyID string) (*flowv1.Tariff, *fault.Refusal, error) {
	rows, _, err := s.load(ctx, book, company.Name, companyID)
	if err != nil {
		return nil, nil, err
	}
	a, ok := rows[companyID]
	switch {
	case !ok:
		return nil, notFound("company_id", company.Name, companyID), nil
	case a.state != company.Active:
		return nil, fault.Refuse(fault.WrongState, "company_id", "the company is %s; it may make and pay tasks when it is active", a.state).
			With("state", a.state), nil
	}
	d := new(flowv1.CompanyData)
	if err := a.read(d); err != nil {
		return nil, nil, err
	}
	return company.TariffOn(d, s.today()), nil, nil
}

// readDraft takes a draft apart: texts outside the log, the rest into the command.
func readDraft(companyID string, t newTask, who foundExecutor) (*privatev1.TaskText, *flowv1.TaskCreate, *fault.Refusal) {
	d := t.draft
	text := &privatev1.TaskText{
		Title: oneLine(d.GetTitle()), Description: strings.TrimSpace(d.GetDescription()), Category: oneLine(d.GetCategory()),
		AdditionalInfo: strings.TrimSpace(d.GetAdditionalInfo()), Metadata: d.GetMetadata(),
		DocumentNumber: oneLine(d.GetDocumentNumber()), DocumentDate: d.GetDocumentDate(),
		RegisterId: t.register, RegisterLine: t.line, DescriptionJson: d.GetDescriptionJson(), MetadataJson: d.GetMetadataJson(),
	}
	for _, f := range []struct{ name, value string }{{"title", text.GetTitle()}, {"description", text.GetDescription()}, {"category", text.GetCategory()}} {
		if f.value == "" {
			return nil, nil, fault.Refuse(fault.Malformed, f.name, "the text is empty")
		}
	}
	if refusal := checkJSON(text); refusal != nil {
		return nil, nil, refusal
	}
	if (text.GetDocumentNumber() == "") != (text.GetDocumentDate() == "") {
		return nil, nil, fault.Refuse(fault.Malformed, "document_date", "document_number and document_date go together")
	}
	body := &flowv1.TaskCreate{
		CompanyId: companyID, Kind: kinds[d.GetEmploymentKind()], PriceKind: flowv1.PriceKind_PRICE_KIND_GROSS, Price: d.GetAmountGross(),
		ActRequired: d.GetActRequired(), Autocomplete: d.GetAutocomplete(),
		SignatureForm: task.FormOf(text.GetDocumentNumber(), text.GetDocumentDate()),
		PeriodFrom:    d.GetPeriodFrom(), PeriodTo: d.GetPeriodTo(), PeriodDays: d.GetPeriodDuration(),
	}
	if d.GetAmountNet() != "" {
		body.PriceKind, body.Price = flowv1.PriceKind_PRICE_KIND_NET, d.GetAmountNet()
	}
	if who.refusal != nil {
		return nil, nil, who.refusal
	}
	if who.data != nil {
		body.ExecutorId, body.Executor = who.id, who.stamp()
	}
	return text, body, nil
}

// checkJSON refuses what is said to be JSON and is not: it is handed out as it is written.
func checkJSON(text *privatev1.TaskText) *fault.Refusal {
	if d := text.GetDescriptionJson(); d != "" && (!json.Valid([]byte(d)) || !strings.HasPrefix(strings.TrimSpace(d), "{")) {
		return fault.Refuse(fault.Malformed, "description_json", "it is no JSON object")
	}
	if m := text.GetMetadataJson(); m != "" && !json.Valid([]byte(m)) {
		return fault.Refuse(fault.Malformed, "metadata_json", "it is no JSON")
	}
	return nil
}
