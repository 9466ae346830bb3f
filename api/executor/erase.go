package executor

import (
	"context"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// EraseExecutor implements ExecutorService. The command carries the years in which the
// person earned; a blocked executor gets no new work, so they only become fewer.
func (s *Service) EraseExecutor(ctx context.Context, req *executorv1.EraseExecutorRequest) (*executorv1.EraseExecutorResponse, error) {
	book, id := req.GetBook(), req.GetExecutorId()
	if _, err := s.Must(ctx, book, executor.Name, "executor_id", id); err != nil {
		return nil, err
	}
	years, _, err := s.Load(ctx, book, taxpayer.Name, id)
	if err != nil {
		return nil, err
	}
	body := &flowv1.ExecutorErase{}
	if a, ok := years[id]; ok {
		d := new(flowv1.TaxpayerData)
		if err := a.Read(d); err != nil {
			return nil, err
		}
		body.Paid, body.Unpaid = taxpayer.Earned(d)
	}
	c := &gate.Change{Key: req.GetKey(), Flow: executor.Name, ID: id, Owner: id, Event: executor.Erase}
	c.Say(body)
	o := s.SubmitChanges(ctx, book, false, []*gate.Change{c})[0]
	out, err := s.after(ctx, book, o)
	if err != nil {
		return nil, err
	}
	call := gate.CallOf(ctx)
	s.Logger.InfoContext(ctx, "personal data is being erased", "request_id", call.RequestID, "api_key", call.Who.ID, "book", book, "executor", id)
	return &executorv1.EraseExecutorResponse{Executor: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}
