package client

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// Debit is a leg that debits an account. The amount is a plain decimal with at most
// as many places as the asset has: "106.38".
func Debit(account, asset, amount string) *ledgerv1.NewLeg {
	return &ledgerv1.NewLeg{Account: account, Asset: asset, Amount: amount, Side: ledgerv1.Side_SIDE_DEBIT}
}

// Credit is a leg that credits an account; the amount is written as in Debit.
func Credit(account, asset, amount string) *ledgerv1.NewLeg {
	return &ledgerv1.NewLeg{Account: account, Asset: asset, Amount: amount, Side: ledgerv1.Side_SIDE_CREDIT}
}

// Entry is an operation that books legs. With an empty key it gets one before it is
// first sent.
func Entry(key, kind string, legs ...*ledgerv1.NewLeg) *ledgerv1.Operation {
	return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_Entry{Entry: &ledgerv1.NewEntry{Kind: kind, Legs: legs}}}
}

// Rate is the rate of an exchange: how much of the bought asset one of the sold is, from
// where and of when.
type Rate struct {
	Value    string // a positive decimal of at most 18 places: "90.5"
	Inverse  bool   // the other way: how much of the sold asset one of the bought is
	Source   string // "cbr", "moex:USDRUB_TOM"
	At       time.Time
	Rounding ledgerv1.Rounding // for the last digit of the sum at the rate
}

// Exchange is an operation that sells money of one asset for money of another; the two
// legs stand on different sides. A spread is a leg beside what is bought, nil when there
// is none. The key is as in Entry.
func Exchange(key string, rate Rate, sold, bought, spread *ledgerv1.NewLeg) *ledgerv1.Operation {
	return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_Exchange{Exchange: &ledgerv1.ExchangeAssets{
		Sold: sold, Bought: bought, Spread: spread, Rate: rate.Value, Inverse: rate.Inverse, Source: rate.Source,
		RateAt: timestamppb.New(rate.At), Rounding: rate.Rounding,
	}}}
}
