package registration

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

func act(event string, m proto.Message) flowtest.Act {
	c := flow.Command{Event: event, Actor: "signup"}
	if m != nil {
		c.Body = flow.Bytes(m)
	}
	return flowtest.Act{Name: event, Command: c}
}

func on(day string, a flowtest.Act) flowtest.Act {
	a.Day, a.Name = day, a.Name+" on "+day
	return a
}

func told(event string, number uint32) flowtest.Act {
	a := act(event, &flowv1.RegistrationSecret{Number: number})
	a.Name = fmt.Sprint(event, " ", number)
	return a
}

func profile(event string, version uint32) flowtest.Act {
	return act(event, &flowv1.RegistrationProfile{ProfileVersion: version})
}

func texts(names ...string) map[string]string {
	t := map[string]string{}
	for _, n := range names {
		t[n] = "2026-03-01"
	}
	return t
}

func conditions(deposit string) flowtest.Act {
	return act(AcceptConditions, &flowv1.RegistrationConditions{
		Texts: texts(TextConditions), EvidenceVersion: 2, EvidenceHash: hash, Tariff: &flowv1.Tariff{Percent: "3.5", Minimum: "30.00"}, DepositRequired: deposit,
	})
}

func inn(version uint32) flowtest.Act {
	return act(CheckINN, &flowv1.RegistrationINN{ProfileVersion: version, CompanyId: "company-1"})
}

var agree = act(AcceptAgreement, &flowv1.RegistrationAgree{Texts: texts(TextPolicy, TextAgreement), EvidenceVersion: 1, EvidenceHash: hash})

func password(version uint32) flowtest.Act {
	return act(SetPassword, &flowv1.RegistrationPassword{CredentialVersion: version, UserId: "user-1", UserProfileVersion: 1})
}

var hash = make([]byte, hashBytes)

func reply(t flowtest.Try, r port.Result, a *port.Answer) {
	if t.Effect.Ask == checkRegister && r == port.Done {
		a.Body = string(flow.Bytes(&flowv1.RegisterAnswer{ProfileVersion: 9}))
	}
}

func spec(acts ...flowtest.Act) flowtest.Spec {
	return flowtest.Spec{
		Flow: it, ID: "r1", Day: "2026-03-02", Acts: acts, Once: []string{openCompany, foundUser}, Attempts: 2, Tells: []string{sendCode, sendLink, forget}, Reply: reply,
		Codes: []fault.Code{fault.NotFound, fault.CompanyTerminated}, Law: law,
	}
}

// law: tries and codes are within their limits, nobody is past the register without its
// answer, and what follows the acceptances has them.
func law(w *flowtest.World) error {
	d := flow.ReadData(w.View, &flowv1.RegistrationData{})
	if d.Code.GetWrong() > Tries || d.Codes > Codes {
		return fmt.Errorf("%d tries, %d codes", d.Code.GetWrong(), d.Codes)
	}
	past := map[string]int{Agreement: 1, INN: 2, Checking: 2, Email: 3, Conditions: 4, Opening: 5, Deposit: 6, Link: 7, Password: 7, Founding: 8, Active: 9}[w.View.State]
	switch {
	case past >= 2 && (d.Agreement.GetAt() == "" || d.Agreement.GetEvidenceVersion() == 0):
		return fmt.Errorf("%s without the agreement", w.View.State)
	case past >= 3 && !answered(w, checkRegister):
		return fmt.Errorf("%s without the register's answer", w.View.State)
	case past >= 5 && d.Conditions.GetAt() == "":
		return fmt.Errorf("%s without the conditions", w.View.State)
	case past >= 6 && !answered(w, openCompany):
		return fmt.Errorf("%s and the company is not open", w.View.State)
	case past >= 7 && d.DepositRequired != "0.00" && !d.DepositFound:
		return fmt.Errorf("%s without the deposit", w.View.State)
	case past >= 8 && d.CredentialVersion == 0:
		return fmt.Errorf("%s without a password", w.View.State)
	case past >= 9 && !answered(w, foundUser):
		return fmt.Errorf("%s without an owner", w.View.State)
	}
	return nil
}

// answered says whether the last attempt of an ask is done.
func answered(w *flowtest.World, ask string) bool {
	for _, t := range w.Tries {
		if t.Effect.Ask == ask && t.Effect.Number == w.View.Attempts[ask] {
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
	flowtest.Document(t, "registration.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	codes := spec(profile(Start, 1), told(Confirm, 1), told(Confirm, 2), told(Wrong, 1), told(Wrong, 2), told(Wrong, 3), told(Wrong, 4),
		act(Resend, nil), on("2026-03-03", act(Resend, nil)), on("2026-03-04", act(Resend, nil)), on("2026-03-05", act(Resend, nil)))
	whole := []flowtest.Act{
		profile(Start, 1), told(Confirm, 1), agree, inn(2), inn(10), profile(SetEmail, 11), profile(SetEmail, 12),
		act(DepositFound, nil), told(Follow, 1), told(Follow, 2), act(ResendLink, nil), on("2026-03-03", act(ResendLink, nil)),
		password(1),
	}
	deaf := func(s flowtest.Spec) flowtest.Spec {
		s.Deaf = true // what became of messages is walked apart, in few other orders
		return s
	}
	messages := spec(profile(Start, 1), told(Confirm, 1), told(Confirm, 2), on("2026-03-03", act(Resend, nil)), agree, inn(2), profile(SetEmail, 11), conditions("0"), told(Follow, 1),
		on("2026-03-03", act(ResendLink, nil)), password(1))
	again := spec(profile(Start, 1), act(Resend, nil), on("2026-03-03", act(Resend, nil)), on("2026-03-04", act(Resend, nil)), on("2026-03-05", act(Resend, nil)))
	lost := deaf(spec(profile(Start, 1), told(Confirm, 1), agree, inn(2), profile(SetEmail, 11), conditions("0"), act(DepositFound, nil)))
	lost.Codes = []fault.Code{fault.AlreadyExists}
	taken := flowtest.Script{Spec: spec(), Command: command, Show: show}
	messages.Codes, again.Codes, again.Attempts = messages.Codes[:1], again.Codes[:1], 4
	flowtest.Covered(t, it, flowtest.Explore(t, deaf(codes)), flowtest.Explore(t, again), flowtest.Explore(t, messages), flowtest.Explore(t, lost), flowtest.Story(t, taken, takenStory),
		flowtest.Explore(t, deaf(spec(append(whole, conditions("1000.00"))...))), flowtest.Explore(t, deaf(spec(append(whole, conditions("0"))...))))
}

// takenStory is what is heard after somebody else was faster.
const takenStory = `start 1
confirm 1
accept_agreement
check_inn 2
answer check_register done
set_email 10
accept_conditions 0.00
answer open_company refused already_exists
answer send_code unknown
answer forget unknown
answer forget done
`

// walk does the acts, which must pass.
func walk(t *testing.T, w *flowtest.World, acts ...flowtest.Act) *flowv1.RegistrationData {
	t.Helper()
	for _, a := range acts {
		if _, refusal, err := w.Do(a); refusal != nil || err != nil {
			t.Fatal(a.Name, refusal, err)
		}
	}
	return flow.ReadData(w.View, &flowv1.RegistrationData{})
}

func try(t *testing.T, w *flowtest.World, a flowtest.Act, code fault.Code, field string) {
	t.Helper()
	before := string(w.View.Data)
	_, refusal, _ := w.Do(a)
	if refusal == nil || refusal.Code != code || refusal.Field != field || string(w.View.Data) != before {
		t.Errorf("%s: %v, want %s of %s", a.Name, refusal, code, field)
	}
}

func TestTriesAreCountedWhateverComesAtOnce(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	walk(t, w, profile(Start, 1))
	for range Tries {
		walk(t, w, told(Wrong, 1))
	}
	try(t, w, told(Confirm, 1), fault.CodeExpired, "code") // the sixth is right, and too late
	try(t, w, told(Wrong, 1), fault.CodeExpired, "code")
	try(t, w, act(Resend, nil), fault.TooOften, "event")
	w.View.Clock = w.View.Clock.Add(Pause)
	walk(t, w, act(Resend, nil))
	try(t, w, told(Confirm, 1), fault.CodeExpired, "code") // the one before is dead
	if d := walk(t, w, told(Confirm, 2)); w.View.State != Agreement || d.Code != nil {
		t.Errorf("%s %v", w.View.State, d)
	}
}

func TestCodesAreLimitedAndLiveTenMinutes(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	walk(t, w, profile(Start, 1))
	later := func(by time.Duration) { w.View.Clock = w.View.Clock.Add(by) }
	later(CodeLife)
	try(t, w, told(Confirm, 1), fault.CodeExpired, "code")
	walk(t, w, act(Resend, nil))
	later(CodeLife - time.Nanosecond)
	walk(t, w, told(Wrong, 2))
	walk(t, w, act(Resend, nil))
	later(Pause)
	walk(t, w, act(Resend, nil))
	if w.View.State != Locked {
		t.Fatalf("the fourth code: %s", w.View.State)
	}
	try(t, w, act(Resend, nil), fault.WrongState, "event")
	walk(t, w, flowtest.Act{Name: unlock, Command: flow.Command{Event: unlock, Actor: "timer"}})
	try(t, w, told(Confirm, 3), fault.CodeExpired, "code") // no code of before lives again
	if d := walk(t, w, act(Resend, nil), told(Confirm, 4)); w.View.State != Agreement {
		t.Errorf("%s %v", w.View.State, d)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	try(t, w, told(Confirm, 1), fault.NotFound, "id")
	try(t, w, profile(Start, 0), fault.WrongState, "profile_version")
	walk(t, w, profile(Start, 1))
	try(t, w, profile(Start, 2), fault.AlreadyExists, "id")
	try(t, w, told(Confirm, 0), fault.Malformed, "number")
	try(t, w, told(Wrong, 0), fault.Malformed, "number")
	try(t, w, agree, fault.WrongState, "event")
	walk(t, w, told(Confirm, 1))
	for field, b := range map[string]*flowv1.RegistrationAgree{
		"texts.policy":     {Texts: texts(TextAgreement), EvidenceVersion: 1},
		"texts.agreement":  {Texts: texts(TextPolicy), EvidenceVersion: 1},
		"texts":            {Texts: texts(TextPolicy, TextAgreement, "more"), EvidenceVersion: 1},
		"evidence_version": {Texts: texts(TextPolicy, TextAgreement)},
		"evidence_hash":    {Texts: texts(TextPolicy, TextAgreement), EvidenceVersion: 1, EvidenceHash: hash[1:]},
	} {
		try(t, w, act(AcceptAgreement, b), fault.Malformed, field)
	}
	if d := walk(t, w, agree); d.Agreement.Texts[TextPolicy] != "2026-03-01" || d.Agreement.At != "2026-03-02T09:00:00Z" {
		t.Errorf("%v", d.Agreement)
	}
	try(t, w, inn(1), fault.WrongState, "profile_version")
	try(t, w, act(CheckINN, &flowv1.RegistrationINN{ProfileVersion: 2, CompanyId: "ООО"}), fault.Malformed, "company_id")
	walk(t, w, inn(2))
	try(t, w, inn(3), fault.WrongState, "event") // the answer is awaited
	try(t, w, act(registerFound, nil), fault.Malformed, "event")
}

func TestConditionsAreRefused(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	found := flowtest.Act{Name: registerFound, Command: flow.Command{
		Event: registerFound, Actor: "effect", Number: 1, Answer: &port.Answer{Result: port.Done, Body: string(flow.Bytes(&flowv1.RegisterAnswer{ProfileVersion: 3}))},
	}}
	s.Law = nil // the answer is not of the world of this test
	d := walk(t, w, profile(Start, 1), told(Confirm, 1), agree, inn(2), found, profile(SetEmail, 4))
	if d.ProfileVersion != 4 || w.View.State != Conditions {
		t.Fatalf("%s %v", w.View.State, d)
	}
	some := func(change func(*flowv1.RegistrationConditions)) flowtest.Act {
		b := &flowv1.RegistrationConditions{Texts: texts(TextConditions), EvidenceVersion: 2, EvidenceHash: hash, Tariff: &flowv1.Tariff{Percent: "3"}, DepositRequired: "1.00"}
		change(b)
		return act(AcceptConditions, b)
	}
	try(t, w, some(func(b *flowv1.RegistrationConditions) { b.Tariff = nil }), fault.Malformed, "tariff")
	try(t, w, some(func(b *flowv1.RegistrationConditions) { b.Texts = nil }), fault.Malformed, "texts.conditions")
	try(t, w, some(func(b *flowv1.RegistrationConditions) { b.DepositRequired = "-1.00" }), fault.AmountInvalid, "deposit_required")
	try(t, w, some(func(b *flowv1.RegistrationConditions) { b.DepositRequired = "1.005" }), fault.AmountInvalid, "deposit_required")
	m, refusal, err := w.Do(some(func(*flowv1.RegistrationConditions) {}))
	ask := &flowv1.OpenAsk{}
	if refusal != nil || err != nil || proto.Unmarshal(m.Effects[0].Body, ask) != nil ||
		ask.CompanyId != "company-1" || ask.ProfileVersion != 4 || ask.DepositRequired != "1.00" || ask.Book != "main" {
		t.Errorf("%v %v %v", ask, refusal, err)
	}
}
