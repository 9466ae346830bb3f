package book

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// Original is an entry with what was given back of it so far.
type Original struct {
	Seq  uint64 // of the record that posted it
	Kind string
	// Final says why the entry cannot be reversed; "" when it can.
	Final string
	Legs  []OriginalLeg
}

// OriginalLeg is one posting of an entry.
type OriginalLeg struct {
	Leg      int    // index among the legs of the record
	Change   Change // as it was posted
	Reversed money.Amount
}

// Left is what can still be given back of the leg.
func (l OriginalLeg) Left() money.Amount { return l.Change.Amount.Sub(l.Reversed) }

// Left is what can still be given back of each leg.
func (o Original) Left() []money.Amount {
	left := make([]money.Amount, len(o.Legs))
	for i := range o.Legs {
		left[i] = o.Legs[i].Left()
	}
	return left
}

// Exchanged says whether the entry has a position in more than one asset: only an
// exchange has.
func (o Original) Exchanged() bool {
	asset := ""
	for i := range o.Legs {
		switch c := &o.Legs[i].Change; {
		case !c.Type.Position || c.Asset.Code == asset:
		case asset != "":
			return true
		default:
			asset = c.Asset.Code
		}
	}
	return false
}

// Reverse gives the changes that take the amounts, one for each leg, off the entry, and
// the entry after it. What it refuses: an entry that is final, an entry of which nothing
// is left, more of a leg than is left, amounts whose debits differ from their credits,
// nothing at all.
func (o Original) Reverse(amounts []money.Amount) ([]Change, Original, *fault.Refusal) {
	if refusal := o.open(); refusal != nil {
		return nil, o, refusal
	}
	after := o
	after.Legs = slices.Clone(o.Legs)
	var given, back []Change
	for i, amount := range amounts {
		if amount.IsZero() {
			continue
		}
		l := &after.Legs[i]
		if amount.Cmp(l.Left()) > 0 {
			return nil, o, o.exceeded(i, amount)
		}
		l.Reversed = l.Reversed.Add(amount)
		part := l.Change
		part.Amount = amount
		given = append(given, part)
		part.Kind = Debit + Credit - part.Kind
		back = append(back, part)
	}
	if len(given) == 0 {
		return nil, o, fault.Refuse(fault.AmountInvalid, "amount", "the part is nothing in the smallest units of the entry's assets")
	}
	// What the entry might move it may move back: the passage is looked for in its direction.
	if refusal := CheckEntry(o.Kind, given); refusal != nil {
		return nil, o, refusal
	}
	return back, after, nil
}

func (o Original) open() *fault.Refusal {
	if o.Final != "" {
		return fault.Refuse(fault.NotReversible, "entry", "the entry is %s", o.Final).With("entry", o.Final)
	}
	for i := range o.Legs {
		if o.Legs[i].Left().Sign() > 0 {
			return nil
		}
	}
	return fault.Refuse(fault.ReversalExceeded, "entry", "nothing is left of the entry").With("left", "0")
}

func (o Original) exceeded(i int, asked money.Amount) *fault.Refusal {
	l := o.Legs[i]
	asset := l.Change.Asset
	return fault.Refuse(fault.ReversalExceeded, "amount", "%s %s of leg %d, %s, asked; %s of %s left",
		asset.Format(asked), asset.Code, l.Leg, l.Change.Account, asset.Format(l.Left()), asset.Format(l.Change.Amount)).
		With("leg", strconv.Itoa(l.Leg)).With("account", l.Change.Account).With("asset", asset.Code).
		With("asked", asset.Format(asked)).With("left", asset.Format(l.Left())).With("amount", asset.Format(l.Change.Amount))
}

// Amounts spreads amounts of some legs, by their index among the record's legs, over
// all of them. An amount that is not positive and an index that is no posting, or comes
// twice, are refused.
func (o Original) Amounts(legs []int, amounts []money.Amount) ([]money.Amount, *fault.Refusal) {
	out := make([]money.Amount, len(o.Legs))
	for n, leg := range legs {
		i, refusal := o.find(leg)
		if refusal != nil {
			return nil, refusal.At(fmt.Sprintf("legs[%d]", n))
		}
		if !out[i].IsZero() {
			return nil, fault.Refuse(fault.Malformed, fmt.Sprintf("legs[%d].leg", n), "leg %d is named twice", leg)
		}
		out[i] = amounts[n]
	}
	return out, nil
}

// find gives the place of a leg by its index among the record's legs.
func (o Original) find(leg int) (int, *fault.Refusal) {
	for i := range o.Legs {
		if o.Legs[i].Leg == leg {
			return i, nil
		}
	}
	return 0, fault.Refuse(fault.Malformed, "leg", "leg %d of the record is no posting of the entry", leg).
		With("leg", strconv.Itoa(leg))
}

// Leg gives the asset and the amount of a leg, by its index among the record's legs.
func (o Original) Leg(leg int) (money.Asset, money.Amount, *fault.Refusal) {
	i, refusal := o.find(leg)
	if refusal != nil {
		return money.Asset{}, money.Zero, refusal
	}
	return o.Legs[i].Change.Asset, o.Legs[i].Change.Amount, nil
}

// Part gives each leg's part of a fraction of the whole entry. In each asset the sum is
// the fraction of the debits, rounded down; a leg gets its own fraction rounded down,
// and the units missing to the sum go one each to the legs with the largest remainders,
// the earlier first, of those that have something left. So debits equal credits, and a
// leg differs from its exact fraction by less than one unit, but where earlier parts
// left it less.
func (o Original) Part(f money.Fraction) ([]money.Amount, *fault.Refusal) {
	if refusal := o.open(); refusal != nil {
		return nil, refusal
	}
	out := make([]money.Amount, len(o.Legs))
	for i := range o.Legs {
		first := o.Legs[i].Change
		if slices.ContainsFunc(o.Legs[:i], func(l OriginalLeg) bool { return l.Change.Asset.Code == first.Asset.Code }) {
			continue
		}
		for _, side := range []Kind{Debit, Credit} {
			if refusal := o.spread(f, first.Asset, side, out); refusal != nil {
				return nil, refusal
			}
		}
	}
	return out, nil
}

// spread gives the legs of one side in one asset their parts.
func (o Original) spread(f money.Fraction, asset money.Asset, side Kind, out []money.Amount) *fault.Refusal {
	type cut struct {
		at   int
		rest money.Amount
	}
	var whole, given money.Amount
	var cuts []cut
	short, asked := -1, money.Zero // the first leg that has less left than its fraction, rounded up
	for i := range o.Legs {
		l := &o.Legs[i]
		if l.Change.Asset.Code != asset.Code || l.Change.Kind != side {
			continue
		}
		whole = whole.Add(l.Change.Amount)
		left := l.Left()
		share, rest := l.Change.Amount.Share(f, asset.Scale)
		most := share
		if !rest.IsZero() {
			most = share.Add(asset.Unit())
		}
		switch {
		case most.Cmp(left) > 0:
			share = money.Min(share, left)
			if short < 0 {
				short, asked = i, most
			}
		case !rest.IsZero():
			cuts = append(cuts, cut{i, rest})
		}
		out[i] = share
		given = given.Add(share)
	}
	slices.SortStableFunc(cuts, func(a, b cut) int { return cmp.Or(b.rest.Cmp(a.rest), cmp.Compare(a.at, b.at)) })
	target, _ := whole.Share(f, asset.Scale)
	for _, c := range cuts {
		if given.Cmp(target) == 0 {
			break
		}
		out[c.at] = out[c.at].Add(asset.Unit())
		given = given.Add(asset.Unit())
	}
	if given.Cmp(target) != 0 {
		return o.exceeded(short, asked)
	}
	return nil
}
