package engine_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// TestADryRunSeesSumsLongerThanAnAmount: an account whose parts are each near the most digits
// that a sum may have is longer than that as a whole: a dry run sees all of it, and says
// what the run says.
func TestADryRunSeesSumsLongerThanAnAmount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	p := w.start("one")
	e35 := func(n string) string { return n + strings.Repeat("0", 35) + ".00" } // 38 digits
	rich := "wallet:" + w.owner("rich", 0)
	sink := "wallet:" + w.owner("sink", 0)
	p.must(open(rich), open(sink))
	for s := range 4 {
		from := "wallet:" + w.owner("from", s)
		p.must(open(from), topUp("t"+from, from, e35("4")), pay("p"+from, from, rich, e35("4")))
	}
	dry := func(o engine.Operation) engine.Outcome {
		return p.Submit(t.Context(), engine.Request{Book: "main", Actor: "test", DryRun: true, Operations: []engine.Operation{o}})[0]
	}
	most := pay("most", rich, "bank:settlement", e35("9"))
	said := dry(most)
	if said.Refusal != nil || !slices.Equal(said.Gathers, []string{rich}) {
		t.Fatalf("the dry run gathers %v: %v", said.Gathers, said.Refusal)
	}
	if sum := money.MustParse(said.Record.GetLegs()[0].GetCredit()); !sum.Equal(money.MustParse("16"+strings.Repeat("0", 35))) || !sum.TooLong() {
		t.Errorf("the whole has %s credited", sum)
	}
	p.must(most)
	p.until("all messages between shards have arrived", p.calm)
	more := pay("more", rich, sink, e35("9"))
	said, done := dry(more), p.refused(fault.InsufficientFunds, more)
	if said.Refusal == nil || said.Refusal.Code != fault.InsufficientFunds || !maps.Equal(said.Refusal.Facts, done.Refusal.Facts) {
		t.Errorf("the dry run says %v, the run %v", said.Refusal, done.Refusal)
	}
}
