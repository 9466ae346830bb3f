package invitation

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

func act(event string, m proto.Message) flowtest.Act {
	c := flow.Command{Event: event, Actor: "link"}
	if m != nil {
		c.Body = flow.Bytes(m)
	}
	return flowtest.Act{Name: event, Command: c}
}

func on(day string, a flowtest.Act) flowtest.Act {
	a.Day, a.Name = day, a.Name+" on "+day
	return a
}

func invite(channel string, fixed bool) flowtest.Act {
	return act(Invite, &flowv1.InvitationIssue{
		CompanyId: "company-1", Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED, ProfileVersion: 1, Channel: channel, PhoneFixed: fixed,
		ExpiresAt: "2026-03-16T09:00:00Z",
	})
}

func claim(link, version uint32, same bool) flowtest.Act {
	a := act(Claim, &flowv1.InvitationClaim{Link: link, ProfileVersion: version, SamePhone: same})
	a.Name = fmt.Sprintf("claim link %d, profile %d, same %t", link, version, same)
	return a
}

func code(event string, link, number uint32) flowtest.Act {
	a := act(event, &flowv1.InvitationCode{Link: link, Number: number})
	a.Name = fmt.Sprintf("%s link %d, code %d", event, link, number)
	return a
}

var hash = make([]byte, 32)

func agree(claim uint32) flowtest.Act {
	return act(Agree, &flowv1.InvitationAgree{
		Claim: claim, Texts: map[string]string{TextPolicy: "1", TextExecutor: "1"}, EvidenceVersion: 1, EvidenceHash: hash,
	})
}

func enter(claim, version uint32, known bool) flowtest.Act {
	return act(Enter, &flowv1.InvitationEnter{Claim: claim, ProfileVersion: version, ExecutorId: "executor-1", Known: known})
}

func stranger(claim uint32) flowtest.Act {
	return act(Stranger, &flowv1.InvitationStranger{Claim: claim})
}

func spec(acts ...flowtest.Act) flowtest.Spec {
	return flowtest.Spec{
		Flow: it, ID: "invitation-1", Day: "2026-03-02", Acts: acts, Once: []string{admit}, Attempts: 3,
		Tells: []string{linkSMS, linkMail, sendCode, forget}, Codes: []fault.Code{fault.AlreadyExists}, Law: law,
	}
}

// law: tries and codes are within their limits, whoever is past the phone has confirmed it,
// whoever is past the texts has accepted them, and who is done was admitted, once.
func law(w *flowtest.World) error {
	d := flow.ReadData(w.View, &flowv1.InvitationData{})
	past := map[string]int{Agreement: 1, Person: 2, Admitting: 3, Done: 4}[w.View.State]
	switch {
	case d.Code.GetWrong() > codes.Tries || d.Codes > Codes || d.Strangers > Strangers:
		return fmt.Errorf("%d tries, %d codes, %d strangers", d.Code.GetWrong(), d.Codes, d.Strangers)
	case past >= 1 && (d.Claim == 0 || !d.PhoneFixed || d.Code.GetAt() != ""):
		return fmt.Errorf("%s by claim %d, code %v", w.View.State, d.Claim, d.Code)
	case past >= 2 && d.Agreement.GetEvidenceVersion() == 0:
		return fmt.Errorf("%s without the texts", w.View.State)
	case past >= 3 && d.ExecutorId == "":
		return fmt.Errorf("%s as nobody", w.View.State)
	case past == 0 && d.DoneDay != "":
		return fmt.Errorf("%s after it was done", w.View.State)
	}
	if (w.View.State == Done) != admittedOnce(w) {
		return fmt.Errorf("%s, and the person was admitted: %t", w.View.State, admittedOnce(w))
	}
	return nil
}

// admittedOnce says whether the newest attempt to admit is done.
func admittedOnce(w *flowtest.World) bool {
	for _, t := range w.Tries {
		if t.Effect.Ask == admit && t.Effect.Number == w.View.Attempts[admit] {
			return t.Last == port.Done
		}
	}
	return false
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "invitation.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	whole := spec(invite("", false), claim(1, 2, false), on("2026-03-03", claim(1, 3, true)), code(Confirm, 1, 1), code(Confirm, 1, 2),
		agree(1), agree(2), enter(1, 10, false), enter(2, 11, true), act(Revoke, nil))
	whole.Deaf, whole.Attempts = true, 2
	race := spec(invite("", true), claim(1, 2, false), claim(1, 2, true), on("2026-03-03", claim(1, 3, true)), code(Confirm, 1, 1), code(Confirm, 1, 2),
		code(Wrong, 1, 1), code(Wrong, 1, 2), agree(1), agree(2), on("2026-03-04", claim(1, 4, true)), act(Revoke, nil))
	race.Deaf = true
	messages := func(channel string) flowtest.Spec {
		s := spec(invite(channel, false), on("2026-03-03", act(Resend, nil)), claim(1, 2, false), code(Confirm, 1, 1), agree(1), enter(1, 3, false), act(Revoke, nil))
		s.Told = 2
		return s
	}
	strangers := spec(invite("", false), claim(1, 2, false), code(Confirm, 1, 1), agree(1), stranger(1))
	guesses := []flowtest.Act{invite("", false), act(Revoke, nil), on("2026-03-14", act(Resend, nil))}
	for i := range uint32(Codes + 1) {
		guesses = append(guesses, on(fmt.Sprintf("2026-03-%02d", i+3), claim(1, i+2, true)))
	}
	guess := spec(append(guesses, code(Wrong, 1, Codes))...)
	guess.Deaf = true
	resends := spec(invite("", false), claim(1, 2, false), code(Confirm, 1, 1), agree(1), on("2026-03-03", act(Resend, nil)), claim(2, 3, true))
	resends.Deaf = true
	late := flowtest.Script{Spec: spec(), Command: command, Show: show}
	flowtest.Covered(t, it, flowtest.Explore(t, whole), flowtest.Explore(t, race), flowtest.Explore(t, messages(SMS)), flowtest.Explore(t, messages(Mail)),
		flowtest.Explore(t, strangers), flowtest.Explore(t, guess), flowtest.Explore(t, resends), flowtest.Story(t, late, lateAnswers))
}

// lateAnswers are messages' answers that come when nobody waits for them any more.
const lateAnswers = `invite
claim 1 2 0s
claim 1 3 1m
claim 1 4 1m
claim 1 5 1m
claim 1 6 1m
claim 1 7 1m
answer send_code done
`

func TestScenarios(t *testing.T) {
	t.Parallel()
	flowtest.Scenarios(t, flowtest.Script{Spec: spec(), Command: command, Show: show})
}

// try does an act that must be refused, and changes nothing.
func try(t *testing.T, w *flowtest.World, a flowtest.Act, code fault.Code, field string) {
	t.Helper()
	before := string(w.View.Data)
	_, refusal, _ := w.Do(a)
	if refusal == nil || refusal.Code != code || refusal.Field != field || string(w.View.Data) != before {
		t.Errorf("%s in %s: %v, want %s of %s", a.Name, w.View.State, refusal, code, field)
	}
}

func walk(t *testing.T, w *flowtest.World, acts ...flowtest.Act) *flowv1.InvitationData {
	t.Helper()
	for _, a := range acts {
		if _, refusal, err := w.Do(a); refusal != nil || err != nil {
			t.Fatal(a.Name, refusal, err)
		}
	}
	return flow.ReadData(w.View, &flowv1.InvitationData{})
}

// TestTwoPeopleOnOneLink: the newest code alone lives, and the first who enters it has the
// link for good.
func TestTwoPeopleOnOneLink(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	walk(t, w, invite("", false), claim(1, 2, false))
	try(t, w, claim(1, 3, false), fault.TooOften, "event")
	w.View.Clock = w.View.Clock.Add(Pause)
	walk(t, w, claim(1, 3, false)) // another person
	try(t, w, code(Confirm, 1, 1), fault.CodeExpired, "code")
	walk(t, w, code(Confirm, 1, 2))
	w.View.Clock = w.View.Clock.Add(Pause)
	try(t, w, claim(1, 4, false), fault.LinkUsed, "link")
	try(t, w, agree(1), fault.CodeExpired, "code")
	walk(t, w, claim(1, 4, true)) // the same again, on another device
	try(t, w, agree(2), fault.WrongState, "event")
	d := walk(t, w, code(Confirm, 1, 3), agree(3))
	if d.Claim != 3 {
		t.Errorf("claim %d", d.Claim)
	}
	try(t, w, enter(2, 5, false), fault.CodeExpired, "code")
	walk(t, w, enter(3, 5, false))
	try(t, w, act(Revoke, nil), fault.LinkUsed, "link")
	try(t, w, claim(1, 6, true), fault.LinkUsed, "link")
}

// TestWhatEndedOpensNothing: each end has its refusal.
func TestWhatEndedOpensNothing(t *testing.T) {
	t.Parallel()
	timer := func(event string) flowtest.Act {
		return flowtest.Act{Name: event, Command: flow.Command{Event: event, Actor: "timer"}}
	}
	for name, c := range map[string]struct {
		acts []flowtest.Act
		code fault.Code
	}{
		"revoked": {[]flowtest.Act{act(Revoke, nil)}, fault.LinkRevoked},
		"expired": {[]flowtest.Act{timer(expire)}, fault.CodeExpired},
		"barred": {[]flowtest.Act{claim(1, 2, false), code(Confirm, 1, 1), agree(1),
			stranger(1), stranger(1), stranger(1), stranger(1), stranger(1)}, fault.LinkRevoked},
	} {
		s := spec()
		w := flowtest.NewWorld(&s)
		d := walk(t, w, append([]flowtest.Act{invite("", false)}, c.acts...)...)
		if w.View.State != name || d.Link.GetAt() != "" || d.Code.GetAt() != "" {
			t.Errorf("%s: %s, %v", name, w.View.State, d)
		}
		for _, a := range []flowtest.Act{claim(1, 9, true), act(Resend, nil), act(Revoke, nil), code(Confirm, 1, 1), agree(1), enter(1, 9, false), stranger(1)} {
			try(t, w, a, c.code, "link")
		}
	}
	s := spec()
	w := flowtest.NewWorld(&s)
	walk(t, w, invite("", true))
	try(t, w, claim(2, 2, true), fault.CodeExpired, "link")
	try(t, w, claim(0, 2, true), fault.Malformed, "number")
	try(t, w, claim(1, 2, false), fault.PhoneMismatch, "phone")
	w.View.Clock = w.View.Clock.Add(15 * 24 * time.Hour) // its timer is late
	try(t, w, claim(1, 2, true), fault.CodeExpired, "link")
}

func TestBodiesAreChecked(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*flowv1.InvitationIssue){
		"company_id":      func(b *flowv1.InvitationIssue) { b.CompanyId = "ООО" },
		"kind":            func(b *flowv1.InvitationIssue) { b.Kind = 0 },
		"profile_version": func(b *flowv1.InvitationIssue) { b.ProfileVersion = 0 },
		"channel":         func(b *flowv1.InvitationIssue) { b.Channel = "pigeon" },
		"expires_at":      func(b *flowv1.InvitationIssue) { b.ExpiresAt = "2026-06-02T09:00:00Z" },
	} {
		s := spec()
		w := flowtest.NewWorld(&s)
		b := &flowv1.InvitationIssue{}
		if err := proto.Unmarshal(invite("", false).Command.Body, b); err != nil {
			t.Fatal(err)
		}
		spoil(b)
		try(t, w, act(Invite, b), fault.Malformed, field)
	}
}

// TestPeopleRaceForALink is the flow against a naive model: each of some people knows his
// own codes only, and does at random what the application lets him do.
func TestPeopleRaceForALink(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := spec()
		w := flowtest.NewWorld(&s)
		if _, refusal, err := w.Do(invite("", false)); refusal != nil || err != nil {
			rt.Fatal(refusal, err)
		}
		const people = 3
		var phone, owner, inside int // whose phone the profile has, whose the link is, who has the newest confirmation; 0 = nobody
		var newest uint32            // number of the newest code
		version := uint32(1)
		got := map[uint32]int{} // whose each code is
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			who := rapid.IntRange(1, people).Draw(rt, "who")
			w.View.Clock = w.View.Clock.Add(time.Duration(rapid.IntRange(0, 90).Draw(rt, "seconds")) * time.Second)
			before := w.View.State
			switch rapid.SampledFrom([]string{Claim, Confirm, Agree, Enter}).Draw(rt, "act") {
			case Claim:
				_, refusal, err := w.Do(claim(1, version+1, phone == who))
				if err != nil {
					rt.Fatal(err)
				}
				if refusal == nil && w.View.State == Phone {
					if owner != 0 && who != owner {
						rt.Fatalf("%d claims the link of %d", who, owner)
					}
					version, phone, newest = version+1, who, newest+1
					got[newest] = who
				}
			case Confirm:
				mine := uint32(0)
				for n, w := range got {
					if w == who {
						mine = max(mine, n)
					}
				}
				_, refusal, err := w.Do(code(Confirm, 1, mine))
				if err != nil {
					rt.Fatal(err)
				}
				if refusal == nil {
					if mine != newest || before != Phone {
						rt.Fatalf("%d came in by code %d of %d in %s", who, mine, newest, before)
					}
					owner, inside = who, who
				}
			case Agree, Enter:
				d := flow.ReadData(w.View, &flowv1.InvitationData{})
				held := uint32(0)
				if inside == who {
					held = d.Claim
				}
				a := agree(held)
				if w.View.State == Person {
					a = enter(held, version+1, false)
				}
				_, refusal, err := w.Do(a)
				if err != nil {
					rt.Fatal(err)
				}
				if refusal == nil && inside != who {
					rt.Fatalf("%d acts by the confirmation of %d", who, inside)
				}
				if w.View.State == Admitting && before == Person {
					version++
				}
			}
			if owner != 0 && w.View.State == Issued {
				rt.Fatalf("the link of %d is free again", owner)
			}
		}
	})
}
