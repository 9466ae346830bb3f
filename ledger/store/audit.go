package store

import "context"

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
	return errUnwritten
}
