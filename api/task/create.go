package task

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/provodka/provodka/api/document"
	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// Service is TaskService.
type Service struct {
	*gate.Gate
	executors *executor.Service
	documents *document.Service
}

// New makes the service.
func New(g *gate.Gate, executors *executor.Service, documents *document.Service) *Service {
	return &Service{Gate: g, executors: executors, documents: documents}
}

// NewTask is a task to be made.
type NewTask struct {
	Key      string
	Draft    *taskv1.TaskDraft
	Register string // that it came with, and its line
	Line     uint32
}

// CreateTask implements TaskService.
func (s *Service) CreateTask(ctx context.Context, req *taskv1.CreateTaskRequest) (*taskv1.CreateTaskResponse, error) {
	outcomes, err := s.create(ctx, req.GetBook(), req.GetCompanyId(), []NewTask{{Key: req.GetKey(), Draft: req.GetTask()}})
	if err != nil {
		return nil, err
	}
	if r := outcomes[0].Refusal; r != nil {
		return nil, gate.IDField(under(r, "task", req.GetTask()), "key")
	}
	out, err := s.task(ctx, req.GetBook(), outcomes[0])
	if err != nil {
		return nil, err
	}
	return &taskv1.CreateTaskResponse{Task: out, Position: gate.PositionOf(outcomes), Replayed: outcomes[0].Replayed}, nil
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
func under(r *fault.Refusal, name string, d *taskv1.TaskDraft) *fault.Refusal {
	out := *r
	if (r.Field == "price" || r.Field == "price_kind") && d.GetAmountNet() != "" {
		out.Field = name + ".amount_net"
		return &out
	}
	if field, ok := draftFields[r.Field]; ok {
		out.Field = name + "." + field
	} else if strings.HasPrefix(r.Field, "executor.") {
		out.Field = name + "." + r.Field
	}
	return &out
}

// CreateTasks implements TaskService.
func (s *Service) CreateTasks(ctx context.Context, req *taskv1.CreateTasksRequest) (*taskv1.CreateTasksResponse, error) {
	items := make([]NewTask, len(req.GetTasks()))
	for i, t := range req.GetTasks() {
		items[i] = NewTask{Key: t.GetKey(), Draft: t.GetTask()}
	}
	outcomes, err := s.create(ctx, req.GetBook(), req.GetCompanyId(), items)
	if err != nil {
		return nil, err
	}
	for i := range outcomes {
		if r := outcomes[i].Refusal; r != nil {
			outcomes[i].Refusal = gate.IDField(under(r, "task", items[i].Draft), "key").At(fmt.Sprintf("tasks[%d]", i))
		}
	}
	results, err := s.results(ctx, req.GetBook(), outcomes, nil)
	return &taskv1.CreateTasksResponse{Results: results, Position: gate.PositionOf(outcomes)}, err
}

// create makes tasks of a company, each by its own key.
func (s *Service) create(ctx context.Context, book, companyID string, items []NewTask) ([]engine.Outcome, error) {
	return s.Make(ctx, book, companyID, items, false)
}

// Make makes tasks of a company, each by its own key, or says what would become of
// them. A task's id derives from its key.
func (s *Service) Make(ctx context.Context, book, companyID string, items []NewTask, dryRun bool) ([]engine.Outcome, error) {
	changes := make([]*gate.Change, len(items))
	for i, t := range items {
		c := s.NewChange("CreateTask/"+companyID, t.Key, t.Draft)
		c.Flow, c.ID, c.Owner, c.Event = task.Name, s.Vault.TaskID(book, c.Request()), companyID, task.Create
		changes[i] = c
	}
	var outcomes []engine.Outcome
	err := gate.Again(func() error {
		if err := s.Recall(ctx, book, changes...); err != nil {
			return err
		}
		draft := s.Vault.Draft(book)
		texts, err := s.fillTasks(ctx, book, companyID, items, changes)
		if err != nil {
			return err
		}
		if dryRun {
			outcomes = s.RunChanges(ctx, book, false, true, changes)
			return nil
		}
		for i, c := range changes {
			if c.Fresh() {
				draft.Task(companyID, c.ID, 1, texts[i])
			}
		}
		outcomes, err = s.Commit(ctx, book, draft, false, changes)
		return err
	})
	return outcomes, err
}

// fillTasks says the commands of the fresh changes and the texts that stand beside
// them, or refuses them one by one.
func (s *Service) fillTasks(ctx context.Context, book, companyID string, items []NewTask, changes []*gate.Change) ([]*privatev1.TaskText, error) {
	texts := make([]*privatev1.TaskText, len(items))
	var refs []*taskv1.ExecutorRef
	var drafts []*taskv1.TaskDraft
	var at []int
	for i, c := range changes {
		if !c.Fresh() {
			continue
		}
		drafts = append(drafts, items[i].Draft)
		if items[i].Draft.GetExecutor() != nil {
			refs, at = append(refs, items[i].Draft.GetExecutor()), append(at, i)
		}
	}
	firm, refusal, err := s.CompanyOf(ctx, book, companyID)
	if err != nil {
		return nil, err
	}
	found, err := s.executors.Find(ctx, book, refs, "executor.executor_id", "executor.executor_inn", "executor.executor")
	if err != nil {
		return nil, err
	}
	templates, err := s.documents.ChooseTemplates(ctx, book, companyID, drafts)
	if err != nil {
		return nil, err
	}
	people := make(map[int]executor.Found, len(found))
	for i, f := range found {
		people[at[i]] = f
	}
	for i, c := range changes {
		if !c.Fresh() {
			continue
		}
		if c.Refusal = refusal; c.Refusal != nil {
			continue
		}
		var body *flowv1.TaskCreate
		if texts[i], body, c.Refusal = readDraft(companyID, items[i], people[i]); c.Refusal == nil {
			body.Tariff = s.tariff(firm, cmp.Or(people[i].Data.GetKind(), body.Kind))
			if c.Refusal = templates.Put(companyID, items[i].Draft, body); c.Refusal == nil {
				c.Say(body)
			}
		}
	}
	return texts, nil
}

// tariff is what a company is charged today for a task of a kind of employment.
func (s *Service) tariff(firm *flowv1.CompanyData, kind flowv1.EmploymentKind) *flowv1.Tariff {
	return company.TariffOn(firm, s.Today(), kind)
}

// CompanyOf reads what a company keeps that may make and pay tasks.
func (s *Service) CompanyOf(ctx context.Context, book, companyID string) (*flowv1.CompanyData, *fault.Refusal, error) {
	rows, _, err := s.Load(ctx, book, company.Name, companyID)
	if err != nil {
		return nil, nil, err
	}
	a, ok := rows[companyID]
	switch {
	case !ok:
		return nil, gate.NotFound("company_id", company.Name, companyID), nil
	case a.State != company.Active:
		return nil, fault.Refuse(fault.WrongState, "company_id", "the company is %s; it may make and pay tasks when it is active", a.State).
			With("state", a.State), nil
	}
	d := new(flowv1.CompanyData)
	return d, nil, a.Read(d)
}

// readDraft takes a draft apart: texts outside the log, the rest into the command.
func readDraft(companyID string, t NewTask, who executor.Found) (*privatev1.TaskText, *flowv1.TaskCreate, *fault.Refusal) {
	d := t.Draft
	text := &privatev1.TaskText{
		Title: gate.OneLine(d.GetTitle()), Description: strings.TrimSpace(d.GetDescription()), Category: gate.OneLine(d.GetCategory()),
		AdditionalInfo: strings.TrimSpace(d.GetAdditionalInfo()), Metadata: d.GetMetadata(),
		DocumentNumber: gate.OneLine(d.GetDocumentNumber()), DocumentDate: d.GetDocumentDate(),
		RegisterId: t.Register, RegisterLine: t.Line, DescriptionJson: d.GetDescriptionJson(), MetadataJson: d.GetMetadataJson(),
	}
	for _, f := range []struct{ name, value string }{{"title", text.GetTitle()}, {"description", text.GetDescription()}, {"category", text.GetCategory()}} {
		if f.value == "" {
			return nil, nil, fault.Refuse(fault.Malformed, f.name, "the text is empty")
		}
	}
	if refusal := checkJSON(text); refusal != nil {
		return nil, nil, refusal
	}
	if refusal := checkDocument(text); refusal != nil {
		return nil, nil, refusal
	}
	body := &flowv1.TaskCreate{
		CompanyId: companyID, Kind: executor.Kinds[d.GetEmploymentKind()], PriceKind: flowv1.PriceKind_PRICE_KIND_GROSS, Price: d.GetAmountGross(),
		ActRequired: d.GetActRequired(), Autocomplete: d.GetAutocomplete(), SendLink: d.GetSendLink(),
		SignatureForm: task.FormOf(text.GetDocumentNumber(), text.GetDocumentDate()),
		PeriodFrom:    d.GetPeriodFrom(), PeriodTo: d.GetPeriodTo(), PeriodDays: d.GetPeriodDuration(),
	}
	if d.GetAmountNet() != "" {
		body.PriceKind, body.Price = flowv1.PriceKind_PRICE_KIND_NET, d.GetAmountNet()
	}
	if who.Refusal != nil {
		return nil, nil, who.Refusal
	}
	if who.Data != nil {
		body.ExecutorId, body.Executor = who.ID, who.Stamp()
	}
	return text, body, nil
}

// checkDocument refuses a contract that was signed outside and is not said whole.
func checkDocument(text *privatev1.TaskText) *fault.Refusal {
	number, day := text.GetDocumentNumber(), text.GetDocumentDate()
	switch {
	case number == "" && day == "":
		return nil
	case number == "":
		return fault.Refuse(fault.Malformed, "document_number", "document_number and document_date go together")
	case day == "":
		return fault.Refuse(fault.Malformed, "document_date", "document_number and document_date go together")
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return fault.Refuse(fault.Malformed, "document_date", "%q is not a day YYYY-MM-DD", day)
	}
	return nil
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
