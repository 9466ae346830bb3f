package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/provodka/provodka/migrations"
)

// Migrate brings the database behind dsn to the newest schema.
func Migrate(ctx context.Context, dsn string) error {
	db, err := Open(ctx, dsn, Options{Name: "provodka-migrate", MaxConns: 1})
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Migrate(ctx)
	return err
}

// Migrate brings the schema up and names the migrations that it applied. Programs that
// start at once wait for one another.
func (db *DB) Migrate(ctx context.Context) ([]string, error) {
	var applied []string
	err := db.withGoose(ctx, func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		for _, r := range results {
			applied = append(applied, r.Source.Path)
		}
		return err
	})
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	return applied, nil
}

// MigrationStatus is the schema's version and the newest one that this program knows.
func (db *DB) MigrationStatus(ctx context.Context) (current, latest int64, err error) {
	err = db.withGoose(ctx, func(p *goose.Provider) error {
		current, latest, err = p.GetVersions(ctx)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("migration status: %w", err)
	}
	return current, latest, nil
}

// withGoose gives a provider a connection of its own kind; goose wants database/sql.
func (db *DB) withGoose(ctx context.Context, use func(*goose.Provider) error) error {
	files, err := migrations.For(db.dialect)
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLockTimeout(250*time.Millisecond, 1200), // five minutes
		lock.WithTableUnlockTimeout(250*time.Millisecond, 240),
		lock.WithTableLogger(slog.New(slog.DiscardHandler)), // waiting for one another is no news
	)
	if err != nil {
		return err
	}
	config := db.pool.Config().ConnConfig
	config.RuntimeParams["application_name"] = db.o.Name + "-migrate"
	config.RuntimeParams["statement_timeout"] = "0" // an index on a large table takes its time
	conns := stdlib.OpenDB(*config)
	defer conns.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, conns, files,
		goose.WithLocker(locker), goose.WithDisableGlobalRegistry(true), goose.WithSlog(db.o.Logger))
	if err != nil {
		return err
	}
	return use(provider)
}
