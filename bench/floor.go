package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// The floor's own tables: the least that keeps balances. Keys and amounts are BIGINT and
// nothing has a second index.
var floorSchema = []string{
	`CREATE TABLE transfer (id INT8 PRIMARY KEY, debit INT8 NOT NULL, credit INT8 NOT NULL, amount INT8 NOT NULL,
		created TIMESTAMPTZ NOT NULL DEFAULT now())`,
	`CREATE TABLE entry (id INT8 PRIMARY KEY, transfer INT8 NOT NULL, account INT8 NOT NULL, amount INT8 NOT NULL)`,
	`CREATE TABLE balance (account INT8 PRIMARY KEY, amount INT8 NOT NULL, version INT8 NOT NULL)`,
	`CREATE TABLE shard (id INT8 PRIMARY KEY, seq INT8 NOT NULL)`,
	`INSERT INTO shard VALUES (0, 0)`,
}

const (
	floorTransfers = `INSERT INTO transfer (id, debit, credit, amount)
		SELECT * FROM unnest($1::INT8[], $2::INT8[], $3::INT8[], $4::INT8[])`
	floorEntries = `INSERT INTO entry (id, transfer, account, amount)
		SELECT * FROM unnest($1::INT8[], $2::INT8[], $3::INT8[], $4::INT8[])`
	floorBalances = `UPDATE balance SET amount = balance.amount + x.amount, version = balance.version + 1
		FROM unnest($1::INT8[], $2::INT8[]) AS x (account, amount) WHERE balance.account = x.account`
	floorShard = `UPDATE shard SET seq = $2 WHERE id = 0 AND seq = $1`
)

// floorForm is what the two forms of the floor do not share.
type floorForm struct {
	name  string
	table string // settings of the table of balances
	dsn   string // settings of the session
	shard bool   // every transaction moves one shard row by compare-and-set
}

// plainFloor is F0, defined before the ledger was written and never tuned to it (README,
// "What F0 is", quotes the definition line by line). Where the definition leaves a choice
// the faster one is taken: the client sums the balances and sends them in order.
var plainFloor = floorForm{name: "F0", shard: true}

// tunedFloor is the fastest that we could make of it: room in the pages of balances, no
// compiling of plans, and no shard row, so nothing that says who may write.
var tunedFloor = floorForm{name: "F0 tuned", table: `ALTER TABLE balance SET (fillfactor = 50)`, dsn: "&jit=off"}

func (form floorForm) caseName(size int, hot bool) string {
	return fmt.Sprintf("%s %d %s", form.name, size, spread(hot))
}

// floor is the bare form on its own database.
type floor struct {
	form floorForm
	lab  *lab
	name string
	dsn  string
	sql  *pgx.Conn // for looking, not for writing
	next int64     // number of the next transfer
	done *tally    // what was committed
}

func (l *lab) newFloor(ctx context.Context, form floorForm) (f *floor, err error) {
	f = &floor{form: form, lab: l, next: 1, done: newTally(l.accounts)}
	if f.name, err = l.database(ctx, false); err != nil {
		return nil, err
	}
	f.dsn = l.dsn(f.name) + form.dsn
	if f.sql, err = pgx.Connect(ctx, f.dsn); err != nil {
		return nil, err
	}
	for _, s := range append(slices.Clone(floorSchema), form.table,
		fmt.Sprintf("INSERT INTO balance SELECT x, 0, 0 FROM generate_series(0, %d) AS x", l.accounts-1), "VACUUM ANALYZE") {
		if _, err := f.sql.Exec(ctx, s); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", s, err), f.close())
		}
	}
	return f, nil
}

func (f *floor) close() error {
	return errors.Join(f.sql.Close(context.Background()), f.lab.drop(context.Background(), f.name))
}

// floorBatch writes batches of one size through one session.
type floorBatch struct {
	conn    *pgx.Conn
	shard   bool
	seq     int64 // of the shard row
	list    []transfer
	deltas  []int64 // per account
	touched []int
	arrays  [10][]byte
}

func (f *floor) openBatch(ctx context.Context, size int) (*floorBatch, error) {
	conn, err := pgx.Connect(ctx, f.dsn)
	if err != nil {
		return nil, err
	}
	b := &floorBatch{conn: conn, shard: f.form.shard, list: make([]transfer, size), deltas: make([]int64, f.lab.accounts)}
	for name, sql := range map[string]string{"t": floorTransfers, "e": floorEntries, "b": floorBalances, "s": floorShard} {
		if _, err := conn.Prepare(ctx, name, sql); err != nil {
			return nil, errors.Join(err, conn.Close(ctx))
		}
	}
	if err := conn.QueryRow(ctx, "SELECT seq FROM shard").Scan(&b.seq); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return b, nil
}

// array begins a binary INT8 array of n elements.
func (b *floorBatch) array(i, n int) {
	buf := b.arrays[i][:0]
	for _, head := range [5]uint32{1, 0, pgtype.Int8OID, uint32(n), 1} {
		buf = binary.BigEndian.AppendUint32(buf, head)
	}
	b.arrays[i] = buf
}

func (b *floorBatch) put(i int, v int64) {
	b.arrays[i] = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b.arrays[i], 8), uint64(v))
}

// encode writes the arrays of the statements: transfers, entries, balances.
func (b *floorBatch) encode(first int64) {
	n := len(b.list)
	for i := range 4 {
		b.array(i, n)
		b.array(4+i, 2*n)
	}
	clear(b.deltas)
	b.touched = b.touched[:0]
	for i, t := range b.list {
		id := first + int64(i)
		b.put(0, id)
		b.put(1, int64(t.from))
		b.put(2, int64(t.to))
		b.put(3, t.minor)
		for side, x := range [2]struct {
			account int
			amount  int64
		}{{t.from, -t.minor}, {t.to, t.minor}} {
			b.put(4, 2*id+int64(side))
			b.put(5, id)
			b.put(6, int64(x.account))
			b.put(7, x.amount)
			b.touched = append(b.touched, x.account)
			b.deltas[x.account] += x.amount
		}
	}
	slices.Sort(b.touched)
	b.touched = slices.Compact(b.touched)
	b.array(8, len(b.touched))
	b.array(9, len(b.touched))
	for _, account := range b.touched {
		b.put(8, int64(account))
		b.put(9, b.deltas[account])
	}
}

// commit writes the batch in one round trip and one transaction.
func (b *floorBatch) commit(ctx context.Context) error {
	next := b.seq + int64(len(b.list))
	formats := []int16{pgtype.BinaryFormatCode}
	batch := &pgconn.Batch{}
	batch.ExecParams("BEGIN ISOLATION LEVEL SERIALIZABLE", nil, nil, nil, nil)
	batch.ExecPrepared("t", b.arrays[0:4], formats, nil)
	batch.ExecPrepared("e", b.arrays[4:8], formats, nil)
	batch.ExecPrepared("b", b.arrays[8:10], formats, nil)
	if b.shard {
		move := [][]byte{binary.BigEndian.AppendUint64(nil, uint64(b.seq)), binary.BigEndian.AppendUint64(nil, uint64(next))}
		batch.ExecPrepared("s", move, formats, nil)
	}
	batch.ExecParams("COMMIT", nil, nil, nil, nil)
	results, err := b.conn.PgConn().ExecBatch(ctx, batch).ReadAll()
	if err == nil && b.shard && results[len(results)-2].CommandTag.RowsAffected() != 1 {
		err = fmt.Errorf("the floor's shard row is not at %d", b.seq)
	}
	b.seq = next
	return err
}

// run writes batches for the duration, one after another: more writers at once over the
// same balances wait for each other and are no faster.
func (f *floor) run(ctx context.Context, size int, hot bool, d time.Duration) (r loadResult, err error) {
	b, err := f.openBatch(ctx, size)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, b.conn.Close(ctx)) }()
	from := newSource(f.lab.accounts, hot, rand.Uint64())
	began := time.Now()
	for time.Since(began) < d {
		sent := time.Now()
		for i := range b.list {
			b.list[i] = from.next()
		}
		b.encode(f.next)
		if err := b.commit(ctx); err != nil {
			return r, err
		}
		f.next += int64(size)
		f.done.add(b.list)
		r.acknowledged += size
		r.waits = append(r.waits, time.Since(sent))
	}
	r.took = time.Since(began)
	return r, nil
}

// check recomputes what the floor should hold.
func (f *floor) check(ctx context.Context) error {
	var transfers, entries, sum, apart int64
	err := f.sql.QueryRow(ctx, `SELECT (SELECT count(*) FROM transfer), (SELECT count(*) FROM entry),
		(SELECT sum(amount)::INT8 FROM balance), (SELECT count(*) FROM balance LEFT JOIN
		(SELECT account, sum(amount) AS amount FROM entry GROUP BY account) AS e USING (account)
		WHERE balance.amount <> coalesce(e.amount, 0))`).Scan(&transfers, &entries, &sum, &apart)
	if err != nil {
		return err
	}
	if transfers != int64(f.done.entries) || entries != 2*transfers || sum != 0 || apart != 0 {
		return fmt.Errorf("the floor is wrong: %d transfers of %d, %d entries, balances add up to %d, %d differ from their entries",
			transfers, f.done.entries, entries, sum, apart)
	}
	rows, err := f.sql.Query(ctx, "SELECT account, amount FROM balance")
	if err != nil {
		return err
	}
	var account, amount int64
	_, err = pgx.ForEachRow(rows, []any{&account, &amount}, func() error {
		if want := f.done.credit[account] - f.done.debit[account]; want != amount {
			return fmt.Errorf("the floor is wrong: account %d holds %d, should hold %d", account, amount, want)
		}
		return nil
	})
	return err
}
