package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNameTaken says that another program lives under the process's name.
var ErrNameTaken = errors.New("another program lives under this process's name")

// Announce says that the process is alive for ttl more and tells how many processes
// that own shards are, itself among them when owns. instance tells one start of a
// program from another: ErrNameTaken when the name is another's that lives.
func (db *DB) Announce(ctx context.Context, process, instance string, owns bool, ttl time.Duration) (owners int, err error) {
	var beat int64
	err = db.Write(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, sqlProcessAnnounce, process, owns, ttl.Microseconds(), instance).Scan(&beat)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNameTaken
		}
		return err
	})
	switch {
	case errors.Is(err, ErrNameTaken):
		err = errors.Join(err, db.writeOne(ctx, sqlProcessTwin, process))
	case err == nil && beat == 1:
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

// Process is a process that lives.
type Process struct {
	ID     string
	Owns   bool      // whether it owns shards
	TwinAt time.Time // when another program under its name was last turned away; zero when none was
}

// Processes lists the processes that live.
func (db *DB) Processes(ctx context.Context) ([]Process, error) {
	return collect(ctx, db, "processes", func(rows pgx.Rows) (p Process, err error) {
		var twin *time.Time
		if err = rows.Scan(&p.ID, &p.Owns, &twin); twin != nil {
			p.TwinAt = *twin
		}
		return p, err
	}, sqlProcessList)
}

// Leave takes the process off the list at a graceful stop.
func (db *DB) Leave(ctx context.Context, process, instance string) error {
	if err := db.writeOne(ctx, sqlProcessLeave, process, instance); err != nil {
		return fmt.Errorf("process %s leaves: %w", process, err)
	}
	return nil
}
