package private

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// InvitationID is the id of the invitation that a company's request makes.
func (v *Vault) InvitationID(book, company string, r Request) string {
	return v.id("invitation", book, company+"/"+r.Digest+r.Key)
}

// Invitations reads what is known of people who were invited.
func (v *Vault) Invitations(ctx context.Context, book string, refs ...Ref) (map[string]Invitation, error) {
	return read(ctx, v, book, kindInvitation, refs, func() *privatev1.InvitationProfile { return new(privatev1.InvitationProfile) })
}

// Invitation adds a version of what is known of a person who was invited, sealed with a key
// of its own: an invitation that ends can be forgotten. executor is whom the person is, or
// becomes; "" while nobody knows.
func (d *Draft) Invitation(id string, version uint32, p *privatev1.InvitationProfile, executor string) {
	d.add(id, kindInvitation, id, version, p)
	d.find(InvitationExecutor, executor, id)
}

// InvitedPerson makes an executor's personal data and requisites of a version of an
// invitation, and says under which versions they stand, 0 = no requisites, and how these are
// paid. The same again is the same version.
func (r Resolver) InvitedPerson(ctx context.Context, book, id string, version uint32, executor string) (profile, requisites uint32, way port.Way, err error) {
	of, ok, err := Only(r.vault.Invitations(ctx, book, Ref{id, version}))
	if err != nil || !ok || of.Content.GetPerson() == nil {
		return 0, 0, "", errors.Join(err, notThere(false, id, version))
	}
	profile, err = settle(ctx, of.Content.GetPerson(), func() (Executor, bool, error) {
		return Only(r.vault.Executors(ctx, book, Ref{ID: executor}))
	}, func(v uint32) error {
		d := r.vault.Draft(book)
		d.Executor(executor, v, of.Content.GetPerson())
		return d.Put(ctx)
	})
	if err != nil || of.Content.GetRequisites() == nil {
		return profile, 0, "", err
	}
	requisites, err = settle(ctx, of.Content.GetRequisites(), func() (Requisites, bool, error) {
		return Only(r.vault.Requisites(ctx, book, Ref{ID: executor}))
	}, func(v uint32) error {
		d := r.vault.Draft(book)
		d.Requisites(executor, v, of.Content.GetRequisites())
		return d.Put(ctx)
	})
	return profile, requisites, Way(of.Content.GetRequisites()), err
}

// settle writes a text as the newest version, unless it is.
func settle[M proto.Message](ctx context.Context, text M, newest func() (Doc[M], bool, error), put func(version uint32) error) (uint32, error) {
	for range writeTries {
		d, ok, err := newest()
		if err != nil || ok && proto.Equal(d.Content, text) {
			return d.Version, err
		}
		if err := put(d.Version + 1); !errors.Is(err, ErrTaken) {
			return d.Version + 1, err
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
	return 0, ErrTaken
}

// ForgetInvitation deletes what an invitation knows of a person: its key, its profile, its
// evidence, and by whom it was found. Doing it twice is doing it once.
func (v *Vault) ForgetInvitation(ctx context.Context, book, id string) error {
	e := store.PrivateErasure{Book: book, Owner: id, Data: map[string][]string{kindInvitation: {id}, kindEvidence: {id}}}
	p := new(privatev1.InvitationProfile)
	err := v.versions(ctx, book, kindInvitation, id, p, func(time.Time) {
		if inn := p.GetPerson().GetInn(); inn != "" {
			executor := v.ExecutorID(book, inn)
			for _, h := range v.secrets.hashes(book, InvitationExecutor, executor) {
				e.Index = append(e.Index, store.PrivateIndexRow{Book: book, Kind: kindInvitation, Name: InvitationExecutor.name, HMAC: h, ID: id})
			}
		}
	})
	if err != nil {
		return err
	}
	return v.erase(ctx, e)
}

// forgetInvitations deletes the invitations by which an executor came.
func (v *Vault) forgetInvitations(ctx context.Context, book, executor string) error {
	found, err := v.Find(ctx, book, InvitationExecutor, executor)
	if err != nil {
		return err
	}
	for _, id := range found[executor] {
		if err := v.ForgetInvitation(ctx, book, id); err != nil {
			return err
		}
	}
	return nil
}
