package api_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// testExchange: rate, source, moment and rounding are kept and shown, sums that differ
// from the rate are refused with both, and every refusal names its field.
func testExchange(t *testing.T, h *house) {
	c := h.caller(t)
	a := "customer:a"
	c.open("", a)
	c.must(client.Entry("", "topup", client.Credit(a, "USD", "1000.00"), client.Debit("bank:usd", "USD", "1000.00")))
	at := time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)
	rate := client.Rate{Value: "90.555", Source: "cbr", At: at, Rounding: ledgerv1.Rounding_ROUNDING_HALF_EVEN}
	sell := func(change func(x *ledgerv1.ExchangeAssets)) *ledgerv1.Operation {
		op := client.Exchange("", rate, client.Debit(a, "USD", "100.01"), client.Credit(a, "RUB", "9046.41"), client.Credit("revenue:fx", "RUB", "10.00"))
		if change != nil {
			change(op.GetExchange())
		}
		return op
	}
	dry, err := c.Ledger.Post(t.Context(), &ledgerv1.PostRequest{Book: c.book, DryRun: true, Operations: []*ledgerv1.Operation{sell(nil)}})
	if err != nil || dry.GetResults()[0].GetRefusal() != nil {
		t.Fatalf("%v %v", dry, err)
	}
	done := c.must(sell(nil))[0]
	if len(done.GetBalances()) != len(dry.GetResults()[0].GetBalances()) {
		t.Errorf("the dry run said %v, done was %v", dry, done)
	}
	c.wantBalances([]string{a}, "9046.41", "9046.41")
	e := c.entry(done.GetId())
	x := e.GetExchange()
	if x.GetRate() != "90.555" || x.GetInverse() || x.GetSource() != "cbr" || !x.GetRateAt().AsTime().Equal(at) ||
		x.GetRounding() != ledgerv1.Rounding_ROUNDING_HALF_EVEN || x.GetExact() != "9056.40555" || x.GetRounded() != "9056.41" ||
		x.GetDifference() != "0.00445" || len(e.GetLegs()) != 5 || e.GetLegs()[1].GetAccount() != "fx:rub-usd" || e.GetKind() != "exchange+spread" {
		t.Errorf("%v", e)
	}
	r := c.postOps(sell(func(x *ledgerv1.ExchangeAssets) { x.Bought.Amount = "9046.42" }))[0].GetRefusal()
	part(t, r, fault.RateMismatch, "operations[0].exchange.bought.amount")
	if r.GetFacts()["expected"] != "9056.41" || r.GetFacts()["found"] != "9056.42" {
		t.Errorf("%v", r)
	}
	for field, tc := range map[string]struct {
		code   fault.Code
		change func(x *ledgerv1.ExchangeAssets)
	}{
		"rate":           {fault.RateInvalid, func(x *ledgerv1.ExchangeAssets) { x.Rate = "0.0000000000000000001" }},
		"rate_at":        {fault.RateInvalid, func(x *ledgerv1.ExchangeAssets) { x.RateAt = timestamppb.New(at.AddDate(100, 0, 0)) }},
		"bought.asset":   {fault.Malformed, func(x *ledgerv1.ExchangeAssets) { x.Bought.Asset = "USD" }},
		"bought.side":    {fault.Malformed, func(x *ledgerv1.ExchangeAssets) { x.Bought.Side = ledgerv1.Side_SIDE_DEBIT }},
		"spread.side":    {fault.Malformed, func(x *ledgerv1.ExchangeAssets) { x.Spread.Side = ledgerv1.Side_SIDE_DEBIT }},
		"spread.asset":   {fault.Malformed, func(x *ledgerv1.ExchangeAssets) { x.Spread.Asset, x.Spread.Amount = "JPY", "1" }},
		"sold.account":   {fault.AccountUnknown, func(x *ledgerv1.ExchangeAssets) { x.Sold.Account = "customer:nobody" }},
		"bought.account": {fault.PurposeMixed, func(x *ledgerv1.ExchangeAssets) { x.Bought.Account = "revenue:fx" }},
		"spread.account": {fault.PurposeMixed, func(x *ledgerv1.ExchangeAssets) { x.Spread.Account = "tax-npd:x" }},
		"sold.amount":    {fault.AmountInvalid, func(x *ledgerv1.ExchangeAssets) { x.Sold.Amount = "-1" }},
		"day":            {fault.Malformed, func(x *ledgerv1.ExchangeAssets) { x.Day = "2126-01-01" }},
	} {
		part(t, c.postOps(sell(tc.change))[0].GetRefusal(), tc.code, "operations[0].exchange."+field)
	}
	part(t, c.postOps(sell(func(x *ledgerv1.ExchangeAssets) {
		x.Sold.Amount, x.Bought.Amount, x.Spread = "1000.00", "90555.00", nil
	}))[0].GetRefusal(), fault.InsufficientFunds, "operations[0].exchange.sold.account")
	for field, change := range map[string]func(x *ledgerv1.ExchangeAssets){
		"rounding": func(x *ledgerv1.ExchangeAssets) { x.Rounding = 0 },
		"source":   func(x *ledgerv1.ExchangeAssets) { x.Source = "" },
		"rate_at":  func(x *ledgerv1.ExchangeAssets) { x.RateAt = nil },
		"bought":   func(x *ledgerv1.ExchangeAssets) { x.Bought = nil },
	} {
		op := sell(change)
		op.Key = "wrong " + field
		_, err := c.once().Ledger.Post(t.Context(), &ledgerv1.PostRequest{Book: c.book, Operations: []*ledgerv1.Operation{op}})
		refused(t, err, fault.Malformed, "operations[0].exchange."+field)
	}
	part(t, c.postOps(amountsOp(done.GetId(), &ledgerv1.LegAmount{Leg: 0, Amount: "1"}, &ledgerv1.LegAmount{Leg: 1, Amount: "1"}))[0].GetRefusal(),
		fault.NotReversible, "operations[0].reverse.by_amounts.legs")
	c.must(partOp(done.GetId(), "0.5"))
	c.wantBalances([]string{a}, "4523.21", "4523.21")
	c.must(reverseOp(done.GetId()))
	c.wantBalances([]string{a}, "0.00", "0.00")
}
