package executor

import (
	"fmt"
	"slices"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Proof is by what it is known that who has an executor's phone is the person.
type Proof string

// The proofs, the strongest first.
const (
	ByTaxService Proof = "tax_service" // the tax service knows the person by this phone
	BySupport    Proof = "support"     // support has seen who has it
	ByINN        Proof = "inn"         // who has it knows the person's INN
	Unproven     Proof = ""            // a company gave it
)

var proofs = []Proof{ByTaxService, BySupport, ByINN}

// ProofOf is the strongest proof of a phone; at is the person's aggregate of the flow npd, nil
// when he has none. What the tax service said of another phone that the person had proves nothing.
func ProofOf(d *flowv1.ExecutorData, at *flowv1.NpdData) Proof {
	switch {
	case said(d, at) == flowv1.PhoneMatch_PHONE_MATCH_SAME:
		return ByTaxService
	case d.GetPhoneVouched():
		return BySupport
	case d.GetPhoneConfirmed():
		return ByINN
	}
	return Unproven
}

// Another says whether the tax service knows the person by another phone, and support has not seen
// that this one is his too: whoever has this one does not say where money goes.
func Another(d *flowv1.ExecutorData, at *flowv1.NpdData) bool {
	return said(d, at) == flowv1.PhoneMatch_PHONE_MATCH_OTHER && !d.GetPhoneVouched()
}

// said is what the tax service said of the phone that the executor has now.
func said(d *flowv1.ExecutorData, at *flowv1.NpdData) flowv1.PhoneMatch {
	since := d.GetPhoneVersion()
	if since == 0 {
		since = d.GetProfileVersion() // not kept: the phone may be as new as the data
	}
	if since == 0 || at.GetPhoneVersion() < since {
		return flowv1.PhoneMatch_PHONE_MATCH_UNSPECIFIED
	}
	return at.GetPhone()
}

// Signs says whether a person of a kind signs by a code to a phone with a proof.
func Signs(kind flowv1.EmploymentKind, by Proof) bool { return slices.Contains(signing[kind], by) }

// Needs are the proofs of which a person of a kind needs one, as executor.md lists them.
func Needs(kind flowv1.EmploymentKind) []Proof { return slices.Clone(signing[kind]) }

var signing = mustSigning(document)

func mustSigning(text string) map[flowv1.EmploymentKind][]Proof {
	out, err := readSigning(text)
	if err != nil {
		panic(err.Error())
	}
	return out
}

// readSigning reads the table Signing; every kind has a row.
func readSigning(text string) (map[flowv1.EmploymentKind][]Proof, error) {
	tables, err := machine.ParseTables("engine/flow/executor/executor.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Signing")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Kind", "Proof", "Meaning"); err != nil {
		return nil, err
	}
	out := map[flowv1.EmploymentKind][]Proof{}
	for _, r := range t.Rows {
		kind, ok := kinds[r.Cell("Kind")]
		by := Proof(r.Cell("Proof"))
		if !ok || !slices.Contains(proofs, by) || slices.Contains(out[kind], by) {
			return nil, r.Errorf("a row names a kind and a proof, once")
		}
		out[kind] = append(out[kind], by)
	}
	if len(out) != len(kinds) {
		return nil, fmt.Errorf("engine/flow/executor/executor.md: Signing has %d kinds of %d", len(out), len(kinds))
	}
	return out, nil
}

// Tries is how many wrong INN may be given within a day.
const Tries = 5

const triesRest = 24 * time.Hour

// FactAfter is a too_often refusal's fact: when an INN may be given again, RFC 3339.
const FactAfter = "after"

// phone hears whether who has the phone has given the right INN.
func phone(v flow.View, c flow.Command, d *flowv1.ExecutorData) *fault.Refusal {
	var b flowv1.ExecutorConfirmPhone
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if b.ProfileVersion != d.ProfileVersion {
		return fault.Refuse(fault.WrongState, "profile_version", "version %d was compared, it is %d", b.ProfileVersion, d.ProfileVersion)
	}
	if from := flow.Moment(d.InnTriesFrom); !v.Clock.Before(from.Add(triesRest)) {
		d.InnTries, d.InnTriesFrom = 0, ""
	} else if d.InnTries >= Tries {
		after := from.Add(triesRest).UTC().Format(time.RFC3339)
		return fault.Refuse(fault.TooOften, "inn", "%d wrong ones; another may be given at %s", Tries, after).With(FactAfter, after)
	}
	if c.Event == ConfirmPhone {
		d.PhoneConfirmed, d.InnTries, d.InnTriesFrom = true, 0, ""
		return nil
	}
	if d.InnTries++; d.InnTriesFrom == "" {
		d.InnTriesFrom = flow.Text(v.Clock)
	}
	return nil
}

// DisputedByPerson is the code of a dispute that who has the phone began.
const DisputedByPerson = "person"

// dispute keeps why support has to look.
func dispute(v flow.View, c flow.Command, d *flowv1.ExecutorData) *fault.Refusal {
	var b flowv1.ExecutorDispute
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("code", b.Code); refusal != nil {
		return refusal
	}
	if b.TaskId != "" {
		if refusal := flow.CheckID("task_id", b.TaskId); refusal != nil {
			return refusal
		}
	}
	d.DisputedCode, d.DisputedDay, d.DisputedTask = b.Code, v.Day, b.TaskId
	return nil
}

// settle ends a dispute: the person goes on as he was, or is blocked, and the phone is nobody's.
func settle(v flow.View, c flow.Command, d *flowv1.ExecutorData, out *flow.Decision) *fault.Refusal {
	var b flowv1.ExecutorSettle
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("code", b.Code); refusal != nil {
		return refusal
	}
	if v.State == Disputed && b.ProfileVersion != d.ProfileVersion {
		return fault.Refuse(fault.WrongState, "profile_version", "version %d was looked at, it is %d", b.ProfileVersion, d.ProfileVersion)
	}
	d.SettledCode, d.SettledDay, d.DisputedCode = b.Code, v.Day, ""
	d.PhoneVouched, d.PhoneConfirmed = b.Genuine, b.Genuine
	switch {
	case !b.Genuine:
		out.On, d.BlockedCode, d.InnTakenBy = settleFalse, b.Code, ""
	case d.InnTakenBy != "":
		out.On = settleConflict
	case d.BlockedCode != "":
		out.On = settleBlocked
	}
	return nil
}
