package api

import (
	"context"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// maxBulk is the most tasks of one bulk call.
const maxBulk = 1000

// bulkRequest is a request about many tasks of a company.
type bulkRequest interface {
	paramsOfChange
	GetFilter() *taskv1.TaskFilter
	GetLimit() int32
}

// DoneAll implements TaskService.
func (s taskService) DoneAll(ctx context.Context, req *taskv1.DoneAllRequest) (*taskv1.DoneAllResponse, error) {
	results, more, position, err := s.bulk(ctx, req, task.Done, task.InWork)
	return &taskv1.DoneAllResponse{Results: results, More: more, Position: position}, err
}

// SignAll implements TaskService.
func (s taskService) SignAll(ctx context.Context, req *taskv1.SignAllRequest) (*taskv1.SignAllResponse, error) {
	results, more, position, err := s.bulk(ctx, req, task.ActSign, task.Accepting)
	return &taskv1.SignAllResponse{Results: results, More: more, Position: position}, err
}

// PayAll implements TaskService.
func (s taskService) PayAll(ctx context.Context, req *taskv1.PayAllRequest) (*taskv1.PayAllResponse, error) {
	results, more, position, err := s.bulk(ctx, req, task.Pay, task.Completed)
	return &taskv1.PayAllResponse{Results: results, More: more, Position: position}, err
}

// bulk sends one event to every task of the filter that is in the state.
func (s taskService) bulk(ctx context.Context, req bulkRequest, event, state string) ([]*taskv1.TaskResult, bool, string, error) {
	limit := int(req.GetLimit())
	if limit == 0 {
		limit = maxBulk
	}
	chosen, more, err := s.choose(ctx, req, state, limit)
	if err != nil {
		return nil, false, "", err
	}
	ids := make([]string, len(chosen))
	for i, a := range chosen {
		ids[i] = a.id
	}
	var outcomes []engine.Outcome
	if len(chosen) > 0 {
		if outcomes, err = s.moveAll(ctx, req.GetBook(), event, chosen, func(a aggregate) string { return req.GetKey() + "." + a.id }); err != nil {
			return nil, false, "", err
		}
	}
	results, err := s.results(ctx, req.GetBook(), outcomes, ids)
	return results, more, positionOf(outcomes), err
}

// choose lists the tasks of the filter that are in the state, newest first.
func (s taskService) choose(ctx context.Context, req bulkRequest, state string, limit int) ([]aggregate, bool, error) {
	f := req.GetFilter()
	only, err := s.only(ctx, req.GetBook(), f)
	if err != nil {
		return nil, false, err
	}
	page := store.AggregatePage{Book: req.GetBook(), Flow: task.Name, Owner: f.GetCompanyId(), States: []string{state}, Limit: maxBulk}
	var (
		chosen []aggregate
		from   *aggregateCursor
	)
	for {
		rows, _, next, err := s.list(ctx, page, from)
		if err != nil {
			return nil, false, err
		}
		for _, a := range rows {
			if only != nil && !only[a.id] {
				continue
			}
			if done, err := waits(a); err != nil || done {
				if err != nil {
					return nil, false, err
				}
				continue
			}
			if len(chosen) == limit {
				return chosen, true, nil
			}
			chosen = append(chosen, a)
		}
		if next == nil {
			return chosen, false, nil
		}
		from = next
	}
}

// waits says whether a task in work waits for its executor alone: the customer has
// confirmed the work already.
func waits(a aggregate) (bool, error) {
	if a.state != task.InWork {
		return false, nil
	}
	d := new(flowv1.TaskData)
	err := a.read(d)
	return d.GetWorkDone(), err
}

// only is the set of ids that a filter allows; nil allows all.
func (s taskService) only(ctx context.Context, book string, f *taskv1.TaskFilter) (map[string]bool, error) {
	var only map[string]bool
	if f.GetRegisterId() != "" {
		var err error
		if only, err = s.tasksOf(ctx, book, f); err != nil {
			return nil, err
		}
	}
	if len(f.GetTaskIds()) == 0 {
		return only, nil
	}
	ids := map[string]bool{}
	for _, id := range f.GetTaskIds() {
		ids[id] = only == nil || only[id]
	}
	return ids, nil
}
