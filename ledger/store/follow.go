package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// FollowKind says how a record goes on from an earlier one of its shard.
type FollowKind int16

// The ways to go on.
const (
	FollowHold     FollowKind = 1 // it changed, settled or gave back the hold that the other placed
	FollowReversal FollowKind = 2 // it gave the entry back that the other posted
)

type followRow struct {
	seq, next uint64
	kind      FollowKind
}

// Follows reads which records went on from those of the numbers, oldest first; numbers
// without any are not in the answer.
func (db *DB) Follows(ctx context.Context, shard int, kind FollowKind, seqs []uint64) (map[uint64][]uint64, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	rows, err := collect(ctx, db, "follows", func(rows pgx.Rows) (f followRow, err error) {
		err = rows.Scan(&f.seq, &f.next)
		return f, err
	}, sqlFollowLoad, shard, numbersOf(seqs), int16(kind))
	out := make(map[uint64][]uint64, len(rows))
	for _, f := range rows {
		out[f.seq] = append(out[f.seq], f.next)
	}
	return out, err
}

// Reversible reads, by the numbers of records that may have posted entries, the
// canonical bytes of the last record that gave the entry back, or else of the record
// itself. A number that is not in the journal is not in the answer.
func (db *DB) Reversible(ctx context.Context, shard int, seqs []uint64) (map[uint64][]byte, error) {
	follows, err := db.Follows(ctx, shard, FollowReversal, seqs)
	if err != nil || len(seqs) == 0 {
		return nil, err
	}
	ids := make([]RecordID, len(seqs))
	for i, seq := range seqs {
		ids[i] = RecordID{Shard: shard, Seq: seq}
		if next := follows[seq]; len(next) > 0 {
			ids[i].Seq = next[len(next)-1]
		}
	}
	records, err := db.Records(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[uint64][]byte, len(seqs))
	for i, seq := range seqs {
		if raw, ok := records[ids[i]]; ok {
			out[seq] = raw
		}
	}
	return out, nil
}

// numbersOf are record numbers as the database takes them.
func numbersOf(seqs []uint64) []int64 {
	numbers := make([]int64, len(seqs))
	for i, seq := range seqs {
		numbers[i] = int64(seq)
	}
	return numbers
}
