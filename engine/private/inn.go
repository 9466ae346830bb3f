package private

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// Holder is an executor who has an INN, or had it.
type Holder struct {
	ID, State string
	Data      *flowv1.ExecutorData
	Profile   *privatev1.ExecutorProfile // in the version that the books name
	// Lost says that the version with the last changed INN is not there, but the one before
	// it: a backup is older than the change. Profile is that older version.
	Lost bool
}

// Had says whether a person had an INN before.
func Had(p *privatev1.ExecutorProfile, inn string) bool {
	for _, f := range p.GetFormerInns() {
		if f.GetInn() == inn {
			return true
		}
	}
	return false
}

// Known says whether a person has an INN, or had it.
func Known(p *privatev1.ExecutorProfile, inn string) bool {
	return inn != "" && (p.GetInn() == inn || Had(p, inn))
}

// INNOn is the INN that a person had on a day, YYYY-MM-DD, as far as we had heard by then.
func INNOn(p *privatev1.ExecutorProfile, day string) string {
	for _, f := range p.GetFormerInns() {
		if day < f.GetUntilDay() {
			return f.GetInn()
		}
	}
	return p.GetInn()
}

// Holders finds who has or had an INN, by INN. Whoever is erased has none.
func (r Resolver) Holders(ctx context.Context, book string, inns ...string) (map[string][]Holder, error) {
	found, err := r.vault.Find(ctx, book, ExecutorINN, inns...)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var keys []store.AggregateKey
	for _, ids := range found {
		for _, id := range ids {
			if !seen[id] {
				keys, seen[id] = append(keys, store.AggregateKey{Book: book, Flow: kindExecutor, ID: id}), true
			}
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, _, err := r.vault.db.FindAggregates(ctx, keys)
	if err != nil {
		return nil, err
	}
	var all []Holder
	var refs []Ref
	for _, row := range rows {
		h := Holder{ID: row.Key.ID, State: row.State, Data: new(flowv1.ExecutorData)}
		if err := proto.Unmarshal(row.Data, h.Data); err != nil {
			return nil, fmt.Errorf("data of executor %s: %w", h.ID, err)
		}
		if v := h.Data.GetProfileVersion(); v > 0 { // of whoever is erased it is 0
			all, refs = append(all, h), append(refs, Ref{h.ID, v})
		}
	}
	docs, err := r.vault.Executors(ctx, book, refs...)
	if err != nil {
		return nil, err
	}
	out := map[string][]Holder{}
	for _, h := range all {
		d, ok := docs[h.ID]
		if h.Profile = d.Content; !ok {
			if h, ok, err = r.lost(ctx, book, h); err != nil || !ok {
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		for inn := range found {
			if Known(h.Profile, inn) {
				out[inn] = append(out[inn], h)
			}
		}
	}
	return out, nil
}

// lost reads the version before the changed INN, when that is the newest there is.
func (r Resolver) lost(ctx context.Context, book string, h Holder) (Holder, bool, error) {
	d, ok, err := Only(r.vault.Executors(ctx, book, Ref{ID: h.ID}))
	named := h.Data.GetProfileVersion()
	if err != nil || !ok || named != h.Data.GetInnVersion() || d.Version+1 != named {
		return h, false, err
	}
	h.Profile, h.Lost = d.Content, true
	return h, true, nil
}

// Rename writes an executor's data and requisites with another INN beside the old one, and
// says under which versions they stand; requisites are 0 when there are none. The same again
// is the same versions. Of a lost version it writes that version.
func (r Resolver) Rename(ctx context.Context, book string, h Holder, inn, day string) (profile, requisites uint32, err error) {
	p := proto.CloneOf(h.Profile)
	p.FormerInns = append(p.FormerInns, &privatev1.FormerInn{Inn: p.GetInn(), UntilDay: day})
	p.Inn = inn
	put := func(v uint32) error {
		d := r.vault.Draft(book)
		d.Executor(h.ID, v, p)
		return d.Put(ctx)
	}
	if h.Lost {
		profile = h.Data.GetProfileVersion()
		if err := put(profile); err != nil && !errors.Is(err, ErrTaken) {
			return 0, 0, err
		}
	} else if profile, err = settle(ctx, p, func() (Executor, bool, error) {
		return Only(r.vault.Executors(ctx, book, Ref{ID: h.ID}))
	}, put); err != nil {
		return 0, 0, err
	}
	named := h.Data.GetRequisitesVersion()
	if named == 0 {
		return profile, 0, nil
	}
	where, ok, err := Only(r.vault.Requisites(ctx, book, Ref{h.ID, named}))
	if err != nil || !ok || where.Content.GetInn() == inn {
		return profile, 0, err
	}
	q := proto.CloneOf(where.Content)
	q.Inn = inn
	requisites, err = settle(ctx, q, func() (Requisites, bool, error) {
		return Only(r.vault.Requisites(ctx, book, Ref{ID: h.ID}))
	}, func(v uint32) error {
		d := r.vault.Draft(book)
		d.Requisites(h.ID, v, q)
		return d.Put(ctx)
	})
	return profile, requisites, err
}
