package main

import (
	"testing"
	"time"

	"github.com/provodka/provodka/engine/flow/tax"
)

// TestTheDoctorSaysWhichRateEnds: sixty days ahead, and that payments are refused once it has ended; the last day still holds.
func TestTheDoctorSaysWhichRateEnds(t *testing.T) {
	t.Parallel()
	last := []tax.Rule{{Name: "for-ever", From: "2019-01-01"}, {Name: "yearly", From: "2026-01-01", To: "2026-12-31"}}
	for day, want := range map[string]severity{"2026-10-31": fine, "2026-11-01": note, "2026-12-31": note, "2027-01-01": bad} {
		now, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		d := &doctor{env: &Env{Now: func() time.Time { return now }}}
		d.rates(last)
		if len(d.findings) != 1 || d.findings[0].Severity != want {
			t.Errorf("on %s: %+v, want %s", day, d.findings, want)
		}
	}
}

// TestTheLastRowsAreThoseOfTheTables: each rule once, its newest row.
func TestTheLastRowsAreThoseOfTheTables(t *testing.T) {
	t.Parallel()
	rows := map[string]string{}
	for _, r := range tax.Last() {
		if _, twice := rows[r.Name]; twice {
			t.Errorf("%s twice", r.Name)
		}
		rows[r.Name] = r.From
	}
	if rows["ndfl-resident"] != "2025-01-01" || rows["cap-npd"] != "2019-01-01" || len(rows) < 7 {
		t.Errorf("%v", rows)
	}
}
