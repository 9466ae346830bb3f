package api

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
func (s *Gate) member(ctx context.Context, c *call, token string) (Principal, *fault.Refusal) {
	hash := sha256.Sum256([]byte(token))
	who, ok := s.sessions.get(hash, s.Now())
	if !ok {
		var err error
		if who, ok, err = s.findMember(ctx, hash); err != nil {
			s.Logger.ErrorContext(ctx, "a session cannot be looked up", "request_id", c.requestID, "error", err)
			return Principal{}, fault.Refuse(fault.Unavailable, "", "the session cannot be looked up now")
		}
	}
	if !ok {
		return Principal{}, fault.Refuse(fault.Unauthenticated, "authorization", "no such session, or it is over")
	}
	return who, nil
}

// findMember looks a session up, and what its user may do now.
func (s *Gate) findMember(ctx context.Context, hash [sha256.Size]byte) (Principal, bool, error) {
	now := s.Now()
	row, ok, err := s.DB.FindSession(ctx, hash[:])
	if err != nil || !ok || !now.Before(row.Ends) {
		return Principal{}, false, err
	}
	who := Principal{id: row.Member, book: row.Book, owner: row.Owner, session: &row}
	stands := false
	if row.Owner == "" {
		who.worker = true
		stands, err = s.workerStands(ctx, row)
	} else {
		var users *flowv1.UsersData
		if users, err = s.usersOf(ctx, row.Book, row.Owner); err == nil {
			u := user.Find(users, row.Member)
			who.roles, stands = u.GetRoles(), u.GetState() == user.Active && !row.Begun.Before(user.SessionsFrom(u))
		}
	}
	if err != nil || !stands {
		return Principal{}, false, err
	}
	if now.Sub(row.Used) >= touchEvery {
		row.Used, row.Ends = now, s.idleEnd(now, row.Until)
		if there, err := s.DB.TouchSession(ctx, row.Hash, row.Used, row.Ends); err != nil || !there {
			return Principal{}, false, err
		}
	}
	s.sessions.put(hash, cachedSession{who, earlier(now.Add(s.cfg.KeyCache), row.Ends)})
	return who, true, nil
}

func (s *Gate) idleEnd(now, until time.Time) time.Time {
	return earlier(now.Add(s.cfg.SessionIdle), until)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// admitPerson lets a person call what his roles open.
func (s *Gate) admitPerson(c *call) *fault.Refusal {
	if c.product {
		return fault.Refuse(fault.PermissionDenied, "", "%s takes keys of companies", strings.TrimSuffix(ProductPath, "/"))
	}
	if c.who.worker {
		if slices.Contains(s.access[c.method], roleWorker) {
			return nil
		}
		return fault.Refuse(fault.PermissionDenied, "", "an executor's session opens his application alone")
	}
	if s.personMay(c.who, c.method) {
		return nil
	}
	roles := strings.Join(s.persons[c.method], ", ")
	if roles == "" {
		return fault.Refuse(fault.PermissionDenied, "", "no person may call this")
	}
	return fault.Refuse(fault.PermissionDenied, "", "the user has none of the roles %s", roles).With("roles", roles)
}

// personMay says whether a person's roles open a method.
func (s *Gate) personMay(who Principal, method string) bool {
	roles := s.persons[method]
	return slices.Contains(roles, roleAny) || slices.ContainsFunc(roles, who.has)
}

// usersOf reads the users of a company; none when it has none.
func (s *Gate) usersOf(ctx context.Context, book, company string) (*flowv1.UsersData, error) {
	found, _, err := s.load(ctx, book, user.Name, company)
	users := &flowv1.UsersData{}
	if a, ok := found[company]; err == nil && ok {
		err = a.read(users)
	}
	return users, err
}

// beginSession begins a session at a record's moment, or at that of the record that ended
// the others; owner is the company of a user, "" of an executor.
func (s *Gate) beginSession(ctx context.Context, book, owner, member string, begun, from time.Time) (string, store.Session, error) {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("api: no randomness: " + err.Error())
	}
	token := sessionPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	hash := sha256.Sum256([]byte(token))
	now := s.Now()
	if begun.Before(from) {
		begun = from
	}
	row := store.Session{
		Hash: hash[:], ID: hex.EncodeToString(hash[:10]), Book: book, Owner: owner, Member: member,
		Begun: begun, Used: now, Until: now.Add(s.cfg.SessionLife),
	}
	row.Ends = s.idleEnd(now, row.Until)
	c := callOf(ctx)
	var err error
	row.Note, err = s.Vault.SealNote(ctx, book, member, row.ID, &privatev1.SessionNote{
		Address: c.address, UserAgent: c.userAgent(),
	})
	if err != nil {
		return "", row, err
	}
	if err := s.DB.PutSession(ctx, row); err != nil {
		return "", row, err
	}
	if err := s.DB.SweepSessions(ctx, now, sweepAtOnce); err != nil {
		s.Logger.WarnContext(ctx, "sessions that are over cannot be deleted", "error", err)
	}
	return token, row, nil
}

// EndSessions deletes the sessions of a person that were begun before a moment, and forgets
// what is believed of him. That they are over does not hang on it: the person's aggregate has
// ended them.
func (s *Gate) EndSessions(ctx context.Context, book, member string, from time.Time) {
	s.sessions.drop(member, "")
	if err := s.DB.EndSessions(ctx, book, member, from); err != nil {
		s.Logger.WarnContext(ctx, "sessions that were ended cannot be deleted", "member", member, "error", err)
	}
}

// Revoke ends a session of who asks.
func (s *Gate) Revoke(ctx context.Context, id string) (bool, error) {
	who := callOf(ctx).who
	there, err := s.DB.EndSession(ctx, who.book, who.id, id)
	s.sessions.drop(who.id, id)
	return there, err
}

// Reconsider forgets what is believed of a person: what he may do holds at once.
func (s *Gate) Reconsider(member string) { s.sessions.drop(member, "") }

// workerStands says whether a session of an executor holds: he is there, and nobody has
// ended it.
func (s *Gate) workerStands(ctx context.Context, row store.Session) (bool, error) {
	people, _, err := s.load(ctx, row.Book, executor.Name, row.Member)
	if err != nil {
		return false, err
	}
	if state := people[row.Member].state; state != executor.Registered && state != executor.Blocked {
		return false, nil
	}
	found, _, err := s.load(ctx, row.Book, login.Name, row.Member)
	if err != nil {
		return false, err
	}
	d := new(flowv1.LoginData)
	if a, ok := found[row.Member]; ok {
		if err := a.read(d); err != nil {
			return false, err
		}
	}
	return !row.Begun.Before(login.SessionsFrom(d)), nil
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
		return kept.who.id == member && (id == "" || kept.who.session.ID == id)
	})
}
