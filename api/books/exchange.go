package books

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// roundings are the rules for the last digit.
var roundings = map[ledgerv1.Rounding]money.Rounding{
	ledgerv1.Rounding_ROUNDING_HALF_EVEN: money.HalfEven, ledgerv1.Rounding_ROUNDING_HALF_UP: money.HalfUp,
	ledgerv1.Rounding_ROUNDING_DOWN: money.Down, ledgerv1.Rounding_ROUNDING_UP: money.Up,
}

// exchange turns an exchange of the API into one of the command log.
func exchange(x *ledgerv1.ExchangeAssets, open openNames) *commandv1.Exchange {
	all := legs([]*ledgerv1.NewLeg{x.GetSold(), x.GetBought(), x.GetSpread()}, open)
	out := &commandv1.Exchange{
		Sold: all[0], Bought: all[1], Rate: x.GetRate(), Inverse: x.GetInverse(), Source: x.GetSource(),
		RateUs: x.GetRateAt().AsTime().UnixMicro(), Rounding: string(roundings[x.GetRounding()]),
		Kind: x.GetKind(), Day: x.GetDay(), Metadata: x.GetMetadata(), Links: x.GetLinks(),
	}
	if x.GetSpread() != nil {
		out.Spread = all[2]
	}
	return out
}

// exchanged is how the sums of an exchange belong together; nil when an entry is none.
func exchanged(x *journalv1.Exchange) *ledgerv1.Exchange {
	if x == nil {
		return nil
	}
	out := &ledgerv1.Exchange{
		Rate: x.GetRate(), Inverse: x.GetInverse(), Source: x.GetSource(), RateAt: timestamppb.New(gate.Moment(x.GetRateUs())),
		Exact: x.GetExact(), Rounded: x.GetRounded(), Difference: x.GetDifference(),
	}
	for wire, rule := range roundings {
		if string(rule) == x.GetRounding() {
			out.Rounding = wire
		}
	}
	return out
}

// exchangeField names the leg of an exchange where the books speak of an account.
func exchangeField(x *ledgerv1.ExchangeAssets, field string, r *fault.Refusal) string {
	if field != "account" {
		return field
	}
	for _, l := range []struct {
		name string
		leg  *ledgerv1.NewLeg
	}{{"sold", x.GetSold()}, {"bought", x.GetBought()}, {"spread", x.GetSpread()}} {
		if asset := r.Facts["asset"]; l.leg.GetAccount() == r.Facts["account"] && (asset == "" || asset == l.leg.GetAsset()) {
			return l.name + ".account"
		}
	}
	return "sold.account" // the position is nobody's field
}
