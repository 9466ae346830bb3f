package executor

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/feed"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// BindExecutor implements ExecutorService.
func (s *Service) BindExecutor(ctx context.Context, req *executorv1.BindExecutorRequest) (*executorv1.BindExecutorResponse, error) {
	o, out, err := s.atTaxService(ctx, req, npd.Bind, &flowv1.NpdBind{Permissions: req.GetPermissions(), ByPhone: req.GetByPhone()})
	if err != nil {
		return nil, err
	}
	return &executorv1.BindExecutorResponse{Selfemployed: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// CheckSelfemployed implements ExecutorService.
func (s *Service) CheckSelfemployed(ctx context.Context, req *executorv1.CheckSelfemployedRequest) (*executorv1.CheckSelfemployedResponse, error) {
	o, out, err := s.atTaxService(ctx, req, npd.Look, nil)
	if err != nil {
		return nil, err
	}
	return &executorv1.CheckSelfemployedResponse{Selfemployed: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// atTaxService submits a command to the person's aggregate at the tax service.
func (s *Service) atTaxService(ctx context.Context, req executorRequest, event string, body *flowv1.NpdBind) (engine.Outcome, *executorv1.Selfemployed, error) {
	a, err := s.Must(ctx, req.GetBook(), executor.Name, "executor_id", req.GetExecutorId())
	if err != nil {
		return engine.Outcome{}, nil, err
	}
	if a.State != executor.Registered {
		return engine.Outcome{}, nil, fault.Refuse(fault.WrongState, "executor_id", "the executor is %s", a.State).With("state", a.State)
	}
	c := &gate.Change{Key: req.GetKey(), Flow: npd.Name, ID: req.GetExecutorId(), Owner: req.GetExecutorId(), Event: event}
	if body != nil {
		c.Say(body)
	}
	o := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0]
	if o.Refusal != nil {
		return o, nil, gate.IDField(o.Refusal, "executor_id")
	}
	out, err := s.SelfemployedMessage(gate.FromRecord(o.Record))
	return o, out, err
}

// GetSelfemployed implements ExecutorService.
func (s *Service) GetSelfemployed(ctx context.Context, req *executorv1.GetSelfemployedRequest) (*executorv1.GetSelfemployedResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	if _, err := s.Must(ctx, req.GetBook(), executor.Name, "executor_id", req.GetExecutorId()); err != nil {
		return nil, err
	}
	a, err := s.AtNPD(ctx, req.GetBook(), req.GetExecutorId())
	if err != nil {
		return nil, err
	}
	out, err := s.SelfemployedMessage(a)
	return &executorv1.GetSelfemployedResponse{Selfemployed: out}, err
}

// ReadTaxLists implements ExecutorService. A book of whose people nobody has asked yet has its
// lists opened.
func (s *Service) ReadTaxLists(ctx context.Context, req *executorv1.ReadTaxListsRequest) (*executorv1.ReadTaxListsResponse, error) {
	open := &gate.Change{Key: "lists:open:" + gate.NewID(), Flow: feed.Name, ID: feed.ID, Owner: feed.ID, Event: feed.Open}
	look := &gate.Change{Key: req.GetKey(), Flow: feed.Name, ID: feed.ID, Owner: feed.ID, Event: feed.Look}
	look.Say(&flowv1.FeedLook{FromStart: req.GetFromStart()})
	out := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{open, look})
	for _, o := range out {
		if o.Refusal != nil {
			return nil, o.Refusal
		}
	}
	a, d := gate.FromRecord(out[1].Record), new(flowv1.FeedData)
	if err := a.Read(d); err != nil {
		return nil, err
	}
	answer := &executorv1.ReadTaxListsResponse{
		State: a.State, StateTitle: s.Title(feed.Name, a.State), Leavers: d.GetLeavers(), Changes: d.GetChanges(), Conflicts: d.GetConflicts(),
		Position: gate.IDOf(out[1].Record), Replayed: out[1].Replayed,
	}
	var err error
	answer.ReadAt, err = stampOf(d.GetReadAt())
	return answer, err
}

// AtNPD reads a person's aggregate at the tax service; one that never was has no state.
func (s *Service) AtNPD(ctx context.Context, book, id string) (gate.Aggregate, error) {
	found, _, err := s.Load(ctx, book, npd.Name, id)
	if err != nil {
		return gate.Aggregate{}, err
	}
	if a, ok := found[id]; ok {
		return a, nil
	}
	return gate.Aggregate{ID: id}, nil
}

// selfemployedStatus is the one word of a person's aggregate.
func selfemployedStatus(a gate.Aggregate) (string, error) {
	d := new(flowv1.NpdData)
	if a.State != "" {
		if err := a.Read(d); err != nil {
			return "", err
		}
	}
	if d.GetStatus() == "" {
		return npd.Unknown, nil
	}
	return d.GetStatus(), nil
}

// SelfemployedMessage is how a person stands at the tax service.
func (s *Service) SelfemployedMessage(a gate.Aggregate) (*executorv1.Selfemployed, error) {
	status, err := selfemployedStatus(a)
	if err != nil {
		return nil, err
	}
	out := &executorv1.Selfemployed{ExecutorId: a.ID, Status: status, StatusTitle: npd.Title(status)}
	if a.State == "" {
		return out, nil
	}
	d := new(flowv1.NpdData)
	if err := a.Read(d); err != nil {
		return nil, err
	}
	out.State, out.StateTitle, out.Source, out.Code, out.Permissions = a.State, s.Title(npd.Name, a.State), d.GetSource(), d.GetCode(), d.GetPermissions()
	switch d.GetPhone() {
	case flowv1.PhoneMatch_PHONE_MATCH_SAME:
		out.Phone = "same"
	case flowv1.PhoneMatch_PHONE_MATCH_OTHER:
		out.Phone = "other"
	}
	for _, moment := range []struct {
		text string
		into **timestamppb.Timestamp
	}{{d.GetAt(), &out.At}, {d.GetAskedAt(), &out.AskedAt}, {d.GetCheckedAt(), &out.CheckedAt}, {d.GetInnChangedAt(), &out.InnChangedAt}} {
		if *moment.into, err = stampOf(moment.text); err != nil {
			return nil, err
		}
	}
	for _, c := range d.GetHistory() {
		at, err := stampOf(c.GetAt())
		if err != nil {
			return nil, err
		}
		out.History = append(out.History, &executorv1.SelfemployedChange{Status: c.GetStatus(), At: at, Source: c.GetSource(), Code: c.GetCode()})
	}
	return out, nil
}

// stampOf reads a moment of a flow's data; "" is none.
func stampOf(text string) (*timestamppb.Timestamp, error) {
	if text == "" {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, fmt.Errorf("a moment of npd: %w", err)
	}
	return timestamppb.New(at), nil
}
