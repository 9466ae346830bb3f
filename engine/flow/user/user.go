package user

import (
	_ "embed"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/secret"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed user.md
var document string

// file is where the document stands.
const file = "engine/flow/user/user.md"

// Name is the flow's name. The aggregate's id is the company's.
const Name = "user"

// States of the aggregate.
const (
	Waiting = "waiting"
	Open    = "open"
)

// States of one user.
const (
	Invited = "invited"
	Active  = "active"
	Blocked = "blocked"
	Removed = "removed"
)

// Commands, with their bodies.
const (
	Found          = "found"           // UserFound
	Invite         = "invite"          // UserInvite
	Accept         = "accept"          // UserLink
	ChangeRoles    = "change_roles"    // UserRoles
	Block          = "block"           // UserRef
	Unblock        = "unblock"         // UserRef
	Remove         = "remove"          // UserRef
	ChangePassword = "change_password" // UserPassword
	RequestReset   = "request_reset"   // UserRef
	Reset          = "reset"           // UserLink
	Login          = "login"           // UserLogin
	LoginFailed    = "login_failed"    // UserLogin
)

// Rows that Decide chooses, answers and asks; user.md says what each means.
const (
	loginPaused = "login_paused"
	mailDone    = "mail_done"
	mailRefused = "mail_refused"
	mailUnknown = "mail_unknown"
	sendMail    = "send_mail"
)

// Purposes of links: a link's secret is derived from its purpose, the user's id and its number.
const (
	PurposeInvitation = "user_invitation"
	PurposeReset      = "user_reset"
)

// Limits; user.md says them.
const (
	MaxUsers   = 100 // of a company, without those who were removed
	maxEver    = 500 // with them
	FreeTries  = 5
	firstPause = time.Minute
	mostPause  = time.Hour
	forgotten  = 24 * time.Hour
)

// The links.
var (
	Invitation = secret.Rule{Field: "link", Life: 7 * 24 * time.Hour, Pause: time.Minute}
	ResetLink  = secret.Rule{Field: "link", Life: time.Hour, Pause: time.Minute}
)

var words = flow.Words{
	States: []string{Waiting, Open},
	Events: []string{
		Found, Invite, Accept, ChangeRoles, Block, Unblock, Remove, ChangePassword, RequestReset, Reset, Login, LoginFailed,
		loginPaused, mailDone, mailRefused, mailUnknown,
	},
	Asks: []string{sendMail},
}

// New gives the flow of user.md. A table that does not fit the program stops it.
func New() *flow.Flow { return flow.MustParse(Name, file, document, decide, words) }

// Find is a company's user by id; nil when there never was one.
func Find(d *flowv1.UsersData, id string) *flowv1.User {
	for _, u := range d.GetUsers() {
		if u.GetId() == id {
			return u
		}
	}
	return nil
}

// SessionsFrom is the moment before which a user's sessions have ended.
func SessionsFrom(u *flowv1.User) time.Time { return flow.Moment(u.GetSessionsFrom()) }

// PausedUntil is until when no password from a device is looked at that has never logged in.
func PausedUntil(u *flowv1.User) time.Time { return flow.Moment(u.GetStrange().GetUntil()) }

// step is one decision in the making.
type step struct {
	view    flow.View
	command flow.Command
	data    *flowv1.UsersData
	who     *flowv1.User // the user it is about
	on      string
	asks    map[string][]byte
}

// named is a body that says whom it is about.
type named interface{ GetUserId() string }

// decide is the flow's Decide.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	s := &step{view: v, command: c, data: flow.ReadData(v, &flowv1.UsersData{}), on: c.Event, asks: map[string][]byte{}}
	if c.Answer != nil {
		s.mailed()
		return flow.Decision{On: s.on, Data: flow.Bytes(s.data)}, nil
	}
	do, known := steps[c.Event]
	if !known {
		return flow.Decision{}, flow.WrongState(v, c)
	}
	if refusal := do(s); refusal != nil {
		return flow.Decision{}, refusal
	}
	if v.State != Waiting && s.on != Invite && !owned(s.data) {
		return flow.Decision{}, fault.Refuse(fault.LastOwner, "user_id", "%s would leave the company without an owner", c.Event)
	}
	return flow.Decision{On: s.on, Data: flow.Bytes(s.data), Asks: s.asks}, nil
}

// owned says whether there is an active owner.
func owned(d *flowv1.UsersData) bool {
	return slices.ContainsFunc(d.GetUsers(), func(u *flowv1.User) bool {
		return u.GetState() == Active && slices.Contains(u.GetRoles(), RoleOwner)
	})
}

var steps = map[string]func(*step) *fault.Refusal{
	Found: (*step).found, Invite: (*step).invite, Accept: (*step).accept, ChangeRoles: (*step).changeRoles,
	Block: (*step).out, Unblock: (*step).back, Remove: (*step).out,
	ChangePassword: (*step).changePassword, RequestReset: (*step).requestReset, Reset: (*step).reset,
	Login: (*step).login, LoginFailed: (*step).loginFailed,
}

// about reads the body and takes the user along the table Users. A user of whom nothing
// is known begins there.
func (s *step) about(b interface {
	proto.Message
	named
}) *fault.Refusal {
	if refusal := flow.ReadBody(s.command, b); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("user_id", b.GetUserId()); refusal != nil {
		return refusal
	}
	state := stateNew
	if s.who = Find(s.data, b.GetUserId()); s.who != nil {
		state = s.who.State
	}
	to, ok := ways[[2]string{state, s.command.Event}]
	switch {
	case !ok && s.who == nil:
		return fault.Refuse(fault.NotFound, "user_id", "the company has no user %q", b.GetUserId())
	case !ok && s.command.Event == Invite:
		return fault.Refuse(fault.AlreadyExists, "user_id", "user %q is %s", b.GetUserId(), state)
	case !ok:
		return fault.Refuse(fault.WrongState, "user_id", "%q is not possible while the user is %s", s.command.Event, state).
			With("state", state).With("event", s.command.Event)
	case s.who == nil:
		if refusal := s.add(b.GetUserId()); refusal != nil {
			return refusal
		}
	}
	s.who.State = to
	return nil
}

// add makes a line for a person.
func (s *step) add(id string) *fault.Refusal {
	living := 0
	for _, u := range s.data.Users {
		if u.State != Removed {
			living++
		}
	}
	if living >= MaxUsers || len(s.data.Users) >= maxEver {
		return fault.Refuse(fault.TooManyUsers, "user_id", "a company has at most %d users, and %d with those who were removed", MaxUsers, maxEver)
	}
	s.who = &flowv1.User{Id: id}
	at, _ := slices.BinarySearchFunc(s.data.Users, id, func(u *flowv1.User, id string) int { return strings.Compare(u.Id, id) })
	s.data.Users = slices.Insert(s.data.Users, at, s.who)
	return nil
}

// found makes whoever registered the company its first owner.
func (s *step) found() *fault.Refusal {
	var b flowv1.UserFound
	if refusal := s.about(&b); refusal != nil {
		return refusal
	}
	s.who.Roles = []string{RoleOwner}
	if refusal := s.profile(b.ProfileVersion); refusal != nil {
		return refusal
	}
	return s.credential(b.CredentialVersion)
}

// invite issues a link. The first one who is invited to a company has to own it.
func (s *step) invite() *fault.Refusal {
	var b flowv1.UserInvite
	if refusal := s.about(&b); refusal != nil {
		return refusal
	}
	var refusal *fault.Refusal
	if s.who.Roles, refusal = rolesOf(b.Roles); refusal != nil {
		return refusal
	}
	if s.view.State != Open && !slices.Contains(s.who.Roles, RoleOwner) {
		return fault.Refuse(fault.WrongState, "roles", "the first user of a company has to be an owner")
	}
	if refusal := s.profile(b.ProfileVersion); refusal != nil {
		return refusal
	}
	if refusal := Invitation.Paused(s.who.Invitation, s.view.Clock); refusal != nil {
		return refusal
	}
	s.who.Invitation = secret.Next(s.who.Invitation, s.view.Clock)
	s.mail(PurposeInvitation, s.who.Invitation, Invitation)
	return nil
}

// accept ends an invitation: the link is used up, a password is there.
func (s *step) accept() *fault.Refusal {
	var b flowv1.UserLink
	if refusal := s.about(&b); refusal != nil {
		return refusal
	}
	if refusal := Invitation.Living(s.who.Invitation, b.Number, s.view.Clock); refusal != nil {
		return refusal
	}
	s.who.Invitation = secret.Rest(s.who.Invitation)
	if b.ProfileVersion != 0 {
		if refusal := s.profile(b.ProfileVersion); refusal != nil {
			return refusal
		}
	}
	return s.credential(b.CredentialVersion)
}

// changeRoles says what the person may do from now on.
func (s *step) changeRoles() (refusal *fault.Refusal) {
	var b flowv1.UserRoles
	if refusal = s.about(&b); refusal == nil {
		s.who.Roles, refusal = rolesOf(b.Roles)
	}
	return refusal
}

// out ends what the person has open.
func (s *step) out() *fault.Refusal {
	var b flowv1.UserRef
	if refusal := s.about(&b); refusal != nil {
		return refusal
	}
	s.who.ResetLink, s.who.SessionsFrom = kill(s.who.ResetLink), s.after()
	return nil
}

// back lets a blocked person log in again.
func (s *step) back() *fault.Refusal { return s.about(&flowv1.UserRef{}) }

// profile takes over a version that is above the kept one.
func (s *step) profile(version uint32) *fault.Refusal {
	return newer("profile_version", version, &s.who.ProfileVersion)
}

// credential takes over a password: sessions, pauses and links of before are over.
func (s *step) credential(version uint32) *fault.Refusal {
	if refusal := newer("credential_version", version, &s.who.CredentialVersion); refusal != nil {
		return refusal
	}
	s.who.SessionsFrom, s.who.ResetLink, s.who.Strange, s.who.Known = s.after(), kill(s.who.ResetLink), nil, nil
	return nil
}

func newer(field string, version uint32, kept *uint32) *fault.Refusal {
	if version <= *kept {
		return fault.Refuse(fault.WrongState, field, "version %d is not above the kept version %d", version, *kept)
	}
	*kept = version
	return nil
}

// after is a moment behind all sessions that have begun: the log's moments are of whole
// milliseconds, and a session of this one is over too.
func (s *step) after() string {
	return flow.Text(s.view.Clock.Add(time.Millisecond))
}

// mail asks for a link to be sent, as long as it lives.
func (s *step) mail(purpose string, link *flowv1.Issued, rule secret.Rule) {
	s.who.Mail, s.who.Undelivered = s.view.Attempts[sendMail]+1, false
	s.asks[sendMail] = flow.Bytes(&flowv1.NotifyAsk{
		Book: s.view.Book, Purpose: purpose, To: Name, Id: s.who.Id, Version: s.who.ProfileVersion, About: s.who.Id,
		Number: link.Number, Until: flow.Text(rule.Until(link)),
	})
}

// mailed hears what became of a mail; of one that was replaced nobody wants to know.
func (s *step) mailed() {
	for _, u := range s.data.Users {
		if u.Mail == s.command.Number {
			u.Undelivered = s.command.Event == mailRefused
		}
	}
}

// kill ends a link that may be out.
func kill(link *flowv1.Issued) *flowv1.Issued {
	if link == nil {
		return nil
	}
	return secret.Rest(link)
}
