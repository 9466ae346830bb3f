package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Delivery is what became of one try to send a postback.
type Delivery struct {
	Book, Owner, Subscription string
	At                        time.Time
	Seq                       uint64 // of the record that it tells of
	Shard                     int
	Event                     string
	Attempt                   int // of this event, from 1
	Status                    int // of HTTP; 0 = there was no answer
	Latency                   time.Duration
	Error                     string    // "" = delivered
	Next                      time.Time // of the next try; zero = none
}

// KeptDeliveries is how many of a subscription's deliveries are kept at least.
const KeptDeliveries = 1000

// PutDeliveries writes deliveries, and forgets what is older than the last of each of their
// subscriptions.
func (db *DB) PutDeliveries(ctx context.Context, list []Delivery, prune bool) error {
	n := len(list)
	if n == 0 {
		return nil
	}
	books, owners, ids, events, errs := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	ats, nexts := make([]time.Time, n), make([]*time.Time, n)
	seqs, latencies := make([]int64, n), make([]int64, n)
	shards, attempts, statuses := make([]int16, n), make([]int32, n), make([]int32, n)
	of := map[[3]string]bool{}
	for i, d := range list {
		books[i], owners[i], ids[i], events[i], errs[i] = d.Book, d.Owner, d.Subscription, d.Event, d.Error
		ats[i], seqs[i], latencies[i] = d.At, int64(d.Seq), d.Latency.Microseconds()
		shards[i], attempts[i], statuses[i] = int16(d.Shard), int32(d.Attempt), int32(d.Status)
		if !d.Next.IsZero() {
			nexts[i] = &d.Next
		}
		of[[3]string{d.Book, d.Owner, d.Subscription}] = true
	}
	err := db.Write(ctx, func(tx pgx.Tx) error {
		return pipeline(ctx, tx, func(b *pgx.Batch) {
			b.Queue(sqlDeliveryInsert, books, owners, ids, ats, seqs, shards, events, attempts, statuses, latencies, errs, nexts)
			for s := range of {
				if prune {
					b.Queue(sqlDeliveryPrune, s[0], s[1], s[2], KeptDeliveries)
				}
			}
		})
	})
	if err != nil {
		return fmt.Errorf("write the log of deliveries: %w", err)
	}
	return nil
}

// Deliveries reads a page of a subscription's deliveries behind one, the last first; a zero
// one is the beginning.
func (db *DB) Deliveries(ctx context.Context, s Subscription, before Delivery, limit int) ([]Delivery, error) {
	if before.At.IsZero() {
		before.At = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return collect(ctx, db, "deliveries", func(rows pgx.Rows) (Delivery, error) {
		d := Delivery{Book: s.Book, Owner: s.Owner, Subscription: s.ID}
		var seq, latency int64
		var next *time.Time
		err := rows.Scan(&d.At, &seq, &d.Shard, &d.Event, &d.Attempt, &d.Status, &latency, &d.Error, &next)
		d.Seq, d.Latency = uint64(seq), time.Duration(latency)*time.Microsecond
		if next != nil {
			d.Next = *next
		}
		return d, err
	}, sqlDeliveryPage, s.Book, s.Owner, s.ID, before.At, int64(before.Seq), limit)
}
