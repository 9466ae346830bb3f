package gate

import (
	"context"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/task"
)

// Recheck tells payments that stopped that something has changed for them: each is gone on with by
// itself, if its cause is gone. after is what changed it.
func (g *Gate) Recheck(ctx context.Context, book string, tasks []Aggregate, after engine.Outcome) {
	changes := make([]*Change, len(tasks))
	for i, a := range tasks {
		changes[i] = &Change{Key: "recheck." + IDOf(after.Record) + "." + a.ID, Flow: task.Name, ID: a.ID, Owner: a.Owner, Event: task.Recheck}
	}
	g.SubmitChanges(ctx, book, false, changes) // a refusal says that no pause helps, or that it moved on
}
