package tax

import (
	"context"

	"github.com/provodka/provodka/engine/flow/executor"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// GetEarnings implements TaxService.
func (s *Service) GetEarnings(ctx context.Context, req *taxv1.GetEarningsRequest) (*taxv1.GetEarningsResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	if _, err := s.Must(ctx, req.GetBook(), executor.Name, "executor_id", req.GetExecutorId()); err != nil {
		return nil, err
	}
	y, err := s.executors.Year(ctx, req.GetBook(), req.GetExecutorId(), req.GetYear())
	if err != nil {
		return nil, err
	}
	return &taxv1.GetEarningsResponse{
		Year: y.Year, Registered: y.Registered, Reserved: y.Reserved, Limit: y.Limit, Free: y.Free, BonusLeft: y.BonusLeft,
		NdflBase: y.NDFLBase, NdflWithheld: y.NDFLWithheld, Elsewhere: y.Elsewhere, ElsewhereAt: y.ElsewhereAt,
	}, nil
}
