package task

import (
	"context"
	"slices"

	"connectrpc.com/connect"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/fault"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	"github.com/provodka/provodka/proto/gen/provodka/task/v1/taskv1connect"
)

// Bounds of RunAll: the most tasks of a call, of which it keeps the ids, and how many
// it moves between two messages.
const (
	maxRun    = 100_000
	runAtOnce = 200
)

// actions are what RunAll does: the event, the state of the tasks that it is for, and the
// method that does it for one.
var actions = map[taskv1.TaskAction]struct{ event, state, method string }{
	taskv1.TaskAction_TASK_ACTION_DONE:     {task.Done, task.InWork, "DoneTask"},
	taskv1.TaskAction_TASK_ACTION_SIGN_ACT: {task.ActSign, task.Accepting, "SignAct"},
	taskv1.TaskAction_TASK_ACTION_PAY:      {task.Pay, task.Completed, "PayTask"},
	taskv1.TaskAction_TASK_ACTION_RETRY:    {task.Retry, task.Error, "RetryTask"},
}

// RunAll implements TaskService. The tasks are chosen once, at the start: one that comes
// back to its state while the call runs is not moved twice.
func (s *Service) RunAll(ctx context.Context, req *taskv1.RunAllRequest, to *connect.ServerStream[taskv1.RunAllResponse]) error {
	action, ok := actions[req.GetAction()]
	if !ok {
		return fault.Refuse(fault.Malformed, "action", "%v is not an action", req.GetAction())
	}
	if c := gate.CallOf(ctx); c.Who.Session != nil && !s.PersonMay(c.Who, taskv1connect.TaskServiceName+"/"+action.method) {
		return fault.Refuse(fault.PermissionDenied, "action", "the user may not do this for one task either")
	}
	chosen, more, err := s.choose(ctx, req, action.state, maxRun)
	if err != nil {
		return err
	}
	told := &taskv1.RunAllResponse{Total: int64(len(chosen)), More: more}
	if err := to.Send(told); err != nil {
		return err
	}
	for ids := range slices.Chunk(chosen, runAtOnce) {
		outcomes, results, err := s.moveThem(ctx, req, action.event, ids)
		if err != nil {
			return err
		}
		told = &taskv1.RunAllResponse{
			Total: told.GetTotal(), Done: told.GetDone(), Refused: told.GetRefused(), Results: results, More: more, Position: gate.PositionOf(outcomes),
		}
		for _, r := range results {
			if r.GetRefusal() != nil {
				told.Refused++
			} else {
				told.Done++
			}
		}
		if err := to.Send(told); err != nil {
			return err
		}
	}
	return nil
}
