package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	taxservice "github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/feed"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// lists has the tax service's lists read, and waits until they are.
func (c *caller) lists(fromStart bool) *flowv1.FeedData {
	c.t.Helper()
	asked, err := c.Executors.ReadTaxLists(c.t.Context(), &executorv1.ReadTaxListsRequest{Book: c.book, Key: gate.NewID(), FromStart: fromStart})
	if err != nil || asked.GetStateTitle() == "" || asked.GetPosition() == "" {
		c.t.Fatalf("%v %v", asked, err)
	}
	for until := time.Now().Add(patience); ; c.pause() {
		rows, _, err := c.db.FindAggregates(c.t.Context(), []store.AggregateKey{{Book: c.book, Flow: feed.Name, ID: feed.ID}})
		if err != nil || len(rows) != 1 {
			c.t.Fatalf("%v %v", rows, err)
		}
		d := new(flowv1.FeedData)
		if read(c.t, rows[0].Data, d); rows[0].State == feed.Waiting && d.GetReadAt() != "" {
			return d
		}
		if time.Now().After(until) {
			c.t.Fatalf("the lists are still read: %v", d)
		}
	}
}

// seen reads an executor until he is as he should be.
func (c *caller) seen(id string, unmask bool, as func(*executorv1.Executor) bool) *executorv1.Executor {
	c.t.Helper()
	for until := time.Now().Add(patience); ; c.pause() {
		got, err := c.Executors.GetExecutor(c.t.Context(), &executorv1.GetExecutorRequest{Book: c.book, ExecutorId: id, Unmask: unmask})
		if err != nil {
			c.t.Fatal(err)
		}
		if as(got.GetExecutor()) {
			return got.GetExecutor()
		}
		if time.Now().After(until) {
			c.t.Fatalf("it does not become so: %v", got)
		}
	}
}

// renamed makes the tax service know a person by another INN.
func (h *house) renamed(t *testing.T, from, to uint64) {
	t.Helper()
	h.person(t, to, func(p *taxservice.Person) {
		p.Previous, p.Registered, p.Bound, p.Permissions = requisite.ExamplePersonINN(from), true, true, taxservice.AllPermissions
	})
}

// testTaxLists follows a person through a changed INN: the same executor, found by both,
// bound and with receipts under the new one; then one whose new INN is somebody else's, and
// one who left.
func testTaxLists(t *testing.T, h *house) {
	const was, is = 8700, 8701
	c := h.caller(t)
	company, id := c.company(1, "1000.00"), c.executor(was, "selfemployed", account(1))
	h.person(t, was, func(p *taxservice.Person) { p.Answers = "yes" })
	if _, err := c.Executors.BindExecutor(t.Context(), &executorv1.BindExecutorRequest{Book: c.book, Key: "bind", ExecutorId: id}); err != nil {
		t.Fatal(err)
	}
	c.standing(id, "validated")
	h.renamed(t, was, is)
	err := h.tax.Books().SetScript(stage.Script{Rules: []stage.Rule{ // each question goes wrong once, and is asked again
		{Op: "leavers", Fault: stage.Error, Nth: 1}, {Op: "leavers", Fault: stage.UnknownStatus, Status: "FROZEN", Nth: 2},
		{Op: "inn_changes", Fault: stage.Lost, Nth: 1}, {Op: "inn_changes", Fault: stage.Refuse, Code: "INTERNAL_ERROR", Nth: 2},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if d := c.lists(false); d.GetChanges() != 1 || d.GetConflicts() != 0 {
		t.Errorf("%v", d)
	}
	former := func(e *executorv1.Executor) bool { return len(e.GetFormerInns()) == 1 }
	masked, whole := c.seen(id, false, former), c.seen(id, true, former)
	if masked.GetPerson().GetInn() != private.MaskINN(requisite.ExamplePersonINN(is)) || masked.GetFormerInns()[0].GetInn() != private.MaskINN(requisite.ExamplePersonINN(was)) ||
		masked.GetFormerInns()[0].GetUntilDay() == "" || masked.GetState() != "registered" {
		t.Errorf("%v", masked)
	}
	if whole.GetPerson().GetInn() != requisite.ExamplePersonINN(is) || whole.GetFormerInns()[0].GetInn() != requisite.ExamplePersonINN(was) {
		t.Errorf("%v", whole)
	}
	for until := time.Now().Add(patience); ; c.pause() { // bound under the new INN, nobody was asked
		got := c.standing(id, "validated")
		if got.GetInnChangedAt() != nil && got.GetState() == "bound" && len(got.GetHistory()) == 2 {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("%v", got)
		}
	}
	d := draft("100.00", "")
	d.Executor, d.Autocomplete = &taskv1.ExecutorRef{ExecutorInn: requisite.ExamplePersonINN(was)}, true // the company knows the old one
	made, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: d})
	if err != nil || made.GetTask().GetExecutor().GetExecutorId() != id {
		t.Fatalf("%v %v", made, err)
	}
	if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: made.GetTask().GetId()}); err != nil {
		t.Fatal(err)
	}
	if got := c.settled(made.GetTask().GetId()); got.GetStatus() != "paid" {
		t.Errorf("%v", got)
	}
	if !h.fns.receipted(requisite.ExamplePersonINN(is)) || h.fns.receipted(requisite.ExamplePersonINN(was)) {
		t.Error("the receipt is not under the new INN")
	}
	if !slices.ContainsFunc(h.bank.payments(), func(p port.Payment) bool { return p.To.INN == requisite.ExamplePersonINN(is) }) {
		t.Error("the payment is not to the new INN")
	}
	for _, n := range []uint64{was, is} { // neither INN makes a second person, both find the one
		_, err := c.Executors.RegisterExecutor(t.Context(), &executorv1.RegisterExecutorRequest{Book: c.book, Key: gate.NewID(), EmploymentKind: "selfemployed", Person: person(n)})
		if r := refused(t, err, fault.AlreadyExists, "person.inn"); r.Facts["executor_id"] != id {
			t.Errorf("%v", r)
		}
		found, err := c.Executors.FindExecutors(t.Context(), &executorv1.FindExecutorsRequest{Book: c.book, Inn: requisite.ExamplePersonINN(n)})
		if err != nil || len(found.GetExecutors()) != 1 || found.GetExecutors()[0].GetExecutorId() != id {
			t.Errorf("%v %v", found, err)
		}
	}
	p := person(is)
	p.Email = "new@example.com"
	if _, err := c.Executors.UpdateExecutor(t.Context(), &executorv1.UpdateExecutorRequest{Book: c.book, Key: "mail", ExecutorId: id, Person: p}); err != nil {
		t.Fatal(err)
	}
	if got := c.seen(id, true, former); got.GetPerson().GetEmail() != "new@example.com" {
		t.Errorf("%v", got)
	}
	_, err = c.Executors.UpdateExecutor(t.Context(), &executorv1.UpdateExecutorRequest{Book: c.book, Key: "back", ExecutorId: id, Person: person(was)})
	refused(t, err, fault.INNInvalid, "person.inn")
	c.lists(true) // read again from the start: nothing is new
	if got := c.seen(id, true, former); got.GetPerson().GetInn() != requisite.ExamplePersonINN(is) {
		t.Errorf("%v", got)
	}
	if text := h.log.String(); strings.Contains(text, requisite.ExamplePersonINN(was)) || strings.Contains(text, requisite.ExamplePersonINN(is)) {
		t.Error("an INN is in the log")
	}
	testTakenINN(t, h, c)
	testLeaver(t, h, c)
}

// testTakenINN has a person whose new INN is another executor's: nobody is merged, support
// decides, and the other one does not come back beside him.
func testTakenINN(t *testing.T, h *house, c *caller) {
	t.Helper()
	const was, is = 8710, 8711
	id, other := c.executor(was, "selfemployed", account(2)), c.executor(is, "selfemployed", account(3))
	h.renamed(t, was, is)
	if d := c.lists(false); d.GetConflicts() != 1 {
		t.Errorf("%v", d)
	}
	got := c.seen(id, false, func(e *executorv1.Executor) bool { return e.GetState() == "inn_conflict" })
	if got.GetInnTakenBy() != other || got.GetStateTitle() != "Конфликт ИНН" || len(got.GetFormerInns()) != 0 {
		t.Errorf("%v", got)
	}
	_, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: c.company(1, ""), Task: draft("100.00", id)})
	refused(t, err, fault.WrongState, "task.executor.executor_id")
	if _, err := c.Executors.BlockExecutor(t.Context(), &executorv1.BlockExecutorRequest{Book: c.book, ExecutorId: other, Code: "twice"}); err != nil {
		t.Fatal(err)
	}
	c.lists(true)
	got = c.seen(id, true, func(e *executorv1.Executor) bool { return e.GetState() == "registered" })
	if got.GetPerson().GetInn() != requisite.ExamplePersonINN(is) || got.GetInnTakenBy() != "" {
		t.Errorf("%v", got)
	}
	_, err = c.Executors.UnblockExecutor(t.Context(), &executorv1.UnblockExecutorRequest{Book: c.book, ExecutorId: other})
	refused(t, err, fault.AlreadyExists, "executor_id")
	found, err := c.Executors.FindExecutors(t.Context(), &executorv1.FindExecutorsRequest{Book: c.book, Inn: requisite.ExamplePersonINN(is)})
	if err != nil || len(found.GetExecutors()) != 1 || found.GetExecutors()[0].GetExecutorId() != id {
		t.Errorf("%v %v", found, err)
	}
}

// testLeaver has a person who took the binding back in «Мой налог»: the list tells.
func testLeaver(t *testing.T, h *house, c *caller) {
	t.Helper()
	const who = 8720
	id := c.executor(who, "selfemployed", nil)
	h.person(t, who, func(p *taxservice.Person) { p.Answers = "yes" })
	if _, err := c.Executors.BindExecutor(t.Context(), &executorv1.BindExecutorRequest{Book: c.book, Key: "bind-2", ExecutorId: id}); err != nil {
		t.Fatal(err)
	}
	c.standing(id, "validated")
	h.person(t, who, func(p *taxservice.Person) {
		p.Bound, p.Permissions, p.UnboundAt = false, nil, time.Now().Add(-time.Second)
	})
	if d := c.lists(false); d.GetLeavers() != 1 {
		t.Errorf("%v", d)
	}
	if got := c.standing(id, "revoked"); got.GetState() != "unbound" {
		t.Errorf("%v", got)
	}
}
