package app

import (
	"context"
	"errors"
	"maps"
	"slices"

	executors "github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	tasks "github.com/provodka/provodka/api/task"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// Service is ExecutorAppService: what other services do, for the person of the session
// alone.
type Service struct {
	*gate.Gate
	executors *executors.Service
	tasks     *tasks.Service
}

// New makes the service of the executors' own application.
func New(g *gate.Gate, executors *executors.Service, tasks *tasks.Service) *Service {
	return &Service{Gate: g, executors: executors, tasks: tasks}
}

// me is the executor whose session asks.
func me(ctx context.Context) string { return gate.CallOf(ctx).Who.ID }

// myKey is a person's own idempotency Key: another person's, or a company's, of the same
// name is another.
func myKey(ctx context.Context, key string) string { return "app/" + me(ctx) + "/" + key }

// whole reads the person unmasked.
func (s *Service) whole(ctx context.Context, book string) (*executorv1.Executor, error) {
	a, err := s.Must(ctx, book, executor.Name, "executor_id", me(ctx))
	if err != nil {
		return nil, err
	}
	return s.executors.Message(ctx, book, a, false)
}

// GetMyProfile implements ExecutorAppService.
func (s *Service) GetMyProfile(ctx context.Context, req *executorv1.GetMyProfileRequest) (*executorv1.GetMyProfileResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	out, err := s.whole(ctx, req.GetBook())
	if err != nil {
		return nil, err
	}
	if gate.CallOf(ctx).Who.Unconfirmed { // a company's slip of a digit shows nobody's data to a stranger
		return &executorv1.GetMyProfileResponse{
			Executor:         &executorv1.Executor{ExecutorId: out.GetExecutorId(), State: out.GetState(), StateTitle: out.GetStateTitle(), Masked: true},
			PhoneUnconfirmed: true,
		}, nil
	}
	a, err := s.executors.AtNPD(ctx, req.GetBook(), me(ctx))
	if err != nil {
		return nil, err
	}
	answer := &executorv1.GetMyProfileResponse{Executor: out}
	if answer.Selfemployed, err = s.executors.SelfemployedMessage(a); err != nil {
		return nil, err
	}
	answer.NpdDuty, err = s.duty(ctx, req.GetBook(), answer)
	return answer, err
}

// UpdateMyProfile implements ExecutorAppService.
func (s *Service) UpdateMyProfile(ctx context.Context, req *executorv1.UpdateMyProfileRequest) (*executorv1.UpdateMyProfileResponse, error) {
	before, err := s.whole(ctx, req.GetBook())
	if err != nil {
		return nil, err
	}
	if phone, refusal := requisite.Phone("person.phone", req.GetPerson().GetPhone()); refusal != nil {
		return nil, refusal
	} else if phone != before.GetPerson().GetPhone() {
		return nil, fault.Refuse(fault.Malformed, "person.phone", "a session is begun by this phone and does not change it: the company does")
	}
	done, err := s.executors.UpdateExecutor(ctx, &executorv1.UpdateExecutorRequest{
		Book: req.GetBook(), Key: myKey(ctx, req.GetKey()), ExecutorId: me(ctx), Nonresident: before.GetNonresident(), Person: req.GetPerson(),
	})
	if err != nil {
		return nil, err
	}
	out, err := s.whole(ctx, req.GetBook())
	return &executorv1.UpdateMyProfileResponse{Executor: out, Position: done.GetPosition(), Replayed: done.GetReplayed()}, err
}

// SetMyRequisites implements ExecutorAppService.
func (s *Service) SetMyRequisites(ctx context.Context, req *executorv1.SetMyRequisitesRequest) (*executorv1.SetMyRequisitesResponse, error) {
	p, err := s.myself(ctx, req.GetBook())
	if err != nil {
		return nil, err
	}
	if err := s.executors.MayDirect(ctx, req.GetBook(), p); err != nil {
		return nil, err
	}
	done, err := s.executors.SetRequisites(ctx, &executorv1.SetRequisitesRequest{
		Book: req.GetBook(), Key: myKey(ctx, req.GetKey()), ExecutorId: me(ctx), Requisites: req.GetRequisites(),
	})
	if err != nil {
		return nil, err
	}
	out, err := s.whole(ctx, req.GetBook())
	return &executorv1.SetMyRequisitesResponse{Executor: out, Position: done.GetPosition(), Replayed: done.GetReplayed()}, err
}

// BindMe implements ExecutorAppService.
func (s *Service) BindMe(ctx context.Context, req *executorv1.BindMeRequest) (*executorv1.BindMeResponse, error) {
	done, err := s.executors.BindExecutor(ctx, &executorv1.BindExecutorRequest{
		Book: req.GetBook(), Key: myKey(ctx, req.GetKey()), ExecutorId: me(ctx), ByPhone: req.GetByPhone(),
	})
	if err != nil {
		return nil, err
	}
	return &executorv1.BindMeResponse{Selfemployed: done.GetSelfemployed(), Position: done.GetPosition(), Replayed: done.GetReplayed()}, nil
}

// mine are the sections of the person's tasks, by the states of the task flow.
var mine = map[string][]string{
	"in_work": {task.InWork}, "done": {task.Accepting, task.Completed}, "paying": {task.Paying, task.Error}, "paid": {task.Paid}, "canceled": {task.Canceled},
}

// ListMyTasks implements ExecutorAppService.
func (s *Service) ListMyTasks(ctx context.Context, req *executorv1.ListMyTasksRequest) (*executorv1.ListMyTasksResponse, error) {
	if err := s.WaitForSearch(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	page := store.AudiencePage{Book: req.GetBook(), Flow: task.Name, Names: []string{me(ctx)}, States: mine[req.GetSection()], Limit: gate.PageSize(req.GetPageSize())}
	if req.GetSection() == "offered" {
		if err := s.offered(ctx, req.GetBook(), &page); err != nil {
			return nil, err
		}
	}
	rows, _, token, err := s.AudiencePage(ctx, req, page)
	if err != nil {
		return nil, err
	}
	answer := &executorv1.ListMyTasksResponse{NextPageToken: token}
	if answer.Tasks, err = s.tasks.Messages(ctx, req.GetBook(), rows); err != nil {
		return nil, err
	}
	for _, t := range answer.Tasks {
		shown(t)
	}
	return answer, nil
}

// offered makes a page of what the person may accept: offers, and drafts that have the person.
func (s *Service) offered(ctx context.Context, book string, page *store.AudiencePage) error {
	people, err := s.executors.People(ctx, book, []string{me(ctx)})
	if err != nil {
		return err
	}
	companies, err := s.DB.AudienceOwners(ctx, book, task.Name, me(ctx), tasks.MostCompanies)
	if err != nil {
		return err
	}
	page.States = []string{task.Draft}
	page.Names = append(task.OfferAudiences(me(ctx), people[me(ctx)].Data.GetKind(), companies), me(ctx))
	slices.Sort(page.Names)
	page.Names = slices.Compact(page.Names)
	return nil
}

// shown takes out of a task what is the customer's own.
func shown(t *taskv1.Task) *taskv1.Task {
	t.Metadata, t.MetadataJson, t.RegisterId, t.RegisterLine, t.Attention = nil, "", "", 0, false
	if t.Offer != nil {
		t.Offer.Circle, t.Offer.Declined = 0, 0
	}
	if a := t.Amounts; a != nil {
		a.Commission, a.CommissionPercent, a.CommissionMinimum, a.TariffFrom = "", "", "", ""
		a.Total = "" // less the rest it is the commission
	}
	for _, e := range t.GetPaymentErrors() {
		if setter := e.GetLimit().GetSetter(); setter != "" && setter != limit.Setters[flowv1.LimitSetter_LIMIT_SETTER_UNSPECIFIED] {
			e.Message, e.Limit = wordsOf(e.GetCode()), nil // what the company and the bank have agreed on is theirs
		}
	}
	return t
}

// wordsOf are the words of a code of the task's Errors table.
func wordsOf(code string) string {
	for _, t := range task.Troubles() {
		if t.Code == code {
			return t.Russian
		}
	}
	return code
}

// AcceptMyTask implements ExecutorAppService.
func (s *Service) AcceptMyTask(ctx context.Context, req *executorv1.AcceptMyTaskRequest) (*executorv1.AcceptMyTaskResponse, error) {
	if err := s.signs(ctx, req.GetBook()); err != nil {
		return nil, err
	}
	done, err := s.tasks.AcceptOffer(ctx, &taskv1.AcceptOfferRequest{
		Book: req.GetBook(), Key: myKey(ctx, req.GetKey()), TaskId: req.GetTaskId(), ExecutorId: me(ctx), Terms: req.GetTerms(),
	})
	if err != nil {
		return nil, s.capped(ctx, req.GetBook(), err)
	}
	return &executorv1.AcceptMyTaskResponse{Task: shown(done.GetTask()), Position: done.GetPosition(), Replayed: done.GetReplayed()}, nil
}

// capped adds to a refusal by the yearly limit what the person earned elsewhere, if the tax service
// says so: the company learns only what is free.
func (s *Service) capped(ctx context.Context, book string, err error) error {
	var refusal *fault.Refusal
	if !errors.As(err, &refusal) || refusal.Code != fault.IncomeCap {
		return err
	}
	if y, unread := s.executors.Year(ctx, book, me(ctx), 0); unread == nil && y.Elsewhere != "" {
		own := *refusal
		own.Facts = maps.Clone(refusal.Facts)
		return own.With(taxpayer.FactElsewhere, y.Elsewhere)
	}
	return err
}

// DeclineMyTask implements ExecutorAppService.
func (s *Service) DeclineMyTask(ctx context.Context, req *executorv1.DeclineMyTaskRequest) (*executorv1.DeclineMyTaskResponse, error) {
	done, err := s.tasks.DeclineOffer(ctx, &taskv1.DeclineOfferRequest{
		Book: req.GetBook(), Key: myKey(ctx, req.GetKey()), TaskId: req.GetTaskId(), ExecutorId: me(ctx),
	})
	if err != nil {
		return nil, err
	}
	return &executorv1.DeclineMyTaskResponse{Task: shown(done.GetTask()), Position: done.GetPosition(), Replayed: done.GetReplayed()}, nil
}

// own refuses a task that is not the person's, as if there were none. A task in work has
// its executor for good.
func (s *Service) own(ctx context.Context, book, id string) error {
	a, err := s.Must(ctx, book, task.Name, "task_id", id)
	if err != nil {
		return err
	}
	d := new(flowv1.TaskData)
	if err := a.Read(d); err != nil {
		return err
	}
	if d.GetExecutorId() != me(ctx) {
		return gate.NotFound("task_id", task.Name, id)
	}
	return nil
}

// underMyKey is a change of a task under the person's own key.
func underMyKey(ctx context.Context, req interface {
	GetBook() string
	GetKey() string
	GetTaskId() string
}) *taskv1.DoneTaskRequest {
	return &taskv1.DoneTaskRequest{Book: req.GetBook(), Key: myKey(ctx, req.GetKey()), TaskId: req.GetTaskId()}
}

// ReportMyTask implements ExecutorAppService.
func (s *Service) ReportMyTask(ctx context.Context, req *executorv1.ReportMyTaskRequest) (*executorv1.ReportMyTaskResponse, error) {
	if err := s.own(ctx, req.GetBook(), req.GetTaskId()); err != nil {
		return nil, err
	}
	t, o, err := s.tasks.Move(ctx, underMyKey(ctx, req), task.Report)
	if err != nil {
		return nil, err
	}
	return &executorv1.ReportMyTaskResponse{Task: shown(t), Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// SignMyAct implements ExecutorAppService.
func (s *Service) SignMyAct(ctx context.Context, req *executorv1.SignMyActRequest) (*executorv1.SignMyActResponse, error) {
	if err := s.own(ctx, req.GetBook(), req.GetTaskId()); err != nil {
		return nil, err
	}
	if err := s.signs(ctx, req.GetBook()); err != nil {
		return nil, err
	}
	t, o, err := s.tasks.Move(ctx, underMyKey(ctx, req), task.ActSignExecutor)
	if err != nil {
		return nil, err
	}
	return &executorv1.SignMyActResponse{Task: shown(t), Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// GetMyEarnings implements ExecutorAppService.
func (s *Service) GetMyEarnings(ctx context.Context, req *executorv1.GetMyEarningsRequest) (*executorv1.GetMyEarningsResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	y, err := s.executors.Year(ctx, req.GetBook(), me(ctx), req.GetYear())
	if err != nil {
		return nil, err
	}
	return &executorv1.GetMyEarningsResponse{
		Year: y.Year, Registered: y.Registered, Reserved: y.Reserved, Limit: y.Limit, Free: y.Free, BonusLeft: y.BonusLeft,
		NdflBase: y.NDFLBase, NdflWithheld: y.NDFLWithheld, Elsewhere: y.Elsewhere, ElsewhereAt: y.ElsewhereAt,
	}, nil
}
