package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/migrations"
)

// Commit is one batch of a shard's owner.
type Commit struct {
	Expect  Position // what the row must still say; the offset is compared
	Next    Position
	ClockUS int64 // of the last decision or tick; the row's clock never goes back
	Rows    *Rows // nil or empty when the batch left no record
}

// Writer is the session in which a shard's owner writes. It serves one commit at a time.
type Writer struct {
	db    *DB
	conn  *pgx.Conn
	shard int
	epoch int64
}

// ownerName is the name of a shard owner's session; with no epoch, how all of them begin.
func ownerName(shard int, epoch int64) string {
	if epoch == 0 {
		return fmt.Sprintf("provodka-%d-", shard)
	}
	return fmt.Sprintf("provodka-%d-%d", shard, epoch)
}

// ownerSession says whether a take-over would take the session for an owner's.
func ownerSession(name string) bool {
	rest, ours := strings.CutPrefix(name, "provodka-")
	shard, _, more := strings.Cut(rest, "-")
	_, err := strconv.Atoi(shard)
	return ours && more && err == nil
}

// writerStatements are what a commit is made of, by the names of their files.
func writerStatements() map[string]string {
	return map[string]string{
		"shard_advance":       sqlShardAdvance,
		"shard_skip":          sqlShardSkip,
		"idempotency_insert":  sqlIdempotencyInsert,
		"segment_insert":      sqlSegmentInsert,
		"stripe_insert":       sqlStripeInsert,
		"leg_insert":          sqlLegInsert,
		"late_insert":         sqlLateInsert,
		"late_sum_insert":     sqlLateSumInsert,
		"total_insert":        sqlTotalInsert,
		"account_insert":      sqlAccountInsert,
		"hold_upsert":         sqlHoldUpsert,
		"aggregate_upsert":    sqlAggregateUpsert,
		"effect_upsert":       sqlEffectUpsert,
		"timer_delete":        sqlTimerDelete,
		"timer_upsert":        sqlTimerUpsert,
		"follow_insert":       sqlFollowInsert,
		"gather_delete":       sqlGatherDelete,
		"gather_upsert":       sqlGatherUpsert,
		"scheduled_upsert":    sqlScheduledUpsert,
		"approval_upsert":     sqlApprovalUpsert,
		"rule_upsert":         sqlRuleUpsert,
		"rule_history_insert": sqlRuleHistoryInsert,
	}
}

// OpenWriter opens the session of the owner of this epoch; a later TakeOver ends it.
func (db *DB) OpenWriter(ctx context.Context, shard int, epoch int64) (*Writer, error) {
	config := db.pool.Config().ConnConfig
	db.setParams(config, ownerName(shard, epoch))
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the session of shard %d's owner: %w", shard, err)
	}
	w := &Writer{db: db, conn: conn, shard: shard, epoch: epoch}
	pipeline := conn.PgConn().StartPipeline(ctx)
	for name, sql := range writerStatements() {
		pipeline.SendPrepare(name, sql, nil)
	}
	err = pipeline.Sync()
	for err == nil {
		var result any
		if result, err = pipeline.GetResults(); result == nil {
			break
		}
	}
	if err = errors.Join(err, pipeline.Close()); err != nil {
		w.Close()
		return nil, fmt.Errorf("prepare the statements of shard %d's owner: %w", shard, err)
	}
	return w, nil
}

// Close ends the session. Closing twice does nothing.
func (w *Writer) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = w.conn.Close(ctx) // the session is over either way
}

// Alive says whether the session can still be used.
func (w *Writer) Alive() bool { return !w.conn.IsClosed() }

// Commit writes a batch in one round trip and one transaction. Serialization failures
// are retried with the same statements. ErrFenced, ErrKeyTaken and every other error
// that is not ErrAmbiguous mean that nothing was written; after ErrAmbiguous, and
// whenever Alive is false, the session is over: take over again.
func (w *Writer) Commit(ctx context.Context, c Commit) error {
	executions, err := w.executions(ctx, c)
	if err != nil {
		return fmt.Errorf("commit of shard %d in epoch %d: %w", w.shard, w.epoch, err)
	}
	err = w.db.run(ctx, "commit", func() error { return w.attempt(ctx, executions) })
	if err != nil {
		return fmt.Errorf("commit of shard %d in epoch %d: %w", w.shard, w.epoch, err)
	}
	return nil
}

// executions are the statements of a commit: the guard first.
func (w *Writer) executions(ctx context.Context, c Commit) ([]execution, error) {
	guard := [][]byte{int2Param(w.shard), int8Param(w.epoch), int8Param(c.Expect.Offset)}
	next := [][]byte{int8Param(c.Next.Offset), int4Param(c.Next.LeaderEpoch), c.Next.TopicID[:]}
	if c.Rows == nil || c.Rows.Len() == 0 {
		params := append(append(guard, next...), int8Param(c.ClockUS))
		return []execution{{statement: "shard_skip", params: params}}, nil
	}
	late, err := w.lateSums(ctx, c.Rows.lateSpans())
	if err != nil {
		return nil, err
	}
	rows, err := c.Rows.encode(w.shard, late, w.copies())
	if err != nil {
		return nil, err
	}
	first, last := c.Rows.records[0], c.Rows.records[c.Rows.Len()-1]
	params := append(guard, int8Param(int64(first.Record.GetSeq())-1))
	params = append(params, next...)
	params = append(params, int8Param(int64(last.Record.GetSeq())), last.Hash[:],
		int8Param(max(c.ClockUS, last.Record.GetClockUs())))
	return append([]execution{{statement: "shard_advance", params: params}}, rows...), nil
}

// Prepare encodes rows for the commit that they will be part of, when none is to be added:
// beside a commit of other rows, which the session is busy with. What is wrong with them
// the commit says.
func (w *Writer) Prepare(rows *Rows) { _ = rows.prepare(w.shard, w.copies()) }

// copies says whether large sets go by COPY.
func (w *Writer) copies() bool { return w.db.dialect == migrations.PostgreSQL }

// lateSums reads the running sums that late legs go on from, before the transaction:
// only this owner writes them, and the commit's first statement proves that it still is
// the owner. A batch without late legs sends no query.
func (w *Writer) lateSums(ctx context.Context, spans []lateSpan) (map[lateSpan]totalSum, error) {
	sums := make(map[lateSpan]totalSum, len(spans))
	if len(spans) == 0 {
		return sums, nil
	}
	if !w.Alive() {
		return nil, errSessionOver
	}
	err := w.db.run(ctx, "late sums", func() error {
		b := &pgx.Batch{}
		b.BeginTx(w.db.readOptions())
		for _, s := range spans {
			rowsOf(b, func(rows pgx.Rows) error {
				var sum totalSum
				err := rows.Scan(numbers(&sum.debit, &sum.credit)...)
				inAsset(s.key.Asset, &sum.debit, &sum.credit)
				sums[s] = sum
				return err
			}, sqlLateSumNewest, w.shard, s.key.Account, s.key.Asset, s.node)
		}
		b.Queue("COMMIT")
		err := w.conn.SendBatch(ctx, b).Close()
		w.undo(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("running sums of late legs: %w", err)
	}
	return sums, nil
}

// undo leaves a transaction that failed.
func (w *Writer) undo(ctx context.Context) {
	conn := w.conn.PgConn()
	if conn.IsClosed() || conn.TxStatus() == 'I' {
		return
	}
	if _, err := conn.Exec(ctx, "ROLLBACK").ReadAll(); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx)) // the server rolls back at the end of a session
	}
}

// attempt sends BEGIN, the statements and COMMIT together. The server runs COMMIT only
// if every statement before it succeeded, so what must not be committed has to raise.
// With sets that go by COPY it takes a round trip for each of them and one for COMMIT.
func (w *Writer) attempt(ctx context.Context, executions []execution) error {
	conn := w.conn.PgConn()
	if conn.IsClosed() {
		return errSessionOver
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	binary := []int16{pgtype.BinaryFormatCode}
	batch, copies := &pgconn.Batch{}, []execution(nil)
	batch.ExecParams("BEGIN ISOLATION LEVEL SERIALIZABLE", nil, nil, nil, nil)
	for _, e := range executions {
		if e.copied != nil {
			copies = append(copies, e)
			continue
		}
		batch.ExecPrepared(e.statement, e.params, binary, nil)
	}
	if copies == nil {
		batch.ExecParams("COMMIT", nil, nil, nil, nil)
	}
	_, err := conn.ExecBatch(ctx, batch).ReadAll()
	if err == nil && copies != nil {
		err = copyAndCommit(ctx, conn, copies)
	}
	if err == nil {
		return nil
	}
	err = guard(commitError(err))
	w.undo(ctx)
	return err
}

var errSessionOver = fmt.Errorf("the session of the shard's owner is over: %w", net.ErrClosed)

// journalHead is what a shard's row says of the journal.
func journalHead(seq int64, head []byte) (journal.Head, error) {
	hash, err := journal.ParseHash(head)
	return journal.Head{Seq: uint64(seq), Hash: hash}, err
}
