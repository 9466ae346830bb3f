package engine

import (
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/stripe"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// wants says what an operation takes from floored accounts: per account the most
// that it is ever down while the operations are done in order, or that a condition asks
// to be there.
func (d *decider) wants(p *parked) stripe.Command {
	c := stripe.Command{ID: p.id()}
	type sum struct{ now, most money.Amount }
	sums := map[stripe.Account]sum{}
	var order []stripe.Account
	homes := map[stripe.Account]stripe.ShardID{}
	sumOf := func(ch book.Change) (stripe.Account, sum) {
		a := stripeAccount(p.Book, ch.Account, ch.Asset.Code)
		s, seen := sums[a]
		if !seen {
			order = append(order, a)
			homes[a] = stripe.ShardID(home(p.Book, ch.Account, d.shards))
		}
		return a, s
	}
	for _, op := range p.list {
		for _, ch := range ledger.Conditioned(op) {
			a, s := sumOf(ch)
			s.most = money.Max(s.most, s.now.Add(ch.Amount))
			sums[a] = s
		}
		for _, ch := range d.lowering(p.Book, op) {
			if !ch.Type.Floored {
				continue
			}
			a, s := sumOf(ch)
			if ch.Lowers() {
				s.now = s.now.Add(ch.Amount)
			} else if ch.Kind == book.Debit || ch.Kind == book.Credit {
				s.now = s.now.Sub(ch.Amount)
			}
			sums[a] = s
		}
		for a, s := range sums { // floors are looked at after each operation
			s.most = money.Max(s.most, s.now)
			sums[a] = s
		}
	}
	for _, a := range order {
		if most := sums[a].most; most.Sign() > 0 {
			c.Debits = append(c.Debits, stripe.Debit{Account: a, Home: homes[a], Amount: most})
		} else {
			c.Credits = append(c.Credits, a)
		}
	}
	return c
}

// lowering gives the changes of one operation without looking at floors.
func (d *decider) lowering(bookName string, op *commandv1.Operation) []book.Change {
	f := op.GetFlow()
	if f == nil {
		return ledger.Lowering(view{d.state, bookName, false}, op)
	}
	move, refusal := d.previewFlow(bookName, f)
	if refusal != nil {
		return nil
	}
	return flowChanges(move.Entry)
}

// forbidden says whether nothing may be taken from the account.
func forbidden(v view, account string, t book.Type) bool {
	return v.Standing(account).Forbids(book.Change{Kind: t.Class.Lowering()})
}

// standingRefusal is why nothing may be taken from an account, however much it has.
func (d *decider) standingRefusal(bookName, account string) *fault.Refusal {
	name, _ := book.ParseName("account", account)
	t, _ := book.LookupType(name.Type)
	if v := (view{d.state, bookName, false}); forbidden(v, account, t) {
		return v.Standing(account).Refuse(account)
	}
	return nil
}

// culprit is the operation of a group that asks for more than the account has, and why it
// is refused; nil when none does.
func (d *decider) culprit(p *parked, a stripe.Account, free money.Amount) (int, *fault.Refusal) {
	_, account, asset := splitAccount(a)
	if refusal := d.standingRefusal(p.Book, account); refusal != nil {
		free = money.Zero // for the operation that fails first; the reason is another
		i, _ := d.shortage(p, a, account, asset, free)
		return i, refusal
	}
	i, short := d.shortage(p, a, account, asset, free)
	if short.Need.Cmp(short.Available) <= 0 {
		return 0, nil
	}
	return i, ledger.Refused(&short)
}

// refusedAnyway refuses operations that would be refused whatever money others have: none
// is gathered for them, and no lack of it is given as the reason. They are tried with what
// they want lent to every account, and that is taken back.
func (d *decider) refusedAnyway(a *arrival, p *parked, results []*result) bool {
	from, seq, moved := d.undo.begin(), d.seq, len(d.moved)
	for _, w := range d.wants(p).Debits {
		bookName, account, asset := splitAccount(w.Account)
		k := stripeKey{bookName, account, asset.Code}
		d.mustLoad(k)
		lent, _ := d.stripes.get(k)
		if name, _ := book.ParseName("account", account); typeOf(name).Class.DebitNormal() {
			lent.Debit = lent.Debit.Add(w.Amount)
		} else {
			lent.Credit = lent.Credit.Add(w.Amount)
		}
		d.stripes.put(k, lent)
	}
	short := d.all(a, p.identity(), results, p.list)
	if reason := refusalOf(results); short == nil && reason != "" && reason != fault.SumTooLarge { // sums are larger by what was lent
		d.undo.rollback(from)
		return true
	}
	d.takeBack(from, seq, moved)
	for i, r := range results {
		if r.tookKey {
			delete(d.keys.now, store.KeyID(p.Book, p.list[i].GetKey()))
		}
		*r = result{operation: r.operation, whose: r.whose, dryRun: r.dryRun}
	}
	return false
}

func typeOf(name book.Name) book.Type { t, _ := book.LookupType(name.Type); return t }

// refusalOf is why operations that are one were refused, "" when they were not.
func refusalOf(results []*result) fault.Code {
	for _, r := range results {
		code := fault.Code(r.draft.GetRefusal().GetCode())
		if r.refusal != nil {
			code = r.refusal.Code
		}
		if code != fault.GroupFailed {
			return code
		}
	}
	return fault.GroupFailed
}

// shortage is the first operation for which what is free of an account is not enough.
func (d *decider) shortage(p *parked, a stripe.Account, account string, asset money.Asset, free money.Amount) (int, book.Short) {
	short := book.Short{Account: account, Asset: asset}
	for i, op := range p.list {
		short.Available = free
		for _, ch := range ledger.Conditioned(op) {
			if stripeAccount(p.Book, ch.Account, ch.Asset.Code) == a && ch.Amount.Cmp(free) > 0 {
				short.Need, short.Condition = ch.Amount, true
				return i, short
			}
		}
		down := money.Zero
		for _, ch := range d.lowering(p.Book, op) {
			if stripeAccount(p.Book, ch.Account, ch.Asset.Code) != a {
				continue
			}
			if ch.Lowers() {
				down = down.Add(ch.Amount)
			} else if ch.Kind == book.Debit || ch.Kind == book.Credit {
				down = down.Sub(ch.Amount)
			}
		}
		if short.Need = down; down.Cmp(free) > 0 {
			return i, short
		}
		free = free.Sub(down)
	}
	return len(p.list) - 1, short
}

// free is what the stripe can spend above its floor.
func (d *decider) free(a stripe.Account) money.Amount {
	bookName, account, asset := splitAccount(a)
	name, refusal := book.ParseName("account", account)
	if refusal != nil {
		panic("engine: gathering of " + refusal.Error())
	}
	t, _ := book.LookupType(name.Type)
	d.mustLoad(stripeKey{bookName, account, asset.Code})
	v := view{d.state, bookName, false}
	if forbidden(v, account, t) {
		return money.Zero // it stays where it is
	}
	return book.Spendable(v, account, t, asset)
}
