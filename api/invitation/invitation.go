package invitation

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/consent"
	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/invitation"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// Service is InvitationService.
type Service struct {
	*gate.Gate
	executors *executor.Service
	consents  consent.Texts // that people accept
	site      string        // address of our pages
}

// New makes the service.
func New(g *gate.Gate, executors *executor.Service, texts consent.Texts, site string) *Service {
	return &Service{Gate: g, executors: executors, consents: texts, site: site}
}

// usualDays is how long an invitation lives when nothing is said.
const usualDays = 14

// CreateInvitation implements InvitationService.
func (s *Service) CreateInvitation(ctx context.Context, req *executorv1.CreateInvitationRequest) (*executorv1.CreateInvitationResponse, error) {
	profile, channel, refusal := invited(req)
	if refusal != nil {
		return nil, refusal
	}
	book, companyID := req.GetBook(), req.GetCompanyId()
	firm, err := s.Must(ctx, book, company.Name, "company_id", companyID)
	if err != nil {
		return nil, err
	}
	if firm.State != company.Active {
		return nil, fault.Refuse(fault.WrongState, "company_id", "the company is %s", firm.State).With("state", firm.State)
	}
	c := s.NewChange("CreateInvitation", req.GetKey(), req)
	if err := s.Recall(ctx, book, c); err != nil {
		return nil, err
	}
	c.Flow, c.Owner, c.Event = invitation.Name, companyID, invitation.Invite
	c.ID = s.Vault.InvitationID(book, companyID, c.Request())
	draft := s.Vault.Draft(book)
	if c.Fresh() {
		draft.Invitation(c.ID, 1, profile, "")
		days := req.GetDays()
		if days == 0 {
			days = usualDays
		}
		c.Say(&flowv1.InvitationIssue{
			CompanyId: companyID, Kind: executor.Kinds[req.GetEmploymentKind()], ProfileVersion: 1, Channel: channel, PhoneFixed: profile.GetPhone() != "",
			ExpiresAt: s.Now().Add(time.Duration(days) * 24 * time.Hour).UTC().Format(time.RFC3339Nano),
		})
	}
	outcomes, err := s.Commit(ctx, book, draft, false, []*gate.Change{c})
	if err != nil {
		return nil, err
	}
	out, err := s.linked(ctx, book, outcomes[0])
	if err != nil {
		return nil, err
	}
	return &executorv1.CreateInvitationResponse{Invitation: out, Position: gate.IDOf(outcomes[0].Record), Replayed: outcomes[0].Replayed}, nil
}

// invited reads what a company says of whom it invites, and how the link goes there.
func invited(req *executorv1.CreateInvitationRequest) (p *privatev1.InvitationProfile, channel string, refusal *fault.Refusal) {
	p = &privatev1.InvitationProfile{Name: gate.OneLine(req.GetName())}
	switch {
	case req.GetPhone() != "" && req.GetEmail() != "":
		return nil, "", fault.Refuse(fault.Malformed, "email", "the link goes to the phone or to the mail address, not to both")
	case req.GetPhone() != "":
		p.Phone, refusal = requisite.Phone("phone", req.GetPhone())
		return p, invitation.SMS, refusal
	case req.GetEmail() != "":
		var ok bool
		if p.Email, ok = private.MailAddress(req.GetEmail()); !ok {
			return nil, "", fault.Refuse(fault.Malformed, "email", "it is not a mail address")
		}
		return p, invitation.Mail, nil
	}
	return p, "", nil
}

// ResendInvitation implements InvitationService.
func (s *Service) ResendInvitation(ctx context.Context, req *executorv1.ResendInvitationRequest) (*executorv1.ResendInvitationResponse, error) {
	o, err := s.move(ctx, req, invitation.Resend)
	if err != nil {
		return nil, err
	}
	out, err := s.linked(ctx, req.GetBook(), o)
	return &executorv1.ResendInvitationResponse{Invitation: out, Position: gate.IDOf(o.Record), Replayed: o.Replayed}, err
}

// RevokeInvitation implements InvitationService.
func (s *Service) RevokeInvitation(ctx context.Context, req *executorv1.RevokeInvitationRequest) (*executorv1.RevokeInvitationResponse, error) {
	o, err := s.move(ctx, req, invitation.Revoke)
	if err != nil {
		return nil, err
	}
	list, err := s.invitations(ctx, req.GetBook(), gate.FromRecord(o.Record))
	if err != nil {
		return nil, err
	}
	return &executorv1.RevokeInvitationResponse{Invitation: list[0], Position: gate.IDOf(o.Record), Replayed: o.Replayed}, nil
}

// invitationRequest is a request of a company about one of its invitations.
type invitationRequest interface {
	gate.ChangeRequest
	GetCompanyId() string
	GetInvitationId() string
}

// move tells an invitation of the company what the company wants.
func (s *Service) move(ctx context.Context, req invitationRequest, event string) (engine.Outcome, error) {
	a, err := s.Must(ctx, req.GetBook(), invitation.Name, "invitation_id", req.GetInvitationId())
	if err != nil {
		return engine.Outcome{}, err
	}
	if a.Owner != req.GetCompanyId() {
		return engine.Outcome{}, gate.NotFound("invitation_id", invitation.Name, req.GetInvitationId())
	}
	c := &gate.Change{Key: req.GetKey(), Flow: invitation.Name, ID: a.ID, Owner: a.Owner, Event: event}
	o := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0]
	if o.Refusal != nil {
		return o, gate.IDField(o.Refusal, "invitation_id")
	}
	return o, nil
}

// ListInvitations implements InvitationService.
func (s *Service) ListInvitations(ctx context.Context, req *executorv1.ListInvitationsRequest) (*executorv1.ListInvitationsResponse, error) {
	states := req.GetStates()
	if len(states) == 0 {
		if f, ok := s.Flows.Lookup(invitation.Name); ok {
			states = slices.DeleteFunc(f.Machine.States(), func(state string) bool { return state == "new" })
		}
	}
	rows, seen, token, err := s.ListPage(ctx, req, store.AggregatePage{
		Book: req.GetBook(), Flow: invitation.Name, Owner: req.GetCompanyId(), States: states, Limit: gate.PageSize(req.GetPageSize()),
	})
	if err != nil {
		return nil, err
	}
	list, err := s.invitations(ctx, req.GetBook(), rows...)
	return &executorv1.ListInvitationsResponse{Invitations: list, NextPageToken: token, Position: gate.SeenPosition(seen)}, err
}

// linked is an invitation with the link that its record made.
func (s *Service) linked(ctx context.Context, book string, o engine.Outcome) (*executorv1.Invitation, error) {
	if o.Refusal != nil {
		return nil, o.Refusal
	}
	a, d := gate.FromRecord(o.Record), new(flowv1.InvitationData)
	if err := a.Read(d); err != nil {
		return nil, err
	}
	list, err := s.invitations(ctx, book, a)
	if err != nil {
		return nil, err
	}
	list[0].Uri = s.site + JoinPath + book + "/" + a.ID + "#" + s.secret(a.ID, d)
	return list[0], nil
}

// invitations are invitations as their company sees them.
func (s *Service) invitations(ctx context.Context, book string, rows ...gate.Aggregate) ([]*executorv1.Invitation, error) {
	data, refs := make([]*flowv1.InvitationData, len(rows)), []private.Ref{}
	for i, a := range rows {
		data[i] = new(flowv1.InvitationData)
		if err := a.Read(data[i]); err != nil {
			return nil, err
		}
		if v := data[i].GetProfileVersion(); v > 0 {
			refs = append(refs, private.Ref{ID: a.ID, Version: v})
		}
	}
	known, err := s.Vault.Invitations(ctx, book, refs...)
	if err != nil {
		return nil, err
	}
	out := make([]*executorv1.Invitation, len(rows))
	for i, a := range rows {
		d, p := data[i], known[a.ID].Content
		out[i] = &executorv1.Invitation{
			Id: a.ID, CompanyId: d.GetCompanyId(), State: a.State, StateTitle: s.Title(invitation.Name, a.State), EmploymentKind: executor.KindWord(d.GetKind()),
			Name: p.GetName(), Phone: private.MaskPhone(p.GetPhone()), Email: private.MaskEmail(p.GetEmail()), Channel: d.GetChannel(),
			Undelivered: d.GetMessageRefusal(), Known: d.GetKnown(), Attention: d.GetAttention(),
		}
		if a.State == invitation.Done {
			out[i].ExecutorId = d.GetExecutorId()
		}
		at, err := time.Parse(time.RFC3339Nano, d.GetExpiresAt())
		if err != nil {
			return nil, err
		}
		out[i].ExpiresAt = timestamppb.New(at)
	}
	return out, nil
}
