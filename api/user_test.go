package api_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/user"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/engine/private/password"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	userv1 "github.com/provodka/provodka/proto/gen/provodka/user/v1"
)

// from makes calls come from an address, as a proxy would say it.
type from string

// RoundTrip implements http.RoundTripper.
func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", string(f))
	r.Header.Set("User-Agent", "Браузер \xff 1.0")
	return http.DefaultTransport.RoundTrip(r)
}

// visitor is a client that asks once, from an address of its own, under a token; "" is none.
func (c *caller) visitor(token string) *client.Client {
	c.t.Helper()
	n := c.books.Add(1)
	if token == "" {
		token = "nobody"
	}
	cl, err := client.New(c.url, token, client.WithAttempts(1), client.WithBook(c.book),
		client.WithHTTPClient(&http.Client{Transport: from(fmt.Sprintf("10.%d.%d.1", n/256%256, n%256))}))
	if err != nil {
		c.t.Fatal(err)
	}
	return cl
}

const goodPassword = "лошадь скрепка верно 7"

// linkIn waits for the newest mail to an address and takes it apart.
func (c *caller) linkIn(t *testing.T, address, page string) (id string, number uint32, secret string) {
	t.Helper()
	form := regexp.MustCompile(page + `/([a-z0-9-]+)#(\d+)\.(\S+)`)
	for until := time.Now().Add(patience); time.Now().Before(until); c.pause() {
		c.house.post.mu.Lock()
		for i := len(c.house.post.sent) - 1; i >= 0; i-- {
			if n := c.house.post.sent[i]; n.To == address {
				if m := form.FindStringSubmatch(n.Text); m != nil {
					c.house.post.mu.Unlock()
					number, err := strconv.ParseUint(m[2], 10, 32)
					if err != nil {
						t.Fatal(err)
					}
					return m[1], uint32(number), m[3]
				}
			}
		}
		c.house.post.mu.Unlock()
	}
	t.Fatalf("no mail with a %s link to %s", page, address)
	return "", 0, ""
}

// mailOf is an address of the test's own.
func (c *caller) mailOf(name string) string { return name + "@" + c.book + ".example" }

// invite invites somebody, by whoever asks.
func (c *caller) invite(by *client.Client, company, name string, roles ...string) *userv1.User {
	c.t.Helper()
	answer, err := by.Users.InviteUser(c.t.Context(), &userv1.InviteUserRequest{CompanyId: company, Email: c.mailOf(name), Name: name, Roles: roles})
	if err != nil {
		c.t.Fatal(name, err)
	}
	return answer.GetUser()
}

// joined invites somebody who follows the link at once.
func (c *caller) joined(by *client.Client, company, name string, roles ...string) (*userv1.NewSession, *client.Client) {
	c.t.Helper()
	c.invite(by, company, name, roles...)
	id, number, secret := c.linkIn(c.t, c.mailOf(name), "invitation")
	answer, err := c.visitor("").Users.AcceptInvitation(c.t.Context(), &userv1.AcceptInvitationRequest{UserId: id, Number: number, Secret: secret, Password: goodPassword})
	if err != nil {
		c.t.Fatal(name, err)
	}
	return answer.GetSession(), c.visitor(answer.GetSession().GetToken())
}

// login logs in with a password, perhaps with a device's token.
func (c *caller) login(name, password, device string) (*userv1.NewSession, error) {
	answer, err := c.visitor("").Users.Login(c.t.Context(), &userv1.LoginRequest{Email: c.mailOf(name), Password: password, Device: device})
	return answer.GetSession(), err
}

// testUsers: the house invites an owner, who invites others; nobody takes the last owner out.
func testUsers(t *testing.T, h *house) {
	c := h.caller(t)
	company, other := c.company(1, ""), c.company(2, "")
	house := c.visitor(c.key)
	_, err := house.Users.InviteUser(t.Context(), &userv1.InviteUserRequest{CompanyId: company, Email: c.mailOf("anna"), Name: "Анна", Roles: []string{"payer"}})
	refused(t, err, fault.WrongState, "roles")
	_, anna := c.joined(house, company, "anna", "owner")
	me, err := anna.Users.GetMe(t.Context(), &userv1.GetMeRequest{})
	if err != nil || me.GetUser().GetEmail() != c.mailOf("anna") || me.GetUser().GetCompanyId() != company || me.GetUser().GetState() != "active" || !me.GetSession().GetCurrent() {
		t.Fatalf("%v %v", me, err)
	}
	if m := strings.Join(me.GetMethods(), " "); !strings.Contains(m, "TaskService/PayTask") || strings.Contains(m, "LedgerService/Post") {
		t.Error(m)
	}
	boris, borisHimself := c.joined(anna, company, "boris", "payer")
	// The address is one user of one company.
	_, err = house.Users.InviteUser(t.Context(), &userv1.InviteUserRequest{CompanyId: other, Email: strings.ToUpper(c.mailOf("boris")), Name: "Б", Roles: []string{"owner"}})
	refused(t, err, fault.AlreadyExists, "email")
	_, err = anna.Users.InviteUser(t.Context(), &userv1.InviteUserRequest{CompanyId: company, Email: c.mailOf("boris"), Name: "Б", Roles: []string{"owner"}})
	refused(t, err, fault.AlreadyExists, "user_id")
	_, err = borisHimself.Users.InviteUser(t.Context(), &userv1.InviteUserRequest{CompanyId: company, Email: c.mailOf("vera"), Name: "В", Roles: []string{"payer"}})
	refused(t, err, fault.PermissionDenied, "")
	_, err = anna.Users.ChangeRoles(t.Context(), &userv1.ChangeRolesRequest{CompanyId: company, UserId: me.GetUser().GetId(), Roles: []string{"payer"}})
	refused(t, err, fault.LastOwner, "user_id")
	_, err = anna.Users.RemoveUser(t.Context(), &userv1.RemoveUserRequest{CompanyId: company, UserId: me.GetUser().GetId()})
	refused(t, err, fault.LastOwner, "user_id")
	changed, err := anna.Users.ChangeRoles(t.Context(), &userv1.ChangeRolesRequest{CompanyId: company, UserId: boris.GetUser().GetId(), Roles: []string{"payer", "owner"}})
	if err != nil || strings.Join(changed.GetUser().GetRoles(), " ") != "owner payer" {
		t.Fatal(changed, err)
	}
	blocked, err := borisHimself.Users.BlockUser(t.Context(), &userv1.BlockUserRequest{CompanyId: company, UserId: me.GetUser().GetId()})
	if err != nil {
		t.Fatal(err) // his roles hold at once
	}
	if rec := h.record(t, blocked.GetPosition()); rec.GetActor() != boris.GetUser().GetId() || strings.Contains(rec.String(), "boris") {
		t.Errorf("who did it: %v", rec)
	}
	_, err = anna.Users.GetMe(t.Context(), &userv1.GetMeRequest{})
	refused(t, err, fault.Unauthenticated, "authorization")
	_, err = c.login("anna", goodPassword, "")
	refused(t, err, fault.LoginRefused, "")
	if _, err := borisHimself.Users.UnblockUser(t.Context(), &userv1.UnblockUserRequest{CompanyId: company, UserId: me.GetUser().GetId()}); err != nil {
		t.Fatal(err)
	}
	_, err = anna.Users.GetMe(t.Context(), &userv1.GetMeRequest{})
	refused(t, err, fault.Unauthenticated, "authorization") // the session of before stays over
	if _, err := c.login("anna", goodPassword, ""); err != nil {
		t.Error(err)
	}
	// Whoever is removed may be a user of another company.
	if _, err := borisHimself.Users.RemoveUser(t.Context(), &userv1.RemoveUserRequest{CompanyId: company, UserId: me.GetUser().GetId()}); err != nil {
		t.Fatal(err)
	}
	_, there := c.joined(house, other, "anna", "owner")
	if me, err := there.Users.GetMe(t.Context(), &userv1.GetMeRequest{}); err != nil || me.GetUser().GetCompanyId() != other {
		t.Error(me, err)
	}
	list, err := borisHimself.Users.ListUsers(t.Context(), &userv1.ListUsersRequest{CompanyId: company})
	all, failed := borisHimself.Users.ListUsers(t.Context(), &userv1.ListUsersRequest{CompanyId: company, Removed: true})
	if err != nil || failed != nil || len(list.GetUsers()) != 1 || len(all.GetUsers()) != 2 {
		t.Error(list, all, err, failed)
	}
}

// testPasswords: which are taken, how another is set, and that links are followed once.
func testPasswords(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	house := c.visitor(c.key)
	c.invite(house, company, "anna", "owner")
	id, number, secret := c.linkIn(t, c.mailOf("anna"), "invitation")
	accept := func(number uint32, secret, password string) error {
		_, err := c.visitor("").Users.AcceptInvitation(t.Context(), &userv1.AcceptInvitationRequest{UserId: id, Number: number, Secret: secret, Password: password})
		return err
	}
	refused(t, accept(number, secret, "коротко"), fault.PasswordWeak, "password")
	refused(t, accept(number, secret, c.mailOf("anna")), fault.PasswordWeak, "password")
	refused(t, accept(number, secret+"x", goodPassword), fault.CodeExpired, "secret")
	refused(t, accept(number+1, secret, goodPassword), fault.CodeExpired, "secret")
	if err := accept(number, secret, goodPassword); err != nil {
		t.Fatal(err)
	}
	refused(t, accept(number, secret, goodPassword), fault.CodeExpired, "secret")
	first, err := c.login("anna", goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	anna := c.visitor(first.GetToken())
	change := func(old, fresh string) (*userv1.ChangePasswordResponse, error) {
		return anna.Users.ChangePassword(t.Context(), &userv1.ChangePasswordRequest{OldPassword: old, NewPassword: fresh})
	}
	_, err = change(goodPassword, "123456789012")
	refused(t, err, fault.PasswordWeak, "new_password")
	_, err = change("не тот пароль 7", goodPassword+"8")
	refused(t, err, fault.LoginRefused, "old_password")
	changed, err := change(goodPassword, goodPassword+"8")
	if err != nil {
		t.Fatal(err)
	}
	_, err = anna.Users.GetMe(t.Context(), &userv1.GetMeRequest{})
	refused(t, err, fault.Unauthenticated, "authorization")
	if _, err := c.visitor(changed.GetSession().GetToken()).Users.GetMe(t.Context(), &userv1.GetMeRequest{}); err != nil {
		t.Error("the session that changed it", err)
	}
	_, err = c.login("anna", goodPassword, "")
	refused(t, err, fault.LoginRefused, "")
	// A forgotten password: the answer is the same for everybody, and the mail comes once a minute.
	for _, who := range []string{"anna", "nobody", "anna"} {
		if _, err := c.visitor("").Users.RequestReset(t.Context(), &userv1.RequestResetRequest{Email: c.mailOf(who)}); err != nil {
			t.Error(who, err)
		}
	}
	id, number, secret = c.linkIn(t, c.mailOf("anna"), "reset")
	reset := func() (*userv1.ResetPasswordResponse, error) {
		return c.visitor("").Users.ResetPassword(t.Context(), &userv1.ResetPasswordRequest{UserId: id, Number: number, Secret: secret, Password: goodPassword + "9"})
	}
	refused(t, accept(number, secret, goodPassword), fault.CodeExpired, "secret") // a link opens what it is for
	done, err := reset()
	if err != nil {
		t.Fatal(err)
	}
	_, err = reset()
	refused(t, err, fault.CodeExpired, "secret")
	if _, err := c.visitor(done.GetSession().GetToken()).Users.GetMe(t.Context(), &userv1.GetMeRequest{}); err != nil {
		t.Error(err)
	}
	if _, err := c.login("anna", goodPassword+"9", ""); err != nil {
		t.Error(err)
	}
	if log := h.log.String(); strings.Contains(log, goodPassword) || strings.Contains(log, secret) || strings.Contains(log, c.mailOf("anna")) || strings.Contains(log, first.GetToken()) {
		t.Error("a password, a link, an address or a token is in the log")
	}
}

// testSessions: listed, revoked, and over after a while.
func testSessions(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	first, anna := c.joined(c.visitor(c.key), company, "anna", "owner")
	second, err := c.login("anna", goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	other := c.visitor(second.GetToken())
	list, err := anna.Users.ListSessions(t.Context(), &userv1.ListSessionsRequest{})
	if err != nil || len(list.GetSessions()) != 2 {
		t.Fatal(list, err)
	}
	for _, s := range list.GetSessions() {
		if s.GetCurrent() != (s.GetId() == first.GetSession().GetId()) || s.GetExpiresAt().AsTime().Before(s.GetIdleAt().AsTime()) || s.GetIdleAt().AsTime().Before(time.Now()) ||
			!strings.HasPrefix(s.GetAddress(), "10.") || s.GetUserAgent() != "Браузер ? 1.0" {
			t.Error(s)
		}
	}
	_, err = anna.Users.RevokeSession(t.Context(), &userv1.RevokeSessionRequest{SessionId: "0123456789"})
	refused(t, err, fault.NotFound, "session_id")
	if _, err := anna.Users.RevokeSession(t.Context(), &userv1.RevokeSessionRequest{SessionId: second.GetSession().GetId()}); err != nil {
		t.Fatal(err)
	}
	_, err = other.Users.GetMe(t.Context(), &userv1.GetMeRequest{})
	refused(t, err, fault.Unauthenticated, "authorization")
	// Unused for too long.
	found, err := h.db.ListSessions(t.Context(), c.book, first.GetUser().GetId(), time.Now(), 10)
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	minutes := found[0]
	if _, err := h.db.TouchSession(t.Context(), minutes.Hash, minutes.Used.Add(-2*time.Minute), minutes.Ends.Add(-2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	c.pause() // the cache of this house believes a millisecond
	if me, err := anna.Users.GetMe(t.Context(), &userv1.GetMeRequest{}); err != nil || me.GetSession().GetIdleAt().AsTime().Before(minutes.Ends) || me.GetSession().GetUsedAt().AsTime().Before(minutes.Used) {
		t.Error("using a session does not keep it", me, err)
	}
	third, err := c.login("anna", goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.db.TouchSession(t.Context(), found[0].Hash, time.Now().Add(-time.Hour), time.Now()); err != nil {
		t.Fatal(err)
	}
	c.pause() // the cache of this house believes a millisecond
	_, err = anna.Users.GetMe(t.Context(), &userv1.GetMeRequest{})
	refused(t, err, fault.Unauthenticated, "authorization")
	last := c.visitor(third.GetToken())
	if _, err := last.Users.Logout(t.Context(), &userv1.LogoutRequest{}); err != nil {
		t.Fatal(err)
	}
	_, err = last.Users.GetMe(t.Context(), &userv1.GetMeRequest{})
	refused(t, err, fault.Unauthenticated, "authorization")
	for _, token := range []string{"ps_invented", "ps_"} {
		_, err = c.visitor(token).Users.GetMe(t.Context(), &userv1.GetMeRequest{})
		refused(t, err, fault.Unauthenticated, "authorization")
	}
}

// record reads a record by its position.
func (h *house) record(t *testing.T, position string) *journalv1.Record {
	t.Helper()
	var shard int
	var seq uint64
	if _, err := fmt.Sscanf(position, "%d.%d", &shard, &seq); err != nil {
		t.Fatal(position, err)
	}
	raw, ok, err := h.db.Record(t.Context(), shard, seq)
	rec := &journalv1.Record{}
	if err != nil || !ok || proto.Unmarshal(raw, rec) != nil {
		t.Fatal(position, ok, err)
	}
	return rec
}

// testFounder makes whoever registered a company its owner, as another flow does: by a
// command with the versions of what was written before it. The password was hashed by
// weaker parameters, and is by today's after the first login.
func testFounder(t *testing.T, h *house) {
	c := h.caller(t)
	company, id := c.company(1, ""), h.vault.UserID(c.book, c.mailOf("anna"))
	kept, err := password.New(password.Params{MemoryKiB: 32, Passes: 1, Lanes: 1}, 1, 1).Make(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	draft := h.vault.Draft(c.book)
	draft.User(id, 1, &privatev1.UserProfile{Email: c.mailOf("anna"), Name: "Анна", CompanyId: company})
	draft.Credential(id, 1, &privatev1.Credential{Argon2Id: kept})
	if err := draft.Put(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := h.loop.Submit(t.Context(), engine.Request{Book: c.book, Actor: "effect", Operations: []engine.Operation{{Operation: &commandv1.Operation{
		Key: "found-anna", What: &commandv1.Operation_Flow{Flow: &commandv1.Flow{
			Flow: user.Name, Id: company, Owner: company, Event: user.Found,
			Body: flow.Bytes(&flowv1.UserFound{UserId: id, ProfileVersion: 1, CredentialVersion: 1}),
		}},
	}}}})
	if out[0].Refusal != nil {
		t.Fatal(out[0].Refusal)
	}
	for range 2 {
		if _, err := c.login("anna", goodPassword, ""); err != nil {
			t.Fatal(err)
		}
	}
	docs, err := h.vault.Credentials(t.Context(), c.book, private.Ref{ID: id})
	if got := docs[id]; err != nil || got.Version != 2 || !strings.Contains(got.Content.GetArgon2Id(), "m=64") {
		t.Error("not hashed anew, or more than once", got.Version, err)
	}
	if docs, err := h.vault.Credentials(t.Context(), c.book, private.Ref{ID: id, Version: 1}); err != nil || len(docs) != 0 {
		t.Error("the older hash is kept", err)
	}
}
