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

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/engine/flow/user"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	userv1 "github.com/provodka/provodka/proto/gen/provodka/user/v1"
)

// sessionPrefix begins every session's token: leaks are found by it.
const sessionPrefix = "ps_"

// touchEvery is how exact the moment of a session's last use is.
const touchEvery = time.Minute

// sweepAtOnce bounds how many sessions that are over a new one takes along.
const sweepAtOnce = 100

// member says who a session's token is of.
func (s *Server) member(ctx context.Context, c *call, token string) (principal, *fault.Refusal) {
	hash := sha256.Sum256([]byte(token))
	who, ok := s.sessions.get(hash, s.cfg.Now())
	if !ok {
		var err error
		if who, ok, err = s.findMember(ctx, hash); err != nil {
			s.cfg.Logger.ErrorContext(ctx, "a session cannot be looked up", "request_id", c.requestID, "error", err)
			return principal{}, fault.Refuse(fault.Unavailable, "", "the session cannot be looked up now")
		}
	}
	if !ok {
		return principal{}, fault.Refuse(fault.Unauthenticated, "authorization", "no such session, or it is over")
	}
	return who, nil
}

// findMember looks a session up, and what its user may do now.
func (s *Server) findMember(ctx context.Context, hash [sha256.Size]byte) (principal, bool, error) {
	now := s.cfg.Now()
	row, ok, err := s.cfg.DB.FindSession(ctx, hash[:])
	if err != nil || !ok || !now.Before(row.Ends) {
		return principal{}, false, err
	}
	who := principal{id: row.Member, book: row.Book, owner: row.Owner, session: &row}
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
		return principal{}, false, err
	}
	if now.Sub(row.Used) >= touchEvery {
		row.Used, row.Ends = now, s.idleEnd(now, row.Until)
		if there, err := s.cfg.DB.TouchSession(ctx, row.Hash, row.Used, row.Ends); err != nil || !there {
			return principal{}, false, err
		}
	}
	s.sessions.put(hash, cachedSession{who, earlier(now.Add(s.cfg.KeyCache), row.Ends)})
	return who, true, nil
}

func (s *Server) idleEnd(now, until time.Time) time.Time {
	return earlier(now.Add(s.cfg.SessionIdle), until)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// admitPerson lets a person call what his roles open.
func (s *Server) admitPerson(c *call) *fault.Refusal {
	if c.product {
		return fault.Refuse(fault.PermissionDenied, "", "%s takes keys of companies", strings.TrimSuffix(productPath, "/"))
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
func (s *Server) personMay(who principal, method string) bool {
	roles := s.persons[method]
	return slices.Contains(roles, roleAny) || slices.ContainsFunc(roles, who.has)
}

// usersOf reads the users of a company; none when it has none.
func (s *Server) usersOf(ctx context.Context, book, company string) (*flowv1.UsersData, error) {
	found, _, err := s.load(ctx, book, user.Name, company)
	users := &flowv1.UsersData{}
	if a, ok := found[company]; err == nil && ok {
		err = a.read(users)
	}
	return users, err
}

// begin begins a session of a user, as the record of the login has it.
func (s *Server) begin(ctx context.Context, a aggregate, u *flowv1.User, book string) (string, store.Session, error) {
	return s.beginSession(ctx, book, a.id, u.GetId(), time.UnixMicro(a.updatedUS).UTC(), user.SessionsFrom(u))
}

// beginSession begins a session at a record's moment, or at that of the record that ended
// the others; owner is the company of a user, "" of an executor.
func (s *Server) beginSession(ctx context.Context, book, owner, member string, begun, from time.Time) (string, store.Session, error) {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("api: no randomness: " + err.Error())
	}
	token := sessionPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	hash := sha256.Sum256([]byte(token))
	now := s.cfg.Now()
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
	row.Note, err = s.cfg.Vault.SealNote(ctx, book, member, row.ID, &privatev1.SessionNote{
		Address: c.address, UserAgent: strings.ToValidUTF8(c.program[:min(len(c.program), maxUserAgent)], "?"),
	})
	if err != nil {
		return "", row, err
	}
	if err := s.cfg.DB.PutSession(ctx, row); err != nil {
		return "", row, err
	}
	if err := s.cfg.DB.SweepSessions(ctx, now, sweepAtOnce); err != nil {
		s.cfg.Logger.WarnContext(ctx, "sessions that are over cannot be deleted", "error", err)
	}
	return token, row, nil
}

// end deletes the sessions of a user that his aggregate has ended, and forgets what is
// believed of him. That they are over does not hang on it.
func (s *Server) end(ctx context.Context, book string, u *flowv1.User) {
	s.sessions.drop(u.GetId(), "")
	if err := s.cfg.DB.EndSessions(ctx, book, u.GetId(), user.SessionsFrom(u)); err != nil {
		s.cfg.Logger.WarnContext(ctx, "sessions that were ended cannot be deleted", "user", u.GetId(), "error", err)
	}
}

// sessionMessages are sessions of one user, as the user sees them.
func (s *Server) sessionMessages(ctx context.Context, current string, rows ...store.Session) ([]*userv1.Session, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	notes := map[string][]byte{}
	for _, row := range rows {
		notes[row.ID] = row.Note
	}
	opened, err := s.cfg.Vault.OpenNotes(ctx, rows[0].Book, rows[0].Member, notes)
	if err != nil {
		return nil, err
	}
	var out []*userv1.Session
	for _, row := range rows {
		out = append(out, &userv1.Session{
			Id: row.ID, BegunAt: timestamppb.New(row.Begun), UsedAt: timestamppb.New(row.Used), IdleAt: timestamppb.New(row.Ends),
			ExpiresAt: timestamppb.New(row.Until), Current: row.ID == current,
			Address: opened[row.ID].GetAddress(), UserAgent: opened[row.ID].GetUserAgent(),
		})
	}
	return out, nil
}

// sessionCache believes a session for a short time without asking the database.
type sessionCache struct {
	mu   sync.Mutex
	rows map[[sha256.Size]byte]cachedSession
}

type cachedSession struct {
	who   principal
	until time.Time
}

// maxCachedSessions bounds the cache; there are only sessions in it that somebody has.
const maxCachedSessions = 10_000

func (c *sessionCache) get(hash [sha256.Size]byte, now time.Time) (principal, bool) {
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
