package registration

import (
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
	s.data.Code, s.data.Codes = secret.Next(nil, s.view.Clock), 1
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
	s.data.Code, s.data.Codes = secret.Next(s.data.Code, s.view.Clock), s.data.Codes+1
	return nil
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

// issueLink makes the next link the one that lives.
func (s *step) issueLink() { s.data.Link = secret.Next(s.data.Link, s.view.Clock) }

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
