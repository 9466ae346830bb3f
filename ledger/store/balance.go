package store

import (
	"context"

	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// At is the moment of a question: the zero value is now.
type At struct {
	Day     string // business day, YYYY-MM-DD: legs effective up to it, it included
	KnownUS int64  // what was recorded up to this clock
}

// Balance is an account in one asset, over all its stripes.
type Balance struct {
	Key                                  StripeKey
	Debit, Credit, HeldDebit, HeldCredit money.Amount
	Stripes                              []StripeBalance
}

// StripeBalance is the part of a balance on one shard.
type StripeBalance struct {
	Shard                                int
	Version                              uint64
	Debit, Credit, HeldDebit, HeldCredit money.Amount
}

// Balances reads the accounts that exist among keys, in the order of keys.
func (db *DB) Balances(ctx context.Context, keys []StripeKey, at At) ([]Balance, []Seen, error) {
	return nil, nil, errUnwritten
}

// LegRow is a leg with the stripe's sums after it.
type LegRow struct {
	Shard                                int
	Key                                  StripeKey
	Seq                                  uint64
	Leg                                  int
	Kind                                 journalv1.LegKind
	Amount                               money.Amount
	Version                              uint64
	ClockUS                              int64
	Day                                  string
	Debit, Credit, HeldDebit, HeldCredit money.Amount
}

// LegCursor is the place of a leg in the order of legs over all shards.
type LegCursor struct {
	ClockUS int64
	Shard   int
	Seq     uint64
	Leg     int
}

// LegPage asks for a page of legs in the order (clock, shard, seq, leg).
type LegPage struct {
	After   *LegCursor // the last leg of the page before
	FromUS  int64      // recorded at or after
	UntilUS int64      // recorded before; 0 is no bound
	Newest  bool       // newest first
	Limit   int
}

// Legs reads a page of an account's legs in one asset, merged over its stripes.
func (db *DB) Legs(ctx context.Context, key StripeKey, page LegPage) ([]LegRow, []Seen, error) {
	return nil, nil, errUnwritten
}

// TotalRow is the sum of all accounts of a type in one asset.
type TotalRow struct {
	Type, Asset   string
	Debit, Credit money.Amount
}

// TrialBalance reads the sums of a book by type and asset, over all shards.
func (db *DB) TrialBalance(ctx context.Context, book string) ([]TotalRow, []Seen, error) {
	return nil, nil, errUnwritten
}
