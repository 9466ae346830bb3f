package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/migrations"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// StripeKey names the stripe of an account on the shard at hand.
type StripeKey struct {
	Account book.AccountID
	Asset   string
}

// StripeRow is a stripe after its newest leg.
type StripeRow struct {
	Key                                  StripeKey
	Version                              uint64
	Debit, Credit, HeldDebit, HeldCredit money.Amount
}

// LoadStripes reads stripes of the shard, one row a key in their order; one of version 0
// does not exist.
func (db *DB) LoadStripes(ctx context.Context, shard int, keys []StripeKey) ([]StripeRow, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	into := stripeSlots{keys: keys}
	err := db.snapshot(ctx, "stripes", func(b *pgx.Batch) {
		into.begin()
		db.queueNewest(b, &into, shard)
	})
	return into.rows, err
}

// queueNewest queues what reads the newest legs of stripes: one statement for the set;
// on CockroachDB one each.
func (db *DB) queueNewest(b *pgx.Batch, into *stripeSlots, shard int) {
	if db.dialect == migrations.PostgreSQL {
		accounts, assets := stripeColumns(into.keys)
		rowsOf(b, into.scan, sqlStripeLoadPG, shard, accounts, assets)
		return
	}
	for i, k := range into.keys {
		rowsOf(b, into.scan, sqlLegNewest, shard, k.Account, k.Asset, i+1)
	}
}

// HoldRow is a hold as it stands.
type HoldRow struct {
	Book    string
	Account book.AccountID
	Hold    *journalv1.Hold
}

// LoadHolds reads the holds which the records of these numbers placed. A record that
// places holds on several accounts has a row for each.
func (db *DB) LoadHolds(ctx context.Context, shard int, seqs []uint64) ([]HoldRow, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	return collect(ctx, db, "holds", scanHold, sqlHoldLoad, shard, numbersOf(seqs))
}

// HoldPage asks for a page of an account's holds of one state.
type HoldPage struct {
	Account book.AccountID
	State   journalv1.HoldState
	After   RecordID // of the last one of the page before
	Asset   string   // of that one
	Limit   int
}

// Holds reads a page, by shard, oldest first.
func (db *DB) Holds(ctx context.Context, page HoldPage) ([]PlacedHold, error) {
	return collect(ctx, db, "holds", func(rows pgx.Rows) (h PlacedHold, err error) {
		h.HoldRow, err = scanHoldAfter(rows, &h.Shard)
		return h, err
	}, sqlHoldPage, page.Account, int16(page.State), page.After.Shard, int64(page.After.Seq), page.Asset, page.Limit)
}

// AggregateKey names an aggregate of a flow.
type AggregateKey struct{ Book, Flow, ID string }

// AggregateRow is an aggregate as it stands.
type AggregateRow struct {
	Shard     int
	Key       AggregateKey
	Owner     string
	State     string
	Version   uint64
	Data      []byte
	Attempts  map[string]uint32
	Timers    []*journalv1.Timer
	CreatedUS int64
	UpdatedUS int64
}

// LoadAggregates reads the aggregates of the shard that exist among keys.
func (db *DB) LoadAggregates(ctx context.Context, shard int, keys []AggregateKey) ([]AggregateRow, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	books, flows, ids := aggregateColumns(keys)
	return collect(ctx, db, "aggregates", scanAggregate, db.perKey(sqlAggregateLoad, sqlAggregateLoadPG), shard, books, flows, ids)
}

// perKey is the form of a statement that seeks once per key: on PostgreSQL it says so.
func (db *DB) perKey(common, onPG string) string {
	if db.dialect == migrations.PostgreSQL {
		return onPG
	}
	return common
}

// EffectRow is an effect as it stands.
type EffectRow struct {
	Book   string
	Effect *journalv1.Effect
}

// LoadEffects reads the effects of the shard that exist among attempts.
func (db *DB) LoadEffects(ctx context.Context, shard int, attempts []string) ([]EffectRow, error) {
	if len(attempts) == 0 {
		return nil, nil
	}
	return collect(ctx, db, "effects", scanEffect, db.perKey(sqlEffectLoad, sqlEffectLoadPG), shard, attempts)
}

// OpenEffects reads effects that are open or in doubt, in the order of their attempt
// ids, after the given one ("" from the start).
func (db *DB) OpenEffects(ctx context.Context, shard int, after string, limit int) ([]EffectRow, error) {
	return collect(ctx, db, "open effects", scanEffect, sqlEffectOpen, shard, after, limit)
}

// AllEffects is OpenEffects with those that are closed.
func (db *DB) AllEffects(ctx context.Context, shard int, after string, limit int) ([]EffectRow, error) {
	return collect(ctx, db, "effects", scanEffect, sqlEffectScan, shard, after, limit)
}

// TimerRow is a timer that stands.
type TimerRow struct {
	Book  string
	Timer *journalv1.Timer
}

// DueTimers reads the timers due from fromUS to untilUS, both included, earliest first.
func (db *DB) DueTimers(ctx context.Context, shard int, fromUS, untilUS int64, limit int) ([]TimerRow, error) {
	return collect(ctx, db, "due timers", scanTimer, sqlTimerDue, shard, fromUS, untilUS, limit)
}

// LoadTimers reads the timers of the shard that stand among ids.
func (db *DB) LoadTimers(ctx context.Context, shard int, ids []string) ([]TimerRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return collect(ctx, db, "timers", scanTimer, sqlTimerLoad, shard, ids)
}

// GatherRow is the last word about one thing of the gathering between stripes: a
// command that is parked, a message sent, the last message applied of a peer, or the
// state of an account.
type GatherRow struct {
	Book   string
	Seq    uint64 // record that wrote it
	Gather *journalv1.Gather
}

// LoadGathers reads what the shard's gathering has to remember, in the order of records.
//
// Parked: one row per command (Key), gone when it is DECIDED. Sent: one row per message
// (Key), gone when it is written again with an empty body. Applied: the newest of each
// peer. Account: one row per book, Account and Key, gone when written with an empty body.
func (db *DB) LoadGathers(ctx context.Context, shard int) ([]GatherRow, error) {
	return collect(ctx, db, "gathers", scanGather, sqlGatherLoad, shard)
}

// aggregateColumns are keys as three arrays.
func aggregateColumns(keys []AggregateKey) (books, flows, ids []string) {
	books, flows, ids = make([]string, len(keys)), make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		books[i], flows[i], ids[i] = k.Book, k.Flow, k.ID
	}
	return books, flows, ids
}
