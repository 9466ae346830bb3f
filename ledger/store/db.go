package store

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

var errUnwritten = errors.New("not written yet")

// Options say how to use a database.
type Options struct {
	Name     string         // application_name of the sessions; "provodka" when empty
	MaxConns int32          // of the pool; 16 when 0
	Logger   *slog.Logger   // slog.Default() when nil
	Zone     *time.Location // where the books' days begin; Europe/Moscow when nil
	Observe  func(Attempt)  // told of every transaction attempt; nil when nobody asks
}

// Attempt is one try of a transaction, for metrics.
type Attempt struct {
	Name  string // "read", "write", "commit" or the statement
	Try   int    // from 1
	Took  time.Duration
	Class string // class of the error; "" when there was none
}

// DB is a database with its pool of sessions.
type DB struct{}

// Open connects, finds out which database it is, and refuses one that cannot hold the
// books: PostgreSQL older than 15, or text that is not ordered by its bytes.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) { return nil, errUnwritten }

// Close ends the sessions of the pool.
func (db *DB) Close() {}

// Zone is where the books' days begin.
func (db *DB) Zone() *time.Location { return nil }

// Clock is the database's clock.
func (db *DB) Clock(ctx context.Context) (time.Time, error) { return time.Time{}, errUnwritten }

// Read runs f in a read-only transaction that sees one snapshot. f may run several
// times and must not keep state from one run to the next.
func (db *DB) Read(ctx context.Context, f func(pgx.Tx) error) error { return errUnwritten }

// Write runs f in a serializable transaction and commits it. f may run several times
// and must not keep state from one run to the next.
func (db *DB) Write(ctx context.Context, f func(pgx.Tx) error) error { return errUnwritten }

// Migrate brings the database behind dsn to the newest schema.
func Migrate(ctx context.Context, dsn string) error { return errUnwritten }

// Migrate brings the schema up and names the migrations that it applied.
func (db *DB) Migrate(ctx context.Context) ([]string, error) { return nil, errUnwritten }

// MigrationStatus is the schema's version and the newest one that this program knows.
func (db *DB) MigrationStatus(ctx context.Context) (current, latest int64, err error) {
	return 0, 0, errUnwritten
}
