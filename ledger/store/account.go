package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

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
	if len(accounts) == 0 {
		return nil, nil
	}
	rows, err := collect(ctx, db, "stripes of accounts", scanStripeRef, sqlStripeOf, accountIDs(accounts))
	return joinShards(rows), err
}

func scanStripeRef(rows pgx.Rows) (r StripeRef, err error) {
	var shard int
	err = rows.Scan(&r.Book, &r.Name.Type, &r.Name.Owner, &r.Name.Part, &r.Asset, &r.Account, &shard)
	r.Shards = []int{shard}
	return r, err
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
	var rows []StripeRef
	var seen []Seen
	err := db.phases(ctx, "stripes", func(tx pgx.Tx) (err error) {
		rows, err = listStripes(ctx, tx, page, &seen)
		return err
	})
	return rows, seen, err
}

func listStripes(ctx context.Context, tx pgx.Tx, page StripePage, seen *[]Seen) (rows []StripeRef, err error) {
	after := StripeRef{}
	if page.After != nil {
		after = *page.After
	}
	scan := func(found pgx.Rows) (r StripeRef, err error) {
		var shard int
		r.Book, r.Name.Type = page.Book, page.Type
		err = found.Scan(&r.Name.Owner, &r.Name.Part, &r.Asset, &r.Account, &shard)
		r.Shards = []int{shard}
		return r, err
	}
	err = pipeline(ctx, tx, func(b *pgx.Batch) { queueInto(b, seen, scanSeen, sqlShardSeen) })
	if err != nil {
		return nil, err
	}
	err = pipeline(ctx, tx, func(b *pgx.Batch) {
		for _, shard := range shardNumbers(*seen) {
			queueOnto(b, &rows, scan, sqlStripeList, shard, page.Book, page.Type, page.OwnerPrefix, page.OwnerPrefix+lastText,
				after.Name.Owner, after.Name.Part, after.Asset, page.Limit)
		}
	})
	slices.SortFunc(rows, func(a, b StripeRef) int {
		return cmp.Or(strings.Compare(a.Name.Owner, b.Name.Owner), strings.Compare(a.Name.Part, b.Name.Part),
			strings.Compare(a.Asset, b.Asset), cmp.Compare(a.Shards[0], b.Shards[0]))
	})
	rows = joinShards(rows)
	return rows[:min(len(rows), page.Limit)], err
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
	if len(names) == 0 {
		return nil, nil
	}
	return collect(ctx, db, "open accounts", scanOpenAccount, sqlAccountOpen, book, names)
}

// OpenNames answers those of the names that are open in the book.
func (db *DB) OpenNames(ctx context.Context, book string, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return collect(ctx, db, "open names", func(rows pgx.Rows) (name string, err error) {
		err = rows.Scan(&name)
		return name, err
	}, sqlAccountOpenName, book, texts(names))
}

// Accounts reads a page of the accounts opened in the book, by name, after the given one.
func (db *DB) Accounts(ctx context.Context, book, after string, limit int) ([]OpenAccount, error) {
	return collect(ctx, db, "accounts", scanOpenAccount, sqlAccountPage, book, after, limit)
}

// lastText is behind every text that an owner can go on with.
const lastText = "\U0010FFFF"

// joinShards makes one row of neighbours that are the same account and asset.
func joinShards(rows []StripeRef) []StripeRef {
	out := rows[:0]
	for _, r := range rows {
		if n := len(out); n > 0 && out[n-1].Account == r.Account && out[n-1].Asset == r.Asset {
			out[n-1].Shards = append(out[n-1].Shards, r.Shards...)
			continue
		}
		out = append(out, r)
	}
	return out
}

func scanOpenAccount(rows pgx.Rows) (a OpenAccount, err error) {
	err = rows.Scan(&a.Name, &a.Account, &a.Asset, &a.State, &a.Shard, &a.Seq, &a.OpenedUS)
	return a, err
}
