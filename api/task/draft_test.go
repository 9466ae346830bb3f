package task

import (
	"testing"

	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// Whatever a task waits for has a word, each its own.
func TestEveryPhaseHasAWord(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{"": true}
	for n, name := range flowv1.TaskPhase_name {
		word := phases[flowv1.TaskPhase(n)]
		if n != 0 && seen[word] {
			t.Errorf("%s is shown as %q", name, word)
		}
		seen[word] = true
	}
}

// What is wrong with a price is said of the field that has it.
func TestAWrongPriceIsNamedByItsField(t *testing.T) {
	t.Parallel()
	r := fault.Refuse(fault.AmountInvalid, "price", "too much")
	for want, d := range map[string]*taskv1.TaskDraft{"task.amount_gross": {AmountGross: "1"}, "task.amount_net": {AmountNet: "1"}} {
		if got := under(r, "task", d).Field; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A contract that was signed outside has a number and a day of the calendar, or there is none.
func TestAContractOnPaperIsSaidWhole(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ number, day, field string }{
		{"", "", ""}, {"17/2", "2026-02-28", ""}, {"17/2", "2026-02-29", "document_date"}, {"17/2", "2026-99-99", "document_date"},
		{"17/2", "", "document_date"}, {"", "2026-02-28", "document_number"}, {" ", "2026-02-28", "document_number"},
	} {
		d := &taskv1.TaskDraft{Title: "t", Description: "d", Category: "c", AmountGross: "1.00", DocumentNumber: tc.number, DocumentDate: tc.day}
		_, _, refusal := readDraft("company-1", NewTask{Draft: d}, executor.Found{})
		if got := refusal; (got == nil) != (tc.field == "") || got != nil && (got.Field != tc.field || got.Code != fault.Malformed) {
			t.Errorf("%q of %q: %v, want %q", tc.number, tc.day, got, tc.field)
		}
	}
}
