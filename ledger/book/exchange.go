package book

import (
	"strings"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// SpreadRecipe is joined to the kind of an exchange with a spread: its passage lets a
// spread be earned, and nothing else.
const SpreadRecipe = "spread"

// RatePlaces is how many decimal places a rate may have.
const RatePlaces = 18

// Exchange is money of one asset that is sold for money of another.
type Exchange struct {
	Sold, Bought Change
	Spread       *Change // nil when there is none
	Rate         money.Amount
	Inverse      bool // the rate is units of the sold asset for one of the bought
	Rounding     money.Rounding
}

// ParseRate reads a rate: a positive decimal of at most 18 places.
func ParseRate(field, text string) (money.Amount, *fault.Refusal) {
	if _, err := (money.Asset{Code: "rate", Scale: RatePlaces}).Parse(text); err != nil {
		return money.Zero, fault.Refuse(fault.RateInvalid, field, "%v", err)
	}
	rate := money.MustParse(text)
	if rate.Sign() <= 0 {
		return money.Zero, fault.Refuse(fault.RateInvalid, field, "%s is not positive", text)
	}
	return rate, nil
}

// Position is the account that stands between two assets, one for both directions, so
// that its two balances are what is open of the pair: fx:rub-usd.
func Position(a, b money.Asset) string {
	first, second := strings.ToLower(a.Code), strings.ToLower(b.Code)
	if first > second {
		first, second = second, first
	}
	return chart.position + ":" + first + "-" + second
}

// inSold says that the spread is taken off before the exchange.
func (x Exchange) inSold() bool { return x.Spread != nil && x.Spread.Asset.Code == x.Sold.Asset.Code }

// converted is what goes through the rate, and what comes out when the books are right.
func (x Exchange) converted() (in, out money.Amount) {
	in, out = x.Sold.Amount, x.Bought.Amount
	switch {
	case x.inSold():
		in = in.Sub(x.Spread.Amount)
	case x.Spread != nil:
		out = out.Add(x.Spread.Amount)
	}
	return in, out
}

// AtRate is the sum at the rate in the bought asset, rounded once by the rule, and before
// it was rounded: exact, but of an inverse rate cut RatePlaces behind the asset's own.
func (x Exchange) AtRate() (exact, rounded money.Amount) {
	in, _ := x.converted()
	scale := x.Bought.Asset.Scale
	if x.Inverse {
		return in.Div(x.Rate, scale+RatePlaces, money.Down), in.Div(x.Rate, scale, x.Rounding)
	}
	exact = in.Times(x.Rate)
	return exact, exact.Round(scale, x.Rounding)
}

// Kind is the kind of the exchange's entry.
func (x Exchange) Kind(kind string) string {
	if x.Spread == nil {
		return kind
	}
	return kind + KindSeparator + SpreadRecipe
}

// Legs gives the legs of the exchange: what is sold, the position in that asset, the
// position in the other, what is bought, the spread. What it refuses: one asset, one
// side, a position sold or bought by itself, a spread that is none, sums that differ from
// the rate, and every passage between purposes that the chart does not name; between what
// is sold and what is bought the spread's own does not count.
func (x Exchange) Legs(kind string) ([]Change, *fault.Refusal) {
	if refusal := x.check(); refusal != nil {
		return nil, refusal
	}
	in, out := x.converted()
	_, rounded := x.AtRate()
	asset := x.Bought.Asset
	if out.Cmp(rounded) != 0 {
		return nil, fault.Refuse(fault.RateMismatch, "bought.amount", "%s %s at the rate %s is %s %s, rounded by %s; %s %s found",
			x.Sold.Asset.Format(in), x.Sold.Asset.Code, x.Rate, asset.Format(rounded), asset.Code, x.Rounding, asset.Format(out), asset.Code).
			With("expected", asset.Format(rounded)).With("found", asset.Format(out)).With("asset", asset.Code).
			With("exchanged", x.Sold.Asset.Format(in)).With("rate", x.Rate.String()).With("rounding", string(x.Rounding))
	}
	if _, err := asset.Parse(asset.Format(out)); err != nil {
		return nil, fault.Refuse(fault.AmountInvalid, "bought.amount", "what is bought and the spread: %v", err)
	}
	position, t := Position(x.Sold.Asset, asset), chart.types[chart.position]
	legs := []Change{
		x.Sold,
		{Account: position, Type: t, Asset: x.Sold.Asset, Kind: x.Bought.Kind, Amount: in},
		{Account: position, Type: t, Asset: asset, Kind: x.Sold.Kind, Amount: out},
		x.Bought,
	}
	refusal := checkPurposes(kind, legs)
	if x.Spread != nil {
		legs = append(legs, *x.Spread)
	}
	if refusal == nil {
		refusal = CheckEntry(x.Kind(kind), legs)
	}
	if refusal != nil {
		refusal.Field = legNames.Replace(refusal.Field)
		return nil, refusal
	}
	return legs, nil
}

// legNames are the legs of an exchange as a caller calls them.
var legNames = strings.NewReplacer("legs[0]", "sold", "legs[1]", "sold", "legs[2]", "bought", "legs[3]", "bought", "legs[4]", "spread")

// check refuses what is no exchange whatever the rate.
func (x Exchange) check() *fault.Refusal {
	s := x.Spread
	switch {
	case x.Sold.Asset.Code == x.Bought.Asset.Code:
		return fault.Refuse(fault.Malformed, "bought.asset", "%s is sold for %s", x.Sold.Asset.Code, x.Bought.Asset.Code)
	case x.Sold.Kind == x.Bought.Kind:
		return fault.Refuse(fault.Malformed, "bought.side", "what is sold and what is bought stand on one side")
	case x.Sold.Type.Position:
		return fault.Refuse(fault.Malformed, "sold.account", "%s is a position: the exchange books to it by itself", x.Sold.Account)
	case x.Bought.Type.Position:
		return fault.Refuse(fault.Malformed, "bought.account", "%s is a position: the exchange books to it by itself", x.Bought.Account)
	case s == nil:
		return nil
	case s.Type.Position:
		return fault.Refuse(fault.Malformed, "spread.account", "%s is a position: the exchange books to it by itself", s.Account)
	case s.Asset.Code != x.Sold.Asset.Code && s.Asset.Code != x.Bought.Asset.Code:
		return fault.Refuse(fault.Malformed, "spread.asset", "%s is neither sold nor bought", s.Asset.Code)
	case s.Kind != x.Bought.Kind:
		return fault.Refuse(fault.Malformed, "spread.side", "the spread does not stand on the side of what is bought")
	case x.inSold() && s.Amount.Cmp(x.Sold.Amount) >= 0:
		return fault.Refuse(fault.AmountInvalid, "spread.amount", "the spread of %s is all that is sold", s.Asset.Format(s.Amount))
	}
	return nil
}

// CheckPositions refuses a plain entry that puts anything but our own money beside a
// position: only an exchange, whose rate is kept, does. Our own takes what a position won
// or lost.
func CheckPositions(legs []Change) *fault.Refusal {
	for i := range legs {
		if !legs[i].Type.Position {
			continue
		}
		for j := range legs {
			if t := &legs[j].Type; !t.Position && t.Purpose != "own" {
				return fault.Refuse(fault.PurposeMixed, "legs", "only an exchange moves %s money of %s into the position %s",
					t.Purpose, legs[j].Account, legs[i].Account)
			}
		}
		return nil
	}
	return nil
}
