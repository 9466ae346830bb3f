package api_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

func testErasure(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "1000.00")
	earner, id := c.executor(1, "selfemployed", account(1)), c.executor(2, "civil_contract", account(2))
	erase := func(id string) (*executorv1.EraseExecutorResponse, error) {
		return c.Executors.EraseExecutor(t.Context(), &executorv1.EraseExecutorRequest{Book: c.book, ExecutorId: id})
	}
	_, err := erase(id)
	refused(t, err, fault.WrongState, "event") // who may be chosen for tasks is not erased
	_, err = erase("executor-none")
	refused(t, err, fault.NotFound, "executor_id")

	d := draft("100.00", earner)
	d.Autocomplete = true
	made, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: d})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: made.GetTask().GetId()}); err != nil {
		t.Fatal(err)
	}
	if got := c.settled(made.GetTask().GetId()); got.GetStatus() != "paid" {
		t.Fatalf("%v", got)
	}
	for _, who := range []string{earner, id} {
		if _, err := c.Executors.BlockExecutor(t.Context(), &executorv1.BlockExecutorRequest{Book: c.book, ExecutorId: who, Code: "request"}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = erase(earner)
	r := refusal(t, err)
	if r.Code != string(fault.KeptByLaw) || r.Field != "executor_id" || !strings.HasSuffix(r.Facts[executor.FactUntil], "-12-31") || !strings.Contains(r.Facts[executor.FactRule], "402-ФЗ") {
		t.Errorf("%+v", r)
	}
	c.wantErased(id, erase)
	if whole, err := c.Executors.GetExecutor(t.Context(), &executorv1.GetExecutorRequest{Book: c.book, ExecutorId: earner, Unmask: true}); err != nil || whole.GetExecutor().GetPerson().GetInn() == "" {
		t.Errorf("another person went too: %v %v", whole, err)
	}
}

// wantErased erases a person, and finds nothing of it afterwards.
func (c *caller) wantErased(id string, erase func(string) (*executorv1.EraseExecutorResponse, error)) {
	c.t.Helper()
	t := c.t
	begun, err := erase(id)
	if err != nil || begun.GetExecutor().GetPerson() != nil || begun.GetExecutor().GetErasedDay() == "" {
		t.Fatalf("%v %v", begun, err)
	}
	deadline := time.Now().Add(patience)
	for state := ""; state != executor.Erased; {
		got, err := c.Executors.GetExecutor(t.Context(), &executorv1.GetExecutorRequest{Book: c.book, ExecutorId: id, Unmask: true})
		if err != nil || got.GetExecutor().GetPerson() != nil || got.GetExecutor().GetRequisites() != nil || time.Now().After(deadline) {
			t.Fatalf("%v %v", got, err)
		}
		if state = got.GetExecutor().GetState(); state != executor.Erased {
			time.Sleep(10 * time.Millisecond) // sleep: the effect is performed beside us
		}
	}
	found, err := c.Executors.FindExecutors(t.Context(), &executorv1.FindExecutorsRequest{Book: c.book, Inn: person(2).GetInn()})
	if err != nil || len(found.GetExecutors()) != 0 {
		t.Errorf("%v %v", found, err)
	}
	if docs, err := c.house.vault.Requisites(t.Context(), c.book, private.Ref{ID: id}); err != nil || len(docs) != 0 {
		t.Errorf("%v %v", docs, err)
	}
	counts, back, err := private.Missing(t.Context(), c.house.db)
	if err != nil || len(back) != 0 {
		t.Errorf("%v %v", back, err)
	}
	for _, n := range counts {
		// Other tests of this server make companies without words, and lose a file and a template; this person has none.
		if n.Missing != 0 && n.Kind != "company" && n.Kind != "signed_file" && n.Kind != "template" {
			t.Errorf("what was erased is missed: %+v", n)
		}
	}
	_, err = c.Executors.RegisterExecutor(t.Context(), &executorv1.RegisterExecutorRequest{Book: c.book, EmploymentKind: "civil_contract", Person: person(2)})
	refused(t, err, fault.AlreadyExists, "person.inn")
	for _, word := range []string{person(2).GetInn(), person(2).GetPhone(), account(2).GetAccountNumber()} {
		if strings.Contains(c.house.log.String(), word) || strings.Contains(c.house.log.String(), hex.EncodeToString([]byte(word))) {
			t.Errorf("%q stands in the log", word)
		}
	}
}
