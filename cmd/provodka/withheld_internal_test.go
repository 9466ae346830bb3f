package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

func TestWithheldOf(t *testing.T) {
	t.Parallel()
	civil := &flowv1.TaskData{
		Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT, ExecutorId: "e", CompanyId: "c",
		Sum: &flowv1.TaskSum{
			Gross: "1000.00", Tax: "130.00", Rule: "ndfl-resident@2025-01-01", Share: &flowv1.YearShare{Contributions: "300.00"},
		},
	}
	bonus := &flowv1.TaskData{
		Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED, ExecutorId: "e", CompanyId: "c", Year: &flowv1.YearShare{Bonus: "2.00"},
		Sum: &flowv1.TaskSum{Gross: "100.00", Tax: "6.00", FinalTax: "4.00", Rule: "npd-company@2019-01-01"},
	}
	for _, tc := range []struct {
		data *flowv1.TaskData
		day  string
		want withheldLine
	}{
		{civil, "2026-11-22", withheldLine{"2026-11-22", "e", "c", "t", "ndfl-resident", "2026-11 1–22", "1000.00", "130.00", "0.00", "300.00", "ndfl-resident@2025-01-01"}},
		{civil, "2026-11-23", withheldLine{"2026-11-23", "e", "c", "t", "ndfl-resident", "2026-11 23–", "1000.00", "130.00", "0.00", "300.00", "ndfl-resident@2025-01-01"}},
		{bonus, "2026-11-23", withheldLine{"2026-11-23", "e", "c", "t", "npd-company", "2026-11", "100.00", "4.00", "2.00", "0.00", "npd-company@2019-01-01"}},
	} {
		paid, err := time.Parse(time.DateOnly, tc.day)
		if err != nil {
			t.Fatal(err)
		}
		row := taskRow{store.AggregateRow{Key: store.AggregateKey{ID: "t"}}, tc.data}
		if got := withheldOf(row, paid); got != tc.want {
			t.Errorf("%+v, want %+v", got, tc.want)
		}
	}
}

// TestWithheldSums: each tax and period has a total of its own, in order; the last is of all.
func TestWithheldSums(t *testing.T) {
	t.Parallel()
	line := func(kind, period, gross, tax, contributions string) withheldLine {
		return withheldLine{Kind: kind, Period: period, Gross: gross, Tax: tax, Contributions: contributions}
	}
	sums := withheldSums{}
	for _, l := range []withheldLine{
		line("npd-company", "2026-11", "100.00", "6.00", "0.00"), line("ndfl-resident", "2026-11 23–", "1000.00", "130.00", "300.00"),
		line("ndfl-nonresident", "2026-11 1–22", "10.00", "3.00", "3.00"), line("ndfl-resident", "2026-11 1–22", "20.00", "3.00", "6.00"), line("npd-person", "2026-11", "50.00", "2.00", "0.00"),
	} {
		sums.add(l)
	}
	var text []string
	for _, s := range append(sums.rows(), withheldSums{}.rows()...) {
		text = append(text, strings.Join([]string{s.tax, s.period, money.RUB.Format(s.gross), money.RUB.Format(s.sum), money.RUB.Format(s.contributions)}, " "))
	}
	want := []string{"ndfl 2026-11 1–22 30.00 6.00 9.00", "ndfl 2026-11 23– 1000.00 130.00 300.00", "npd 2026-11 150.00 8.00 0.00", "  1180.00 144.00 309.00", "  0.00 0.00 0.00"}
	if !slices.Equal(text, want) {
		t.Errorf("%q", text)
	}
}

// TestWithheldOfManyPages: every paid task of the month comes once, in pages that are not kept, and the totals are of all.
func TestWithheldOfManyPages(t *testing.T) {
	t.Parallel()
	const tasks = 2*tasksAtOnce + 203
	env, out := &Env{Output: outputTable, Getenv: func(string) string { return "" }}, new(bytes.Buffer)
	env.Out = out
	dsn := embedtest.DSN(t, store.Migrate)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	put := func(first, last int, paid string) {
		data, err := proto.Marshal(&flowv1.TaskData{
			Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT, ExecutorId: "e", CompanyId: "c", PaidAt: paid,
			Sum: &flowv1.TaskSum{Gross: "100.01", Tax: "13.00", Rule: "ndfl-resident@2025-01-01", Share: &flowv1.YearShare{Contributions: "30.00"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		// Many have one moment and one shard: the page's key goes on within them.
		_, err = conn.Exec(t.Context(), `INSERT INTO aggregate (shard, book, flow, id, owner, state, version, data, progress, entries, created_us, updated_us)
			SELECT n % 3, 'main', $1, 'task-' || n, 'c', $2, 1, $3, '', '{}', n / 300, 1 FROM generate_series($4::INT, $5::INT) AS n`, task.Name, task.Paid, data, first, last)
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Exec(t.Context(), `INSERT INTO dated (book, flow, place, state, day, shard, id, amount)
			SELECT 'main', $1, place, $2, $3, n % 3, 'task-' || n, 100.01 FROM generate_series($4::INT, $5::INT) AS n, unnest($6::TEXT[]) AS place`,
			task.Name, task.Paid, map[string]int32{"2026-11-10T12:00:00Z": 20261110, "2026-10-31T20:59:59Z": 20261031, "": 10101}[paid], first, last,
			[]string{"", task.OfCompany + "c"})
		if err != nil {
			t.Fatal(err)
		}
	}
	put(1, tasks, "2026-11-10T12:00:00Z")
	put(tasks+1, tasks+2050, "2026-10-31T20:59:59Z") // October in Moscow
	f := withheldFlags{month: "2026-11", format: outputTable, taskFlags: taskFlags{dsn: dsn, book: "main"}}
	run := func() string {
		out.Reset()
		if err := runWithheld(t.Context(), env, f); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := run(); !regexp.MustCompile(`(?m)^total +ndfl +2026-11 1–22 +120312.03 +15639.00 +36090.00\ntotal +120312.03 +15639.00 +36090.00$`).MatchString(got) {
		t.Errorf("%s", got[max(0, len(got)-600):])
	}
	f.format = formatCSV
	rows, err := csv.NewReader(strings.NewReader(run())).ReadAll()
	seen := map[string]bool{}
	for _, r := range rows {
		seen[r[3]] = true
	}
	if err != nil || len(rows) != tasks+1 || len(seen) != tasks+1 {
		t.Errorf("%d rows, %d tasks, %v", len(rows), len(seen), err)
	}
	env.Output = outputJSON
	var printed struct{ Lines []withheldLine }
	if err := json.Unmarshal([]byte(run()), &printed); err != nil || len(printed.Lines) != tasks {
		t.Errorf("%d lines, %v", len(printed.Lines), err)
	}
	f.owner = "nobody"
	if got := run(); !json.Valid([]byte(got)) {
		t.Errorf("%s", got)
	}

	db, err := store.Open(t.Context(), dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	f.owner = "c"
	var pages []int
	if err := withheld(t.Context(), db, f, func(lines []withheldLine) error { pages = append(pages, len(lines)); return nil }); err != nil {
		t.Fatal(err)
	}
	if slices.Max(pages) > tasksAtOnce || len(pages) != 3 { // October's two pages are not read
		t.Errorf("pages of %d", pages)
	}
	full := errors.New("no space is left")
	if err := withheld(t.Context(), db, f, func([]withheldLine) error { return full }); !errors.Is(err, full) {
		t.Errorf("what could not be written was told as %v", err)
	}
	put(tasks+2051, tasks+2051, "")
	if err := runWithheld(t.Context(), env, f); err == nil {
		t.Error("a paid task of which nobody knows when was left out in silence")
	}
}
