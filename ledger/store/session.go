package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Session is a person's way in after a password was right: found by the hash of a token
// that nobody keeps.
type Session struct {
	Hash   []byte
	ID     string // shown to its user
	Book   string
	Owner  string // the company
	Member string // the user
	Begun  time.Time
	Used   time.Time
	Ends   time.Time // unless it is used before
	Until  time.Time // however much it is used
	Note   []byte    // sealed: where it began
}

func scanSession(rows pgx.Rows) (s Session, err error) {
	err = rows.Scan(&s.Hash, &s.ID, &s.Book, &s.Owner, &s.Member, &s.Begun, &s.Used, &s.Ends, &s.Until, &s.Note)
	return s, err
}

// PutSession begins a session.
func (db *DB) PutSession(ctx context.Context, s Session) error {
	note := s.Note
	if note == nil {
		note = []byte{}
	}
	if err := db.writeOne(ctx, sqlSessionPut, s.Hash, s.ID, s.Book, s.Owner, s.Member, s.Begun, s.Used, s.Ends, s.Until, note); err != nil {
		return fmt.Errorf("write a session: %w", err)
	}
	return nil
}

// FindSession finds a session by the hash of its token, also one that is over.
func (db *DB) FindSession(ctx context.Context, hash []byte) (Session, bool, error) {
	found, err := collect(ctx, db, "session", scanSession, sqlSessionFind, hash)
	if err != nil || len(found) == 0 {
		return Session{}, false, err
	}
	return found[0], true, nil
}

// ListSessions lists a user's sessions that are not over at a moment, by id.
func (db *DB) ListSessions(ctx context.Context, book, member string, now time.Time, limit int) ([]Session, error) {
	return collect(ctx, db, "sessions", scanSession, sqlSessionList, book, member, now, limit)
}

// TouchSession notes that a session was used, and when it ends now; false when it has ended.
func (db *DB) TouchSession(ctx context.Context, hash []byte, used, ends time.Time) (bool, error) {
	return db.writeThere(ctx, sqlSessionTouch, hash, used, ends)
}

// EndSession ends a session of a user; false when the user has no such one.
func (db *DB) EndSession(ctx context.Context, book, member, id string) (bool, error) {
	return db.writeThere(ctx, sqlSessionEnd, book, member, id)
}

// EndSessions ends the sessions of a user that began before a moment.
func (db *DB) EndSessions(ctx context.Context, book, member string, before time.Time) error {
	return db.writeOne(ctx, sqlSessionEndAll, book, member, before)
}

// SweepSessions deletes at most limit sessions that are over.
func (db *DB) SweepSessions(ctx context.Context, now time.Time, limit int) error {
	return db.writeOne(ctx, sqlSessionSweep, now, limit)
}

// DeletePrivateBefore deletes the versions of private data that are older than one.
func (db *DB) DeletePrivateBefore(ctx context.Context, book, kind, id string, version int64) error {
	return db.writeOne(ctx, sqlPrivateDeleteBefore, book, kind, id, version)
}
