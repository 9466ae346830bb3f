package sign

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"slices"
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
	Asked   = "asked"
	Expired = "expired"
	Locked  = "locked"
	Telling = "telling"
	Signed  = "signed"
)

// Commands, with their bodies.
const (
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

// MethodCode is how a signature of this flow was made.
const MethodCode = "code"

// Codes are how many codes are issued before a rest.
const Codes = 5

var code = secret.Rule{Field: "code", Life: 10 * time.Minute, Pause: time.Minute, Tries: 5}

// Answers, timers, and rows that Decide chooses; sign.md says what each means.
const (
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
	sendCode  = "send_code"
	sendAgain = "send_again"
	tellTask  = "tell_task"
	tellAgain = "tell_again"
)

var words = flow.Words{
	States: []string{Asked, Expired, Locked, Telling, Signed},
	Events: []string{
		Code, Wrong, Confirm, codeLast, wrongLast, sent, unsent, sendUnknown, told, tellRefused, tellUnknown, tellLate, unlock, abandon, answerLate,
	},
	Asks: []string{sendCode, sendAgain, tellTask, tellAgain},
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
	if slices.Contains([]string{told, tellRefused, tellUnknown}, s.command.Event) {
		ask, state = tellTask, Telling
	}
	return s.view.State == state && s.command.Number == s.view.Attempts[ask] && (ask != sendCode || !s.data.Handed)
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
	}
	s.asks[sendCode] = flow.Bytes(&flowv1.NotifyAsk{
		Book: s.view.Book, Purpose: Purpose, To: "executor", Id: b.ExecutorId, Version: b.ProfileVersion, About: s.view.ID,
		Number: s.data.Code.Number, Until: code.Until(s.data.Code).Format(time.RFC3339Nano), Facts: map[string]string{"document": russian[b.Document]},
	})
	return nil
}

// russian names the documents in messages.
var russian = map[string]string{Agreement: "договор", Act: "акт"}

func check(b *flowv1.SignCode) *fault.Refusal {
	for _, id := range []struct{ field, id string }{
		{"task_id", b.TaskId}, {"company_id", b.CompanyId}, {"executor_id", b.ExecutorId},
	} {
		if refusal := flow.CheckID(id.field, id.id); refusal != nil {
			return refusal
		}
	}
	switch {
	case russian[b.Document] == "":
		return fault.Refuse(fault.Malformed, "document", "%.32q is not a document that is signed", b.Document)
	case b.ProfileVersion == 0:
		return fault.Refuse(fault.Malformed, "profile_version", "the version of the profile is not said")
	}
	for field, text := range map[string]string{"sha256": b.Sha256, "template": b.Template} {
		if raw, err := hex.DecodeString(text); err != nil || len(raw) != 32 {
			return fault.Refuse(fault.Malformed, "document_sha256", "%s %.80q is not a SHA-256", field, text)
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
		At: s.view.Clock.UTC().Format(time.RFC3339Nano), Sha256: b.Sha256, Template: s.data.Template,
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
