package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

const withheldLong = `What was withheld and charged for the people paid in a month: a line for each task whose
payment stands, with the income before tax, the tax that counts (the tax service's figure
where it said one), the bonus and the contributions. NDFL is split as it is paid to the
budget: withheld from the 1st to the 22nd, and from the 23rd on. The table ends with a total of
each tax and period, as remit --month has them, and of all.

Lines come as they are read, the last day first, however many there are: tasks of that month alone are read; what was printed before
exit code 1 is not all.

  provodka withheld --month 2026-11
  provodka withheld --month 2026-11 --format csv > withheld.csv`

type withheldFlags struct {
	taskFlags
	month, format string
}

func newWithheldCmd(env *Env) *cobra.Command {
	var f withheldFlags
	cmd := &cobra.Command{
		Use: "withheld", Short: "Taxes and contributions of a month, per person", Long: withheldLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runWithheld(cmd.Context(), env, f) },
	}
	dsnFlag(cmd, &f.dsn)
	bookFlag(cmd, &f.book)
	cmd.Flags().StringVar(&f.month, "month", "", "month of payment, YYYY-MM")
	cmd.Flags().StringVar(&f.owner, "company", "", "tasks of one company only")
	cmd.Flags().StringVar(&f.format, "format", outputTable, "table or csv")
	return cmd
}

// withheldLine is one paid task.
type withheldLine struct {
	Day           string `json:"day"`
	Executor      string `json:"executor"`
	Company       string `json:"company"`
	Task          string `json:"task"`
	Kind          string `json:"kind"` // of tax: "npd", "ndfl-resident", "ndfl-nonresident", "none"
	Period        string `json:"period"`
	Gross         string `json:"gross"`
	Tax           string `json:"tax"`
	Bonus         string `json:"bonus"`
	Contributions string `json:"contributions"`
	Rule          string `json:"rule"`
}

func runWithheld(ctx context.Context, env *Env, f withheldFlags) error {
	if _, err := time.Parse("2006-01", f.month); err != nil {
		return usagef("--month %q: YYYY-MM", f.month)
	}
	if f.format != outputTable && f.format != formatCSV {
		return usagef("--format %q: table or csv", f.format)
	}
	db, err := env.openBook(ctx, f.dsn, &f.book)
	if err != nil {
		return err
	}
	defer db.Close()
	if env.json() {
		return withheldJSON(ctx, env, db, f)
	}
	if f.format == formatCSV {
		return withheldCSV(ctx, env, db, f)
	}
	t, sums := table.New("Day", "Executor", "Company", "Task", "Kind", "Period", ">Gross", ">Tax", ">Bonus", ">Contributions", "Rule"), withheldSums{}
	err = withheld(ctx, db, f, func(lines []withheldLine) error {
		for _, l := range lines {
			sums.add(l)
			t.Add(l.cells()...)
		}
		return t.Write(env.Out)
	})
	if err != nil {
		return err
	}
	t.Rule()
	for _, s := range sums.rows() {
		t.Add("total", "", "", "", s.tax, s.period, money.RUB.Format(s.gross), money.RUB.Format(s.sum), "", money.RUB.Format(s.contributions), "")
	}
	return t.Write(env.Out)
}

// withheldCSV writes the lines as they come, page by page.
func withheldCSV(ctx context.Context, env *Env, db *store.DB, f withheldFlags) error {
	w := csv.NewWriter(env.Out)
	if err := w.Write([]string{"day", "executor", "company", "task", "kind", "period", "gross", "tax", "bonus", "contributions", "rule"}); err != nil {
		return err
	}
	err := withheld(ctx, db, f, func(lines []withheldLine) error {
		for _, l := range lines {
			if err := w.Write(l.cells()); err != nil {
				return err
			}
		}
		w.Flush()
		return w.Error()
	})
	w.Flush()
	return cmp.Or(err, w.Error())
}

// withheldJSON writes one object whose lines come as they are read; what was broken off is no JSON.
func withheldJSON(ctx context.Context, env *Env, db *store.DB, f withheldFlags) error {
	book, err := json.Marshal(f.book)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(env.Out, "{\n  \"book\": %s,\n  \"month\": %q,\n  \"lines\": [", book, f.month); err != nil {
		return err
	}
	between := "\n    "
	err = withheld(ctx, db, f, func(lines []withheldLine) error {
		for _, l := range lines {
			raw, err := json.Marshal(l)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(env.Out, "%s%s", between, raw); err != nil {
				return err
			}
			between = ",\n    "
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(env.Out, "\n  ]\n}")
	return err
}

// withheldSum is what was withheld of one tax in one period, as it is paid to the budget.
type withheldSum struct {
	tax, period               string // "" is all
	gross, sum, contributions money.Amount
}

// plus adds amounts.
func (s withheldSum) plus(gross, sum, contributions money.Amount) withheldSum {
	s.gross, s.sum, s.contributions = s.gross.Add(gross), s.sum.Add(sum), s.contributions.Add(contributions)
	return s
}

// withheldSums are sums by tax and period.
type withheldSums map[string]withheldSum

// add counts a line.
func (sums withheldSums) add(l withheldLine) {
	tax, _, _ := strings.Cut(l.Kind, "-")
	part := sums[tax+l.Period]
	part.tax, part.period = tax, l.Period
	sums[tax+l.Period] = part.plus(money.MustParse(l.Gross), money.MustParse(l.Tax), money.MustParse(l.Contributions))
}

// rows are the sums by tax and period, in their order, and in the end all of them.
func (sums withheldSums) rows() []withheldSum {
	all, parts := withheldSum{}, slices.SortedFunc(maps.Values(sums), func(a, b withheldSum) int {
		return cmp.Or(strings.Compare(a.tax, b.tax), strings.Compare(a.period, b.period))
	})
	for _, s := range parts {
		all = all.plus(s.gross, s.sum, s.contributions)
	}
	return append(parts, all)
}

func (l withheldLine) cells() []string {
	return []string{l.Day, l.Executor, l.Company, l.Task, l.Kind, l.Period, l.Gross, l.Tax, l.Bonus, l.Contributions, l.Rule}
}

// withheld gives the paid tasks of the month, a page of tasks at once: it keeps none. It reads those alone, by
// the index of paid tasks by day, and a seek for each.
func withheld(ctx context.Context, db *store.DB, f withheldFlags, take func([]withheldLine) error) error {
	if err := searchable(ctx, db); err != nil {
		return err
	}
	page := store.DatedPage{Book: f.book, Flow: task.Name, States: []string{task.Paid}, To: task.Undated, Limit: 1}
	undated, _, err := db.Dated(ctx, page)
	if err != nil {
		return err
	}
	if len(undated) > 0 {
		return fmt.Errorf("nobody knows when the task %s was paid", undated[0].Key.ID)
	}
	first, err := time.Parse("2006-01", f.month)
	if err != nil {
		return err
	}
	page.From, page.To, page.Limit = first.Format(time.DateOnly), first.AddDate(0, 1, -1).Format(time.DateOnly), tasksAtOnce
	if f.owner != "" {
		page.Place = task.OfCompany + f.owner
	}
	for {
		rows, _, err := db.Dated(ctx, page)
		if err != nil {
			return err
		}
		var lines []withheldLine
		for _, row := range rows {
			r, err := decodeTask(row)
			if err != nil {
				return err
			}
			paid, err := time.Parse(time.RFC3339Nano, r.data.GetPaidAt())
			if err != nil {
				return fmt.Errorf("when the task %s was paid: %w", r.Key.ID, err)
			}
			lines = append(lines, withheldOf(r, paid.In(db.Zone())))
		}
		if err := take(lines); err != nil {
			return err
		}
		if len(rows) < page.Limit {
			return nil
		}
		last := rows[len(rows)-1]
		page.After = &store.AggregateCursor{CreatedUS: last.CreatedUS, Shard: last.Shard, ID: last.Key.ID}
	}
}

// searchPatience is how long a command waits for the search tables: they follow within a second.
const searchPatience = 10 * time.Second

// searchable waits until the search tables have what the books have now.
func searchable(ctx context.Context, db *store.DB) error {
	shards, err := db.Shards(ctx)
	if err != nil {
		return err
	}
	for until := time.Now().Add(searchPatience); ; {
		projected, err := db.Projections(ctx)
		if err != nil {
			return err
		}
		at := map[int]uint64{}
		for _, p := range projected {
			at[p.Shard] = p.Head.Seq
		}
		behind := slices.IndexFunc(shards, func(s store.ShardState) bool { return at[s.Shard] < s.Head.Seq })
		if behind < 0 {
			return nil
		}
		if s := shards[behind]; time.Now().After(until) {
			return fmt.Errorf("the search tables are at record %d of %d of shard %d: they follow while a server runs", at[s.Shard], s.Head.Seq, s.Shard)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func withheldOf(r taskRow, paid time.Time) withheldLine {
	d, sum := r.data, r.data.GetSum()
	tax := sum.GetTax()
	if sum.GetFinalTax() != "" {
		tax = sum.GetFinalTax()
	}
	kind, _, _ := strings.Cut(sum.GetRule(), "@")
	l := withheldLine{
		Day: paid.Format(time.DateOnly), Executor: d.GetExecutorId(), Company: d.GetCompanyId(), Task: r.Key.ID, Kind: kind,
		Period: paid.Format("2006-01"), Gross: rubles(sum.GetGross()), Tax: rubles(tax), Bonus: rubles(d.GetYear().GetBonus()),
		Contributions: rubles(sum.GetShare().GetContributions()), Rule: sum.GetRule(),
	}
	if d.GetKind() == flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT {
		l.Period += map[bool]string{true: " 1–22", false: " 23–"}[paid.Day() <= 22]
	}
	return l
}

// rubles writes an amount of a task's data; "" is zero there.
func rubles(text string) string {
	if text == "" {
		return "0.00"
	}
	return text
}
