package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math"
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

Lines come as they are read, the newest task first, however many there are; what was printed before
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

// withheld gives the paid tasks of the month, a page of tasks at once: it keeps none.
func withheld(ctx context.Context, db *store.DB, f withheldFlags, take func([]withheldLine) error) error {
	f.states, f.limit = []string{task.Paid}, math.MaxInt
	return eachTasks(ctx, db, f.taskFlags, func(rows []taskRow) error {
		var lines []withheldLine
		for _, r := range rows {
			paid, err := time.Parse(time.RFC3339Nano, r.data.GetPaidAt())
			if err != nil {
				return fmt.Errorf("when the task %s was paid: %w", r.Key.ID, err)
			}
			if paid = paid.In(db.Zone()); paid.Format("2006-01") == f.month {
				lines = append(lines, withheldOf(r, paid))
			}
		}
		return take(lines)
	})
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
