package user

import (
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/secret"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// changePassword replaces the password that was compared.
func (s *step) changePassword() *fault.Refusal {
	var b flowv1.UserPassword
	if refusal := s.about(&b); refusal != nil {
		return refusal
	}
	if refusal := s.paused(s.who.Known); refusal != nil { // a session is a known device
		return refusal
	}
	if refusal := s.compared(b.WasVersion); refusal != nil {
		return refusal
	}
	return s.credential(b.CredentialVersion)
}

// compared refuses what was compared with another password than the one that holds.
func (s *step) compared(version uint32) *fault.Refusal {
	if version != s.who.CredentialVersion {
		return fault.Refuse(fault.WrongState, "credential_version", "version %d was compared, and version %d holds", version, s.who.CredentialVersion)
	}
	return nil
}

// requestReset issues a link by which another password is set. It does not ask for
// pauses: it is the way out of them.
func (s *step) requestReset() *fault.Refusal {
	var b flowv1.UserRef
	if refusal := s.about(&b); refusal != nil {
		return refusal
	}
	if refusal := ResetLink.Paused(s.who.ResetLink, s.view.Clock); refusal != nil {
		return refusal
	}
	s.who.ResetLink = secret.Next(s.who.ResetLink, s.view.Clock)
	s.mail(PurposeReset, s.who.ResetLink, ResetLink)
	return nil
}

// reset sets another password by a link.
func (s *step) reset() *fault.Refusal {
	var b flowv1.UserLink
	if refusal := s.about(&b); refusal != nil {
		return refusal
	}
	if refusal := ResetLink.Living(s.who.ResetLink, b.Number, s.view.Clock); refusal != nil {
		return refusal
	}
	return s.credential(b.CredentialVersion)
}

// login takes a right password outside of a pause.
func (s *step) login() *fault.Refusal {
	var b flowv1.UserLogin
	if refusal := s.about(&b); refusal != nil {
		return refusal
	}
	kept := s.failures(b.KnownDevice)
	if refusal := s.paused(*kept); refusal != nil {
		return refusal
	}
	if refusal := s.compared(b.CredentialVersion); refusal != nil {
		return refusal
	}
	*kept = nil
	if b.NextVersion == 0 {
		return nil
	}
	return newer("next_version", b.NextVersion, &s.who.CredentialVersion)
}

// loginFailed counts a wrong password.
func (s *step) loginFailed() *fault.Refusal {
	var b flowv1.UserLogin
	if refusal := s.about(&b); refusal != nil {
		return refusal
	}
	kept := s.failures(b.KnownDevice)
	if refusal := s.paused(*kept); refusal != nil {
		return refusal
	}
	f := &flowv1.LoginFailures{Count: 1}
	if until := flow.Moment((*kept).GetUntil()); until.IsZero() || s.view.Clock.Before(until.Add(forgotten)) {
		f.Count = (*kept).GetCount() + 1
	}
	if f.Count >= FreeTries {
		f.Until = flow.Text(s.view.Clock.Add(pause(f.Count)))
		s.on = loginPaused
	}
	*kept = f
	return nil
}

// failures are those of the devices that the try came from.
func (s *step) failures(known bool) **flowv1.LoginFailures {
	if known {
		return &s.who.Known
	}
	return &s.who.Strange
}

// paused refuses a try, right or wrong, while a pause runs.
func (s *step) paused(f *flowv1.LoginFailures) *fault.Refusal {
	if until := flow.Moment(f.GetUntil()); s.view.Clock.Before(until) {
		return fault.Refuse(fault.TooOften, "password", "no password is looked at before %s", until.Format(time.RFC3339)).
			With(secret.FactAfter, until.Format(time.RFC3339))
	}
	return nil
}

// pause is how long no password is looked at after the count-th wrong one.
func pause(count uint32) time.Duration {
	doublings := min(count-FreeTries, 10)
	return min(firstPause<<doublings, mostPause)
}
