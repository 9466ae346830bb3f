package store

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
)

// TurnoverPage asks for a page of the accounts of a type with their sums before and after
// a range of business days.
type TurnoverPage struct {
	Book, Type string
	From, To   string     // business days, both included; From "" is the beginning of the books
	KnownUS    int64      // what was recorded up to this clock; 0 is no bound
	Upto       []Seen     // what was recorded up to these numbers; nil is no bound
	After      *StripeRef // the last one of the page before
	Limit      int        // accounts looked at
}

// Turnover is an account with its sums before and after the range. Money between its
// stripes counts on neither side: it came from the account and went back to it.
type Turnover struct {
	Name             book.Name
	Asset            string
	Opening, Closing Sums
}

// Sums are what was debited and credited in all.
type Sums struct{ Debit, Credit money.Amount }

// Turnovers reads a page in the order (owner, part, asset): two seeks per stripe, and one
// that asks whether it has late legs. next is nil at the end. Pages of one question see
// the same books when it has a bound that every shard has passed.
func (db *DB) Turnovers(ctx context.Context, page TurnoverPage) (rows []Turnover, next *StripeRef, err error) {
	after, err := At{Day: page.To, KnownUS: page.KnownUS, Upto: page.Upto}.moments(db.o.Zone)
	if err != nil {
		return nil, nil, err
	}
	var before moments
	if page.From != "" {
		day, err := dayBefore(page.From)
		if err != nil {
			return nil, nil, err
		}
		if before, err = (At{Day: day, KnownUS: page.KnownUS, Upto: page.Upto}).moments(db.o.Zone); err != nil {
			return nil, nil, err
		}
	}
	var (
		refs            []StripeRef
		places          []stripePlace
		of              map[StripeKey]StripeKey
		opening, closed stripeSums
	)
	bounded := page.KnownUS != 0 || page.Upto != nil
	err = db.phases(ctx, "turnovers", func(tx pgx.Tx) error {
		var seen []Seen
		if refs, err = listStripes(ctx, tx, StripePage{Book: page.Book, Type: page.Type, After: page.After, Limit: page.Limit}, &seen); err != nil {
			return err
		}
		if next = nil; len(refs) == page.Limit {
			next = &refs[len(refs)-1]
		}
		var beyond []StripeKey
		places, of, beyond = listedPlaces(page.Book, refs, next != nil)
		if len(beyond) > 0 {
			more, err := placesOf(ctx, tx, &seen, beyond)
			if err != nil {
				return err
			}
			places = append(places, more...)
		}
		if !bounded { // another snapshot would see other books
			opening, closed, err = db.sumsAround(ctx, tx, places, page.From != "", before, after)
		}
		return err
	})
	if err == nil && bounded {
		opening, closed, err = db.sumsBeside(ctx, places, page.From != "", before, after)
	}
	if err != nil {
		return nil, nil, err
	}
	return turnovers(refs, opening.whole(of), closed.whole(of)), next, nil
}

// Sessions that read one page of a sheet, and how many stripes are worth one.
const (
	sheetReaders = 4
	sheetShare   = 500
)

// sumsAround reads stripes before and after a range of days.
func (db *DB) sumsAround(ctx context.Context, tx pgx.Tx, places []stripePlace, begins bool, before, after moments) (opening, closed stripeSums, err error) {
	opening, closed = stripeSums{}, stripeSums{}
	late := lateStripes{}
	if begins {
		if err := opening.then(ctx, db, tx, places, before, late); err != nil {
			return nil, nil, err
		}
	}
	return opening, closed, closed.then(ctx, db, tx, places, after, late)
}

// sumsBeside is sumsAround in several sessions: both moments are bounded, so every snapshot
// that sees as far sees the same.
func (db *DB) sumsBeside(ctx context.Context, places []stripePlace, begins bool, before, after moments) (opening, closed stripeSums, err error) {
	slices.SortFunc(places, func(a, b stripePlace) int {
		return cmp.Or(cmp.Compare(a.shard, b.shard), bytes.Compare(a.key.Account[:], b.key.Account[:]))
	})
	share := max(sheetShare, (len(places)+sheetReaders-1)/sheetReaders)
	parts := slices.Collect(slices.Chunk(places, share))
	openings, closes := make([]stripeSums, len(parts)), make([]stripeSums, len(parts))
	group, ctx := errgroup.WithContext(ctx)
	for i, part := range parts {
		group.Go(func() error {
			return db.phases(ctx, "turnovers", func(tx pgx.Tx) (err error) {
				openings[i], closes[i], err = db.sumsAround(ctx, tx, part, begins, before, after)
				return err
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	opening, closed = stripeSums{}, stripeSums{}
	for i := range parts {
		maps.Copy(opening, openings[i])
		maps.Copy(closed, closes[i])
	}
	return opening, closed, nil
}

func dayBefore(text string) (string, error) {
	t, err := time.Parse(dayLayout, text)
	return t.AddDate(0, 0, -1).Format(dayLayout), err
}

// listedPlaces are the stripes of the accounts of a page and of their transit parts, which
// are listed behind them; of leads from the key of a transit part to that of its account.
// When there is more, the transit parts of the last owner may lie beyond the page.
func listedPlaces(bookName string, refs []StripeRef, more bool) (places []stripePlace, of map[StripeKey]StripeKey, beyond []StripeKey) {
	of = make(map[StripeKey]StripeKey, len(refs))
	listed := map[StripeKey]bool{}
	for _, r := range refs {
		if r.Name.IsTransit() {
			listed[StripeKey{r.Account, r.Asset}] = true
			continue
		}
		of[StripeKey{book.ID(bookName, r.Name.Transit().String()), r.Asset}] = StripeKey{r.Account, r.Asset}
	}
	last := refs[max(0, len(refs)-1):]
	for _, r := range refs {
		key := StripeKey{r.Account, r.Asset}
		if _, known := of[key]; r.Name.IsTransit() && !known {
			continue // read with its account, on the page before
		}
		for _, shard := range r.Shards {
			places = append(places, stripePlace{shard, key})
		}
		if !more || r.Name.IsTransit() || r.Name.Owner != last[0].Name.Owner {
			continue
		}
		if transit := (StripeKey{book.ID(bookName, r.Name.Transit().String()), r.Asset}); !listed[transit] {
			beyond = append(beyond, transit)
		}
	}
	return places, of, beyond
}

// whole adds the stripes of each account up, without what moved between them.
func (s stripeSums) whole(of map[StripeKey]StripeKey) map[StripeKey]Sums {
	all := map[StripeKey]Sums{}
	for p, part := range s {
		if account, transit := of[p.key]; transit {
			sum := all[account]
			all[account] = Sums{sum.Debit.Sub(part.Credit), sum.Credit.Sub(part.Debit)}
			continue
		}
		sum := all[p.key]
		all[p.key] = Sums{sum.Debit.Add(part.Debit), sum.Credit.Add(part.Credit)}
	}
	return all
}

func turnovers(refs []StripeRef, opening, closed map[StripeKey]Sums) []Turnover {
	rows := make([]Turnover, 0, len(refs))
	for _, r := range refs {
		if r.Name.IsTransit() {
			continue
		}
		key := StripeKey{r.Account, r.Asset}
		rows = append(rows, Turnover{r.Name, r.Asset, opening[key], closed[key]})
	}
	return rows
}
