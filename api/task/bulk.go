package task

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/provodka/provodka/api/gate"
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
	gate.ChangeRequest
	GetFilter() *taskv1.TaskFilter
}

// limitedBulk is such a request with a limit of its own.
type limitedBulk interface {
	bulkRequest
	GetLimit() int32
}

// DoneAll implements TaskService.
func (s *Service) DoneAll(ctx context.Context, req *taskv1.DoneAllRequest) (*taskv1.DoneAllResponse, error) {
	results, more, position, err := s.bulk(ctx, req, task.Done, task.InWork)
	return &taskv1.DoneAllResponse{Results: results, More: more, Position: position}, err
}

// SignAll implements TaskService.
func (s *Service) SignAll(ctx context.Context, req *taskv1.SignAllRequest) (*taskv1.SignAllResponse, error) {
	results, more, position, err := s.bulk(ctx, req, task.ActSign, task.Accepting)
	return &taskv1.SignAllResponse{Results: results, More: more, Position: position}, err
}

// PayAll implements TaskService.
func (s *Service) PayAll(ctx context.Context, req *taskv1.PayAllRequest) (*taskv1.PayAllResponse, error) {
	results, more, position, err := s.bulk(ctx, req, task.Pay, task.Completed)
	return &taskv1.PayAllResponse{Results: results, More: more, Position: position}, err
}

// RetryAll implements TaskService.
func (s *Service) RetryAll(ctx context.Context, req *taskv1.RetryAllRequest) (*taskv1.RetryAllResponse, error) {
	results, more, position, err := s.bulk(ctx, req, task.Retry, task.Error)
	return &taskv1.RetryAllResponse{Results: results, More: more, Position: position}, err
}

// bulk sends one event to every task of the filter that is in the state.
func (s *Service) bulk(ctx context.Context, req limitedBulk, event, state string) ([]*taskv1.TaskResult, bool, string, error) {
	limit := int(req.GetLimit())
	if limit == 0 {
		limit = maxBulk
	}
	chosen, more, err := s.choose(ctx, req, state, limit)
	if err != nil || len(chosen) == 0 {
		return nil, false, "", err
	}
	outcomes, results, err := s.moveThem(ctx, req, event, chosen)
	return results, more, gate.PositionOf(outcomes), err
}

// moveThem sends one event to the chosen tasks; each key derives from the request's.
func (s *Service) moveThem(ctx context.Context, req bulkRequest, event string, ids []string) ([]engine.Outcome, []*taskv1.TaskResult, error) {
	found, _, err := s.Load(ctx, req.GetBook(), task.Name, ids...)
	if err != nil {
		return nil, nil, err
	}
	tasks := make([]gate.Aggregate, 0, len(ids))
	ids = slices.DeleteFunc(ids, func(id string) bool { _, ok := found[id]; return !ok })
	for _, id := range ids {
		tasks = append(tasks, found[id])
	}
	outcomes, err := s.moveAll(ctx, req.GetBook(), event, tasks, func(a gate.Aggregate) string { return req.GetKey() + "." + a.ID })
	if err != nil {
		return nil, nil, err
	}
	results, err := s.results(ctx, req.GetBook(), outcomes, ids)
	return outcomes, results, err
}

// choice are the tasks that a filter means.
type choice struct {
	filter *taskv1.TaskFilter
	only   map[string]bool // nil allows all
	state  string
	limit  int
	ids    []string
	more   bool // there is one beyond the limit
}

// take takes a task that the filter means.
func (c *choice) take(a gate.Aggregate) error {
	if c.only != nil && !c.only[a.ID] || a.State != c.state || a.Owner != c.filter.GetCompanyId() || c.more {
		return nil
	}
	ok, err := meant(a, c.filter)
	switch {
	case err != nil || !ok:
		return err
	case len(c.ids) == c.limit:
		c.more = true
	default:
		c.ids = append(c.ids, a.ID)
	}
	return nil
}

// choose lists the ids of the filter's tasks that are in the state, newest first, and
// says whether there are more than the limit.
func (s *Service) choose(ctx context.Context, req bulkRequest, state string, limit int) ([]string, bool, error) {
	c := &choice{filter: req.GetFilter(), state: state, limit: limit}
	var err error
	if c.only, err = s.only(ctx, req.GetBook(), c.filter); err != nil {
		return nil, false, err
	}
	walk := s.eachInState
	if len(c.filter.GetTaskIds()) > 0 {
		walk = s.eachNamed
	}
	err = walk(ctx, req.GetBook(), c)
	return c.ids, c.more, err
}

// eachInState looks at all tasks of the company in the state.
func (s *Service) eachInState(ctx context.Context, book string, c *choice) error {
	page := store.AggregatePage{Book: book, Flow: task.Name, Owner: c.filter.GetCompanyId(), States: []string{c.state}, Limit: maxBulk}
	var from *gate.AggregateCursor
	for {
		rows, _, next, err := s.List(ctx, page, from)
		if err != nil {
			return err
		}
		for _, a := range rows {
			if err := c.take(a); err != nil {
				return err
			}
		}
		if next == nil || c.more {
			return nil
		}
		from = next
	}
}

// eachNamed looks at the tasks that the filter names: they are few beside all of a company.
func (s *Service) eachNamed(ctx context.Context, book string, c *choice) error {
	keys := make([]store.AggregateKey, 0, len(c.only))
	for _, id := range slices.Sorted(maps.Keys(c.only)) {
		keys = append(keys, store.AggregateKey{Book: book, Flow: task.Name, ID: id})
	}
	rows, _, err := s.DB.FindAggregates(ctx, keys)
	if err != nil {
		return fmt.Errorf("read tasks: %w", err)
	}
	slices.SortFunc(rows, func(a, b store.AggregateRow) int { // as a list has them
		return cmp.Or(cmp.Compare(b.CreatedUS, a.CreatedUS), cmp.Compare(b.Shard, a.Shard), cmp.Compare(b.Key.ID, a.Key.ID))
	})
	for _, r := range rows {
		if err := c.take(gate.FromRow(r)); err != nil {
			return err
		}
	}
	return nil
}

// meant says whether a task is of the filter's executor, and does not wait for its
// executor alone: then the customer has confirmed the work already.
func meant(a gate.Aggregate, f *taskv1.TaskFilter) (bool, error) {
	d := new(flowv1.TaskData)
	if err := a.Read(d); err != nil {
		return false, err
	}
	if who := f.GetExecutorId(); who != "" && d.GetExecutorId() != who {
		return false, nil
	}
	return a.State != task.InWork || !d.GetWorkDone(), nil
}

// only is the set of ids that a filter allows; nil allows all.
func (s *Service) only(ctx context.Context, book string, f *taskv1.TaskFilter) (map[string]bool, error) {
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
