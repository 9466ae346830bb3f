package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Subscription is to whom a company's postbacks go, and how far they are.
type Subscription struct {
	ID, Book, Owner string
	URI, Method     string
	Events          []string // none is all
	Shard           int
	Seq             uint64 // everything up to this record is delivered
	Paused          bool
	Failures        int       // of the next delivery, one after another
	Failing         time.Time // since when, if there are any
	Error           string    // of the last one
	Due             time.Time // not before
	Held            time.Time // somebody works on it until then
	Created         time.Time
}

// PutSubscription makes a subscription; one that is there stays as it is.
func (db *DB) PutSubscription(ctx context.Context, s Subscription) error {
	events := s.Events
	if events == nil {
		events = []string{}
	}
	err := db.writeOne(ctx, sqlSubscriptionPut, s.ID, s.Book, s.Owner, s.URI, s.Method, events, s.Shard, int64(s.Seq), s.Created)
	if err != nil {
		return fmt.Errorf("write subscription %s: %w", s.ID, err)
	}
	return nil
}

// ListSubscriptions lists a company's subscriptions by id.
func (db *DB) ListSubscriptions(ctx context.Context, book, owner string, limit int) ([]Subscription, error) {
	return collect(ctx, db, "subscriptions", scanSubscription, sqlSubscriptionList, book, owner, limit)
}

// Subscriptions reads subscriptions of everybody, behind one.
func (db *DB) Subscriptions(ctx context.Context, after Subscription, limit int) ([]Subscription, error) {
	return collect(ctx, db, "subscriptions", scanSubscription, sqlSubscriptionPage, after.Book, after.Owner, after.ID, limit)
}

func scanSubscription(rows pgx.Rows) (s Subscription, err error) {
	var seq int64
	err = rows.Scan(&s.ID, &s.Book, &s.Owner, &s.URI, &s.Method, &s.Events, &s.Shard, &seq, &s.Paused, &s.Failures,
		&s.Failing, &s.Error, &s.Due, &s.Held, &s.Created)
	s.Seq = uint64(seq)
	return s, err
}

// HoldSubscription takes a subscription for a holder, until a moment; false when
// somebody else works on it, or it has changed since it was read.
func (db *DB) HoldSubscription(ctx context.Context, s Subscription, holder string, now, until time.Time) (bool, error) {
	return db.writeThere(ctx, sqlSubscriptionHold, s.Book, s.Owner, s.ID, holder, until, now, int64(s.Seq))
}

// SaveSubscription notes how far the holder is, and until when it holds it; false when
// it is the holder's no more.
func (db *DB) SaveSubscription(ctx context.Context, s Subscription, holder string) (bool, error) {
	return db.writeThere(ctx, sqlSubscriptionSave, s.Book, s.Owner, s.ID, holder, int64(s.Seq), s.Paused, s.Failures, s.Failing,
		s.Error, s.Due, s.Held)
}

// ReplaySubscription lets a subscription go on behind a record; false when the company
// has no such subscription.
func (db *DB) ReplaySubscription(ctx context.Context, s Subscription, now time.Time) (bool, error) {
	return db.writeThere(ctx, sqlSubscriptionReplay, s.Book, s.Owner, s.ID, int64(s.Seq), now)
}

// DeleteSubscription ends a subscription and forgets its deliveries; false when the company
// has no such one.
func (db *DB) DeleteSubscription(ctx context.Context, book, owner, id string) (bool, error) {
	if err := db.writeOne(ctx, sqlDeliveryForget, book, owner, id); err != nil {
		return false, fmt.Errorf("forget the deliveries of %s: %w", id, err)
	}
	return db.writeThere(ctx, sqlSubscriptionDelete, book, owner, id)
}

// writeThere runs a statement on one row and says whether the row was there.
func (db *DB) writeThere(ctx context.Context, sql string, args ...any) (bool, error) {
	there := false
	err := db.Write(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, args...)
		there = tag.RowsAffected() > 0
		return err
	})
	return there && err == nil, err
}
