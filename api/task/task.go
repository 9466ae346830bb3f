package task

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// AssignTask implements TaskService.
func (s *Service) AssignTask(ctx context.Context, req *taskv1.AssignTaskRequest) (*taskv1.AssignTaskResponse, error) {
	a, err := s.Must(ctx, req.GetBook(), task.Name, "task_id", req.GetTaskId())
	if err != nil {
		return nil, err
	}
	c := s.NewChange("AssignTask", req.GetKey(), req)
	c.Flow, c.ID, c.Owner, c.Event = task.Name, a.ID, a.Owner, task.Assign
	var outcomes []engine.Outcome
	err = gate.Again(func() error {
		if err := s.Recall(ctx, req.GetBook(), c); err != nil {
			return err
		}
		if c.Fresh() {
			found, err := s.executors.Find(ctx, req.GetBook(), []*taskv1.ExecutorRef{req.GetExecutor()},
				"executor.executor_id", "executor.executor_inn", "executor.executor")
			if err != nil {
				return err
			}
			firm, refusal, err := s.CompanyOf(ctx, req.GetBook(), a.Owner)
			if err != nil {
				return err
			}
			if refusal == nil {
				refusal = found[0].Refusal
			}
			if refusal != nil {
				return refusal
			}
			c.Say(&flowv1.TaskAssign{ExecutorId: found[0].ID, Executor: found[0].Stamp(), Tariff: s.tariff(firm, found[0].Data.GetKind())})
		}
		outcomes, err = s.Commit(ctx, req.GetBook(), s.Vault.Draft(req.GetBook()), false, []*gate.Change{c})
		return err
	})
	if err != nil {
		return nil, err
	}
	out, err := s.task(ctx, req.GetBook(), outcomes[0])
	if err != nil {
		return nil, err
	}
	return &taskv1.AssignTaskResponse{Task: out, Position: gate.PositionOf(outcomes), Replayed: outcomes[0].Replayed}, nil
}

// taskChange is a request that moves one task and says nothing more.
type taskChange interface {
	proto.Message
	GetBook() string
	GetKey() string
	GetTaskId() string
}

// Move sends one event to one task.
func (s *Service) Move(ctx context.Context, req taskChange, event string) (*taskv1.Task, engine.Outcome, error) {
	o, err := s.send(ctx, req, event, nil)
	if err != nil {
		return nil, engine.Outcome{}, err
	}
	out, err := s.task(ctx, req.GetBook(), o)
	return out, o, err
}

// send sends one event with its body to one task; nil is no body.
func (s *Service) send(ctx context.Context, req taskChange, event string, body proto.Message) (engine.Outcome, error) {
	a, err := s.Must(ctx, req.GetBook(), task.Name, "task_id", req.GetTaskId())
	if err != nil {
		return engine.Outcome{}, err
	}
	if body != nil {
		c := &gate.Change{Key: req.GetKey(), Flow: task.Name, ID: a.ID, Owner: a.Owner, Event: event}
		c.Say(body)
		return s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0], nil
	}
	outcomes, err := s.moveAll(ctx, req.GetBook(), event, []gate.Aggregate{a}, func(gate.Aggregate) string { return req.GetKey() })
	if err != nil {
		return engine.Outcome{}, err
	}
	return outcomes[0], nil
}

// moveAll sends one event to many tasks. What pay and retry must know of the
// executor and of the company is stamped as it stands now.
func (s *Service) moveAll(ctx context.Context, book, event string, tasks []gate.Aggregate, key func(gate.Aggregate) string) ([]engine.Outcome, error) {
	changes := make([]*gate.Change, len(tasks))
	stamped := event == task.Pay || event == task.Retry
	for i, a := range tasks {
		c := &gate.Change{Key: key(a)}
		if stamped {
			c.Digest = s.Vault.Digest("task."+event, &taskv1.GetTaskRequest{Book: book, TaskId: a.ID})
		}
		c.Flow, c.ID, c.Owner, c.Event = task.Name, a.ID, a.Owner, event
		changes[i] = c
	}
	if !stamped {
		return s.SubmitChanges(ctx, book, false, changes), nil
	}
	var outcomes []engine.Outcome
	err := gate.Again(func() error {
		if err := s.Recall(ctx, book, changes...); err != nil {
			return err
		}
		if err := s.stampPay(ctx, book, tasks, changes); err != nil {
			return err
		}
		var err error
		outcomes, err = s.Commit(ctx, book, s.Vault.Draft(book), false, changes)
		return err
	})
	return outcomes, err
}

// stampPay says the commands of fresh payments.
func (s *Service) stampPay(ctx context.Context, book string, tasks []gate.Aggregate, changes []*gate.Change) error {
	datas := make([]flowv1.TaskData, len(tasks))
	var ids []string
	for i := range tasks {
		if err := tasks[i].Read(&datas[i]); err != nil {
			return err
		}
		ids = append(ids, datas[i].GetExecutorId())
	}
	people, err := s.executors.People(ctx, book, ids)
	if err != nil {
		return err
	}
	type terms struct {
		firm    *flowv1.CompanyData
		limits  []*flowv1.PaymentLimit
		refusal *fault.Refusal
	}
	today, companies := s.Today(), map[string]terms{}
	for i, c := range changes {
		if !c.Fresh() {
			continue
		}
		t, ok := companies[c.Owner]
		if !ok {
			if t.firm, t.refusal, err = s.CompanyOf(ctx, book, c.Owner); err != nil {
				return err
			}
			t.limits = s.House.Stamp(company.LimitsOn(t.firm, today), today)
			companies[c.Owner] = t
		}
		if c.Refusal = t.refusal; c.Refusal != nil {
			continue
		}
		p, ok := people[datas[i].GetExecutorId()]
		if !ok {
			c.Refusal = fault.Refuse(fault.WrongState, "task_id", "the task has no executor")
			continue
		}
		if p.State == executor.Disputed {
			c.Refusal = fault.Refuse(fault.IdentityDisputed, "executor_id", "support looks at the executor's identity")
			continue
		}
		c.Say(&flowv1.TaskPay{Executor: p.Stamp(), Tariff: company.TariffOn(t.firm, today, p.Data.GetKind()), Limits: t.limits})
	}
	return nil
}

// SignTask implements TaskService.
func (s *Service) SignTask(ctx context.Context, req *taskv1.SignTaskRequest) (*taskv1.SignTaskResponse, error) {
	o, err := s.send(ctx, req, task.Sign, &flowv1.TaskSign{Terms: req.GetTerms()})
	if err != nil {
		return nil, err
	}
	t, err := s.task(ctx, req.GetBook(), o)
	if err != nil {
		return nil, err
	}
	return &taskv1.SignTaskResponse{Task: t, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// DoneTask implements TaskService.
func (s *Service) DoneTask(ctx context.Context, req *taskv1.DoneTaskRequest) (*taskv1.DoneTaskResponse, error) {
	t, o, err := s.Move(ctx, req, task.Done)
	if err != nil {
		return nil, err
	}
	return &taskv1.DoneTaskResponse{Task: t, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// SignAct implements TaskService.
func (s *Service) SignAct(ctx context.Context, req *taskv1.SignActRequest) (*taskv1.SignActResponse, error) {
	event := task.ActSign
	if req.GetSigner() == taskv1.ActSigner_ACT_SIGNER_EXECUTOR {
		if gate.CallOf(ctx).Who.Session != nil {
			return nil, fault.Refuse(fault.PermissionDenied, "signer", "a company's user does not sign for the executor")
		}
		event = task.ActSignExecutor
	}
	t, o, err := s.Move(ctx, req, event)
	if err != nil {
		return nil, err
	}
	return &taskv1.SignActResponse{Task: t, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// PayTask implements TaskService.
func (s *Service) PayTask(ctx context.Context, req *taskv1.PayTaskRequest) (*taskv1.PayTaskResponse, error) {
	t, o, err := s.Move(ctx, req, task.Pay)
	if err != nil {
		return nil, err
	}
	return &taskv1.PayTaskResponse{Task: t, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// RetryTask implements TaskService.
func (s *Service) RetryTask(ctx context.Context, req *taskv1.RetryTaskRequest) (*taskv1.RetryTaskResponse, error) {
	t, o, err := s.Move(ctx, req, task.Retry)
	if err != nil {
		return nil, err
	}
	return &taskv1.RetryTaskResponse{Task: t, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// CancelTask implements TaskService.
func (s *Service) CancelTask(ctx context.Context, req *taskv1.CancelTaskRequest) (*taskv1.CancelTaskResponse, error) {
	t, o, err := s.Move(ctx, req, task.Cancel)
	if err != nil {
		return nil, err
	}
	return &taskv1.CancelTaskResponse{Task: t, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// task shows a task after its own command.
func (s *Service) task(ctx context.Context, book string, o engine.Outcome) (*taskv1.Task, error) {
	if o.Refusal != nil {
		return nil, gate.IDField(o.Refusal, "task_id")
	}
	rows, err := s.documents.Accepted(ctx, book, []gate.Aggregate{gate.FromRecord(o.Record)})
	if err != nil {
		return nil, err
	}
	list, err := s.Messages(ctx, book, rows)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// results shows what became of many tasks; ids names those that were refused.
func (s *Service) results(ctx context.Context, book string, outcomes []engine.Outcome, ids []string) ([]*taskv1.TaskResult, error) {
	var done []gate.Aggregate
	for _, o := range outcomes {
		if o.Refusal == nil {
			done = append(done, gate.FromRecord(o.Record))
		}
	}
	done, err := s.documents.Accepted(ctx, book, done)
	if err != nil {
		return nil, err
	}
	shown, err := s.Messages(ctx, book, done)
	if err != nil {
		return nil, err
	}
	out := make([]*taskv1.TaskResult, len(outcomes))
	for i, o := range outcomes {
		out[i] = &taskv1.TaskResult{Replayed: o.Replayed}
		if ids != nil {
			out[i].TaskId = ids[i]
		}
		if o.Refusal != nil {
			out[i].Refusal = gate.RefusalMessage(o.Refusal)
			continue
		}
		out[i].Task, shown = shown[0], shown[1:]
		out[i].TaskId = out[i].Task.GetId()
	}
	return out, nil
}

// texts reads the texts and the executors of tasks.
func (s *Service) texts(ctx context.Context, book string, rows []gate.Aggregate, datas []*flowv1.TaskData) (map[string]private.Task, map[string]private.Executor, error) {
	refs, people := make([]private.Ref, len(rows)), []private.Ref(nil)
	asked := map[string]bool{"": true}
	for i, a := range rows {
		refs[i] = private.Ref{ID: a.ID, Version: task.TextVersion(datas[i])}
		if id := datas[i].GetExecutorId(); !asked[id] {
			asked[id] = true
			people = append(people, private.Ref{ID: id})
		}
	}
	texts, err := s.Vault.Tasks(ctx, book, refs...)
	if err != nil {
		return nil, nil, err
	}
	executors, err := s.Vault.Executors(ctx, book, people...)
	return texts, executors, err
}
