package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/journal"
)

// Audited is how far the continuous auditor has checked a shard's events.
type Audited struct {
	NextOffset    int64 // of the event log
	Head          journal.Head
	ClockUS       int64
	CommandOffset int64
	Inside        bool // the last record was not the last of its command
}

// Finding is what the continuous auditor found, with the event as evidence.
type Finding struct {
	Shard                        int
	Seq                          uint64
	Place, What, Expected, Found string
	Book                         string
	Accounts                     []string
	Event                        []byte
}

// ReadAudited reads how far a shard was audited; the zero value when never.
func (db *DB) ReadAudited(ctx context.Context, shard int) (Audited, error) {
	rows, err := collect(ctx, db, "audited", func(rows pgx.Rows) (a Audited, err error) {
		var seq int64
		var head []byte
		if err = rows.Scan(&a.NextOffset, &seq, &head, &a.ClockUS, &a.CommandOffset, &a.Inside); err == nil {
			a.Head, err = journalHead(seq, head)
		}
		return a, err
	}, sqlAuditedRead, shard)
	if err != nil || len(rows) == 0 {
		return Audited{CommandOffset: -1}, err
	}
	return rows[0], nil
}

// PutAudited notes how far a shard was audited and what was found on the way, in one
// transaction. Findings that are known stay as they are.
func (db *DB) PutAudited(ctx context.Context, shard int, a Audited, findings []Finding) error {
	err := db.Write(ctx, func(tx pgx.Tx) error {
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			for _, f := range findings {
				b.Queue(sqlFindingInsert, f.Shard, int64(f.Seq), f.Place, f.What, f.Expected, f.Found, f.Book, f.Accounts, f.Event)
			}
			b.Queue(sqlAuditedPut, shard, a.NextOffset, int64(a.Head.Seq), a.Head.Hash[:], a.ClockUS, a.CommandOffset, a.Inside)
		})
	})
	if err != nil {
		return fmt.Errorf("note how far shard %d was audited: %w", shard, err)
	}
	return nil
}

// Findings lists what was found on a shard, oldest record first.
func (db *DB) Findings(ctx context.Context, shard, limit int) ([]Finding, error) {
	return collect(ctx, db, "findings", func(rows pgx.Rows) (f Finding, err error) {
		var seq int64
		err = rows.Scan(&seq, &f.Place, &f.What, &f.Expected, &f.Found, &f.Book, &f.Accounts, &f.Event)
		f.Shard, f.Seq = shard, uint64(seq)
		return f, err
	}, sqlFindingList, shard, limit)
}

// LegsAt names the legs of one record on a stripe.
type LegsAt struct {
	Key StripeKey
	Seq uint64
}

// LegsOfRecords reads the legs of records on stripes, in the order of at.
func (db *DB) LegsOfRecords(ctx context.Context, shard int, at []LegsAt) ([][]LegRow, error) {
	out := make([][]LegRow, len(at))
	err := db.snapshot(ctx, "legs of records", func(b *pgx.Batch) {
		for i, l := range at {
			queueInto(b, &out[i], scanLeg, sqlLegOfRecord, shard, l.Key.Account, l.Key.Asset, int64(l.Seq))
		}
	})
	return out, err
}

// StripeBefore reads a stripe as it stood before a record; the zero row when it had no leg.
func (db *DB) StripeBefore(ctx context.Context, shard int, key StripeKey, seq uint64) (StripeRow, error) {
	rows, err := collect(ctx, db, "stripe before", scanStripe, sqlLegBefore, shard, key.Account, key.Asset, int64(seq))
	if err != nil || len(rows) == 0 {
		return StripeRow{Key: key}, err
	}
	return rows[0], nil
}
