package api

import (
	"context"
	"time"

	"github.com/provodka/provodka/engine/flow/task"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// How long an answer waits for the executor's year, and how often it looks.
const (
	acceptPatience = 5 * time.Second
	acceptEvery    = 10 * time.Millisecond
)

// accepted waits until the executors' years have said whether there is room for tasks
// that were just accepted: the caller sees the task in work, or refused with what is
// still free. A task of which nothing was heard in time is shown as it stands.
func (s *Server) accepted(ctx context.Context, book string, rows []aggregate) ([]aggregate, error) {
	ctx, cancel := context.WithTimeout(ctx, acceptPatience)
	defer cancel()
	for {
		var ids []string
		for _, a := range rows {
			waits, err := holding(a)
			if err != nil {
				return nil, err
			}
			if waits {
				ids = append(ids, a.id)
			}
		}
		if len(ids) == 0 {
			return rows, nil
		}
		select {
		case <-ctx.Done():
			return rows, nil
		case <-time.After(acceptEvery):
		}
		found, _, err := s.load(ctx, book, task.Name, ids...)
		if err != nil {
			if ctx.Err() != nil {
				return rows, nil
			}
			return nil, err
		}
		for i, a := range rows {
			if now, ok := found[a.id]; ok && now.version > a.version {
				rows[i] = now
			}
		}
	}
}

// holding says whether a task waits for room under the executor's cap.
func holding(a aggregate) (bool, error) {
	if a.state != task.Draft {
		return false, nil
	}
	d := new(flowv1.TaskData)
	err := a.read(d)
	return d.GetPhase() == flowv1.TaskPhase_TASK_PHASE_HOLD, err
}
