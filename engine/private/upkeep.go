package private

import (
	"context"
	"errors"

	"github.com/provodka/provodka/ledger/store"
)

// Upkept is what an upkeep has done.
type Upkept struct {
	Sealed  int // documents that were written before there were keys
	Wrapped int // keys that an older installation key had wrapped
	Worded  int // documents that were written before words were found
}

// upkeepRows bounds what one step of an upkeep reads.
const upkeepRows = 500

// Upkeep seals what was written before there were keys, lets be found by its words what
// was written before there were words, and wraps with the newest
// installation key what an older one has wrapped. It may run beside everything, and
// twice at once; ended in between it goes on the next time. Afterwards no older
// installation key is needed.
func (v *Vault) Upkeep(ctx context.Context) (done Upkept, err error) {
	for {
		n, err := v.sealSome(ctx)
		if err != nil {
			return done, err
		}
		if done.Sealed += n; n == 0 {
			break
		}
	}
	if done.Worded, err = v.indexWords(ctx); err != nil {
		return done, err
	}
	for _, old := range v.wrappers[1:] {
		if old.id == v.wrappers[0].id {
			continue
		}
		for {
			n, err := v.rewrapSome(ctx, old.id)
			if err != nil {
				return done, err
			}
			if done.Wrapped += n; n == 0 {
				break
			}
		}
	}
	return done, nil
}

// sealSome seals some rows of one book; who owns a row is what its kind says.
func (v *Vault) sealSome(ctx context.Context) (int, error) {
	rows, err := v.db.PrivatePlain(ctx, upkeepRows)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	book := rows[0].Book
	n := 0
	for n < len(rows) && rows[n].Book == book {
		rows[n].Owner = house
		if k := rows[n].Kind; k == kindExecutor || k == kindRequisites {
			rows[n].Owner = rows[n].ID
		}
		n++
	}
	for try := 1; ; try++ {
		w, err := v.sealed(ctx, book, rows[:n])
		if err != nil {
			return 0, err
		}
		if err = v.db.SealPrivate(ctx, w); !errors.Is(err, store.ErrKeyChanged) || try == keyTries {
			return n, err
		}
		v.houses.Delete(book)
	}
}

func (v *Vault) rewrapSome(ctx context.Context, wrapper string) (int, error) {
	was, err := v.db.PrivateKeysWrapped(ctx, wrapper, upkeepRows)
	if err != nil || len(was) == 0 {
		return 0, err
	}
	keys := make([]store.PrivateKey, len(was))
	for i, k := range was {
		key, err := v.unwrap(k)
		if err != nil {
			return 0, err
		}
		keys[i] = v.wrap(k.Book, k.Owner, key)
	}
	return len(was), v.db.RewrapPrivate(ctx, keys, was)
}
