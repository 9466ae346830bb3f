package store

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/money"
)

// At is the moment of a question: the zero value is now.
type At struct {
	Day     string // business day, YYYY-MM-DD: legs effective up to it, it included
	KnownUS int64  // what was recorded up to this clock
	Upto    []Seen // what was recorded up to these numbers; a shard that is left out has none. nil is no bound
}

func (at At) isNow() bool { return at.Day == "" && at.KnownUS == 0 && at.Upto == nil }

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
	var sums stripeSums
	var seen []Seen
	err = db.phases(ctx, "balances", func(tx pgx.Tx) error {
		sums = stripeSums{}
		places, err := db.candidatePlaces(ctx, tx, &seen, keys)
		switch {
		case err != nil:
			return err
		case at.isNow():
			return sums.newest(ctx, db, tx, places)
		}
		return sums.then(ctx, db, tx, places, m, lateStripes{})
	})
	if err != nil {
		return nil, nil, err
	}
	return sums.balances(keys), seen, nil
}

// moments are an At as clocks: known and until are the first that do not count.
type moments struct {
	byDay     bool
	dayNumber int32
	known     int64
	until     int64           // the earlier of known and the end of the day
	upto      func(int) int64 // the last number of a shard that counts
}

func (at At) moments(zone *time.Location) (moments, error) {
	m := moments{known: math.MaxInt64, upto: at.upto()}
	if at.KnownUS != 0 {
		m.known = at.KnownUS + 1
	}
	m.until = m.known
	if at.Day == "" {
		return m, nil
	}
	end, err := endOf(zone, at.Day)
	if err != nil {
		return m, err
	}
	c := calendar{zone: zone}
	m.byDay, m.until = true, min(m.known, end)
	m.dayNumber, err = c.parse(at.Day)
	return m, err
}

// upto is the last number of a shard that counts.
func (at At) upto() func(int) int64 {
	if at.Upto == nil {
		return func(int) int64 { return math.MaxInt64 }
	}
	numbers := map[int]int64{}
	for _, s := range at.Upto {
		numbers[s.Shard] = int64(s.Seq)
	}
	return func(shard int) int64 { return numbers[shard] }
}

// stripePlace is a stripe and the shard it is on.
type stripePlace struct {
	shard int
	key   StripeKey
}

// candidatePlaces are where accounts may have stripes: without looking where there is one
// shard. seen is how far the snapshot sees.
func (db *DB) candidatePlaces(ctx context.Context, tx pgx.Tx, seen *[]Seen, keys []StripeKey) ([]stripePlace, error) {
	if !db.OneShard() {
		return placesOf(ctx, tx, seen, keys)
	}
	places, there := make([]stripePlace, 0, len(keys)), make(map[StripeKey]bool, len(keys))
	for _, k := range keys {
		if !there[k] {
			there[k] = true
			places = append(places, stripePlace{key: k})
		}
	}
	return places, pipeline(ctx, tx, func(b *pgx.Batch) { queueInto(b, seen, scanSeen, sqlShardSeen) })
}

// placesOf finds the stripes of accounts, and how far the snapshot sees.
func placesOf(ctx context.Context, tx pgx.Tx, seen *[]Seen, keys []StripeKey) ([]stripePlace, error) {
	wanted := make(map[StripeKey]bool, len(keys))
	for _, k := range keys {
		wanted[k] = true
	}
	accounts, _ := stripeColumns(keys)
	var places []stripePlace
	err := pipeline(ctx, tx, func(b *pgx.Batch) {
		queueInto(b, seen, scanSeen, sqlShardSeen)
		places = make([]stripePlace, 0, len(keys))
		rowsOf(b, func(rows pgx.Rows) error {
			var p stripePlace
			if err := rows.Scan(&p.key.Account, &p.key.Asset, &p.shard); err != nil {
				return err
			}
			if wanted[p.key] {
				places = append(places, p)
			}
			return nil
		}, sqlStripePlace, accounts)
	})
	slices.SortFunc(places, func(a, b stripePlace) int { return cmp.Compare(a.shard, b.shard) })
	return places, err
}

// stripeSums are stripes' sums under way to balances.
type stripeSums map[stripePlace]*StripeBalance

func (s stripeSums) at(p stripePlace) *StripeBalance {
	if s[p] == nil {
		s[p] = &StripeBalance{Shard: p.shard}
	}
	return s[p]
}

// put adds the stripes that exist, by shard.
func (s stripeSums) put(found map[int]*stripeSlots) {
	for shard, slots := range found {
		for _, r := range slots.rows {
			if r.Version > 0 {
				*s.at(stripePlace{shard, r.Key}) = StripeBalance{shard, r.Version, r.Debit, r.Credit, r.HeldDebit, r.HeldCredit}
			}
		}
	}
}

// newest reads every stripe's newest leg.
func (s stripeSums) newest(ctx context.Context, db *DB, tx pgx.Tx, places []stripePlace) error {
	keys := map[int][]StripeKey{}
	for _, p := range places {
		keys[p.shard] = append(keys[p.shard], p.key)
	}
	found := map[int]*stripeSlots{}
	err := pipeline(ctx, tx, func(b *pgx.Batch) {
		for shard, k := range keys {
			found[shard] = newStripeSlots(k)
			db.queueNewest(b, found[shard], shard)
		}
	})
	s.put(found)
	return err
}

// balances adds the stripes up.
func (s stripeSums) balances(keys []StripeKey) []Balance {
	of := map[StripeKey]*Balance{}
	places := slices.SortedFunc(maps.Keys(s), func(a, b stripePlace) int { return cmp.Compare(a.shard, b.shard) })
	for _, p := range places {
		b := of[p.key]
		if b == nil {
			b = &Balance{Key: p.key}
			of[p.key] = b
		}
		part := *s[p]
		b.Debit, b.Credit = b.Debit.Add(part.Debit), b.Credit.Add(part.Credit)
		b.HeldDebit, b.HeldCredit = b.HeldDebit.Add(part.HeldDebit), b.HeldCredit.Add(part.HeldCredit)
		b.Stripes = append(b.Stripes, part)
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
