// clock: how long attempts took, and a random pause between them; no row depends on either

package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/provodka/provodka/migrations"
)

// Attempt is one try of a transaction, for metrics.
type Attempt struct {
	Name  string // "read", "write", "commit", or what was read
	Try   int    // from 1
	Took  time.Duration
	Class string // class of the error; "" when there was none
}

// maxTries bounds the tries of one transaction: with the pauses below it gives up after
// about two seconds of conflicts.
const maxTries = 20

// pause is the wait after a try that failed, with full jitter: up to 1, 2, 4 … 200 ms.
func pause(try int) time.Duration {
	longest := min(time.Millisecond<<min(try-1, 10), 200*time.Millisecond)
	return rand.N(longest + 1)
}

// run calls try until it succeeds, fails with something that a fresh transaction cannot
// mend, or has failed too often.
func (db *DB) run(ctx context.Context, name string, try func() error) error {
	for n := 1; ; n++ {
		started := time.Now()
		err := try()
		db.o.Observe(Attempt{Name: name, Try: n, Took: time.Since(started), Class: Class(err)})
		if err == nil || !retryable(err) || errors.Is(err, ErrAmbiguous) {
			return err
		}
		if n == maxTries {
			return fmt.Errorf("%s: given up after %d tries: %w", name, n, err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause(n)):
		}
	}
}

// readOptions make a transaction that sees one snapshot and takes no part in conflicts.
func (db *DB) readOptions() pgx.TxOptions {
	if db.dialect == migrations.CockroachDB {
		return pgx.TxOptions{AccessMode: pgx.ReadOnly}
	}
	return pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
}

// Read runs f in a read-only transaction that sees one snapshot. f may run several
// times and must not keep state from one run to the next.
func (db *DB) Read(ctx context.Context, f func(pgx.Tx) error) error {
	return db.run(ctx, "read", func() error { return db.attempt(ctx, db.readOptions(), f) })
}

// Write runs f in a serializable transaction and commits it. f may run several times
// and must not keep state from one run to the next. ErrAmbiguous: the commit may have
// happened.
func (db *DB) Write(ctx context.Context, f func(pgx.Tx) error) error {
	return db.run(ctx, "write", func() error {
		return db.attempt(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable}, f)
	})
}

// writeOne runs one statement that answers no rows.
func (db *DB) writeOne(ctx context.Context, sql string, args ...any) error {
	return db.Write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
}

// attempt is one fresh transaction.
func (db *DB) attempt(ctx context.Context, o pgx.TxOptions, f func(pgx.Tx) error) error {
	tx, err := db.pool.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, rollback(ctx, tx))
	}
	if err := ctx.Err(); err != nil || tx.Conn().IsClosed() {
		return errors.Join(cmp.Or(err, net.ErrClosed), rollback(ctx, tx))
	}
	err = tx.Commit(ctx)
	if err != nil && o.AccessMode != pgx.ReadOnly {
		err = commitError(err)
	}
	return err
}

// rollback ends a transaction that failed. Its own failure costs the session, which the
// pool replaces, and tells nothing about the cause.
func rollback(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) && tx.Conn() != nil && !tx.Conn().IsClosed() {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// commitError says what an error of a COMMIT that was sent means. Only an error that the
// server itself answered, and that ends the statement and not the session, proves that
// nothing was written: a session that is ended while it waits for its replica has
// already written. pgconn.SafeToRetry proves nothing: when the answer is lost, reading
// on fails with "conn closed", which it takes for a connection that never was open.
func commitError(err error) error {
	var pgErr *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrTxCommitRollback), errors.Is(err, pgx.ErrTxClosed):
		return err
	case errors.As(err, &pgErr) && pgErr.Code != "40003" && severity(pgErr) == "ERROR":
		return err
	}
	return fmt.Errorf("%w: %w", ErrAmbiguous, err)
}

// severity is the server's word, in English where the server tells it so.
func severity(err *pgconn.PgError) string {
	if err.SeverityUnlocalized != "" {
		return err.SeverityUnlocalized
	}
	return err.Severity
}

// snapshot runs the queries that fill queues, in one round trip and of one snapshot.
// fill may be called several times and starts afresh each time.
func (db *DB) snapshot(ctx context.Context, name string, fill func(*pgx.Batch)) error {
	return db.run(ctx, name, func() error {
		conn, err := db.pool.Acquire(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer conn.Release() // a session left inside a transaction is not used again
		b := &pgx.Batch{}
		b.BeginTx(db.readOptions())
		fill(b)
		b.Queue("COMMIT")
		if err := conn.SendBatch(ctx, b).Close(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

// phases runs f in one snapshot, when a later query needs what an earlier one found.
// Inside, pipeline sends many single seeks in one round trip: a set-based form of them
// would need LATERAL with LIMIT, which CockroachDB turns into a join that reads every
// row (cockroachdb/cockroach#165983).
func (db *DB) phases(ctx context.Context, name string, f func(pgx.Tx) error) error {
	err := db.run(ctx, name, func() error { return db.attempt(ctx, db.readOptions(), f) })
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// pipeline sends the queries that fill queues in one round trip.
func pipeline(ctx context.Context, tx pgx.Tx, fill func(*pgx.Batch)) error {
	b := &pgx.Batch{}
	if fill(b); b.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, b).Close()
}

// collect reads a set in a snapshot of its own.
func collect[T any](ctx context.Context, db *DB, name string, scan func(pgx.Rows) (T, error), sql string, args ...any) ([]T, error) {
	var out []T
	err := db.snapshot(ctx, name, func(b *pgx.Batch) { queueInto(b, &out, scan, sql, args...) })
	return out, err
}

// collectSeen reads a set together with the positions that its snapshot sees.
func collectSeen[T any](ctx context.Context, db *DB, name string, scan func(pgx.Rows) (T, error), sql string, args ...any) ([]T, []Seen, error) {
	var out []T
	var seen []Seen
	err := db.snapshot(ctx, name, func(b *pgx.Batch) {
		queueInto(b, &seen, scanSeen, sqlShardSeen)
		queueInto(b, &out, scan, sql, args...)
	})
	return out, seen, err
}

// queueInto queues a query that replaces *out by its rows.
func queueInto[T any](b *pgx.Batch, out *[]T, scan func(pgx.Rows) (T, error), sql string, args ...any) {
	*out = nil
	queueOnto(b, out, scan, sql, args...)
}

// queueOnto queues a query that appends its rows to *out.
func queueOnto[T any](b *pgx.Batch, out *[]T, scan func(pgx.Rows) (T, error), sql string, args ...any) {
	rowsOf(b, func(rows pgx.Rows) error {
		row, err := scan(rows)
		if err == nil {
			*out = append(*out, row)
		}
		return err
	}, sql, args...)
}

// rowsOf queues a query whose rows are read by scan, one by one.
func rowsOf(b *pgx.Batch, scan func(pgx.Rows) error, sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
