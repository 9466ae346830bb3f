package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
)

// Balances is where what accounts stand at is read; *store.DB is one.
type Balances interface {
	// Balances reads the accounts that exist among keys.
	Balances(ctx context.Context, keys []store.StripeKey, at store.At) ([]store.Balance, []store.Seen, error)
}

// Whole puts an account together with its money between stripes: what left one stripe and has come
// to another, or will, is no turnover of the account.
func Whole(own, transit store.Balance) book.Stripe {
	return book.Stripe{
		Debit: own.Debit.Sub(transit.Credit), Credit: own.Credit.Sub(transit.Debit),
		HeldDebit: own.HeldDebit, HeldCredit: own.HeldCredit,
	}
}

// StandsAt reads what an account had in one asset at a moment, and how many legs it had then, moves of
// holds too.
func StandsAt(ctx context.Context, b Balances, bookName string, name book.Name, asset string, at store.At) (sums book.Stripe, legs uint64, err error) {
	own := store.StripeKey{Account: book.ID(bookName, name.String()), Asset: asset}
	between := store.StripeKey{Account: book.ID(bookName, name.Transit().String()), Asset: asset}
	rows, _, err := b.Balances(ctx, []store.StripeKey{own, between}, at)
	if err != nil {
		return book.Stripe{}, 0, fmt.Errorf("balance of %s: %w", name, err)
	}
	found := map[store.StripeKey]store.Balance{}
	for _, r := range rows {
		found[r.Key] = r
	}
	for _, s := range found[own].Stripes {
		legs += s.Version
	}
	return Whole(found[own], found[between]), legs, nil
}

// StoodBefore is StandsAt before a business day, YYYY-MM-DD; with "" that is before the books, and
// nothing.
func StoodBefore(ctx context.Context, b Balances, bookName string, name book.Name, asset, day string, at store.At) (sums book.Stripe, legs uint64, err error) {
	if day == "" {
		return book.Stripe{}, 0, nil
	}
	first, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return book.Stripe{}, 0, fmt.Errorf("the first day: %w", err)
	}
	at.Day = first.AddDate(0, 0, -1).Format(time.DateOnly)
	return StandsAt(ctx, b, bookName, name, asset, at)
}
