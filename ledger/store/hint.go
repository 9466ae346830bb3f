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

// PutHints notes hints about attempts of a shard, each about another one, to be looked at at
// once.
func (db *DB) PutHints(ctx context.Context, shard int, hints []Hint) error {
	attempts, heard := hintKeys(hints)
	says, answers := make([]string, len(hints)), make([]int64, len(hints))
	for i, h := range hints {
		says[i], answers[i] = h.Says, int64(h.Answers)
	}
	if err := db.writeOne(ctx, sqlHintPut, shard, attempts, says, answers, heard); err != nil {
		return fmt.Errorf("note hints: %w", err)
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

// LaterHints looks at hints again, each at a moment of its own.
func (db *DB) LaterHints(ctx context.Context, shard int, hints []Hint, dueUS []int64) error {
	attempts, heard := hintKeys(hints)
	if err := db.writeOne(ctx, sqlHintLater, shard, attempts, heard, dueUS); err != nil {
		return fmt.Errorf("put hints off: %w", err)
	}
	return nil
}

// DropHints forgets hints that were asked about.
func (db *DB) DropHints(ctx context.Context, shard int, hints []Hint) error {
	attempts, heard := hintKeys(hints)
	if err := db.writeOne(ctx, sqlHintDelete, shard, attempts, heard); err != nil {
		return fmt.Errorf("forget hints: %w", err)
	}
	return nil
}

// hintKeys are what the rows of hints are found by: one that was heard since is another.
func hintKeys(hints []Hint) (attempts []string, heardUS []int64) {
	for _, h := range hints {
		attempts, heardUS = append(attempts, h.Attempt), append(heardUS, h.HeardUS)
	}
	return attempts, heardUS
}
