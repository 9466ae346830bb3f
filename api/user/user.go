package user

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/user"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/engine/private/password"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	userv1 "github.com/provodka/provodka/proto/gen/provodka/user/v1"
)

// Service is UserService.
type Service struct {
	*gate.Gate
	hasher *password.Hasher
}

// New makes the service.
func New(g *gate.Gate, hasher *password.Hasher) *Service {
	return &Service{Gate: g, hasher: hasher}
}

// maxSessions is how many sessions are listed.
const maxSessions = 200

// userMessage is a user as people see it.
func (s *Service) userMessage(u *flowv1.User, company string, p *privatev1.UserProfile) *userv1.User {
	out := &userv1.User{
		Id: u.GetId(), CompanyId: company, Email: p.GetEmail(), Name: p.GetName(), State: u.GetState(), Roles: u.GetRoles(), Undelivered: u.GetUndelivered(),
	}
	if u.GetState() == user.Invited {
		out.InvitationUntil = timestamppb.New(user.Invitation.Until(u.GetInvitation()))
	}
	if until := user.PausedUntil(u); s.Now().Before(until) {
		out.PausedUntil = timestamppb.New(until)
	}
	return out
}

// Logout implements UserService.
func (s *Service) Logout(ctx context.Context, _ *userv1.LogoutRequest) (*userv1.LogoutResponse, error) {
	_, err := s.Revoke(ctx, gate.CallOf(ctx).Who.Session.ID)
	return &userv1.LogoutResponse{}, err
}

// RevokeSession implements UserService.
func (s *Service) RevokeSession(ctx context.Context, req *userv1.RevokeSessionRequest) (*userv1.RevokeSessionResponse, error) {
	there, err := s.Revoke(ctx, req.GetSessionId())
	if err == nil && !there {
		err = fault.Refuse(fault.NotFound, "session_id", "there is no session %q of this user", req.GetSessionId())
	}
	return &userv1.RevokeSessionResponse{}, err
}

// ListSessions implements UserService.
func (s *Service) ListSessions(ctx context.Context, _ *userv1.ListSessionsRequest) (*userv1.ListSessionsResponse, error) {
	who := gate.CallOf(ctx).Who
	rows, err := s.DB.ListSessions(ctx, who.Book, who.ID, s.Now(), maxSessions)
	if err != nil {
		return nil, err
	}
	all, err := s.sessionMessages(ctx, who.Session.ID, rows...)
	return &userv1.ListSessionsResponse{Sessions: all}, err
}

// GetMe implements UserService.
func (s *Service) GetMe(ctx context.Context, req *userv1.GetMeRequest) (*userv1.GetMeResponse, error) {
	who := gate.CallOf(ctx).Who
	all, err := s.listUsers(ctx, req.GetBook(), who.Owner, func(u *flowv1.User) bool { return u.GetId() == who.ID })
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, gate.NotFound("user_id", user.Name, who.ID)
	}
	current, err := s.sessionMessages(ctx, who.Session.ID, *who.Session)
	if err != nil {
		return nil, err
	}
	answer := &userv1.GetMeResponse{User: all[0], Session: current[0]}
	answer.Methods = s.MethodsOf(who)
	return answer, nil
}

// ListUsers implements UserService.
func (s *Service) ListUsers(ctx context.Context, req *userv1.ListUsersRequest) (*userv1.ListUsersResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	if _, err := s.Must(ctx, req.GetBook(), company.Name, "company_id", req.GetCompanyId()); err != nil {
		return nil, err
	}
	all, err := s.listUsers(ctx, req.GetBook(), req.GetCompanyId(), func(u *flowv1.User) bool { return req.GetRemoved() || u.GetState() != user.Removed })
	return &userv1.ListUsersResponse{Users: all}, err
}

// listUsers reads those users of a company that are wanted, with their names.
func (s *Service) listUsers(ctx context.Context, book, company string, wanted func(*flowv1.User) bool) ([]*userv1.User, error) {
	users, err := s.UsersOf(ctx, book, company)
	if err != nil {
		return nil, err
	}
	var refs []private.Ref
	for _, u := range users.GetUsers() {
		if wanted(u) {
			refs = append(refs, private.Ref{ID: u.GetId(), Version: u.GetProfileVersion()})
		}
	}
	names, err := s.Vault.Users(ctx, book, refs...)
	var out []*userv1.User
	for _, u := range users.GetUsers() {
		if wanted(u) {
			out = append(out, s.userMessage(u, company, names[u.GetId()].Content))
		}
	}
	return out, err
}

// InviteUser implements UserService.
func (s *Service) InviteUser(ctx context.Context, req *userv1.InviteUserRequest) (*userv1.InviteUserResponse, error) {
	address, ok := private.MailAddress(req.GetEmail())
	if !ok {
		return nil, fault.Refuse(fault.Malformed, "email", "it is not a mail address")
	}
	book, id := req.GetBook(), s.Vault.UserID(req.GetBook(), address)
	if _, err := s.Must(ctx, book, company.Name, "company_id", req.GetCompanyId()); err != nil {
		return nil, err
	}
	profile := &privatev1.UserProfile{Email: address, Name: req.GetName(), CompanyId: req.GetCompanyId()}
	u, o, err := s.changeUser(ctx, "InviteUser", req, id, user.Invite, func(draft *private.Draft) (proto.Message, error) {
		version, err := s.claim(ctx, book, id, req.GetCompanyId())
		draft.User(id, version, profile)
		return &flowv1.UserInvite{UserId: id, Roles: req.GetRoles(), ProfileVersion: version}, err
	})
	if err != nil {
		return nil, err
	}
	return &userv1.InviteUserResponse{User: u, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// claim is the version under which a company writes who a user is. An address that is a
// user of another company is refused; two companies at once write the same version, and
// one of them comes again.
func (s *Service) claim(ctx context.Context, book, id, companyID string) (uint32, error) {
	doc, ok, err := private.Only(s.Vault.Users(ctx, book, private.Ref{ID: id}))
	if err != nil || !ok {
		return 1, err
	}
	if other := doc.Content.GetCompanyId(); other != companyID {
		users, err := s.UsersOf(ctx, book, other)
		if err != nil {
			return 0, err
		}
		if u := user.Find(users, id); u != nil && u.GetState() != user.Removed {
			return 0, fault.Refuse(fault.AlreadyExists, "email", "the address is a user of another company")
		}
	}
	return doc.Version + 1, nil
}

// userRequest is a request that changes one user of a company.
type userRequest interface {
	gate.ChangeRequest
	GetCompanyId() string
}

// changeUser makes a change of one user; make says its body and what is written before it.
func (s *Service) changeUser(ctx context.Context, method string, req userRequest, id, event string, make func(*private.Draft) (proto.Message, error)) (*userv1.User, engine.Outcome, error) {
	var o engine.Outcome
	err := gate.Again(func() error {
		c := s.NewChange(method, req.GetKey(), req)
		c.Flow, c.ID, c.Owner, c.Event = user.Name, req.GetCompanyId(), req.GetCompanyId(), event
		if err := s.Recall(ctx, req.GetBook(), c); err != nil {
			return err
		}
		draft := s.Vault.Draft(req.GetBook())
		if c.Fresh() {
			body, err := make(draft)
			if err != nil {
				return err
			}
			c.Say(body)
		}
		outcomes, err := s.Commit(ctx, req.GetBook(), draft, false, []*gate.Change{c})
		if err == nil {
			o = outcomes[0]
		}
		return err
	})
	if err != nil {
		return nil, o, err
	}
	a, users, err := usersAfter(o)
	if err != nil {
		return nil, o, err
	}
	u := user.Find(users, id)
	if !o.Replayed && (event == user.Block || event == user.Remove) {
		s.EndSessions(ctx, req.GetBook(), u.GetId(), user.SessionsFrom(u))
	}
	s.Reconsider(id) // other roles hold at once
	profile, _, err := private.Only(s.Vault.Users(ctx, req.GetBook(), private.Ref{ID: id, Version: u.GetProfileVersion()}))
	return s.userMessage(u, a.ID, profile.Content), o, err
}

// ChangeRoles implements UserService.
func (s *Service) ChangeRoles(ctx context.Context, req *userv1.ChangeRolesRequest) (*userv1.ChangeRolesResponse, error) {
	u, o, err := s.changeUser(ctx, "ChangeRoles", req, req.GetUserId(), user.ChangeRoles, func(*private.Draft) (proto.Message, error) {
		return &flowv1.UserRoles{UserId: req.GetUserId(), Roles: req.GetRoles()}, nil
	})
	if err != nil {
		return nil, err
	}
	return &userv1.ChangeRolesResponse{User: u, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// refTo is the body of a change that says whom it is about.
func refTo(id string) func(*private.Draft) (proto.Message, error) {
	return func(*private.Draft) (proto.Message, error) { return &flowv1.UserRef{UserId: id}, nil }
}

// BlockUser implements UserService.
func (s *Service) BlockUser(ctx context.Context, req *userv1.BlockUserRequest) (*userv1.BlockUserResponse, error) {
	u, o, err := s.changeUser(ctx, "BlockUser", req, req.GetUserId(), user.Block, refTo(req.GetUserId()))
	if err != nil {
		return nil, err
	}
	return &userv1.BlockUserResponse{User: u, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// UnblockUser implements UserService.
func (s *Service) UnblockUser(ctx context.Context, req *userv1.UnblockUserRequest) (*userv1.UnblockUserResponse, error) {
	u, o, err := s.changeUser(ctx, "UnblockUser", req, req.GetUserId(), user.Unblock, refTo(req.GetUserId()))
	if err != nil {
		return nil, err
	}
	return &userv1.UnblockUserResponse{User: u, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// RemoveUser implements UserService.
func (s *Service) RemoveUser(ctx context.Context, req *userv1.RemoveUserRequest) (*userv1.RemoveUserResponse, error) {
	u, o, err := s.changeUser(ctx, "RemoveUser", req, req.GetUserId(), user.Remove, refTo(req.GetUserId()))
	if err != nil {
		return nil, err
	}
	return &userv1.RemoveUserResponse{User: u, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}
