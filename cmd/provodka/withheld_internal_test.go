package main

import (
	"slices"
	"strings"
	"testing"
	"time"

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
	got := withheldSums([]withheldLine{
		line("npd-company", "2026-11", "100.00", "6.00", "0.00"), line("ndfl-resident", "2026-11 23–", "1000.00", "130.00", "300.00"),
		line("ndfl-nonresident", "2026-11 1–22", "10.00", "3.00", "3.00"), line("ndfl-resident", "2026-11 1–22", "20.00", "3.00", "6.00"), line("npd-person", "2026-11", "50.00", "2.00", "0.00"),
	})
	var text []string
	for _, s := range append(got, withheldSums(nil)...) {
		text = append(text, strings.Join([]string{s.tax, s.period, money.RUB.Format(s.gross), money.RUB.Format(s.sum), money.RUB.Format(s.contributions)}, " "))
	}
	want := []string{"ndfl 2026-11 1–22 30.00 6.00 9.00", "ndfl 2026-11 23– 1000.00 130.00 300.00", "npd 2026-11 150.00 8.00 0.00", "  1180.00 144.00 309.00", "  0.00 0.00 0.00"}
	if !slices.Equal(text, want) {
		t.Errorf("%q", text)
	}
}
