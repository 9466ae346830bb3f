package task

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/sign"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/flow/tax"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// taskStates lists the states of a task in the order of its life; deleted drafts are in no list.
var taskStates = []string{
	task.Draft, task.InWork, task.Accepting, task.Completed, task.Paying, task.Paid, task.Error, task.Canceled,
}

// GetTask implements TaskService.
func (s *Service) GetTask(ctx context.Context, req *taskv1.GetTaskRequest) (*taskv1.GetTaskResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	a, err := s.shown(ctx, req.GetBook(), req.GetTaskId())
	if err != nil {
		return nil, err
	}
	list, err := s.Messages(ctx, req.GetBook(), []gate.Aggregate{a})
	if err != nil {
		return nil, err
	}
	if list[0].GetOffer() != nil {
		d := new(flowv1.TaskData)
		if err := a.Read(d); err != nil {
			return nil, err
		}
		list[0].Offer.ExecutorIds = d.GetOffer().GetCircle()
	}
	return &taskv1.GetTaskResponse{Task: list[0]}, nil
}

// shown reads a task that has not been deleted.
func (s *Service) shown(ctx context.Context, book, id string) (gate.Aggregate, error) {
	a, err := s.Must(ctx, book, task.Name, "task_id", id)
	if err == nil && a.State == task.Deleted {
		err = gate.NotFound("task_id", task.Name, id)
	}
	return a, err
}

// ListTasks implements TaskService.
func (s *Service) ListTasks(ctx context.Context, req *taskv1.ListTasksRequest) (*taskv1.ListTasksResponse, error) {
	page := store.AggregatePage{
		Book: req.GetBook(), Flow: task.Name, Owner: req.GetCompanyId(), States: req.GetStatuses(), Limit: gate.PageSize(req.GetPageSize()),
	}
	switch {
	case len(req.GetSections()) > 0 && (len(page.States) > 0 || page.Owner == ""):
		return nil, fault.Refuse(fault.Malformed, "sections", "sections are of one company, and in place of statuses")
	case len(req.GetSections()) > 0:
		page.States, page.Sections = inSections(req.GetSections())
	case len(page.States) == 0:
		page.States = taskStates
	}
	rows, seen, token, err := s.ListPage(ctx, req, page)
	if err != nil {
		return nil, err
	}
	answer := &taskv1.ListTasksResponse{NextPageToken: token, Position: gate.SeenPosition(seen)}
	answer.Tasks, err = s.Messages(ctx, req.GetBook(), rows)
	return answer, err
}

// CountTasks implements TaskService.
func (s *Service) CountTasks(ctx context.Context, req *taskv1.CountTasksRequest) (*taskv1.CountTasksResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	counts, seen, err := s.DB.CountAggregates(ctx, req.GetBook(), task.Name, req.GetCompanyId())
	if err != nil {
		return nil, fmt.Errorf("count tasks: %w", err)
	}
	answer := &taskv1.CountTasksResponse{Position: gate.SeenPosition(seen)}
	for _, state := range taskStates {
		answer.Counts = append(answer.Counts, &taskv1.StateCount{Status: state, Title: s.Title(task.Name, state), Count: counts[state]})
	}
	return answer, nil
}

// inSections takes the lists of the cabinet apart: whole states and parts of states.
func inSections(names []string) (states []string, parts []store.Section) {
	for _, section := range task.Sections() {
		switch {
		case !slices.Contains(names, section.Name):
		case section.Part == "":
			states = append(states, section.State)
		default:
			parts = append(parts, store.Section{State: section.State, Name: section.Part})
		}
	}
	return states, parts
}

// CountSections implements TaskService.
func (s *Service) CountSections(ctx context.Context, req *taskv1.CountSectionsRequest) (*taskv1.CountSectionsResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	counts, seen, err := s.DB.CountSections(ctx, req.GetBook(), task.Name, req.GetCompanyId())
	if err != nil {
		return nil, fmt.Errorf("count sections: %w", err)
	}
	answer := &taskv1.CountSectionsResponse{Position: gate.SeenPosition(seen)}
	for _, section := range task.Sections() {
		answer.Sections = append(answer.Sections, &taskv1.SectionCount{
			Section: section.Name, Group: section.Group, Title: section.Russian,
			Count: counts[store.Section{State: section.State, Name: section.Part}],
		})
	}
	return answer, nil
}

// Messages joins what the flow keeps with the texts, the executors masked.
func (s *Service) Messages(ctx context.Context, book string, rows []gate.Aggregate) ([]*taskv1.Task, error) {
	datas := make([]*flowv1.TaskData, len(rows))
	for i, a := range rows {
		datas[i] = new(flowv1.TaskData)
		if err := a.Read(datas[i]); err != nil {
			return nil, err
		}
	}
	texts, people, err := s.texts(ctx, book, rows, datas)
	if err != nil {
		return nil, err
	}
	out := make([]*taskv1.Task, len(rows))
	for i, a := range rows {
		t := s.taskMessage(a, datas[i])
		if text, ok := texts[a.ID]; ok {
			c := text.Content
			t.Title, t.Description, t.Category, t.AdditionalInfo = c.GetTitle(), c.GetDescription(), c.GetCategory(), c.GetAdditionalInfo()
			t.Metadata, t.RegisterId, t.RegisterLine = c.GetMetadata(), c.GetRegisterId(), c.GetRegisterLine()
			t.DescriptionJson, t.MetadataJson = c.GetDescriptionJson(), c.GetMetadataJson()
		}
		if id := datas[i].GetExecutorId(); id != "" {
			t.Executor = &taskv1.TaskExecutor{ExecutorId: id}
			p, ok := people[id]
			t.ReceiptUri = port.LinkOf(t.GetReceiptUri(), s.receiptINN(p.Content, datas[i].GetPaidAt()))
			if ok {
				t.Executor.Name, t.Executor.Inn = private.MaskName(p.Content), private.MaskINN(p.Content.GetInn())
				t.Executor.Phone = private.MaskPhone(p.Content.GetPhone())
			}
		}
		s.links(book, t, a, datas[i])
		out[i] = t
	}
	return out, nil
}

// receiptINN is the INN that a person had when he was paid: his receipt's link has it.
func (s *Service) receiptINN(p *privatev1.ExecutorProfile, paidAt string) string {
	at, err := time.Parse(time.RFC3339, paidAt)
	if err != nil {
		return p.GetInn() // not paid
	}
	return private.INNOn(p, at.In(s.DB.Zone()).Format(time.DateOnly))
}

// links adds where the task's documents are signed and downloaded.
func (s *Service) links(book string, t *taskv1.Task, a gate.Aggregate, d *flowv1.TaskData) {
	t.AgreementUri, t.AgreementSigningUri = s.documents.Links(book, sign.Agreement, a, d)
	t.AcceptanceUri, t.AcceptanceSigningUri = s.documents.Links(book, sign.Act, a, d)
}

// phases are the words for what a payment waits for.
var phases = map[flowv1.TaskPhase]string{
	flowv1.TaskPhase_TASK_PHASE_CHECK: "check", flowv1.TaskPhase_TASK_PHASE_PAYOUT: "payout", flowv1.TaskPhase_TASK_PHASE_INCOME: "income",
	flowv1.TaskPhase_TASK_PHASE_HOLD: "limit", flowv1.TaskPhase_TASK_PHASE_TAKE: "tax", flowv1.TaskPhase_TASK_PHASE_ANNUL: "annul",
	flowv1.TaskPhase_TASK_PHASE_LIMIT: "company_limit",
}

// taskMessage is what the flow keeps, in the words of the product's API.
func (s *Service) taskMessage(a gate.Aggregate, d *flowv1.TaskData) *taskv1.Task {
	t := &taskv1.Task{
		Id: a.ID, Status: a.State, StatusTitle: s.Title(task.Name, a.State), CompanyId: d.GetCompanyId(), Version: a.Version,
		PeriodFrom: d.GetPeriodFrom(), PeriodTo: d.GetPeriodTo(), EmploymentKind: executor.KindWord(d.GetKind()), ActRequired: d.GetActRequired(),
		SignatureForm: "online", Phase: phases[d.GetPhase()], Attention: d.GetAttention(), WorkDone: d.GetWorkDone(),
		CreatedAt: gate.Instant(d.GetCreatedAt()), SignedAt: gate.Instant(d.GetCreatedAt()), ExecutorSignedAt: gate.Instant(d.GetExecutorSignedAt()),
		ActExecutorSignedAt: gate.Instant(d.GetActExecutorSignedAt()), ActSignedAt: gate.Instant(d.GetActSignedAt()), PaidAt: gate.Instant(d.GetPaidAt()),
		ExecutorDoneAt: gate.Instant(d.GetExecutorDoneAt()),
		UpdatedAt:      timestamppb.New(gate.Moment(a.UpdatedUS)), Terms: task.Terms(d), AgreementTypeId: d.GetAgreementTemplate(), Offer: offerMessage(d.GetOffer()),
	}
	if d.GetSignatureForm() == flowv1.SignatureForm_SIGNATURE_FORM_MANUAL {
		t.SignatureForm = "manual"
	}
	if d.GetPriceKind() == flowv1.PriceKind_PRICE_KIND_NET {
		t.AmountNet = d.GetPrice()
	} else {
		t.AmountGross = d.GetPrice()
	}
	if d.GetSum() != nil {
		t.AmountGross = d.GetSum().GetGross()
		t.Amounts = amountsMessage(d.GetSum())
	}
	if e := d.GetError(); e != nil {
		t.PaymentErrors = append(t.PaymentErrors, &taskv1.PaymentError{
			Code: e.GetCode(), Message: e.GetWords(), RetryHelps: e.GetRetryHelps(), Actor: e.GetActor(), Day: e.GetDay(), Free: e.GetFree(), RetryAt: gate.Instant(e.GetRetryAt()), Limit: limitMessage(e.GetLimit()),
		})
	}
	for _, i := range d.GetIncomes() {
		if i.GetNumber() == d.GetReceiptAttempt() {
			t.ReceiptUri = i.GetReceiptLink()
		}
	}
	return t
}

// limitMessage is the limit that stopped a payment; nil when none did.
func limitMessage(s *flowv1.LimitShort) *taskv1.PaymentLimit {
	if s == nil {
		return nil
	}
	l := s.GetLimit()
	return &taskv1.PaymentLimit{
		Scope: limit.Scope(l.GetScope()), Way: limit.Way(l.GetWay()), Setter: limit.Setters[l.GetSetter()],
		Least: l.GetLeast(), Most: l.GetMost(), Count: l.GetCount(), Free: s.GetFree(), FreeCount: s.GetFreeCount(),
	}
}

// amountsMessage is a price taken apart, as the flow keeps it: "" is zero.
func amountsMessage(sum *flowv1.TaskSum) *taskv1.Amounts {
	out := &taskv1.Amounts{
		Gross: gate.OrZero(sum.GetGross()), Payout: gate.OrZero(sum.GetPayout()), Tax: gate.OrZero(sum.GetTax()), Commission: gate.OrZero(sum.GetCommission()),
		TaxRule: sum.GetRule(), Day: sum.GetDay(), CommissionPercent: sum.GetTariff().GetPercent(),
		CommissionMinimum: sum.GetTariff().GetMinimum(), TariffFrom: sum.GetTariff().GetFrom(),
	}
	out.Bonus, out.Contributions, out.FinalTax = gate.OrZero(sum.GetShare().GetBonus()), gate.OrZero(sum.GetShare().GetContributions()), sum.GetFinalTax()
	out.Total = money.RUB.Format(money.Sum(money.MustParse(out.GetGross()), money.MustParse(out.GetContributions()), money.MustParse(out.GetCommission())))
	if rule, ok := tax.Lookup(sum.GetRule()); ok {
		out.TaxSource = rule.Source
	}
	return out
}
