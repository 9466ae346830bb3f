package api

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// openCache remembers which accounts are open. An account that was opened stays open,
// so what is remembered never goes stale; what is not is asked of the database.
type openCache struct {
	db   *store.DB
	most int

	mu    sync.RWMutex
	young map[openName]struct{}
	old   map[openName]struct{} // the generation before: it goes when young is full
}

type openName struct{ book, account string }

func newOpenCache(db *store.DB, most int) *openCache {
	return &openCache{db: db, most: max(2, most) / 2, young: map[openName]struct{}{}, old: map[openName]struct{}{}}
}

func (c *openCache) has(n openName) bool {
	c.mu.RLock()
	_, young := c.young[n]
	_, old := c.old[n]
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
		if _, known := c.young[n]; known {
			continue
		}
		if len(c.young) >= c.most {
			c.old, c.young = c.young, make(map[openName]struct{}, c.most)
		}
		// Not the request's own text: it shares the memory of the whole request.
		c.young[openName{strings.Clone(n.book), strings.Clone(n.account)}] = struct{}{}
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
			if _, young := c.young[openName{bookName, name}]; young {
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
	rows, err := c.db.OpenAccounts(ctx, bookName, missing)
	if err != nil {
		return fmt.Errorf("read the open accounts: %w", err)
	}
	found := make([]openName, len(rows))
	for i, r := range rows {
		found[i] = openName{bookName, r.Name}
		names[r.Name] = true
	}
	c.put(found...)
	return nil
}
