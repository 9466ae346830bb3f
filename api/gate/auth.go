package gate

import (
	"context"
	"crypto/rand" // clock: a key's chance is nobody's decision
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
)

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

// Words that stand for callers in access.md: every valid key, whoever comes, a person
// with a session alone, an executor with one, and one whose phone is unconfirmed too.
const (
	roleAny    = "any"
	rolePublic = "public"
	rolePerson = "person"
	roleWorker = "worker"

	roleNewcomer = "newcomer"
)

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

// person is the id of somebody who has a session and no key.
var person = regexp.MustCompile(`^(user|executor)-[0-9a-f]{20}$`)

// ByKey says whether an actor of the journal is the name of a key: neither everybody, nor a person
// with a session, nor this program itself.
func ByKey(actor string) bool {
	return actor != "" && actor != rolePublic && actor != InsideStatement && !person.MatchString(actor)
}

// Principal is who calls.
type Principal struct {
	ID      string // of the key
	Book    string
	roles   []string
	Owner   string         // the company whose key it is; "" = a key of the house
	Public  bool           // nobody was asked who it is
	Session *store.Session // of a person; nil = a key
	worker  bool           // the person is an executor: id is his, and there is no company

	Unconfirmed bool // a company gave the executor's phone, and nobody has shown that it is his
}

// Has says whether the caller has a role.
func (p Principal) Has(role string) bool { return slices.Contains(p.roles, role) }

// gate asks for the key and the role before a message is read.
func (g *Gate) gate(ctx context.Context, spec connect.Spec, _ connect.Peer, header http.Header) (context.Context, error) {
	c := CallOf(ctx)
	c.method = strings.TrimPrefix(spec.Procedure, "/")
	refusal := g.admit(ctx, c, header.Get("Authorization"))
	if refusal == nil {
		c.admitted = true
		return withCall(ctx, c), nil
	}
	err := ToError(refusal)
	g.answered(ctx, c, g.Now(), refusal, err, nil)
	return nil, err
}

func (g *Gate) admit(ctx context.Context, c *Call, authorization string) *fault.Refusal {
	roles := g.access[c.method]
	if slices.Contains(roles, rolePublic) {
		c.Who, c.Token = Principal{ID: rolePublic, Public: true}, strings.TrimPrefix(authorization, "Bearer ")
		return nil
	}
	var refusal *fault.Refusal
	if c.Who, refusal = g.caller(ctx, c, authorization); refusal != nil {
		return refusal
	}
	if c.Who.Session != nil {
		return g.admitPerson(c)
	}
	if c.Who.Owner != "" && !c.product {
		return fault.Refuse(fault.PermissionDenied, "", "a company's key opens %s alone", ProductPath)
	}
	if slices.Contains(roles, roleAny) || slices.ContainsFunc(roles, c.Who.Has) {
		return nil
	}
	return fault.Refuse(fault.PermissionDenied, "", "the key has none of the roles %s", strings.Join(roles, ", ")).
		With("roles", strings.Join(roles, ", "))
}

// caller says whose key it is.
func (g *Gate) caller(ctx context.Context, c *Call, authorization string) (Principal, *fault.Refusal) {
	token, ok := strings.CutPrefix(authorization, "Bearer ")
	if ok && strings.HasPrefix(token, sessionPrefix) {
		return g.member(ctx, c, token)
	}
	if !ok || !strings.HasPrefix(token, keyPrefix) {
		return Principal{}, fault.Refuse(fault.Unauthenticated, "authorization", "the header Authorization must be Bearer %s… or %s…", keyPrefix, sessionPrefix)
	}
	key, known, err := g.keys.find(ctx, token)
	switch {
	case err != nil:
		g.Logger.ErrorContext(ctx, "an API key cannot be looked up", "request_id", c.RequestID, "error", err)
		return Principal{}, fault.Refuse(fault.Unavailable, "", "the key cannot be looked up now")
	case !known:
		return Principal{}, fault.Refuse(fault.Unauthenticated, "authorization", "no such key, or it was revoked")
	}
	return Principal{ID: key.ID, Book: key.Book, roles: key.Roles, Owner: key.Owner}, nil
}

// checkBook refuses a book that is not the key's.
func checkBook(who Principal, book string) *fault.Refusal {
	if book == who.Book || who.Public {
		return nil
	}
	return fault.Refuse(fault.PermissionDenied, "book", "the key is not of this book")
}

// depthOfOwner bounds how deep a request is searched for companies.
const depthOfOwner = 4

// checkOwner refuses companies that are not the caller's, wherever in the request they
// stand. A part that could name one and is not there names none.
func checkOwner(who Principal, m protoreflect.Message, path string, depth int) *fault.Refusal {
	if who.Owner == "" || depth == 0 {
		return nil
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		at := path + string(f.Name())
		switch {
		case f.Name() == "company_id" && f.Kind() == protoreflect.StringKind && !f.IsList():
			if m.Get(f).String() != who.Owner {
				return fault.Refuse(fault.PermissionDenied, at, "the caller is not of this company")
			}
		case f.Kind() != protoreflect.MessageKind || f.IsMap() || !strings.HasPrefix(string(f.Message().FullName()), "provodka."):
		case f.IsList():
			for j := range m.Get(f).List().Len() {
				if refusal := checkOwner(who, m.Get(f).List().Get(j).Message(), fmt.Sprintf("%s[%d].", at, j), depth-1); refusal != nil {
					return refusal
				}
			}
		case m.Has(f) || f.ContainingOneof() == nil:
			if refusal := checkOwner(who, m.Get(f).Message(), at+".", depth-1); refusal != nil {
				return refusal
			}
		}
	}
	return nil
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
