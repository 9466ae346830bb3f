package executor

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/flowtest"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Whatever a company does with a person's data, and whenever the tax service is asked, nobody
// signs as self-employed but from a phone that the service, or support, has seen as the person's.
func TestNobodySignsByACompanysPhone(t *testing.T) {
	t.Parallel()
	const theirs = "theirs" // the phone by which the tax service knows the person
	rapid.Check(t, func(t *rapid.T) {
		s := spec()
		w := flowtest.NewWorld(&s)
		do := func(a flowtest.Act) bool {
			_, refusal, err := w.Do(a)
			if err != nil {
				t.Fatal(err)
			}
			return refusal == nil
		}
		phones := []string{"", rapid.SampledFrom([]string{"ours", theirs}).Draw(t, "first")} // by version
		vouched := ""
		at := &flowv1.NpdData{}
		do(act(Register, &flowv1.ExecutorRegister{Kind: selfEmployed, ProfileVersion: 1, InvitationId: rapid.SampledFrom([]string{"", "i1"}).Draw(t, "invited")}))
		var late *flowv1.NpdData // an answer on its way
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			d := flow.ReadData(w.View, &flowv1.ExecutorData{})
			version := d.GetProfileVersion()
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0: // other data, perhaps another phone
				next := rapid.SampledFrom([]string{"ours", "more", theirs}).Draw(t, "phone")
				if do(act(SetProfile, &flowv1.ExecutorSetProfile{ProfileVersion: version + 1, OtherPhone: next != phones[version]})) {
					phones = append(phones, next)
					if next != phones[version] {
						vouched = ""
					}
				}
			case 1: // the service is asked
				late = &flowv1.NpdData{Phone: flowv1.PhoneMatch_PHONE_MATCH_OTHER, PhoneVersion: version}
				if phones[version] == theirs {
					late.Phone = flowv1.PhoneMatch_PHONE_MATCH_SAME
				}
			case 2: // and has answered, now
				if late != nil {
					at, late = late, nil
				}
			case 3:
				do(act(ConfirmPhone, &flowv1.ExecutorConfirmPhone{ProfileVersion: version}))
			case 4:
				do(act(Dispute, &flowv1.ExecutorDispute{Code: "desk"}))
			case 5:
				genuine := rapid.Bool().Draw(t, "genuine")
				if do(act(Settle, &flowv1.ExecutorSettle{Genuine: genuine, Code: "seen", ProfileVersion: version})) {
					vouched = ""
					if genuine {
						vouched = phones[version]
					}
				}
			}
			d = flow.ReadData(w.View, &flowv1.ExecutorData{})
			now := phones[d.GetProfileVersion()]
			if by := ProofOf(d, at); Signs(selfEmployed, by) && now != theirs && now != vouched {
				t.Fatalf("%s signs by %s: %v %v", now, by, d, at)
			}
		}
	})
}

func TestProofs(t *testing.T) {
	t.Parallel()
	same := func(version uint32) *flowv1.NpdData {
		return &flowv1.NpdData{Phone: flowv1.PhoneMatch_PHONE_MATCH_SAME, PhoneVersion: version}
	}
	for name, tc := range map[string]struct {
		d    *flowv1.ExecutorData
		at   *flowv1.NpdData
		want Proof
	}{
		"a company's word":            {&flowv1.ExecutorData{ProfileVersion: 3, PhoneVersion: 1}, nil, Unproven},
		"the INN":                     {&flowv1.ExecutorData{ProfileVersion: 3, PhoneVersion: 1, PhoneConfirmed: true}, nil, ByINN},
		"support":                     {&flowv1.ExecutorData{ProfileVersion: 3, PhoneVersion: 1, PhoneConfirmed: true, PhoneVouched: true}, nil, BySupport},
		"the tax service":             {&flowv1.ExecutorData{ProfileVersion: 3, PhoneVersion: 1}, same(1), ByTaxService},
		"of the phone before":         {&flowv1.ExecutorData{ProfileVersion: 3, PhoneVersion: 2}, same(1), Unproven},
		"of data from before, other":  {&flowv1.ExecutorData{ProfileVersion: 3}, same(2), Unproven},
		"of data from before, newest": {&flowv1.ExecutorData{ProfileVersion: 3}, same(3), ByTaxService},
		"another phone":               {&flowv1.ExecutorData{ProfileVersion: 3, PhoneVersion: 1}, &flowv1.NpdData{Phone: flowv1.PhoneMatch_PHONE_MATCH_OTHER, PhoneVersion: 3}, Unproven},
		"nothing":                     {&flowv1.ExecutorData{}, same(0), Unproven},
	} {
		if got := ProofOf(tc.d, tc.at); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	other := &flowv1.NpdData{Phone: flowv1.PhoneMatch_PHONE_MATCH_OTHER, PhoneVersion: 2}
	for _, tc := range []struct {
		d    *flowv1.ExecutorData
		at   *flowv1.NpdData
		want bool
	}{
		{&flowv1.ExecutorData{ProfileVersion: 3, PhoneVersion: 2, PhoneConfirmed: true}, other, true},
		{&flowv1.ExecutorData{ProfileVersion: 3, PhoneVersion: 3}, other, false}, // that was the phone before
		{&flowv1.ExecutorData{ProfileVersion: 3, PhoneVersion: 2, PhoneVouched: true}, other, false},
		{&flowv1.ExecutorData{ProfileVersion: 3, PhoneVersion: 2}, same(2), false},
		{&flowv1.ExecutorData{ProfileVersion: 3, PhoneVersion: 2}, nil, false},
	} {
		if Another(tc.d, tc.at) != tc.want {
			t.Errorf("%v %v: another phone is %t", tc.d, tc.at, !tc.want)
		}
	}
	if Signs(selfEmployed, ByINN) || Signs(selfEmployed, Unproven) || Signs(civil, Unproven) || !Signs(civil, ByINN) || len(Needs(selfEmployed)) != 2 {
		t.Error(signing)
	}
}

// A dispute ends where it began, or with who is blocked; what support has seen is of the data
// that it has seen.
func TestDispute(t *testing.T) {
	t.Parallel()
	blocked, taken := act(Block, &flowv1.ExecutorBlock{Code: "request"}), act(INNTaken, &flowv1.ExecutorInnTaken{ExecutorId: "e2"})
	disputed := act(Dispute, &flowv1.ExecutorDispute{Code: DisputedByPerson, TaskId: "t1"})
	for _, tc := range []struct {
		before  []flowtest.Act
		genuine bool
		state   string
	}{
		{[]flowtest.Act{disputed}, true, Registered},
		{[]flowtest.Act{disputed, disputed}, true, Registered},
		{[]flowtest.Act{disputed}, false, Blocked},
		{[]flowtest.Act{blocked, disputed}, true, Blocked},
		{[]flowtest.Act{taken, disputed}, true, Conflict},
		{[]flowtest.Act{disputed, taken}, true, Conflict},
		{[]flowtest.Act{taken, disputed}, false, Blocked},
	} {
		s := spec()
		w := flowtest.NewWorld(&s)
		for _, a := range append([]flowtest.Act{s.Acts[0]}, tc.before...) {
			if _, refusal, err := w.Do(a); refusal != nil || err != nil {
				t.Fatal(a.Name, refusal, err)
			}
		}
		if d := flow.ReadData(w.View, &flowv1.ExecutorData{}); w.View.State != Disputed || d.GetDisputedCode() != DisputedByPerson || d.GetDisputedTask() != "t1" || d.GetDisputedDay() != "2026-03-02" {
			t.Fatal(w.View.State, d)
		}
		_, refusal, _ := w.Do(act(Settle, &flowv1.ExecutorSettle{Genuine: tc.genuine, Code: "seen", ProfileVersion: 2}))
		if refusal == nil || refusal.Field != "profile_version" {
			t.Error("another version was looked at:", refusal)
		}
		if _, refusal, err := w.Do(act(Settle, &flowv1.ExecutorSettle{Genuine: tc.genuine, Code: "seen", ProfileVersion: 1})); refusal != nil || err != nil {
			t.Fatal(refusal, err)
		}
		d := flow.ReadData(w.View, &flowv1.ExecutorData{})
		if w.View.State != tc.state || d.GetPhoneVouched() != tc.genuine || d.GetDisputedCode() != "" || d.GetSettledCode() != "seen" {
			t.Errorf("%s %v, want %s", w.View.State, d, tc.state)
		}
		if _, refusal, _ := w.Do(act(Settle, &flowv1.ExecutorSettle{Genuine: true, Code: "seen", ProfileVersion: 1})); refusal == nil || refusal.Code != fault.WrongState {
			t.Error("settled twice:", refusal)
		}
	}
	s := spec()
	w := flowtest.NewWorld(&s)
	for _, a := range []flowtest.Act{s.Acts[0], act(Dispute, &flowv1.ExecutorDispute{}), act(Dispute, &flowv1.ExecutorDispute{Code: "x", TaskId: "?"})} {
		if _, refusal, _ := w.Do(a); (refusal == nil) != (a.Name == Register) {
			t.Error(a.Name, refusal)
		}
	}
}

func TestSigningIsChecked(t *testing.T) {
	t.Parallel()
	good := "## Signing\n\n| Kind | Proof | Meaning |\n|---|---|---|\n| selfemployed | tax_service | a |\n| entrepreneur | inn | b |\n%s\n"
	if got, err := readSigning(fmt.Sprintf(good, "| civil_contract | support | c |")); err != nil || got[civil][0] != BySupport {
		t.Errorf("%v %v", got, err)
	}
	for _, row := range []string{"", "| civil_contract | word | c |", "| slave | inn | c |", "| selfemployed | tax_service | twice |"} {
		if _, err := readSigning(fmt.Sprintf(good, row)); err == nil {
			t.Errorf("%q passed", row)
		}
	}
}
