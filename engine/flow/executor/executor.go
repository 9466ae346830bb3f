package executor

import (
	_ "embed"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed executor.md
var document string

// Name is the flow's name.
const Name = "executor"

// States.
const (
	Registered = "registered"
	Blocked    = "blocked"
	Conflict   = "inn_conflict"
	Disputed   = "disputed"
	Erasing    = "erasing"
	Erased     = "erased"
)

// Commands, with their bodies.
const (
	Register      = "register"       // ExecutorRegister
	SetProfile    = "set_profile"    // ExecutorSetProfile
	SetRequisites = "set_requisites" // ExecutorSetRequisites
	Block         = "block"          // ExecutorBlock
	Unblock       = "unblock"        // no body
	Erase         = "erase"          // ExecutorErase
	ChangeINN     = "change_inn"     // ExecutorChangeInn
	INNTaken      = "inn_taken"      // ExecutorInnTaken
	ConfirmPhone  = "confirm_phone"  // ExecutorConfirmPhone
	WrongINN      = "wrong_inn"      // ExecutorConfirmPhone
	Dispute       = "dispute"        // ExecutorDispute
	Settle        = "settle"         // ExecutorSettle
)

// What else happens, and what is asked.
const (
	changeBlocked = "change_blocked"

	settleBlocked  = "settle_blocked"
	settleConflict = "settle_conflict"
	settleFalse    = "settle_false"

	eraseDone    = "erase_done"
	eraseRefused = "erase_refused"
	eraseUnknown = "erase_unknown"
	eraseLate    = "erase_late"
	eraseData    = "erase_data"
	askErase     = "ask_erase"
)

var words = flow.Words{
	States: []string{Registered, Blocked, Conflict, Disputed, Erasing, Erased},
	Events: []string{Register, SetProfile, SetRequisites, Block, Unblock, Erase, ChangeINN, changeBlocked, INNTaken, ConfirmPhone, WrongINN,
		Dispute, Settle, settleBlocked, settleConflict, settleFalse, eraseDone, eraseRefused, eraseUnknown, eraseLate},
	Asks: []string{eraseData, askErase},
}

// New gives the flow of executor.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/executor/executor.md", document, decide, words)
}

// Stamp is what a task's command says about this executor. Whether the person is known
// well enough for a civil contract only the private tables know.
func Stamp(d *flowv1.ExecutorData, unidentified bool) *flowv1.ExecutorStamp {
	return &flowv1.ExecutorStamp{Kind: d.Kind, Nonresident: d.Nonresident, RequisitesVersion: d.RequisitesVersion, Unidentified: unidentified, Way: d.Way}
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	d := flow.ReadData(v, &flowv1.ExecutorData{})
	out := flow.Decision{On: c.Event}
	var refusal *fault.Refusal
	switch c.Event {
	case Register:
		refusal = register(v, c, d)
	case SetProfile:
		refusal = setProfile(c, d)
	case SetRequisites:
		var b flowv1.ExecutorSetRequisites
		if refusal = flow.ReadBody(c, &b); refusal == nil {
			refusal = newer("requisites_version", b.RequisitesVersion, d.RequisitesVersion)
			d.RequisitesVersion, d.Way = b.RequisitesVersion, b.Way
		}
	case Block:
		var b flowv1.ExecutorBlock
		if refusal = flow.ReadBody(c, &b); refusal == nil {
			refusal = flow.CheckID("code", b.Code)
			d.BlockedCode, d.InnTakenBy = b.Code, ""
		}
	case Unblock:
		d.BlockedCode = ""
	case ChangeINN:
		if refusal = changeINN(v, c, d); v.State == Conflict && d.BlockedCode != "" {
			out.On = changeBlocked
		}
	case ConfirmPhone, WrongINN:
		refusal = phone(v, c, d)
	case INNTaken:
		refusal = innTaken(v, c, d)
	case Dispute:
		refusal = dispute(v, c, d)
	case Settle:
		refusal = settle(v, c, d, &out)
	case Erase:
		out.Asks, refusal = erase(v, c, d)
	case eraseDone, eraseRefused, eraseUnknown:
		answered(v, c, d, &out)
	default:
		refusal = flow.WrongState(v, c)
	}
	if refusal != nil {
		return flow.Decision{}, refusal
	}
	out.Data = flow.Bytes(d)
	return out, nil
}

func register(v flow.View, c flow.Command, d *flowv1.ExecutorData) *fault.Refusal {
	var b flowv1.ExecutorRegister
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if b.Kind == flowv1.EmploymentKind_EMPLOYMENT_KIND_UNSPECIFIED {
		return fault.Refuse(fault.Malformed, "kind", "the kind of employment must be said")
	}
	if refusal := newer("profile_version", b.ProfileVersion, 0); refusal != nil {
		return refusal
	}
	d.Kind, d.Nonresident, d.RegisteredDay = b.Kind, b.Nonresident, v.Day
	d.ProfileVersion, d.RequisitesVersion, d.Way, d.InvitationId = b.ProfileVersion, b.RequisitesVersion, b.Way, b.InvitationId
	d.PhoneVersion = b.ProfileVersion
	d.PhoneConfirmed = b.InvitationId != "" // by its code, and the INN is what he said himself
	return nil
}

func setProfile(c flow.Command, d *flowv1.ExecutorData) *fault.Refusal {
	var b flowv1.ExecutorSetProfile
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if b.Kind != flowv1.EmploymentKind_EMPLOYMENT_KIND_UNSPECIFIED {
		d.Kind = b.Kind
	}
	d.Nonresident = b.Nonresident
	if b.ProfileVersion == 0 {
		return nil
	}
	refusal := newer("profile_version", b.ProfileVersion, d.ProfileVersion)
	d.ProfileVersion = b.ProfileVersion
	if b.OtherPhone {
		d.PhoneConfirmed, d.PhoneVouched, d.PhoneVersion, d.InnTries, d.InnTriesFrom = false, false, b.ProfileVersion, 0, ""
	}
	return refusal
}

// changeINN takes over the versions that have the new INN. Who is blocked stays so; a
// conflict is over.
func changeINN(v flow.View, c flow.Command, d *flowv1.ExecutorData) *fault.Refusal {
	var b flowv1.ExecutorChangeInn
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if refusal := newer("profile_version", b.ProfileVersion, d.ProfileVersion); refusal != nil {
		return refusal
	}
	if b.RequisitesVersion != 0 {
		if refusal := newer("requisites_version", b.RequisitesVersion, d.RequisitesVersion); refusal != nil {
			return refusal
		}
		d.RequisitesVersion = b.RequisitesVersion
	}
	d.ProfileVersion, d.InnVersion, d.InnChangedDay, d.InnTakenBy = b.ProfileVersion, b.ProfileVersion, v.Day, ""
	return nil
}

// innTaken keeps who has the INN.
func innTaken(v flow.View, c flow.Command, d *flowv1.ExecutorData) *fault.Refusal {
	var b flowv1.ExecutorInnTaken
	if refusal := flow.ReadBody(c, &b); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("executor_id", b.ExecutorId); refusal != nil {
		return refusal
	}
	if b.ExecutorId == v.ID {
		return fault.Refuse(fault.Malformed, "executor_id", "the INN is this executor's own")
	}
	d.InnTakenBy = b.ExecutorId
	return nil
}

// newer refuses a version that is not above the kept one: two editors at once.
func newer(field string, version, kept uint32) *fault.Refusal {
	if version > kept {
		return nil
	}
	return fault.Refuse(fault.WrongState, field, "version %d is not above the kept version %d", version, kept)
}
