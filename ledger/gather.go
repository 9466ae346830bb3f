package ledger

import (
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// KindTransit is the kind of an entry that moves money between the stripes of an account.
const KindTransit = "transit"

// Lowering gives the changes by which an operation can take accounts below their
// floors, without looking at stripes. Settling what is held and voiding give back and
// lower nothing. An operation that is wrong lowers nothing either: it is
// refused for that.
func Lowering(v View, op *commandv1.Operation) []book.Change {
	switch what := op.GetWhat().(type) {
	case *commandv1.Operation_Post:
		if all, refusal := changes(nil, "legs", what.Post.GetLegs()); refusal == nil {
			return all
		}
	case *commandv1.Operation_Place:
		p := what.Place
		leg := &commandv1.Leg{Account: p.GetAccount(), Asset: p.GetAsset(), Amount: p.GetAmount(), Open: p.GetOpen()}
		if c, refusal := legChange("", leg); refusal == nil {
			return []book.Change{book.Place(c.Account, c.Type, c.Asset, c.Amount)}
		}
	case *commandv1.Operation_Reverse:
		if back, _, refusal := reversal(v, what.Reverse); refusal == nil {
			return back
		}
	case *commandv1.Operation_Exchange:
		if all, _, refusal := exchanged(what.Exchange); refusal == nil {
			return all
		}
	case *commandv1.Operation_Correct:
		back, _, refusal := reversal(v, &commandv1.Reverse{Seq: what.Correct.GetSeq()})
		fresh, wrong := changes(nil, "legs", what.Correct.GetPost().GetLegs())
		if refusal == nil && wrong == nil {
			return append(back, fresh...)
		}
	default:
		return beyond(v, op)
	}
	return nil
}

// Transit books money out of a stripe, or into it, on its way between the stripes
// of one account. key names the message that carries it.
func Transit(v View, account string, asset money.Asset, amount money.Amount, into bool, key, day string) *Draft {
	name, refusal := book.ParseName("account", account)
	if refusal != nil {
		panic("ledger: transit of " + refusal.Error())
	}
	t, _ := book.LookupType(name.Type)
	free := t
	free.Floored = false   // what may travel was checked when it was sent
	if amount.Sign() < 0 { // of a stripe below zero: the other way round
		amount, into = amount.Neg(), !into
	}
	lower, raise := t.Class.Lowering(), book.Debit+book.Credit-t.Class.Lowering()
	out := book.Change{Account: account, Type: free, Asset: asset, Kind: lower, Amount: amount}
	in := book.Change{Account: name.Transit().String(), Type: free, Asset: asset, Kind: raise, Amount: amount}
	if into {
		out.Kind, in.Kind = raise, lower
	}
	applied, _ := book.Apply(v, []book.Change{out, in}, nil)
	return draft(applied, &journalv1.Entry{Kind: KindTransit, Day: OpenDay(v, day), Links: map[string]string{"message": key}})
}

// Touch makes the stripe of an account by a hold of nothing; nil when it is there.
func Touch(v View, account string, asset money.Asset) *Draft {
	if v.Stripe(account, asset.Code).Version > 0 {
		return nil
	}
	t, refusal := typeOf("account", account)
	if refusal != nil {
		panic("ledger: touch of " + refusal.Error())
	}
	applied, _ := book.Apply(v, []book.Change{book.Place(account, t, asset, money.Zero)}, nil)
	return draft(applied, nil)
}
