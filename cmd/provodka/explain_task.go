package main

import (
	"context"
	"fmt"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// explainTask tells how every amount of a task came about; false when there is no such
// task.
func explainTask(ctx context.Context, env *Env, db *store.DB, f explainFlags, id string) (bool, error) {
	found, _, err := db.FindAggregates(ctx, []store.AggregateKey{{Book: f.book, Flow: task.Name, ID: id}})
	if err != nil || len(found) == 0 {
		return false, err
	}
	row, err := decodeTask(found[0])
	if err != nil {
		return true, err
	}
	d := row.data
	if d.GetSum() == nil {
		return true, fmt.Errorf("task %q has no executor yet: its taxes are not known", id)
	}
	net := ""
	if d.GetPriceKind() == flowv1.PriceKind_PRICE_KIND_NET {
		net = d.GetPrice()
	}
	steps := task.Explain(d.GetSum(), d.GetKind(), net)
	if env.json() {
		return true, env.printJSON(map[string]any{"book": f.book, "task": id, "day": d.GetSum().GetDay(), "steps": steps})
	}
	t := table.New("What", ">Amount", "How", "Rule", "Rounding")
	for _, s := range steps {
		t.Add(s.Title, s.Amount, s.Formula, s.Rule, s.Rounding)
		for _, in := range s.Inputs {
			t.Add("", "", "  "+in.Title+" "+in.Value, "", "")
		}
		if s.Source != "" {
			t.Add("", "", "  "+s.Source, "", "")
		}
	}
	return true, t.Write(env.Out)
}
