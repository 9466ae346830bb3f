package audit

import (
	"strconv"
	"strings"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// exchange derives an exchange again from its first, fourth and fifth leg and its rate:
// the other legs, the sum at the rate, and what rounding made.
func (c *check) exchange(x *journalv1.Exchange, changes []book.Change) error {
	if len(changes) < 4 || len(changes) > 5 {
		return c.differ("the legs of the exchange", "4, or 5 with a spread", strconv.Itoa(len(changes)))
	}
	e := book.Exchange{Sold: changes[0], Bought: changes[3], Inverse: x.GetInverse()}
	kind := c.r.GetEntry().GetKind()
	if len(changes) == 5 {
		e.Spread = &changes[4]
		kind = strings.TrimSuffix(kind, book.KindSeparator+book.SpreadRecipe)
	}
	rate, refusal := book.ParseRate("rate", x.GetRate())
	if refusal != nil {
		return c.differ("the rate", "a positive decimal", x.GetRate())
	}
	rounding, known := money.LookupRounding(x.GetRounding())
	if !known {
		return c.differ("the rounding", "a rule", x.GetRounding())
	}
	e.Rate, e.Rounding = rate, rounding
	if x.GetSource() == "" {
		return c.differ("the source of the rate", "a name", "none")
	}
	if us := x.GetRateUs(); us <= 0 || us > c.r.GetClockUs()+ledger.RateAheadUS {
		return c.differ("the moment of the rate", "at most "+strconv.FormatInt(c.r.GetClockUs()+ledger.RateAheadUS, 10), strconv.FormatInt(us, 10))
	}
	legs, refusal := e.Legs(kind)
	if refusal != nil {
		return c.differ("the exchange", "sums that belong together at the rate", refusal.Error())
	}
	if whole := e.Kind(kind); whole != c.r.GetEntry().GetKind() {
		return c.differ("the kind of the exchange", whole, c.r.GetEntry().GetKind())
	}
	for i := range legs {
		if l, found := &legs[i], &changes[i]; l.Account != found.Account || l.Asset != found.Asset || l.Kind != found.Kind || !l.Amount.Equal(found.Amount) {
			return c.differ("leg "+strconv.Itoa(i)+" of the exchange", l.Asset.Format(l.Amount)+" of "+l.Account, found.Asset.Format(found.Amount)+" of "+found.Account)
		}
	}
	exact, rounded := e.AtRate()
	for _, sum := range [...]struct{ name, expected, found string }{
		{"before rounding", exact.String(), x.GetExact()},
		{"rounded", e.Bought.Asset.Format(rounded), x.GetRounded()},
		{"that rounding added", rounded.Sub(exact).String(), x.GetDifference()},
	} {
		if sum.expected != sum.found {
			return c.differ("the sum of the exchange "+sum.name, sum.expected, sum.found)
		}
	}
	return nil
}
