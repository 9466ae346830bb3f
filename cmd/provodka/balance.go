package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
)

const balanceLong = `What an account stands at: its balance on its normal side, what is held of it, and what
is available. Money on its way between the shards of an account is in its balance. --on takes what is effective up to a business day, --known what had been
recorded up to a moment; together they answer "what did we believe then about that day".

  provodka balance wallet:company-1 bank:settlement
  provodka balance wallet:company-1 --on 2026-03-31 --known 2026-04-05T12:00:00+03:00`

type balanceFlags struct {
	dsn, book, asset, on, known string
	stripes                     bool
}

func newBalanceCmd(env *Env) *cobra.Command {
	var f balanceFlags
	cmd := &cobra.Command{
		Use: "balance ACCOUNT…", Short: "Balance of accounts, now or then", Long: balanceLong, Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error { return runBalance(cmd.Context(), env, f, names) },
	}
	dsnFlag(cmd, &f.dsn)
	bookFlag(cmd, &f.book)
	cmd.Flags().StringVar(&f.asset, "asset", "", "one asset only (default: all that the account has)")
	cmd.Flags().StringVar(&f.on, "on", "", "business day, YYYY-MM-DD, it included")
	cmd.Flags().StringVar(&f.known, "known", "", "moment, RFC 3339: what had been recorded up to it")
	cmd.Flags().BoolVar(&f.stripes, "stripes", false, "show the part on each shard too")
	return cmd
}

// accountAsset is an account in one asset that has legs.
type accountAsset struct {
	name    string
	kind    book.Type
	key     store.StripeKey
	transit store.StripeKey // of the money between its stripes
}

// readWhole reads accounts together with their money between stripes.
func readWhole(ctx context.Context, db *store.DB, accounts []accountAsset, at store.At) (map[store.StripeKey]store.Balance, []store.Seen, error) {
	keys := make([]store.StripeKey, 0, 2*len(accounts))
	for _, a := range accounts {
		keys = append(keys, a.key, a.transit)
	}
	balances, seen, err := db.Balances(ctx, keys, at)
	found := map[store.StripeKey]store.Balance{}
	for _, b := range balances {
		found[b.Key] = b
	}
	return found, seen, err
}

// accountsOf finds in which assets the accounts have legs.
func accountsOf(ctx context.Context, db *store.DB, bookName, asset string, names []string) ([]accountAsset, error) {
	ids := make([]book.AccountID, len(names))
	kinds := map[book.AccountID]accountAsset{}
	for i, text := range names {
		name, refusal := book.ParseName("account", text)
		if refusal != nil {
			return nil, usagef("%w", refusal)
		}
		t, _ := book.LookupType(name.Type)
		ids[i] = book.ID(bookName, text)
		kinds[ids[i]] = accountAsset{name: text, kind: t, transit: store.StripeKey{Account: book.ID(bookName, name.Transit().String())}}
	}
	refs, err := db.StripesOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []accountAsset
	for i, id := range ids {
		n := len(out)
		for _, ref := range refs {
			if ref.Account == id && (asset == "" || asset == ref.Asset) {
				a := kinds[id]
				a.key = store.StripeKey{Account: id, Asset: ref.Asset}
				a.transit.Asset = ref.Asset
				out = append(out, a)
			}
		}
		slices.SortFunc(out[n:], func(x, y accountAsset) int { return strings.Compare(x.key.Asset, y.key.Asset) })
		out = slices.CompactFunc(out, func(x, y accountAsset) bool { return x.key == y.key })
		if len(out) == n {
			return nil, fmt.Errorf("nothing was ever booked to %s in book %s", names[i], bookName)
		}
	}
	return out, nil
}

func (f balanceFlags) at() (store.At, error) {
	at := store.At{Day: f.on}
	if f.on != "" {
		if _, err := time.Parse(time.DateOnly, f.on); err != nil {
			return at, usagef("--on %q: a day is YYYY-MM-DD", f.on)
		}
	}
	var err error
	at.KnownUS, err = momentFlag("--known", f.known)
	return at, err
}

// momentFlag reads a moment; "" is none.
func momentFlag(flag, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil || moment.UnixMicro() <= 0 {
		return 0, usagef("%s %q: a moment is 2026-03-31T12:00:00+03:00", flag, text)
	}
	return moment.UnixMicro(), nil
}

// passed refuses to answer what was known at a moment that a shard may still record at;
// 0 is no moment.
func passed(ctx context.Context, db *store.DB, knownUS int64) error {
	if knownUS == 0 {
		return nil
	}
	shards, err := db.Shards(ctx)
	if err != nil {
		return err
	}
	for _, s := range shards {
		if s.ClockUS <= knownUS {
			return fmt.Errorf("the clock of shard %d has not passed %s yet", s.Shard, time.UnixMicro(knownUS).In(db.Zone()).Format(time.RFC3339))
		}
	}
	return nil
}

func runBalance(ctx context.Context, env *Env, f balanceFlags, names []string) error {
	at, err := f.at()
	if err != nil {
		return err
	}
	db, err := env.openBook(ctx, f.dsn, &f.book)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := passed(ctx, db, at.KnownUS); err != nil {
		return err
	}
	accounts, err := accountsOf(ctx, db, f.book, f.asset, names)
	if err != nil {
		return err
	}
	found, seen, err := readWhole(ctx, db, accounts, at)
	if err != nil {
		return err
	}
	return env.printBalances(f, accounts, found, seen)
}

type balanceRow struct {
	Account   string `json:"account"`
	Shard     *int   `json:"shard,omitempty"`
	Asset     string `json:"asset"`
	Debit     string `json:"debit"`
	Credit    string `json:"credit"`
	Balance   string `json:"balance"`
	Side      string `json:"side"` // where the balance grows
	Held      string `json:"held"`
	Available string `json:"available"`
}

func toBalanceRow(a accountAsset, s book.Stripe) balanceRow {
	side, held := "credit", s.HeldDebit
	if a.kind.Class.DebitNormal() {
		side, held = "debit", s.HeldCredit
	}
	code := a.key.Asset
	return balanceRow{
		Account: a.name, Asset: code, Debit: inAsset(code, s.Debit), Credit: inAsset(code, s.Credit), Side: side,
		Balance: inAsset(code, s.Balance(a.kind.Class)), Held: inAsset(code, held), Available: inAsset(code, s.Available(a.kind.Class)),
	}
}

func (e *Env) printBalances(f balanceFlags, accounts []accountAsset, found map[store.StripeKey]store.Balance, seen []store.Seen) error {
	rows := []balanceRow{}
	for _, a := range accounts {
		b, between := found[a.key], found[a.transit]
		row := toBalanceRow(a, ledger.Whole(b, between))
		// What is between stripes belongs to the account and cannot be spent this moment.
		row.Available = inAsset(a.key.Asset, ledger.Whole(b, store.Balance{}).Available(a.kind.Class))
		rows = append(rows, row)
		if !f.stripes {
			continue
		}
		for _, s := range b.Stripes {
			row := toBalanceRow(a, book.Stripe{Debit: s.Debit, Credit: s.Credit, HeldDebit: s.HeldDebit, HeldCredit: s.HeldCredit})
			row.Shard = &s.Shard
			rows = append(rows, row)
		}
	}
	if e.json() {
		return e.printJSON(map[string]any{"book": f.book, "positions": positionsJSON(seen), "rows": rows})
	}
	e.say("balances in book %s, as of records %s", f.book, positions(seen))
	t := table.New("Account", "Asset", ">Debit", ">Credit", ">Balance", "Side", ">Held", ">Available")
	for _, r := range rows {
		name := r.Account
		if r.Shard != nil {
			name = fmt.Sprintf("  on shard %d", *r.Shard)
		}
		t.Add(name, r.Asset, dashed(r.Debit), dashed(r.Credit), r.Balance, r.Side, dashed(r.Held), r.Available)
	}
	return t.Write(e.Out)
}
