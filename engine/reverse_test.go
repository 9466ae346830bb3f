package engine_test

import (
	"testing"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// reverseOf gives a record's entry back by a part, "" is all that is left.
func reverseOf(key string, rec *journalv1.Record, part string) engine.Operation {
	return op(key, &commandv1.Operation_Reverse{Reverse: &commandv1.Reverse{Shard: rec.GetShard(), Seq: rec.GetSeq(), Part: part}})
}

func correctionOf(key string, rec *journalv1.Record, from, to, amount string) engine.Operation {
	return op(key, &commandv1.Operation_Correct{Correct: &commandv1.Correct{
		Shard: rec.GetShard(), Seq: rec.GetSeq(), Post: pay("", from, to, amount).GetPost(),
	}})
}

// TestReversals: entries are given back from memory, from the database after a restart,
// and never beyond what they posted; the money is gathered from other shards when the
// entry's own has not enough; a replay does the same.
func TestReversals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := w.start("one")
	a, b := "wallet:"+w.owner("a", 0), "wallet:"+w.owner("b", 1)
	p.must(open(a), open(b), topUp("t", a, "100.00"))
	paid := p.must(pay("p", a, b, "60.00"))[0].Record
	p.must(reverseOf("r1", paid, "0.25"))
	p.wants(a, "55.00")
	if out := p.must(reverseOf("r1", paid, "0.25")); !out[0].Replayed {
		t.Error("the same reversal was done twice")
	}
	p.refused(fault.KeyReused, reverseOf("r1", paid, "0.5"))
	// What b has on this shard moves to its home, so that the next reversal has to gather.
	p.must(pay("spend", b, "bank:settlement", "45.00"), topUp("back", b, "45.00"))
	p.stop()
	p = w.start("two") // memory is gone
	p.must(reverseOf("r2", paid, "0.5"))
	p.wants(a, "85.00")
	p.wants(b, "15.00")
	r := p.refused(fault.ReversalExceeded, reverseOf("r3", paid, "0.5"))
	if r.Refusal.Facts["left"] != "15.00" || r.Refusal.Facts["asked"] != "30.00" {
		t.Errorf("the refusal does not say why: %v", r.Refusal)
	}
	last := p.must(correctionOf("c1", paid, a, b, "20.00"))[0].Record
	p.wants(a, "80.00")
	p.wants(b, "20.00")
	p.refused(fault.ReversalExceeded, reverseOf("r4", paid, ""))
	p.must(reverseOf("r5", last, ""))
	p.wants(a, "100.00")
	p.wants(b, "0.00")
	p.refused(fault.EntryUnknown, reverseOf("r6", &journalv1.Record{Shard: 1, Seq: 1 << 40}, ""))
	p.refused(fault.EntryUnknown, reverseOf("r7", &journalv1.Record{Shard: 7, Seq: 1}, ""))
	p.until("all messages between shards have arrived", p.calm)
	p.allEvents()
	p.stop()
	w.sameHeads(1, 8000)
}

// TestAReversalOfWhatIsNotCommittedYet: whether an entry is there may not depend on how
// far the database is. The number of a record is guessed, in one command with the entry
// itself, before it and behind it, and inside an atomic group that is taken back.
func TestAReversalOfWhatIsNotCommittedYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one")
	a, b := "wallet:a", "wallet:b"
	p.must(open(a), open(b))
	seq := p.must(topUp("t", a, "100.00"))[0].Record.GetSeq()
	guess := func(key string, ahead uint64) engine.Operation {
		return reverseOf(key, &journalv1.Record{Seq: seq + ahead}, "")
	}
	out := p.submit(guess("early", 2), pay("p", a, b, "10.00"), guess("right", 2), guess("twice", 2))
	if out[0].Refusal == nil || out[0].Refusal.Code != fault.EntryUnknown || out[1].Refusal != nil || out[2].Refusal != nil ||
		out[3].Refusal == nil || out[3].Refusal.Code != fault.ReversalExceeded {
		t.Fatalf("%v", out)
	}
	p.wants(a, "100.00")
	one, two := pay("g1", a, b, "10.00"), pay("g2", a, b, "10.00")
	two.GetPost().Legs = two.GetPost().Legs[:1] // wrong by itself: the group leaves no record
	one.Group, two.Group = 1, 1
	seq = out[3].Record.GetSeq()
	out = p.submit(one, two, guess("taken back", 1), guess("itself", 2), pay("last", a, b, "1.00"), guess("of last", 3))
	for i, code := range []fault.Code{fault.GroupFailed, fault.Malformed, fault.EntryUnknown, fault.EntryUnknown, "", ""} {
		if got := out[i].Refusal; (got == nil) != (code == "") || got != nil && got.Code != code {
			t.Errorf("operation %d: %v, want %q", i, got, code)
		}
	}
	p.wants(a, "100.00")
	p.allEvents()
	p.stop()
	w.sameHeads(1, 8000)
}
