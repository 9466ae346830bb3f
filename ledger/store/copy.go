package store

import (
	"bytes"
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// COPY in place of idempotency_insert, segment_insert and leg_insert, for large sets on
// PostgreSQL: of arrays the server makes rows one by one and logs each, a COPY it reads and
// logs by the page. Measured for 8,000 transfers: keys 4.7 → 1.8 µs, legs 11.5 → 7.0 µs,
// 200 bytes of log less each. Segments cost the database the same either way; by COPY they
// are sent from the memory that they were encoded into. A key that is taken raises as any
// unique key does.
const (
	copyKeys     = `COPY idempotency (shard, id, request_hash, seq) FROM STDIN (FORMAT binary)`
	copySegments = `COPY segment (shard, first_seq, count, clock_us, head, data) FROM STDIN (FORMAT binary)`

	copyLegs = `COPY leg (
		shard, account, asset, seq, leg, kind, amount, version, clock_us, day,
		debit, credit, held_debit, held_credit
	) FROM STDIN (FORMAT binary)`
)

// copyRows is from how many rows on a COPY is worth its own round trip.
const copyRows = 500

// copyAndCommit ends a transaction that is open.
func copyAndCommit(ctx context.Context, conn *pgconn.PgConn, copies []execution) error {
	for _, e := range copies {
		if _, err := conn.CopyFrom(ctx, bytes.NewReader(e.copied), e.statement); err != nil {
			return err
		}
	}
	results, err := conn.Exec(ctx, "COMMIT").ReadAll()
	if err == nil && results[0].CommandTag.String() != "COMMIT" {
		err = pgx.ErrTxCommitRollback
	}
	return err
}
