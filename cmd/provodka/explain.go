package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

const explainLong = `How every amount of a task came about: what it was worked out of, by which rule and
version of it, on which law it stands, and how it was rounded.

  provodka explain task-17`

func newExplainCmd(env *Env) *cobra.Command {
	var f taskFlags
	cmd := &cobra.Command{
		Use: "explain ID", Short: "How the amounts of a task came about", Long: explainLong, Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, ids []string) error { return runExplain(cmd.Context(), env, f, ids[0]) },
	}
	dsnFlag(cmd, &f.dsn)
	bookFlag(cmd, &f.book)
	return cmd
}

func runExplain(ctx context.Context, env *Env, f taskFlags, id string) error {
	db, err := env.openDB(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if f.book, err = env.book(ctx, db, f.book); err != nil {
		return err
	}
	found, _, err := db.FindAggregates(ctx, []store.AggregateKey{{Book: f.book, Flow: task.Name, ID: id}})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("there is no task %q in book %s", id, f.book)
	}
	row, err := decodeTask(found[0])
	if err != nil {
		return err
	}
	d := row.data
	if d.GetSum() == nil {
		return fmt.Errorf("task %q has no executor yet: its taxes are not known", id)
	}
	net := ""
	if d.GetPriceKind() == flowv1.PriceKind_PRICE_KIND_NET {
		net = d.GetPrice()
	}
	steps := task.Explain(d.GetSum(), d.GetKind(), net)
	if env.json() {
		return env.printJSON(map[string]any{"book": f.book, "task": id, "day": d.GetSum().GetDay(), "steps": steps})
	}
	t := newTable("What", ">Amount", "How", "Rule", "Rounding")
	for _, s := range steps {
		t.add(s.Title, s.Amount, s.Formula, s.Rule, s.Rounding)
		for _, in := range s.Inputs {
			t.add("", "", "  "+in.Title+" "+in.Value, "", "")
		}
		if s.Source != "" {
			t.add("", "", "  "+s.Source, "", "")
		}
	}
	return t.write(env.Out)
}
