package invitation

import (
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/registration"
	"github.com/provodka/provodka/engine/flow/secret"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// step is one decision in the making.
type step struct {
	view    flow.View
	command flow.Command
	data    *flowv1.InvitationData
	on      string
	asks    map[string][]byte
	timers  map[string]time.Time
}

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	s := &step{view: v, command: c, data: flow.ReadData(v, &flowv1.InvitationData{}), on: c.Event, asks: map[string][]byte{}}
	var refusal *fault.Refusal
	if c.Answer != nil {
		s.answered()
	} else {
		refusal = s.told()
	}
	if refusal != nil {
		return flow.Decision{}, refusal
	}
	if s.waits() {
		s.timers = map[string]time.Time{expire: flow.Moment(s.data.ExpiresAt)}
	}
	return flow.Decision{On: s.on, Data: flow.Bytes(s.data), Asks: s.asks, Timers: s.timers}, nil
}

// leads is where rows lead whose states end with the invitation.
var leads = map[string]bool{Invite: true, Claim: true, claimLast: true, wrongLast: true, Confirm: true, Agree: true, unlock: true, admitRefused: true}

// waits says whether the state that comes ends when the invitation does, and begins now.
func (s *step) waits() bool { return leads[s.on] }

// told takes what somebody wants, and timers.
func (s *step) told() *fault.Refusal {
	switch s.command.Event {
	case Invite:
		return s.invite()
	case Resend:
		return s.resend()
	case Claim:
		return s.claim()
	case Confirm, Wrong:
		return s.entered()
	case Agree:
		return s.agree()
	case Enter:
		return s.enter()
	case Stranger:
		return s.stranger()
	case Revoke, expire:
		return s.end()
	case unlock:
		s.data.Codes = 0
	case admitLate:
		s.data.Attention = true
	default:
		return flow.WrongState(s.view, s.command)
	}
	return nil
}

// invite issues the first link.
func (s *step) invite() *fault.Refusal {
	var b flowv1.InvitationIssue
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("company_id", b.CompanyId); refusal != nil {
		return refusal
	}
	until, err := time.Parse(time.RFC3339Nano, b.ExpiresAt)
	switch {
	case b.Kind == flowv1.EmploymentKind_EMPLOYMENT_KIND_UNSPECIFIED:
		return fault.Refuse(fault.Malformed, "kind", "the kind of employment must be said")
	case b.ProfileVersion == 0:
		return fault.Refuse(fault.Malformed, "profile_version", "the profile was not written")
	case b.Channel != "" && b.Channel != SMS && b.Channel != Mail:
		return fault.Refuse(fault.Malformed, "channel", "%.32q is no channel", b.Channel)
	case err != nil || !until.After(s.view.Clock) || until.Sub(s.view.Clock) > MostLife:
		return fault.Refuse(fault.Malformed, "expires_at", "an invitation lives up to %d days", MostLife/(24*time.Hour))
	}
	s.data = &flowv1.InvitationData{
		CompanyId: b.CompanyId, Kind: b.Kind, ProfileVersion: b.ProfileVersion, Channel: b.Channel, PhoneFixed: b.PhoneFixed,
		ExpiresAt: flow.Text(until),
	}
	s.issue()
	return nil
}

// issue makes the next link the one that lives, and sends it when it is to be sent.
func (s *step) issue() {
	s.data.Link, s.data.MessageRefusal = secret.Next(s.data.Link, s.view.Clock), ""
	ask, ok := map[string]string{SMS: linkSMS, Mail: linkMail}[s.data.Channel]
	if !ok {
		return
	}
	s.asks[ask] = flow.Bytes(&flowv1.NotifyAsk{
		Book: s.view.Book, Purpose: PurposeLink(s.data.Channel), To: Name, Id: s.view.ID, Version: s.data.ProfileVersion, About: s.view.ID,
		Number: s.data.Link.Number, Until: flow.Text(s.view.Clock.Add(linkOfUse)),
	})
}

// resend issues another link; whoever has confirmed his phone still has the invitation.
func (s *step) resend() *fault.Refusal {
	if refusal := closed(s.view.State, s.data, s.view.Clock); refusal != nil {
		return refusal
	}
	if refusal := links.Paused(s.data.Link, s.view.Clock); refusal != nil {
		return refusal
	}
	s.issue()
	return nil
}

// closed says why an invitation that is over opens nothing.
func closed(state string, d *flowv1.InvitationData, clock time.Time) *fault.Refusal {
	over := fault.Refuse(fault.CodeExpired, "link", "the invitation lived until %s", d.GetExpiresAt())
	switch state {
	case Admitting, Done:
		return fault.Refuse(fault.LinkUsed, "link", "somebody has registered by this link")
	case Revoked, Barred:
		return fault.Refuse(fault.LinkRevoked, "link", "the invitation does not hold any more")
	case Expired:
		return over
	}
	if !clock.Before(flow.Moment(d.GetExpiresAt())) {
		return over // its timer is late
	}
	return nil
}

// Opens says why a link opens nothing: it is not the newest, or the invitation is over.
func Opens(state string, d *flowv1.InvitationData, number uint32, clock time.Time) *fault.Refusal {
	if refusal := closed(state, d, clock); refusal != nil {
		return refusal
	}
	return links.Living(d.GetLink(), number, clock)
}

// Entering says why nobody's data is waited for.
func Entering(state string, d *flowv1.InvitationData, clock time.Time) *fault.Refusal {
	if refusal := closed(state, d, clock); refusal != nil {
		return refusal
	}
	if state != Person {
		return fault.Refuse(fault.WrongState, "event", "the person's data is not waited for in state %q", state).With("state", state)
	}
	return nil
}

// opens refuses a link that is not the newest, or opens nothing.
func (s *step) opens(number uint32) *fault.Refusal {
	return Opens(s.view.State, s.data, number, s.view.Clock)
}

// claim sends a code to the phone that somebody with the link has named.
func (s *step) claim() *fault.Refusal {
	var b flowv1.InvitationClaim
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := s.opens(b.Link); refusal != nil {
		return refusal
	}
	switch {
	case s.view.State == Locked:
		return flow.WrongState(s.view, s.command)
	case s.data.Claim > 0 && !b.SamePhone:
		return fault.Refuse(fault.LinkUsed, "link", "somebody else has confirmed his phone by this link")
	case s.data.PhoneFixed && !b.SamePhone:
		return fault.Refuse(fault.PhoneMismatch, "phone", "the invitation is for another phone")
	}
	if refusal := codes.Paused(s.data.Code, s.view.Clock); refusal != nil {
		return refusal
	}
	if refusal := s.version(b.ProfileVersion); refusal != nil {
		return refusal
	}
	if s.data.Codes >= Codes {
		s.on, s.data.Code = claimLast, secret.Rest(s.data.Code)
		return nil
	}
	s.data.Code, s.data.Codes, s.data.MessageRefusal = secret.Next(s.data.Code, s.view.Clock), s.data.Codes+1, ""
	s.asks[sendCode] = flow.Bytes(&flowv1.NotifyAsk{
		Book: s.view.Book, Purpose: PurposeCode, To: Name, Id: s.view.ID, Version: s.data.ProfileVersion, About: s.view.ID,
		Number: s.data.Code.Number, Until: flow.Text(codes.Until(s.data.Code)),
	})
	return nil
}

// version takes over a version that is above the kept one.
func (s *step) version(version uint32) *fault.Refusal {
	if version <= s.data.ProfileVersion {
		return fault.Refuse(fault.WrongState, "profile_version", "version %d is not above the kept version %d", version, s.data.ProfileVersion)
	}
	s.data.ProfileVersion = version
	return nil
}

// entered takes a code that the API has compared.
func (s *step) entered() *fault.Refusal {
	var b flowv1.InvitationCode
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := s.opens(b.Link); refusal != nil {
		return refusal
	}
	if s.view.State != Phone {
		return flow.WrongState(s.view, s.command)
	}
	if s.command.Event == Confirm {
		if refusal := codes.Living(s.data.Code, b.Number, s.view.Clock); refusal != nil {
			return refusal
		}
		s.data.Claim, s.data.PhoneFixed = b.Number, true
		s.data.Code, s.data.Codes = secret.Rest(s.data.Code), 0
		return nil
	}
	last, refusal := codes.Wrong(s.data.Code, b.Number, s.view.Clock)
	if refusal == nil && last && s.data.Codes >= Codes {
		s.on, s.data.Code = wrongLast, secret.Rest(s.data.Code)
	}
	return refusal
}

// by refuses whoever acts by a confirmation that is not the newest.
func (s *step) by(claim uint32, states string) *fault.Refusal {
	if refusal := closed(s.view.State, s.data, s.view.Clock); refusal != nil {
		return refusal
	}
	switch {
	case s.view.State != states:
		return flow.WrongState(s.view, s.command)
	case claim == 0 || claim != s.data.Claim:
		return fault.Refuse(fault.CodeExpired, "code", "the phone was confirmed anew since")
	}
	return nil
}

// agree keeps which texts were accepted, when, and by whose hand.
func (s *step) agree() (refusal *fault.Refusal) {
	var b flowv1.InvitationAgree
	if refusal = flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal = s.by(b.Claim, Agreement); refusal != nil {
		return refusal
	}
	s.data.Agreement, refusal = registration.Accepted(s.view.Clock, b.Texts, b.EvidenceVersion, b.EvidenceHash, TextPolicy, TextExecutor)
	return refusal
}

// enter has the person made an executor, or introduced.
func (s *step) enter() *fault.Refusal {
	var b flowv1.InvitationEnter
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := s.by(b.Claim, Person); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("executor_id", b.ExecutorId); refusal != nil {
		return refusal
	}
	if refusal := s.version(b.ProfileVersion); refusal != nil {
		return refusal
	}
	s.data.ExecutorId, s.data.Known, s.data.Refusal = b.ExecutorId, b.Known, ""
	s.asks[admit] = flow.Bytes(&flowv1.AdmitAsk{
		Book: s.view.Book, InvitationId: s.view.ID, ProfileVersion: b.ProfileVersion, CompanyId: s.data.CompanyId, ExecutorId: b.ExecutorId,
		Known: b.Known, Kind: s.data.Kind, Nonresident: b.Nonresident,
	})
	return nil
}

// stranger counts an INN of somebody else: who goes on so is told nothing more.
func (s *step) stranger() *fault.Refusal {
	var b flowv1.InvitationStranger
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := s.by(b.Claim, Person); refusal != nil {
		return refusal
	}
	if s.data.Strangers++; s.data.Strangers >= Strangers {
		s.on = strangerLast
		s.forget()
	}
	return nil
}

// end ends what nobody is being admitted by.
func (s *step) end() *fault.Refusal {
	if s.command.Event == Revoke {
		if refusal := closed(s.view.State, s.data, s.view.Clock); refusal != nil {
			return refusal
		}
	}
	s.forget()
	return nil
}

// forget has what is known of the person erased.
func (s *step) forget() {
	s.data.Code, s.data.Link, s.data.ProfileVersion = secret.Rest(s.data.Code), secret.Rest(s.data.Link), 0
	s.asks[forget] = flow.Bytes(&flowv1.ForgetAsk{Book: s.view.Book, Invitation: s.view.ID})
}

// answered takes the world's answers. One to an older question changes nothing.
func (s *step) answered() {
	c, d := s.command, s.data
	ours := func(state, ask string) bool { return s.view.State == state && c.Number == s.view.Attempts[ask] }
	on := true
	switch c.Event {
	case linkSent, linkRefused, linkUnknown:
		on = s.linkAnswered(ours(Issued, linkSMS), c.Event)
	case mailSent, mailRefused, mailUnknown:
		on = s.linkAnswered(ours(Issued, linkMail), map[string]string{mailSent: linkSent, mailRefused: linkRefused, mailUnknown: linkUnknown}[c.Event])
	case codeSent, codeRefused, codeUnknown:
		if on = ours(Phone, sendCode); on && c.Event == codeRefused {
			d.MessageRefusal = string(c.Answer.Code)
		}
	case admitted, admitRefused, admitUnknown:
		if on = ours(Admitting, admit); on {
			s.admitAnswered()
		}
	case forgotten, forgetRefused, forgetUnknown:
		on = s.view.State == Revoked || s.view.State == Expired || s.view.State == Barred
		d.Attention = on && c.Event == forgetRefused
	}
	if !on {
		s.on = answerLate
	}
}

// linkAnswered: the link is on its way, or will not arrive; one row for both channels.
func (s *step) linkAnswered(ours bool, event string) bool {
	if s.on = event; ours && event == linkRefused {
		s.data.MessageRefusal = string(s.command.Answer.Code)
	}
	return ours
}

// admitAnswered: the person is an executor, or cannot be.
func (s *step) admitAnswered() {
	switch s.command.Event {
	case admitted:
		s.data.DoneDay, s.data.Attention = s.view.Day, false
	case admitRefused:
		s.data.Refusal, s.data.Attention, s.data.ExecutorId, s.data.Known = string(s.command.Answer.Code), false, "", false
	case admitUnknown:
		s.asks[admitAgain] = nil
	}
}
