package executor

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

var it = New()

func act(event string, m proto.Message) flowtest.Act {
	c := flow.Command{Event: event, Actor: "desk"}
	if m != nil {
		c.Body = flow.Bytes(m)
	}
	return flowtest.Act{Name: event, Command: c}
}

const selfEmployed = flowv1.EmploymentKind_EMPLOYMENT_KIND_SELFEMPLOYED

func spec() flowtest.Spec {
	return flowtest.Spec{
		Flow: it, ID: "e1", Day: "2026-03-02", Attempts: 2, Flips: 1, Acts: []flowtest.Act{
			act(Register, &flowv1.ExecutorRegister{Kind: selfEmployed, ProfileVersion: 1}),
			act(SetProfile, &flowv1.ExecutorSetProfile{Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT, ProfileVersion: 2}),
			act(SetProfile, &flowv1.ExecutorSetProfile{Nonresident: true}),
			act(SetRequisites, &flowv1.ExecutorSetRequisites{RequisitesVersion: 1}),
			act(SetRequisites, &flowv1.ExecutorSetRequisites{RequisitesVersion: 2}),
			act(Block, &flowv1.ExecutorBlock{Code: "request"}), act(Unblock, nil), act(Erase, &flowv1.ExecutorErase{}),
			act(ChangeINN, &flowv1.ExecutorChangeInn{ProfileVersion: 3, RequisitesVersion: 3}), act(INNTaken, &flowv1.ExecutorInnTaken{ExecutorId: "e2"}),
			act(ConfirmPhone, &flowv1.ExecutorConfirmPhone{ProfileVersion: 1}), act(WrongINN, &flowv1.ExecutorConfirmPhone{ProfileVersion: 1}),
		},
	}
}

// disputes is the world of disputes: phones and tries are the other one's.
func disputes() flowtest.Spec {
	s := spec()
	s.Acts = []flowtest.Act{
		act(Register, &flowv1.ExecutorRegister{Kind: selfEmployed, ProfileVersion: 1}),
		act(SetProfile, &flowv1.ExecutorSetProfile{Nonresident: true}), act(SetRequisites, &flowv1.ExecutorSetRequisites{RequisitesVersion: 1}),
		act(Block, &flowv1.ExecutorBlock{Code: "request"}), act(Erase, &flowv1.ExecutorErase{}),
		act(ChangeINN, &flowv1.ExecutorChangeInn{ProfileVersion: 2}), act(INNTaken, &flowv1.ExecutorInnTaken{ExecutorId: "e2"}),
		act(Dispute, &flowv1.ExecutorDispute{Code: DisputedByPerson, TaskId: "t1"}),
		act(Settle, &flowv1.ExecutorSettle{Genuine: true, Code: "seen", ProfileVersion: 1}), act(Settle, &flowv1.ExecutorSettle{Code: "fraud", ProfileVersion: 1}),
	}
	return s
}

func TestTables(t *testing.T) {
	t.Parallel()
	flowtest.Tables(t, it)
}

func TestDocument(t *testing.T) {
	t.Parallel()
	flowtest.Document(t, "executor.md", it)
}

func TestEveryOrderOfEvents(t *testing.T) {
	t.Parallel()
	flowtest.Covered(t, it, flowtest.Explore(t, spec()), flowtest.Explore(t, disputes()))
}

func TestLife(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	for _, a := range []flowtest.Act{s.Acts[0], s.Acts[3], s.Acts[1], s.Acts[5]} {
		if _, refusal, err := w.Do(a); refusal != nil || err != nil {
			t.Fatal(a.Name, refusal, err)
		}
	}
	d := flow.ReadData(w.View, &flowv1.ExecutorData{})
	want := &flowv1.ExecutorData{
		Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT, RequisitesVersion: 1, ProfileVersion: 2,
		RegisteredDay: "2026-03-02", BlockedCode: "request", PhoneVersion: 1,
	}
	if !proto.Equal(d, want) || w.View.State != Blocked {
		t.Errorf("%s %v, want %v", w.View.State, d, want)
	}
	if s := Stamp(d, true); !s.Unidentified || s.Kind != want.Kind || s.RequisitesVersion != 1 {
		t.Errorf("stamp %v", s)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	try := func(a flowtest.Act, code fault.Code, field string) {
		t.Helper()
		_, refusal, _ := w.Do(a)
		if refusal == nil || refusal.Code != code || refusal.Field != field {
			t.Errorf("%s: %v, want %s of %s", a.Name, refusal, code, field)
		}
	}
	try(act(Block, &flowv1.ExecutorBlock{Code: "x"}), fault.NotFound, "id")
	try(act(Register, &flowv1.ExecutorRegister{ProfileVersion: 1}), fault.Malformed, "kind")
	try(act(Register, &flowv1.ExecutorRegister{Kind: selfEmployed}), fault.WrongState, "profile_version")
	try(flowtest.Act{Command: flow.Command{Event: Register, Body: []byte("\xff")}}, fault.Malformed, "body")
	if _, refusal, err := w.Do(s.Acts[0]); refusal != nil || err != nil {
		t.Fatal(refusal, err)
	}
	try(s.Acts[0], fault.AlreadyExists, "id")
	try(act(SetRequisites, &flowv1.ExecutorSetRequisites{}), fault.WrongState, "requisites_version")
	try(act(Block, &flowv1.ExecutorBlock{Code: "Ivanov owes"}), fault.Malformed, "code")
	try(act(Unblock, nil), fault.WrongState, "event")
}

// A changed INN ends a conflict, leaves who is blocked blocked, and never takes an older version.
func TestINN(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before []flowtest.Act
		state  string
	}{
		{nil, Registered},
		{[]flowtest.Act{act(INNTaken, &flowv1.ExecutorInnTaken{ExecutorId: "e2"})}, Registered},
		{[]flowtest.Act{act(Block, &flowv1.ExecutorBlock{Code: "request"})}, Blocked},
		{[]flowtest.Act{act(Block, &flowv1.ExecutorBlock{Code: "request"}), act(INNTaken, &flowv1.ExecutorInnTaken{ExecutorId: "e2"})}, Blocked},
		{[]flowtest.Act{act(INNTaken, &flowv1.ExecutorInnTaken{ExecutorId: "e2"}), act(Block, &flowv1.ExecutorBlock{Code: "request"}), act(Unblock, nil)}, Registered},
	} {
		s := spec()
		w := flowtest.NewWorld(&s)
		for _, a := range append([]flowtest.Act{s.Acts[0], s.Acts[3]}, c.before...) {
			if _, refusal, err := w.Do(a); refusal != nil || err != nil {
				t.Fatal(a.Name, refusal, err)
			}
		}
		for version, code := range []fault.Code{1: fault.WrongState, 2: "", 3: ""} {
			if version == 0 {
				continue
			}
			_, refusal, err := w.Do(act(ChangeINN, &flowv1.ExecutorChangeInn{ProfileVersion: uint32(version), RequisitesVersion: uint32(version)}))
			if err != nil || (refusal == nil) != (code == "") || refusal != nil && refusal.Code != code {
				t.Fatal(version, refusal, err)
			}
		}
		d := flow.ReadData(w.View, &flowv1.ExecutorData{})
		if w.View.State != c.state || d.GetInnVersion() != 3 || d.GetRequisitesVersion() != 3 || d.GetInnTakenBy() != "" || d.GetInnChangedDay() != "2026-03-02" {
			t.Errorf("%s %v, want %s", w.View.State, d, c.state)
		}
	}
	s := spec()
	w := flowtest.NewWorld(&s)
	for _, a := range []flowtest.Act{s.Acts[0], act(INNTaken, &flowv1.ExecutorInnTaken{ExecutorId: "e1"}), act(INNTaken, &flowv1.ExecutorInnTaken{})} {
		if _, refusal, _ := w.Do(a); (refusal == nil) != (a.Name == Register) {
			t.Error(a.Name, refusal)
		}
	}
}

// A phone is confirmed by the INN, five wrong ones bar it for a day, the right one too, and
// another phone is nobody's again.
func TestPhone(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	do := func(a flowtest.Act, code fault.Code) {
		t.Helper()
		_, refusal, err := w.Do(a)
		if err != nil || (refusal == nil) != (code == "") || refusal != nil && refusal.Code != code {
			t.Fatal(a.Name, refusal, err)
		}
	}
	confirmed := func() bool { return flow.ReadData(w.View, &flowv1.ExecutorData{}).GetPhoneConfirmed() }
	right, wrong := act(ConfirmPhone, &flowv1.ExecutorConfirmPhone{ProfileVersion: 1}), act(WrongINN, &flowv1.ExecutorConfirmPhone{ProfileVersion: 1})
	do(s.Acts[0], "")
	if confirmed() {
		t.Error("a company's word confirms the phone")
	}
	do(act(ConfirmPhone, &flowv1.ExecutorConfirmPhone{ProfileVersion: 2}), fault.WrongState)
	for range Tries {
		do(wrong, "")
	}
	do(wrong, fault.TooOften)
	do(right, fault.TooOften)
	w.View.Clock = w.View.Clock.Add(triesRest)
	do(wrong, "")
	do(right, "")
	if !confirmed() {
		t.Error("the right INN confirms nothing")
	}
	do(act(SetProfile, &flowv1.ExecutorSetProfile{ProfileVersion: 2}), "")
	if !confirmed() {
		t.Error("other data takes the phone away")
	}
	do(act(SetProfile, &flowv1.ExecutorSetProfile{ProfileVersion: 3, OtherPhone: true}), "")
	if confirmed() {
		t.Error("another phone is confirmed")
	}
	invited := flowtest.NewWorld(&s)
	if _, refusal, err := invited.Do(act(Register, &flowv1.ExecutorRegister{Kind: selfEmployed, ProfileVersion: 1, InvitationId: "i1"})); refusal != nil || err != nil ||
		!flow.ReadData(invited.View, &flowv1.ExecutorData{}).GetPhoneConfirmed() {
		t.Error(refusal, err)
	}
}

// TestTheWayGoesWithTheRequisites: a stamp says how the requisites that it names are paid.
func TestTheWayGoesWithTheRequisites(t *testing.T) {
	t.Parallel()
	s := spec()
	w := flowtest.NewWorld(&s)
	for n, way := range []flowv1.PayoutWay{flowv1.PayoutWay_PAYOUT_WAY_SBP, flowv1.PayoutWay_PAYOUT_WAY_ACCOUNT} {
		a := act(Register, &flowv1.ExecutorRegister{Kind: selfEmployed, ProfileVersion: 1, RequisitesVersion: 1, Way: way})
		if n > 0 {
			a = act(SetRequisites, &flowv1.ExecutorSetRequisites{RequisitesVersion: 2, Way: way})
		}
		if _, refusal, err := w.Do(a); refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
		if got := Stamp(flow.ReadData(w.View, &flowv1.ExecutorData{}), false); got.GetWay() != way {
			t.Errorf("stamped %s, want %s", got.GetWay(), way)
		}
	}
}
