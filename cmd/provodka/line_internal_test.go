package main

import (
	"testing"
	"time"

	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

// TestLineWords: what is known of a line, what the bank changed of it, and how old it is by the bank's days.
func TestLineWords(t *testing.T) {
	t.Parallel()
	before := &statementv1.LineWords{Number: "7", Purpose: "Оплата\u202eтест"}
	for _, tc := range []struct {
		line *statementv1.Line
		want string
	}{
		{&statementv1.Line{}, ""},
		{&statementv1.Line{CompanyId: "c-1", Rules: []string{"marker", "inn"}}, "c-1; by marker, inn"},
		{&statementv1.Line{Changes: 1, Before: before}, "the bank changed its name for the line, in all 1 times"},
		{
			&statementv1.Line{Changes: 2, ChangedFields: []string{"amount", "number", "purpose", "day"}, ToldAmount: "0.00", Before: before},
			`the bank changed amount, number (was 7), purpose (was Оплата\u202eтест), day, in all 2 times, and says 0.00 now`,
		},
		{
			&statementv1.Line{Refunds: []*statementv1.LineRefund{{RemittanceId: "o-1", Amount: "1.00"}}, RefusedCode: "overpaid_exceeded", RefusedReason: "5.00 is left"},
			"o-1 counted 1.00; overpaid_exceeded: 5.00 is left",
		},
	} {
		if got := knownOf(tc.line); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
	e := &Env{Now: func() time.Time { return time.Date(2026, 3, 4, 21, 30, 0, 0, time.UTC) }} // the 5th at the bank
	if got := e.age(&statementv1.Line{Day: "2026-03-02"}); got != "3" {
		t.Errorf("age %s", got)
	}
}
