package client

import (
	"maps"
	"slices"
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

// Hold is an operation that holds money of an account against later debits; with expires
// 0 until it is settled or voided. Its result's id is the hold's.
func Hold(key, account, asset, amount string, expires time.Duration) *ledgerv1.Operation {
	return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_Hold{Hold: &ledgerv1.NewHold{
		Account: account, Asset: asset, Amount: amount, ExpiresMs: expires.Milliseconds(),
	}}}
}

// Increase is an operation that holds more, out of available money.
func Increase(key, holdID, amount string) *ledgerv1.Operation {
	return resize(key, &ledgerv1.ResizeHold{HoldId: holdID, By: &ledgerv1.ResizeHold_Increase{Increase: amount}})
}

// Decrease is an operation that gives a part of a hold back; by all that is left it voids
// the hold.
func Decrease(key, holdID, amount string) *ledgerv1.Operation {
	return resize(key, &ledgerv1.ResizeHold{HoldId: holdID, By: &ledgerv1.ResizeHold_Decrease{Decrease: amount}})
}

func resize(key string, r *ledgerv1.ResizeHold) *ledgerv1.Operation {
	return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_Resize{Resize: r}}
}

// Settle is an operation that takes money out of a hold, which keeps the rest; an empty
// amount takes all of it. The credits receive the money and add up to the amount.
func Settle(key, holdID, kind, amount string, credits ...*ledgerv1.NewLeg) *ledgerv1.Operation {
	return settle(key, &ledgerv1.SettleHold{HoldId: holdID, Kind: kind, Amount: amount, Credits: credits})
}

// SettleFinal is Settle for the last time: what is left of the hold is given back.
func SettleFinal(key, holdID, kind, amount string, credits ...*ledgerv1.NewLeg) *ledgerv1.Operation {
	return settle(key, &ledgerv1.SettleHold{HoldId: holdID, Kind: kind, Amount: amount, Credits: credits, Final: true})
}

// SettleBeyond is Settle that may take more than is held, out of available money, by at
// most limit.
func SettleBeyond(key, holdID, kind, amount, limit string, credits ...*ledgerv1.NewLeg) *ledgerv1.Operation {
	return settle(key, &ledgerv1.SettleHold{HoldId: holdID, Kind: kind, Amount: amount, Credits: credits, OverLimit: limit})
}

func settle(key string, s *ledgerv1.SettleHold) *ledgerv1.Operation {
	return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_Settle{Settle: s}}
}

// SettleLate is an operation that pays for a hold which was voided or expired, out of
// available money: never more than was given back when it ended.
func SettleLate(key, holdID, kind, amount string, credits ...*ledgerv1.NewLeg) *ledgerv1.Operation {
	return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_SettleLate{SettleLate: &ledgerv1.SettleLate{
		HoldId: holdID, Kind: kind, Amount: amount, Credits: credits,
	}}}
}

// Void is an operation that gives the rest of a hold back.
func Void(key, holdID string) *ledgerv1.Operation {
	return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_Void{Void: &ledgerv1.VoidHold{HoldId: holdID}}}
}

// Reverse is an operation that gives back all that is left of an entry.
func Reverse(key, entryID string) *ledgerv1.Operation {
	return reverse(key, &ledgerv1.ReverseEntry{EntryId: entryID})
}

// ReversePart is an operation that gives back a fraction of the whole entry: "0.25".
func ReversePart(key, entryID, part string) *ledgerv1.Operation {
	return reverse(key, &ledgerv1.ReverseEntry{EntryId: entryID, How: &ledgerv1.ReverseEntry_Part{Part: part}})
}

// ReverseByLeg is an operation that gives back so much of one leg, as GetEntry numbers
// them from 0, and of every other leg in the same proportion.
func ReverseByLeg(key, entryID string, leg uint32, amount string) *ledgerv1.Operation {
	return reverse(key, &ledgerv1.ReverseEntry{EntryId: entryID, How: &ledgerv1.ReverseEntry_ByLeg{
		ByLeg: &ledgerv1.LegAmount{Leg: leg, Amount: amount},
	}})
}

// ReverseLegs is an operation that gives back so much of each leg, by their numbers; the
// others stay. Debits equal credits in every asset.
func ReverseLegs(key, entryID string, amounts map[uint32]string) *ledgerv1.Operation {
	legs := &ledgerv1.LegAmounts{}
	for _, leg := range slices.Sorted(maps.Keys(amounts)) {
		legs.Legs = append(legs.Legs, &ledgerv1.LegAmount{Leg: leg, Amount: amounts[leg]})
	}
	return reverse(key, &ledgerv1.ReverseEntry{EntryId: entryID, How: &ledgerv1.ReverseEntry_ByAmounts{ByAmounts: legs}})
}

func reverse(key string, r *ledgerv1.ReverseEntry) *ledgerv1.Operation {
	return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_Reverse{Reverse: r}}
}

// Correct is an operation that gives back all that is left of an entry and books other
// legs in its place, both or none.
func Correct(key, entryID, kind string, legs ...*ledgerv1.NewLeg) *ledgerv1.Operation {
	return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_Correct{Correct: &ledgerv1.CorrectEntry{
		EntryId: entryID, Entry: &ledgerv1.NewEntry{Kind: kind, Legs: legs},
	}}}
}

// Cancel is an operation that gives up an entry of a later day before its day.
func Cancel(key, scheduledID string) *ledgerv1.Operation {
	return &ledgerv1.Operation{Key: key, What: &ledgerv1.Operation_Cancel{Cancel: &ledgerv1.CancelScheduled{ScheduledId: scheduledID}}}
}

// When lets an operation be done only if all conditions hold; else it is refused with
// condition_failed. It returns the same operation.
func When(op *ledgerv1.Operation, conditions ...*ledgerv1.Condition) *ledgerv1.Operation {
	op.Conditions = append(op.Conditions, conditions...)
	return op
}

// Available is the condition that at least so much of an account is available, on all
// shards together.
func Available(account, asset, amount string) *ledgerv1.Condition {
	return &ledgerv1.Condition{Account: account, Asset: asset, What: &ledgerv1.Condition_Available{Available: amount}}
}

// Unmoved is the condition that a shard's part of an account is at the version that an
// answer told; the shard is the number before the point of that answer's id.
func Unmoved(account, asset string, shard uint32, version uint64) *ledgerv1.Condition {
	return &ledgerv1.Condition{Account: account, Asset: asset,
		What: &ledgerv1.Condition_Version{Version: &ledgerv1.StripeVersion{Shard: shard, Version: version}}}
}
