package store

import (
	"context"

	"github.com/provodka/provodka/ledger/book"
)

// StripeRef says on which shards an account has a stripe in one asset.
type StripeRef struct {
	Account book.AccountID
	Book    string
	Name    book.Name
	Asset   string
	Shards  []int
}

// StripesOf reads where the accounts have stripes.
func (db *DB) StripesOf(ctx context.Context, accounts []book.AccountID) ([]StripeRef, error) {
	return nil, errUnwritten
}

// StripePage asks for a page of the accounts of a type that were ever touched.
type StripePage struct {
	Book, Type  string
	OwnerPrefix string
	After       *StripeRef // the last one of the page before
	Limit       int
}

// ListStripes reads a page in the order (owner, part, asset), merged over the shards.
func (db *DB) ListStripes(ctx context.Context, page StripePage) ([]StripeRef, []Seen, error) {
	return nil, nil, errUnwritten
}

// OpenAccount is an account that was opened by name.
type OpenAccount struct {
	Name     string
	Account  book.AccountID
	Asset    string // "" takes any
	State    string // "open"
	Shard    int
	Seq      uint64 // record that opened it
	OpenedUS int64
}

// OpenAccounts reads those of the names that are open in the book.
func (db *DB) OpenAccounts(ctx context.Context, book string, names []string) ([]OpenAccount, error) {
	return nil, errUnwritten
}

// Accounts reads a page of the accounts opened in the book, by name, after the given one.
func (db *DB) Accounts(ctx context.Context, book, after string, limit int) ([]OpenAccount, error) {
	return nil, errUnwritten
}
