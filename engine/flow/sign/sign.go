package sign

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/secret"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed sign.md
var document string

// Name is the flow's name.
const Name = "sign"

// States.
const (
	Invited = "invited"
	Asked   = "asked"
	Expired = "expired"
	Locked  = "locked"
	Telling = "telling"
	Signed  = "signed"
)

// Commands, with their bodies.
const (
	Invite  = "invite"  // SignInvite
	Code    = "code"    // SignCode
	Wrong   = "wrong"   // SignEntry
	Confirm = "confirm" // SignEntry
)

// Documents that are signed.
const (
	Agreement = "agreement"
	Act       = "act"
)

// Purpose of the message with the code: a row of engine/world/notify.md, and what the
// code is derived of, with the signing's id.
const Purpose = "signing_code"

// PurposeLink is of what the secret part of a link is derived, with LinkOf, and the message
// with it: rows of engine/world/notify.md.
const PurposeLink = "signing_link"

// Channels of the link.
const (
	SMS  = "sms"
	Mail = "mail"
)

// LinkOf is what a signing's link is derived of: another executor has another one.
func LinkOf(task, document, executor string) string { return ID(task, document) + "/" + executor }

// LinkNumber is the number of a signing's link: it is the same for its life.
const LinkNumber = 1

// Links are how often the link is sent to one executor.
const Links = 10

// link: a message that could not be sent for three days is of no use any more.
var link = secret.Rule{Field: "link", Life: 72 * time.Hour, Pause: 10 * time.Minute}

// MethodCode is how a signature of this flow was made.
const MethodCode = "code"

// Codes are how many codes are issued before a rest.
const Codes = 5

var code = secret.Rule{Field: "code", Life: 10 * time.Minute, Pause: time.Minute, Tries: 5}

// Answers, timers, and rows that Decide chooses; sign.md says what each means.
const (
	linkSent    = "link_sent"
	linkUnsent  = "link_unsent"
	linkUnknown = "link_unknown"
	mailSent    = "mail_sent"
	mailUnsent  = "mail_unsent"
	mailUnknown = "mail_unknown"
	codeLast    = "code_last"
	wrongLast   = "wrong_last"
	sent        = "sent"
	unsent      = "unsent"
	sendUnknown = "send_unknown"
	told        = "told"
	tellRefused = "tell_refused"
	tellUnknown = "tell_unknown"
	tellLate    = "tell_late"
	unlock      = "unlock"
	abandon     = "abandon"
	answerLate  = "answer_late"
)

// Asks.
const (
	sendLink      = "send_link"
	sendLinkAgain = "send_link_again"
	mailLink      = "mail_link"
	mailLinkAgain = "mail_link_again"
	sendCode      = "send_code"
	sendAgain     = "send_again"
	tellTask      = "tell_task"
	tellAgain     = "tell_again"
)

var words = flow.Words{
	States: []string{Invited, Asked, Expired, Locked, Telling, Signed},
	Events: []string{
		Invite, linkSent, linkUnsent, linkUnknown, mailSent, mailUnsent, mailUnknown, Code, Wrong, Confirm, codeLast, wrongLast, sent, unsent, sendUnknown, told, tellRefused, tellUnknown, tellLate, unlock, abandon, answerLate,
	},
	Asks: []string{sendLink, sendLinkAgain, mailLink, mailLinkAgain, sendCode, sendAgain, tellTask, tellAgain},
}

// New gives the flow of sign.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/sign/sign.md", document, decide, words)
}

// ID is the signing of a task's document.
func ID(task, document string) string { return task + "-" + document }

// step is one decision in the making.
type step struct {
	view    flow.View
	command flow.Command
	data    *flowv1.SignData
	on      string
	asks    map[string][]byte
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	s := &step{view: v, command: c, data: flow.ReadData(v, &flowv1.SignData{}), on: c.Event, asks: map[string][]byte{}}
	if refusal := s.run(); refusal != nil {
		return flow.Decision{}, refusal
	}
	return flow.Decision{On: s.on, Data: flow.Bytes(s.data), Asks: s.asks}, nil
}

func (s *step) run() *fault.Refusal {
	if s.command.Answer != nil && !s.awaited() {
		s.on = answerLate
		return nil
	}
	switch s.command.Event {
	case Invite:
		return s.invite()
	case Code:
		return s.code()
	case Wrong:
		return s.wrong()
	case Confirm:
		return s.confirm()
	case sent:
		s.data.Handed = true
	case unsent:
		s.data.Handed, s.data.Unsent = true, string(s.command.Answer.Code)
	case linkSent, mailSent:
		s.on, s.data.LinkHanded = linkSent, true
	case linkUnsent, mailUnsent:
		s.on, s.data.LinkHanded, s.data.LinkUnsent = linkUnsent, true, string(s.command.Answer.Code)
	case told:
		s.data.Refusal, s.data.Attention = "", false
	case tellRefused:
		s.data.Refusal, s.data.Attention, s.data.Signature = string(s.command.Answer.Code), false, nil
	case tellLate:
		s.data.Attention = true
	case unlock, abandon:
		s.rest()
		s.data.Codes = 0
	}
	return nil
}

// rest kills the code that is out: no message has to be sent again.
func (s *step) rest() { s.data.Code, s.data.Handed = secret.Rest(s.data.Code), true }

// awaited says whether the answer is to the ask that is open: any other says nothing new.
func (s *step) awaited() bool {
	ask, state := sendCode, Asked
	switch s.command.Event {
	case told, tellRefused, tellUnknown:
		ask, state = tellTask, Telling
	case linkSent, linkUnsent, linkUnknown:
		return s.linked() && s.data.Channel == SMS && s.command.Number == s.view.Attempts[sendLink]
	case mailSent, mailUnsent, mailUnknown:
		return s.linked() && s.data.Channel == Mail && s.command.Number == s.view.Attempts[mailLink]
	}
	return s.view.State == state && s.command.Number == s.view.Attempts[ask] && (ask != sendCode || !s.data.Handed)
}

// linked says whether the link is on its way. Whoever asks for a code has it.
func (s *step) linked() bool {
	return (s.view.State == Invited || s.view.State == Asked) && !s.data.LinkHanded
}

// invite sends the link.
func (s *step) invite() *fault.Refusal {
	var b flowv1.SignInvite
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := checkIDs(b.TaskId, b.CompanyId, b.ExecutorId, b.Document); refusal != nil {
		return refusal
	}
	ask := map[string]string{SMS: sendLink, Mail: mailLink}[b.Channel]
	switch {
	case ask == "":
		return fault.Refuse(fault.Malformed, "channel", "%.32q is no way to send a link", b.Channel)
	case s.view.State == Locked || s.view.State == Telling:
		return flow.WrongState(s.view, s.command)
	case b.ExecutorId != s.data.ExecutorId: // another executor has another link
		s.data.Link, s.data.Links = secret.Rest(s.data.Link), 0
	}
	if refusal := link.Paused(s.data.Link, s.view.Clock); refusal != nil {
		return refusal
	}
	if s.data.Links >= Links {
		return fault.Refuse(fault.TooOften, "event", "the link was sent %d times", Links)
	}
	if s.view.State != Asked || b.ExecutorId != s.data.ExecutorId {
		s.data = &flowv1.SignData{
			TaskId: b.TaskId, CompanyId: b.CompanyId, Document: b.Document, ExecutorId: b.ExecutorId, Code: secret.Rest(s.data.Code), Codes: s.data.Codes,
			Link: s.data.Link, Links: s.data.Links, Handed: true,
		}
	}
	s.data.Link, s.data.Links, s.data.Channel, s.data.LinkUnsent = secret.Next(s.data.Link, s.view.Clock), s.data.Links+1, b.Channel, ""
	s.data.LinkHanded = false
	s.asks[ask] = flow.Bytes(&flowv1.NotifyAsk{
		Book: s.view.Book, Purpose: PurposeLink, To: "executor", Id: b.ExecutorId, About: LinkOf(b.TaskId, b.Document, b.ExecutorId),
		Number: LinkNumber, Until: flow.Text(link.Until(s.data.Link)),
		Facts: map[string]string{"document": russian[b.Document], "kind": b.Document, "book": s.view.Book, "task": b.TaskId},
	})
	return nil
}

// code issues a code for a file.
func (s *step) code() *fault.Refusal {
	var b flowv1.SignCode
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := check(&b); refusal != nil {
		return refusal
	}
	if s.view.State == Locked || s.view.State == Telling {
		return flow.WrongState(s.view, s.command)
	}
	if refusal := code.Paused(s.data.Code, s.view.Clock); refusal != nil {
		return refusal
	}
	if s.data.Codes >= Codes {
		s.on = codeLast
		s.rest()
		return nil
	}
	s.data = &flowv1.SignData{
		TaskId: b.TaskId, CompanyId: b.CompanyId, Document: b.Document, ExecutorId: b.ExecutorId, ProfileVersion: b.ProfileVersion,
		Sha256: b.Sha256, Template: b.Template, Terms: b.Terms, Code: secret.Next(s.data.Code, s.view.Clock), Codes: s.data.Codes + 1,
		Link: s.data.Link, Links: s.data.Links, Channel: s.data.Channel, LinkUnsent: s.data.LinkUnsent, LinkHanded: true,
	}
	s.asks[sendCode] = flow.Bytes(&flowv1.NotifyAsk{
		Book: s.view.Book, Purpose: Purpose, To: "executor", Id: b.ExecutorId, Version: b.ProfileVersion, About: s.view.ID,
		Number: s.data.Code.Number, Until: flow.Text(code.Until(s.data.Code)), Facts: map[string]string{"document": russian[b.Document]},
	})
	return nil
}

// russian names the documents in messages.
var russian = map[string]string{Agreement: "договор", Act: "акт"}

// checkIDs refuses whose document nobody can name.
func checkIDs(task, company, executor, document string) *fault.Refusal {
	for _, id := range []struct{ field, id string }{{"task_id", task}, {"company_id", company}, {"executor_id", executor}} {
		if refusal := flow.CheckID(id.field, id.id); refusal != nil {
			return refusal
		}
	}
	if russian[document] == "" {
		return fault.Refuse(fault.Malformed, "document", "%.32q is not a document that is signed", document)
	}
	return nil
}

func check(b *flowv1.SignCode) *fault.Refusal {
	if refusal := checkIDs(b.TaskId, b.CompanyId, b.ExecutorId, b.Document); refusal != nil {
		return refusal
	}
	if b.ProfileVersion == 0 {
		return fault.Refuse(fault.Malformed, "profile_version", "the version of the profile is not said")
	}
	for _, hash := range []struct{ of, text string }{{"sha256", b.Sha256}, {"template", b.Template}} {
		if raw, err := hex.DecodeString(hash.text); err != nil || len(raw) != 32 {
			return fault.Refuse(fault.Malformed, "document_sha256", "%s %.80q is not a SHA-256", hash.of, hash.text)
		}
	}
	return nil
}

// wrong counts a wrong code.
func (s *step) wrong() *fault.Refusal {
	b, refusal := s.entry()
	if refusal != nil {
		return refusal
	}
	last, refusal := code.Wrong(s.data.Code, b.Number, s.view.Clock)
	if refusal == nil && last && s.data.Codes >= Codes {
		s.on = wrongLast
		s.rest()
	}
	return refusal
}

// confirm takes a right code while it lives, for the file that it was sent for.
func (s *step) confirm() *fault.Refusal {
	b, refusal := s.entry()
	if refusal != nil {
		return refusal
	}
	if refusal := code.Living(s.data.Code, b.Number, s.view.Clock); refusal != nil {
		return refusal
	}
	switch {
	case b.Sha256 != s.data.Sha256:
		return fault.Refuse(fault.WrongState, "document_sha256", "the code was sent for another file").With("state", s.view.State)
	case b.Evidence == "" || b.EvidenceSha256 == "":
		return fault.Refuse(fault.Malformed, "evidence", "the evidence was not written")
	}
	s.rest()
	s.data.Codes, s.data.Refusal, s.data.Unsent = 0, "", ""
	s.data.Signature = &flowv1.Signature{
		At: flow.Text(s.view.Clock), Sha256: b.Sha256, Template: s.data.Template,
		Evidence: b.Evidence, EvidenceSha256: b.EvidenceSha256, Method: MethodCode,
	}
	s.asks[tellTask] = flow.Bytes(&flowv1.SignedAsk{
		Book: s.view.Book, TaskId: s.data.TaskId, CompanyId: s.data.CompanyId, Document: s.data.Document,
		Terms: s.data.Terms, Signature: s.data.Signature,
	})
	return nil
}

// entry reads what was compared; only a signing that waits for a code takes it.
func (s *step) entry() (*flowv1.SignEntry, *fault.Refusal) {
	b := &flowv1.SignEntry{}
	if s.view.State != Asked {
		return nil, flow.WrongState(s.view, s.command)
	}
	return b, flow.ReadBody(s.command, b)
}

// Rules is the version of the rules of signing, for the evidence: the SHA-256 of sign.md.
func Rules() string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:])
}

// Until is the moment when the code that is out dies; false when none is.
func Until(d *flowv1.SignData) (time.Time, bool) {
	if d.GetCode().GetAt() == "" {
		return time.Time{}, false
	}
	return code.Until(d.GetCode()), true
}
