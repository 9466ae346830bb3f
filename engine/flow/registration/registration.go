package registration

import (
	_ "embed"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed registration.md
var document string

// Name is the flow's name.
const Name = "registration"

// States.
const (
	Phone      = "phone"
	Locked     = "locked"
	Agreement  = "agreement"
	INN        = "inn"
	Checking   = "checking"
	Email      = "email"
	Conditions = "conditions"
	Opening    = "opening"
	Deposit    = "deposit"
	Link       = "link"
	Password   = "password"
	Founding   = "founding"
	Active     = "active"
	Expired    = "expired"
	Taken      = "taken"
)

// Commands, with their bodies.
const (
	Start            = "start"             // RegistrationProfile
	Resend           = "resend"            // no body
	Confirm          = "confirm"           // RegistrationSecret
	Wrong            = "wrong"             // RegistrationSecret
	AcceptAgreement  = "accept_agreement"  // RegistrationAgree
	CheckINN         = "check_inn"         // RegistrationINN
	SetEmail         = "set_email"         // RegistrationProfile
	AcceptConditions = "accept_conditions" // RegistrationConditions
	DepositFound     = "deposit_found"     // no body
	ResendLink       = "resend_link"       // no body
	Follow           = "follow"            // RegistrationSecret
	SetPassword      = "set_password"      // RegistrationPassword
)

// Texts that are accepted, by name.
const (
	TextPolicy     = "policy"
	TextAgreement  = "agreement"
	TextConditions = "conditions"
)

// Limits; registration.md says them.
const (
	Tries    = 5 // of one code
	Codes    = 3 // before a rest
	CodeLife = 10 * time.Minute
	LinkLife = 3 * 24 * time.Hour
	Pause    = time.Minute // between two codes or links
)

// Answers, timers, and rows that Decide chooses; registration.md says what each means.
const (
	resendLast      = "resend_last"
	wrongLast       = "wrong_last"
	registerFound   = "register_found"
	registerRefused = "register_refused"
	registerUnknown = "register_unknown"
	opened          = "opened"
	openedSecured   = "opened_secured"
	openRefused     = "open_refused"
	openUnknown     = "open_unknown"
	openTaken       = "open_taken"
	abandon         = "abandon"
	unlock          = "unlock"
	checkLate       = "check_late"
	openLate        = "open_late"
	depositLate     = "deposit_late"
	linkLate        = "link_late"
	answerLate      = "answer_late"
	codeSent        = "code_sent"
	codeRefused     = "code_refused"
	codeUnknown     = "code_unknown"
	linkSent        = "link_sent"
	linkRefused     = "link_refused"
	linkUnknown     = "link_unknown"
	forgotten       = "forgotten"
	forgetRefused   = "forget_refused"
	forgetUnknown   = "forget_unknown"
	founded         = "founded"
	foundRefused    = "found_refused"
	foundUnknown    = "found_unknown"
	foundLate       = "found_late"
)

// Purposes of messages: a secret is derived from its purpose, the registration's id and its number.
const (
	PurposeCode = "registration_code"
	PurposeLink = "registration_link"
)

// Asks.
const (
	checkRegister = "check_register"
	checkAgain    = "check_again"
	openCompany   = "open_company"
	openAgain     = "open_again"
	sendCode      = "send_code"
	sendLink      = "send_link"
	forget        = "forget"
	foundUser     = "found_user"
)

var words = flow.Words{
	States: []string{Phone, Locked, Agreement, INN, Checking, Email, Conditions, Opening, Deposit, Link, Password, Founding, Active, Expired, Taken},
	Events: []string{
		Start, Resend, Confirm, Wrong, AcceptAgreement, CheckINN, SetEmail, AcceptConditions, DepositFound, ResendLink, Follow, SetPassword,
		resendLast, wrongLast, registerFound, registerRefused, registerUnknown, opened, openedSecured, openRefused, openUnknown, openTaken,
		abandon, unlock, checkLate, openLate, depositLate, linkLate, answerLate,
		codeSent, codeRefused, codeUnknown, linkSent, linkRefused, linkUnknown, forgotten, forgetRefused, forgetUnknown,
		founded, foundRefused, foundUnknown, foundLate,
	},
	Asks: []string{checkRegister, checkAgain, openCompany, openAgain, sendCode, sendLink, forget, foundUser},
}

// New gives the flow of registration.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/registration/registration.md", document, decide, words)
}

// step is one decision in the making.
type step struct {
	view    flow.View
	command flow.Command
	data    *flowv1.RegistrationData
	on      string
	asks    map[string][]byte
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	s := &step{view: v, command: c, data: flow.ReadData(v, &flowv1.RegistrationData{}), on: c.Event, asks: map[string][]byte{}}
	do, known := steps[c.Event]
	if !known || !s.allowed() {
		return flow.Decision{}, flow.WrongState(v, c)
	}
	if c.Answer != nil && !s.awaited() {
		return flow.Decision{On: answerLate}, nil
	}
	if refusal := do(s); refusal != nil {
		return flow.Decision{}, refusal
	}
	return flow.Decision{On: s.on, Data: flow.Bytes(s.data), Asks: s.asks}, nil
}

// from says in which states a command may come; answers and timers come where the table
// has a row.
var from = map[string][]string{
	Resend: {Phone}, Confirm: {Phone}, Wrong: {Phone}, AcceptAgreement: {Agreement}, CheckINN: {INN},
	SetEmail: {Email, Conditions}, AcceptConditions: {Conditions}, DepositFound: {Opening, Deposit},
	ResendLink: {Link, Password}, Follow: {Link}, SetPassword: {Password},
}

// allowed says whether the state allows the command, before its body is looked at.
func (s *step) allowed() bool {
	states, limited := from[s.command.Event]
	if !limited {
		return true
	}
	for _, state := range states {
		if state == s.view.State {
			return true
		}
	}
	return false
}

// answers says which ask an answer is to, and the state in which it is heard.
var answers = map[string]struct{ ask, state string }{
	registerFound: {checkRegister, Checking}, registerRefused: {checkRegister, Checking}, registerUnknown: {checkRegister, Checking},
	opened: {openCompany, Opening}, openRefused: {openCompany, Opening}, openUnknown: {openCompany, Opening},
	codeSent: {sendCode, Phone}, codeRefused: {sendCode, Phone}, codeUnknown: {sendCode, Phone},
	linkSent: {sendLink, Link}, linkRefused: {sendLink, Link}, linkUnknown: {sendLink, Link},
	founded: {foundUser, Founding}, foundRefused: {foundUser, Founding}, foundUnknown: {foundUser, Founding},
	forgotten: {forget, Expired}, forgetUnknown: {forget, Expired},
}

// awaited says whether the answer is to the ask that is open: any other says nothing new.
// Questions give the same answer for ever: the register's is read again, the company's is
// kept under the attempt, and of messages the last one counts.
func (s *step) awaited() bool {
	a, known := answers[s.command.Event]
	over := a.ask == forget && s.view.State == Taken
	return known && (s.view.State == a.state || over) && s.command.Number == s.view.Attempts[a.ask]
}

var steps = map[string]func(*step) *fault.Refusal{
	Start: (*step).start, Resend: (*step).resend, Confirm: (*step).confirm, Wrong: (*step).wrong,
	AcceptAgreement: (*step).agree, CheckINN: (*step).checkINN, SetEmail: (*step).profile, AcceptConditions: (*step).accept,
	DepositFound: (*step).depositFound, ResendLink: (*step).resendLink, Follow: (*step).follow, SetPassword: (*step).setPassword,
	registerFound: (*step).found, registerRefused: (*step).refused, registerUnknown: (*step).again,
	opened: (*step).opened, openRefused: (*step).refused, openUnknown: (*step).again,
	codeSent: (*step).sent, codeRefused: (*step).unsent, codeUnknown: (*step).keep,
	linkSent: (*step).sent, linkRefused: (*step).unsent, linkUnknown: (*step).keep,
	founded: (*step).founded, foundRefused: (*step).refused, foundUnknown: (*step).keep, foundLate: (*step).late,
	forgotten: (*step).keep, forgetRefused: (*step).keep, forgetUnknown: (*step).keep,
	abandon: (*step).abandon, unlock: (*step).unlock, depositLate: (*step).keep,
	checkLate: (*step).late, openLate: (*step).late, linkLate: (*step).late,
}

// profile takes over a version that is above the kept one.
func (s *step) profile() *fault.Refusal {
	var b flowv1.RegistrationProfile
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	return s.version(b.ProfileVersion)
}

func (s *step) version(version uint32) *fault.Refusal {
	if version <= s.data.ProfileVersion {
		return fault.Refuse(fault.WrongState, "profile_version", "version %d is not above the kept version %d", version, s.data.ProfileVersion)
	}
	s.data.ProfileVersion = version
	return nil
}

// checkINN asks the state register about a company.
func (s *step) checkINN() *fault.Refusal {
	var b flowv1.RegistrationINN
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("company_id", b.CompanyId); refusal != nil {
		return refusal
	}
	s.data.CompanyId, s.data.Refusal = b.CompanyId, ""
	s.asks[checkRegister] = flow.Bytes(&flowv1.RegisterAsk{Book: s.view.Book, Registration: s.view.ID, ProfileVersion: b.ProfileVersion})
	return s.version(b.ProfileVersion)
}

// found takes what the register said: it stands in the private table under a new version.
func (s *step) found() *fault.Refusal {
	var b flowv1.RegisterAnswer
	if refusal := flow.ReadBody(flow.Command{Event: s.command.Event, Body: []byte(s.command.Answer.Body)}, &b); refusal != nil {
		return refusal
	}
	s.data.ProfileVersion, s.data.Attention = max(s.data.ProfileVersion, b.ProfileVersion), false
	return nil
}

// refused keeps why the register or the opening refused.
func (s *step) refused() *fault.Refusal {
	s.data.Refusal, s.data.Attention = string(s.command.Answer.Code), false
	if s.command.Event == openRefused && s.command.Answer.Code == fault.AlreadyExists {
		s.on = openTaken // the INN is said and checked: there is nothing to go on with
		return s.abandon()
	}
	return nil
}

// again asks once more: silence is no answer.
func (s *step) again() *fault.Refusal { return nil }

// keep changes nothing but the state.
func (s *step) keep() *fault.Refusal { return nil }

// abandon ends what nobody goes on with, and has it forgotten.
func (s *step) abandon() *fault.Refusal {
	s.data.ProfileVersion = 0
	s.asks[forget] = flow.Bytes(&flowv1.ForgetAsk{Book: s.view.Book, Registration: s.view.ID})
	return nil
}

// late calls support.
func (s *step) late() *fault.Refusal {
	s.data.Attention = true
	return nil
}

// opened goes on to the deposit, or past it when none is awaited.
func (s *step) opened() *fault.Refusal {
	s.data.Attention = false
	if s.data.DepositFound || rubles(s.data.DepositRequired).IsZero() {
		s.on = openedSecured
		s.issueLink()
	}
	return nil
}

// depositFound issues the link, unless the company's own answer is still awaited.
func (s *step) depositFound() *fault.Refusal {
	s.data.DepositFound = true
	if s.view.State == Deposit {
		s.issueLink()
	}
	return nil
}

// setPassword has whoever set it made the company's first owner.
func (s *step) setPassword() *fault.Refusal {
	var b flowv1.RegistrationPassword
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if b.CredentialVersion == 0 || b.UserProfileVersion == 0 {
		return fault.Refuse(fault.Malformed, "credential_version", "the password was not written")
	}
	if refusal := flow.CheckID("user_id", b.UserId); refusal != nil {
		return refusal
	}
	s.data.UserId, s.data.CredentialVersion, s.data.Refusal = b.UserId, b.CredentialVersion, ""
	s.asks[foundUser] = flow.Bytes(&flowv1.FoundAsk{
		Book: s.view.Book, CompanyId: s.data.CompanyId, UserId: b.UserId, ProfileVersion: b.UserProfileVersion, CredentialVersion: b.CredentialVersion,
	})
	return nil
}

// founded ends the registration.
func (s *step) founded() *fault.Refusal {
	s.data.ActiveDay, s.data.Attention = s.view.Day, false
	return nil
}
