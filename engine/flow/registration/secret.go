package registration

import (
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// FactAfter is a too_often refusal's fact: when it may be asked for again, RFC 3339.
const FactAfter = "after"

// start issues the first code.
func (s *step) start() *fault.Refusal {
	if refusal := s.profile(); refusal != nil {
		return refusal
	}
	s.data.Code, s.data.Codes = s.issue(nil), 1
	return nil
}

// resend issues another code, or lets the registration rest.
func (s *step) resend() *fault.Refusal {
	if refusal := s.paused(s.data.Code); refusal != nil {
		return refusal
	}
	if s.data.Codes >= Codes {
		s.on = resendLast
		s.rest()
		return nil
	}
	s.data.Code, s.data.Codes = s.issue(s.data.Code), s.data.Codes+1
	return nil
}

// confirm takes a right code while it lives.
func (s *step) confirm() *fault.Refusal {
	if refusal := s.living("code", s.data.Code, CodeLife); refusal != nil {
		return refusal
	}
	if s.data.Code.Wrong >= Tries {
		return fault.Refuse(fault.CodeExpired, "code", "all %d tries of the code are used", Tries)
	}
	s.data.Code, s.data.Codes = nil, 0
	return nil
}

// wrong counts a wrong code. One that is dead already costs nothing more.
func (s *step) wrong() *fault.Refusal {
	if refusal := s.living("code", s.data.Code, CodeLife); refusal != nil {
		return refusal
	}
	if s.data.Code.Wrong >= Tries {
		return fault.Refuse(fault.CodeExpired, "code", "all %d tries of the code are used", Tries)
	}
	s.data.Code.Wrong++
	if s.data.Code.Wrong == Tries && s.data.Codes >= Codes {
		s.on = wrongLast
		s.rest()
	}
	return nil
}

// rest kills the code that is out.
func (s *step) rest() { s.data.Code = &flowv1.Issued{Number: s.data.Code.GetNumber()} }

// unlock lets codes be issued again. Their numbers go on: no code of before lives again.
func (s *step) unlock() *fault.Refusal {
	s.data.Codes = 0
	return nil
}

// resendLink issues another link.
func (s *step) resendLink() *fault.Refusal {
	if refusal := s.paused(s.data.Link); refusal != nil {
		return refusal
	}
	s.data.Link = s.issue(s.data.Link)
	return nil
}

// follow takes the link, once.
func (s *step) follow() *fault.Refusal { return s.living("link", s.data.Link, LinkLife) }

// issue is the next code or link.
func (s *step) issue(before *flowv1.Issued) *flowv1.Issued {
	return &flowv1.Issued{Number: before.GetNumber() + 1, At: s.view.Clock.UTC().Format(time.RFC3339Nano)}
}

// paused refuses one that comes too soon after the one before.
func (s *step) paused(before *flowv1.Issued) *fault.Refusal {
	if before.GetAt() == "" {
		return nil
	}
	if after := moment(before.At).Add(Pause); s.view.Clock.Before(after) {
		return fault.Refuse(fault.TooOften, "event", "the next one may be asked for at %s", after.Format(time.RFC3339)).
			With(FactAfter, after.Format(time.RFC3339))
	}
	return nil
}

// living refuses a code or link that is not the newest or is too old.
func (s *step) living(field string, issued *flowv1.Issued, life time.Duration) *fault.Refusal {
	var b flowv1.RegistrationSecret
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	switch {
	case b.Number == 0:
		return fault.Refuse(fault.Malformed, "number", "which %s was compared is not said", field)
	case issued.GetAt() == "" || b.Number != issued.Number:
		return fault.Refuse(fault.CodeExpired, field, "a newer %s was issued, or none lives", field)
	case !s.view.Clock.Before(moment(issued.At).Add(life)):
		return fault.Refuse(fault.CodeExpired, field, "the %s lived until %s", field, moment(issued.At).Add(life).Format(time.RFC3339))
	}
	return nil
}

// moment reads a moment of the registration's own data.
func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic("registration: its own data: " + err.Error())
	}
	return at
}
