package engine_test

import (
	"testing"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// sell sells rubles of an account for dollars of another, with a spread in rubles.
func sell(key, from, to, rubles, dollars, spread string) engine.Operation {
	usd := leg(to, false, dollars)
	usd.Asset = "USD"
	return op(key, &commandv1.Operation_Exchange{Exchange: &commandv1.Exchange{
		Sold: leg(from, true, rubles), Bought: usd, Spread: leg("revenue:fx", false, spread),
		Rate: "90.5", Inverse: true, Source: "cbr", RateUs: 1, Rounding: "half_even",
	}})
}

// TestExchanges: money is gathered from other shards to be sold, the same key is one
// exchange, a restart finds the positions again, and a replay does the same.
func TestExchanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one")
	a, b := "wallet:"+w.owner("a", 0), "wallet:"+w.owner("b", 1)
	p.must(open(a), open(b), topUp("t", a, "1000.00"), topUp("u", b, "10000.00"))
	p.must(pay("away", b, a, "9000.00")) // decided at b's home: a's money is there
	done := p.must(sell("x", a, a, "9060.00", "100.00", "10.00"))[0]
	if x := done.Record.GetEntry().GetExchange(); x.GetExact() != "100.00000000000000000000" || x.GetRounded() != "100.00" {
		t.Errorf("%v", x)
	}
	p.wants(a, "940.00")
	if out := p.must(sell("x", a, a, "9060.00", "100.00", "10.00")); !out[0].Replayed {
		t.Error("the same exchange was done twice")
	}
	p.refused(fault.KeyReused, sell("x", a, a, "9060.01", "100.00", "10.01"))
	p.refused(fault.InsufficientFunds, sell("much", a, a, "9060.00", "100.00", "10.00"))
	p.refused(fault.RateMismatch, sell("off", a, a, "915.00", "10.01", "10.00"))
	late := sell("late", a, a, "915.00", "10.00", "10.00")
	late.GetExchange().RateUs = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	p.refused(fault.RateInvalid, late)
	p.stop()
	p = w.start("two") // memory is gone
	p.must(sell("y", a, b, "915.00", "10.00", "10.00"))
	p.must(reverseOf("r", done.Record, ""))
	p.wants(a, "9085.00")
	p.until("all messages between shards have arrived", p.calm)
	p.allEvents()
	p.stop()
	w.sameHeads(1, 8000)
}
