package main

import (
	"cmp"
	"context"
	"encoding/csv"
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
	lines, err := withheld(ctx, db, f)
	if err != nil {
		return err
	}
	columns := []string{"Day", "Executor", "Company", "Task", "Kind", "Period", ">Gross", ">Tax", ">Bonus", ">Contributions", "Rule"}
	if env.json() {
		return env.printJSON(map[string]any{"book": f.book, "month": f.month, "lines": lines})
	}
	if f.format == formatCSV {
		w := csv.NewWriter(env.Out)
		rows := [][]string{{"day", "executor", "company", "task", "kind", "period", "gross", "tax", "bonus", "contributions", "rule"}}
		for _, l := range lines {
			rows = append(rows, l.cells())
		}
		return w.WriteAll(rows)
	}
	t := table.New(columns...)
	for _, l := range lines {
		t.Add(l.cells()...)
	}
	t.Rule()
	for _, s := range withheldSums(lines) {
		t.Add("total", "", "", "", s.tax, s.period, money.RUB.Format(s.gross), money.RUB.Format(s.sum), "", money.RUB.Format(s.contributions), "")
	}
	return t.Write(env.Out)
}

// withheldSum is what was withheld of one tax in one period, as it is paid to the budget.
type withheldSum struct {
	tax, period               string // "" is all
	gross, sum, contributions money.Amount
}

// plus adds a line.
func (s withheldSum) plus(l withheldLine) withheldSum {
	s.gross, s.sum, s.contributions = s.gross.Add(money.MustParse(l.Gross)), s.sum.Add(money.MustParse(l.Tax)), s.contributions.Add(money.MustParse(l.Contributions))
	return s
}

// withheldSums sums lines by tax and period, in their order, and in the end all of them.
func withheldSums(lines []withheldLine) []withheldSum {
	all, parts := withheldSum{}, map[string]withheldSum{}
	for _, l := range lines {
		tax, _, _ := strings.Cut(l.Kind, "-")
		part := parts[tax+l.Period]
		part.tax, part.period = tax, l.Period
		parts[tax+l.Period], all = part.plus(l), all.plus(l)
	}
	return append(slices.SortedFunc(maps.Values(parts), func(a, b withheldSum) int {
		return cmp.Or(strings.Compare(a.tax, b.tax), strings.Compare(a.period, b.period))
	}), all)
}

func (l withheldLine) cells() []string {
	return []string{l.Day, l.Executor, l.Company, l.Task, l.Kind, l.Period, l.Gross, l.Tax, l.Bonus, l.Contributions, l.Rule}
}

// withheld reads the paid tasks of the month, by executor and day.
func withheld(ctx context.Context, db *store.DB, f withheldFlags) ([]withheldLine, error) {
	f.states, f.limit = []string{task.Paid}, int(^uint(0)>>1)
	rows, err := readTasks(ctx, db, f.taskFlags)
	if err != nil {
		return nil, err
	}
	lines := []withheldLine{}
	for _, r := range rows {
		paid, err := time.Parse(time.RFC3339Nano, r.data.GetPaidAt())
		if err != nil {
			continue
		}
		if paid = paid.In(db.Zone()); paid.Format("2006-01") == f.month {
			lines = append(lines, withheldOf(r, paid))
		}
	}
	slices.SortFunc(lines, func(a, b withheldLine) int {
		return strings.Compare(a.Executor+a.Day+a.Task, b.Executor+b.Day+b.Task)
	})
	return lines, nil
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
