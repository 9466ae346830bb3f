package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Announce says that the process is alive for ttl more and tells how many
// processes that own shards are, itself among them when owns.
func (db *DB) Announce(ctx context.Context, process string, owns bool, ttl time.Duration) (owners int, err error) {
	err = db.Write(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, sqlProcessAnnounce, process, owns, ttl.Microseconds()).Scan(&owners)
	})
	if err != nil {
		return 0, fmt.Errorf("announce process %s: %w", process, err)
	}
	return owners, nil
}

// Leave takes the process off the list at a graceful stop.
func (db *DB) Leave(ctx context.Context, process string) error {
	err := db.Write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sqlProcessLeave, process)
		return err
	})
	if err != nil {
		return fmt.Errorf("sign off process %s: %w", process, err)
	}
	return nil
}
