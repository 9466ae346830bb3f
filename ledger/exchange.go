package ledger

import (
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// KindExchange is the kind of an exchange whose caller names none.
const KindExchange = "exchange"

// RateAheadUS is how far the moment of a rate may be ahead of the decision's clock,
// because the clocks of machines differ.
const RateAheadUS = int64(10 * time.Second / time.Microsecond)

// ExchangeLegs are the legs that an exchange names, in order: a spread last, if any.
func ExchangeLegs(x *commandv1.Exchange) []*commandv1.Leg {
	legs := make([]*commandv1.Leg, 0, 3)
	for _, l := range [...]*commandv1.Leg{x.GetSold(), x.GetBought(), x.GetSpread()} {
		if l != nil {
			legs = append(legs, l)
		}
	}
	return legs
}

// Positions are the places of the position account that an exchange will book to: account
// and asset alone. None when the exchange is wrong by itself.
func Positions(x *commandv1.Exchange) []*commandv1.Leg {
	sold, known := money.LookupAsset(x.GetSold().GetAsset())
	bought, both := money.LookupAsset(x.GetBought().GetAsset())
	if !known || !both || sold == bought {
		return nil
	}
	account := book.Position(sold, bought)
	return []*commandv1.Leg{{Account: account, Asset: sold.Code}, {Account: account, Asset: bought.Code}}
}

func exchange(v View, x *commandv1.Exchange, now Now) (*Draft, *fault.Refusal, *book.Short) {
	legs, entry, refusal := exchanged(x)
	if refusal != nil {
		return nil, refusal, nil
	}
	if x.GetRateUs() > now.US+RateAheadUS {
		return nil, fault.Refuse(fault.RateInvalid, "rate_at", "the rate is of %s, which has not come", momentText(x.GetRateUs())).
			With("rate_at", momentText(x.GetRateUs())).With("now", momentText(now.US)), nil
	}
	entry.Day = orDay(x.GetDay(), now)
	if refusal := notAhead(entry, now); refusal != nil {
		return nil, refusal, nil
	}
	if refusal := checkDay(v, entry.GetDay()); refusal != nil {
		return nil, refusal, nil
	}
	applied, refusal, short := apply(v, legs, nil)
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	return draft(applied, entry), nil, nil
}

func momentText(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339Nano) }

// exchanged reads an exchange and refuses what is wrong whatever the books and the clock
// say; the entry has no day yet.
func exchanged(x *commandv1.Exchange) ([]book.Change, *journalv1.Entry, *fault.Refusal) {
	e, refusal := readExchange(x)
	if refusal != nil {
		return nil, nil, refusal
	}
	kind := x.GetKind()
	if kind == "" {
		kind = KindExchange
	}
	entry := &journalv1.Entry{Kind: kind, Metadata: x.GetMetadata(), Links: x.GetLinks()}
	if refusal := checkEntryWords(entry, x.GetDay()); refusal != nil {
		return nil, nil, refusal
	}
	legs, refusal := e.Legs(kind)
	if refusal != nil {
		return nil, nil, refusal
	}
	exact, rounded := e.AtRate()
	entry.Kind = e.Kind(kind)
	entry.Exchange = &journalv1.Exchange{
		Rate: x.GetRate(), Inverse: x.GetInverse(), Source: x.GetSource(), RateUs: x.GetRateUs(), Rounding: x.GetRounding(),
		Exact: exact.String(), Rounded: e.Bought.Asset.Format(rounded), Difference: rounded.Sub(exact).String(),
	}
	return legs, entry, nil
}

// MaxSourceBytes bounds the name of a rate's source.
const MaxSourceBytes = 128

func readExchange(x *commandv1.Exchange) (book.Exchange, *fault.Refusal) {
	e := book.Exchange{Inverse: x.GetInverse()}
	var refusal *fault.Refusal
	if e.Sold, refusal = legChange("sold", x.GetSold()); refusal != nil {
		return e, refusal
	}
	if e.Bought, refusal = legChange("bought", x.GetBought()); refusal != nil {
		return e, refusal
	}
	if x.GetSpread() != nil {
		spread, refusal := legChange("spread", x.GetSpread())
		if refusal != nil {
			return e, refusal
		}
		e.Spread = &spread
	}
	if e.Rate, refusal = book.ParseRate("rate", x.GetRate()); refusal != nil {
		return e, refusal
	}
	var known bool
	e.Rounding, known = money.LookupRounding(x.GetRounding())
	switch {
	case !known:
		return e, fault.Refuse(fault.Malformed, "rounding", "%q is none of half_even, half_up, down, up", x.GetRounding())
	case x.GetSource() == "" || len(x.GetSource()) > MaxSourceBytes:
		return e, fault.Refuse(fault.RateInvalid, "source", "the name of the rate's source has 1 to %d bytes", MaxSourceBytes)
	case x.GetRateUs() <= 0:
		return e, fault.Refuse(fault.RateInvalid, "rate_at", "the moment of the rate is missing")
	}
	return e, nil
}
