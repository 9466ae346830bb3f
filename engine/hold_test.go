package engine_test

import (
	"testing"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// resizeOf holds more than the record's hold did.
func resizeOf(key string, rec *journalv1.Record, increase string) engine.Operation {
	return op(key, &commandv1.Operation_Resize{Resize: &commandv1.Resize{
		Shard: rec.GetShard(), PlacedSeq: rec.GetSeq(), Increase: increase,
	}})
}

// lateOf settles the record's hold, which is over.
func lateOf(key string, rec *journalv1.Record, amount string) engine.Operation {
	return op(key, &commandv1.Operation_SettleLate{SettleLate: &commandv1.SettleLate{
		Shard: rec.GetShard(), PlacedSeq: rec.GetSeq(), Amount: amount, Kind: "transfer",
		Credits: []*commandv1.Leg{leg("bank:settlement", false, amount)},
	}})
}

func voidOf(key string, rec *journalv1.Record) engine.Operation {
	return op(key, &commandv1.Operation_Void{Void: &commandv1.Void{Shard: rec.GetShard(), PlacedSeq: rec.GetSeq()}})
}

// over is a hold of 2.00 that was voided.
func (b *busy) over(p *process, account string) *journalv1.Record {
	held := b.do(p, op("short hold", place(account, "2.00", 0)))[0].Record
	b.do(p, voidOf("void", held))
	return held
}

// TestHolds: what a hold takes beyond what is held is gathered from other shards, from
// memory and from the database after a restart; a replay does the same.
func TestHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one")
	a, b := "wallet:"+w.owner("a", 0), "wallet:"+w.owner("b", 1)
	p.must(open(a), open(b), topUp("t", a, "200.00"), pay("p1", a, b, "20.00"))
	held := p.must(op("h1", place(b, "15.00", 0)))[0].Record
	p.must(pay("p2", a, b, "20.00")) // it lies on the shard of a
	more := p.must(resizeOf("more", held, "20.00"))[0].Record
	if h := more.GetHolds()[0]; h.GetAmount() != "35.00" || h.GetLeft() != "35.00" {
		t.Errorf("%v", h)
	}
	if out := p.must(resizeOf("more", held, "20.00")); !out[0].Replayed {
		t.Error("the same increase was done twice")
	}
	p.refused(fault.KeyReused, resizeOf("more", held, "20.01"))
	p.refused(fault.InsufficientFunds, resizeOf("too much", held, "5.01"))
	p.must(pay("p3", a, b, "10.00"))
	over := op("over", settle(held.GetSeq(), "45.00", "bank:settlement"))
	over.GetSettle().Shard, over.GetSettle().OverLimit = held.GetShard(), "10.00"
	if h := p.must(over)[0].Record.GetHolds()[0]; h.GetOver() != "10.00" || h.GetState() != journalv1.HoldState_HOLD_STATE_SETTLED {
		t.Errorf("%v", h)
	}
	p.wants(b, "5.00")
	ended := p.must(op("h2", place(b, "5.00", 0)))[0].Record
	p.refused(fault.WrongState, lateOf("early", ended, "1.00"))
	p.must(voidOf("v", ended))
	p.stop()
	p = w.start("two") // memory is gone
	p.must(lateOf("l1", ended, "3.00"))
	p.refused(fault.HoldExceeded, lateOf("l2", ended, "2.01"))
	p.must(pay("spend", b, "bank:settlement", "2.00"), pay("p4", a, b, "4.00"))
	p.must(lateOf("l3", ended, "2.00"))
	p.wants(b, "2.00")
	p.refused(fault.HoldExceeded, lateOf("l4", ended, "0.01"))
	p.refused(fault.WrongState, lateOf("l5", held, "0.01"))
	p.until("all messages between shards have arrived", p.calm)
	p.allEvents()
	p.stop()
	w.sameHeads(1, 8000)
}
