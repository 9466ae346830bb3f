package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// when gives an operation conditions.
func when(o engine.Operation, list ...*journalv1.Condition) engine.Operation {
	o.Conditions = list
	return o
}

func has(account, amount string) *journalv1.Condition {
	return &journalv1.Condition{Account: account, Asset: "RUB", What: &journalv1.Condition_AtLeast{AtLeast: amount}}
}

func at(account string, shard uint32, version uint64) *journalv1.Condition {
	return &journalv1.Condition{Account: account, Asset: "RUB",
		What: &journalv1.Condition_Version{Version: &journalv1.StripeVersion{Shard: shard, Version: version}}}
}

// wantFacts says whether a refusal has the code and the numbers.
func wantFacts(t *testing.T, o engine.Outcome, code fault.Code, facts map[string]string) {
	t.Helper()
	if o.Refusal == nil || o.Refusal.Code != code || !maps.Equal(o.Refusal.Facts, facts) {
		t.Errorf("refused: %+v, want %s %v", o.Refusal, code, facts)
	}
}

// TestConditionsAreOfTheWholeAccount: an account lies on four shards; what is available is
// asked of all of them together, whichever shard decides.
func TestConditionsAreOfTheWholeAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	p := w.start("one")
	rich, near := "wallet:"+w.owner("rich", 1), "wallet:"+w.owner("near", 0)
	p.must(open(rich), open(near), topUp("t", near, "10.00"))
	for s := range 4 {
		from := "wallet:" + w.owner("from", s)
		p.must(open(from), topUp("t"+from, from, "100.00"), pay("p"+from, from, rich, "50.00"))
	}
	over := fmt.Sprintf("%s has 200.00 RUB available", rich)
	for i, o := range []engine.Operation{
		when(pay("elsewhere", near, "bank:settlement", "1.00"), has(rich, "200.01")),
		when(pay("at home", rich, "bank:settlement", "1.00"), has(near, "1.00"), has(rich, "200.01")),
		when(topUp("credits", near, "1.00"), has(rich, "200.01")),
	} {
		out := p.refused(fault.ConditionFailed, o)
		wantFacts(t, out, fault.ConditionFailed, map[string]string{"account": rich, "asset": "RUB", "available": "200.00", "asked": "200.01"})
		if got := out.Refusal.Reason; len(got) < len(over) || got[:len(over)] != over {
			t.Errorf("%d: %s", i, got)
		}
	}
	dry := p.Submit(t.Context(), engine.Request{Book: "main", Actor: "test", DryRun: true,
		Operations: []engine.Operation{when(pay("all of it", near, "bank:settlement", "1.00"), has(rich, "200.00"), has(near, "10.00"))}})[0]
	if dry.Refusal != nil || !slices.Equal(dry.Gathers, []string{near, rich}) { // those that were refused gathered some of near's
		t.Errorf("the dry run gathers %v: %v", dry.Gathers, dry.Refusal)
	}
	p.must(when(pay("all of it", near, "bank:settlement", "1.00"), has(rich, "200.00"), has(near, "10.00")))
	p.must(when(pay("once more", near, rich, "1.00"), has(rich, "200.00"))) // all of it is there now
	p.wants(rich, "201.00")
	p.wants(near, "8.00")
	// A refusal says the whole too, when another shard than the home decides.
	out := p.refused(fault.InsufficientFunds, op("short", &commandv1.Operation_Post{Post: &commandv1.Post{
		Kind: "transfer", Legs: []*commandv1.Leg{leg(near, true, "1.00"), leg(rich, true, "300.00"), leg("bank:settlement", false, "301.00")},
	}}))
	wantFacts(t, out, fault.InsufficientFunds, map[string]string{"account": rich, "asset": "RUB", "available": "201.00", "needed": "300.00"})

	group := []engine.Operation{pay("g1", near, rich, "1.00"), when(pay("g2", rich, "bank:settlement", "2.00"), has(rich, "202.01"))}
	group[0].Group, group[1].Group = 7, 7
	failed := p.submit(group...)
	wantFacts(t, failed[1], fault.ConditionFailed, map[string]string{"account": rich, "asset": "RUB", "available": "202.00", "asked": "202.01"})
	if failed[0].Refusal == nil || failed[0].Refusal.Code != fault.GroupFailed {
		t.Errorf("beside it: %v", failed[0].Refusal)
	}
	group = []engine.Operation{pay("h1", near, rich, "1.00"), when(pay("h2", rich, "bank:settlement", "2.00"), has(rich, "202.00"))}
	group[0].Group, group[1].Group = 7, 7
	p.must(group...)
	p.wants(rich, "200.00")
	p.until("all messages between shards have arrived", p.calm)
	p.allEvents()
	p.stop()
	w.sameHeads(1, 8000)
}

// TestConditionsOnVersions: an operation is decided on the shard of the version that it
// names, and refused when anything moved that stripe since.
func TestConditionsOnVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	p := w.start("one")
	a, b := "wallet:"+w.owner("a", 0), "wallet:"+w.owner("b", 1)
	p.must(open(a), open(b), topUp("ta", a, "100.00"), topUp("tb", b, "100.00"))
	rec := p.must(pay("seen", a, b, "10.00"))[0].Record // on shard 0, where b has a stripe of one leg now
	if rec.GetShard() != 0 || rec.GetLegs()[1].GetVersion() != 1 {
		t.Fatalf("the payment: %v", rec)
	}
	wantFacts(t, p.refused(fault.ConditionFailed, when(pay("stale", a, b, "1.00"), at(a, 0, 1))), fault.ConditionFailed,
		map[string]string{"account": a, "asset": "RUB", "shard": "0", "version": "1", "found": "2"})
	p.must(when(pay("fresh", a, b, "1.00"), at(a, 0, 2), at(b, 0, 1)))
	// Another shard than the one of its legs: there b's stripe is as it was topped up.
	if rec := p.must(when(topUp("there", b, "1.00"), at(b, 1, 1)))[0].Record; rec.GetShard() != 1 {
		t.Errorf("decided on shard %d", rec.GetShard())
	}
	if rec := p.must(when(topUp("nowhere yet", b, "1.00"), at(b, 3, 0)))[0].Record; rec.GetShard() != 3 {
		t.Errorf("decided on shard %d", rec.GetShard())
	}
	// It has to gather into the stripe that it asks about, which moves it; then the money is there.
	moved := p.refused(fault.ConditionFailed, when(pay("gathers", b, a, "50.00"), at(b, 0, 2)))
	found := moved.Refusal.Facts["found"]
	var version uint64
	if _, err := fmt.Sscan(found, &version); err != nil || version <= 2 {
		t.Fatalf("after gathering: %v", moved.Refusal)
	}
	p.must(when(pay("gathered", b, a, "50.00"), at(b, 0, version)))
	p.wants(b, "63.00")

	out := p.submit( // two shards, one that there is not, a hold of another: each refused alone
		when(pay("two", a, b, "1.00"), at(a, 0, 4), at(b, 1, 2)), topUp("fine", a, "1.00"),
		when(pay("none", a, b, "1.00"), at(a, 4, 4)), when(pay("huge", a, b, "1.00"), at(a, 1<<31, 4)),
	)
	for i, field := range []string{"conditions[1].version.shard", "", "conditions", "conditions"} {
		if r := out[i].Refusal; (r == nil) != (field == "") || r != nil && (r.Code != fault.Malformed || r.Field != field) {
			t.Errorf("operation %d: %v", i, r)
		}
	}
	group := []engine.Operation{pay("g1", a, b, "1.00"), when(topUp("g2", b, "1.00"), at(b, 3, 2))}
	group[0].Group, group[1].Group = 1, 1
	for _, o := range p.must(group...) {
		if o.Record.GetShard() != 3 {
			t.Errorf("a group is decided on shard %d", o.Record.GetShard())
		}
	}
	p.until("all messages between shards have arrived", p.calm)
	p.allEvents()
	p.stop()
	w.sameHeads(1, 8000)
}

// TestAForeignShardDisturbsNoNeighbour: an id of a shard that there is not refuses its own
// operation, or its group, and nothing else of the request.
func TestAForeignShardDisturbsNoNeighbour(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	p := w.start("one")
	p.must(open("wallet:a"))
	lost := op("lost", settle(1, "1.00", "wallet:a"))
	lost.GetSettle().Shard = 9
	one, two := topUp("g1", "wallet:a", "1.00"), op("g2", settle(1, "1.00", "wallet:a"))
	one.Group, two.Group, two.GetSettle().Shard = 3, 3, 9
	first := op("f1", settle(1, "1.00", "wallet:a"))
	second := topUp("f2", "wallet:a", "1.00")
	first.Group, second.Group, first.GetSettle().Shard = 4, 4, 9
	plan := engine.Operation{Operation: &commandv1.Operation{Key: "plan", What: &commandv1.Operation_Cancel{Cancel: &commandv1.Cancel{Shard: 9, ScheduledSeq: 1}}}}
	verdict := engine.Operation{Operation: &commandv1.Operation{Key: "verdict", What: &commandv1.Operation_Verdict{Verdict: &commandv1.Verdict{Shard: 9, AskedSeq: 1}}}}
	out := p.submit(topUp("before", "wallet:a", "1.00"), lost, topUp("after", "wallet:a", "1.00"), one, two, first, second, plan, verdict)
	for i, want := range []fault.Code{"", fault.HoldUnknown, "", fault.GroupFailed, fault.HoldUnknown, fault.HoldUnknown, fault.GroupFailed, fault.NotFound, fault.NotFound} {
		if r := out[i].Refusal; (r == nil) != (want == "") || r != nil && r.Code != want {
			t.Errorf("operation %d: %v, want %q", i, r, want)
		}
	}
	p.wants("wallet:a", "2.00")
}
