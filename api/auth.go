package api

import (
	"context"
	"crypto/rand" // clock: a key's chance is nobody's decision
	"crypto/sha256"
	_ "embed"
	"encoding/base32"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/store"
)

//go:embed access.md
var accessDocument string

// The roles of access.md.
const (
	RoleLedger   = "ledger"
	RoleReader   = "reader"
	RoleCompany  = "company"
	RoleExecutor = "executor"
	RoleFinance  = "finance"
	RoleSupport  = "support"
	RolePersonal = "personal"
)

// roleAny stands for every valid key in access.md.
const roleAny = "any"

// Roles lists all roles.
func Roles() []string {
	return []string{RoleLedger, RoleReader, RoleCompany, RoleExecutor, RoleFinance, RoleSupport, RolePersonal}
}

// keyPrefix begins every API key: leaks are found by it.
const keyPrefix = "pk_"

// MintKey makes an API key. The text is shown once and stored nowhere; the row, which
// holds its hash, goes to store.PutAPIKey.
func MintKey(id, book string, roles ...string) (text string, row store.APIKey, err error) {
	for _, r := range roles {
		if !slices.Contains(Roles(), r) {
			return "", row, fmt.Errorf("api: there is no role %q", r)
		}
	}
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", row, fmt.Errorf("api: no randomness: %w", err)
	}
	text = keyPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	return text, KeyRow(id, book, text, roles...), nil
}

// KeyRow is the row of a key that exists already, such as a test's.
func KeyRow(id, book, text string, roles ...string) store.APIKey {
	sum := sha256.Sum256([]byte(text))
	return store.APIKey{ID: id, Hash: sum[:], Book: book, Roles: roles}
}

// principal is who calls.
type principal struct {
	id    string // of the key
	book  string
	roles []string
	owner string // the company whose key it is; "" = a key of the house
}

func (p principal) has(role string) bool { return slices.Contains(p.roles, role) }

// parseAccess reads access.md: the roles of each method.
func parseAccess(text string) (map[string][]string, error) {
	tables, err := machine.ParseTables("api/access.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Access")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Method", "Roles"); err != nil {
		return nil, err
	}
	access := map[string][]string{}
	for _, r := range t.Rows {
		method, roles := r.Cell("Method"), r.List("Roles")
		if _, twice := access[method]; twice || len(roles) == 0 {
			return nil, r.Errorf("method %s stands twice or has no role", method)
		}
		for _, role := range roles {
			if role != roleAny && !slices.Contains(Roles(), role) {
				return nil, r.Errorf("there is no role %q", role)
			}
		}
		access[method] = roles
	}
	return access, nil
}

// gate asks for the key and the role before a message is read.
func (s *Server) gate(ctx context.Context, spec connect.Spec, _ connect.Peer, header http.Header) (context.Context, error) {
	c := callOf(ctx)
	c.method = strings.TrimPrefix(spec.Procedure, "/")
	refusal := s.admit(ctx, c, header.Get("Authorization"))
	if refusal == nil {
		c.admitted = true
		return withCall(ctx, c), nil
	}
	err := toError(refusal)
	s.answered(ctx, c, s.cfg.Now(), refusal, err, nil)
	return nil, err
}

func (s *Server) admit(ctx context.Context, c *call, authorization string) *fault.Refusal {
	var refusal *fault.Refusal
	if c.who, refusal = s.caller(ctx, c, authorization); refusal != nil {
		return refusal
	}
	if c.who.owner != "" && !c.product {
		return fault.Refuse(fault.PermissionDenied, "", "a company's key opens %s alone", productPath)
	}
	roles := s.access[c.method]
	if slices.Contains(roles, roleAny) || slices.ContainsFunc(roles, c.who.has) {
		return nil
	}
	return fault.Refuse(fault.PermissionDenied, "", "the key has none of the roles %s", strings.Join(roles, ", ")).
		With("roles", strings.Join(roles, ", "))
}

// caller says whose key it is.
func (s *Server) caller(ctx context.Context, c *call, authorization string) (principal, *fault.Refusal) {
	token, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok || !strings.HasPrefix(token, keyPrefix) {
		return principal{}, fault.Refuse(fault.Unauthenticated, "authorization", "the header Authorization must be Bearer %s…", keyPrefix)
	}
	key, known, err := s.keys.find(ctx, token)
	switch {
	case err != nil:
		s.cfg.Logger.ErrorContext(ctx, "an API key cannot be looked up", "request_id", c.requestID, "error", err)
		return principal{}, fault.Refuse(fault.Unavailable, "", "the key cannot be looked up now")
	case !known:
		return principal{}, fault.Refuse(fault.Unauthenticated, "authorization", "no such key, or it was revoked")
	}
	return principal{key.ID, key.Book, key.Roles, key.Owner}, nil
}

// checkBook refuses a book that is not the key's.
func checkBook(who principal, book string) *fault.Refusal {
	if book == who.book {
		return nil
	}
	return fault.Refuse(fault.PermissionDenied, "book", "the key is not of this book")
}

// checkOwner refuses a company that is not the key's.
func checkOwner(who principal, company string) *fault.Refusal {
	if who.owner == "" || company == who.owner {
		return nil
	}
	return fault.Refuse(fault.PermissionDenied, "company_id", "the key is not of this company")
}

// keyCache believes a key for a short time without asking the database.
type keyCache struct {
	db   *store.DB
	now  func() time.Time
	keep time.Duration

	mu   sync.Mutex
	rows map[[sha256.Size]byte]cachedKey
}

type cachedKey struct {
	key   store.APIKey
	known bool
	until time.Time
}

// maxCachedKeys bounds the cache against a stream of invented keys.
const maxCachedKeys = 10_000

func (k *keyCache) find(ctx context.Context, token string) (store.APIKey, bool, error) {
	hash := sha256.Sum256([]byte(token))
	now := k.now()
	k.mu.Lock()
	c, ok := k.rows[hash]
	k.mu.Unlock()
	if ok && now.Before(c.until) {
		return c.key, c.known, nil
	}
	key, known, err := k.db.FindAPIKey(ctx, hash[:])
	if err != nil {
		return store.APIKey{}, false, err
	}
	known = known && len(key.Roles) > 0
	k.remember(hash, cachedKey{key, known, now.Add(k.keep)})
	return key, known, nil
}

// remember keeps what was found. Keys that nobody has make room for those that somebody
// has: inventing keys slows nobody else down.
func (k *keyCache) remember(hash [sha256.Size]byte, c cachedKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.rows) >= maxCachedKeys {
		maps.DeleteFunc(k.rows, func(_ [sha256.Size]byte, c cachedKey) bool { return !c.known })
	}
	if len(k.rows) >= maxCachedKeys {
		clear(k.rows)
	}
	k.rows[hash] = c
}
