package api

import (
	"context"

	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/taxpayer"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// EraseExecutor implements ExecutorService. The command carries the years in which the
// person earned; a blocked executor gets no new work, so they only become fewer.
func (s *executorService) EraseExecutor(ctx context.Context, req *executorv1.EraseExecutorRequest) (*executorv1.EraseExecutorResponse, error) {
	book, id := req.GetBook(), req.GetExecutorId()
	if _, err := s.must(ctx, book, executor.Name, "executor_id", id); err != nil {
		return nil, err
	}
	years, _, err := s.load(ctx, book, taxpayer.Name, id)
	if err != nil {
		return nil, err
	}
	body := &flowv1.ExecutorErase{}
	if a, ok := years[id]; ok {
		d := new(flowv1.TaxpayerData)
		if err := a.read(d); err != nil {
			return nil, err
		}
		body.Paid, body.Unpaid = taxpayer.Earned(d)
	}
	c := &change{key: req.GetKey(), flow: executor.Name, id: id, owner: id, event: executor.Erase}
	c.say(body)
	o := s.submitChanges(ctx, book, false, []*change{c})[0]
	out, err := s.after(ctx, book, o)
	if err != nil {
		return nil, err
	}
	call := callOf(ctx)
	s.Logger.InfoContext(ctx, "personal data is being erased", "request_id", call.requestID, "api_key", call.who.id, "book", book, "executor", id)
	return &executorv1.EraseExecutorResponse{Executor: out, Position: idOf(o.Record), Replayed: o.Replayed}, nil
}
