package registration

import (
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/secret"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// The rules of both secrets; registration.md says them.
var (
	codes = secret.Rule{Field: "code", Life: CodeLife, Pause: Pause, Tries: Tries}
	links = secret.Rule{Field: "link", Life: LinkLife, Pause: Pause}
)

// start issues the first code.
func (s *step) start() *fault.Refusal {
	if refusal := s.profile(); refusal != nil {
		return refusal
	}
	s.data.Codes = 1
	s.issueCode()
	return nil
}

// resend issues another code, or lets the registration rest.
func (s *step) resend() *fault.Refusal {
	if refusal := codes.Paused(s.data.Code, s.view.Clock); refusal != nil {
		return refusal
	}
	if s.data.Codes >= Codes {
		s.on = resendLast
		s.data.Code = secret.Rest(s.data.Code)
		return nil
	}
	s.data.Codes++
	s.issueCode()
	return nil
}

// issueCode makes the next code the one that lives, and sends it.
func (s *step) issueCode() {
	s.data.Code = secret.Next(s.data.Code, s.view.Clock)
	s.tell(sendCode, PurposeCode, s.data.Code, codeOfUse)
}

// confirm takes a right code while it lives.
func (s *step) confirm() *fault.Refusal {
	number, refusal := s.number()
	if refusal == nil {
		refusal = codes.Living(s.data.Code, number, s.view.Clock)
	}
	if refusal != nil {
		return refusal
	}
	s.data.ConfirmedCode = s.data.Code.GetNumber()
	s.data.Code, s.data.Codes = nil, 0
	return nil
}

// wrong counts a wrong code.
func (s *step) wrong() *fault.Refusal {
	number, refusal := s.number()
	if refusal != nil {
		return refusal
	}
	last, refusal := codes.Wrong(s.data.Code, number, s.view.Clock)
	if refusal == nil && last && s.data.Codes >= Codes {
		s.on = wrongLast
		s.data.Code = secret.Rest(s.data.Code)
	}
	return refusal
}

// unlock lets codes be issued again. Their numbers go on: no code of before lives again.
func (s *step) unlock() *fault.Refusal {
	s.data.Codes = 0
	return nil
}

// resendLink issues another link.
func (s *step) resendLink() *fault.Refusal {
	if refusal := links.Paused(s.data.Link, s.view.Clock); refusal != nil {
		return refusal
	}
	s.issueLink()
	return nil
}

// issueLink makes the next link the one that lives, and sends it.
func (s *step) issueLink() {
	s.data.Link = secret.Next(s.data.Link, s.view.Clock)
	s.tell(sendLink, PurposeLink, s.data.Link, linkOfUse)
}

// How long a message whose fate is unknown is sent again: after that a person asks.
const (
	codeOfUse = 3 * time.Minute
	linkOfUse = time.Hour
)

// tell sends a secret to where the profile says.
func (s *step) tell(ask, purpose string, issued *flowv1.Issued, ofUse time.Duration) {
	s.data.MessageRefusal = ""
	s.asks[ask] = flow.Bytes(&flowv1.NotifyAsk{
		Book: s.view.Book, Purpose: purpose, To: Name, Id: s.view.ID, Version: s.data.ProfileVersion,
		About: s.view.ID, Number: issued.Number, Until: flow.Text(s.view.Clock.Add(ofUse)),
	})
}

// sent hears that the message was taken.
func (s *step) sent() *fault.Refusal {
	s.data.MessageRefusal = ""
	return nil
}

// unsent keeps why the message will not arrive.
func (s *step) unsent() *fault.Refusal {
	s.data.MessageRefusal = string(s.command.Answer.Code)
	return nil
}

// follow takes the link, once.
func (s *step) follow() *fault.Refusal {
	number, refusal := s.number()
	if refusal == nil {
		refusal = links.Living(s.data.Link, number, s.view.Clock)
	}
	return refusal
}

// number is which code or link was compared.
func (s *step) number() (uint32, *fault.Refusal) {
	var b flowv1.RegistrationSecret
	refusal := flow.ReadBody(s.command, &b)
	return b.Number, refusal
}
