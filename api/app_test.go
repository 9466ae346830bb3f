package api_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	taxservice "github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// loginCode waits for the n-th code to a phone, from 1.
func (c *caller) loginCode(phone string, n int) string {
	c.t.Helper()
	form := regexp.MustCompile(`^Код для входа: (\d{6})\.`)
	for until := time.Now().Add(patience); time.Now().Before(until); c.pause() {
		var codes []string
		c.house.post.mu.Lock()
		for _, notice := range c.house.post.sent {
			if m := form.FindStringSubmatch(notice.Text); m != nil && notice.To == phone {
				codes = append(codes, m[1])
			}
		}
		c.house.post.mu.Unlock()
		if len(codes) >= n {
			return codes[n-1]
		}
	}
	c.t.Fatalf("no code %d to the phone", n)
	return ""
}

// another is a code that is not the one.
func another(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// worker is an executor with his application.
type worker struct{ *client.Client }

// tasksOf pages through a section, a task a page.
func (a worker) tasksOf(t *testing.T, book, section, position string) (ids []string) {
	t.Helper()
	req := &executorv1.ListMyTasksRequest{Book: book, Section: section, PageSize: 1, MinPosition: position}
	for {
		page, err := a.App.ListMyTasks(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range page.GetTasks() {
			ids = append(ids, task.GetId())
		}
		if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
			return ids
		}
	}
}

// now is the position that everything of the book is seen at.
func (c *caller) now() string {
	c.t.Helper()
	at, err := c.Ledger.GetPosition(c.t.Context(), &ledgerv1.GetPositionRequest{Book: c.book})
	if err != nil {
		c.t.Fatal(err)
	}
	return at.GetPosition()
}

// inState waits until a task is in a state.
func (c *caller) inState(id, state string) {
	c.t.Helper()
	for until := time.Now().Add(patience); ; c.pause() {
		got, err := c.Tasks.GetTask(c.t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: id})
		if err != nil || time.Now().After(until) {
			c.t.Fatal(got, err)
		}
		if got.GetTask().GetStatus() == state {
			return
		}
	}
}

// loggedIn logs an executor in by his phone, and shows by the INN that it is his.
func (c *caller) loggedIn(phone string) (worker, string) {
	c.t.Helper()
	app, id := c.newcomer(phone)
	who, err := c.Executors.GetExecutor(c.t.Context(), &executorv1.GetExecutorRequest{Book: c.book, ExecutorId: id, Unmask: true})
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := app.App.ConfirmMyInn(c.t.Context(), &executorv1.ConfirmMyInnRequest{Book: c.book, Inn: who.GetExecutor().GetPerson().GetInn()}); err != nil {
		c.t.Fatal(err)
	}
	return app, id
}

// newcomer logs an executor in by his phone alone.
func (c *caller) newcomer(phone string) (worker, string) {
	c.t.Helper()
	stranger := c.visitor("")
	if _, err := stranger.App.StartLogin(c.t.Context(), &executorv1.StartLoginRequest{Book: c.book, Phone: phone}); err != nil {
		c.t.Fatal(err)
	}
	begun, err := stranger.App.ConfirmLogin(c.t.Context(), &executorv1.ConfirmLoginRequest{Book: c.book, Phone: phone, Code: c.loginCode(phone, 1)})
	if err != nil {
		c.t.Fatal(err)
	}
	return worker{c.visitor(begun.GetToken())}, begun.GetExecutorId()
}

// testApp is a person's way from the login to the paid task, in the application alone.
func testApp(t *testing.T, h *house) {
	const who = 8300
	c := h.caller(t)
	company, id, phone := c.company(1, "1000.00"), c.executor(who, "selfemployed", nil), requisite.ExamplePhone(who)
	other := c.executor(who+1, "selfemployed", account(2))
	app, logged := c.loggedIn(phone)
	if logged != id {
		t.Fatalf("logged in as %s, want %s", logged, id)
	}
	mine, err := app.App.GetMyProfile(t.Context(), &executorv1.GetMyProfileRequest{Book: c.book})
	if err != nil || mine.GetExecutor().GetPerson().GetInn() != requisite.ExamplePersonINN(who) || !slices.Equal(mine.GetExecutor().GetLacks(), []string{"requisites"}) ||
		mine.GetSelfemployed().GetStatus() != "unknown" {
		t.Fatalf("%v %v", mine, err)
	}
	if got, err := app.App.SetMyRequisites(t.Context(), &executorv1.SetMyRequisitesRequest{Book: c.book, Key: "r", Requisites: account(1)}); err != nil || len(got.GetExecutor().GetLacks()) > 0 {
		t.Fatalf("%v %v", got, err)
	}
	changed := mine.GetExecutor().GetPerson()
	changed.Email = "new@mail.example"
	if got, err := app.App.UpdateMyProfile(t.Context(), &executorv1.UpdateMyProfileRequest{Book: c.book, Key: "p", Person: changed}); err != nil || got.GetExecutor().GetPerson().GetEmail() != "new@mail.example" {
		t.Fatalf("%v %v", got, err)
	}
	// Whoever has the session only does not make the account his own by another phone, or by none.
	for number, code := range map[string]fault.Code{requisite.ExamplePhone(who + 2): fault.Malformed, "": fault.RequisitesInvalid} {
		stolen := proto.CloneOf(changed)
		stolen.Phone = number
		_, err := app.App.UpdateMyProfile(t.Context(), &executorv1.UpdateMyProfileRequest{Book: c.book, Key: "stolen" + number, Person: stolen})
		refused(t, err, code, "person.phone")
	}
	h.person(t, who, func(p *taxservice.Person) { p.Answers, p.Phone = "yes", phone })
	if _, err := app.App.BindMe(t.Context(), &executorv1.BindMeRequest{Book: c.book, Key: "b"}); err != nil {
		t.Fatal(err)
	}
	c.standing(id, "validated")

	chosen, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "chosen", CompanyId: company, Task: draft("100.00", id)})
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "foreign", CompanyId: company, Task: draft("100.00", other)})
	if err != nil {
		t.Fatal(err)
	}
	offered := c.offered(company, "200.00", "circle", taskv1.OfferTo(1), id, other)
	position := c.now()
	want := []string{chosen.GetTask().GetId(), offered.GetTask().GetId()}
	if got := app.tasksOf(t, c.book, "offered", position); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("offered %v, want %v", got, want)
	}
	if got, err := app.App.DeclineMyTask(t.Context(), &executorv1.DeclineMyTaskRequest{Book: c.book, Key: "no", TaskId: offered.GetTask().GetId()}); err != nil || got.GetTask().GetMetadata() != nil {
		t.Errorf("%v %v", got, err)
	}
	if got, err := app.App.AcceptMyTask(t.Context(), &executorv1.AcceptMyTaskRequest{Book: c.book, Key: "yes", TaskId: chosen.GetTask().GetId(), Terms: 1}); err != nil {
		t.Fatalf("%v %v", got, err)
	}
	c.inState(chosen.GetTask().GetId(), "inwork")
	_, err = app.App.ReportMyTask(t.Context(), &executorv1.ReportMyTaskRequest{Book: c.book, Key: "foreign", TaskId: foreign.GetTask().GetId()})
	refused(t, err, fault.NotFound, "task_id")
	_, err = app.App.AcceptMyTask(t.Context(), &executorv1.AcceptMyTaskRequest{Book: c.book, Key: "steal", TaskId: foreign.GetTask().GetId(), Terms: 1})
	refused(t, err, fault.OfferTaken, "executor_id")
	said, err := app.App.ReportMyTask(t.Context(), &executorv1.ReportMyTaskRequest{Book: c.book, Key: "done", TaskId: chosen.GetTask().GetId()})
	if err != nil || said.GetTask().GetExecutorDoneAt() == nil || said.GetTask().GetStatus() != "inwork" {
		t.Fatalf("%v %v", said, err)
	}
	if _, err := c.Tasks.DoneTask(t.Context(), &taskv1.DoneTaskRequest{Book: c.book, Key: "d", TaskId: chosen.GetTask().GetId()}); err != nil {
		t.Fatal(err)
	}
	if got := app.tasksOf(t, c.book, "done", c.now()); !slices.Equal(got, want[:1]) {
		t.Errorf("done: %v", got)
	}
	if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, Key: "pay", TaskId: chosen.GetTask().GetId()}); err != nil {
		t.Fatal(err)
	}
	c.settled(chosen.GetTask().GetId())
	if got := app.tasksOf(t, c.book, "paid", c.now()); !slices.Equal(got, want[:1]) {
		t.Errorf("paid: %v", got)
	}
	app.wantEarned(t, c.book)
	// Finance sees the same year; nobody's is not found.
	year, err := c.Taxes.GetEarnings(t.Context(), &taxv1.GetEarningsRequest{Book: c.book, ExecutorId: id})
	if err != nil || year.GetRegistered() != "100.00" || year.GetFree() != "2399900.00" || year.GetNdflBase() != "0.00" || year.GetYear() == 0 {
		t.Errorf("%v %v", year, err)
	}
	_, err = c.Taxes.GetEarnings(t.Context(), &taxv1.GetEarningsRequest{Book: c.book, ExecutorId: "executor-none"})
	refused(t, err, fault.NotFound, "executor_id")
	app.wantAlone(t, c)
}

// wantEarned reads the year after one receipt of 100.00.
func (a worker) wantEarned(t *testing.T, book string) {
	t.Helper()
	for until := time.Now().Add(patience); ; {
		got, err := a.App.GetMyEarnings(t.Context(), &executorv1.GetMyEarningsRequest{Book: book})
		if err != nil {
			t.Fatal(err)
		}
		if got.GetRegistered() == "100.00" && got.GetReserved() == "0.00" && got.GetLimit() == "2400000.00" && got.GetFree() == "2399900.00" {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%v", got)
		}
	}
}

// wantAlone finds nothing else open, and the session over once it was ended.
func (a worker) wantAlone(t *testing.T, c *caller) {
	t.Helper()
	_, err := a.Tasks.ListTasks(t.Context(), &taskv1.ListTasksRequest{Book: c.book})
	refused(t, err, fault.PermissionDenied, "")
	_, err = a.Executors.FindExecutors(t.Context(), &executorv1.FindExecutorsRequest{Book: c.book, Inn: requisite.ExamplePersonINN(1)})
	refused(t, err, fault.PermissionDenied, "")
	_, err = a.App.GetMyProfile(t.Context(), &executorv1.GetMyProfileRequest{Book: "another"})
	refused(t, err, fault.PermissionDenied, "book")
	_, err = c.App.GetMyProfile(t.Context(), &executorv1.GetMyProfileRequest{Book: c.book})
	refused(t, err, fault.PermissionDenied, "") // a key of the house is nobody's application
	if _, err := a.App.EndMySessions(t.Context(), &executorv1.EndMySessionsRequest{Book: c.book, All: true}); err != nil {
		t.Fatal(err)
	}
	_, err = a.App.GetMyProfile(t.Context(), &executorv1.GetMyProfileRequest{Book: c.book})
	refused(t, err, fault.Unauthenticated, "authorization")
}

// testAppLogin guesses codes, and asks for those of strangers.
func testAppLogin(t *testing.T, h *house) {
	const who = 8310
	c := h.caller(t)
	c.executor(who, "selfemployed", nil)
	phone, stranger := requisite.ExamplePhone(who), c.visitor("")
	confirm := func(phone, code string) error {
		_, err := stranger.App.ConfirmLogin(t.Context(), &executorv1.ConfirmLoginRequest{Book: c.book, Phone: phone, Code: code})
		return err
	}
	for _, number := range []string{phone, requisite.ExamplePhone(8399), phone} { // the last one comes too soon: nobody is told
		got, err := stranger.App.StartLogin(t.Context(), &executorv1.StartLoginRequest{Book: c.book, Phone: number})
		if err != nil || got.GetCodeSeconds() != 600 || got.GetPauseSeconds() != 60 {
			t.Fatalf("%v %v", got, err)
		}
	}
	_, err := stranger.App.StartLogin(t.Context(), &executorv1.StartLoginRequest{Book: c.book, Phone: "12"})
	refused(t, err, fault.RequisitesInvalid, "phone")
	code := c.loginCode(phone, 1)
	refused(t, confirm(requisite.ExamplePhone(8399), code), fault.LoginRefused, "code")
	for range 5 {
		refused(t, confirm(phone, another(code)), fault.LoginRefused, "code")
	}
	refused(t, confirm(phone, code), fault.LoginRefused, "code") // the tries are used up
}

// testUnconfirmedPhone: a company has given a wrong phone, or its own. Who has it logs in, and
// sees and changes nothing; the person's INN opens the rest, five wrong ones bar it.
func testUnconfirmedPhone(t *testing.T, h *house) {
	const who = 8320
	c := h.caller(t)
	id, phone := c.executor(who, "selfemployed", account(1)), requisite.ExamplePhone(who)
	app, _ := c.newcomer(phone)
	got, err := app.App.GetMyProfile(t.Context(), &executorv1.GetMyProfileRequest{Book: c.book})
	if err != nil || !got.GetPhoneUnconfirmed() || got.GetExecutor().GetExecutorId() != id || got.GetExecutor().GetPerson() != nil || got.GetExecutor().GetRequisites() != nil || got.GetSelfemployed() != nil {
		t.Fatalf("%v %v", got, err)
	}
	closed := func(app worker) {
		t.Helper()
		for name, call := range map[string]func() error{
			"requisites": func() error {
				_, err := app.App.SetMyRequisites(t.Context(), &executorv1.SetMyRequisitesRequest{Book: c.book, Key: "r", Requisites: account(9)})
				return err
			},
			"profile": func() error {
				_, err := app.App.UpdateMyProfile(t.Context(), &executorv1.UpdateMyProfileRequest{Book: c.book, Key: "p", Person: person(who)})
				return err
			},
			"tasks": func() error {
				_, err := app.App.ListMyTasks(t.Context(), &executorv1.ListMyTasksRequest{Book: c.book, Section: "paid"})
				return err
			},
			"bind": func() error {
				_, err := app.App.BindMe(t.Context(), &executorv1.BindMeRequest{Book: c.book, Key: "b", ByPhone: true})
				return err
			},
			"device": func() error {
				_, err := app.App.RegisterMyDevice(t.Context(), &executorv1.RegisterMyDeviceRequest{Book: c.book, Token: "device-of-a-stranger"})
				return err
			},
		} {
			if r := refusal(t, call()); r.Code != string(fault.PhoneUnconfirmed) {
				t.Errorf("%s: %v", name, r)
			}
		}
	}
	closed(app)
	confirm := func(app worker, n uint64) error {
		_, err := app.App.ConfirmMyInn(t.Context(), &executorv1.ConfirmMyInnRequest{Book: c.book, Inn: requisite.ExamplePersonINN(n)})
		return err
	}
	refused(t, confirm(app, who+1), fault.PhoneMismatch, "inn")
	closed(app)
	if err := confirm(app, who); err != nil {
		t.Fatal(err)
	}
	if _, err := app.App.SetMyRequisites(t.Context(), &executorv1.SetMyRequisitesRequest{Book: c.book, Key: "r2", Requisites: account(2)}); err != nil {
		t.Error(err)
	}
	// Another phone is another stranger's.
	moved := person(who)
	moved.Phone = requisite.ExamplePhone(who + 2)
	if _, err := c.Executors.UpdateExecutor(t.Context(), &executorv1.UpdateExecutorRequest{Book: c.book, Key: "moved", ExecutorId: id, Person: moved}); err != nil {
		t.Fatal(err)
	}
	next, _ := c.newcomer(moved.GetPhone())
	closed(next)
	for range 5 {
		refused(t, confirm(next, who+1), fault.PhoneMismatch, "inn")
	}
	refused(t, confirm(next, who), fault.TooOften, "inn")
	closed(next)
}
