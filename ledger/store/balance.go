package store

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

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
	if len(keys) == 0 {
		return nil, nil, nil
	}
	m, err := at.moments(db.o.Zone)
	if err != nil {
		return nil, nil, err
	}
	accounts, assets := stripeColumns(keys)
	var newest []placedStripe
	var seen []Seen
	var late, early []placedStripe
	err = db.snapshot(ctx, "balances", func(b *pgx.Batch) {
		queueInto(b, &seen, scanSeen, sqlShardSeen)
		late, early = nil, nil
		if at == (At{}) {
			queueInto(b, &newest, scanPlaced, sqlBalanceNow, accounts, assets)
			return
		}
		queueInto(b, &newest, scanPlaced, sqlBalanceThen, accounts, assets, m.until)
		if at.Day == "" {
			return
		}
		if m.known > m.dayEnd {
			queueInto(b, &late, scanLate, sqlLateThen, accounts, assets, m.dayEnd, m.known, m.day, true)
		}
		queueInto(b, &early, scanLate, sqlLateThen, accounts, assets, int64(math.MinInt64), m.until, m.day, false)
	})
	if err != nil {
		return nil, nil, err
	}
	return sumStripes(keys, newest, late, early), seen, nil
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
	from, until := page.FromUS, page.UntilUS
	if until == 0 {
		until = math.MaxInt64
	}
	sql, after := sqlLegPage, LegCursor{ClockUS: math.MinInt64}
	if page.Newest {
		sql, after = sqlLegPageNewest, LegCursor{ClockUS: math.MaxInt64 - 1, Shard: maxShard}
	}
	if page.After != nil {
		after = *page.After
	}
	return collectSeen(ctx, db, "legs", scanLeg, sql, key.Account, key.Asset, from, until,
		after.ClockUS, after.Shard, int64(after.Seq), after.Leg, page.Limit)
}

// TotalRow is the sum of all accounts of a type in one asset.
type TotalRow struct {
	Type, Asset   string
	Debit, Credit money.Amount
}

// TrialBalance reads the sums of a book by type and asset, over all shards.
func (db *DB) TrialBalance(ctx context.Context, book string) ([]TotalRow, []Seen, error) {
	return collectSeen(ctx, db, "trial balance", func(rows pgx.Rows) (t TotalRow, err error) {
		err = rows.Scan(append([]any{&t.Type, &t.Asset}, numbers(&t.Debit, &t.Credit)...)...)
		inAsset(t.Asset, &t.Debit, &t.Credit)
		return t, err
	}, sqlTotalTrial, book)
}

// moments are an At as clocks: known and until are the first that do not count.
type moments struct {
	day    string
	dayEnd int64 // of the business day
	known  int64
	until  int64 // the earlier of the two
}

func (at At) moments(zone *time.Location) (moments, error) {
	m := moments{day: at.Day, dayEnd: math.MaxInt64, known: math.MaxInt64}
	if at.KnownUS != 0 {
		m.known = at.KnownUS + 1
	}
	if at.Day != "" {
		var err error
		if m.dayEnd, err = endOf(zone, at.Day); err != nil {
			return m, err
		}
	}
	m.until = min(m.dayEnd, m.known)
	return m, nil
}

// placedStripe is a part of a balance together with the account it belongs to.
type placedStripe struct {
	key StripeKey
	StripeBalance
}

func scanPlaced(rows pgx.Rows) (p placedStripe, err error) {
	sums := []*money.Amount{&p.Debit, &p.Credit, &p.HeldDebit, &p.HeldCredit}
	err = rows.Scan(append([]any{&p.key.Account, &p.key.Asset, &p.Shard, &p.Version}, numbers(sums...)...)...)
	inAsset(p.key.Asset, sums...)
	return p, err
}

func scanLate(rows pgx.Rows) (p placedStripe, err error) {
	err = rows.Scan(append([]any{&p.key.Account, &p.key.Asset, &p.Shard}, numbers(&p.Debit, &p.Credit)...)...)
	inAsset(p.key.Asset, &p.Debit, &p.Credit)
	return p, err
}

// sumStripes adds stripes to accounts: the newest legs before the moment, what was
// booked for the day after its end, less what was booked before it for a later day.
func sumStripes(keys []StripeKey, newest, late, early []placedStripe) []Balance {
	type place struct {
		key   StripeKey
		shard int
	}
	at := map[place]int{}
	stripes := slices.Clone(newest)
	for i, p := range stripes {
		at[place{p.key, p.Shard}] = i
	}
	find := func(p placedStripe) *placedStripe {
		where := place{p.key, p.Shard}
		if _, ok := at[where]; !ok {
			at[where] = len(stripes)
			stripes = append(stripes, placedStripe{key: p.key, StripeBalance: StripeBalance{Shard: p.Shard}})
		}
		return &stripes[at[where]]
	}
	for _, p := range late {
		s := find(p)
		s.Debit, s.Credit = s.Debit.Add(p.Debit), s.Credit.Add(p.Credit)
	}
	for _, p := range early {
		s := find(p)
		s.Debit, s.Credit = s.Debit.Sub(p.Debit), s.Credit.Sub(p.Credit)
	}
	slices.SortFunc(stripes, func(a, b placedStripe) int {
		return cmp.Or(bytes.Compare(a.key.Account[:], b.key.Account[:]), strings.Compare(a.key.Asset, b.key.Asset), cmp.Compare(a.Shard, b.Shard))
	})
	of := map[StripeKey]*Balance{}
	for _, s := range stripes {
		b := of[s.key]
		if b == nil {
			b = &Balance{Key: s.key}
			of[s.key] = b
		}
		b.Debit, b.Credit = b.Debit.Add(s.Debit), b.Credit.Add(s.Credit)
		b.HeldDebit, b.HeldCredit = b.HeldDebit.Add(s.HeldDebit), b.HeldCredit.Add(s.HeldCredit)
		b.Stripes = append(b.Stripes, s.StripeBalance)
	}
	out := make([]Balance, 0, len(of))
	for _, k := range keys {
		if b := of[k]; b != nil {
			out = append(out, *b)
			delete(of, k) // a key that is asked for twice is answered once
		}
	}
	return out
}
