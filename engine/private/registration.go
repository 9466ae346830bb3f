package private

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// RegistrationID is the id of the registration that a request begins. It says nothing of
// the phone: whoever begins twice has two.
func (v *Vault) RegistrationID(book string, r Request) string {
	return v.id("registration", book, r.Digest+r.Key)
}

// RegistrationToken opens a registration to whoever began it; it is stored nowhere.
func (v *Vault) RegistrationToken(id string) string { return v.Link("registration_token", id, 1) }

// profile is a version of what a registration knows; version 0 is the newest.
func (r Resolver) profile(ctx context.Context, book, id string, version uint32) (Registration, bool, error) {
	return Only(r.vault.Registrations(ctx, book, Ref{id, version}))
}

// RegistrationINN is the INN that a version of a registration names.
func (r Resolver) RegistrationINN(ctx context.Context, book, id string, version uint32) (string, bool, error) {
	d, ok, err := r.profile(ctx, book, id, version)
	if err != nil || !ok {
		return "", false, err
	}
	return d.Content.GetInn(), d.Content.GetInn() != "", nil
}

// writeTries is how often a version is looked for while others write.
const writeTries = 5

// Registered adds what the state register said to a version of a registration, and says
// under which version it stands now. The same again is the same version.
func (r Resolver) Registered(ctx context.Context, book, id string, version uint32, e port.Entity) (uint32, error) {
	asked, ok, err := r.profile(ctx, book, id, version)
	if err != nil || !ok {
		return 0, errors.Join(err, notThere(ok, id, version))
	}
	p := proto.CloneOf(asked.Content)
	p.Name, p.Ogrn, p.Address = e.Name, e.OGRN, e.Address
	for range writeTries {
		newest, _, err := r.profile(ctx, book, id, 0)
		if err != nil || newest.Version > version && proto.Equal(newest.Content, p) {
			return newest.Version, err
		}
		d := r.vault.Draft(book)
		d.Registration(id, newest.Version+1, p)
		if err := d.Put(ctx); !errors.Is(err, ErrTaken) {
			return newest.Version + 1, err
		}
	}
	return 0, ErrTaken
}

// CompanyDetails makes a company's details of a version of a registration, and says under
// which version they stand. The same again is the same version.
func (r Resolver) CompanyDetails(ctx context.Context, book, id string, version uint32, company string) (uint32, error) {
	of, ok, err := r.profile(ctx, book, id, version)
	if err != nil || !ok {
		return 0, errors.Join(err, notThere(ok, id, version))
	}
	p := &privatev1.CompanyProfile{
		Inn: of.Content.GetInn(), Ogrn: of.Content.GetOgrn(), Name: of.Content.GetName(), Address: of.Content.GetAddress(),
		Email: of.Content.GetEmail(), Phone: of.Content.GetPhone(),
	}
	for range writeTries {
		newest, _, err := Only(r.vault.Companies(ctx, book, Ref{ID: company}))
		if err != nil || newest.Version > 0 && proto.Equal(newest.Content, p) {
			return newest.Version, err
		}
		d := r.vault.Draft(book)
		d.Company(company, newest.Version+1, p)
		if err := d.Put(ctx); !errors.Is(err, ErrTaken) {
			return newest.Version + 1, err
		}
	}
	return 0, ErrTaken
}

func notThere(ok bool, id string, version uint32) error {
	if ok {
		return nil
	}
	return fmt.Errorf("version %d of %s is not there", version, id)
}

// OpenedBy says which registration opened a company, "" when none did; false when there is
// no such company.
func (r Resolver) OpenedBy(ctx context.Context, book, company string) (string, bool, error) {
	rows, _, err := r.vault.db.FindAggregates(ctx, []store.AggregateKey{{Book: book, Flow: "company", ID: company}})
	if err != nil || len(rows) == 0 {
		return "", false, err
	}
	var d flowv1.CompanyData
	if err := proto.Unmarshal(rows[0].Data, &d); err != nil {
		return "", false, fmt.Errorf("the data of %s cannot be decoded: %w", company, err)
	}
	return d.GetRegistration(), true, nil
}

// Forget deletes what a registration that nobody went on with knows of a person: its key,
// its profile, its evidence, and the phone by which it was found. Doing it twice is doing
// it once.
func (v *Vault) Forget(ctx context.Context, book, registration string) error {
	e := store.PrivateErasure{Book: book, Owner: registration, Data: map[string][]string{kindRegistration: {registration}, kindEvidence: {registration}}}
	p := new(privatev1.RegistrationProfile)
	err := v.versions(ctx, book, kindRegistration, registration, p, func(time.Time) {
		for _, h := range v.secrets.hashes(book, RegistrationPhone, p.GetPhone()) {
			e.Index = append(e.Index, store.PrivateIndexRow{Book: book, Kind: kindRegistration, Name: RegistrationPhone.name, HMAC: h, ID: registration})
		}
	})
	if err != nil {
		return err
	}
	return v.erase(ctx, e)
}
