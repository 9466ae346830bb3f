package executor

import (
	"context"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/store"
)

// recheck tells the payments to an executor that stopped or are being made that something about him has
// changed. It is a nudge: what it does not reach is tried after the next pause, so its
// failure fails nothing.
func (s *Service) recheck(ctx context.Context, book, executorID string, after engine.Outcome) {
	if err := s.searchSeesAll(ctx); err != nil {
		s.Logger.WarnContext(ctx, "stopped payments of the last moments wait for their next pause", "executor", executorID, "error", err)
	}
	rows, _, err := s.DB.Audience(ctx, store.AudiencePage{
		Book: book, Flow: task.Name, Names: []string{executorID}, States: []string{task.Error, task.Paying}, Limit: gate.MostRechecked,
	})
	if err != nil {
		s.Logger.WarnContext(ctx, "stopped payments wait for their next pause", "executor", executorID, "error", err)
		return
	}
	stopped := make([]gate.Aggregate, len(rows))
	for i, r := range rows {
		stopped[i] = gate.FromRow(r)
	}
	s.Recheck(ctx, book, stopped, after)
}

// searchSeesAll waits until the search tables see everything that is committed now.
func (s *Service) searchSeesAll(ctx context.Context) error {
	shards, err := s.DB.Shards(ctx)
	if err != nil {
		return err
	}
	now := gate.Position{}
	for _, at := range shards {
		if at.Head.Seq > 0 {
			now.See(at.Shard, at.Head.Seq)
		}
	}
	return s.WaitForSearch(ctx, now.String(), 0)
}
