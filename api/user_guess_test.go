package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/fault"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	userv1 "github.com/provodka/provodka/proto/gen/provodka/user/v1"
)

// testGuessing: however many tries come at once, they are counted; strangers and nobodies
// hear the same; a device that is known goes on.
func testGuessing(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	first, anna := c.joined(c.visitor(c.key), company, "anna", "owner")
	var wait sync.WaitGroup
	codes := map[string]int{}
	var mu sync.Mutex
	try := func(who, password string) {
		wait.Go(func() {
			_, err := c.login(who, password, "")
			var r *client.Refusal
			if !errors.As(err, &r) {
				t.Error(err)
				return
			}
			mu.Lock()
			codes[r.Code]++
			mu.Unlock()
		})
	}
	for range 8 {
		try("anna", "не тот пароль совсем")
	}
	wait.Wait()
	if codes["login_refused"] != 8 {
		t.Errorf("%v", codes)
	}
	// A right password in the pause, and nobody's, hear what a wrong one hears.
	_, err := c.login("anna", goodPassword, "")
	paused := refused(t, err, fault.LoginRefused, "")
	_, err = c.login("nobody", goodPassword, "")
	if nobody := refused(t, err, fault.LoginRefused, ""); nobody.Reason != paused.Reason || len(nobody.Facts) != len(paused.Facts) {
		t.Errorf("%+v %+v", nobody, paused)
	}
	me, err := anna.Users.GetMe(t.Context(), &userv1.GetMeRequest{}) // sessions go on
	if err != nil || !me.GetUser().GetPausedUntil().AsTime().After(time.Now()) {
		t.Error(me, err)
	}
	if first.GetDevice() == "" {
		t.Fatal("no device")
	}
	if _, err := c.login("anna", goodPassword, first.GetDevice()); err != nil {
		t.Error("a known device is paused by strangers", err)
	}
	_, err = c.login("anna", goodPassword, first.GetDevice()+"x")
	r := refusal(t, err)
	if r.Code != string(fault.LoginRefused) && r.Code != string(fault.TooOften) {
		t.Error(r)
	}
	// The limit by person: the same for one whom nobody knows. At once, because it is lifted by the clock.
	clear(codes)
	for range 24 {
		try("ghost", goodPassword)
	}
	wait.Wait()
	if codes["login_refused"] == 0 || codes["too_often"] == 0 || len(codes) != 2 {
		t.Errorf("%v", codes)
	}
}

// testEvenTime: a refusal to a stranger takes a whole step, whoever is named.
func testEvenTime(t *testing.T, h *house) {
	c := h.caller(t)
	c.joined(c.visitor(c.key), c.company(1, ""), "anna", "owner")
	for _, who := range []string{"anna", "nobody"} {
		start := time.Now()
		_, err := c.login(who, "не тот пароль совсем", "")
		refused(t, err, fault.LoginRefused, "")
		if took := time.Since(start); took < 250*time.Millisecond {
			t.Errorf("%s was refused after %v", who, took)
		}
	}
}

// testPeople calls every method with every role: a role opens what api/gate/people.md says, and
// nothing else; the same of another company is never there.
func testPeople(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	people := peopleTable(t)
	clients := map[string]*caller{}
	owner, ownerClient := c.joined(c.visitor(c.key), company, "owner", "owner")
	clients["owner"] = &caller{house: h, t: t, book: c.book, key: owner.GetToken()}
	for _, role := range []string{"publisher", "acceptor", "payer", "accountant"} {
		s, _ := c.joined(ownerClient, company, role, role)
		clients[role] = &caller{house: h, t: t, book: c.book, key: s.GetToken()}
	}
	quiet := map[string]bool{"Logout": true, "RevokeSession": true} // they would end the test
	for role, who := range clients {
		eachMethod(t, func(name string, in protoreflect.MessageDescriptor) {
			method := name[strings.IndexByte(name, '/')+1:]
			if asksNobody(name) || quiet[method] {
				return
			}
			roles, decided := people[name]
			open := slices.Contains(roles, "any") || slices.Contains(roles, role)
			body := bodyOf(t, in, c.book)
			if in.Fields().ByName("company_id") != nil {
				body = bodyOf(t, in, c.book, "company_id", company)
			}
			status, answer := who.post(name, "application/json", body)
			switch {
			case !decided:
				t.Errorf("%s is not decided", name)
			case status == http.StatusUnauthorized:
				t.Errorf("%s by %s: %s", name, role, answer)
			case open == (status == http.StatusForbidden && !strings.Contains(answer, "company_id")):
				t.Errorf("%s by %s: %d %s", name, role, status, answer)
			}
		})
	}
	status, answer := clients["owner"].post("api/tasks", "application/json", "{}")
	if status != http.StatusForbidden {
		t.Errorf("/api/ by a session: %d %s", status, answer)
	}
}

// peopleTable reads api/gate/people.md as the person does who reads it.
func peopleTable(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("gate/people.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| (provodka\S+) \| (.*) \|$`).FindAllStringSubmatch(string(text), -1) {
		out[m[1]] = nil
		if m[2] != "—" {
			out[m[1]] = strings.Split(m[2], ", ")
		}
	}
	return out
}

// testOwnCompany: what is another company's is not there, wherever its name or its things
// stand in a request.
func testOwnCompany(t *testing.T, h *house) {
	c := h.caller(t)
	own, foreign := c.company(1, "1000.00"), c.company(2, "1000.00")
	worker := c.executor(1, "entrepreneur", account(1))
	made, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "foreign", CompanyId: foreign, Task: draft("10.00", worker)})
	if err != nil {
		t.Fatal(err)
	}
	theirs := made.GetTask().GetId()
	_, anna := c.joined(c.visitor(c.key), own, "anna", "owner")
	ctx := t.Context()
	for what, call := range map[string]func() error{
		"GetTask": func() error { _, err := anna.Tasks.GetTask(ctx, &taskv1.GetTaskRequest{TaskId: theirs}); return err },
		"CancelTask": func() error {
			_, err := anna.Tasks.CancelTask(ctx, &taskv1.CancelTaskRequest{TaskId: theirs})
			return err
		},
		"PayTask": func() error { _, err := anna.Tasks.PayTask(ctx, &taskv1.PayTaskRequest{TaskId: theirs}); return err },
		"ExplainAmount": func() error {
			_, err := anna.Tasks.ExplainAmount(ctx, &taskv1.ExplainAmountRequest{What: &taskv1.ExplainAmountRequest_TaskId{TaskId: theirs}})
			return err
		},
	} {
		var r *client.Refusal
		if err := call(); !errors.As(err, &r) || r.Code != string(fault.NotFound) {
			t.Errorf("%s of another company's task: %v", what, err)
		}
	}
	for what, call := range map[string]func() error{
		"GetWallet": func() error {
			_, err := anna.Companies.GetWallet(ctx, &companyv1.GetWalletRequest{CompanyId: foreign})
			return err
		},
		"ListTasks": func() error {
			_, err := anna.Tasks.ListTasks(ctx, &taskv1.ListTasksRequest{CompanyId: foreign})
			return err
		},
		"DoneAll": func() error {
			_, err := anna.Tasks.DoneAll(ctx, &taskv1.DoneAllRequest{Filter: &taskv1.TaskFilter{CompanyId: foreign}})
			return err
		},
		"PayAll of nobody": func() error { _, err := anna.Tasks.PayAll(ctx, &taskv1.PayAllRequest{}); return err },
		"PayAll of any": func() error {
			_, err := anna.Tasks.PayAll(ctx, &taskv1.PayAllRequest{Filter: &taskv1.TaskFilter{}})
			return err
		},
		"ListUsers": func() error {
			_, err := anna.Users.ListUsers(ctx, &userv1.ListUsersRequest{CompanyId: foreign})
			return err
		},
		"InviteUser": func() error {
			_, err := anna.Users.InviteUser(ctx, &userv1.InviteUserRequest{CompanyId: foreign, Email: c.mailOf("x"), Name: "x", Roles: []string{"owner"}})
			return err
		},
	} {
		var r *client.Refusal
		if err := call(); !errors.As(err, &r) || r.Code != string(fault.PermissionDenied) || !strings.HasSuffix(r.Field, "company_id") {
			t.Errorf("%s of another company: %v", what, err)
		}
	}
	// Who did it stands in the record.
	task, err := anna.Tasks.CreateTask(ctx, &taskv1.CreateTaskRequest{CompanyId: own, Task: draft("10.00", worker)})
	if err != nil || task.GetTask().GetCompanyId() != own {
		t.Fatal(task, err)
	}
	if _, err := anna.Tasks.SignAct(ctx, &taskv1.SignActRequest{TaskId: task.GetTask().GetId(), Signer: taskv1.ActSigner_ACT_SIGNER_EXECUTOR}); err == nil {
		t.Error("a company's user signed for the executor")
	}
	c.book = "another-" + c.book
	_, err = anna.Users.GetMe(ctx, &userv1.GetMeRequest{Book: c.book})
	refused(t, err, fault.PermissionDenied, "book")
}

// testKeysOfUsers: an idempotency key is the company's whose people use it. What another
// company's people call a request, or the house calls its own, is free.
func testKeysOfUsers(t *testing.T, h *house) {
	c := h.caller(t)
	worker := c.executor(1, "selfemployed", account(1))
	var made []string
	for i := range 2 {
		company := c.company(uint64(i+1), "50000.00")
		_, owner := c.joined(c.visitor(c.key), company, fmt.Sprint("owner", i), "owner")
		for again := range 2 {
			answer, err := owner.Tasks.CreateTasks(t.Context(), &taskv1.CreateTasksRequest{
				Book: c.book, CompanyId: company, Tasks: []*taskv1.NewTask{{Key: "same", Task: draft("10.00", worker)}, {Key: "house", Task: draft("20.00", worker)}},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range answer.GetResults() {
				if r.GetRefusal() != nil || r.GetReplayed() != (again == 1) {
					t.Fatalf("company %d, again %d: %v", i, again, r)
				}
			}
			made = append(made, answer.GetResults()[0].GetTaskId())
		}
	}
	if made[0] != made[1] || made[2] != made[3] || made[0] == made[2] {
		t.Errorf("made %v", made)
	}
	c.must(entryOp("house", "share", "bank:settlement", "capital:keys", "1.00"))
}
