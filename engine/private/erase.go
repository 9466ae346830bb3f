package private

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// Erase deletes an executor's key, personal data, requisites, the notes of payments to
// the person's accounts, the invitations by which the person came, his devices and
// sessions, and everything by
// which these were found. It does not ask
// whether it may. Doing it twice is doing it once.
func (v *Vault) Erase(ctx context.Context, book, executor string) error {
	if err := v.forgetInvitations(ctx, book, executor); err != nil {
		return err
	}
	e := store.PrivateErasure{Book: book, Owner: executor, Data: map[string][]string{kindExecutor: {executor}, kindRequisites: {executor}}}
	forget := func(f Field, value, id string) {
		for _, h := range v.secrets.hashes(book, f, value) {
			e.Index = append(e.Index, store.PrivateIndexRow{Book: book, Kind: f.kind, Name: f.name, HMAC: h, ID: id})
		}
	}
	unword := func(p *privatev1.ExecutorProfile, created time.Time) {
		e.Words = append(e.Words, store.PrivateRow{
			Book: book, Kind: kindExecutor, ID: executor, Created: created, Words: v.words(book, ExecutorNames, FullName(p), true),
		})
	}
	profile, where := new(privatev1.ExecutorProfile), new(privatev1.Requisites)
	err := v.versions(ctx, book, kindExecutor, executor, profile, func(created time.Time) {
		unword(profile, created)
		forget(ExecutorINN, profile.GetInn(), executor)
		forget(ExecutorPhone, profile.GetPhone(), executor)
	})
	if err != nil {
		return err
	}
	accounts := []string{}
	err = v.versions(ctx, book, kindRequisites, executor, where, func(time.Time) {
		forget(ExecutorAccount, where.GetAccountNumber(), executor)
		accounts = append(accounts, payTo(where).Target())
	})
	if err != nil {
		return err
	}
	paid, err := v.Find(ctx, book, PayoutAccount, accounts...)
	if err != nil {
		return err
	}
	for account, attempts := range paid {
		e.Data[kindPayout] = append(e.Data[kindPayout], attempts...)
		for _, attempt := range attempts {
			forget(PayoutAccount, account, attempt)
		}
	}
	if err := v.db.ForgetDevices(ctx, book, executor, ""); err != nil {
		return err
	}
	if err := v.db.EndSessions(ctx, book, executor, endOfTime); err != nil {
		return err
	}
	return v.erase(ctx, e)
}

// erase deletes what is known of an owner, and leaves no key of his in memory.
func (v *Vault) erase(ctx context.Context, e store.PrivateErasure) error {
	err := v.db.ErasePrivate(ctx, e)
	v.open.clear()
	return err
}

// endOfTime is after every moment at which a session can begin.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// versions reads every version of a document, one after the other, into m.
func (v *Vault) versions(ctx context.Context, book, kind, id string, m proto.Message, each func(created time.Time)) error {
	rows, err := v.db.PrivateVersions(ctx, book, kind, []string{id})
	if err != nil {
		return err
	}
	for _, r := range rows {
		text, ok, err := v.text(r)
		if err != nil {
			return fmt.Errorf("%s %s v%d: %w", kind, id, r.Version, err)
		}
		if !ok {
			continue
		}
		if err := proto.Unmarshal(text, m); err != nil {
			return fmt.Errorf("%s %s v%d cannot be decoded: %w", kind, id, r.Version, err)
		}
		each(r.Created)
	}
	return nil
}
