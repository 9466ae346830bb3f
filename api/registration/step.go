package registration

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/registration"
	"github.com/provodka/provodka/engine/flow/user"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/engine/private/password"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	registrationv1 "github.com/provodka/provodka/proto/gen/provodka/registration/v1"
)

// Start implements RegistrationService. Nothing of the answer depends on whether the phone
// is known.
func (s *Service) Start(ctx context.Context, req *registrationv1.StartRequest) (*registrationv1.StartResponse, error) {
	if refusal := s.enter(ctx); refusal != nil {
		return nil, refusal
	}
	phone, refusal := requisite.Phone("phone", req.GetPhone())
	if refusal != nil {
		return nil, refusal
	}
	c := s.NewChange("RegistrationStart", registration.Name+"/start/"+req.GetKey(), req)
	if err := s.Recall(ctx, s.offer.Book, c); err != nil {
		return nil, err
	}
	id := s.Vault.RegistrationID(s.offer.Book, c.Request())
	c.Flow, c.ID, c.Owner, c.Event = registration.Name, id, id, registration.Start
	draft := s.Vault.Draft(s.offer.Book)
	if c.Fresh() {
		if refusal := s.mayStart(ctx); refusal != nil {
			return nil, refusal
		}
		if err := s.mayBegin(ctx, phone); err != nil {
			return nil, err
		}
		draft.Registration(id, 1, &privatev1.RegistrationProfile{Phone: phone})
		c.Say(&flowv1.RegistrationProfile{ProfileVersion: 1})
	}
	outcomes, err := s.Commit(ctx, s.offer.Book, draft, false, []*gate.Change{c})
	if err != nil {
		return nil, err
	}
	if outcomes[0].Refusal != nil {
		return nil, outcomes[0].Refusal
	}
	out, err := s.registration(ctx, gate.FromRecord(outcomes[0].Record))
	return &registrationv1.StartResponse{Token: tokenPrefix + s.Vault.RegistrationToken(id), Registration: out}, err
}

// mayStart refuses more beginnings than the limits of this process allow.
func (s *Service) mayStart(ctx context.Context) *fault.Refusal {
	if refusal := s.take(s.starts, gate.Neighbours(gate.CallOf(ctx).Address), "too many registrations were begun from this address"); refusal != nil {
		return refusal
	}
	return s.take(s.overallStart, "", "too many registrations are begun")
}

// mayBegin refuses a phone that has begun too often within a day, whichever process saw it.
func (s *Service) mayBegin(ctx context.Context, phone string) error {
	found, err := s.Vault.Find(ctx, s.offer.Book, private.RegistrationPhone, phone)
	if err != nil {
		return err
	}
	refs := make([]private.Ref, 0, len(found[phone]))
	for _, id := range found[phone] {
		refs = append(refs, private.Ref{ID: id, Version: 1})
	}
	docs, err := s.Vault.Registrations(ctx, s.offer.Book, refs...)
	if err != nil {
		return err
	}
	const day = 24 * time.Hour
	now, begun := s.Now(), []time.Time{}
	for _, d := range docs {
		if now.Sub(d.Created) < day {
			begun = append(begun, d.Created)
		}
	}
	if len(begun) < s.offer.PhoneStartsADay {
		if refusal := s.take(s.phones, phone, "too many registrations were begun with this phone"); refusal != nil {
			return refusal
		}
		return nil
	}
	slices.SortFunc(begun, time.Time.Compare)
	return s.tooOften(begun[len(begun)-s.offer.PhoneStartsADay].Add(day), "too many registrations were begun with this phone")
}

// ResendCode implements RegistrationService.
func (s *Service) ResendCode(ctx context.Context, req *registrationv1.ResendCodeRequest) (*registrationv1.ResendCodeResponse, error) {
	if _, _, err := s.opened(ctx, req.GetRegistrationId()); err != nil {
		return nil, err
	}
	out, err := s.say(ctx, req.GetRegistrationId(), registration.Resend, nil, nil)
	return &registrationv1.ResendCodeResponse{Registration: out}, err
}

// ConfirmCode implements RegistrationService. The flow is told whether the code was right,
// and decides whether that counts.
func (s *Service) ConfirmCode(ctx context.Context, req *registrationv1.ConfirmCodeRequest) (*registrationv1.ConfirmCodeResponse, error) {
	id := req.GetRegistrationId()
	a, d, err := s.opened(ctx, id)
	if err != nil {
		return nil, err
	}
	if n := d.GetConfirmedCode(); n > 0 && a.State == registration.Agreement && private.Same(req.GetCode(), s.Vault.Code(registration.PurposeCode, id, n)) {
		out, err := s.registration(ctx, a) // it was right, and the answer did not arrive
		if err != nil {
			return nil, err
		}
		return s.confirmed(ctx, id, out)
	}
	number := d.GetCode().GetNumber()
	body := &flowv1.RegistrationSecret{Number: max(number, 1)}
	if !private.Same(req.GetCode(), s.Vault.Code(registration.PurposeCode, id, number)) {
		out, err := s.say(ctx, id, registration.Wrong, body, nil)
		if err != nil {
			return nil, err
		}
		return nil, fault.Refuse(fault.CodeWrong, "code", "the code is not the one that was sent; %d tries are left", out.GetTriesLeft()).
			With("tries_left", strconv.FormatUint(uint64(out.GetTriesLeft()), 10)).With("state", out.GetState())
	}
	out, err := s.say(ctx, id, registration.Confirm, body, nil)
	if err != nil {
		return nil, err
	}
	return s.confirmed(ctx, id, out)
}

// confirmed is the answer to a right code.
func (s *Service) confirmed(ctx context.Context, id string, out *registrationv1.Registration) (answer *registrationv1.ConfirmCodeResponse, err error) {
	answer = &registrationv1.ConfirmCodeResponse{Registration: out}
	answer.EarlierRegistrationId, err = s.earlier(ctx, id)
	if answer.EarlierRegistrationId != "" {
		answer.EarlierToken = tokenPrefix + s.Vault.RegistrationToken(answer.EarlierRegistrationId)
	}
	return answer, err
}

// unfinished are the states in which a registration waits to be gone on with.
var unfinished = []string{
	registration.INN, registration.Checking, registration.Email, registration.Conditions, registration.Opening,
	registration.Deposit, registration.Link, registration.Password,
}

// earlier finds the newest other registration of the same phone that is not finished: whoever
// has the phone may go on with it.
func (s *Service) earlier(ctx context.Context, id string) (string, error) {
	mine, ok, err := private.Only(s.Vault.Registrations(ctx, s.offer.Book, private.Ref{ID: id}))
	if err != nil || !ok {
		return "", err
	}
	phone := mine.Content.GetPhone()
	found, err := s.Vault.Find(ctx, s.offer.Book, private.RegistrationPhone, phone)
	if err != nil {
		return "", err
	}
	rows, _, err := s.Load(ctx, s.offer.Book, registration.Name, found[phone]...)
	if err != nil {
		return "", err
	}
	newest := gate.Aggregate{}
	for _, a := range slices.SortedFunc(maps.Values(rows), func(a, b gate.Aggregate) int { return cmp.Compare(a.ID, b.ID) }) {
		if a.ID != id && slices.Contains(unfinished, a.State) && a.UpdatedUS > newest.UpdatedUS {
			newest = a
		}
	}
	return newest.ID, nil
}

// AcceptTexts implements RegistrationService.
func (s *Service) AcceptTexts(ctx context.Context, req *registrationv1.AcceptTextsRequest) (*registrationv1.AcceptTextsResponse, error) {
	if _, _, err := s.opened(ctx, req.GetRegistrationId()); err != nil {
		return nil, err
	}
	shown := map[string]string{registration.TextPolicy: req.GetPolicyVersion(), registration.TextAgreement: req.GetAgreementVersion()}
	for name, version := range shown {
		if now := s.consents.Current(name).Version; version != now {
			return nil, fault.Refuse(fault.ConditionFailed, name+"_version", "the text of today is %s", now)
		}
	}
	out, err := s.accept(ctx, req.GetRegistrationId(), registration.AcceptAgreement, shown, func(version uint32, hash []byte) proto.Message {
		return &flowv1.RegistrationAgree{Texts: shown, EvidenceVersion: version, EvidenceHash: hash}
	})
	return &registrationv1.AcceptTextsResponse{Registration: out}, err
}

// AcceptConditions implements RegistrationService.
func (s *Service) AcceptConditions(ctx context.Context, req *registrationv1.AcceptConditionsRequest) (*registrationv1.AcceptConditionsResponse, error) {
	if _, _, err := s.opened(ctx, req.GetRegistrationId()); err != nil {
		return nil, err
	}
	terms := s.terms()
	if req.GetTermsId() != terms.GetTermsId() {
		return nil, fault.Refuse(fault.ConditionFailed, "terms_id", "the terms of today are others: read them again")
	}
	shown := map[string]string{registration.TextConditions: terms.GetConditionsVersion()}
	out, err := s.accept(ctx, req.GetRegistrationId(), registration.AcceptConditions, shown, func(version uint32, hash []byte) proto.Message {
		return &flowv1.RegistrationConditions{
			Texts: shown, EvidenceVersion: version, EvidenceHash: hash, DepositRequired: terms.GetDepositRequired(),
			Tariff: s.offer.Tariff,
		}
	})
	return &registrationv1.AcceptConditionsResponse{Registration: out}, err
}

// accept writes by whose hand texts were accepted, and tells the flow.
func (s *Service) accept(ctx context.Context, id, event string, shown map[string]string, body func(uint32, []byte) proto.Message) (out *registrationv1.Registration, err error) {
	c := gate.CallOf(ctx)
	e := &privatev1.Evidence{
		Texts: shown, Hashes: map[string][]byte{}, At: s.Now().UTC().Format(time.RFC3339Nano), Address: c.Address,
		UserAgent: c.UserAgent(),
	}
	for name := range shown {
		sum := s.consents.Current(name).SHA256
		e.Hashes[name] = sum[:]
	}
	hash := s.Vault.Digest("Evidence", e)
	err = gate.Again(func() error {
		version, err := gate.NextVersion(s.Vault.Evidences(ctx, s.offer.Book, private.Ref{ID: id}))
		if err != nil {
			return err
		}
		draft := s.Vault.Draft(s.offer.Book)
		draft.Evidence(id, version, e)
		out, err = s.say(ctx, id, event, body(version, hash), draft)
		return err
	})
	return out, err
}

// SetINN implements RegistrationService.
func (s *Service) SetINN(ctx context.Context, req *registrationv1.SetINNRequest) (*registrationv1.SetINNResponse, error) {
	if _, _, err := s.opened(ctx, req.GetRegistrationId()); err != nil {
		return nil, err
	}
	inn := strings.TrimSpace(req.GetInn())
	if refusal := requisite.INN("inn", inn); refusal != nil {
		return nil, refusal
	}
	companyID := s.Vault.CompanyID(s.offer.Book, inn)
	found, _, err := s.Load(ctx, s.offer.Book, company.Name, companyID)
	if err != nil {
		return nil, err
	}
	if _, exists := found[companyID]; exists { // whoever asks has shown that he has the phone
		return nil, fault.Refuse(fault.AlreadyExists, "inn", "the company of this INN is registered already: its owner invites its users")
	}
	out, err := s.amend(ctx, req.GetRegistrationId(), registration.CheckINN, func(p *privatev1.RegistrationProfile) {
		p.Inn, p.Name, p.Ogrn, p.Address = inn, "", "", ""
	}, func(version uint32) proto.Message {
		return &flowv1.RegistrationINN{ProfileVersion: version, CompanyId: companyID}
	})
	return &registrationv1.SetINNResponse{Registration: out}, err
}

// SetEmail implements RegistrationService.
func (s *Service) SetEmail(ctx context.Context, req *registrationv1.SetEmailRequest) (*registrationv1.SetEmailResponse, error) {
	_, d, err := s.opened(ctx, req.GetRegistrationId())
	if err != nil {
		return nil, err
	}
	email, ok := private.MailAddress(req.GetEmail())
	if !ok {
		return nil, fault.Refuse(fault.Malformed, "email", "it is not a mail address")
	}
	if err := s.freeToUse(ctx, email, d.GetCompanyId()); err != nil {
		return nil, err
	}
	out, err := s.amend(ctx, req.GetRegistrationId(), registration.SetEmail, func(p *privatev1.RegistrationProfile) { p.Email = email },
		func(version uint32) proto.Message { return &flowv1.RegistrationProfile{ProfileVersion: version} })
	return &registrationv1.SetEmailResponse{Registration: out}, err
}

// freeToUse refuses the mail address of somebody who acts for another company: a person is
// one company's, and its login must not move. Whoever asks has shown that he has the phone.
func (s *Service) freeToUse(ctx context.Context, email, companyID string) error {
	id := s.Vault.UserID(s.offer.Book, email)
	of, ok, err := private.Only(s.Vault.Users(ctx, s.offer.Book, private.Ref{ID: id}))
	if err != nil || !ok || of.Content.GetCompanyId() == companyID {
		return err
	}
	users, err := s.UsersOf(ctx, s.offer.Book, of.Content.GetCompanyId())
	if u := user.Find(users, id); err != nil || u == nil || u.GetState() == user.Removed {
		return err
	}
	return fault.Refuse(fault.AlreadyExists, "email", "somebody with this mail address acts for another company")
}

// ResendLink implements RegistrationService.
func (s *Service) ResendLink(ctx context.Context, req *registrationv1.ResendLinkRequest) (*registrationv1.ResendLinkResponse, error) {
	if _, _, err := s.opened(ctx, req.GetRegistrationId()); err != nil {
		return nil, err
	}
	out, err := s.say(ctx, req.GetRegistrationId(), registration.ResendLink, nil, nil)
	return &registrationv1.ResendLinkResponse{Registration: out}, err
}

// FollowLink implements RegistrationService. A link is too long to be guessed: a wrong one
// is not counted.
func (s *Service) FollowLink(ctx context.Context, req *registrationv1.FollowLinkRequest) (*registrationv1.FollowLinkResponse, error) {
	id := req.GetRegistrationId()
	if _, _, err := s.opened(ctx, id); err != nil {
		return nil, err
	}
	digits, given, _ := strings.Cut(req.GetLink(), ".")
	number, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || number == 0 || !private.Same(given, s.Vault.Link(registration.PurposeLink, id, uint32(number))) {
		return nil, fault.Refuse(fault.CodeWrong, "link", "the link is not one that was sent")
	}
	out, err := s.say(ctx, id, registration.Follow, &flowv1.RegistrationSecret{Number: uint32(number)}, nil)
	return &registrationv1.FollowLinkResponse{Registration: out}, err
}

// SetPassword implements RegistrationService.
func (s *Service) SetPassword(ctx context.Context, req *registrationv1.SetPasswordRequest) (*registrationv1.SetPasswordResponse, error) {
	id, book := req.GetRegistrationId(), s.offer.Book
	a, d, err := s.opened(ctx, id)
	if err != nil {
		return nil, err
	}
	if a.State != registration.Password { // before a hash is made, which is dear
		return nil, fault.Refuse(fault.WrongState, "event", "a password is not set in state %q", a.State).With("state", a.State)
	}
	known, ok, err := private.Only(s.Vault.Registrations(ctx, book, private.Ref{ID: id, Version: d.GetProfileVersion()}))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, erased()
	}
	email, name := known.Content.GetEmail(), strings.TrimSpace(req.GetName())
	if err := s.freeToUse(ctx, email, d.GetCompanyId()); err != nil {
		return nil, err
	}
	if refusal := password.Check("password", req.GetPassword(), email, name, known.Content.GetName()); refusal != nil {
		return nil, refusal
	}
	kept, err := s.hasher.Make(ctx, req.GetPassword())
	if err != nil {
		return nil, err
	}
	who := s.Vault.UserID(book, email)
	var out *registrationv1.Registration
	err = gate.Again(func() error {
		profile, err := gate.NextVersion(s.Vault.Users(ctx, book, private.Ref{ID: who}))
		if err != nil {
			return err
		}
		credential, err := gate.NextVersion(s.Vault.Credentials(ctx, book, private.Ref{ID: who}))
		if err != nil {
			return err
		}
		draft := s.Vault.Draft(book)
		draft.User(who, profile, &privatev1.UserProfile{Email: email, Name: name, CompanyId: d.GetCompanyId()})
		draft.Credential(who, credential, &privatev1.Credential{Argon2Id: kept})
		out, err = s.say(ctx, id, registration.SetPassword, &flowv1.RegistrationPassword{
			CredentialVersion: credential, UserId: who, UserProfileVersion: profile,
		}, draft)
		return err
	})
	return &registrationv1.SetPasswordResponse{Registration: out}, err
}
