package invitation

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/company"
	flowexecutor "github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/invitation"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// joinPrefix begins every token of a confirmation: leaks are found by it.
const joinPrefix = "it_"

// secret is what stands behind # in the link that is out.
func (s *Service) secret(id string, d *flowv1.InvitationData) string {
	number := d.GetLink().GetNumber()
	return fmt.Sprintf("%d.%s", number, s.Vault.Link(invitation.PurposeLink(d.GetChannel()), id, number))
}

// found reads an invitation; one that is not there is read as one whose link is wrong.
func (s *Service) found(ctx context.Context, book, id string) (gate.Aggregate, *flowv1.InvitationData, error) {
	rows, _, err := s.Load(ctx, book, invitation.Name, id)
	if err != nil {
		return gate.Aggregate{}, nil, err
	}
	d := new(flowv1.InvitationData)
	a, ok := rows[id]
	if !ok {
		return gate.Aggregate{}, d, nil
	}
	return a, d, a.Read(d)
}

// byLink lets in who shows a link of the invitation, and says which one it is. Whether it
// still opens anything is the flow's to say. A link is too long to be guessed: a wrong one
// is not counted, and nobody learns by it whether there is such an invitation.
func (s *Service) byLink(ctx context.Context, book, id, link string) (gate.Aggregate, *flowv1.InvitationData, uint32, error) {
	if refusal := s.Logins.Admit(gate.CallOf(ctx).Address, ""); refusal != nil {
		return gate.Aggregate{}, nil, 0, refusal
	}
	a, d, err := s.found(ctx, book, id)
	if err != nil {
		return a, d, 0, err
	}
	digits, given, _ := strings.Cut(link, ".")
	number, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || number == 0 || a.ID == "" || !private.Same(given, s.Vault.Link(invitation.PurposeLink(d.GetChannel()), id, uint32(number))) {
		return a, d, 0, fault.Refuse(fault.CodeWrong, "link", "the link is not one that was made for this")
	}
	return a, d, uint32(number), nil
}

// byToken lets in who shows the token of the newest confirmation.
func (s *Service) byToken(ctx context.Context, book, id string) (gate.Aggregate, *flowv1.InvitationData, error) {
	if refusal := s.Logins.Admit(gate.CallOf(ctx).Address, ""); refusal != nil {
		return gate.Aggregate{}, nil, refusal
	}
	a, d, err := s.found(ctx, book, id)
	if err != nil {
		return a, d, err
	}
	if d.GetClaim() == 0 || !private.Same(gate.CallOf(ctx).Token, s.joinToken(id, d.GetClaim())) {
		return a, d, fault.Refuse(fault.Unauthenticated, "authorization", "the header Authorization must be Bearer with the token of the newest confirmation")
	}
	return a, d, nil
}

// joinToken opens what comes after a confirmation; it is stored nowhere.
func (s *Service) joinToken(id string, claim uint32) string {
	return joinPrefix + s.Vault.Link(invitation.PurposeToken, id, claim)
}

// say tells the flow and gives the invitation after it.
func (s *Service) say(ctx context.Context, book string, a gate.Aggregate, event string, body proto.Message, draft *private.Draft) (gate.Aggregate, *flowv1.InvitationData, error) {
	if draft != nil {
		if err := draft.Put(ctx); err != nil {
			return a, nil, err
		}
	}
	c := &gate.Change{Key: invitation.Name + "/" + a.ID + "/" + gate.NewID(), Flow: invitation.Name, ID: a.ID, Owner: a.Owner, Event: event}
	c.Say(body)
	o := s.SubmitChanges(ctx, book, false, []*gate.Change{c})[0]
	if o.Refusal != nil {
		return a, nil, gate.IDField(o.Refusal, "invitation_id")
	}
	after, d := gate.FromRecord(o.Record), new(flowv1.InvitationData)
	return after, d, after.Read(d)
}

// OpenInvitation implements InvitationService.
func (s *Service) OpenInvitation(ctx context.Context, req *executorv1.OpenInvitationRequest) (*executorv1.OpenInvitationResponse, error) {
	a, d, number, err := s.byLink(ctx, req.GetBook(), req.GetInvitationId(), req.GetLink())
	if err != nil {
		return nil, err
	}
	if refusal := invitation.Opens(a.State, d, number, s.Now()); refusal != nil {
		return nil, refusal
	}
	at, err := time.Parse(time.RFC3339Nano, d.GetExpiresAt())
	if err != nil {
		return nil, err
	}
	answer := &executorv1.OpenInvitationResponse{EmploymentKind: executor.KindWord(d.GetKind()), ExpiresAt: timestamppb.New(at)}
	if answer.CompanyName, err = s.inviter(ctx, req.GetBook(), a.Owner); err != nil {
		return nil, err
	}
	if d.GetPhoneFixed() {
		p, _, err := private.Only(s.Vault.Invitations(ctx, req.GetBook(), private.Ref{ID: a.ID, Version: d.GetProfileVersion()}))
		if err != nil {
			return nil, err
		}
		answer.Phone = private.MaskPhone(p.Content.GetPhone())
	}
	for _, name := range []string{invitation.TextPolicy, invitation.TextExecutor} {
		t := s.consents.Current(name)
		answer.Texts = append(answer.Texts, &executorv1.InvitationText{Name: t.Name, Version: t.Version, Content: t.Content, Sha256: hex.EncodeToString(t.SHA256[:])})
	}
	return answer, nil
}

// inviter is the name of the company.
func (s *Service) inviter(ctx context.Context, book, id string) (string, error) {
	rows, _, err := s.Load(ctx, book, company.Name, id)
	if err != nil {
		return "", err
	}
	d := new(flowv1.CompanyData)
	if a, ok := rows[id]; ok {
		if err := a.Read(d); err != nil {
			return "", err
		}
	}
	p, _, err := private.Only(s.Vault.Companies(ctx, book, private.Ref{ID: id, Version: d.GetProfileVersion()}))
	return p.Content.GetName(), err
}

// amend writes a changed version of what the invitation knows, and tells the flow of it.
func (s *Service) amend(ctx context.Context, book string, a gate.Aggregate, d *flowv1.InvitationData, event, executorID string, amended func(p *privatev1.InvitationProfile, version uint32) proto.Message) (after gate.Aggregate, data *flowv1.InvitationData, err error) {
	err = gate.Again(func() error {
		kept, ok, err := private.Only(s.Vault.Invitations(ctx, book, private.Ref{ID: a.ID, Version: d.GetProfileVersion()}))
		if err != nil {
			return err
		}
		if !ok || d.GetProfileVersion() == 0 {
			return fault.Refuse(fault.LinkRevoked, "link", "what was known of the invitation is erased")
		}
		next, err := gate.NextVersion(s.Vault.Invitations(ctx, book, private.Ref{ID: a.ID}))
		if err != nil {
			return err
		}
		p := proto.CloneOf(kept.Content)
		body := amended(p, next)
		draft := s.Vault.Draft(book)
		draft.Invitation(a.ID, next, p, executorID)
		after, data, err = s.say(ctx, book, a, event, body, draft)
		return err
	})
	return after, data, err
}

// ClaimInvitation implements InvitationService.
func (s *Service) ClaimInvitation(ctx context.Context, req *executorv1.ClaimInvitationRequest) (*executorv1.ClaimInvitationResponse, error) {
	a, d, number, err := s.byLink(ctx, req.GetBook(), req.GetInvitationId(), req.GetLink())
	if err != nil {
		return nil, err
	}
	phone, refusal := requisite.Phone("phone", req.GetPhone())
	if refusal != nil {
		return nil, refusal
	}
	if refusal := invitation.Opens(a.State, d, number, s.Now()); refusal != nil { // before anything is written
		return nil, refusal
	}
	_, _, err = s.amend(ctx, req.GetBook(), a, d, invitation.Claim, "", func(p *privatev1.InvitationProfile, version uint32) proto.Message {
		same := p.GetPhone() == phone
		p.Phone = phone
		return &flowv1.InvitationClaim{Link: number, SamePhone: same, ProfileVersion: version}
	})
	if err != nil {
		return nil, err
	}
	return &executorv1.ClaimInvitationResponse{CodeSeconds: uint32(invitation.CodeLife / time.Second), PauseSeconds: uint32(invitation.Pause / time.Second)}, nil
}

// ConfirmInvitation implements InvitationService. The code is compared here, the log counts.
func (s *Service) ConfirmInvitation(ctx context.Context, req *executorv1.ConfirmInvitationRequest) (*executorv1.ConfirmInvitationResponse, error) {
	a, d, number, err := s.byLink(ctx, req.GetBook(), req.GetInvitationId(), req.GetLink())
	if err != nil {
		return nil, err
	}
	code := d.GetCode().GetNumber()
	body := &flowv1.InvitationCode{Link: number, Number: max(code, 1)}
	if !private.Same(req.GetCode(), s.Vault.Code(invitation.PurposeCode, a.ID, code)) {
		_, after, err := s.say(ctx, req.GetBook(), a, invitation.Wrong, body, nil)
		if err != nil {
			return nil, err
		}
		left := invitation.TriesLeft(after)
		return nil, fault.Refuse(fault.CodeWrong, "code", "the code is not the one that was sent; %d tries are left", left).
			With("tries_left", strconv.FormatUint(uint64(left), 10))
	}
	after, data, err := s.say(ctx, req.GetBook(), a, invitation.Confirm, body, nil)
	if err != nil {
		return nil, err
	}
	return &executorv1.ConfirmInvitationResponse{Token: s.joinToken(a.ID, data.GetClaim()), Joining: s.joining(after, data)}, nil
}

// AcceptInvitation implements InvitationService.
func (s *Service) AcceptInvitation(ctx context.Context, req *executorv1.AcceptInvitationRequest) (*executorv1.AcceptInvitationResponse, error) {
	a, d, err := s.byToken(ctx, req.GetBook(), req.GetInvitationId())
	if err != nil {
		return nil, err
	}
	shown := map[string]string{invitation.TextPolicy: req.GetPolicyVersion(), invitation.TextExecutor: req.GetExecutorVersion()}
	c := gate.CallOf(ctx)
	e := &privatev1.Evidence{
		Texts: shown, Hashes: map[string][]byte{}, At: s.Now().UTC().Format(time.RFC3339Nano), Address: c.Address, UserAgent: c.UserAgent(),
	}
	for name, version := range shown {
		now := s.consents.Current(name)
		if version != now.Version {
			return nil, fault.Refuse(fault.ConditionFailed, name+"_version", "the text of today is %s", now.Version)
		}
		e.Hashes[name] = now.SHA256[:]
	}
	hash := s.Vault.Digest("Evidence", e)
	var after gate.Aggregate
	var data *flowv1.InvitationData
	err = gate.Again(func() error {
		version, err := gate.NextVersion(s.Vault.Evidences(ctx, req.GetBook(), private.Ref{ID: a.ID}))
		if err != nil {
			return err
		}
		draft := s.Vault.Draft(req.GetBook())
		draft.Evidence(a.ID, version, e)
		after, data, err = s.say(ctx, req.GetBook(), a, invitation.Agree, &flowv1.InvitationAgree{
			Claim: d.GetClaim(), Texts: shown, EvidenceVersion: version, EvidenceHash: hash,
		}, draft)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &executorv1.AcceptInvitationResponse{Joining: s.joining(after, data)}, nil
}

// JoinByInvitation implements InvitationService.
func (s *Service) JoinByInvitation(ctx context.Context, req *executorv1.JoinByInvitationRequest) (*executorv1.JoinByInvitationResponse, error) {
	book := req.GetBook()
	a, d, err := s.byToken(ctx, book, req.GetInvitationId())
	if err != nil {
		return nil, err
	}
	if refusal := invitation.Entering(a.State, d, s.Now()); refusal != nil { // before anybody is looked for
		return nil, refusal
	}
	profile, where, refusal := s.newcomer(req, d.GetKind())
	if refusal != nil {
		return nil, refusal
	}
	kept, ok, err := private.Only(s.Vault.Invitations(ctx, book, private.Ref{ID: a.ID, Version: d.GetProfileVersion()}))
	if err != nil || !ok {
		return nil, gate.OrRefusal(err, fault.Refuse(fault.LinkRevoked, "link", "what was known of the invitation is erased"))
	}
	profile.Phone = kept.Content.GetPhone() // the confirmed one, whatever was given
	who, known, err := s.executors.WithINN(ctx, book, profile.GetInn())
	if err != nil {
		return nil, err
	}
	if known.ID != "" {
		who = known.ID
		if known.Profile.GetPhone() != profile.GetPhone() || known.State == flowexecutor.Erasing || known.State == flowexecutor.Erased {
			return nil, s.strange(ctx, book, a, d)
		}
	} else if refusal := complete(d, profile); refusal != nil {
		return nil, refusal
	}
	after, data, err := s.amend(ctx, book, a, d, invitation.Enter, who, func(p *privatev1.InvitationProfile, version uint32) proto.Message {
		p.Person, p.Requisites = profile, where
		return &flowv1.InvitationEnter{Claim: d.GetClaim(), ExecutorId: who, Known: known.ID != "", Nonresident: req.GetNonresident(), ProfileVersion: version}
	})
	if err != nil {
		return nil, err
	}
	return &executorv1.JoinByInvitationResponse{Joining: s.joining(after, data)}, nil
}

// newcomer reads the person's data.
func (s *Service) newcomer(req *executorv1.JoinByInvitationRequest, kind flowv1.EmploymentKind) (*privatev1.ExecutorProfile, *privatev1.Requisites, *fault.Refusal) {
	person := proto.CloneOf(req.GetPerson())
	person.Phone = ""
	profile, refusal := executor.ReadPerson(person, s.Today())
	if refusal != nil {
		return nil, nil, refusal
	}
	where, refusal := executor.ReadRequisites(req.GetRequisites(), profile, kind)
	return profile, where, refusal
}

// complete refuses data of a new person that his kind of employment does not do without.
func complete(d *flowv1.InvitationData, p *privatev1.ExecutorProfile) *fault.Refusal {
	if d.GetKind() != flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT {
		return nil
	}
	if lack := private.Unidentified(p); len(lack) > 0 {
		return fault.Refuse(fault.IdentityMissing, lack[0], "a civil contract needs %s", strings.Join(lack, ", "))
	}
	return nil
}

// strange counts an INN of somebody who has another phone, or is erased, and refuses it. The
// flow has the last word: after some of them the invitation is over.
func (s *Service) strange(ctx context.Context, book string, a gate.Aggregate, d *flowv1.InvitationData) error {
	if _, _, err := s.say(ctx, book, a, invitation.Stranger, &flowv1.InvitationStranger{Claim: d.GetClaim()}, nil); err != nil {
		return err
	}
	return fault.Refuse(fault.PhoneMismatch, "person.inn", "the INN is known with another phone")
}

// GetJoining implements InvitationService.
func (s *Service) GetJoining(ctx context.Context, req *executorv1.GetJoiningRequest) (*executorv1.GetJoiningResponse, error) {
	a, d, err := s.byToken(ctx, req.GetBook(), req.GetInvitationId())
	if err != nil {
		return nil, err
	}
	return &executorv1.GetJoiningResponse{Joining: s.joining(a, d)}, nil
}

// joining is how far a person is.
func (s *Service) joining(a gate.Aggregate, d *flowv1.InvitationData) *executorv1.Joining {
	out := &executorv1.Joining{State: a.State, StateTitle: s.Title(invitation.Name, a.State), Refusal: d.GetRefusal()}
	if fault.Known(d.GetRefusal()) {
		out.RefusalTitle = fault.Code(d.GetRefusal()).Lookup().Russian
	}
	if a.State == invitation.Done {
		out.ExecutorId = d.GetExecutorId()
	}
	return out
}
