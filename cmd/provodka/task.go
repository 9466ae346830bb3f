package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

const taskLong = `Tasks of the books. Without arguments: how many there are in each state, and why
those in error are there. With --state: the newest of them. With an id: everything about
one task, with the entries that were booked for it.

  provodka task
  provodka task --state paying,error
  provodka task task-17`

type taskFlags struct {
	dsn, book, owner string
	states           []string
	limit            int
}

func newTaskCmd(env *Env) *cobra.Command {
	var f taskFlags
	cmd := &cobra.Command{
		Use: "task [ID]", Short: "Tasks by state, or one with its history", Long: taskLong, Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, ids []string) error { return runTask(cmd.Context(), env, f, ids) },
	}
	dsnFlag(cmd, &f.dsn)
	bookFlag(cmd, &f.book)
	cmd.Flags().StringSliceVar(&f.states, "state", nil, "list the tasks in these states")
	cmd.Flags().StringVar(&f.owner, "company", "", "tasks of one company only")
	cmd.Flags().IntVar(&f.limit, "limit", 50, "how many to list at most")
	return cmd
}

func runTask(ctx context.Context, env *Env, f taskFlags, ids []string) error {
	tasks := task.New()
	for _, s := range f.states {
		if !slices.Contains(tasks.Machine.States(), s) {
			return usagef("--state %q: one of %s", s, strings.Join(tasks.Machine.States(), ", "))
		}
	}
	if f.limit < 1 {
		return usagef("--limit %d: at least 1", f.limit)
	}
	db, err := env.openBook(ctx, f.dsn, &f.book)
	if err != nil {
		return err
	}
	defer db.Close()
	switch {
	case len(ids) == 1:
		return showTask(ctx, env, db, tasks, store.AggregateKey{Book: f.book, Flow: task.Name, ID: ids[0]})
	case len(f.states) > 0:
		return listTasks(ctx, env, db, tasks, f)
	}
	return countTasks(ctx, env, db, tasks, f)
}

type taskCount struct {
	State    string         `json:"state"`
	Russian  string         `json:"russian"`
	WaitsFor string         `json:"waits_for"`
	Count    int64          `json:"count"`
	Errors   map[string]int `json:"errors,omitempty"` // by code, of the state error
}

// errorsLooked bounds how many tasks in error are read to say why they are there.
const errorsLooked = 10_000

func countTasks(ctx context.Context, env *Env, db *store.DB, tasks *flow.Flow, f taskFlags) error {
	counts, _, err := db.CountAggregates(ctx, f.book, task.Name, f.owner)
	if err != nil {
		return err
	}
	rows, total := []taskCount{}, int64(0)
	t := table.New("State", "Russian", "Waits for", ">Tasks", "Why")
	for _, state := range tasks.Machine.States() {
		title := tasks.Title(state)
		row := taskCount{State: state, Russian: title.Russian, WaitsFor: title.WaitsFor, Count: counts[state]}
		total += row.Count
		why := ""
		if state == task.Error && row.Count > 0 {
			if row.Errors, why, err = taskErrors(ctx, db, f); err != nil {
				return err
			}
		}
		rows = append(rows, row)
		t.Add(state, title.Russian, title.WaitsFor, strconv.FormatInt(row.Count, 10), why)
	}
	if env.json() {
		return env.printJSON(map[string]any{"book": f.book, "states": rows})
	}
	t.Rule()
	t.Add("total", "", "", strconv.FormatInt(total, 10), "")
	return t.Write(env.Out)
}

// taskErrors counts the tasks in error by their code.
func taskErrors(ctx context.Context, db *store.DB, f taskFlags) (map[string]int, string, error) {
	f.states, f.limit = []string{task.Error}, errorsLooked
	rows, err := readTasks(ctx, db, f)
	if err != nil {
		return nil, "", err
	}
	counts := map[string]int{}
	var codes []string
	for _, r := range rows {
		code := r.data.GetError().GetCode()
		if counts[code] == 0 {
			codes = append(codes, code)
		}
		counts[code]++
	}
	slices.Sort(codes)
	words := make([]string, len(codes))
	for i, code := range codes {
		words[i] = fmt.Sprintf("%s %d", code, counts[code])
	}
	return counts, strings.Join(words, ", "), nil
}

// taskRow is a task with its own message decoded.
type taskRow struct {
	store.AggregateRow
	data *flowv1.TaskData
}

func decodeTask(row store.AggregateRow) (taskRow, error) {
	r := taskRow{row, new(flowv1.TaskData)}
	if err := proto.Unmarshal(row.Data, r.data); err != nil {
		return r, fmt.Errorf("the data of task %s: %w", row.Key.ID, err)
	}
	return r, nil
}

// tasksAtOnce bounds one read.
const tasksAtOnce = 500

func readTasks(ctx context.Context, db *store.DB, f taskFlags) ([]taskRow, error) {
	var out []taskRow
	err := eachTasks(ctx, db, f, func(rows []taskRow) error {
		out = append(out, rows...)
		return nil
	})
	return out, err
}

// eachTasks gives tasks page by page, the newest first.
func eachTasks(ctx context.Context, db *store.DB, f taskFlags, take func([]taskRow) error) error {
	page := store.AggregatePage{Book: f.book, Flow: task.Name, Owner: f.owner, States: f.states}
	for left := f.limit; left > 0; left -= page.Limit {
		page.Limit = min(tasksAtOnce, left)
		rows, _, err := db.Aggregates(ctx, page)
		if err != nil {
			return err
		}
		tasks := make([]taskRow, len(rows))
		for i, row := range rows {
			if tasks[i], err = decodeTask(row); err != nil {
				return err
			}
		}
		if err := take(tasks); err != nil {
			return err
		}
		if len(rows) < page.Limit {
			return nil
		}
		last := rows[len(rows)-1]
		page.Before = &store.AggregateCursor{CreatedUS: last.CreatedUS, Shard: last.Shard, ID: last.Key.ID}
	}
	return nil
}

type taskLine struct {
	ID       string `json:"id"`
	State    string `json:"state"`
	Company  string `json:"company"`
	Executor string `json:"executor"`
	Gross    string `json:"gross"`
	Payout   string `json:"payout"`
	Tax      string `json:"tax"`
	Waits    string `json:"waits,omitempty"`
	Error    string `json:"error,omitempty"`
	Words    string `json:"words,omitempty"`
	Updated  string `json:"updated"`
}

func (r taskRow) line(zone *time.Location) taskLine {
	d := r.data
	l := taskLine{
		ID: r.Key.ID, State: r.State, Company: d.GetCompanyId(), Executor: d.GetExecutorId(), Gross: d.GetSum().GetGross(),
		Payout: d.GetSum().GetPayout(), Tax: d.GetSum().GetTax(), Error: d.GetError().GetCode(), Words: d.GetError().GetWords(),
		Updated: time.UnixMicro(r.UpdatedUS).In(zone).Format("2006-01-02 15:04:05"),
	}
	switch d.GetPhase() {
	case flowv1.TaskPhase_TASK_PHASE_CHECK:
		l.Waits = "may the income be registered?"
	case flowv1.TaskPhase_TASK_PHASE_PAYOUT:
		l.Waits = "the bank's answer"
	case flowv1.TaskPhase_TASK_PHASE_INCOME:
		l.Waits = "the receipt of the tax service"
	case flowv1.TaskPhase_TASK_PHASE_HOLD:
		l.Waits = "is there room under the executor's yearly limit?"
	case flowv1.TaskPhase_TASK_PHASE_TAKE:
		l.Waits = "the tax of the payment, from the executor's year"
	case flowv1.TaskPhase_TASK_PHASE_LIMIT:
		l.Waits = "does the payment fit the company's days and months?"
	case flowv1.TaskPhase_TASK_PHASE_ANNUL:
		l.Waits = "the annulment of the receipt"
	case flowv1.TaskPhase_TASK_PHASE_UNSPECIFIED:
	}
	return l
}

func listTasks(ctx context.Context, env *Env, db *store.DB, tasks *flow.Flow, f taskFlags) error {
	rows, err := readTasks(ctx, db, f)
	if err != nil {
		return err
	}
	lines := []taskLine{}
	t := table.New("Task", "State", "Company", "Executor", ">Gross", ">To the person", ">Tax", "Changed", "Why")
	for _, r := range rows {
		l := r.line(db.Zone())
		lines = append(lines, l)
		why := l.Waits
		if l.Error != "" {
			why = l.Error + ": " + l.Words
		}
		t.Add(l.ID, tasks.Title(l.State).Russian, l.Company, l.Executor, l.Gross, l.Payout, l.Tax, l.Updated, why)
	}
	if env.json() {
		return env.printJSON(map[string]any{"book": f.book, "tasks": lines})
	}
	return t.Write(env.Out)
}
