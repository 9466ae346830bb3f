package store

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"
	_ "time/tzdata" // the books' zone must not depend on the machine's files

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/provodka/provodka/migrations"
)

// Options say how to use a database.
type Options struct {
	Name     string         // application_name of the pool's sessions; "provodka" when empty
	MaxConns int32          // of the pool; 16 when 0
	Logger   *slog.Logger   // slog.Default() when nil
	Zone     *time.Location // where the books' days begin; Europe/Moscow when nil
	Observe  func(Attempt)  // told of every transaction attempt; nil when nobody asks
	Shards   int            // of the installation; 0 when not known, and then looked up where it matters
}

// DB is a database with its pool of sessions. It is safe for concurrent use.
type DB struct {
	pool    *pgxpool.Pool
	dialect string // of migrations
	lz4     bool   // the server can compress with lz4
	o       Options
}

// OneShard says that the installation is known to have a single shard: every stripe is
// there, and nothing is ever on its way between stripes.
func (db *DB) OneShard() bool { return db.o.Shards == 1 }

// bounds of what a session may wait for.
const (
	statementTimeoutMS = 30_000
	lockTimeoutMS      = 10_000
	idleInTxTimeoutMS  = 15_000
)

// Open connects, finds out which database it is, and refuses one that cannot hold the
// books: PostgreSQL older than 15, or text that is not ordered by its bytes.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("the database's address: %w", err)
	}
	db := &DB{o: o}
	if err := db.inspect(ctx, config.ConnConfig); err != nil {
		return nil, err
	}
	config.MaxConns = o.MaxConns
	config.MaxConnLifetime = 15 * time.Minute
	config.MaxConnLifetimeJitter = 90 * time.Second
	config.MaxConnIdleTime = 15 * time.Minute
	db.setParams(config.ConnConfig, o.Name)
	if db.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("open the pool: %w", err)
	}
	return db, nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Name == "" {
		o.Name = "provodka"
	}
	if ownerSession(o.Name) {
		return o, fmt.Errorf("store: Name %q is one of a shard's owner: take-overs would end these sessions", o.Name)
	}
	if o.MaxConns == 0 {
		o.MaxConns = 16
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Observe == nil {
		o.Observe = func(Attempt) {}
	}
	if o.Zone == nil {
		moscow, err := time.LoadLocation("Europe/Moscow")
		if err != nil {
			return o, err
		}
		o.Zone = moscow
	}
	return o, nil
}

// inspect asks the server what it is.
func (db *DB) inspect(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var version string
	if err := conn.QueryRow(ctx, sqlServerVersion).Scan(&version); err != nil {
		return fmt.Errorf("ask for the database's version: %w", err)
	}
	if strings.Contains(version, "CockroachDB") {
		db.dialect = migrations.CockroachDB
		return nil
	}
	db.dialect = migrations.PostgreSQL
	var number int
	var collation string
	var bytewise bool
	if err := conn.QueryRow(ctx, sqlServerPG).Scan(&number, &collation, &bytewise, &db.lz4); err != nil {
		return fmt.Errorf("ask for the server's settings: %w", err)
	}
	switch {
	case number < 15_00_00:
		return fmt.Errorf("PostgreSQL 15 or newer is needed, this is %s", version)
	case !bytewise: // pages of names and ranges of owners would be wrong
		return fmt.Errorf("the database orders text by %s, not by its bytes; make it with LC_COLLATE 'C' TEMPLATE template0", collation)
	}
	return nil
}

// setParams gives a session what every session of ours runs under.
//
// enable_seqscan: a table of four rows would be scanned, and at SERIALIZABLE locked,
// as a whole, and owners of disjoint shards would make each other repeat. jit: a plan
// that needs a scan all the same looks so dear that it would be compiled.
func (db *DB) setParams(config *pgx.ConnConfig, name string) {
	params := map[string]string{
		"application_name":                    name,
		"default_transaction_isolation":       "serializable",
		"TimeZone":                            "UTC",
		"statement_timeout":                   fmt.Sprint(statementTimeoutMS),
		"lock_timeout":                        fmt.Sprint(lockTimeoutMS),
		"idle_in_transaction_session_timeout": fmt.Sprint(idleInTxTimeoutMS),
	}
	if db.dialect == migrations.PostgreSQL {
		params["enable_seqscan"] = "off"
		params["jit"] = "off"
		if db.lz4 {
			params["default_toast_compression"] = "lz4"
		}
	}
	config.RuntimeParams = maps.Clone(config.RuntimeParams)
	maps.Copy(config.RuntimeParams, params)
}

// Close ends the sessions of the pool; writers close their own.
func (db *DB) Close() { db.pool.Close() }

// Zone is where the books' days begin.
func (db *DB) Zone() *time.Location { return db.o.Zone }

// Clock is the database's clock.
func (db *DB) Clock(ctx context.Context) (time.Time, error) {
	var clock time.Time
	err := db.snapshot(ctx, "clock", func(b *pgx.Batch) {
		b.Queue(sqlClock).QueryRow(func(row pgx.Row) error { return row.Scan(&clock) })
	})
	return clock, err
}
