package main_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/engine/port/stage"
)

// struck is one fault of a sandbox, as it meets one task (or one message, or one look at
// the public list), and how that ends.
type struck struct {
	at    string // the sandbox
	op    string // a word of its scripts
	fault stage.Fault
	nth   int // of its calls; 0 all of them
	polls int
	delay int64 // ms; 0 is 300 of a slow one
	code  string

	kind    string // of employment, or one of ways; "" sends a message or looks at the list
	end     string // the task's state, or what becomes of the message or the look
	error   string // code of the payment error
	again   bool   // it goes on by itself: a moment is said
	left    int    // payments of the bank that stay out
	receipt int    // receipts that stand
	copies  int    // of a message that come to its reader
}

const (
	own   = "entrepreneur" // without the tax service
	taxed = "selfemployed"
	sbp   = "sbp"  // taxed, and paid by SBP
	card  = "card" // taxed, and paid to a card
)

// faultTable is every fault of every sandbox, run against the flows.
var faultTable = slices.Concat(taskRows, wayRows(sbp), wayRows(card), lookRows, messageRows,
	moneyRows(returns, "returned", "unmatched"), moneyRows(ndfl, "paid", "error"), moneyRows(gives, "paid", "error"),
	askRows("cancel", cancels, "canceled", 0, 0), askRows("documents", documents, "paid", 1, 0),
	askRows("bind", binds, "validated", 0, 0), askRows("bind_status", binds, "validated", 0, 0), askRows("grant", grants, "validated", 0, 0), askRows("grant_status", grants, "validated", 0, 0),
	askRows("period", sees, "", 0, 0), askRows("period", sees, "paid", 1, 1),
	askRows("entity", entity, "email", 0, 0), askRows("unbind", erases, "erased", 0, 0),
)

// unplayed are the operations without a row, and why.
var unplayed = map[string]string{
	"auth":        "a token is nobody's: the adapter's own tests",
	"leavers":     "about everybody at once: the adapter's own tests",
	"inn_changes": "the same",
	"statement":   "about a whole account: TestTheBankTellsOfATopUp",
}

// taskRows strike a small task on its way to be paid.
var taskRows = []struck{
	{at: "bank", fault: stage.Slow, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.Silent, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.SilentApplied, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.Error, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.ErrorApplied, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.InProgress, polls: 2, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.UnknownStatus, polls: 2, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.Refuse, kind: own, end: "error", error: "payout_refused"},
	{at: "bank", fault: stage.RefuseSecond, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.Fail, kind: own, end: "error", error: "payout_refused"},
	{at: "bank", fault: stage.TakenBack, polls: 1, kind: own, end: "error", error: "payout_returned", again: true},
	// The same of somebody whose receipt stands: tax, cap and commission are undone too.
	{at: "bank", fault: stage.TakenBack, polls: 1, kind: taxed, end: "error", error: "payout_returned", again: true, receipt: 1},
	{at: "bank", fault: stage.ErrorApplied, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "bank", fault: stage.Duplicate, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.Reordered, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.Reordered, polls: 3, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "bank", fault: stage.Early, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.Early, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "bank", op: "callback", fault: stage.Silent, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.Fail, kind: revives, end: "paid", left: 1, receipt: 1},
	{at: "statement", fault: stage.Duplicate, kind: shows, end: "paid", left: 1, receipt: 1},
	{at: "statement", fault: stage.Early, kind: shows, end: "paid", left: 1, receipt: 1},
	{at: "statement", fault: stage.Reordered, kind: shows, end: "error", receipt: 1},

	{at: "tax", fault: stage.Slow, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", fault: stage.Silent, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", fault: stage.SilentApplied, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", fault: stage.Error, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", fault: stage.ErrorApplied, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", fault: stage.InProgress, polls: 3, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", fault: stage.UnknownStatus, polls: 3, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", fault: stage.Refuse, kind: taxed, end: "error", error: "income_denied", again: true, left: 1},
	{at: "tax", fault: stage.Lost, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", fault: stage.LostApplied, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", fault: stage.TakenBack, polls: 1, kind: taxed, end: "error", error: "receipt_lost", left: 1},
	{at: "tax", op: "status", fault: stage.Silent, nth: 1, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", op: "status", fault: stage.Error, nth: 1, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", op: "status", fault: stage.Lost, nth: 1, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", op: "status", fault: stage.UnknownStatus, nth: 1, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", op: "status", fault: stage.InProgress, nth: 1, polls: 3, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", op: "status", fault: stage.Refuse, code: "TAXPAYER_UNREGISTERED", kind: taxed, end: "error", error: "income_denied", again: true},
	{at: "tax", op: "status", fault: stage.Refuse, code: "INTERNAL_ERROR", nth: 1, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", op: "permissions", fault: stage.Refuse, code: "PERMISSION_NOT_GRANTED", kind: taxed, end: "error", error: "income_denied", again: true},
	{at: "tax", op: "permissions", fault: stage.Error, nth: 1, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", op: "account", fault: stage.Refuse, code: "PERMISSION_NOT_GRANTED", kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", op: "receipts", fault: stage.Error, nth: 1, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", fault: stage.Duplicate, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", fault: stage.Reordered, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", op: "receipts", fault: stage.Duplicate, nth: 1, kind: taxed, end: "paid", left: 1, receipt: 1},
	{at: "tax", op: "status", fault: stage.Reordered, nth: 1, kind: taxed, end: "paid", left: 1, receipt: 1},
}

func TestTheReadmeCountsTheFaults(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if want := fmt.Sprintf("%d rows, every fault", len(faultTable)); err != nil || !strings.Contains(string(text), want) {
		t.Errorf("README.md does not say %q: %v", want, err)
	}
}
