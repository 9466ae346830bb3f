package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Hint is what a provider's callback made us look at.
type Hint struct {
	Attempt string
	Says    string // the result that the callback spoke of, "" when it is not clear
	Answers uint32 // that the attempt had when it was heard
	Tries   int    // how often it was looked at
	HeardUS int64
}

// PutHint notes a hint about an attempt of a shard, to be looked at at once.
func (db *DB) PutHint(ctx context.Context, shard int, h Hint) error {
	if err := db.writeOne(ctx, sqlHintPut, shard, h.Attempt, h.Says, int64(h.Answers), h.HeardUS); err != nil {
		return fmt.Errorf("note a hint: %w", err)
	}
	return nil
}

// DueHints reads the hints of a shard that are to be looked at at a moment.
func (db *DB) DueHints(ctx context.Context, shard int, nowUS int64, limit int) ([]Hint, error) {
	return collect(ctx, db, "hints", func(rows pgx.Rows) (h Hint, err error) {
		var answers, tries int64
		err = rows.Scan(&h.Attempt, &h.Says, &answers, &tries, &h.HeardUS)
		h.Answers, h.Tries = uint32(answers), int(tries)
		return h, err
	}, sqlHintDue, shard, nowUS, limit)
}

// LaterHint looks at a hint again at a moment.
func (db *DB) LaterHint(ctx context.Context, shard int, h Hint, dueUS int64) error {
	return db.writeOne(ctx, sqlHintLater, shard, h.Attempt, h.HeardUS, dueUS)
}

// DropHint forgets a hint that was asked about.
func (db *DB) DropHint(ctx context.Context, shard int, h Hint) error {
	return db.writeOne(ctx, sqlHintDone, shard, h.Attempt, h.HeardUS)
}
