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
	var beat int64
	err = db.Write(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, sqlProcessAnnounce, process, owns, ttl.Microseconds()).Scan(&beat)
	})
	if err == nil && beat == 1 {
		err = db.writeOne(ctx, sqlProcessPrune)
	}
	if err != nil {
		return 0, fmt.Errorf("announce process %s: %w", process, err)
	}
	// Counted apart: at SERIALIZABLE the processes' announcements would repeat each other.
	err = db.snapshot(ctx, "processes", func(b *pgx.Batch) {
		b.Queue(sqlProcessCount).QueryRow(func(row pgx.Row) error { return row.Scan(&owners) })
	})
	return owners, err
}

// Leave takes the process off the list at a graceful stop.
func (db *DB) Leave(ctx context.Context, process string) error {
	if err := db.writeOne(ctx, sqlProcessLeave, process); err != nil {
		return fmt.Errorf("process %s leaves: %w", process, err)
	}
	return nil
}
