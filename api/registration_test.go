package api_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	registrations "github.com/provodka/provodka/api/registration"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/registration"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	registrationv1 "github.com/provodka/provodka/proto/gen/provodka/registration/v1"
	"github.com/provodka/provodka/proto/gen/provodka/registration/v1/registrationv1connect"
)

// newcomersBook is the book whose companies strangers become.
const newcomersBook = "newcomers"

// newcomers is what the house of the tests offers.
func newcomers() *registrations.Offer {
	return &registrations.Offer{
		Book: newcomersBook, Tariff: &flowv1.Tariff{Percent: "3.5", Minimum: "30.00", Kinds: []*flowv1.KindCharge{
			{Kind: flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT, Percent: "5", Minimum: "0"},
		}}, Deposit: "10000.00",
		PhoneStartsADay: 3, AddressStartsAnHour: 5, AddressCallsAMinute: 200, OverallStartsAMinute: 10_000, OverallCallsASecond: 10_000,
	}
}

// stranger registers from an address of his own.
type stranger struct {
	registrationv1connect.RegistrationServiceClient
	*house
	t     *testing.T
	n     int
	from  string
	phone string
	token string
	id    string
}

var strangers struct {
	sync.Mutex
	n int
}

func (h *house) stranger(t *testing.T) *stranger {
	t.Helper()
	strangers.Lock()
	strangers.n++
	n := strangers.n
	strangers.Unlock()
	s := &stranger{house: h, t: t, n: n, from: fmt.Sprintf("198.51.100.%d", n), phone: requisite.ExamplePhone(uint64(7000 + n))}
	s.RegistrationServiceClient = registrationv1connect.NewRegistrationServiceClient(http.DefaultClient, h.url, connect.WithInterceptors(s.header()))
	return s
}

// header sends address, program and token with each call.
func (s *stranger) header() connect.UnaryInterceptorFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set("X-Forwarded-For", s.from)
			req.Header().Set("User-Agent", "Cabinet/1 (secret-browser)")
			if s.token != "" {
				req.Header().Set("Authorization", "Bearer "+s.token)
			}
			return next(ctx, req)
		}
	}
}

// wants a refusal of a call; the client of the SDK is not used here.
func (s *stranger) wants(err error, code fault.Code, field string) *connect.Error {
	s.t.Helper()
	ce := new(connect.Error)
	if !asConnect(err, &ce) || !hasInfo(ce, string(code)) || !strings.Contains(fmt.Sprint(fieldOf(ce)), field) {
		s.t.Fatalf("%v (field %q), want %s of %q", err, fieldOf(ce), code, field)
	}
	return ce
}

func asConnect(err error, into **connect.Error) bool {
	if err == nil {
		return false
	}
	ce, ok := err.(*connect.Error) //nolint:errorlint // the generated client answers nothing else
	*into = ce
	return ok
}

// fieldOf is the field that a refusal names, "" when none.
func fieldOf(err *connect.Error) string {
	if err == nil {
		return ""
	}
	for _, d := range err.Details() {
		v, failed := d.Value()
		if info, ok := v.(*errdetails.ErrorInfo); failed == nil && ok {
			return info.GetMetadata()["field"]
		}
	}
	return ""
}

// sent is the newest message to an address, by what a pattern finds in it.
func (s *stranger) sent(to, pattern string, least int) string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); s.pause() {
		s.post.mu.Lock()
		var found []string
		for _, n := range s.post.sent {
			if m := re.FindStringSubmatch(n.Text); n.To == to && m != nil {
				found = append(found, m[1])
			}
		}
		s.post.mu.Unlock()
		if len(found) >= least {
			return found[len(found)-1]
		}
	}
	s.t.Fatalf("nothing like %s was sent to %s", pattern, to)
	return ""
}

// pause waits a little for the world to answer.
func (s *stranger) pause() { (&caller{t: s.t}).pause() }

func (s *stranger) code() string { return s.sent(s.phone, `подтверждения: (\d{6})\.`, 1) }

// start begins and remembers the token.
func (s *stranger) start() *registrationv1.Registration {
	s.t.Helper()
	answer, err := s.Start(s.t.Context(), &registrationv1.StartRequest{Key: fmt.Sprintf("key of stranger %d", s.n), Phone: s.phone})
	if err != nil {
		s.t.Fatal(err)
	}
	s.token, s.id = answer.GetToken(), answer.GetRegistration().GetRegistrationId()
	return answer.GetRegistration()
}

// until reads the registration until it is in a state.
func (s *stranger) until(state string) *registrationv1.Registration {
	s.t.Helper()
	var last *registrationv1.Registration
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); s.pause() {
		answer, err := s.GetRegistration(s.t.Context(), &registrationv1.GetRegistrationRequest{RegistrationId: s.id})
		if err != nil {
			if ce := new(connect.Error); asConnect(err, &ce) && hasInfo(ce, string(fault.TooOften)) {
				continue
			}
			s.t.Fatal(err)
		}
		if last = answer.GetRegistration(); last.GetState() == state {
			return last
		}
	}
	s.t.Fatalf("it stays %v, want %s", last, state)
	return nil
}

// upTo goes on until the deposit is awaited.
func (s *stranger) upTo(inn, email string) *registrationv1.Registration {
	s.t.Helper()
	ctx := s.t.Context()
	s.start()
	for range 2 { // whoever did not hear the answer asks again
		if got, err := s.ConfirmCode(ctx, &registrationv1.ConfirmCodeRequest{RegistrationId: s.id, Code: s.code()}); err != nil || got.GetRegistration().GetState() != "agreement" {
			s.t.Fatal(got, err)
		}
	}
	s.acceptTexts()
	if _, err := s.SetINN(ctx, &registrationv1.SetINNRequest{RegistrationId: s.id, Inn: inn}); err != nil {
		s.t.Fatal(err)
	}
	s.until(registration.Email)
	answer, err := s.SetEmail(ctx, &registrationv1.SetEmailRequest{RegistrationId: s.id, Email: email})
	if err != nil {
		s.t.Fatal(err)
	}
	if shown := fmt.Sprint(kinds(answer.GetRegistration().GetTerms().GetTariff())); shown != "[civil_contract:5/0.00]" {
		s.t.Errorf("the tariff of kinds of employment is shown as %s", shown)
	}
	if _, err := s.AcceptConditions(ctx, &registrationv1.AcceptConditionsRequest{RegistrationId: s.id, TermsId: answer.GetRegistration().GetTerms().GetTermsId()}); err != nil {
		s.t.Fatal(err)
	}
	return s.until(registration.Deposit)
}

func (s *stranger) acceptTexts() {
	s.t.Helper()
	texts, err := s.ListTexts(s.t.Context(), &registrationv1.ListTextsRequest{})
	if err != nil || len(texts.GetTexts()) != 3 {
		s.t.Fatal(texts, err)
	}
	_, err = s.AcceptTexts(s.t.Context(), &registrationv1.AcceptTextsRequest{
		RegistrationId: s.id, PolicyVersion: texts.GetTexts()[0].GetVersion(), AgreementVersion: texts.GetTexts()[1].GetVersion(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// testRegistration takes a stranger from a phone to a company with an owner.
func testRegistration(t *testing.T, h *house) {
	s, ctx := h.stranger(t), t.Context()
	inn, email := requisite.ExampleINN(uint64(7100+s.n)), fmt.Sprintf("Owner%d@Romashka.example", s.n)
	r := s.upTo(inn, email)
	if r.GetName() != "ООО «Василёк»" || r.GetInn() != inn || r.GetEmail() != strings.ToLower(email) || r.GetCompanyId() == "" || strings.Contains(r.GetPhone(), s.phone[4:9]) {
		t.Errorf("%v", r)
	}
	invoice := r.GetInvoice()
	if invoice.GetAmount() != "10000.00" || !strings.Contains(invoice.GetPurpose(), private.Marker(r.GetCompanyId())) || !strings.Contains(invoice.GetQrText(), "Sum=1000000") {
		t.Errorf("%v", invoice)
	}
	s.kept(ctx, r)
	s.deposit(r.GetCompanyId(), "4000.00")
	for r = s.until(registration.Deposit); r.GetDeposit() != "4000.00"; r = s.until(registration.Deposit) {
		s.pause()
	}
	if r.GetInvoice().GetAmount() != "6000.00" {
		t.Errorf("of 10000.00 with 4000.00 paid: %v", r.GetInvoice())
	}
	s.deposit(r.GetCompanyId(), "6500.00") // more than was asked is the company's all the same
	s.until(registration.Link)
	link := s.sent(strings.ToLower(email), `https://site\.example/registration/`+s.id+`#(\S+)`, 1)
	thief := h.stranger(t) // who reads the mail and has not the token
	thief.id, thief.token = s.id, "rt_guessed"
	_, err := thief.FollowLink(ctx, &registrationv1.FollowLinkRequest{RegistrationId: s.id, Link: link})
	thief.wants(err, fault.Unauthenticated, "authorization")
	other := "A" // in the place of the last letter
	if strings.HasSuffix(link, other) {
		other = "E"
	}
	for _, wrong := range []string{"1.", link[:len(link)-1] + other, "x", "2" + link[1:], "0" + link[1:]} {
		_, err = s.FollowLink(ctx, &registrationv1.FollowLinkRequest{RegistrationId: s.id, Link: wrong})
		s.wants(err, fault.CodeWrong, "link")
	}
	_, err = s.SetPassword(ctx, &registrationv1.SetPasswordRequest{RegistrationId: s.id, Password: "correct horse staple"})
	s.wants(err, fault.WrongState, "event")
	if _, err = s.FollowLink(ctx, &registrationv1.FollowLinkRequest{RegistrationId: s.id, Link: link}); err != nil {
		t.Fatal(err)
	}
	_, err = s.FollowLink(ctx, &registrationv1.FollowLinkRequest{RegistrationId: s.id, Link: link})
	s.wants(err, fault.WrongState, "event") // once
	_, err = s.SetPassword(ctx, &registrationv1.SetPasswordRequest{RegistrationId: s.id, Password: "123456789012"})
	s.wants(err, fault.PasswordWeak, "password")
	if _, err = s.SetPassword(ctx, &registrationv1.SetPasswordRequest{RegistrationId: s.id, Password: "correct horse staple", Name: "Анна Петрова"}); err != nil {
		t.Fatal(err)
	}
	s.until(registration.Active)
	s.discreet(t, s.phone, strings.ToLower(email), inn, "Василёк", "correct horse", "Петрова", "secret-browser", s.from, s.code(), link[2:])
}

// TestErasedNewcomer: of whom nothing is known any more no password is set, and nobody is
// told that it was. It has a house of its own: in the others nothing is missing.
func TestErasedNewcomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s, ctx := h.stranger(t), t.Context()
	email := fmt.Sprintf("erased%d@romashka.example", s.n)
	s.deposit(s.upTo(requisite.ExampleINN(uint64(7100+s.n)), email).GetCompanyId(), "10000.00")
	s.until(registration.Link)
	link := s.sent(email, `https://site\.example/registration/`+s.id+`#(\S+)`, 1)
	if _, err := s.FollowLink(ctx, &registrationv1.FollowLinkRequest{RegistrationId: s.id, Link: link}); err != nil {
		t.Fatal(err)
	}
	if err := h.vault.Forget(ctx, newcomersBook, s.id); err != nil {
		t.Fatal(err)
	}
	_, err := s.SetPassword(ctx, &registrationv1.SetPasswordRequest{RegistrationId: s.id, Password: "correct horse staple"})
	s.wants(err, fault.NotFound, "registration_id")
}

// deposit tells the company's aggregate of a deposit, as a statement's line does.
func (s *stranger) deposit(companyID, amount string) {
	s.t.Helper()
	p := s.port("company")
	strangers.Lock()
	strangers.n++
	line := fmt.Sprintf("line-%d", strangers.n)
	strangers.Unlock()
	a := p.Send(s.t.Context(), port.Ask{Attempt: fmt.Sprintf("%032x", line), Verb: "deposit", Body: bytesOf(&flowv1.CompanyDeposit{
		Book: newcomersBook, CompanyId: companyID, LineId: line, Amount: amount,
	})})
	if a.Result != port.Done {
		s.t.Fatalf("%+v", a)
	}
}

// kept compares the evidence with what the log says of it.
func (s *stranger) kept(ctx context.Context, r *registrationv1.Registration) {
	s.t.Helper()
	rows, _, err := s.db.FindAggregates(ctx, []store.AggregateKey{{Book: newcomersBook, Flow: registration.Name, ID: s.id}})
	if err != nil || len(rows) != 1 {
		s.t.Fatal(rows, err)
	}
	d := new(flowv1.RegistrationData)
	read(s.t, rows[0].Data, d)
	for _, accepted := range []*flowv1.Acceptance{d.GetAgreement(), d.GetConditions()} {
		e, ok, err := private.Only(s.vault.Evidences(ctx, newcomersBook, private.Ref{ID: s.id, Version: accepted.GetEvidenceVersion()}))
		if err != nil || !ok {
			s.t.Fatal(ok, err)
		}
		if e.Content.GetAddress() != s.from || e.Content.GetUserAgent() != "Cabinet/1 (secret-browser)" || len(e.Content.GetHashes()) != len(accepted.GetTexts()) ||
			string(s.vault.Digest("Evidence", e.Content)) != string(accepted.GetEvidenceHash()) {
			s.t.Errorf("%v is not the evidence of %v", e.Content, accepted)
		}
	}
	firm, _, err := s.db.FindAggregates(ctx, []store.AggregateKey{{Book: newcomersBook, Flow: company.Name, ID: r.GetCompanyId()}})
	if err != nil || len(firm) != 1 {
		s.t.Fatal(firm, err)
	}
	opened := new(flowv1.CompanyData)
	read(s.t, firm[0].Data, opened)
	if charged := company.TariffOn(opened, "9999-12-31", flowv1.EmploymentKind_EMPLOYMENT_KIND_CIVIL_CONTRACT); charged.GetPercent() != "5" {
		s.t.Errorf("a civil contract is charged %v, not what was accepted", charged)
	}
	c, ok, err := private.Only(s.vault.Companies(ctx, newcomersBook, private.Ref{ID: r.GetCompanyId()}))
	if err != nil || !ok || c.Content.GetInn() != r.GetInn() || c.Content.GetPhone() != s.phone || c.Content.GetEmail() != r.GetEmail() || c.Content.GetOgrn() == "" {
		s.t.Errorf("%v %v", c.Content, err)
	}
}
