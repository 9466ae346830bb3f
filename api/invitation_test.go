package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/engine/push"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// message waits for the n-th message to an address that fits a pattern, from 1, and gives
// what the pattern finds.
func (c *caller) message(to, pattern string, n int) string {
	c.t.Helper()
	form := regexp.MustCompile(pattern)
	for until := time.Now().Add(patience); time.Now().Before(until); c.pause() {
		var found []string
		c.house.post.mu.Lock()
		for _, notice := range c.house.post.sent {
			if m := form.FindStringSubmatch(notice.Text); m != nil && notice.To == to {
				found = append(found, m[1])
			}
		}
		c.house.post.mu.Unlock()
		if len(found) >= n {
			return found[n-1]
		}
	}
	c.t.Fatalf("no message %d to %s like %s", n, to, pattern)
	return ""
}

const (
	codeForm = `^Код подтверждения: (\d{6})\.`
	linkForm = `/join/(book-[0-9]+/invitation-[0-9a-f]+#\S+)`
)

// guest is somebody with a link.
type guest struct {
	*caller
	at       *client.Client
	id, link string
}

func (c *caller) guest(uri string) guest {
	c.t.Helper()
	_, rest, _ := strings.Cut(uri, "/join/")
	id, link, ok := strings.Cut(rest, "#")
	if !ok {
		id, link, _ = strings.Cut(uri, "#")
	}
	return guest{c, c.visitor(""), strings.TrimPrefix(id, c.book+"/"), link}
}

func (g guest) claim(phone string) error {
	_, err := g.at.Invitations.ClaimInvitation(g.t.Context(), &executorv1.ClaimInvitationRequest{Book: g.book, InvitationId: g.id, Link: g.link, Phone: phone})
	return err
}

func (g guest) confirm(code string) (string, error) {
	got, err := g.at.Invitations.ConfirmInvitation(g.t.Context(), &executorv1.ConfirmInvitationRequest{Book: g.book, InvitationId: g.id, Link: g.link, Code: code})
	return got.GetToken(), err
}

// texts are the versions of what is to be accepted.
func (g guest) texts() (policy, executor string) {
	g.t.Helper()
	got, err := g.at.Invitations.OpenInvitation(g.t.Context(), &executorv1.OpenInvitationRequest{Book: g.book, InvitationId: g.id, Link: g.link})
	if err != nil || len(got.GetTexts()) != 2 {
		g.t.Fatal(got, err)
	}
	return got.GetTexts()[0].GetVersion(), got.GetTexts()[1].GetVersion()
}

// inside claims, confirms and accepts, and gives the client of what comes next.
func (g guest) inside(phone string) *client.Client {
	g.t.Helper()
	if err := g.claim(phone); err != nil {
		g.t.Fatal(err)
	}
	token, err := g.confirm(g.message(phone, codeForm, 1))
	if err != nil {
		g.t.Fatal(err)
	}
	in := g.visitor(token)
	policy, executor := g.texts()
	if _, err := in.Invitations.AcceptInvitation(g.t.Context(), &executorv1.AcceptInvitationRequest{
		Book: g.book, InvitationId: g.id, PolicyVersion: policy, ExecutorVersion: executor,
	}); err != nil {
		g.t.Fatal(err)
	}
	return in
}

func (g guest) join(in *client.Client, p *executorv1.Person) error {
	_, err := in.Invitations.JoinByInvitation(g.t.Context(), &executorv1.JoinByInvitationRequest{Book: g.book, InvitationId: g.id, Person: p})
	return err
}

// joined waits for a state.
func (g guest) joined(in *client.Client, state string) *executorv1.Joining {
	g.t.Helper()
	for until := time.Now().Add(patience); ; g.pause() {
		got, err := in.Invitations.GetJoining(g.t.Context(), &executorv1.GetJoiningRequest{Book: g.book, InvitationId: g.id})
		if err != nil || time.Now().After(until) {
			g.t.Fatal(got, err)
		}
		if got.GetJoining().GetState() == state {
			return got.GetJoining()
		}
	}
}

func (c *caller) linkFor(req *executorv1.CreateInvitationRequest) *executorv1.Invitation {
	c.t.Helper()
	req.Book = c.book
	if req.GetKey() == "" {
		req.Key = fmt.Sprint("invite-", c.books.Add(1))
	}
	if req.GetEmploymentKind() == "" {
		req.EmploymentKind = "selfemployed"
	}
	got, err := c.Invitations.CreateInvitation(c.t.Context(), req)
	if err != nil {
		c.t.Fatal(err)
	}
	return got.GetInvitation()
}

// testInvitation is a stranger's way from the SMS to the paid work's device.
func testInvitation(t *testing.T, h *house) {
	const who = 8500
	c := h.caller(t)
	company, phone := c.company(1, "1000.00"), requisite.ExamplePhone(who)
	told := c.toldOfJoining(company)
	req := &executorv1.CreateInvitationRequest{Key: "i", CompanyId: company, Name: "Иван с объекта", Phone: phone}
	made := c.linkFor(req)
	if again := c.linkFor(proto.CloneOf(req)); again.GetId() != made.GetId() || again.GetUri() != made.GetUri() {
		t.Errorf("%v, then %v", made, again)
	}
	g := c.guest(c.message(phone, linkForm, 1))
	if want := c.book + "/" + g.id + "#" + g.link; !strings.HasSuffix(made.GetUri(), "/join/"+want) || made.GetState() != "issued" || made.GetName() != "Иван с объекта" || strings.Contains(made.String(), phone) {
		t.Errorf("%v, sent %s", made, want)
	}
	refused(t, g.claim(requisite.ExamplePhone(who+1)), fault.PhoneMismatch, "phone")
	if err := g.claim(phone); err != nil {
		t.Fatal(err)
	}
	refused(t, g.claim(phone), fault.TooOften, "event")
	code := c.message(phone, codeForm, 1)
	_, err := g.confirm(another(code))
	refused(t, err, fault.CodeWrong, "code")
	token, err := g.confirm(code)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, g.join(g.at, person(who)), fault.Unauthenticated, "authorization")
	in := c.visitor(token)
	refused(t, g.join(in, person(who)), fault.WrongState, "event") // the texts come first
	policy, agreed := g.texts()
	accept := &executorv1.AcceptInvitationRequest{Book: c.book, InvitationId: g.id, PolicyVersion: policy, ExecutorVersion: "old"}
	_, err = in.Invitations.AcceptInvitation(t.Context(), accept)
	refused(t, err, fault.ConditionFailed, "executor_version")
	accept.ExecutorVersion = agreed
	if _, err = in.Invitations.AcceptInvitation(t.Context(), accept); err != nil {
		t.Fatal(err)
	}
	if err := g.join(in, person(who)); err != nil {
		t.Fatal(err)
	}
	done := g.joined(in, "done")
	evidence, ok, err := private.Only(h.vault.Evidences(t.Context(), c.book, private.Ref{ID: g.id, Version: 1}))
	if err != nil || !ok || evidence.Content.GetTexts()["executor"] != agreed || evidence.Content.GetAddress() == "" || len(evidence.Content.GetHashes()) != 2 {
		t.Errorf("%v %v", evidence.Content, err)
	}
	refused(t, g.claim(phone), fault.LinkUsed, "link")
	told(requisite.ExamplePersonINN(who), phone, done.GetExecutorId(), g.id)
	app, logged := c.newcomer(phone) // the code of the invitation has confirmed the phone
	if logged != done.GetExecutorId() {
		t.Fatalf("%s logs in as %s", done.GetExecutorId(), logged)
	}
	h.pushes(t, c, app, company, logged)
	_, err = c.Invitations.RevokeInvitation(t.Context(), &executorv1.RevokeInvitationRequest{Book: c.book, Key: "late", CompanyId: company, InvitationId: g.id})
	refused(t, err, fault.LinkUsed, "link")
	list, err := c.Invitations.ListInvitations(t.Context(), &executorv1.ListInvitationsRequest{Book: c.book, CompanyId: company, States: []string{"done"}})
	if err != nil || len(list.GetInvitations()) != 1 || list.GetInvitations()[0].GetExecutorId() != logged || list.GetInvitations()[0].GetUri() != "" {
		t.Errorf("%v %v", list, err)
	}
	h.discreet(t, phone, token, strings.SplitN(g.link, ".", 2)[1], code)
}

// pushes names a device, and hears of a task on it.
func (h *house) pushes(t *testing.T, c *caller, app worker, company, id string) {
	t.Helper()
	const token = "device-token-of-the-person"
	p, err := push.New(push.Config{DB: h.db, Process: c.book, Notifier: h.post, Tokens: h.vault.DeviceTokens, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.App.RegisterMyDevice(t.Context(), &executorv1.RegisterMyDeviceRequest{Book: c.book, Token: token}); err != nil {
		t.Fatal(err)
	}
	if err := p.Pass(t.Context()); err != nil { // begins at the head
		t.Fatal(err)
	}
	if _, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "pushed", CompanyId: company, Task: draft("100.00", id)}); err != nil {
		t.Fatal(err)
	}
	if err := p.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.message(token, `(принять задание)`, 1); got == "" {
		t.Error("nothing on the device")
	}
	if _, err := app.App.RemoveMyDevice(t.Context(), &executorv1.RemoveMyDeviceRequest{Book: c.book, Token: token}); err != nil {
		t.Fatal(err)
	}
	if list, err := h.db.Devices(t.Context(), c.book, id); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

// testInvitationKnown introduces somebody who is an executor, by his own phone alone.
func testInvitationKnown(t *testing.T, h *house) {
	const who = 8510
	c := h.caller(t)
	company := c.company(1, "")
	id := c.executor(who, "selfemployed", nil)
	g := c.guest(c.linkFor(&executorv1.CreateInvitationRequest{CompanyId: company}).GetUri())
	in := g.inside(requisite.ExamplePhone(who))
	p := person(who)
	p.LastName = "Другой"
	if err := g.join(in, p); err != nil {
		t.Fatal(err)
	}
	if got := g.joined(in, "done"); got.GetExecutorId() != id {
		t.Errorf("%v, want %s", got, id)
	}
	kept, err := c.Executors.GetExecutor(t.Context(), &executorv1.GetExecutorRequest{Book: c.book, ExecutorId: id})
	if err != nil || kept.GetExecutor().GetPersonVersion() != 1 {
		t.Errorf("a known person was written over: %v %v", kept, err)
	}

	c.executor(who+1, "civil_contract", nil)
	other := c.guest(c.linkFor(&executorv1.CreateInvitationRequest{CompanyId: company}).GetUri())
	in = other.inside(requisite.ExamplePhone(who + 1))
	if err := other.join(in, person(who+1)); err != nil { // another kind: the refusal is told
		t.Fatal(err)
	}
	for until := time.Now().Add(patience); ; c.pause() {
		if got := other.joined(in, "person"); got.GetRefusal() == "kind_mismatch" && got.GetRefusalTitle() != "" {
			break
		}
		if time.Now().After(until) {
			t.Fatal("the other kind is not refused")
		}
	}
	for range 4 { // INN of somebody else
		refused(t, other.join(in, person(who)), fault.PhoneMismatch, "person.inn")
	}
	refused(t, other.join(in, person(who)), fault.PhoneMismatch, "person.inn")
	refused(t, other.join(in, person(who)), fault.LinkRevoked, "link")
}

// testInvitationRace: two people come by one link at once; one of them has it.
func testInvitationRace(t *testing.T, h *house) {
	const who = 8520
	c := h.caller(t)
	company := c.company(1, "")
	made := c.linkFor(&executorv1.CreateInvitationRequest{CompanyId: company, EmploymentKind: "civil_contract"})
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		g := c.guest(made.GetUri())
		wg.Go(func() { errs[i] = g.claim(requisite.ExamplePhone(uint64(who + i))) })
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Error("two claims at one moment")
		default:
			refused(t, err, fault.TooOften, "event")
		}
	}
	if winner < 0 {
		t.Fatal("nobody has the link")
	}
	phone := requisite.ExamplePhone(uint64(who + winner))
	g := c.guest(made.GetUri())
	token, err := g.confirm(c.message(phone, codeForm, 1))
	if err != nil {
		t.Fatal(err)
	}
	refused(t, g.claim(requisite.ExamplePhone(who+9)), fault.LinkUsed, "link")
	in := c.visitor(token)
	policy, agreed := g.texts()
	if _, err := in.Invitations.AcceptInvitation(t.Context(), &executorv1.AcceptInvitationRequest{Book: c.book, InvitationId: g.id, PolicyVersion: policy, ExecutorVersion: agreed}); err != nil {
		t.Fatal(err)
	}
	refused(t, g.join(in, person(who)), fault.IdentityMissing, "person.snils")
	if err := g.join(in, known(person(who), who, "civil_contract")); err != nil {
		t.Fatal(err)
	}
	g.joined(in, "done")
}

// testInvitationEnds: every wrong, old, revoked or foreign link has its refusal.
func testInvitationEnds(t *testing.T, h *house) {
	c := h.caller(t)
	company, mail := c.company(1, ""), "guest@mail.example"
	made := c.linkFor(&executorv1.CreateInvitationRequest{CompanyId: company, Email: mail})
	g := c.guest(c.message(mail, linkForm, 1))
	for _, link := range []string{"1." + strings.Repeat("A", 43), "2" + g.link[1:], "", "1", h.vault.Link("user_invitation", g.id, 1), "1." + h.vault.Link("user_invitation", g.id, 1), "1." + h.vault.Link("executor_invitation_sms", g.id, 1)} {
		bad := g
		if bad.link = link; link == "" {
			bad.link = "x"
		}
		refused(t, bad.claim(requisite.ExamplePhone(8530)), fault.CodeWrong, "link")
	}
	absent := g
	absent.id = "invitation-00000000000000000000"
	refused(t, absent.claim(requisite.ExamplePhone(8530)), fault.CodeWrong, "link")
	again, err := c.Invitations.ResendInvitation(t.Context(), &executorv1.ResendInvitationRequest{Book: c.book, Key: "soon", CompanyId: company, InvitationId: g.id})
	refused(t, err, fault.TooOften, "event")
	if again.GetInvitation().GetUri() != "" {
		t.Error(again)
	}
	other := h.caller(t).company(1, "")
	_, err = c.Invitations.RevokeInvitation(t.Context(), &executorv1.RevokeInvitationRequest{Book: c.book, Key: "foreign", CompanyId: other + "x", InvitationId: g.id})
	refused(t, err, fault.NotFound, "invitation_id")
	got, err := c.Invitations.RevokeInvitation(t.Context(), &executorv1.RevokeInvitationRequest{Book: c.book, Key: "revoke", CompanyId: company, InvitationId: g.id})
	if err != nil || got.GetInvitation().GetState() != "revoked" || got.GetInvitation().GetId() != made.GetId() {
		t.Fatal(got, err)
	}
	refused(t, g.claim(requisite.ExamplePhone(8530)), fault.LinkRevoked, "link")
	_, err = g.at.Invitations.OpenInvitation(t.Context(), &executorv1.OpenInvitationRequest{Book: c.book, InvitationId: g.id, Link: g.link})
	refused(t, err, fault.LinkRevoked, "link")
	for until := time.Now().Add(patience); ; c.pause() {
		if docs, err := h.vault.Invitations(t.Context(), c.book, private.Refs(g.id)...); err == nil && len(docs) == 0 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("the address is kept")
		}
	}
	_, err = c.Invitations.CreateInvitation(t.Context(), &executorv1.CreateInvitationRequest{
		Book: c.book, Key: "both", CompanyId: company, EmploymentKind: "selfemployed", Phone: requisite.ExamplePhone(8530), Email: mail,
	})
	refused(t, err, fault.Malformed, "email")
}

// toldOfJoining subscribes a company to who joins by its invitations, and gives what waits for
// the one postback and looks at it.
func (c *caller) toldOfJoining(company string) func(inn, phone, executor, invitation string) {
	c.t.Helper()
	own := *c
	f := &firm{caller: &own, id: company}
	f.key = c.mintFor(c.t, c.book, company)
	r, know := newReceiver(c.t)
	know(f.subscribe(r.URL, `,"subscribed_on":["executor.joined"]`).Secret)
	return func(inn, phone, executor, invitation string) {
		c.t.Helper()
		d, err := c.api.Postbacks("test")
		if err != nil {
			c.t.Fatal(err)
		}
		for until := time.Now().Add(patience); len(r.events()) == 0 && time.Now().Before(until); c.pause() {
			if err := d.Pass(c.t.Context()); err != nil {
				c.t.Fatal(err)
			}
		}
		want := `{"executor_id":"` + executor + `","invitation_id":"` + invitation + `","inn":"` + inn + `","phone":"` + phone + `","first_name":"Пётр","last_name":"Иванов","selfemployed_status":"unknown"}`
		if got := r.events(); !slices.Equal(got, []string{"executor.joined"}) || string(r.got[0].body) != want || !r.got[0].signed {
			c.t.Errorf("%v, want %s", got, want)
		}
	}
}

// testInvitationPage opens the page that a link leads to, and goes the way of its script: the
// same addresses, the same names.
func testInvitationPage(t *testing.T, h *house) {
	const who = 8560
	c := h.caller(t)
	company, phone := c.company(1, ""), requisite.ExamplePhone(who)
	c.linkFor(&executorv1.CreateInvitationRequest{CompanyId: company, Phone: phone})
	g := c.guest(c.message(phone, linkForm, 1))
	get, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+"/join/"+c.book+"/"+g.id, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(get)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	_, script, _ := strings.Cut(string(page), "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	sum := sha256.Sum256([]byte(script))
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") ||
		answer.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(string(page), "Регистрация исполнителя") {
		t.Fatalf("%d %v %v", answer.StatusCode, answer.Header, err)
	}
	token := ""
	call := func(path string, body map[string]any) map[string]any {
		t.Helper()
		if path != "" && !strings.Contains(script, "call('"+path+"'") {
			t.Errorf("the page does not ask %s", path)
		}
		sent, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		method := http.MethodPost
		if body == nil {
			method, sent = http.MethodGet, nil
		}
		req, err := http.NewRequestWithContext(t.Context(), method, h.url+"/v1/books/"+c.book+"/invitations/"+g.id+path, bytes.NewReader(sent))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		out := map[string]any{}
		if err := json.NewDecoder(answer.Body).Decode(&out); err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %v %v", path, answer.StatusCode, out, err)
		}
		return out
	}
	opened := call("/open", map[string]any{"link": g.link})
	versions := map[string]any{}
	for _, text := range opened["texts"].([]any) {
		of := text.(map[string]any)
		versions[of["name"].(string)+"_version"] = of["version"]
	}
	if opened["company_name"] == "" || opened["employment_kind"] != "selfemployed" || len(versions) != 2 {
		t.Errorf("%v", opened)
	}
	call("/claim", map[string]any{"link": g.link, "phone": phone})
	confirmed := call("/confirm", map[string]any{"link": g.link, "code": c.message(phone, codeForm, 1)})
	token = confirmed["token"].(string)
	state := func(out map[string]any) any { return out["joining"].(map[string]any)["state"] }
	if state(confirmed) != "agreement" || state(call("/accept", versions)) != "person" {
		t.Errorf("%v", confirmed)
	}
	call("/join", map[string]any{"person": map[string]any{"last_name": "Иванов", "first_name": "Пётр", "second_name": "", "inn": requisite.ExamplePersonINN(who)}})
	for until := time.Now().Add(patience); state(call("", nil)) != "done"; c.pause() {
		if time.Now().After(until) {
			t.Fatal("never done")
		}
	}
}
