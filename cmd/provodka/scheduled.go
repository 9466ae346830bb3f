package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

const scheduledLong = `Entries of later days. What such an entry takes is held until its day begins in the time
zone of the books; then it is posted, or it fails where the books forbid it by then, and its
money is given back.

  provodka scheduled list
  provodka scheduled list --state failed
  provodka scheduled cancel 2.1042

The list is read from the database. Cancelling goes through the API in the name of
PROVODKA_API_KEY, which needs the role ledger; what was held is given back at once.`

// The states of entries of later days: by flag, and what finance calls them.
var (
	scheduledStates = map[string]journalv1.ScheduledState{
		"waiting": journalv1.ScheduledState_SCHEDULED_STATE_WAITING, "posted": journalv1.ScheduledState_SCHEDULED_STATE_POSTED,
		"cancelled": journalv1.ScheduledState_SCHEDULED_STATE_CANCELLED, "failed": journalv1.ScheduledState_SCHEDULED_STATE_FAILED,
	}
	scheduledWords = map[string]string{"waiting": "ждёт", "posted": "проведена", "cancelled": "отменена", "failed": "не проведена"}
	sideWords      = map[string]string{"debit": "Дт", "credit": "Кт"}
)

func newScheduledCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "scheduled", Short: "Entries of later days: list them, cancel them", Long: scheduledLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var f scheduledFlags
	list := &cobra.Command{
		Use: "list", Short: "Entries of later days, by their day", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runScheduledList(cmd.Context(), env, f) },
	}
	dsnFlag(list, &f.dsn)
	bookFlag(list, &f.book)
	list.Flags().StringVar(&f.state, "state", "waiting", "which: waiting, posted, cancelled or failed")
	list.Flags().IntVar(&f.limit, "limit", 100, "how many to show at most, the earliest days first")
	var a apiFlags
	cancel := &cobra.Command{
		Use: "cancel ID", Short: "Give up an entry before its day, and give back what it holds", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error { return a.cancelScheduled(cmd.Context(), env, words[0]) },
	}
	a.add(cancel)
	cmd.AddCommand(list, cancel)
	return cmd
}

type scheduledFlags struct {
	dsn, book, state string
	limit            int
}

// scheduledRow is an entry of a later day for programs.
type scheduledRow struct {
	ID       string            `json:"id"`
	State    string            `json:"state"`
	Day      string            `json:"day"`
	Kind     string            `json:"kind"`
	Legs     []scheduledLeg    `json:"legs"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Links    map[string]string `json:"links,omitempty"`
	Refusal  string            `json:"refusal,omitempty"` // why it failed
}

type scheduledLeg struct {
	Side    string `json:"side"`
	Account string `json:"account"`
	Asset   string `json:"asset"`
	Amount  string `json:"amount"`
}

func runScheduledList(ctx context.Context, env *Env, f scheduledFlags) error {
	state, known := scheduledStates[f.state]
	switch {
	case !known:
		return usagef("--state %q: one of %s", f.state, strings.Join(slices.Sorted(maps.Keys(scheduledStates)), ", "))
	case f.limit < 1:
		return usagef("--limit %d: at least 1", f.limit)
	}
	db, err := env.openDB(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if f.book, err = env.book(ctx, db, f.book); err != nil {
		return err
	}
	found, err := db.Scheduled(ctx, store.ScheduledPage{Book: f.book, State: state, After: store.RecordID{Shard: -1}, Limit: f.limit})
	if err != nil {
		return err
	}
	rows := make([]scheduledRow, len(found))
	for i, s := range found {
		rows[i] = toScheduledRow(f.state, s)
	}
	if env.json() {
		return env.printJSON(map[string]any{"book": f.book, "scheduled": rows})
	}
	t := table.New("День", "Проводка", "Состояние", "Что", "", "Счёт", ">Сумма", "Валюта", "Отказ")
	for _, r := range rows {
		head := []string{r.Day, r.ID, scheduledWords[r.State], r.Kind}
		for _, l := range r.Legs {
			t.Add(append(head, sideWords[l.Side], l.Account, l.Amount, l.Asset, r.Refusal)...)
			head, r.Refusal = make([]string, len(head)), ""
		}
	}
	return t.Write(env.Out)
}

func toScheduledRow(state string, s store.ScheduledRow) scheduledRow {
	e := s.Entry.GetEntry()
	row := scheduledRow{
		ID: fmt.Sprintf("%d.%d", s.Shard, s.Entry.GetSeq()), State: state, Day: e.GetDay(), Kind: e.GetKind(),
		Metadata: e.GetMetadata(), Links: e.GetLinks(), Refusal: s.Entry.GetRefusal().GetCode(),
	}
	for _, l := range s.Entry.GetLegs() {
		side := "credit"
		if l.GetKind() == journalv1.LegKind_LEG_KIND_DEBIT {
			side = "debit"
		}
		row.Legs = append(row.Legs, scheduledLeg{side, l.GetAccount(), l.GetAsset(), l.GetAmount()})
	}
	return row
}

func (f *apiFlags) cancelScheduled(ctx context.Context, env *Env, id string) error {
	c, err := f.client(env)
	if err != nil {
		return err
	}
	result, err := c.Post(ctx, client.Cancel(f.key, id))
	if err != nil {
		return err
	}
	if env.json() {
		return env.printJSON(map[string]any{"cancelled": id, "position": result.GetId(), "replayed": result.GetReplayed()})
	}
	_, err = fmt.Fprintf(env.Out, "%s: отменена (%s)\n", id, result.GetId())
	return err
}
