package executor

import (
	"context"
	"strings"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// FactNeeds is a refusal's fact: by what it is to be known that who has the phone is the person.
const FactNeeds = "needs"

// MaySign says by what it is known that who has a person's phone is the person, and why he does
// not sign by it.
func (s *Service) MaySign(ctx context.Context, book string, p Person) (executor.Proof, *fault.Refusal, error) {
	if p.State == executor.Disputed {
		return executor.Unproven, fault.Refuse(fault.IdentityDisputed, "executor_id", "support looks at the executor's identity"), nil
	}
	standing, err := s.AtNPD(ctx, book, p.ID)
	if err != nil {
		return executor.Unproven, nil, err
	}
	by, err := proofOf(p.Data, standing)
	kind := p.Data.GetKind()
	switch {
	case err != nil || executor.Signs(kind, by):
		return by, nil, err
	case by == executor.Unproven:
		return by, fault.Refuse(fault.PhoneUnconfirmed, "phone", "a company gave the phone: the person's INN has to be given first").
			With(FactNeeds, string(executor.ByINN)), nil
	}
	need := executor.Needs(kind)[0]
	return by, fault.Refuse(fault.IdentityUnproven, "phone", "it is known by %q, and %q is needed", by, need).With(FactNeeds, string(need)), nil
}

func proofOf(d *flowv1.ExecutorData, standing gate.Aggregate) (executor.Proof, error) {
	at, err := npdOf(standing)
	return executor.ProofOf(d, at), err
}

// npdOf reads a person's aggregate at the tax service; one that never was is empty.
func npdOf(standing gate.Aggregate) (*flowv1.NpdData, error) {
	at := new(flowv1.NpdData)
	if standing.State == "" {
		return at, nil
	}
	return at, standing.Read(at)
}

// MayDirect refuses who has a person's phone to say where money goes, when the tax service knows
// the person by another.
func (s *Service) MayDirect(ctx context.Context, book string, p Person) error {
	standing, err := s.AtNPD(ctx, book, p.ID)
	if err != nil {
		return err
	}
	at, err := npdOf(standing)
	if err != nil || !executor.Another(p.Data, at) {
		return err
	}
	return fault.Refuse(fault.IdentityUnproven, "phone", "the tax service knows the person by another phone").With(FactNeeds, string(executor.BySupport))
}

// ConfirmINN compares an INN that who has the phone has given; the log counts.
func (s *Service) ConfirmINN(ctx context.Context, book string, p Person, inn string) error {
	start := s.Now()
	inn = strings.TrimSpace(inn)
	if refusal := requisite.PersonINN("inn", inn); refusal != nil {
		return refusal
	}
	if p.Data.GetPhoneConfirmed() {
		return nil
	}
	c := &gate.Change{Flow: executor.Name, ID: p.ID, Owner: p.ID, Event: executor.WrongINN, Key: gate.NewID()}
	right := private.Same(inn, p.Profile.GetInn())
	for _, f := range p.Profile.GetFormerInns() {
		right = private.Same(inn, f.GetInn()) || right
	}
	if right {
		c.Event = executor.ConfirmPhone
	}
	c.Say(&flowv1.ExecutorConfirmPhone{ProfileVersion: p.Data.GetProfileVersion()})
	o := s.SubmitChanges(ctx, book, false, []*gate.Change{c})[0]
	s.Even(ctx, start)
	switch {
	case o.Refusal != nil:
		return o.Refusal
	case !right:
		return fault.Refuse(fault.PhoneMismatch, "inn", "the phone is kept with another INN")
	}
	s.Reconsider(p.ID)
	return nil
}

// Dispute begins a dispute; the sessions of the person end with it.
func (s *Service) Dispute(ctx context.Context, book, key, id, code, taskID string) (engine.Outcome, error) {
	c := &gate.Change{Key: key, Flow: executor.Name, ID: id, Owner: id, Event: executor.Dispute}
	c.Say(&flowv1.ExecutorDispute{Code: code, TaskId: taskID})
	o := s.SubmitChanges(ctx, book, false, []*gate.Change{c})[0]
	if o.Refusal != nil {
		return o, gate.IDField(o.Refusal, "executor_id")
	}
	return o, s.endSessions(ctx, book, id)
}

// DisputeIdentity implements ExecutorService.
func (s *Service) DisputeIdentity(ctx context.Context, req *executorv1.DisputeIdentityRequest) (*executorv1.DisputeIdentityResponse, error) {
	o, err := s.Dispute(ctx, req.GetBook(), req.GetKey(), req.GetExecutorId(), req.GetCode(), "")
	if err != nil {
		return nil, err
	}
	out, err := s.after(ctx, req.GetBook(), o)
	return &executorv1.DisputeIdentityResponse{Executor: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, err
}

// SettleIdentity implements ExecutorService.
func (s *Service) SettleIdentity(ctx context.Context, req *executorv1.SettleIdentityRequest) (*executorv1.SettleIdentityResponse, error) {
	c := &gate.Change{Key: req.GetKey(), Flow: executor.Name, ID: req.GetExecutorId(), Owner: req.GetExecutorId(), Event: executor.Settle}
	c.Say(&flowv1.ExecutorSettle{Genuine: req.GetGenuine(), Code: req.GetCode(), ProfileVersion: req.GetPersonVersion()})
	o := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0]
	out, err := s.after(ctx, req.GetBook(), o)
	if err != nil {
		return nil, err
	}
	s.recheck(ctx, req.GetBook(), req.GetExecutorId(), o)
	return &executorv1.SettleIdentityResponse{Executor: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// ListDisputes implements ExecutorService.
func (s *Service) ListDisputes(ctx context.Context, req *executorv1.ListDisputesRequest) (*executorv1.ListDisputesResponse, error) {
	rows, seen, token, err := s.ListPage(ctx, req, store.AggregatePage{
		Book: req.GetBook(), Flow: executor.Name, States: []string{executor.Disputed, executor.Conflict}, Limit: gate.PageSize(req.GetPageSize()),
	})
	if err != nil {
		return nil, err
	}
	people, err := s.profiles(ctx, req.GetBook(), rows)
	if err != nil {
		return nil, err
	}
	answer := &executorv1.ListDisputesResponse{NextPageToken: token, Position: gate.SeenPosition(seen)}
	answer.Executors, err = s.messages(ctx, req.GetBook(), people)
	return answer, err
}
