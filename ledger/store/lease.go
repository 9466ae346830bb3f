package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Lease says who may run a shard, until when by the database's clock.
type Lease struct {
	Shard int
	Owner string
	Beat  int64 // moves with every renewal
	Until time.Time
}

// Leases lists the leases that exist.
func (db *DB) Leases(ctx context.Context) ([]Lease, error) {
	return collect(ctx, db, "leases", func(rows pgx.Rows) (l Lease, err error) {
		err = rows.Scan(&l.Shard, &l.Owner, &l.Beat, &l.Until)
		return l, err
	}, sqlLeaseList)
}

// TakeLease takes the shard's lease when it is free: nobody ever had it, it expired by
// the database's clock, it is owner's already, or its beat still is seenBeat (when that
// is not negative: the caller watched it stand still by its own clock).
func (db *DB) TakeLease(ctx context.Context, shard int, owner string, ttl time.Duration, seenBeat int64) (Lease, bool, error) {
	if err := checkShard(shard); err != nil {
		return Lease{}, false, err
	}
	lease, taken := Lease{Shard: shard, Owner: owner}, false
	err := db.Write(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, sqlLeaseTake, shard, owner, ttl.Microseconds(), seenBeat).Scan(&lease.Beat, &lease.Until)
		if taken = err == nil; errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return Lease{}, false, fmt.Errorf("take the lease of shard %d: %w", shard, err)
	}
	return lease, taken, nil
}

// RenewLeases moves the beat of those leases that still are owner's, names them, and
// tells the database's clock.
func (db *DB) RenewLeases(ctx context.Context, owner string, shards []int, ttl time.Duration) ([]int, time.Time, error) {
	numbers := make([]int16, len(shards))
	for i, s := range shards {
		if err := checkShard(s); err != nil {
			return nil, time.Time{}, err
		}
		numbers[i] = int16(s)
	}
	var mine []int
	var clock time.Time
	err := db.Write(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, sqlLeaseRenew, owner, numbers, ttl.Microseconds()).Scan(&clock, &mine)
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("renew the leases of %s: %w", owner, err)
	}
	return mine, clock, nil
}

// ReleaseLease gives a lease back; it is free at once. Not owner's any more: nothing.
func (db *DB) ReleaseLease(ctx context.Context, shard int, owner string) error {
	if err := db.writeOne(ctx, sqlLeaseRelease, shard, owner); err != nil {
		return fmt.Errorf("release the lease of shard %d: %w", shard, err)
	}
	return nil
}

func checkShard(shard int) error {
	if shard < 0 || shard > maxShard {
		return fmt.Errorf("shard %d is not between 0 and %d", shard, maxShard)
	}
	return nil
}
