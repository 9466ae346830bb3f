package gate

import (
	"context"
	"crypto/rand" // clock: a token's chance is nobody's decision
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/provodka/provodka/engine/flow/executor"
	"github.com/provodka/provodka/engine/flow/login"
	"github.com/provodka/provodka/engine/flow/user"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// sessionPrefix begins every session's token: leaks are found by it.
const sessionPrefix = "ps_"

// touchEvery is how exact the moment of a session's last use is.
const touchEvery = time.Minute

// sweepAtOnce bounds how many sessions that are over a new one takes along.
const sweepAtOnce = 100

// member says who a session's token is of.
func (g *Gate) member(ctx context.Context, c *Call, token string) (Principal, *fault.Refusal) {
	hash := sha256.Sum256([]byte(token))
	who, ok := g.sessions.get(hash, g.Now())
	if !ok {
		var err error
		if who, ok, err = g.findMember(ctx, hash); err != nil {
			g.Logger.ErrorContext(ctx, "a session cannot be looked up", "request_id", c.RequestID, "error", err)
			return Principal{}, fault.Refuse(fault.Unavailable, "", "the session cannot be looked up now")
		}
	}
	if !ok {
		return Principal{}, fault.Refuse(fault.Unauthenticated, "authorization", "no such session, or it is over")
	}
	return who, nil
}

// findMember looks a session up, and what its user may do now.
func (g *Gate) findMember(ctx context.Context, hash [sha256.Size]byte) (Principal, bool, error) {
	now := g.Now()
	row, ok, err := g.DB.FindSession(ctx, hash[:])
	if err != nil || !ok || !now.Before(row.Ends) {
		return Principal{}, false, err
	}
	who := Principal{ID: row.Member, Book: row.Book, Owner: row.Owner, Session: &row}
	stands := false
	if row.Owner == "" {
		who.worker = true
		stands, who.Unconfirmed, err = g.workerStands(ctx, row)
	} else {
		var users *flowv1.UsersData
		if users, err = g.UsersOf(ctx, row.Book, row.Owner); err == nil {
			u := user.Find(users, row.Member)
			who.roles, stands = u.GetRoles(), u.GetState() == user.Active && !row.Begun.Before(user.SessionsFrom(u))
		}
	}
	if err != nil || !stands {
		return Principal{}, false, err
	}
	if now.Sub(row.Used) >= touchEvery {
		row.Used, row.Ends = now, g.idleEnd(now, row.Until)
		if there, err := g.DB.TouchSession(ctx, row.Hash, row.Used, row.Ends); err != nil || !there {
			return Principal{}, false, err
		}
	}
	g.sessions.put(hash, cachedSession{who, earlier(now.Add(g.cfg.KeyCache), row.Ends)})
	return who, true, nil
}

func (g *Gate) idleEnd(now, until time.Time) time.Time {
	return earlier(now.Add(g.cfg.SessionIdle), until)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// admitPerson lets a person call what his roles open.
func (g *Gate) admitPerson(c *Call) *fault.Refusal {
	if c.product {
		return fault.Refuse(fault.PermissionDenied, "", "%s takes keys of companies", strings.TrimSuffix(ProductPath, "/"))
	}
	if c.Who.worker {
		opens := g.access[c.method]
		switch {
		case slices.Contains(opens, roleNewcomer), slices.Contains(opens, roleWorker) && !c.Who.Unconfirmed:
			return nil
		case slices.Contains(opens, roleWorker):
			return fault.Refuse(fault.PhoneUnconfirmed, "", "a company gave the phone: the person's INN has to be given first")
		}
		return fault.Refuse(fault.PermissionDenied, "", "an executor's session opens his application alone")
	}
	if g.PersonMay(c.Who, c.method) {
		return nil
	}
	roles := strings.Join(g.persons[c.method], ", ")
	if roles == "" {
		return fault.Refuse(fault.PermissionDenied, "", "no person may call this")
	}
	return fault.Refuse(fault.PermissionDenied, "", "the user has none of the roles %s", roles).With("roles", roles)
}

// PersonMay says whether a person's roles open a method.
func (g *Gate) PersonMay(who Principal, method string) bool {
	roles := g.persons[method]
	return slices.Contains(roles, roleAny) || slices.ContainsFunc(roles, who.Has)
}

// UsersOf reads the users of a company; none when it has none.
func (g *Gate) UsersOf(ctx context.Context, book, company string) (*flowv1.UsersData, error) {
	found, _, err := g.Load(ctx, book, user.Name, company)
	users := &flowv1.UsersData{}
	if a, ok := found[company]; err == nil && ok {
		err = a.Read(users)
	}
	return users, err
}

// BeginSession begins a session at a record's moment, or at that of the record that ended
// the others; owner is the company of a user, "" of an executor.
func (g *Gate) BeginSession(ctx context.Context, book, owner, member string, begun, from time.Time) (string, store.Session, error) {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("api: no randomness: " + err.Error())
	}
	token := sessionPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	hash := sha256.Sum256([]byte(token))
	now := g.Now()
	if begun.Before(from) {
		begun = from
	}
	row := store.Session{
		Hash: hash[:], ID: hex.EncodeToString(hash[:10]), Book: book, Owner: owner, Member: member,
		Begun: begun, Used: now, Until: now.Add(g.cfg.SessionLife),
	}
	row.Ends = g.idleEnd(now, row.Until)
	c := CallOf(ctx)
	var err error
	row.Note, err = g.Vault.SealNote(ctx, book, member, row.ID, &privatev1.SessionNote{
		Address: c.Address, UserAgent: c.UserAgent(),
	})
	if err != nil {
		return "", row, err
	}
	if err := g.DB.PutSession(ctx, row); err != nil {
		return "", row, err
	}
	if err := g.DB.SweepSessions(ctx, now, sweepAtOnce); err != nil {
		g.Logger.WarnContext(ctx, "sessions that are over cannot be deleted", "error", err)
	}
	return token, row, nil
}

// EndSessions deletes the sessions of a person that were begun before a moment, and forgets
// what is believed of him. That they are over does not hang on it: the person's aggregate has
// ended them.
func (g *Gate) EndSessions(ctx context.Context, book, member string, from time.Time) {
	g.sessions.drop(member, "")
	if err := g.DB.EndSessions(ctx, book, member, from); err != nil {
		g.Logger.WarnContext(ctx, "sessions that were ended cannot be deleted", "member", member, "error", err)
	}
}

// Revoke ends a session of who asks.
func (g *Gate) Revoke(ctx context.Context, id string) (bool, error) {
	who := CallOf(ctx).Who
	there, err := g.DB.EndSession(ctx, who.Book, who.ID, id)
	g.sessions.drop(who.ID, id)
	return there, err
}

// Reconsider forgets what is believed of a person: what he may do holds at once.
func (g *Gate) Reconsider(member string) { g.sessions.drop(member, "") }

// workerStands says whether a session of an executor holds: he is there, and nobody has
// ended it; and whether nobody has shown that the phone is his.
func (g *Gate) workerStands(ctx context.Context, row store.Session) (stands, unconfirmed bool, err error) {
	people, _, err := g.Load(ctx, row.Book, executor.Name, row.Member)
	if err != nil {
		return false, false, err
	}
	who, person := people[row.Member], new(flowv1.ExecutorData)
	if who.State != executor.Registered && who.State != executor.Blocked && who.State != executor.Conflict {
		return false, false, nil
	}
	if err := who.Read(person); err != nil {
		return false, false, err
	}
	found, _, err := g.Load(ctx, row.Book, login.Name, row.Member)
	if err != nil {
		return false, false, err
	}
	d := new(flowv1.LoginData)
	if a, ok := found[row.Member]; ok {
		if err := a.Read(d); err != nil {
			return false, false, err
		}
	}
	return !row.Begun.Before(login.SessionsFrom(d)), !person.GetPhoneConfirmed(), nil
}

// sessionCache believes a session for a short time without asking the database.
type sessionCache struct {
	mu   sync.Mutex
	rows map[[sha256.Size]byte]cachedSession
}

type cachedSession struct {
	who   Principal
	until time.Time
}

// maxCachedSessions bounds the cache; there are only sessions in it that somebody has.
const maxCachedSessions = 10_000

func (c *sessionCache) get(hash [sha256.Size]byte, now time.Time) (Principal, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, ok := c.rows[hash]
	return kept.who, ok && now.Before(kept.until)
}

func (c *sessionCache) put(hash [sha256.Size]byte, kept cachedSession) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.rows) >= maxCachedSessions {
		clear(c.rows)
	}
	c.rows[hash] = kept
}

// drop forgets the sessions of a user, or one of them.
func (c *sessionCache) drop(member, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.rows, func(_ [sha256.Size]byte, kept cachedSession) bool {
		return kept.who.ID == member && (id == "" || kept.who.Session.ID == id)
	})
}
