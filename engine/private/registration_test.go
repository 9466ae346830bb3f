package private

import (
	"bytes"
	"testing"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

const registrant = "registration-1"

func register(t *testing.T, v *Vault, version uint32, p *privatev1.RegistrationProfile) {
	t.Helper()
	d := v.Draft("main")
	d.Registration(registrant, version, p)
	d.Evidence(registrant, version, &privatev1.Evidence{Address: "198.51.100.1", UserAgent: "Cabinet/1"})
	if err := d.Put(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestWhatTheRegisterSaysStandsOnce: said again it is the same version, beside whatever a
// refused request has left.
func TestWhatTheRegisterSaysStandsOnce(t *testing.T) {
	t.Parallel()
	ctx, v := t.Context(), open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	r := v.Resolver()
	register(t, v, 1, &privatev1.RegistrationProfile{Phone: "+79150000001", Inn: "7707083893", Email: "a@b.example"})
	register(t, v, 2, &privatev1.RegistrationProfile{Phone: "+79150000001", Inn: "7707083893"}) // a request that the flow refused
	e := port.Entity{INN: "7707083893", OGRN: "1027700132195", Name: "ООО «Ромашка»", Address: "Москва"}
	for range 2 {
		if version, err := r.Registered(ctx, "main", registrant, 1, e); err != nil || version != 3 {
			t.Fatal(version, err)
		}
	}
	if _, err := r.Registered(ctx, "main", registrant, 9, e); err == nil {
		t.Error("a version that nobody wrote")
	}
	for range 2 {
		if version, err := r.CompanyDetails(ctx, "main", registrant, 3, "company-1"); err != nil || version != 1 {
			t.Fatal(version, err)
		}
	}
	c, _, err := Only(v.Companies(ctx, "main", Ref{ID: "company-1"}))
	if err != nil || c.Content.GetName() != e.Name || c.Content.GetEmail() != "a@b.example" || c.Content.GetPhone() != "+79150000001" {
		t.Errorf("%v %v", c.Content, err)
	}
	if by, ok, err := r.OpenedBy(ctx, "main", "company-1"); ok || by != "" || err != nil {
		t.Errorf("nobody has opened it: %q %t %v", by, ok, err)
	}
	for channel, want := range map[string]string{"sms": "+79150000001", "mail": "a@b.example", "push": ""} {
		if at, ok, err := r.Address(ctx, channel, "main", "registration", registrant, 3); at != want || ok != (want != "") || err != nil {
			t.Errorf("%s: %q %t %v", channel, at, ok, err)
		}
	}
	if inn, ok, err := r.RegistrationINN(ctx, "main", registrant, 3); inn != e.INN || !ok || err != nil {
		t.Error(inn, ok, err)
	}
}

// TestForgottenRegistrations leave nothing of the person, and others alone.
func TestForgottenRegistrations(t *testing.T) {
	t.Parallel()
	ctx, v := t.Context(), open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	phone := "+79150000001"
	register(t, v, 1, &privatev1.RegistrationProfile{Phone: phone})
	register(t, v, 2, &privatev1.RegistrationProfile{Phone: phone, Email: "a@b.example"})
	d := v.Draft("main")
	d.Registration("registration-2", 1, &privatev1.RegistrationProfile{Phone: phone})
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := v.Forget(ctx, "main", registrant); err != nil {
			t.Fatal(err)
		}
	}
	if docs, err := v.Registrations(ctx, "main", Refs(registrant, "registration-2")...); err != nil || len(docs) != 1 || docs["registration-2"].Content.GetPhone() != phone {
		t.Errorf("%v %v", docs, err)
	}
	if docs, err := v.Evidences(ctx, "main", Refs(registrant)...); err != nil || len(docs) != 0 {
		t.Errorf("%v %v", docs, err)
	}
	if found, err := v.Find(ctx, "main", RegistrationPhone, phone); err != nil || len(found[phone]) != 1 || found[phone][0] != "registration-2" {
		t.Errorf("%v %v", found, err)
	}
}

func TestTokensAreOfTheirRegistration(t *testing.T) {
	t.Parallel()
	v := vaultOf(t, secret("a"))
	id := v.RegistrationID("main", Request{"key", "digest"})
	if id == v.RegistrationID("main", Request{"key", "another"}) || id == v.RegistrationID("other", Request{"key", "digest"}) {
		t.Error("two registrations have one id")
	}
	if v.RegistrationToken(id) == v.RegistrationToken(id+"x") || bytes.Contains([]byte(v.RegistrationToken(id)), []byte(id)) {
		t.Error("a token opens another registration")
	}
}
