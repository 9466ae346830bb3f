package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// AuditRow is one row of a snapshot; exactly one field is set.
type AuditRow struct {
	Shard *ShardState
	Leg   *LegRow
	Hold  *AuditHold
}

// AuditHold is a hold together with its shard.
type AuditHold struct {
	Shard int
	HoldRow
}

// SnapshotLegs streams one consistent snapshot: every shard with its head, then every
// leg in the order of its key, then every hold. It is not retried once a row was handed out.
func (db *DB) SnapshotLegs(ctx context.Context, each func(AuditRow) error) error {
	handed := false
	hand := func(row AuditRow) error {
		handed = true
		return each(row)
	}
	return db.run(ctx, "audit", func() error {
		err := db.attempt(ctx, db.readOptions(), func(tx pgx.Tx) error { return snapshotRows(ctx, tx, hand) })
		if err != nil && handed {
			return fmt.Errorf("the snapshot broke off: %w", &finalError{err})
		}
		return err
	})
}

// finalError hides an error's SQLSTATE from the runner: rows were handed out, and to
// begin again would hand them out twice.
type finalError struct{ cause error }

// Error implements error.
func (e *finalError) Error() string { return e.cause.Error() }

// Is finds what each answered, but not the database's errors.
func (e *finalError) Is(target error) bool { return errors.Is(e.cause, target) }

func snapshotRows(ctx context.Context, tx pgx.Tx, hand func(AuditRow) error) error {
	if _, err := tx.Exec(ctx, sqlSessionNoTimeout); err != nil {
		return err
	}
	err := eachRow(ctx, tx, scanShard, func(s ShardState) error { return hand(AuditRow{Shard: &s}) }, sqlShardList)
	if err != nil {
		return err
	}
	err = eachRow(ctx, tx, scanLeg, func(l LegRow) error { return hand(AuditRow{Leg: &l}) }, sqlAuditLegs)
	if err != nil {
		return err
	}
	return eachRow(ctx, tx, func(rows pgx.Rows) (h AuditHold, err error) {
		h.HoldRow, err = scanHoldAfter(rows, &h.Shard)
		return h, err
	}, func(h AuditHold) error { return hand(AuditRow{Hold: &h}) }, sqlAuditHolds)
}

// eachRow hands over the rows of a query one by one, without keeping them.
func eachRow[T any](ctx context.Context, tx pgx.Tx, scan func(pgx.Rows) (T, error), each func(T) error, sql string) error {
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return rows.Err()
}
