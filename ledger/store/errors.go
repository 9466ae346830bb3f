package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// What a statement can end with, besides the database's own errors.
var (
	// ErrFenced says that the shard has another owner or another state than the
	// writer believes: its memory is worth nothing any more.
	ErrFenced = errors.New("the shard's epoch, offset or number is not the writer's")
	// ErrKeyTaken says that a key of the batch is already in the database, or twice
	// in the batch: read the keys back (LookupKeys) and decide again.
	ErrKeyTaken = errors.New("an idempotency key is taken")
	// ErrAggregateTaken says that another shard has an aggregate of this flow and id.
	ErrAggregateTaken = errors.New("another owner has an aggregate of this id")
	// ErrAmbiguous says that nobody knows whether the transaction was committed.
	// Of a shard: take over and look. Of other writes: look before writing again.
	ErrAmbiguous = errors.New("it is not known whether the transaction was committed")
	// ErrVersionTaken says that private data of this id and version exists with other content.
	ErrVersionTaken = errors.New("this version of the private data exists with other content")
	// ErrKeyChanged says that a key of private data is another than the one that was used.
	ErrKeyChanged = errors.New("the key of the private data was changed meanwhile")
)

// Class is the class of the SQLSTATE that err carries ("40", "23"; "22" for a record
// that makes no rows), "08" for a connection that failed, and "" when err says nothing
// of the kind.
func Class(err error) string {
	var recordErr *RecordError
	if errors.As(err, &recordErr) {
		return "22"
	}
	if state := sqlState(err); state != "" {
		return state[:2]
	}
	var netErr net.Error
	var connectErr *pgconn.ConnectError
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ""
	case errors.As(err, &connectErr), errors.As(err, &netErr), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, ErrAmbiguous):
		return "08"
	}
	return ""
}

func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && len(pgErr.Code) == 5 {
		return pgErr.Code
	}
	return ""
}

// The words by which our guards raise; a failed cast repeats them in its message.
const (
	guardFenced = "provodka-fenced"
	guardKeys   = "provodka-keys-taken"
)

// guard turns an error that one of our guards raised, or a key that is taken, into its name.
func guard(err error) error {
	var pgErr *pgconn.PgError
	switch {
	case !errors.As(err, &pgErr):
		return err
	case pgErr.Code == "23505" && pgErr.TableName == "idempotency": // of a COPY, which has no guard
		return ErrKeyTaken
	case pgErr.Code == "23505" && pgErr.ConstraintName == "aggregate_once":
		return fmt.Errorf("%w: %w", ErrAggregateTaken, err)
	case pgErr.Code != "22P02":
		return err
	}
	switch {
	case strings.Contains(pgErr.Message, guardFenced):
		return ErrFenced
	case strings.Contains(pgErr.Message, guardKeys):
		return ErrKeyTaken
	}
	return err
}

// retryable says whether the same statements may succeed in a fresh transaction.
func retryable(err error) bool {
	state := sqlState(err)
	return state == "40001" || state == "40P01"
}
