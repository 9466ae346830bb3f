package api_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
)

// testSharedPhone: two people of one phone log in by one code, each as himself.
func testSharedPhone(t *testing.T, h *house) {
	t.Run("Moved", func(t *testing.T) { testMovedPhone(t, h) })
	const who = 8540
	c := h.caller(t)
	phone := requisite.ExamplePhone(who)
	ids := map[string]bool{}
	for n := range uint64(2) {
		p := person(who + n)
		p.Phone = phone
		got, err := c.Executors.RegisterExecutor(t.Context(), &executorv1.RegisterExecutorRequest{Book: c.book, Key: fmt.Sprint("shared-", n), EmploymentKind: "selfemployed", Person: p})
		if err != nil {
			t.Fatal(err)
		}
		ids[got.GetExecutor().GetExecutorId()] = true
	}
	stranger := c.visitor("")
	if _, err := stranger.App.StartLogin(t.Context(), &executorv1.StartLoginRequest{Book: c.book, Phone: phone}); err != nil {
		t.Fatal(err)
	}
	code := c.loginCode(phone, 1)
	confirm := func(code, id string) (*executorv1.ConfirmLoginResponse, error) {
		return stranger.App.ConfirmLogin(t.Context(), &executorv1.ConfirmLoginRequest{Book: c.book, Phone: phone, Code: code, ExecutorId: id})
	}
	_, err := confirm(another(code), "")
	refused(t, err, fault.LoginRefused, "code")
	choice, err := confirm(code, "")
	if err != nil || choice.GetToken() != "" || len(choice.GetChoices()) != 2 {
		t.Fatal(choice, err)
	}
	for _, one := range choice.GetChoices() {
		if !ids[one.GetExecutorId()] || len(one.GetInnEnding()) != 4 || one.GetName() == "" {
			t.Errorf("%v", one)
		}
	}
	_, err = confirm(code, c.executor(who+5, "selfemployed", nil))
	refused(t, err, fault.LoginRefused, "code")
	second := choice.GetChoices()[1].GetExecutorId()
	begun, err := confirm(code, second)
	if err != nil || begun.GetExecutorId() != second || begun.GetToken() == "" {
		t.Fatal(begun, err)
	}
	app := c.visitor(begun.GetToken())
	if me, err := app.App.GetMyProfile(t.Context(), &executorv1.GetMyProfileRequest{Book: c.book}); err != nil || me.GetExecutor().GetExecutorId() != second {
		t.Fatal(me, err)
	}
	_, err = confirm(code, choice.GetChoices()[0].GetExecutorId())
	refused(t, err, fault.LoginRefused, "code") // the code is used up
}

// testCrowdedPhone: a company gives one phone to many. Lists stay short, and who has shown that it
// is his is among those whom he can choose, wherever his id stands.
func testCrowdedPhone(t *testing.T, h *house) {
	const who, crowd = 9400, 53
	c := h.caller(t)
	phone := requisite.ExamplePhone(who)
	var ids []string
	for n := range uint64(crowd) {
		p := person(who + n)
		p.Phone = phone
		got, err := c.Executors.RegisterExecutor(t.Context(), &executorv1.RegisterExecutorRequest{Book: c.book, Key: fmt.Sprint("crowd-", n), EmploymentKind: "entrepreneur", Person: p})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, got.GetExecutor().GetExecutorId())
	}
	last := slices.Max(ids)
	link := linkOf(t, c.drafted(t, "t1", c.company(1, "1000.00"), last, false).GetAgreementSigningUri())
	c.gaveINN(link, who+uint64(slices.Index(ids, last))) //nolint:gosec // an index
	found, err := c.Executors.FindExecutors(t.Context(), &executorv1.FindExecutorsRequest{Book: c.book, Phone: phone})
	if err != nil || len(found.GetExecutors()) != 50 {
		t.Errorf("%d %v", len(found.GetExecutors()), err)
	}
	stranger := c.visitor("")
	if _, err := stranger.App.StartLogin(t.Context(), &executorv1.StartLoginRequest{Book: c.book, Phone: phone}); err != nil {
		t.Fatal(err)
	}
	got, err := stranger.App.ConfirmLogin(t.Context(), &executorv1.ConfirmLoginRequest{Book: c.book, Phone: phone, Code: c.loginCode(phone, 1)})
	if err != nil || len(got.GetChoices()) != 50 || got.GetChoices()[0].GetExecutorId() != last {
		t.Errorf("%v %v", got, err)
	}
}

// testOrphanProfile: a version of a person's data that nobody took over leads no code to
// another phone.
func testOrphanProfile(t *testing.T, h *house) {
	const who = 8550
	c := h.caller(t)
	id, phone, evil := c.executor(who, "selfemployed", nil), requisite.ExamplePhone(who), requisite.ExamplePhone(who+1)
	kept, _, err := private.Only(h.vault.Executors(t.Context(), c.book, private.Ref{ID: id}))
	if err != nil {
		t.Fatal(err)
	}
	forged := proto.CloneOf(kept.Content)
	forged.Phone = evil
	d := h.vault.Draft(c.book)
	d.Executor(id, kept.Version+1, forged)
	if err := d.Put(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.visitor("").App.StartLogin(t.Context(), &executorv1.StartLoginRequest{Book: c.book, Phone: phone}); err != nil {
		t.Fatal(err)
	}
	c.loginCode(phone, 1)
	c.house.post.mu.Lock()
	defer c.house.post.mu.Unlock()
	for _, n := range c.house.post.sent {
		if n.To == evil {
			t.Error("the code went to a phone that nobody took over")
		}
	}
}

// testKeysOfPeople: two people use the same idempotency key, and so does a company.
func testKeysOfPeople(t *testing.T, h *house) {
	const who = 8560
	c := h.caller(t)
	for n := range uint64(2) {
		c.executor(who+n, "selfemployed", nil)
		app, _ := c.loggedIn(requisite.ExamplePhone(who + n))
		for range 2 {
			if _, err := app.App.SetMyRequisites(t.Context(), &executorv1.SetMyRequisitesRequest{Book: c.book, Key: "1", Requisites: account(n + 1)}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// testMovedPhone: a session does not outlive the phone that it was begun with.
func testMovedPhone(t *testing.T, h *house) {
	const who = 8570
	c := h.caller(t)
	id := c.executor(who, "selfemployed", nil)
	app, _ := c.loggedIn(requisite.ExamplePhone(who))
	if _, err := app.App.RegisterMyDevice(t.Context(), &executorv1.RegisterMyDeviceRequest{Book: c.book, Token: "device-of-the-old-phone"}); err != nil {
		t.Fatal(err)
	}
	p := person(who)
	p.Email = "same-phone@mail.example"
	if _, err := c.Executors.UpdateExecutor(t.Context(), &executorv1.UpdateExecutorRequest{Book: c.book, Key: "mail", ExecutorId: id, Person: p}); err != nil {
		t.Fatal(err)
	}
	if _, err := app.App.GetMyProfile(t.Context(), &executorv1.GetMyProfileRequest{Book: c.book}); err != nil {
		t.Fatalf("another mail address has ended the session: %v", err)
	}
	p.Phone = requisite.ExamplePhone(who + 1)
	if _, err := c.Executors.UpdateExecutor(t.Context(), &executorv1.UpdateExecutorRequest{Book: c.book, Key: "phone", ExecutorId: id, Person: p}); err != nil {
		t.Fatal(err)
	}
	_, err := app.App.GetMyProfile(t.Context(), &executorv1.GetMyProfileRequest{Book: c.book})
	refused(t, err, fault.Unauthenticated, "authorization")
	if list, err := h.db.Devices(t.Context(), c.book, id); err != nil || len(list) != 0 {
		t.Errorf("the old phone is told: %v %v", list, err)
	}
}
