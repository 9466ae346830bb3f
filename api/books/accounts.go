package books

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// openCache remembers which accounts are open. An account that was opened stays open,
// so what is remembered never goes stale; what is not is asked of the database.
//
// It keeps hashes of the names: a million of them must not be followed one by one by the
// collector. They have 128 bits, of seeds that nobody outside can know: two names that
// meet are as likely as two accounts with one id.
type openCache struct {
	db    *store.DB
	most  int
	seeds [2]maphash.Seed

	mu    sync.RWMutex
	young map[openHash]struct{}
	old   map[openHash]struct{} // the generation before: it goes when young is full
}

type openName struct{ book, account string }

type openHash [2]uint64

func newOpenCache(db *store.DB, most int) *openCache {
	return &openCache{
		db: db, most: max(2, most) / 2, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		young: map[openHash]struct{}{}, old: map[openHash]struct{}{},
	}
}

func (c *openCache) hash(n openName) (k openHash) {
	for i, seed := range c.seeds {
		var h maphash.Hash
		h.SetSeed(seed)
		h.WriteString(n.book)
		h.WriteByte(0)
		h.WriteString(n.account)
		k[i] = h.Sum64()
	}
	return k
}

func (c *openCache) has(n openName) bool {
	k := c.hash(n)
	c.mu.RLock()
	_, young := c.young[k]
	_, old := c.old[k]
	c.mu.RUnlock()
	if old && !young {
		c.put(n)
	}
	return young || old
}

func (c *openCache) put(names ...openName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range names {
		k := c.hash(n)
		if _, known := c.young[k]; known {
			continue
		}
		if len(c.young) >= c.most {
			c.old, c.young = c.young, c.old
			clear(c.young)
		}
		c.young[k] = struct{}{}
	}
}

// missing gives those of the operations' accounts that are not remembered as open,
// each once.
func (c *openCache) missing(bookName string, ops []*ledgerv1.Operation) map[string]bool {
	var out map[string]bool
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, op := range ops {
		eachAccount(op, func(name string) {
			if _, young := c.young[c.hash(openName{bookName, name})]; young {
				return
			}
			if out == nil {
				out = map[string]bool{}
			}
			out[name] = false
		})
	}
	return out
}

// load brings what is open among names into the cache and answers which are. Types
// that open by themselves and names that are none are left to the engine.
func (c *openCache) load(ctx context.Context, bookName string, names map[string]bool) error {
	var missing []string
	for name := range names {
		n, refusal := book.ParseName("account", name)
		if refusal != nil {
			continue
		}
		if t, _ := book.LookupType(n.Type); t.Implicit || c.has(openName{bookName, name}) {
			names[name] = true
			continue
		}
		missing = append(missing, name)
	}
	if len(missing) == 0 {
		return nil
	}
	open, err := c.db.OpenNames(ctx, bookName, missing)
	if err != nil {
		return fmt.Errorf("read the open accounts: %w", err)
	}
	found := make([]openName, len(open))
	for i, name := range open {
		found[i] = openName{bookName, name}
		names[name] = true
	}
	c.put(found...)
	return nil
}
