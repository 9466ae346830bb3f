package api

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/npd"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// BindExecutor implements ExecutorService.
func (s *executorService) BindExecutor(ctx context.Context, req *executorv1.BindExecutorRequest) (*executorv1.BindExecutorResponse, error) {
	o, out, err := s.atTaxService(ctx, req, npd.Bind, &flowv1.NpdBind{Permissions: req.GetPermissions(), ByPhone: req.GetByPhone()})
	if err != nil {
		return nil, err
	}
	return &executorv1.BindExecutorResponse{Selfemployed: out, Position: idOf(o.Record), Replayed: o.Replayed}, nil
}

// CheckSelfemployed implements ExecutorService.
func (s *executorService) CheckSelfemployed(ctx context.Context, req *executorv1.CheckSelfemployedRequest) (*executorv1.CheckSelfemployedResponse, error) {
	o, out, err := s.atTaxService(ctx, req, npd.Look, nil)
	if err != nil {
		return nil, err
	}
	return &executorv1.CheckSelfemployedResponse{Selfemployed: out, Position: idOf(o.Record), Replayed: o.Replayed}, nil
}

// atTaxService submits a command to the person's aggregate at the tax service.
func (s *executorService) atTaxService(ctx context.Context, req executorRequest, event string, body *flowv1.NpdBind) (engine.Outcome, *executorv1.Selfemployed, error) {
	a, err := s.must(ctx, req.GetBook(), executor.Name, "executor_id", req.GetExecutorId())
	if err != nil {
		return engine.Outcome{}, nil, err
	}
	if a.state != executor.Registered {
		return engine.Outcome{}, nil, fault.Refuse(fault.WrongState, "executor_id", "the executor is %s", a.state).With("state", a.state)
	}
	c := &change{key: req.GetKey(), flow: npd.Name, id: req.GetExecutorId(), owner: req.GetExecutorId(), event: event}
	if body != nil {
		c.say(body)
	}
	o := s.submitChanges(ctx, req.GetBook(), false, []*change{c})[0]
	if o.Refusal != nil {
		return o, nil, idField(o.Refusal, "executor_id")
	}
	out, err := s.selfemployedMessage(fromRecord(o.Record))
	return o, out, err
}

// GetSelfemployed implements ExecutorService.
func (s *executorService) GetSelfemployed(ctx context.Context, req *executorv1.GetSelfemployedRequest) (*executorv1.GetSelfemployedResponse, error) {
	if err := s.waitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	if _, err := s.must(ctx, req.GetBook(), executor.Name, "executor_id", req.GetExecutorId()); err != nil {
		return nil, err
	}
	a, err := s.atNPD(ctx, req.GetBook(), req.GetExecutorId())
	if err != nil {
		return nil, err
	}
	out, err := s.selfemployedMessage(a)
	return &executorv1.GetSelfemployedResponse{Selfemployed: out}, err
}

// atNPD reads a person's aggregate at the tax service; one that never was has no state.
func (s *executorService) atNPD(ctx context.Context, book, id string) (aggregate, error) {
	found, _, err := s.load(ctx, book, npd.Name, id)
	if err != nil {
		return aggregate{}, err
	}
	if a, ok := found[id]; ok {
		return a, nil
	}
	return aggregate{id: id}, nil
}

// selfemployedStatus is the one word of a person's aggregate.
func selfemployedStatus(a aggregate) (string, error) {
	d := new(flowv1.NpdData)
	if a.state != "" {
		if err := a.read(d); err != nil {
			return "", err
		}
	}
	if d.GetStatus() == "" {
		return npd.Unknown, nil
	}
	return d.GetStatus(), nil
}

// selfemployedMessage is how a person stands at the tax service.
func (s *executorService) selfemployedMessage(a aggregate) (*executorv1.Selfemployed, error) {
	status, err := selfemployedStatus(a)
	if err != nil {
		return nil, err
	}
	out := &executorv1.Selfemployed{ExecutorId: a.id, Status: status, StatusTitle: npd.Title(status)}
	if a.state == "" {
		return out, nil
	}
	d := new(flowv1.NpdData)
	if err := a.read(d); err != nil {
		return nil, err
	}
	out.State, out.StateTitle, out.Source, out.Code, out.Permissions = a.state, s.title(npd.Name, a.state), d.GetSource(), d.GetCode(), d.GetPermissions()
	for _, moment := range []struct {
		text string
		into **timestamppb.Timestamp
	}{{d.GetAt(), &out.At}, {d.GetAskedAt(), &out.AskedAt}, {d.GetCheckedAt(), &out.CheckedAt}} {
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
