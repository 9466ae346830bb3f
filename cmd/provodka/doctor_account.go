package main

import (
	"context"
	"fmt"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
)

// closedAccounts looks for closed accounts of which a shard is the home that hold money
// again: what happened in the world is booked however an account stands.
func (d *doctor) closedAccounts(ctx context.Context, subject string, db *store.DB, shard int) {
	subject += " closed accounts"
	closed, found := 0, 0
	for after := (store.RuleKey{}); ; {
		const atOnce = 1000
		rows, err := db.Rules(ctx, shard, after, atOnce)
		if err != nil {
			d.add(bad, subject, err.Error(), "see the database's log")
			return
		}
		var shut []store.RuleRow
		for _, r := range rows {
			after = store.RuleKey{Book: r.Book, Kind: r.Rule.GetKind(), Subject: r.Rule.GetSubject()}
			if r.Rule.GetHome() && r.Rule.GetKind() == ledger.AccountRule && ledger.StandingOf(r.Rule).Status == book.Closed {
				shut = append(shut, r)
			}
		}
		holding, err := heldBy(ctx, db, shut)
		if err != nil {
			d.add(bad, subject, err.Error(), "see the database's log")
			return
		}
		closed += len(shut)
		for _, text := range holding {
			if found++; found <= findingsShown {
				d.add(bad, subject, text, "it came by a fact of the world, which is booked however an account stands: open the account "+
					"(`provodka account reopen`), move the money where it belongs, close it again")
			}
		}
		if len(rows) < atOnce {
			break
		}
	}
	switch {
	case found > findingsShown:
		d.add(bad, subject, fmt.Sprintf("%d more hold money", found-findingsShown), "mend those above and ask again")
	case found == 0 && closed > 0:
		d.ok(subject, "%d, and none holds money", closed)
	}
}

// heldBy says what accounts have, those that have something.
func heldBy(ctx context.Context, db *store.DB, rules []store.RuleRow) (found []string, err error) {
	ids := make([]book.AccountID, 0, 2*len(rules))
	for _, r := range rules {
		name, _ := book.ParseName("account", r.Rule.GetSubject())
		ids = append(ids, book.ID(r.Book, name.String()), book.ID(r.Book, name.Transit().String()))
	}
	refs, err := db.StripesOf(ctx, ids)
	if err != nil || len(refs) == 0 {
		return nil, err
	}
	keys := make([]store.StripeKey, len(refs))
	of := map[store.StripeKey]store.StripeRef{}
	for i, r := range refs {
		keys[i] = store.StripeKey{Account: r.Account, Asset: r.Asset}
		of[keys[i]] = r
	}
	rows, _, err := db.Balances(ctx, keys, store.At{})
	for _, b := range rows {
		ref := of[b.Key]
		kind, _ := book.LookupType(ref.Name.Type)
		balance := book.Stripe{Debit: b.Debit, Credit: b.Credit}.Balance(kind.Class)
		held := b.HeldDebit.Add(b.HeldCredit)
		if !balance.IsZero() || !held.IsZero() {
			found = append(found, fmt.Sprintf("%s of book %s has %s %s, held %s", ref.Name, ref.Book,
				inAsset(b.Key.Asset, balance), b.Key.Asset, inAsset(b.Key.Asset, held)))
		}
	}
	return found, err
}
