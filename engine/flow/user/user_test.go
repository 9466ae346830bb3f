package user

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

func act(event string, m proto.Message) flowtest.Act {
	return flowtest.Act{Name: strings.TrimSpace(event + " " + fmt.Sprint(m)), Command: flow.Command{Event: event, Actor: "user-a", Body: flow.Bytes(m)}}
}

func on(day string, a flowtest.Act) flowtest.Act {
	a.Day = day
	return a
}

func found(who string) flowtest.Act {
	return act(Found, &flowv1.UserFound{UserId: who, ProfileVersion: 1, CredentialVersion: 1})
}

func invite(who string, profile uint32, roles ...string) flowtest.Act {
	return act(Invite, &flowv1.UserInvite{UserId: who, ProfileVersion: profile, Roles: roles})
}

func link(event, who string, number, credential uint32) flowtest.Act {
	return act(event, &flowv1.UserLink{UserId: who, Number: number, CredentialVersion: credential})
}

func setRoles(who string, roles ...string) flowtest.Act {
	return act(ChangeRoles, &flowv1.UserRoles{UserId: who, Roles: roles})
}

func ref(event, who string) flowtest.Act { return act(event, &flowv1.UserRef{UserId: who}) }

func login(event, who string, version uint32, known bool) flowtest.Act {
	return act(event, &flowv1.UserLogin{UserId: who, CredentialVersion: version, KnownDevice: known})
}

func spec(acts ...flowtest.Act) flowtest.Spec {
	return flowtest.Spec{
		Flow: it, ID: "company-1", Day: "2026-03-02", Acts: acts, Tells: []string{sendMail}, Deaf: true, Attempts: 2,
		Codes: []fault.Code{fault.NotFound}, Law: law,
	}
}

// law: an open company has an active owner; a state of a user has what it needs.
func law(w *flowtest.World) error {
	d := flow.ReadData(w.View, &flowv1.UsersData{})
	owners := 0
	for i, u := range d.Users {
		switch {
		case i > 0 && d.Users[i-1].Id >= u.Id:
			return fmt.Errorf("%s stands behind %s", u.Id, d.Users[i-1].Id)
		case u.State == Active && u.CredentialVersion == 0:
			return fmt.Errorf("%s is active without a password", u.Id)
		case u.State == Invited && u.Invitation.GetAt() == "":
			return fmt.Errorf("%s is invited without a link", u.Id)
		case u.State != Active && u.ResetLink.GetAt() != "":
			return fmt.Errorf("%s is %s and could set a password", u.Id, u.State)
		case len(u.Roles) == 0:
			return fmt.Errorf("%s has no role", u.Id)
		case u.State == Active && u.Roles[0] == RoleOwner:
			owners++
		}
	}
	if w.View.State == Open && owners == 0 {
		return fmt.Errorf("nobody owns the company")
	}
	return nil
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "user.md", it)
}

// In each world an owner can say his roles again: that is what nobody is ever out of.
func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	two := spec(
		found("a"), invite("a", 1, RoleOwner), link(Accept, "a", 1, 1), invite("b", 1, RolePayer), invite("b", 2, RoleOwner),
		link(Accept, "b", 1, 1), link(Accept, "b", 2, 2), setRoles("a", RolePayer), setRoles("a", RoleOwner), setRoles("b", RoleOwner, RolePayer),
		ref(Block, "a"), ref(Unblock, "a"), ref(Remove, "a"), ref(Block, "b"), ref(Remove, "b"), on("2026-03-03", invite("a", 2, RoleAccountant)),
		found("c"), setRoles("c", RoleOwner, RolePayer), ref(Remove, "c"),
	)
	passwords := spec(
		found("a"), setRoles("a", RoleOwner), login(Login, "a", 1, false), login(Login, "a", 2, true), login(LoginFailed, "a", 1, false), login(LoginFailed, "a", 1, true),
		ref(RequestReset, "a"), link(Reset, "a", 1, 2), link(Reset, "a", 2, 3), on("2026-03-03", ref(RequestReset, "a")),
		act(ChangePassword, &flowv1.UserPassword{UserId: "a", WasVersion: 1, CredentialVersion: 2}),
		act(Login, &flowv1.UserLogin{UserId: "a", CredentialVersion: 1, NextVersion: 2}),
	)
	mails := spec(invite("a", 1, RoleOwner), invite("b", 1, RoleOwner), link(Accept, "a", 1, 1), ref(RequestReset, "a"), ref(Remove, "b"), ref(Remove, "a"), found("c"), setRoles("c", RoleOwner), setRoles("a", RoleOwner))
	mails.Deaf = false
	flowtest.Covered(t, it, flowtest.Explore(t, two), flowtest.Explore(t, passwords), flowtest.Explore(t, mails))
}

// TestTheCompanyKeepsAnOwner plays random changes by anybody against a second model that
// knows nothing but who is an active owner.
func TestTheCompanyKeepsAnOwner(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := spec()
		w := flowtest.NewWorld(&s)
		people := []string{"a", "b", "c", "d"}
		owners := map[string]bool{} // active owners
		kinds := [][]string{{RoleOwner}, {RolePayer}, {RoleOwner, RoleAccountant}, {RolePublisher, RoleAcceptor}}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			who := rapid.SampledFrom(people).Draw(t, "who")
			as := rapid.SampledFrom(kinds).Draw(t, "roles")
			u := Find(flow.ReadData(w.View, &flowv1.UsersData{}), who)
			w.View.Clock = w.View.Clock.Add(time.Minute)
			a := rapid.SampledFrom([]flowtest.Act{
				found(who), invite(who, u.GetProfileVersion()+1, as...), link(Accept, who, u.GetInvitation().GetNumber(), u.GetCredentialVersion()+1),
				setRoles(who, as...), ref(Block, who), ref(Unblock, who), ref(Remove, who),
			}).Draw(t, "act")
			was := proto.CloneOf(u)
			_, refusal, err := w.Do(a)
			if err != nil {
				t.Fatal(err)
			}
			if refusal != nil {
				last := owners[who] && len(owners) == 1
				if refusal.Code == fault.LastOwner && !last {
					t.Fatalf("%s of %s is refused, and %v own", a.Name, who, owners)
				}
				continue
			}
			is := was.GetRoles()
			switch e := a.Command.Event; {
			case e == Found:
				owners[who] = true
			case e == ChangeRoles:
				is = as
				fallthrough
			case e == Accept || e == Unblock:
				delete(owners, who)
				if slices.Contains(is, RoleOwner) && (e != ChangeRoles || was.GetState() == Active) {
					owners[who] = true
				}
			case e == Block || e == Remove:
				delete(owners, who)
			}
			if w.View.State == Open && len(owners) == 0 {
				t.Fatalf("%s leaves nobody", a.Name)
			}
		}
	})
}

// TestWrongPasswordsAreCounted plays random tries against a model that counts by hand:
// within any hour behind the free ones few get through.
func TestWrongPasswordsAreCounted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := spec()
		w := flowtest.NewWorld(&s)
		if _, refusal, _ := w.Do(found("a")); refusal != nil {
			t.Fatal(refusal)
		}
		type door struct {
			count int
			until time.Time
		}
		doors := map[bool]*door{false: {}, true: {}}
		for range rapid.IntRange(1, 80).Draw(t, "tries") {
			w.View.Clock = w.View.Clock.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 1, 30, 90, 600, 7200, 100_000}).Draw(t, "seconds")) * time.Second)
			known := rapid.Bool().Draw(t, "known")
			right := rapid.IntRange(0, 9).Draw(t, "right") == 0
			event := LoginFailed
			if right {
				event = Login
			}
			m, refusal, err := w.Do(login(event, "a", 1, known))
			if err != nil {
				t.Fatal(err)
			}
			d, now := doors[known], w.View.Clock
			if paused := now.Before(d.until); paused != (refusal != nil && refusal.Code == fault.TooOften) {
				t.Fatalf("%s at %s, paused until %s: %v", event, now, d.until, refusal)
			} else if paused {
				continue
			}
			if right {
				*d = door{}
				continue
			}
			if !d.until.IsZero() && now.Sub(d.until) >= 24*time.Hour {
				d.count = 0
			}
			d.count++
			d.until = time.Time{}
			if d.count >= 5 {
				length := 1
				for range d.count - 5 {
					length = min(2*length, 60)
				}
				d.until = now.Add(time.Duration(length) * time.Minute)
			}
			if (m.On == loginPaused) != (d.count >= 5) {
				t.Fatalf("the %d. wrong one says %s", d.count, m.On)
			}
		}
	})
}

// walk does the acts, which must pass.
func walk(t *testing.T, w *flowtest.World, acts ...flowtest.Act) *flowv1.UsersData {
	t.Helper()
	for _, a := range acts {
		if _, refusal, err := w.Do(a); refusal != nil || err != nil {
			t.Fatal(a.Name, refusal, err)
		}
	}
	return flow.ReadData(w.View, &flowv1.UsersData{})
}

func try(t *testing.T, w *flowtest.World, a flowtest.Act, code fault.Code, field string) {
	t.Helper()
	before := string(w.View.Data)
	_, refusal, _ := w.Do(a)
	if refusal == nil || refusal.Code != code || refusal.Field != field || string(w.View.Data) != before {
		t.Errorf("%s: %v, want %s of %s", a.Name, refusal, code, field)
	}
}

func TestARightPasswordInAPauseIsNotLookedAt(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	walk(t, w, found("a"))
	for range FreeTries {
		walk(t, w, login(LoginFailed, "a", 1, false))
	}
	try(t, w, login(Login, "a", 1, false), fault.TooOften, "password")
	try(t, w, login(LoginFailed, "a", 1, false), fault.TooOften, "password")
	walk(t, w, login(Login, "a", 1, true)) // a known device is not paused by strangers
	d := walk(t, w, ref(RequestReset, "a"), link(Reset, "a", 1, 2))
	if u := Find(d, "a"); u.Strange != nil || u.CredentialVersion != 2 {
		t.Errorf("a reset leaves %v", u)
	}
	walk(t, w, login(Login, "a", 2, false))
	for range FreeTries {
		walk(t, w, login(LoginFailed, "a", 2, true))
	}
	try(t, w, act(ChangePassword, &flowv1.UserPassword{UserId: "a", WasVersion: 2, CredentialVersion: 3}), fault.TooOften, "password")
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	from := func(who string, acts ...flowtest.Act) time.Time { return SessionsFrom(Find(walk(t, w, acts...), who)) }
	last := from("a", found("a"), invite("b", 1, RolePayer), link(Accept, "b", 1, 1))
	for _, a := range []flowtest.Act{
		act(ChangePassword, &flowv1.UserPassword{UserId: "b", WasVersion: 1, CredentialVersion: 2}), ref(Block, "b"), ref(Remove, "b"),
	} {
		w.View.Clock = w.View.Clock.Add(time.Hour)
		if now := from("b", a); !now.After(w.View.Clock) {
			t.Errorf("after %s sessions go on from %s, at %s", a.Name, now, w.View.Clock)
		}
	}
	if SessionsFrom(Find(walk(t, w), "a")) != last {
		t.Error("another's sessions ended")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	try(t, w, ref(Block, "a"), fault.NotFound, "id")
	try(t, w, invite("a", 1, RolePayer), fault.WrongState, "roles")
	try(t, w, invite("a", 1), fault.Malformed, "roles")
	try(t, w, invite("a", 1, RoleOwner, "god"), fault.Malformed, "roles[1]")
	try(t, w, invite("Иванов", 1, RoleOwner), fault.Malformed, "user_id")
	try(t, w, found(""), fault.Malformed, "user_id")
	try(t, w, act(Found, &flowv1.UserFound{UserId: "a", ProfileVersion: 1}), fault.WrongState, "credential_version")
	try(t, w, act(Found, &flowv1.UserFound{UserId: "a", CredentialVersion: 1}), fault.WrongState, "profile_version")
	walk(t, w, found("a"))
	try(t, w, found("b"), fault.AlreadyExists, "id")
	try(t, w, invite("a", 2, RolePayer), fault.AlreadyExists, "user_id")
	for _, a := range []flowtest.Act{ref(Block, "a"), ref(Remove, "a"), setRoles("a", RolePayer)} {
		try(t, w, a, fault.LastOwner, "user_id")
	}
	try(t, w, ref(Block, "b"), fault.NotFound, "user_id")
	try(t, w, ref(Unblock, "a"), fault.WrongState, "user_id")
	walk(t, w, invite("b", 1, RolePayer))
	try(t, w, invite("b", 2, RolePayer), fault.TooOften, "event")
	try(t, w, link(Accept, "b", 2, 1), fault.CodeExpired, "link")
	try(t, w, link(Accept, "b", 1, 0), fault.WrongState, "credential_version")
	try(t, w, login(Login, "b", 0, false), fault.WrongState, "user_id")
	try(t, w, login(Login, "a", 2, false), fault.WrongState, "credential_version")
	w.View.Clock = w.View.Clock.Add(Invitation.Life)
	try(t, w, link(Accept, "b", 1, 1), fault.CodeExpired, "link")
	walk(t, w, ref(Remove, "b"), invite("b", 2, RoleAcceptor), link(Accept, "b", 2, 1), ref(Block, "b"))
	try(t, w, ref(RequestReset, "b"), fault.WrongState, "user_id")
}

func TestACompanyHasSoManyUsers(t *testing.T) {
	t.Parallel()
	s := spec()
	s.Law = nil
	w := flowtest.NewWorld(&s)
	walk(t, w, found("owner"))
	for i := range MaxUsers - 1 {
		walk(t, w, invite(fmt.Sprint("u", i), 1, RolePayer))
	}
	try(t, w, invite("one-more", 1, RolePayer), fault.TooManyUsers, "user_id")
	walk(t, w, ref(Remove, "u7"), invite("one-more", 1, RolePayer))
	d := walk(t, w)
	if size := len(flow.Bytes(d)); size > 20<<10 {
		t.Errorf("a full company has %d bytes in every record", size)
	}
	for last := "one-more"; len(walk(t, w).Users) < maxEver; {
		next := fmt.Sprint("v", len(walk(t, w).Users))
		walk(t, w, ref(Remove, last), invite(next, 1, RolePayer))
		last = next
	}
	walk(t, w, ref(Remove, "u1"))
	try(t, w, invite("far-too-many", 1, RolePayer), fault.TooManyUsers, "user_id")
}

// TestTheTablesFit stops the program for a table that does not.
func TestTheTablesFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, to string
		read     func(string)
	}{
		"role":   {"| payer |", "| buyer |", func(s string) { mustRoles(s) }},
		"state":  {"| active | block | blocked |", "| active | block | blokced |", func(s string) { mustWays(s) }},
		"event":  {"| active | login | active |", "| active | log_in | active |", func(s string) { mustWays(s) }},
		"double": {"| active | login | active |", "| active | block | active |", func(s string) { mustWays(s) }},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a table that does not fit passed", name)
				}
			}()
			c.read(strings.Replace(document, c.from, c.to, 1))
		}()
	}
}
