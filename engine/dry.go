package engine

import (
	"cmp"
	"context"
	"slices"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/stripe"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// A dry run is decided by the shard that would decide the run, in order, on its memory,
// and taken back at the end. It gathers nothing: of an account that is short it answers
// that it lacks money; the submitter reads what other shards have of it and asks again
// with that in the command. Then the shard sees the account as one stripe.

// dry decides operations as they would be decided now and takes all of it back: no record,
// no key.
func (d *decider) dry(a *arrival, list []*commandv1.Operation) []*result {
	d.lookUp(newParked(a, 0, list)) // the run would find keys that clash; reading is cheap here
	from, seq, moved := d.undo.begin(), d.seq, len(d.moved)
	d.whole = map[stripeKey]money.Amount{}
	results := make([]*result, 0, len(list))
	for i := 0; i < len(list); {
		n := groupLength(list, i)
		results = append(results, d.group(a, uint32(i), list[i:i+n])...)
		i += n
	}
	d.takeBack(from, seq, moved)
	for _, r := range results {
		if op := list[r.operation]; r.tookKey {
			delete(d.keys.now, store.KeyID(a.command.GetBook(), op.GetKey()))
		}
	}
	d.whole = nil
	return results
}

// preview decides operations that are one, with the money of other shards if the command
// tells it.
func (d *decider) preview(a *arrival, results []*result, list []*commandv1.Operation) {
	who := identityOf(a)
	if d.all(a, who, results, list) != nil && !d.lacking(a, results, list) {
		if short := d.all(a, who, results, list); short != nil {
			d.groupRefused(a, who, results, list, 0, ledger.Refused(short))
		}
	}
	for i, r := range results {
		seen := func(account, asset string) {
			_, whole := d.whole[stripeKey{who.book, account, asset}]
			if whole && !slices.Contains(r.gathers, account) {
				r.gathers = append(r.gathers, account)
			}
		}
		for _, l := range r.draft.GetLegs() {
			seen(l.GetAccount(), l.GetAsset())
		}
		for _, ch := range ledger.Conditioned(list[i]) { // the run gathers what must be there, too
			seen(ch.Account, ch.Asset.Code)
		}
	}
}

// lacking looks at the accounts in the order in which a run secures them. It answers the
// operations, and says so, when what others have is not known, or not enough.
func (d *decider) lacking(a *arrival, results []*result, list []*commandv1.Operation) bool {
	p := newParked(a, results[0].operation, list)
	if d.refusedAnyway(a, p, results) {
		return true
	}
	debits := d.wants(p).Debits
	slices.SortFunc(debits, func(a, b stripe.Debit) int { return cmp.Compare(a.Account, b.Account) })
	var lacks []*commandv1.Elsewhere
	for _, w := range debits {
		if m := d.missing(a, w); m != nil && m.GetDebit() == "" {
			lacks = append(lacks, m)
		}
	}
	if len(lacks) > 0 {
		for _, r := range results {
			r.refusal = fault.Refuse(fault.Unavailable, "", "what other shards have was not looked at")
		}
		results[0].lacks = lacks
		return true
	}
	for _, w := range debits {
		if m := d.missing(a, w); m != nil {
			d.seeWhole(w.Account, m)
		}
		if free := d.free(w.Account); free.Cmp(w.Amount) < 0 {
			failed, reason := d.culprit(p, w.Account, free)
			d.groupRefused(a, identityOf(a), results, list, failed, reason)
			return true
		}
	}
	return false
}

// missing is what the command tells of an account that is short; without sums when it
// tells nothing, nil when nothing is missing or the whole is seen already.
func (d *decider) missing(a *arrival, w stripe.Debit) *commandv1.Elsewhere {
	bookName, account, asset := splitAccount(w.Account)
	if _, whole := d.whole[stripeKey{bookName, account, asset.Code}]; whole || d.free(w.Account).Cmp(w.Amount) >= 0 {
		return nil
	}
	for _, m := range a.command.GetElsewhere() {
		if m.GetAccount() == account && m.GetAsset() == asset.Code {
			return m
		}
	}
	return &commandv1.Elsewhere{Account: account, Asset: asset.Code}
}

// seeWhole puts the sums of the whole account in the place of its stripe.
func (d *decider) seeWhole(of stripe.Account, m *commandv1.Elsewhere) {
	bookName, account, asset := splitAccount(of)
	k := stripeKey{bookName, account, asset.Code}
	d.mustLoad(k)
	here, _ := d.stripes.get(k)
	read := func(text string) money.Amount {
		sum, err := money.ParseSum(text)
		if err != nil {
			return money.Zero // the submitter's own writing, and nothing is booked
		}
		return sum
	}
	whole := here.Add(book.Stripe{
		Debit: read(m.GetDebit()), Credit: read(m.GetCredit()), HeldDebit: read(m.GetHeldDebit()), HeldCredit: read(m.GetHeldCredit()),
	})
	whole.Version = here.Version
	d.stripes.put(k, whole)
	d.whole[k] = read(m.GetLimit())
}

// forecasts bounds how often a dry run is asked again: each time about accounts of which
// it was not known before that they are short.
const forecasts = 16

// forecast asks a dry run again while shards lack money of others.
func (e *Engine) forecast(ctx context.Context, req Request, outcomes []Outcome) []Outcome {
	known := map[store.StripeKey]*commandv1.Elsewhere{}
	for range forecasts {
		lacks := len(known)
		for _, o := range outcomes {
			for _, m := range o.lacks {
				known[store.StripeKey{Account: book.ID(req.Book, m.GetAccount()), Asset: m.GetAsset()}] = m
			}
		}
		if len(known) == lacks {
			break
		}
		whole, err := e.readWhole(ctx, req.Book, known)
		if err != nil {
			return refuseAll(outcomes, fault.Refuse(fault.Unavailable, "", "what other shards have cannot be read now"))
		}
		outcomes = e.submit(ctx, req, whole)
	}
	return outcomes
}

// spread is an account by the shards that have a part of it.
type spread struct {
	*commandv1.Elsewhere
	stripes []store.StripeBalance
	transit store.Balance // on its way between them: a part of it, wherever it is booked
	asset   money.Asset
	limit   money.Amount
}

// readWhole reads accounts over all shards.
func (e *Engine) readWhole(ctx context.Context, bookName string, accounts map[store.StripeKey]*commandv1.Elsewhere) ([]spread, error) {
	var keys []store.StripeKey
	var rules []store.RuleKey
	for k, m := range accounts {
		name, refusal := book.ParseName("account", m.GetAccount())
		if refusal != nil {
			continue
		}
		keys = append(keys, k, store.StripeKey{Account: book.ID(bookName, name.Transit().String()), Asset: k.Asset})
		rules = append(rules, store.RuleKey{Book: bookName, Kind: ledger.AccountRule, Subject: m.GetAccount()})
	}
	balances, _, err := e.cfg.DB.Balances(ctx, keys, store.At{})
	if err != nil {
		return nil, err
	}
	rows, err := e.cfg.DB.HomeRules(ctx, rules)
	if err != nil {
		return nil, err
	}
	found := map[store.StripeKey]store.Balance{}
	for _, b := range balances {
		found[b.Key] = b
	}
	out := make([]spread, 0, len(accounts))
	for i := 0; i < len(keys); i += 2 {
		s := spread{Elsewhere: accounts[keys[i]], stripes: found[keys[i]].Stripes, transit: found[keys[i+1]]}
		s.asset, _ = money.LookupAsset(keys[i].Asset)
		for _, r := range rows {
			if r.Rule.GetSubject() == s.GetAccount() {
				s.limit = ledger.StandingOf(r.Rule).Limit(s.asset.Code)
			}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b spread) int {
		return cmp.Or(cmp.Compare(a.GetAccount(), b.GetAccount()), cmp.Compare(a.GetAsset(), b.GetAsset()))
	})
	return out, nil
}

// elsewhere is what a shard is told of an account: the sums of the others.
func (s *spread) elsewhere(shard int) *commandv1.Elsewhere {
	sum := book.Stripe{Debit: s.transit.Debit, Credit: s.transit.Credit}
	for _, b := range s.stripes {
		if b.Shard != shard {
			sum = sum.Add(book.Stripe{Debit: b.Debit, Credit: b.Credit, HeldDebit: b.HeldDebit, HeldCredit: b.HeldCredit})
		}
	}
	return &commandv1.Elsewhere{
		Account: s.GetAccount(), Asset: s.GetAsset(), Debit: s.asset.Format(sum.Debit), Credit: s.asset.Format(sum.Credit),
		HeldDebit: s.asset.Format(sum.HeldDebit), HeldCredit: s.asset.Format(sum.HeldCredit), Limit: s.asset.Format(s.limit),
	}
}
