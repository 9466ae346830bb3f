package store

import (
	"context"

	"github.com/provodka/provodka/ledger/journal"
)

// RecordID names a record.
type RecordID struct {
	Shard int
	Seq   uint64
}

// Segments reads the shard's segments from the one that contains fromSeq, in order.
func (db *DB) Segments(ctx context.Context, shard int, fromSeq uint64, limit int) ([]journal.Segment, error) {
	return nil, errUnwritten
}

// Record reads the canonical bytes of one record.
func (db *DB) Record(ctx context.Context, shard int, seq uint64) (raw []byte, ok bool, err error) {
	return nil, false, errUnwritten
}

// Records reads the canonical bytes of those records that exist.
func (db *DB) Records(ctx context.Context, ids []RecordID) (map[RecordID][]byte, error) {
	return nil, errUnwritten
}
