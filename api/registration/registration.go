package registration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/api/company"
	"github.com/provodka/provodka/api/consent"
	"github.com/provodka/provodka/api/gate"
	flowcompany "github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/registration"
	"github.com/provodka/provodka/engine/flow/secret"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/engine/private/password"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	registrationv1 "github.com/provodka/provodka/proto/gen/provodka/registration/v1"
)

// Offer is what strangers are offered, and how much they may ask.
type Offer struct {
	Book    string         // whose companies they become
	Tariff  *flowv1.Tariff // of a new company
	Deposit string         // security deposit that is asked, rubles; "" is none

	// Limits, each with a default. Those by day and phone hold over all processes, the
	// others within each.
	PhoneStartsADay      int // 5: registrations that one phone begins
	AddressStartsAnHour  int // 20: registrations that one address begins
	AddressCallsAMinute  int // 60
	OverallStartsAMinute int // 120
	OverallCallsASecond  int // 200
}

func (r *Offer) fill() error {
	deposit, err := money.RUB.Parse(gate.OrZero(r.Deposit))
	tariff, refusal := flowcompany.Checked(r.Tariff)
	switch {
	case r.Book == "":
		return fmt.Errorf("api: Config.Registration.Book is not set")
	case err != nil || deposit.Sign() < 0:
		return fmt.Errorf("api: Config.Registration.Deposit %q is not an amount of rubles", r.Deposit)
	case refusal != nil:
		return fmt.Errorf("api: Config.Registration: %s: %s", refusal.Field, refusal.Reason)
	}
	r.Tariff, r.Tariff.From = tariff, "" // a company's begins on its own day
	r.Deposit = money.RUB.Format(deposit)
	for _, d := range []struct {
		limit *int
		usual int
	}{
		{&r.PhoneStartsADay, 5}, {&r.AddressStartsAnHour, 20}, {&r.AddressCallsAMinute, 60}, {&r.OverallStartsAMinute, 120}, {&r.OverallCallsASecond, 200},
	} {
		if *d.limit <= 0 {
			*d.limit = d.usual
		}
	}
	return nil
}

// Service is RegistrationService.
type Service struct {
	*gate.Gate
	companies *company.Service
	hasher    *password.Hasher
	consents  consent.Texts // that people accept

	offer                      *Offer
	calls, starts              *gate.Limiter // by address
	phones                     *gate.Limiter // by phone: of what comes at once the database knows nothing yet
	overallCalls, overallStart *gate.Limiter
}

// New fills the limits of the offer; of nil it registers nobody.
func New(g *gate.Gate, companies *company.Service, hasher *password.Hasher, texts consent.Texts, offer *Offer) (*Service, error) {
	r := &Service{Gate: g, companies: companies, hasher: hasher, consents: texts, offer: offer}
	if o := offer; o != nil {
		if err := o.fill(); err != nil {
			return nil, err
		}
		in := func(most int, in time.Duration) *gate.Limiter {
			return gate.NewLimiter(g.Now, most, in/time.Duration(most))
		}
		r.calls, r.starts = in(o.AddressCallsAMinute, time.Minute), in(o.AddressStartsAnHour, time.Hour)
		r.phones = in(o.PhoneStartsADay, 24*time.Hour)
		r.overallCalls, r.overallStart = in(o.OverallCallsASecond, time.Second), in(o.OverallStartsAMinute, time.Minute)
	}
	return r, nil
}

// take takes one of a limiter, or refuses until there will be one.
func (s *Service) take(l *gate.Limiter, who, why string) *fault.Refusal {
	after, ok := l.Take(who)
	if ok {
		return nil
	}
	return s.tooOften(after, why)
}

// tooOften refuses until a moment.
func (s *Service) tooOften(after time.Time, why string) *fault.Refusal {
	return s.whenAgain(fault.Refuse(fault.TooOften, "", "%s; the next one may come at %s", why, after.Format(time.RFC3339)).
		With(secret.FactAfter, after.Format(time.RFC3339Nano)))
}

// whenAgain gives a too_often the delay that its moment means now.
func (s *Service) whenAgain(r *fault.Refusal) *fault.Refusal {
	after, err := time.Parse(time.RFC3339, r.Facts[secret.FactAfter])
	if err != nil || r.Code != fault.TooOften {
		return r
	}
	return r.With(gate.FactRetryMS, strconv.FormatInt(max(after.Sub(s.Now()).Milliseconds(), 1), 10))
}

// enter lets a call in that does not come too often.
func (s *Service) enter(ctx context.Context) *fault.Refusal {
	if s.offer == nil {
		return fault.Refuse(fault.NotFound, "", "this server registers no companies")
	}
	if refusal := s.take(s.calls, gate.Neighbours(gate.CallOf(ctx).Address), "too many calls from this address"); refusal != nil {
		return refusal
	}
	return s.take(s.overallCalls, "", "too many calls altogether")
}

// tokenPrefix begins every token of a registration: leaks are found by it.
const tokenPrefix = "rt_"

// opened lets in who shows the registration's token, and reads it. That there is none of the
// id, or that the token is not its, is one answer.
func (s *Service) opened(ctx context.Context, id string) (gate.Aggregate, *flowv1.RegistrationData, error) {
	if refusal := s.enter(ctx); refusal != nil {
		return gate.Aggregate{}, nil, refusal
	}
	if !private.Same(gate.CallOf(ctx).Token, tokenPrefix+s.Vault.RegistrationToken(id)) {
		return gate.Aggregate{}, nil, fault.Refuse(fault.Unauthenticated, "authorization", "the header Authorization must be Bearer with the token of this registration")
	}
	a, err := s.Must(ctx, s.offer.Book, registration.Name, "registration_id", id)
	if err != nil {
		return gate.Aggregate{}, nil, err
	}
	d := new(flowv1.RegistrationData)
	return a, d, a.Read(d)
}

// ListTexts implements RegistrationService.
func (s *Service) ListTexts(ctx context.Context, _ *registrationv1.ListTextsRequest) (*registrationv1.ListTextsResponse, error) {
	if refusal := s.enter(ctx); refusal != nil {
		return nil, refusal
	}
	answer := &registrationv1.ListTextsResponse{}
	for _, name := range []string{registration.TextPolicy, registration.TextAgreement, registration.TextConditions} {
		t := s.consents.Current(name)
		answer.Texts = append(answer.Texts, &registrationv1.Text{Name: t.Name, Version: t.Version, Sha256: hex.EncodeToString(t.SHA256[:]), Content: t.Content})
	}
	return answer, nil
}

// GetRegistration implements RegistrationService.
func (s *Service) GetRegistration(ctx context.Context, req *registrationv1.GetRegistrationRequest) (*registrationv1.GetRegistrationResponse, error) {
	a, _, err := s.opened(ctx, req.GetRegistrationId())
	if err != nil {
		return nil, err
	}
	out, err := s.registration(ctx, a)
	return &registrationv1.GetRegistrationResponse{Registration: out}, err
}

// say tells the flow and gives the registration after it.
func (s *Service) say(ctx context.Context, id, event string, body proto.Message, draft *private.Draft) (*registrationv1.Registration, error) {
	if draft != nil {
		if err := draft.Put(ctx); err != nil {
			return nil, err
		}
	}
	c := &gate.Change{Key: registration.Name + "/" + id + "/" + gate.NewID(), Flow: registration.Name, ID: id, Owner: id, Event: event}
	if body != nil {
		c.Say(body)
	}
	o := s.SubmitChanges(ctx, s.offer.Book, false, []*gate.Change{c})[0]
	if o.Refusal != nil {
		return nil, s.whenAgain(gate.IDField(o.Refusal, "registration_id"))
	}
	return s.registration(ctx, gate.FromRecord(o.Record))
}

// amend writes a changed version of what the registration knows, and tells the flow of it.
func (s *Service) amend(ctx context.Context, id, event string, amended func(*privatev1.RegistrationProfile), body func(version uint32) proto.Message) (out *registrationv1.Registration, err error) {
	err = gate.Again(func() error {
		a, err := s.Must(ctx, s.offer.Book, registration.Name, "registration_id", id)
		if err != nil {
			return err
		}
		d := new(flowv1.RegistrationData)
		if err := a.Read(d); err != nil {
			return err
		}
		kept, _, err := private.Only(s.Vault.Registrations(ctx, s.offer.Book, private.Ref{ID: id, Version: d.GetProfileVersion()}))
		if err != nil {
			return err
		}
		version, err := gate.NextVersion(s.Vault.Registrations(ctx, s.offer.Book, private.Ref{ID: id}))
		if err != nil {
			return err
		}
		p := proto.CloneOf(kept.Content)
		if p == nil {
			return erased()
		}
		amended(p)
		draft := s.Vault.Draft(s.offer.Book)
		draft.Registration(id, version, p)
		out, err = s.say(ctx, id, event, body(version), draft)
		return err
	})
	return out, err
}

// erased refuses a registration of which nothing is known any more.
func erased() *fault.Refusal {
	return fault.Refuse(fault.NotFound, "registration_id", "what was known of the registration is erased")
}

// terms are what is offered today; their id is of all that they are.
func (s *Service) terms() *registrationv1.Terms {
	text, o := s.consents.Current(registration.TextConditions), s.offer
	all := fmt.Appendf(nil, "%x|%s|%s|%s", text.SHA256, o.Tariff.GetPercent(), o.Tariff.GetMinimum(), o.Deposit)
	for _, k := range o.Tariff.GetKinds() {
		all = fmt.Appendf(all, "|%d %s %s", k.GetKind(), k.GetPercent(), k.GetMinimum())
	}
	sum := sha256.Sum256(all)
	return &registrationv1.Terms{
		TermsId: hex.EncodeToString(sum[:16]), Tariff: company.TariffMessage(o.Tariff),
		DepositRequired: o.Deposit, ConditionsVersion: text.Version,
	}
}
