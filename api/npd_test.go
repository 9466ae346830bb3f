package api_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/adapters/fns"
	taxservice "github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/adapters/npdstatus"
	publiclist "github.com/provodka/provodka/adapters/npdstatus/sandbox"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// taxService is the tax service whom people are bound to us at.
func (h *house) taxService(t *testing.T) *fns.Adapter {
	t.Helper()
	var err error
	if h.tax, err = taxservice.New(t.TempDir(), taxservice.Options{Processing: -1}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h.tax)
	a, err := fns.New(fns.Options{BaseURL: server.URL, MasterToken: "m", UserToken: "u", Polls: make([]time.Duration, 3)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.tax.Close(); a.Close(); server.Close() })
	return a
}

// publicList is the public list: everybody but the person 8001 is on NPD.
func (h *house) publicList(t *testing.T) port.NPDStatus {
	t.Helper()
	s, err := publiclist.New(t.TempDir(), publiclist.Options{PerMinute: -1, Listed: func(inn string) bool { return inn != requisite.ExamplePersonINN(8001) }})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	a, err := npdstatus.New(npdstatus.Options{BaseURL: server.URL, Every: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(); a.Close(); server.Close() })
	return a
}

// person tells the tax service how somebody stands.
func (h *house) person(t *testing.T, n uint64, change func(*taxservice.Person)) {
	t.Helper()
	h.people.claim(t, n, true)
	p, known := h.tax.Person(requisite.ExamplePersonINN(n))
	if !known {
		p = taxservice.Person{INN: requisite.ExamplePersonINN(n), Registered: true}
	}
	change(&p)
	if err := h.tax.Books().Note([]taxservice.Person{p}); err != nil {
		t.Fatal(err)
	}
}

// standing waits until the person stands so.
func (c *caller) standing(id, status string) *executorv1.Selfemployed {
	c.t.Helper()
	for until := time.Now().Add(patience); ; c.pause() {
		got, err := c.Executors.GetSelfemployed(c.t.Context(), &executorv1.GetSelfemployedRequest{Book: c.book, ExecutorId: id})
		if err != nil {
			c.t.Fatal(err)
		}
		if got.GetSelfemployed().GetStatus() == status {
			return got.GetSelfemployed()
		}
		if time.Now().After(until) {
			c.t.Fatalf("%s, want %s: %v", got.GetSelfemployed().GetStatus(), status, got)
		}
	}
}

// testTaxService binds a person, loses the right to register the income, finds that out,
// has a payment refused by name, and pays when the right is given again.
func testTaxService(t *testing.T, h *house) {
	const who = 8100
	c := h.caller(t)
	company, id := c.company(1, "1000.00"), c.executor(who, "selfemployed", account(1))
	if got := c.standing(id, "unknown"); got.GetState() != "" || got.GetAt() != nil {
		t.Errorf("%v", got)
	}
	h.person(t, who, func(p *taxservice.Person) {})
	bind := &executorv1.BindExecutorRequest{Book: c.book, Key: "bind", ExecutorId: id}
	for i := range 2 {
		asked, err := c.Executors.BindExecutor(t.Context(), bind)
		if err != nil || asked.GetReplayed() != (i == 1) || asked.GetSelfemployed().GetState() != "requesting" {
			t.Fatalf("%v %v", asked, err)
		}
	}
	if got := c.standing(id, "requested"); got.GetState() != "waiting" || got.GetAskedAt() == nil {
		t.Errorf("%v", got)
	}
	_, err := c.Executors.BindExecutor(t.Context(), &executorv1.BindExecutorRequest{Book: c.book, Key: "again", ExecutorId: id})
	refused(t, err, fault.TooOften, "event")
	h.person(t, who, func(p *taxservice.Person) { p.Answers = "yes" })
	c.check(id)
	if got := c.standing(id, "validated"); got.GetState() != "bound" || len(got.GetPermissions()) != 6 || got.GetSource() != "bind" || len(got.GetHistory()) != 2 {
		t.Errorf("%v", got)
	}

	d := draft("100.00", id)
	d.Autocomplete = true
	made, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: d})
	if err != nil {
		t.Fatal(err)
	}
	h.person(t, who, func(p *taxservice.Person) { p.Permissions = []string{"INCOME_LIST"} })
	if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: made.GetTask().GetId()}); err != nil {
		t.Fatal(err)
	}
	stopped := c.settled(made.GetTask().GetId())
	if e := stopped.GetPaymentErrors(); stopped.GetStatus() != "error" || len(e) != 1 || e[0].GetCode() != string(fault.IncomeDenied) {
		t.Errorf("%v", stopped)
	}
	// The check before the payment has told: the status follows without anybody asking.
	if got := c.standing(id, "revoked"); got.GetState() != "bound" || got.GetCode() != "PERMISSION_NOT_GRANTED" || got.GetHistory()[2].GetSource() != "check" {
		t.Errorf("%v", got)
	}
	seen, err := c.Executors.GetExecutor(t.Context(), &executorv1.GetExecutorRequest{Book: c.book, ExecutorId: id})
	if err != nil || seen.GetExecutor().GetSelfemployedStatus() != "revoked" {
		t.Errorf("%v %v", seen, err)
	}
	// The right is asked for again, given, and the payment goes on.
	if _, err := c.Executors.BindExecutor(t.Context(), &executorv1.BindExecutorRequest{Book: c.book, Key: "cure", ExecutorId: id}); err != nil {
		t.Fatal(err)
	}
	if got := c.standing(id, "validated"); got.GetState() != "bound" {
		t.Errorf("%v", got)
	}
	// It goes on by itself, as soon as the lists know that it had stopped; who is faster may retry it.
	if _, err := c.Tasks.RetryTask(t.Context(), &taskv1.RetryTaskRequest{Book: c.book, TaskId: made.GetTask().GetId()}); err != nil {
		refused(t, err, fault.WrongState, "event")
	}
	if got := c.settled(made.GetTask().GetId()); got.GetStatus() != "paid" {
		t.Errorf("%v", got)
	}
	if text := h.log.String(); strings.Contains(text, requisite.ExamplePersonINN(who)) {
		t.Error("the INN is in the log")
	}
}

func (c *caller) check(id string) {
	c.t.Helper()
	if _, err := c.Executors.CheckSelfemployed(c.t.Context(), &executorv1.CheckSelfemployedRequest{Book: c.book, ExecutorId: id}); err != nil {
		c.t.Fatal(err)
	}
}

// testPublicList asks the public list about people who are not bound.
func testPublicList(t *testing.T, h *house) {
	c := h.caller(t)
	on, off := c.executor(8000, "selfemployed", nil), c.executor(8001, "selfemployed", nil)
	c.check(on)
	c.check(off)
	for id, status := range map[string]string{on: "registered", off: "not_registered"} {
		if got := c.standing(id, status); got.GetState() != "unbound" || got.GetSource() != "public" || got.GetStatusTitle() == "" {
			t.Errorf("%v", got)
		}
	}
	_, err := c.Executors.CheckSelfemployed(t.Context(), &executorv1.CheckSelfemployedRequest{Book: c.book, ExecutorId: "executor-none"})
	refused(t, err, fault.NotFound, "executor_id")
	if _, err := c.Executors.BlockExecutor(t.Context(), &executorv1.BlockExecutorRequest{Book: c.book, ExecutorId: on, Code: "request"}); err != nil {
		t.Fatal(err)
	}
	_, err = c.Executors.BindExecutor(t.Context(), &executorv1.BindExecutorRequest{Book: c.book, ExecutorId: on})
	refused(t, err, fault.WrongState, "executor_id")
	reader := h.caller(t, gate.RoleReader)
	_, err = reader.Executors.GetSelfemployed(t.Context(), &executorv1.GetSelfemployedRequest{Book: reader.book, ExecutorId: on})
	refused(t, err, fault.PermissionDenied, "")
}
