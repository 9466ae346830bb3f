package api_test

import (
	"strings"
	"testing"

	taxservice "github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// known has a person bound whom the tax service knows by a phone, and waits until that is compared.
func (c *caller) known(id string, n uint64, phone string) *executorv1.Executor {
	c.t.Helper()
	c.house.person(c.t, n, func(p *taxservice.Person) { p.Answers, p.Phone = "yes", phone })
	if _, err := c.Executors.BindExecutor(c.t.Context(), &executorv1.BindExecutorRequest{Book: c.book, Key: "known-" + id, ExecutorId: id}); err != nil {
		c.t.Fatal(err)
	}
	if s := c.standing(id, "validated"); (s.GetPhone() == "same") != (phone == requisite.ExamplePhone(n)) || s.GetPhone() == "" {
		c.t.Fatalf("%v", s)
	}
	got, err := c.Executors.GetExecutor(c.t.Context(), &executorv1.GetExecutorRequest{Book: c.book, ExecutorId: id})
	if err != nil {
		c.t.Fatal(err)
	}
	return got.GetExecutor()
}

// gaveINN gives a person's INN on the page of a link.
func (c *caller) gaveINN(link string, n uint64) {
	c.t.Helper()
	_, err := c.visitor("").Documents.ConfirmSigner(c.t.Context(), &documentv1.ConfirmSignerRequest{Link: link, Inn: requisite.ExamplePersonINN(n)})
	if err != nil {
		c.t.Fatal(err)
	}
}

// opened is what a link shows.
func (c *caller) opened(link string) *documentv1.GetSigningResponse {
	c.t.Helper()
	shown, err := c.visitor("").Documents.GetSigning(c.t.Context(), &documentv1.GetSigningRequest{Link: link})
	if err != nil {
		c.t.Fatal(err)
	}
	return shown
}

// codeFor asks for a code on the page of a link.
func (c *caller) codeFor(link, sum string) error {
	_, err := c.visitor("").Documents.RequestCode(c.t.Context(), &documentv1.RequestCodeRequest{Link: link, DocumentSha256: sum})
	return err
}

// testCompanysPhone plays the attack: a company registers a stranger's INN with a phone and an
// account of its own. It knows the INN, so it sees the document; it signs nothing, by the link or
// in the application, also when the stranger is bound to us. A misdialled phone sees nothing at all.
func testCompanysPhone(t *testing.T, h *house) {
	const who = 8340
	c := h.caller(t)
	company, id, phone := c.company(1, "1000.00"), c.executor(who, "selfemployed", account(1)), requisite.ExamplePhone(who)
	made := c.drafted(t, "t1", company, id, false)
	link := linkOf(t, made.GetAgreementSigningUri())
	if shown := c.opened(link); shown.GetState() != "identity" || shown.GetNeeds() != "inn" || shown.GetDocument() != nil || shown.GetTitle()+shown.GetAmount() != "" {
		t.Errorf("a stranger sees %v", shown)
	}
	refused(t, c.codeFor(link, strings.Repeat("0", 64)), fault.PhoneUnconfirmed, "phone")
	_, err := c.visitor("").Documents.ConfirmSigner(t.Context(), &documentv1.ConfirmSignerRequest{Link: link, Inn: requisite.ExamplePersonINN(who + 1)})
	refused(t, err, fault.PhoneMismatch, "inn")

	signs := func(why string) {
		t.Helper()
		shown := c.opened(link)
		if shown.GetState() != "open" || shown.GetNeeds() != "tax_service" || shown.GetDocument() == nil {
			t.Errorf("%s: %v", why, shown)
		}
		refused(t, c.codeFor(link, shown.GetDocument().GetSha256()), fault.IdentityUnproven, "phone")
		_, err := c.visitor("").Documents.Sign(t.Context(), &documentv1.SignRequest{Link: link, DocumentSha256: shown.GetDocument().GetSha256(), Code: "000000"})
		refused(t, err, fault.IdentityUnproven, "phone")
	}
	c.gaveINN(link, who)
	signs("the INN is given")
	app, _ := c.newcomer(phone)
	_, err = app.App.AcceptMyTask(t.Context(), &executorv1.AcceptMyTaskRequest{Book: c.book, Key: "yes", TaskId: made.GetId(), Terms: 1})
	refused(t, err, fault.IdentityUnproven, "phone")
	_, err = app.App.SignMyAct(t.Context(), &executorv1.SignMyActRequest{Book: c.book, Key: "act", TaskId: made.GetId()})
	refused(t, err, fault.IdentityUnproven, "phone")

	if got := c.known(id, who, requisite.ExamplePhone(who+2)); got.GetPhoneProof() != "inn" {
		t.Errorf("%v", got)
	}
	signs("the stranger is bound, by a phone of his own")
	_, err = app.App.SetMyRequisites(t.Context(), &executorv1.SetMyRequisitesRequest{Book: c.book, Key: "r", Requisites: account(9)})
	refused(t, err, fault.IdentityUnproven, "phone")
	if now, err := c.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: made.GetId()}); err != nil || now.GetTask().GetStatus() != "draft" {
		t.Errorf("%v %v", now, err)
	}
}

// testOtherPhoneThere: the person gives the phone by which the tax service knows him, and signs;
// with another one again he does not.
func testOtherPhoneThere(t *testing.T, h *house) {
	const who = 8350
	c := h.caller(t)
	company, id := c.company(1, "1000.00"), c.executor(who, "selfemployed", account(1))
	c.known(id, who, requisite.ExamplePhone(who+2))
	move := func(phone string) {
		t.Helper()
		moved := person(who)
		moved.Phone = phone
		if _, err := c.Executors.UpdateExecutor(t.Context(), &executorv1.UpdateExecutorRequest{Book: c.book, Key: "to" + phone, ExecutorId: id, Person: moved}); err != nil {
			t.Fatal(err)
		}
	}
	proof := func(want string) {
		t.Helper()
		c.seen(id, false, func(e *executorv1.Executor) bool { return e.GetPhoneProof() == want })
	}
	move(requisite.ExamplePhone(who + 2))
	proof("")
	if _, err := c.Executors.CheckSelfemployed(t.Context(), &executorv1.CheckSelfemployedRequest{Book: c.book, Key: "look", ExecutorId: id}); err != nil {
		t.Fatal(err)
	}
	proof("tax_service")
	made := c.drafted(t, "t1", company, id, false)
	link := linkOf(t, made.GetAgreementSigningUri())
	shown := c.opened(link)
	if shown.GetState() != "open" || shown.GetNeeds() != "" {
		t.Fatalf("%v", shown)
	}
	if err := c.codeFor(link, shown.GetDocument().GetSha256()); err != nil {
		t.Fatal(err)
	}
	move(requisite.ExamplePhone(who + 4))
	proof("")
	refused(t, c.codeFor(link, shown.GetDocument().GetSha256()), fault.PhoneUnconfirmed, "phone")
	h.discreet(t, requisite.ExamplePhone(who + 2)[2:], requisite.ExamplePhone(who + 4)[2:])
}

// testNotMyContract: who has the link says that it is not his contract. He is not chosen, not
// paid, and logs in no more until support has looked, and said why.
func testNotMyContract(t *testing.T, h *house) {
	const who = 8360
	c := h.caller(t)
	company, id, phone := c.company(1, "1000.00"), c.executor(who, "civil_contract", account(1)), requisite.ExamplePhone(who)
	paid := c.finished("paid", company, id)
	made := c.drafted(t, "t1", company, id, false)
	link := linkOf(t, made.GetAgreementSigningUri())
	app, _ := c.newcomer(phone)
	if _, err := c.visitor("").Documents.DisputeSigning(t.Context(), &documentv1.DisputeSigningRequest{Link: link}); err != nil {
		t.Fatal(err)
	}
	if shown := c.opened(link); shown.GetState() != "disputed" || shown.GetDocument() != nil {
		t.Errorf("%v", shown)
	}
	refused(t, c.codeFor(link, strings.Repeat("0", 64)), fault.IdentityDisputed, "executor_id")
	_, err := c.visitor("").Documents.ConfirmSigner(t.Context(), &documentv1.ConfirmSignerRequest{Link: link, Inn: requisite.ExamplePersonINN(who)})
	refused(t, err, fault.IdentityDisputed, "executor_id")
	_, err = app.App.GetMyProfile(t.Context(), &executorv1.GetMyProfileRequest{Book: c.book})
	refused(t, err, fault.Unauthenticated, "authorization")
	_, err = c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, Key: "pay", TaskId: paid})
	refused(t, err, fault.IdentityDisputed, "executor_id")
	_, err = c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "another", CompanyId: company, Task: draft("1.00", id)})
	if r := refusal(t, err); r.Code != string(fault.WrongState) {
		t.Errorf("%v", r)
	}

	list := c.disputes()
	if len(list) != 1 || list[0].GetExecutorId() != id || list[0].GetState() != "disputed" || list[0].GetDisputedCode() != "person" || list[0].GetDisputedTask() != made.GetId() || !list[0].GetMasked() {
		t.Fatalf("%v", list)
	}
	settle := &executorv1.SettleIdentityRequest{Book: c.book, Key: "seen", ExecutorId: id, Code: "video-call", Genuine: true, PersonVersion: 9}
	_, err = c.Executors.SettleIdentity(t.Context(), settle)
	refused(t, err, fault.WrongState, "profile_version")
	settle.Key, settle.PersonVersion = "seen-2", list[0].GetPersonVersion()
	done, err := c.Executors.SettleIdentity(t.Context(), settle)
	if err != nil || done.GetExecutor().GetState() != "registered" || done.GetExecutor().GetPhoneProof() != "support" || done.GetExecutor().GetSettledCode() != "video-call" {
		t.Fatalf("%v %v", done, err)
	}
	if shown := c.opened(link); shown.GetState() != "open" || shown.GetNeeds() != "" {
		t.Errorf("%v", shown)
	}
	if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, Key: "pay-2", TaskId: paid}); err != nil {
		t.Error(err)
	}
	// Support has looked: a link is no way to stop the person's money again.
	_, err = c.visitor("").Documents.DisputeSigning(t.Context(), &documentv1.DisputeSigningRequest{Link: link})
	refused(t, err, fault.WrongState, "link")
	if list := c.disputes(); len(list) != 0 {
		t.Errorf("%v", list)
	}

	// Somebody complains, and it is somebody else.
	if _, err := c.Executors.DisputeIdentity(t.Context(), &executorv1.DisputeIdentityRequest{Book: c.book, Key: "complaint", ExecutorId: id, Code: "complaint"}); err != nil {
		t.Fatal(err)
	}
	settle.Key, settle.Genuine, settle.Code = "false", false, "fraud"
	if done, err = c.Executors.SettleIdentity(t.Context(), settle); err != nil || done.GetExecutor().GetState() != "blocked" || done.GetExecutor().GetPhoneProof() != "" || done.GetExecutor().GetBlockedCode() != "fraud" {
		t.Errorf("%v %v", done, err)
	}
	if _, err := c.visitor("").Documents.DisputeSigning(t.Context(), &documentv1.DisputeSigningRequest{Link: link}); err != nil {
		t.Error(err)
	}
	if list := c.disputes(); len(list) != 0 {
		t.Errorf("support has to look again: %v", list)
	}
}

// finished is a task, signed outside, whose work is done.
func (c *caller) finished(key, company, worker string) string {
	c.t.Helper()
	d := draft("100.00", worker)
	d.DocumentNumber, d.DocumentDate = "1", "2026-01-01"
	made, err := c.Tasks.CreateTask(c.t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: key, CompanyId: company, Task: d})
	if err != nil {
		c.t.Fatal(err)
	}
	id := made.GetTask().GetId()
	c.inState(id, "inwork")
	if _, err := c.Tasks.DoneTask(c.t.Context(), &taskv1.DoneTaskRequest{Book: c.book, Key: key + "-done", TaskId: id}); err != nil {
		c.t.Fatal(err)
	}
	return id
}

// disputes are whom support has to look at.
func (c *caller) disputes() []*executorv1.Executor {
	c.t.Helper()
	got, err := c.Executors.ListDisputes(c.t.Context(), &executorv1.ListDisputesRequest{Book: c.book, MinPosition: c.now()})
	if err != nil {
		c.t.Fatal(err)
	}
	return got.GetExecutors()
}
