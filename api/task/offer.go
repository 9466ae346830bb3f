package task

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// offeredTo are the words for the audiences of an offer.
var offeredTo = map[flowv1.OfferTo]string{
	flowv1.OfferTo_OFFER_TO_CIRCLE: "circle", flowv1.OfferTo_OFFER_TO_KNOWN: "known", flowv1.OfferTo_OFFER_TO_ALL: "all",
}

// offerMessage is an offer for readers, without the names of its circle.
func offerMessage(o *flowv1.TaskOffer) *taskv1.TaskOffer {
	if o == nil {
		return nil
	}
	return &taskv1.TaskOffer{
		To: offeredTo[o.GetTo()], Circle: uint32(len(o.GetCircle())), Declined: o.GetDeclined(),
		OfferedAt: gate.Instant(o.GetOfferedAt()), ExpiresAt: gate.Instant(o.GetExpiresAt()),
	}
}

// OfferTask implements TaskService. Every executor of a circle must be registered.
func (s *Service) OfferTask(ctx context.Context, req *taskv1.OfferTaskRequest) (*taskv1.OfferTaskResponse, error) {
	people, _, err := s.Load(ctx, req.GetBook(), executor.Name, req.GetExecutorIds()...)
	if err != nil {
		return nil, err
	}
	for i, id := range req.GetExecutorIds() {
		field := fmt.Sprintf("executor_ids[%d]", i)
		switch p, ok := people[id]; {
		case !ok:
			return nil, gate.NotFound(field, executor.Name, id)
		case p.State != executor.Registered:
			return nil, fault.Refuse(fault.WrongState, field, "the executor is %s", p.State).With("state", p.State)
		}
	}
	body := &flowv1.TaskOfferTo{To: flowv1.OfferTo(req.GetTo()), ExecutorIds: req.GetExecutorIds()}
	if at := req.GetExpiresAt(); at != nil {
		body.ExpiresAt = at.AsTime().Format(time.RFC3339Nano)
	}
	o, err := s.send(ctx, req, task.Offer, body)
	if err != nil {
		return nil, err
	}
	t, err := s.task(ctx, req.GetBook(), o)
	if err != nil {
		return nil, err
	}
	return &taskv1.OfferTaskResponse{Task: t, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// AcceptOffer implements TaskService.
func (s *Service) AcceptOffer(ctx context.Context, req *taskv1.AcceptOfferRequest) (*taskv1.AcceptOfferResponse, error) {
	a, err := s.Must(ctx, req.GetBook(), task.Name, "task_id", req.GetTaskId())
	if err != nil {
		return nil, err
	}
	c := s.NewChange("AcceptOffer", req.GetKey(), req)
	c.Flow, c.ID, c.Owner, c.Event = task.Name, a.ID, a.Owner, task.Accept
	var outcomes []engine.Outcome
	err = gate.Again(func() error {
		if err := s.Recall(ctx, req.GetBook(), c); err != nil {
			return err
		}
		if c.Fresh() {
			body, err := s.acceptance(ctx, req, a.Owner)
			if err != nil {
				return err
			}
			c.Say(body)
		}
		outcomes, err = s.Commit(ctx, req.GetBook(), s.Vault.Draft(req.GetBook()), false, []*gate.Change{c})
		return err
	})
	if err != nil {
		return nil, err
	}
	if r := outcomes[0].Refusal; r != nil {
		return nil, gate.IDField(r, "task_id")
	}
	rows, err := s.documents.Accepted(ctx, req.GetBook(), []gate.Aggregate{gate.FromRecord(outcomes[0].Record)})
	if err != nil {
		return nil, err
	}
	if refusal, err := lost(rows[0], req.GetExecutorId()); refusal != nil || err != nil {
		return nil, gate.OrRefusal(err, refusal)
	}
	list, err := s.Messages(ctx, req.GetBook(), rows)
	if err != nil {
		return nil, err
	}
	return &taskv1.AcceptOfferResponse{Task: list[0], Position: gate.PositionOf(outcomes), Replayed: outcomes[0].Replayed}, nil
}

// acceptance is what the command of an acceptance says.
func (s *Service) acceptance(ctx context.Context, req *taskv1.AcceptOfferRequest, companyID string) (*flowv1.TaskAccept, error) {
	found, err := s.executors.Find(ctx, req.GetBook(), []*taskv1.ExecutorRef{{ExecutorId: req.GetExecutorId()}}, "executor_id", "executor_id", "executor_id")
	if err != nil {
		return nil, err
	}
	if found[0].Refusal != nil {
		return nil, found[0].Refusal
	}
	firm, refusal, err := s.CompanyOf(ctx, req.GetBook(), companyID)
	if err != nil || refusal != nil {
		return nil, gate.OrRefusal(err, refusal)
	}
	known, err := s.DB.AudienceKnown(ctx, req.GetBook(), task.Name, []string{req.GetExecutorId()}, companyID)
	if err != nil {
		return nil, err
	}
	return &flowv1.TaskAccept{
		ExecutorId: req.GetExecutorId(), Executor: found[0].Stamp(), Tariff: s.tariff(firm, found[0].Data.GetKind()), Terms: req.GetTerms(), Known: len(known) > 0,
	}, nil
}

// lost is why an executor whose acceptance was taken has not got the task: his year had
// no room.
func lost(a gate.Aggregate, who string) (*fault.Refusal, error) {
	d := new(flowv1.TaskData)
	if err := a.Read(d); err != nil || d.GetExecutorId() == who {
		return nil, err
	}
	for _, r := range slices.Backward(d.GetOffer().GetRefused()) {
		if e := r.GetError(); r.GetExecutorId() == who {
			return fault.Refuse(fault.Code(e.GetCode()), "executor_id", "%s", e.GetWords()).With("free", e.GetFree()), nil
		}
	}
	if d.GetExecutorId() != "" {
		return fault.Refuse(fault.OfferTaken, "executor_id", "somebody else has it by now"), nil
	}
	return fault.Refuse(fault.NotOffered, "executor_id", "the executor's year had no room, and the offer is over"), nil
}

// DeclineOffer implements TaskService.
func (s *Service) DeclineOffer(ctx context.Context, req *taskv1.DeclineOfferRequest) (*taskv1.DeclineOfferResponse, error) {
	o, err := s.send(ctx, req, task.Decline, &flowv1.TaskDecline{ExecutorId: req.GetExecutorId()})
	if err != nil {
		return nil, err
	}
	t, err := s.task(ctx, req.GetBook(), o)
	if err != nil {
		return nil, err
	}
	return &taskv1.DeclineOfferResponse{Task: t, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// WithdrawOffer implements TaskService.
func (s *Service) WithdrawOffer(ctx context.Context, req *taskv1.WithdrawOfferRequest) (*taskv1.WithdrawOfferResponse, error) {
	t, o, err := s.Move(ctx, req, task.Withdraw)
	if err != nil {
		return nil, err
	}
	return &taskv1.WithdrawOfferResponse{Task: t, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// MostCompanies bounds the companies whose offers to executors they know one sees.
const MostCompanies = 200

// ListOffers implements TaskService.
func (s *Service) ListOffers(ctx context.Context, req *taskv1.ListOffersRequest) (*taskv1.ListOffersResponse, error) {
	if req.GetExecutorId() == "" {
		page := store.AggregatePage{Book: req.GetBook(), Flow: task.Name, Owner: req.GetCompanyId(), Limit: gate.PageSize(req.GetPageSize())}
		page.States, page.Sections = inSections([]string{task.Offered})
		rows, seen, token, err := s.ListPage(ctx, req, page)
		if err != nil {
			return nil, err
		}
		answer := &taskv1.ListOffersResponse{NextPageToken: token, Position: gate.SeenPosition(seen)}
		answer.Tasks, err = s.Messages(ctx, req.GetBook(), rows)
		return answer, err
	}
	if err := s.WaitForSearch(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	a, err := s.Must(ctx, req.GetBook(), executor.Name, "executor_id", req.GetExecutorId())
	if err != nil {
		return nil, err
	}
	d := new(flowv1.ExecutorData)
	if err := a.Read(d); err != nil {
		return nil, err
	}
	return s.offersTo(ctx, req, d.GetKind())
}

// offersTo lists what an executor may accept.
func (s *Service) offersTo(ctx context.Context, req *taskv1.ListOffersRequest, kind flowv1.EmploymentKind) (*taskv1.ListOffersResponse, error) {
	companies, err := s.DB.AudienceOwners(ctx, req.GetBook(), task.Name, req.GetExecutorId(), MostCompanies)
	if err != nil {
		return nil, err
	}
	rows, seen, token, err := s.AudiencePage(ctx, req, store.AudiencePage{
		Book: req.GetBook(), Flow: task.Name, Names: task.OfferAudiences(req.GetExecutorId(), kind, companies),
		States: []string{task.Draft}, Section: task.Offered, Limit: gate.PageSize(req.GetPageSize()),
	})
	if err != nil {
		return nil, err
	}
	answer := &taskv1.ListOffersResponse{Position: gate.SeenPosition(seen), NextPageToken: token}
	answer.Tasks, err = s.Messages(ctx, req.GetBook(), rows)
	return answer, err
}
