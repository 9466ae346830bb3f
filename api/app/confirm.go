package app

import (
	"context"

	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	flowexecutor "github.com/provodka/provodka/engine/flow/executor"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
)

// myself is the person of the session.
func (s *Service) myself(ctx context.Context, book string) (executor.Person, error) {
	people, err := s.executors.People(ctx, book, []string{me(ctx)})
	if err != nil {
		return executor.Person{}, err
	}
	p, ok := people[me(ctx)]
	if !ok {
		return p, gate.NotFound("executor_id", flowexecutor.Name, me(ctx))
	}
	return p, nil
}

// ConfirmMyInn implements ExecutorAppService.
func (s *Service) ConfirmMyInn(ctx context.Context, req *executorv1.ConfirmMyInnRequest) (*executorv1.ConfirmMyInnResponse, error) {
	if refusal := s.Logins.Admit(gate.CallOf(ctx).Address, ""); refusal != nil {
		return nil, refusal
	}
	p, err := s.myself(ctx, req.GetBook())
	if err != nil {
		return nil, err
	}
	if err := s.executors.ConfirmINN(ctx, req.GetBook(), p, req.GetInn()); err != nil {
		return nil, err
	}
	out, err := s.whole(ctx, req.GetBook())
	return &executorv1.ConfirmMyInnResponse{Executor: out}, err
}

// DisputeMyIdentity implements ExecutorAppService.
func (s *Service) DisputeMyIdentity(ctx context.Context, req *executorv1.DisputeMyIdentityRequest) (*executorv1.DisputeMyIdentityResponse, error) {
	_, err := s.executors.Dispute(ctx, req.GetBook(), gate.NewID(), me(ctx), flowexecutor.DisputedByPerson, "")
	return &executorv1.DisputeMyIdentityResponse{}, err
}

// signs refuses a person of whom it is not known well enough that he has the phone.
func (s *Service) signs(ctx context.Context, book string) error {
	p, err := s.myself(ctx, book)
	if err != nil {
		return err
	}
	_, refusal, err := s.executors.MaySign(ctx, book, p)
	if err != nil || refusal == nil {
		return err
	}
	return refusal
}
