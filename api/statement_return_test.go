package api_test

import (
	"slices"
	"testing"

	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// testPaymentComesBack: the receiver's bank returns a payment, and a statement shows it. The
// money is the company's again, tax and commission too, once, whatever shows it again; another
// credit that says the same waits for a person.
func testPaymentComesBack(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "1000.00"), c.executor(1, "selfemployed", account(8717))
	d := draft("100.00", worker)
	d.Autocomplete = true
	made, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: d})
	if err != nil {
		t.Fatal(err)
	}
	id := made.GetTask().GetId()
	c.inTaskState(id, "completed")
	if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: id}); err != nil {
		t.Fatal(err)
	}
	c.inTaskState(id, "paid")
	var attempt string
	for _, p := range h.bank.payments() {
		if p.To.AccountNumber == account(8717).GetAccountNumber() {
			attempt = p.Attempt
		}
	}
	c.wantBalances([]string{"wallet:" + company}, "895.00 895.00")
	theirs := requisite.ExampleAccount("30232", requisite.ExampleBIC(1), 5)
	back := bankLine{"18", "94.00", "0", theirs, "Возврат: счёт закрыт (" + private.PurposeMarker(attempt) + ")", false}
	first, err := c.importStatement(bankFile(t,
		bankLine{"17", "94.00", "0", account(8717).GetAccountNumber(), "Оплата (" + private.PurposeMarker(attempt) + ")", true}, back))
	if err != nil {
		t.Fatal(err)
	}
	for i, kind := range []string{"known_debit", "returned_payout"} {
		if got := first.GetResults()[i].GetLine().GetKind(); got != kind {
			t.Errorf("line %d is %s, want %s", i, got, kind)
		}
	}
	c.inTaskState(id, "error")
	got, err := c.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: id})
	if err != nil || got.GetTask().GetPaymentErrors()[0].GetCode() != "payout_returned" || got.GetTask().GetPaymentErrors()[0].GetActor() != "executor" {
		t.Errorf("%v %v", got, err)
	}
	c.wantBalances([]string{"wallet:" + company, "reserve:" + id, "bank:settlement"}, "1000.00 1000.00", "0.00 0.00", "1000.00 1000.00")
	c.lineIn(first.GetResults()[1].GetLine().GetLineId(), "known_credit")

	// Again in another file, and a second credit that says the same.
	second := back
	second.number = "19"
	again, err := c.importStatement(bankFile(t, back, second))
	if err != nil || !again.GetResults()[0].GetReplayed() {
		t.Fatalf("%v %v", again, err)
	}
	c.lineIn(again.GetResults()[1].GetLine().GetLineId(), "unmatched")
	c.wantBalances([]string{"wallet:" + company, "bank:settlement"}, "1000.00 1000.00", "1094.00 1094.00")
	c.inTaskState(id, "error")

	// A bank that does not say what it returns: a person names the task.
	if _, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, ExecutorId: worker, Requisites: account(2)}); err != nil {
		t.Fatal(err)
	}
	c.inTaskState(id, "paid") // it went on by itself, to the new account
	c.wantBalances([]string{"wallet:" + company, "bank:settlement"}, "895.00 895.00", "1000.00 1000.00")
	mute, err := c.importStatement(bankFile(t, bankLine{"20", "94.00", "0", theirs, "Перечисление", false}, bankLine{"21", "93.00", "0", theirs, "Перечисление", false}))
	if err != nil {
		t.Fatal(err)
	}
	// Another sum is not that payment, whatever the person says.
	less := mute.GetResults()[1].GetLine().GetLineId()
	if _, err := c.Statements.ExplainLine(t.Context(), &statementv1.ExplainLineRequest{
		Book: c.book, LineId: less, Explanation: statementv1.Explanation_EXPLANATION_RETURNED, TaskId: id, Reason: "letter-1",
	}); err != nil {
		t.Fatal(err)
	}
	if l := c.refusedLine(less); l.GetRefusedCode() != "amount_invalid" {
		t.Errorf("%v", l)
	}
	line := mute.GetResults()[0].GetLine().GetLineId()
	_, err = c.Statements.ExplainLine(t.Context(), &statementv1.ExplainLineRequest{Book: c.book, LineId: line, Explanation: statementv1.Explanation_EXPLANATION_RETURNED, Reason: "letter-1"})
	refused(t, err, fault.Malformed, "task_id")
	if _, err = c.Statements.ExplainLine(t.Context(), &statementv1.ExplainLineRequest{
		Book: c.book, LineId: line, Explanation: statementv1.Explanation_EXPLANATION_RETURNED, TaskId: id, Reason: "letter-1",
	}); err != nil {
		t.Fatal(err)
	}
	c.lineIn(line, "known_credit")
	if story, err := c.Statements.GetLine(t.Context(), &statementv1.GetLineRequest{Book: c.book, LineId: line}); err != nil || story.GetTaskId() != id {
		t.Errorf("the line is of %q, want %s: %v", story.GetTaskId(), id, err)
	}
	c.inTaskState(id, "error")
	c.wantBalances([]string{"wallet:" + company, "bank:settlement"}, "1000.00 1000.00", "1187.00 1187.00")
}

// inTaskState waits until a task is in a state.
func (c *caller) inTaskState(id, state string) {
	c.t.Helper()
	for range 600 {
		got, err := c.Tasks.GetTask(c.t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: id})
		if err == nil && got.GetTask().GetStatus() == state {
			return
		}
		c.pause()
	}
	c.t.Fatalf("the task is not %s", state)
}

// lineIn waits until a line of a statement is in a state.
func (c *caller) lineIn(id, state string) {
	c.t.Helper()
	for range 600 {
		got, err := c.Statements.ListLines(c.t.Context(), &statementv1.ListLinesRequest{Book: c.book, States: []string{state}})
		if err != nil {
			c.t.Fatal(err)
		}
		if slices.ContainsFunc(got.GetLines(), func(l *statementv1.Line) bool { return l.GetLineId() == id }) {
			return
		}
		c.pause()
	}
	c.t.Fatalf("the line is not %s", state)
}
