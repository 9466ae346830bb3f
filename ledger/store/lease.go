package store

import (
	"context"
	"time"
)

// Lease says who may run a shard, until when by the database's clock.
type Lease struct {
	Shard int
	Owner string
	Beat  int64 // moves with every renewal
	Until time.Time
}

// Leases lists the leases that exist.
func (db *DB) Leases(ctx context.Context) ([]Lease, error) { return nil, errUnwritten }

// TakeLease takes the shard's lease when it is free: nobody ever had it, it expired by
// the database's clock, it is owner's already, or its beat still is seenBeat (when that
// is not negative: the caller watched it stand still by its own clock).
func (db *DB) TakeLease(ctx context.Context, shard int, owner string, ttl time.Duration, seenBeat int64) (Lease, bool, error) {
	return Lease{}, false, errUnwritten
}

// RenewLeases moves the beat of those leases that still are owner's, names them, and
// tells the database's clock.
func (db *DB) RenewLeases(ctx context.Context, owner string, shards []int, ttl time.Duration) ([]int, time.Time, error) {
	return nil, time.Time{}, errUnwritten
}

// ReleaseLease gives a lease back; it is free at once. Not owner's any more: nothing.
func (db *DB) ReleaseLease(ctx context.Context, shard int, owner string) error { return errUnwritten }
