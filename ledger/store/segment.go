package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/journal"
)

// RecordID names a record.
type RecordID struct {
	Shard int
	Seq   uint64
}

// Segments reads the shard's segments from the one that contains fromSeq, in order.
func (db *DB) Segments(ctx context.Context, shard int, fromSeq uint64, limit int) ([]journal.Segment, error) {
	return collect(ctx, db, "segments", func(rows pgx.Rows) (journal.Segment, error) {
		return scanSegment(rows)
	}, sqlSegmentFrom, shard, int64(fromSeq), limit)
}

// Record reads the canonical bytes of one record.
func (db *DB) Record(ctx context.Context, shard int, seq uint64) (raw []byte, ok bool, err error) {
	id := RecordID{shard, seq}
	found, err := db.Records(ctx, []RecordID{id})
	raw, ok = found[id]
	return raw, ok, err
}

// Records reads the canonical bytes of those records that exist.
func (db *DB) Records(ctx context.Context, ids []RecordID) (map[RecordID][]byte, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	shards, seqs := make([]int16, len(ids)), make([]int64, len(ids))
	wanted := make(map[RecordID]bool, len(ids))
	for i, id := range ids {
		if err := checkShard(id.Shard); err != nil {
			return nil, err
		}
		shards[i], seqs[i] = int16(id.Shard), int64(id.Seq)
		wanted[id] = true
	}
	type placed struct {
		shard int
		journal.Segment
	}
	segments, err := collect(ctx, db, "records", func(rows pgx.Rows) (p placed, err error) {
		p.Segment, err = scanSegment(rows, &p.shard)
		return p, err
	}, sqlSegmentOf, shards, seqs)
	if err != nil {
		return nil, err
	}
	found := make(map[RecordID][]byte, len(wanted))
	for _, s := range segments {
		raws, err := s.Split()
		if err != nil {
			return nil, fmt.Errorf("shard %d: %w", s.shard, err)
		}
		for i, raw := range raws {
			if id := (RecordID{s.shard, s.FirstSeq + uint64(i)}); wanted[id] {
				found[id] = raw
			}
		}
	}
	return found, nil
}

func scanSegment(rows pgx.Rows, before ...any) (s journal.Segment, err error) {
	var head []byte
	if err = rows.Scan(append(before, &s.FirstSeq, &s.Count, &s.ClockUS, &head, &s.Data)...); err != nil {
		return s, err
	}
	s.Head, err = journal.ParseHash(head)
	return s, err
}
