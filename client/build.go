package client

import ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"

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
