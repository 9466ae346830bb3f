package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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
	segments, err := collect(ctx, db, "segments", func(rows pgx.Rows) (journal.Segment, error) {
		return scanSegment(rows)
	}, sqlSegmentFrom, shard, int64(fromSeq), limit)
	slices.SortFunc(segments, func(a, b journal.Segment) int { return cmp.Compare(a.FirstSeq, b.FirstSeq) })
	if len(segments) > 0 && segments[0].LastSeq() < fromSeq {
		segments = segments[1:] // the journal ends before it, or has a gap there
	}
	return segments[:min(len(segments), limit)], err
}

// Record reads the canonical bytes of one record.
func (db *DB) Record(ctx context.Context, shard int, seq uint64) (raw []byte, ok bool, err error) {
	segments, err := db.Segments(ctx, shard, seq, 1)
	if err != nil || len(segments) == 0 || segments[0].FirstSeq > seq {
		return nil, false, err
	}
	raws, err := segments[0].Split()
	if err != nil {
		return nil, false, fmt.Errorf("shard %d: %w", shard, err)
	}
	return raws[seq-segments[0].FirstSeq], true, nil
}

// Records reads the canonical bytes of those records that exist.
func (db *DB) Records(ctx context.Context, ids []RecordID) (map[RecordID][]byte, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var segments []placedSegment
	err := db.phases(ctx, "records", func(tx pgx.Tx) error {
		var starts []RecordID
		err := pipeline(ctx, tx, func(b *pgx.Batch) {
			for _, id := range ids {
				queueOnto(b, &starts, func(rows pgx.Rows) (r RecordID, err error) {
					err = rows.Scan(&r.Shard, &r.Seq)
					return r, err
				}, sqlSegmentAt, id.Shard, int64(id.Seq))
			}
		})
		if err != nil {
			return err
		}
		firsts := map[int][]int64{}
		for _, s := range starts {
			if !slices.Contains(firsts[s.Shard], int64(s.Seq)) {
				firsts[s.Shard] = append(firsts[s.Shard], int64(s.Seq))
			}
		}
		segments = nil
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			for shard, numbers := range firsts {
				queueOnto(b, &segments, func(rows pgx.Rows) (p placedSegment, err error) {
					p.Segment, err = scanSegment(rows, &p.shard)
					return p, err
				}, sqlSegmentGet, shard, numbers)
			}
		})
	})
	if err != nil {
		return nil, err
	}
	return pickRecords(segments, ids)
}

// placedSegment is a segment together with its shard.
type placedSegment struct {
	shard int
	journal.Segment
}

// pickRecords takes the wanted records out of segments.
func pickRecords(segments []placedSegment, ids []RecordID) (map[RecordID][]byte, error) {
	wanted := make(map[RecordID]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	found := make(map[RecordID][]byte, len(ids))
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
