package main

import (
	"testing"
	"time"

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
