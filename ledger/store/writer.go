package store

import "context"

// Commit is one batch of a shard's owner.
type Commit struct {
	Expect  Position // what the row must still say; the offset is compared
	Next    Position
	ClockUS int64 // of the last decision or tick; the row's clock never goes back
	Rows    *Rows // nil or empty when the batch left no record
}

// Writer is the session in which a shard's owner writes. It serves one commit at a time.
type Writer struct{}

// OpenWriter opens the session of the owner of this epoch; a later TakeOver ends it.
func (db *DB) OpenWriter(ctx context.Context, shard int, epoch int64) (*Writer, error) {
	return nil, errUnwritten
}

// Close ends the session.
func (w *Writer) Close() {}

// Commit writes a batch in one round trip and one transaction. Serialization failures
// are retried with the same statements. ErrFenced, ErrKeyTaken and every error with an
// SQLSTATE (Class) mean that nothing was written; after ErrAmbiguous, and whenever
// Alive is false, the session is over: take over again.
func (w *Writer) Commit(ctx context.Context, c Commit) error { return errUnwritten }

// Alive says whether the session can still be used.
func (w *Writer) Alive() bool { return false }
