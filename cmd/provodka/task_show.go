package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// taskStep is one step of a task's life, with what it booked.
type taskStep struct {
	Recorded string   `json:"recorded"`
	Document string   `json:"document"`
	On       string   `json:"on"`
	From     string   `json:"from"`
	To       string   `json:"to"`
	Kind     string   `json:"kind"`
	Day      string   `json:"day"`
	Postings []string `json:"postings"`
}

func (s taskStep) step() string {
	if s.From == s.To {
		return s.From + " (" + s.On + ")"
	}
	return s.From + " → " + s.To + " (" + s.On + ")"
}

func showTask(ctx context.Context, env *Env, db *store.DB, tasks *flow.Flow, key store.AggregateKey) error {
	found, _, err := db.FindAggregates(ctx, []store.AggregateKey{key})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("there is no task %q in book %s", key.ID, key.Book)
	}
	row, err := decodeTask(found[0])
	if err != nil {
		return err
	}
	steps, err := taskSteps(ctx, db, key)
	if err != nil {
		return err
	}
	line := row.line(db.Zone())
	if env.json() {
		return env.printJSON(map[string]any{
			"book": key.Book, "task": line, "shard": row.Shard, "version": row.Version, "payouts": payoutsOf(row.data),
			"incomes": incomesOf(row.data), "timers": timersOf(row, db.Zone()), "entries": steps,
		})
	}
	return env.printTask(tasks, row, line, steps, db.Zone())
}

// taskSteps reads every step of the task: those that booked stand in its row, the others
// are found by the search tables, which follow the journal.
func taskSteps(ctx context.Context, db *store.DB, key store.AggregateKey) ([]taskStep, error) {
	ids, err := db.AggregateEntries(ctx, key)
	if err != nil {
		return nil, err
	}
	mark := store.Mark{Book: key.Book, Sort: store.MarkFlow, Name: key.Flow, Value: key.ID}
	page := store.MarkPage{Limit: legsAtOnce}
	for {
		found, _, err := db.Marked(ctx, mark, page)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			ids = append(ids, store.RecordID{Shard: m.Shard, Seq: m.Seq})
		}
		if len(found) < page.Limit {
			break
		}
		page.After = &found[len(found)-1]
	}
	slices.SortFunc(ids, func(a, b store.RecordID) int { return cmp.Or(cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Seq, b.Seq)) })
	ids = slices.Compact(ids)
	raws, err := db.Records(ctx, ids)
	if err != nil {
		return nil, err
	}
	steps := []taskStep{}
	for _, id := range ids {
		r := new(journalv1.Record)
		if err := proto.Unmarshal(raws[id], r); err != nil {
			return nil, err
		}
		s := taskStep{
			Recorded: time.UnixMicro(r.GetClockUs()).In(db.Zone()).Format("2006-01-02 15:04:05"),
			Document: fmt.Sprintf("%d.%d", id.Shard, id.Seq), On: r.GetMove().GetOn(), From: r.GetMove().GetFrom(),
			To: r.GetMove().GetTo(), Kind: r.GetEntry().GetKind(), Day: r.GetEntry().GetDay(),
		}
		s.Postings = []string{}
		for _, l := range r.GetLegs() {
			side := "Cr"
			if l.GetKind() == journalv1.LegKind_LEG_KIND_DEBIT {
				side = "Dr"
			}
			s.Postings = append(s.Postings, fmt.Sprintf("%s %s %s %s", side, l.GetAccount(), l.GetAmount(), l.GetAsset()))
		}
		steps = append(steps, s)
	}
	return steps, nil
}

type attemptLine struct {
	Number uint32 `json:"number"`
	Result string `json:"result"`
	Status string `json:"status,omitempty"`
	What   string `json:"what,omitempty"`
}

func resultWord(r flowv1.AttemptResult) string {
	switch r {
	case flowv1.AttemptResult_ATTEMPT_RESULT_DONE:
		return "done"
	case flowv1.AttemptResult_ATTEMPT_RESULT_REFUSED:
		return "refused"
	case flowv1.AttemptResult_ATTEMPT_RESULT_UNSPECIFIED:
	}
	return "no final answer yet"
}

func payoutsOf(d *flowv1.TaskData) []attemptLine {
	out := []attemptLine{}
	for _, p := range d.GetPayouts() {
		out = append(out, attemptLine{p.GetNumber(), resultWord(p.GetResult()), p.GetStatus(), p.GetAmount() + " RUB"})
	}
	return out
}

func incomesOf(d *flowv1.TaskData) []attemptLine {
	out := []attemptLine{}
	for _, i := range d.GetIncomes() {
		out = append(out, attemptLine{i.GetNumber(), resultWord(i.GetResult()), i.GetStatus(), i.GetReceiptLink()})
	}
	return out
}

func timersOf(r taskRow, zone *time.Location) map[string]string {
	out := map[string]string{}
	for _, t := range r.Timers {
		out[t.GetEvent()] = time.UnixMicro(t.GetDueUs()).In(zone).Format("2006-01-02 15:04:05")
	}
	return out
}

func (e *Env) printTask(tasks *flow.Flow, r taskRow, l taskLine, steps []taskStep, zone *time.Location) error {
	d := r.data
	facts := table.New("Task", l.ID)
	facts.Add("State", fmt.Sprintf("%s (%s): %s", l.State, tasks.Title(l.State).Russian, tasks.Title(l.State).Meaning))
	facts.Add("Company", l.Company)
	facts.Add("Executor", l.Executor)
	facts.Add("Price", fmt.Sprintf("%s: %s to the person, %s tax, %s commission (%s)", l.Gross, l.Payout, l.Tax, d.GetSum().GetCommission(), d.GetSum().GetRule()))
	if l.Waits != "" {
		facts.Add("Waits for", l.Waits)
	}
	if l.Error != "" {
		facts.Add("Error", fmt.Sprintf("%s: %s (to act: %s; retry helps: %t)", l.Error, l.Words, d.GetError().GetActor(), d.GetError().GetRetryHelps()))
	}
	for _, p := range payoutsOf(d) {
		facts.Add("Payout "+fmt.Sprint(p.Number), strings.TrimSpace(p.Result+" "+p.What+" "+p.Status))
	}
	for _, i := range incomesOf(d) {
		facts.Add("Receipt "+fmt.Sprint(i.Number), strings.TrimSpace(i.Result+" "+i.What+" "+i.Status))
	}
	for event, due := range timersOf(r, zone) {
		facts.Add("Timer", event+" at "+due)
	}
	facts.Add("Changed", fmt.Sprintf("%s, %d steps, shard %d", l.Updated, r.Version, r.Shard))
	if err := facts.Write(e.Out); err != nil {
		return err
	}
	if len(steps) == 0 {
		_, err := fmt.Fprintln(e.Out, "\nno step of it is known")
		return err
	}
	fmt.Fprintln(e.Out)
	booked := table.New("Recorded", "Day", "Document", "Step", "Entry", "Postings")
	for _, s := range steps {
		if len(s.Postings) == 0 {
			booked.Add(s.Recorded, s.Day, s.Document, s.step(), s.Kind, "-")
		}
		for i, p := range s.Postings {
			if i == 0 {
				booked.Add(s.Recorded, s.Day, s.Document, s.step(), s.Kind, p)
			} else {
				booked.Add("", "", "", "", "", p)
			}
		}
	}
	return booked.Write(e.Out)
}
