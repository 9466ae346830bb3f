package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/registration"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	registrationv1 "github.com/provodka/provodka/proto/gen/provodka/registration/v1"
	"github.com/provodka/provodka/proto/gen/provodka/registration/v1/registrationv1connect"
)

// testRegistrationGuessed tries codes: five, then no more of them, and a lock behind the third.
func testRegistrationGuessed(t *testing.T, h *house) {
	s, ctx := h.stranger(t), t.Context()
	r := s.start()
	if r.GetState() != registration.Phone || r.GetTriesLeft() != 5 || r.GetSecretUntil() == "" || r.GetTerms().GetDepositRequired() != "10000.00" {
		t.Errorf("%v", r)
	}
	code := s.code()
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	for left := range 5 {
		_, err := s.ConfirmCode(ctx, &registrationv1.ConfirmCodeRequest{RegistrationId: s.id, Code: wrong})
		if ce := s.wants(err, fault.CodeWrong, "code"); !strings.Contains(ce.Message(), fmt.Sprintf("%d tries", 4-left)) {
			t.Errorf("%d: %s", left, ce.Message())
		}
	}
	_, err := s.ConfirmCode(ctx, &registrationv1.ConfirmCodeRequest{RegistrationId: s.id, Code: code})
	s.wants(err, fault.CodeExpired, "code") // right, and too late
	_, err = s.ResendCode(ctx, &registrationv1.ResendCodeRequest{RegistrationId: s.id})
	if again := retryOf(s.wants(err, fault.TooOften, "event")); again <= 0 || again > time.Minute {
		t.Errorf("again in %s", again)
	}
	_, err = s.SetINN(ctx, &registrationv1.SetINNRequest{RegistrationId: s.id, Inn: requisite.ExampleINN(1)})
	s.wants(err, fault.WrongState, "event")
	_, err = s.ConfirmCode(ctx, &registrationv1.ConfirmCodeRequest{RegistrationId: s.id, Code: "12345x"})
	s.wants(err, fault.Malformed, "code")
}

// retryOf is when a refusal says that asking again can help; 0 when it does not say.
func retryOf(err *connect.Error) time.Duration {
	for _, d := range err.Details() {
		v, failed := d.Value()
		if info, ok := v.(*errdetails.RetryInfo); failed == nil && ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// testRegistrationStrangers: tokens open their own registrations alone, and starts are counted.
func testRegistrationStrangers(t *testing.T, h *house) {
	s, other, ctx := h.stranger(t), h.stranger(t), t.Context()
	first := s.start()
	if again, err := s.Start(ctx, &registrationv1.StartRequest{Key: fmt.Sprintf("key of stranger %d", s.n), Phone: s.phone}); err != nil ||
		again.GetToken() != s.token || again.GetRegistration().GetRegistrationId() != first.GetRegistrationId() {
		t.Errorf("the same request: %v %v", again, err)
	}
	_, err := s.Start(ctx, &registrationv1.StartRequest{Key: fmt.Sprintf("key of stranger %d", s.n), Phone: other.phone})
	s.wants(err, fault.KeyReused, "key")
	other.start()
	for _, token := range []string{"", "rt_", other.token, s.token + "x", h.caller(t).key} {
		thief := h.stranger(t)
		thief.token = token
		_, err := thief.GetRegistration(ctx, &registrationv1.GetRegistrationRequest{RegistrationId: s.id})
		thief.wants(err, fault.Unauthenticated, "authorization")
		_, err = thief.ConfirmCode(ctx, &registrationv1.ConfirmCodeRequest{RegistrationId: s.id, Code: "000000"})
		thief.wants(err, fault.Unauthenticated, "authorization")
	}
	_, err = s.GetRegistration(ctx, &registrationv1.GetRegistrationRequest{RegistrationId: "registration-0123456789"}) // as of one that is there
	s.wants(err, fault.Unauthenticated, "authorization")
	for _, phone := range []string{"", "12", "+1 415 555 0100"} {
		_, err = s.Start(ctx, &registrationv1.StartRequest{Key: "another key that is long", Phone: phone})
		if ce := new(connect.Error); !asConnect(err, &ce) || fieldOf(ce) != "phone" {
			t.Errorf("%q: %v", phone, err)
		}
	}
	s.tooMany(ctx)
}

// tooMany begins until phone and address are used up.
func (s *stranger) tooMany(ctx context.Context) {
	s.t.Helper()
	for i := range 2 { // the phone has begun one, of three
		if _, err := s.Start(ctx, &registrationv1.StartRequest{Key: fmt.Sprintf("more and more keys %d %d", s.n, i), Phone: s.phone}); err != nil {
			s.t.Fatal(err)
		}
	}
	_, err := s.Start(ctx, &registrationv1.StartRequest{Key: fmt.Sprintf("more and more keys %d x", s.n), Phone: s.phone})
	if again := retryOf(s.wants(err, fault.TooOften, "")); again < 23*time.Hour || again > 24*time.Hour {
		s.t.Errorf("the phone again in %s", again)
	}
	last := error(nil)
	for i := range 5 { // the address may begin five an hour
		phone := requisite.ExamplePhone(uint64(100_000 + 100*s.n + i))
		if _, last = s.Start(ctx, &registrationv1.StartRequest{Key: fmt.Sprintf("of other phones %d %d", s.n, i), Phone: phone}); last != nil {
			break
		}
	}
	if again := retryOf(s.wants(last, fault.TooOften, "")); again <= 0 || again > time.Hour {
		s.t.Errorf("the address again in %s", again)
	}
}

// testRegistrationCompanies: who has ended, who nobody is, who is registered, and whose mail
// address is another's.
func testRegistrationCompanies(t *testing.T, h *house) {
	s, ctx := h.stranger(t), t.Context()
	s.start()
	if _, err := s.ConfirmCode(ctx, &registrationv1.ConfirmCodeRequest{RegistrationId: s.id, Code: s.code()}); err != nil {
		t.Fatal(err)
	}
	_, err := s.AcceptTexts(ctx, &registrationv1.AcceptTextsRequest{RegistrationId: s.id, PolicyVersion: "2020-01-01", AgreementVersion: "2026-11-22"})
	s.wants(err, fault.ConditionFailed, "policy_version")
	s.acceptTexts()
	_, err = s.SetINN(ctx, &registrationv1.SetINNRequest{RegistrationId: s.id, Inn: "7707083894"})
	s.wants(err, fault.INNInvalid, "inn")
	for inn, refusal := range map[string]fault.Code{endedINN: fault.CompanyTerminated, nobodysINN: fault.NotFound} {
		if _, err := s.SetINN(ctx, &registrationv1.SetINNRequest{RegistrationId: s.id, Inn: inn}); err != nil {
			t.Fatal(err)
		}
		if r := s.until(registration.INN); r.GetRefusal() != string(refusal) || r.GetRefusalText() == "" {
			t.Errorf("%s: %v", inn, r)
		}
	}
	first := h.stranger(t)
	inn := requisite.ExampleINN(uint64(7500 + first.n))
	first.upTo(inn, fmt.Sprintf("first%d@romashka.example", first.n))
	_, err = s.SetINN(ctx, &registrationv1.SetINNRequest{RegistrationId: s.id, Inn: inn})
	s.wants(err, fault.AlreadyExists, "inn")
	if _, err = s.SetINN(ctx, &registrationv1.SetINNRequest{RegistrationId: s.id, Inn: requisite.ExampleINN(uint64(7600 + s.n))}); err != nil {
		t.Fatal(err)
	}
	s.until(registration.Email)
	for _, bad := range []string{"x", "a@b", "a b@c.ru", "Анна <a@b.ru>"} {
		_, err = s.SetEmail(ctx, &registrationv1.SetEmailRequest{RegistrationId: s.id, Email: bad})
		s.wants(err, fault.Malformed, "email")
	}
	if _, err = s.SetEmail(ctx, &registrationv1.SetEmailRequest{RegistrationId: s.id, Email: "one@romashka.example"}); err != nil {
		t.Fatal(err)
	}
	if answer, err := s.SetEmail(ctx, &registrationv1.SetEmailRequest{RegistrationId: s.id, Email: "two@romashka.example"}); err != nil || answer.GetRegistration().GetEmail() != "two@romashka.example" {
		t.Fatal(answer, err)
	}
	_, err = s.AcceptConditions(ctx, &registrationv1.AcceptConditionsRequest{RegistrationId: s.id, TermsId: "yesterday's"})
	s.wants(err, fault.ConditionFailed, "terms_id")
	s.comeBack(ctx)
	s.watched(ctx)
}

// watched looks at it as support does.
func (s *stranger) watched(ctx context.Context) {
	s.t.Helper()
	desk := registrationv1connect.NewRegistrationServiceClient(http.DefaultClient, s.url)
	ask := &registrationv1.ListRegistrationsRequest{Book: newcomersBook, PageSize: 3, States: []string{registration.Conditions, registration.Deposit}}
	s.token = s.mint(s.t, newcomersBook, gate.RoleSupport)
	seen := map[string]*registrationv1.Registration{}
	for {
		page, err := s.ListRegistrations(ctx, ask)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range page.GetRegistrations() {
			if seen[r.GetRegistrationId()] != nil || r.GetPhone() == "" || strings.HasPrefix(r.GetEmail(), "two@") || r.GetUpdatedAt() == "" || r.GetTerms() != nil {
				s.t.Errorf("%v", r)
			}
			seen[r.GetRegistrationId()] = r
		}
		if ask.PageToken = page.GetNextPageToken(); ask.PageToken == "" {
			break
		}
	}
	if r := seen[s.id]; r.GetState() != registration.Conditions || r.GetName() != "ООО «Василёк»" {
		s.t.Errorf("%v of %d", r, len(seen))
	}
	_, err := desk.ListRegistrations(ctx, ask)
	s.wants(err, fault.Unauthenticated, "authorization")
}

// comeBack begins again with the phone, and gets the token of what was begun before, but
// only for the code.
func (s *stranger) comeBack(ctx context.Context) {
	s.t.Helper()
	was, before := s.id, len(s.code())
	answer, err := s.Start(ctx, &registrationv1.StartRequest{Key: fmt.Sprintf("I have lost my token %d", s.n), Phone: s.phone})
	if err != nil || before != 6 {
		s.t.Fatal(err)
	}
	s.id, s.token = answer.GetRegistration().GetRegistrationId(), answer.GetToken()
	if s.id == was {
		s.t.Error("a stranger with the phone's number got the registration")
	}
	confirmed, err := s.ConfirmCode(ctx, &registrationv1.ConfirmCodeRequest{RegistrationId: s.id, Code: s.sent(s.phone, `подтверждения: (\d{6})\.`, 2)})
	if err != nil || confirmed.GetEarlierRegistrationId() != was || confirmed.GetRegistration().GetState() != registration.Agreement {
		s.t.Fatal(confirmed, err)
	}
	s.id, s.token = was, confirmed.GetEarlierToken()
	if r := s.until(registration.Conditions); r.GetEmail() != "two@romashka.example" {
		s.t.Errorf("%v", r)
	}
}

// testRegistrationUnanswered: a message whose fate nobody knows comes again, with the same code.
func testRegistrationUnanswered(t *testing.T, h *house) {
	s := h.stranger(t)
	h.post.mu.Lock()
	h.post.mute[s.phone] = true
	h.post.mu.Unlock()
	s.start()
	first := s.code()
	if again := s.sent(s.phone, `подтверждения: (\d{6})\.`, 2); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	if _, err := s.ConfirmCode(t.Context(), &registrationv1.ConfirmCodeRequest{RegistrationId: s.id, Code: first}); err != nil {
		t.Fatal(err)
	}
}

// testRegistrationBurst: a phone begins as often as it may, however many come at once from
// everywhere.
func testRegistrationBurst(t *testing.T, h *house) {
	phone := requisite.ExamplePhone(999_001)
	var wg sync.WaitGroup
	var begun atomic.Int64
	for i := range 12 {
		s := h.stranger(t)
		wg.Go(func() {
			if _, err := s.Start(t.Context(), &registrationv1.StartRequest{Key: fmt.Sprintf("a burst of keys %d", i), Phone: phone}); err == nil {
				begun.Add(1)
			}
		})
	}
	wg.Wait()
	if n := begun.Load(); n < 1 || n > 3 {
		t.Errorf("%d registrations of one phone", n)
	}
}

// testRegistrationREST reaches it by plain HTTP.
func testRegistrationREST(t *testing.T, h *house) {
	s := h.stranger(t)
	ask := func(verb, path, body string) (int, map[string]any) {
		req, err := http.NewRequestWithContext(t.Context(), verb, h.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Forwarded-For", s.from)
		if s.token != "" {
			req.Header.Set("Authorization", "Bearer "+s.token)
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		raw, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]any{}
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		return answer.StatusCode, out
	}
	if status, texts := ask("GET", "/v1/registration-texts", ""); status != 200 || len(texts["texts"].([]any)) != 3 {
		t.Errorf("%d %v", status, texts)
	}
	status, begun := ask("POST", "/v1/registrations", fmt.Sprintf(`{"key":"a key of plain HTTP %d","phone":%q}`, s.n, s.phone))
	if status != 200 {
		t.Fatal(status, begun)
	}
	id := begun["registration"].(map[string]any)["registration_id"].(string)
	if status, answer := ask("GET", "/v1/registrations/"+id, ""); status != 401 || answer["code"] != "unauthenticated" {
		t.Errorf("%d %v", status, answer)
	}
	s.token = begun["token"].(string)
	if status, answer := ask("POST", "/v1/registrations/"+id+"/code/confirm", fmt.Sprintf(`{"code":%q}`, s.code())); status != 200 {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := ask("POST", "/v1/registrations/"+id+"/code", "{}"); status != 400 && status != 412 || answer["code"] != "wrong_state" {
		t.Errorf("%d %v", status, answer)
	}
}
