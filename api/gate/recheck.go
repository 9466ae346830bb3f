package gate

import (
	"context"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/task"
)

// MostRechecked bounds the payments that are looked at again at once when something changes
// about one executor or company; the others wait for the pauses of their table.
const MostRechecked = 500

// Recheck tells payments that stopped that something has changed for them: each is gone on with by
// itself, if its cause is gone. after is what changed it.
func (g *Gate) Recheck(ctx context.Context, book string, tasks []Aggregate, after engine.Outcome) {
	changes := make([]*Change, len(tasks))
	for i, a := range tasks {
		changes[i] = &Change{Key: "recheck." + IDOf(after.Record) + "." + a.ID, Flow: task.Name, ID: a.ID, Owner: a.Owner, Event: task.Recheck}
	}
	g.SubmitChanges(ctx, book, false, changes) // a refusal says that no pause helps, or that it moved on
}
