package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The statements of the single form: with BEGIN and COMMIT seven round trips.
var singleStatements = map[string]string{
	"lock":     "SELECT account, amount FROM balance WHERE account IN ($1, $2) ORDER BY account FOR UPDATE",
	"transfer": "INSERT INTO transfer (id, debit, credit, amount) VALUES ($1, $2, $3, $4)",
	"entries":  "INSERT INTO entry (id, transfer, account, amount) VALUES ($1, $3, $4, $6), ($2, $3, $5, $7)",
	"balance":  "UPDATE balance SET amount = amount + $2, version = version + 1 WHERE account = $1",
}

// singles posts one transaction per transfer through many sessions, with retries.
func (f *floor) singles(ctx context.Context, connections int, d time.Duration) (total loadResult, err error) {
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		id   atomic.Int64
	)
	id.Store(f.next)
	began := time.Now()
	for range connections {
		wait.Go(func() {
			r, e := f.singleSession(ctx, &id, began, d)
			mu.Lock()
			total.acknowledged += r.acknowledged
			total.waits = append(total.waits, r.waits...)
			err = errors.Join(err, e)
			mu.Unlock()
		})
	}
	wait.Wait()
	total.took = time.Since(began)
	f.next = id.Load()
	return total, err
}

func (f *floor) singleSession(ctx context.Context, id *atomic.Int64, began time.Time, d time.Duration) (r loadResult, err error) {
	conn, err := pgx.Connect(ctx, f.dsn)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	for name, sql := range singleStatements {
		if _, err := conn.Prepare(ctx, name, sql); err != nil {
			return r, err
		}
	}
	from := newSource(f.lab.accounts, false, rand.Uint64())
	for time.Since(began) < d {
		sent := time.Now()
		t, n := from.next(), id.Add(1)-1
		for {
			err := single(ctx, conn, n, t)
			if err == nil {
				break
			}
			if !conflict(err) {
				return r, err
			}
			time.Sleep(rand.N(2 * time.Millisecond)) // sleep: the pause of a retry
		}
		f.done.add([]transfer{t})
		r.acknowledged++
		r.waits = append(r.waits, time.Since(sent))
	}
	return r, nil
}

func conflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// single is one transfer in seven round trips.
func single(ctx context.Context, conn *pgx.Conn, id int64, t transfer) (err error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback(ctx) // the first error counts
		}
	}()
	rows, err := tx.Query(ctx, "lock", t.from, t.to)
	if err != nil {
		return err
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return err
	}
	for _, s := range []struct {
		name string
		args []any
	}{
		{"transfer", []any{id, t.from, t.to, t.minor}},
		{"entries", []any{2 * id, 2*id + 1, id, t.from, t.to, -t.minor, t.minor}},
		{"balance", []any{t.from, -t.minor}},
		{"balance", []any{t.to, t.minor}},
	} {
		if _, err := tx.Exec(ctx, s.name, s.args...); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

// paced is a durable transaction of two rows in one round trip, at a fixed pace.
func (f *floor) paced(ctx context.Context, every, d time.Duration) (r loadResult, err error) {
	conn, err := pgx.Connect(ctx, f.dsn)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS pair (id INT8 PRIMARY KEY, amount INT8 NOT NULL)"); err != nil {
		return r, err
	}
	if _, err := conn.Exec(ctx, "TRUNCATE pair"); err != nil {
		return r, err
	}
	const insert = "INSERT INTO pair (id, amount) VALUES ($1, $3), ($2, $4)"
	if _, err := conn.Prepare(ctx, "pair", insert); err != nil {
		return r, err
	}
	began := time.Now()
	for n := 0; time.Since(began) < d; n++ {
		due := began.Add(time.Duration(n) * every)
		time.Sleep(time.Until(due)) // sleep: the pace that is measured
		if _, err := conn.Exec(ctx, "pair", int64(2*n), int64(2*n+1), int64(-1), int64(1)); err != nil {
			return r, err
		}
		r.acknowledged++
		r.waits = append(r.waits, time.Since(due))
	}
	r.took = time.Since(began)
	return r, nil
}
