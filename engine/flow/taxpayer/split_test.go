package taxpayer

import (
	"math/big"
	"strconv"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// tell gives a taxpayer a command that is no change.
func (p *person) tell(event string, body proto.Message) *fault.Refusal {
	m, refusal := it.Step(p.view, flow.Command{Event: event, Actor: "effect", Body: flow.Bytes(body)})
	if refusal == nil {
		p.take(m)
	}
	return refusal
}

// haveAll is what of a year counts against the cap, of some.
func haveAll(people []*person) *big.Rat {
	sum := new(big.Rat)
	for _, p := range people {
		y := YearOf(p.data(), 2026)
		sum.Add(sum, rat(y.Registered.String())).Add(sum, rat(y.Reserved.String()))
	}
	return sum
}

// A person with two INN in one year, whichever executor goes on, and back again: once both know
// nothing is granted beyond one person's cap, and what was granted before is paid, unless it was
// more than one cap before anybody knew: then the executor who goes on waits for room.
func TestTwoExecutorsHaveOneCap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pair := []*person{newPerson(), newPerson()}
		pair[0].view.ID, pair[1].view.ID = "e1", "e2"
		type work struct {
			of    int
			share *flowv1.YearShare
		}
		var tasks []work
		waits := -1 // who has yielded, while the other does not know
		knows := false
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
			case what < 5: // work is accepted
				n := rapid.IntRange(0, 1).Draw(t, "who")
				before := haveAll(pair)
				a, refusal := pair[n].change(&flowv1.TaxpayerChange{
					Task: strconv.Itoa(step), Question: ask(held, selfEmployed, "2026-07-01", kopecks(rapid.Int64Range(1, 100_000_000).Draw(t, "gross"))),
				})
				if refusal != nil {
					if refusal.Code != fault.IncomeCap {
						t.Fatal(refusal)
					}
					continue
				}
				tasks = append(tasks, work{n, a.Share})
				if after := haveAll(pair); knows && after.Cmp(rat("2400000")) > 0 {
					t.Fatalf("%s became %s", before.FloatString(2), after.FloatString(2))
				}
			case what < 7 && len(tasks) > 0: // and paid, or called off
				i := rapid.IntRange(0, len(tasks)-1).Draw(t, "task")
				w := &tasks[i]
				c := &flowv1.TaxpayerChange{Task: "t", Was: w.share}
				if rapid.Bool().Draw(t, "paid") && w.share != nil {
					c.Question = ask(taken, selfEmployed, "2026-08-01", w.share.GetGross())
				}
				before := haveAll(pair)
				a, refusal := pair[w.of].change(c)
				switch {
				case refusal == nil:
					w.share = a.Share
				case refusal.Code != fault.IncomeCap || before.Cmp(rat("2400000")) <= 0 || pair[w.of].data().GetYieldedTo() != "":
					t.Fatalf("what was granted is not paid: %v", refusal)
				}
			case what == 7 && waits < 0:
				waits = rapid.IntRange(0, 1).Draw(t, "yields")
				knows = false
				if refusal := pair[waits].tell(Yield, &flowv1.TaxpayerYield{To: pair[1-waits].view.ID}); refusal != nil {
					t.Fatal(refusal)
				}
			case what == 8 && waits >= 0:
				if refusal := pair[1-waits].tell(Rest, &flowv1.TaxpayerRest{Of: pair[waits].view.ID, Years: Kept(pair[waits].data())}); refusal != nil {
					t.Fatal(refusal)
				}
				waits, knows = -1, true
			}
		}
	})
}

func TestSplitRefusals(t *testing.T) {
	t.Parallel()
	p := newPerson()
	for _, c := range []struct {
		event string
		body  proto.Message
		code  fault.Code
	}{
		{Yield, &flowv1.TaxpayerYield{}, fault.Malformed},
		{Yield, &flowv1.TaxpayerYield{To: "e1"}, fault.Malformed},
		{Rest, &flowv1.TaxpayerRest{Of: "e1"}, fault.Malformed},
		{Rest, &flowv1.TaxpayerRest{Of: "e2", Years: []*flowv1.ElsewhereYear{{Year: 2026, Income: "-1.00"}}}, fault.AmountInvalid},
		{Rest, &flowv1.TaxpayerRest{Of: "e2", Years: []*flowv1.ElsewhereYear{{Year: 2026, Income: "a lot"}}}, fault.AmountInvalid},
	} {
		if refusal := p.tell(c.event, c.body); refusal == nil || refusal.Code != c.code {
			t.Errorf("%s %v: %v", c.event, c.body, refusal)
		}
	}
}
