package user

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/user"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/engine/private/password"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	userv1 "github.com/provodka/provodka/proto/gen/provodka/user/v1"
)

// purposeDevice is of what a device's token is derived.
const purposeDevice = "user_device"

// somebody is a person whom a stranger names, with what is kept of the password. Of one
// whom nobody knows the parts are empty, and as many reads were made.
type somebody struct {
	id, company string
	profile     *privatev1.UserProfile
	user        *flowv1.User
	kept        string // of the password
}

// somebody reads who a user is.
func (s *Service) somebody(ctx context.Context, book, id string) (somebody, error) {
	who := somebody{id: id, company: "company-" + strings.TrimPrefix(id, "user-"), profile: &privatev1.UserProfile{}}
	doc, ok, err := private.Only(s.Vault.Users(ctx, book, private.Ref{ID: id}))
	if err != nil {
		return who, err
	}
	if ok {
		who.profile, who.company = doc.Content, doc.Content.GetCompanyId()
	}
	users, err := s.UsersOf(ctx, book, who.company)
	if err != nil {
		return who, err
	}
	who.user = user.Find(users, id)
	version := max(who.user.GetCredentialVersion(), 1)
	kept, ok, err := private.Only(s.Vault.Credentials(ctx, book, private.Ref{ID: id, Version: version}))
	if ok && who.user.GetCredentialVersion() == version {
		who.kept = kept.Content.GetArgon2Id()
	}
	return who, err
}

// Login implements UserService. The way is the same whoever is named, to the last step: a
// command about nobody goes the way of all commands.
func (s *Service) Login(ctx context.Context, req *userv1.LoginRequest) (*userv1.LoginResponse, error) {
	start := s.Now()
	address, ok := private.MailAddress(req.GetEmail())
	if !ok {
		return nil, fault.Refuse(fault.Malformed, "email", "it is not a mail address")
	}
	book, id := req.GetBook(), s.Vault.UserID(req.GetBook(), address)
	known, person := s.knows(id, req.GetDevice()), id
	if known {
		person = ""
	}
	if refusal := s.Logins.Admit(gate.CallOf(ctx).Address, person); refusal != nil {
		s.CountLogin("limited")
		return nil, refusal
	}
	who, err := s.somebody(ctx, book, id)
	if err != nil {
		return nil, err
	}
	right, err := s.hasher.Matches(ctx, req.GetPassword(), who.kept)
	if err != nil {
		return nil, err
	}
	event, body := user.LoginFailed, &flowv1.UserLogin{UserId: id, CredentialVersion: who.user.GetCredentialVersion(), KnownDevice: known}
	if right {
		event = user.Login
		if s.hasher.Stale(who.kept) {
			if body.NextVersion, err = s.keep(ctx, book, id, req.GetPassword()); err != nil {
				return nil, err
			}
		}
	}
	a, u, err := s.tell(ctx, book, who, event, body)
	if err != nil || !right {
		return nil, s.RefuseLogin(ctx, start, "", err)
	}
	s.CountLogin("ok")
	out, err := s.newSession(ctx, book, a, u, who.profile)
	return &userv1.LoginResponse{Session: out}, err
}

// knows says whether a device's token is of a user.
func (s *Service) knows(id, device string) bool {
	number, secret, _ := strings.Cut(device, ".")
	n, err := strconv.ParseUint(number, 10, 32)
	return private.Same(secret, s.Vault.Link(purposeDevice, id, uint32(n))) && err == nil
}

// device is a token by which a device is known again. Its number is of the moment alone:
// the tokens of a user count together.
func (s *Service) device(id string) string {
	n := uint32(s.Now().Unix())
	return fmt.Sprintf("%d.%s", n, s.Vault.Link(purposeDevice, id, n))
}

// keep writes what is kept of a password, under the next version.
func (s *Service) keep(ctx context.Context, book, id, text string, more ...func(*private.Draft)) (version uint32, err error) {
	kept, err := s.hasher.Make(ctx, text)
	if err != nil {
		return 0, err
	}
	err = gate.Again(func() (err error) {
		if version, err = gate.NextVersion(s.Vault.Credentials(ctx, book, private.Ref{ID: id})); err != nil {
			return err
		}
		draft := s.Vault.Draft(book)
		draft.Credential(id, version, &privatev1.Credential{Argon2Id: kept})
		for _, add := range more {
			add(draft)
		}
		return draft.Put(ctx)
	})
	return version, err
}

// tell tells the company's users what a password or a link has shown, and gives how they
// stand after it.
func (s *Service) tell(ctx context.Context, book string, who somebody, event string, body proto.Message) (gate.Aggregate, *flowv1.User, error) {
	id := who.id
	c := &gate.Change{Key: gate.NewID(), Flow: user.Name, ID: who.company, Owner: who.company, Event: event}
	c.Say(body)
	if call := gate.CallOf(ctx); call.Who.Public && event != user.LoginFailed && event != user.RequestReset {
		call.Who.ID = id // the password or the link has shown who it is
	}
	a, users, err := usersAfter(s.SubmitChanges(ctx, book, false, []*gate.Change{c})[0])
	return a, user.Find(users, id), err
}

// usersAfter is the users of a company as a change left them.
func usersAfter(o engine.Outcome) (gate.Aggregate, *flowv1.UsersData, error) {
	users := &flowv1.UsersData{}
	if o.Refusal != nil {
		return gate.Aggregate{}, users, o.Refusal
	}
	a := gate.FromRecord(o.Record)
	return a, users, a.Read(users)
}

// newSession begins a session and says all that its device needs.
func (s *Service) newSession(ctx context.Context, book string, a gate.Aggregate, u *flowv1.User, profile *privatev1.UserProfile) (*userv1.NewSession, error) {
	token, row, err := s.BeginSession(ctx, book, a.ID, u.GetId(), time.UnixMicro(a.UpdatedUS).UTC(), user.SessionsFrom(u))
	if err != nil {
		return nil, err
	}
	begun, err := s.sessionMessages(ctx, row.ID, row)
	if err != nil {
		return nil, err
	}
	if err := s.Vault.ForgetCredentials(ctx, book, u.GetId(), u.GetCredentialVersion()); err != nil {
		s.Logger.WarnContext(ctx, "older passwords cannot be deleted", "user", u.GetId(), "error", err)
	}
	return &userv1.NewSession{
		Token: token, Session: begun[0], Device: s.device(u.GetId()), User: s.userMessage(u, a.ID, profile),
	}, nil
}

// ChangePassword implements UserService.
func (s *Service) ChangePassword(ctx context.Context, req *userv1.ChangePasswordRequest) (*userv1.ChangePasswordResponse, error) {
	start, book, id := s.Now(), req.GetBook(), gate.CallOf(ctx).Who.ID
	if refusal := s.Logins.Admit(gate.CallOf(ctx).Address, ""); refusal != nil {
		return nil, refusal
	}
	who, err := s.somebody(ctx, book, id)
	if err != nil {
		return nil, err
	}
	if refusal := password.Check("new_password", req.GetNewPassword(), who.profile.GetEmail(), who.profile.GetName()); refusal != nil {
		return nil, refusal
	}
	right, err := s.hasher.Matches(ctx, req.GetOldPassword(), who.kept)
	if err != nil {
		return nil, err
	}
	if !right {
		_, _, err = s.tell(ctx, book, who, user.LoginFailed, &flowv1.UserLogin{UserId: id, KnownDevice: true})
		return nil, s.RefuseLogin(ctx, start, "old_password", err)
	}
	version, err := s.keep(ctx, book, id, req.GetNewPassword())
	if err != nil {
		return nil, err
	}
	a, u, err := s.tell(ctx, book, who, user.ChangePassword, &flowv1.UserPassword{UserId: id, WasVersion: who.user.GetCredentialVersion(), CredentialVersion: version})
	if err != nil {
		return nil, s.RefuseLogin(ctx, start, "old_password", err)
	}
	s.EndSessions(ctx, book, u.GetId(), user.SessionsFrom(u))
	out, err := s.newSession(ctx, book, a, u, who.profile)
	return &userv1.ChangePasswordResponse{Session: out}, err
}

// RequestReset implements UserService.
func (s *Service) RequestReset(ctx context.Context, req *userv1.RequestResetRequest) (*userv1.RequestResetResponse, error) {
	start := s.Now()
	address, ok := private.MailAddress(req.GetEmail())
	if !ok {
		return nil, fault.Refuse(fault.Malformed, "email", "it is not a mail address")
	}
	id := s.Vault.UserID(req.GetBook(), address)
	if refusal := s.Logins.Admit(gate.CallOf(ctx).Address, ""); refusal != nil {
		return nil, refusal
	}
	who, err := s.somebody(ctx, req.GetBook(), id)
	if err == nil {
		_, _, err = s.tell(ctx, req.GetBook(), who, user.RequestReset, &flowv1.UserRef{UserId: id})
	}
	if refusal, _ := gate.RefusalOf(err); err != nil && (refusal == nil || refusal.Code.Lookup().Kind == fault.Busy) {
		return nil, err
	}
	s.Even(ctx, start)
	return &userv1.RequestResetResponse{}, nil
}

// followed is a request of whoever came by a link.
type followed interface {
	GetBook() string
	GetUserId() string
	GetNumber() uint32
	GetSecret() string
	GetPassword() string
}

// follow sets a password by a link.
func (s *Service) follow(ctx context.Context, req followed, event, purpose, name string) (*userv1.NewSession, error) {
	book, id := req.GetBook(), req.GetUserId()
	if refusal := s.Logins.Admit(gate.CallOf(ctx).Address, ""); refusal != nil {
		return nil, refusal
	}
	dead := fault.Refuse(fault.CodeExpired, "secret", "the link is not right, was used, or is too old")
	if !private.Same(req.GetSecret(), s.Vault.Link(purpose, id, req.GetNumber())) {
		return nil, dead
	}
	who, err := s.somebody(ctx, book, id)
	if err != nil {
		return nil, err
	}
	body := &flowv1.UserLink{UserId: id, Number: req.GetNumber()}
	if refusal := password.Check("password", req.GetPassword(), who.profile.GetEmail(), who.profile.GetName(), name); refusal != nil {
		return nil, refusal
	}
	if who.user == nil {
		return nil, dead
	}
	var more []func(*private.Draft)
	if name != "" && name != who.profile.GetName() {
		who.profile.Name = name
		if body.ProfileVersion, err = gate.NextVersion(s.Vault.Users(ctx, book, private.Ref{ID: id})); err != nil {
			return nil, err
		}
		more = append(more, func(d *private.Draft) { d.User(id, body.GetProfileVersion(), who.profile) })
	}
	if body.CredentialVersion, err = s.keep(ctx, book, id, req.GetPassword(), more...); err != nil {
		return nil, err
	}
	a, u, err := s.tell(ctx, book, who, event, body)
	if refusal, _ := gate.RefusalOf(err); refusal != nil && refusal.Code.Lookup().Kind == fault.State {
		return nil, dead
	}
	if err != nil {
		return nil, err
	}
	s.EndSessions(ctx, book, u.GetId(), user.SessionsFrom(u))
	return s.newSession(ctx, book, a, u, who.profile)
}

// ResetPassword implements UserService.
func (s *Service) ResetPassword(ctx context.Context, req *userv1.ResetPasswordRequest) (*userv1.ResetPasswordResponse, error) {
	out, err := s.follow(ctx, req, user.Reset, user.PurposeReset, "")
	if err != nil {
		return nil, err
	}
	return &userv1.ResetPasswordResponse{Session: out}, nil
}

// AcceptInvitation implements UserService.
func (s *Service) AcceptInvitation(ctx context.Context, req *userv1.AcceptInvitationRequest) (*userv1.AcceptInvitationResponse, error) {
	out, err := s.follow(ctx, req, user.Accept, user.PurposeInvitation, strings.TrimSpace(req.GetName()))
	if err != nil {
		return nil, err
	}
	return &userv1.AcceptInvitationResponse{Session: out}, nil
}
