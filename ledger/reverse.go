package ledger

import (
	"fmt"
	"strconv"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// KindReversal is the kind of a reversal whose caller names none.
const KindReversal = "reversal"

// Links that decisions write; no caller may use them.
const (
	LinkReverses = "reverses" // the id of the entry that is given back
	LinkSettles  = "settles"  // the number of the record that placed the hold
	LinkDated    = "dated"    // the day of what happened, when its period was closed already
)

// OriginalOf is the entry of a record as a reversal finds it, none of it given back;
// false when the record posted none.
func OriginalOf(rec *journalv1.Record) (book.Original, bool) {
	e := rec.GetEntry()
	if e == nil {
		return book.Original{}, false
	}
	o := book.Original{Seq: rec.GetSeq(), Kind: e.GetKind()}
	back := int(e.GetReversal().GetPostings())
	for i, l := range rec.GetLegs() {
		if k := book.Kind(l.GetKind()); i < back || k != book.Debit && k != book.Credit {
			continue
		}
		o.Legs = append(o.Legs, originalLeg(i, l.GetAccount(), l.GetAsset(), book.Kind(l.GetKind()), l.GetAmount(), ""))
	}
	switch {
	case rec.GetMove() != nil:
		o.Final = "a step of a product flow"
	case e.GetKind() == KindTransit:
		o.Final = "a move between stripes"
	case len(o.Legs) == 0:
		o.Final = "a reversal"
	}
	return o, true
}

// ReversedBy is the entry that a record gives back as it stands after the record; false
// when the record is no reversal. A reversal says all of it.
func ReversedBy(rec *journalv1.Record) (book.Original, bool) {
	r := rec.GetEntry().GetReversal()
	if r == nil {
		return book.Original{}, false
	}
	o := book.Original{Seq: r.GetSeq(), Kind: r.GetKind(), Legs: make([]book.OriginalLeg, len(r.GetLegs()))}
	for i, l := range r.GetLegs() {
		kind := book.Credit
		if l.GetDebit() {
			kind = book.Debit
		}
		o.Legs[i] = originalLeg(int(l.GetLeg()), l.GetAccount(), l.GetAsset(), kind, l.GetAmount(), l.GetReversed())
	}
	return o, true
}

// originalLeg reads a leg that the journal wrote.
func originalLeg(leg int, account, assetCode string, kind book.Kind, amount, reversed string) book.OriginalLeg {
	t, refusal := typeOf("account", account)
	asset, ok := money.LookupAsset(assetCode)
	if refusal != nil || !ok {
		panic(fmt.Sprintf("ledger: the journal has a leg on %s in %s", account, assetCode))
	}
	l := book.OriginalLeg{Leg: leg, Change: book.Change{
		Account: account, Type: t, Asset: asset, Kind: kind, Amount: money.MustParse(amount),
	}}
	if reversed != "" {
		l.Reversed = money.MustParse(reversed)
	}
	return l
}

func reverse(v View, r *commandv1.Reverse, now Now) (*Draft, *fault.Refusal, *book.Short) {
	back, after, refusal := reversal(v, r)
	if refusal != nil {
		return nil, refusal, nil
	}
	kind := r.GetKind()
	if kind == "" {
		kind = KindReversal
	}
	entry := &journalv1.Entry{Kind: kind, Day: orDay(r.GetDay(), now), Metadata: r.GetMetadata(), Links: r.GetLinks()}
	if refusal := checkEntryWords(entry, r.GetDay()); refusal != nil {
		return nil, refusal, nil
	}
	if refusal := notAhead(entry, now); refusal != nil {
		return nil, refusal, nil
	}
	if refusal := checkDay(v, entry.GetDay()); refusal != nil {
		return nil, refusal, nil
	}
	return applyReversal(v, r.GetShard(), back, nil, after, entry)
}

func correct(v View, c *commandv1.Correct, now Now) (*Draft, *fault.Refusal, *book.Short) {
	back, after, refusal := reversal(v, &commandv1.Reverse{Seq: c.GetSeq()})
	if refusal != nil {
		return nil, refusal, nil
	}
	fresh, entry, refusal := newEntry(v, nil, c.GetPost(), now)
	if refusal != nil {
		return nil, refusal.At("entry"), nil
	}
	if refusal := notAhead(entry, now); refusal != nil {
		return nil, refusal.At("entry"), nil
	}
	return applyReversal(v, c.GetShard(), back, fresh, after, entry)
}

// applyReversal books what gives an entry back and, of a correction, what stands in its
// place: floors are looked at after both.
func applyReversal(v View, shard uint32, back, fresh []book.Change, after book.Original, entry *journalv1.Entry) (*Draft, *fault.Refusal, *book.Short) {
	applied, refusal, short := apply(v, append(back, fresh...), nil)
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	entry.Reversal = &journalv1.Reversal{Seq: after.Seq, Kind: after.Kind, Postings: uint32(len(back))}
	for _, l := range after.Legs {
		asset := l.Change.Asset
		entry.Reversal.Legs = append(entry.Reversal.Legs, &journalv1.ReversedLeg{
			Leg: uint32(l.Leg), Account: l.Change.Account, Asset: asset.Code, Debit: l.Change.Kind == book.Debit,
			Amount: asset.Format(l.Change.Amount), Reversed: asset.Format(l.Reversed),
		})
	}
	entry.Links = linked(entry.Links, LinkReverses, strconv.FormatUint(uint64(shard), 10)+"."+strconv.FormatUint(after.Seq, 10))
	d := draft(applied, entry)
	d.Reversed = &after
	return d, nil, nil
}

// linked adds a link to those of the caller, which stay as they are.
func linked(links map[string]string, name, value string) map[string]string {
	out := make(map[string]string, len(links)+1)
	for k, v := range links {
		out[k] = v
	}
	out[name] = value
	return out
}

// reversal gives the changes that a reversal asks for, and its entry after them.
func reversal(v View, r *commandv1.Reverse) ([]book.Change, book.Original, *fault.Refusal) {
	o, ok := v.Entry(r.GetSeq())
	if !ok {
		return nil, o, fault.Refuse(fault.EntryUnknown, "entry", "record %d of the shard posted no entry", r.GetSeq())
	}
	amounts, refusal := reversedAmounts(o, r)
	if refusal != nil {
		return nil, o, refusal
	}
	return o.Reverse(amounts)
}

// reversedAmounts reads how much of each leg is asked for.
func reversedAmounts(o book.Original, r *commandv1.Reverse) ([]money.Amount, *fault.Refusal) {
	switch {
	case r.GetPart() != "":
		part, err := money.Parse(r.GetPart())
		if err != nil || part.Sign() <= 0 || part.Cmp(money.New(1, 0)) > 0 {
			return nil, fault.Refuse(fault.AmountInvalid, "part", "%q is no decimal above 0 and at most 1", r.GetPart())
		}
		return o.Part(money.Fraction{Part: part, Whole: money.New(1, 0)})
	case r.GetByLeg() != nil:
		asset, whole, refusal := o.Leg(int(r.GetByLeg().GetLeg()))
		if refusal != nil {
			return nil, refusal.At("by_leg")
		}
		part, refusal := positive("by_leg.amount", asset, r.GetByLeg().GetAmount())
		if refusal != nil {
			return nil, refusal
		}
		return o.Part(money.Fraction{Part: part, Whole: whole})
	case len(r.GetLegs()) > 0:
		if o.Exchanged() {
			return nil, fault.Refuse(fault.NotReversible, "legs", "an exchange is given back by a part of the whole: both assets at its rate")
		}
		legs, amounts := make([]int, len(r.GetLegs())), make([]money.Amount, len(r.GetLegs()))
		for i, l := range r.GetLegs() {
			asset, _, refusal := o.Leg(int(l.GetLeg()))
			if refusal != nil {
				return nil, refusal.At(fmt.Sprintf("legs[%d]", i))
			}
			if amounts[i], refusal = positive("amount", asset, l.GetAmount()); refusal != nil {
				return nil, refusal.At(fmt.Sprintf("legs[%d]", i))
			}
			legs[i] = int(l.GetLeg())
		}
		return o.Amounts(legs, amounts)
	}
	return o.Left(), nil
}
