package ledger_test

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/booktest"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// pair is the books twice: as the ledger decides them, and as the model does.
type pair struct {
	world *audittest.World
	model *booktest.Model
	done  map[string]int
}

func newPair() *pair {
	return &pair{world: audittest.New(), model: booktest.New(), done: map[string]int{}}
}

// do does an operation on both sides and wants the same answer.
func (p *pair) do(t *rapid.T, op *commandv1.Operation) {
	now := booktest.Now{Seq: p.world.Seq(0) + 1, US: p.world.ClockUS(0)}
	want := p.model.Do(op, now)
	p.world.Do(0, op)
	records := p.world.Records(0)
	rec := records[len(records)-1].Record
	if got := rec.GetRefusal().GetCode(); got != want {
		t.Fatalf("%v\nis answered %q (%s), the model says %q", op, got, rec.GetRefusal().GetReason(), want)
	}
	p.done[string(op.ProtoReflect().WhichOneof(op.ProtoReflect().Descriptor().Oneofs().ByName("what")).Name())+" "+want]++
	if held := len(rec.GetConditions()); want == "" && held != len(op.GetConditions()) {
		t.Fatalf("%d conditions are recorded of %v", held, op)
	}
	p.same(t, rec)
	if x := rec.GetEntry().GetExchange(); x != nil {
		sameExchange(t, rec.GetLegs(), x)
	}
}

// sameExchange computes again, in fractions, what the record says of an exchange.
func sameExchange(t *rapid.T, legs []*journalv1.Leg, x *journalv1.Exchange) {
	rat := func(text string) *big.Rat { r, _ := new(big.Rat).SetString(text); return r }
	want, cut := new(big.Rat).Mul(rat(legs[1].GetAmount()), rat(x.GetRate())), new(big.Rat)
	if x.GetInverse() {
		want.Quo(rat(legs[1].GetAmount()), rat(x.GetRate()))
		cut = rat("0.000000000000000001")
	}
	if off := new(big.Rat).Sub(want, rat(x.GetExact())); off.Sign() < 0 || off.Cmp(cut) > 0 {
		t.Fatalf("%v: before rounding it is %s", x, want)
	}
	if x.GetRounded() != legs[2].GetAmount() || new(big.Rat).Add(rat(x.GetExact()), rat(x.GetDifference())).Cmp(rat(x.GetRounded())) != 0 {
		t.Fatalf("%v: the difference does not lead from the exact sum to the rounded", x)
	}
}

// same compares what the record says of stripes and holds with the model.
func (p *pair) same(t *rapid.T, rec *journalv1.Record) {
	last := map[booktest.Place]*journalv1.Leg{}
	for _, l := range rec.GetLegs() {
		last[booktest.Place{Account: l.GetAccount(), Asset: l.GetAsset()}] = l
	}
	for place, l := range last {
		if l.GetVersion() != p.model.Changes[place] {
			t.Fatalf("%v is at version %d, the model at %d", place, l.GetVersion(), p.model.Changes[place])
		}
		for what, pair := range map[string][2]string{
			"debit":  {l.GetDebit(), text(place, p.model.Debit)},
			"credit": {l.GetCredit(), text(place, p.model.Credit)},
			"held":   {orZero(place, l.GetHeldDebit()), text(place, p.model.Held)},
		} {
			if pair[0] != pair[1] {
				t.Fatalf("%s of %v is %s, the model has %s", what, place, pair[0], pair[1])
			}
		}
	}
	for _, h := range rec.GetHolds() {
		m := p.model.Holds[h.GetPlacedSeq()]
		if state := holdStates[h.GetState()]; state != m.State || h.GetLeft() != booktest.Text(h.GetAsset(), m.Left) ||
			h.GetAmount() != booktest.Text(h.GetAsset(), m.Amount) || orZero(booktest.Place{Account: h.GetAccount(), Asset: h.GetAsset()}, h.GetLate()) != booktest.Text(h.GetAsset(), m.Late) {
			t.Fatalf("%v, the model has %+v", h, m)
		}
	}
	if r := rec.GetEntry().GetReversal(); r != nil {
		for i, l := range r.GetLegs() {
			m := p.model.Entries[r.GetSeq()].Legs[i]
			if l.GetReversed() != booktest.Text(l.GetAsset(), m.Reversed) || int(l.GetLeg()) != m.At {
				t.Fatalf("leg %d of %d: %s is given back, the model has %s of leg %d", l.GetLeg(), r.GetSeq(), l.GetReversed(), m.Reversed, m.At)
			}
		}
	}
}

var holdStates = map[journalv1.HoldState]string{
	journalv1.HoldState_HOLD_STATE_PLACED: "placed", journalv1.HoldState_HOLD_STATE_SETTLED: "settled",
	journalv1.HoldState_HOLD_STATE_VOIDED: "voided", journalv1.HoldState_HOLD_STATE_EXPIRED: "expired",
}

func text(p booktest.Place, sums map[booktest.Place]*big.Int) string {
	if sums[p] == nil {
		return booktest.Text(p.Asset, new(big.Int))
	}
	return booktest.Text(p.Asset, sums[p])
}

func orZero(p booktest.Place, s string) string {
	if s == "" {
		return booktest.Text(p.Asset, new(big.Int))
	}
	return s
}

// audited re-derives all from the events.
func (p *pair) audited(t *rapid.T) {
	a := audit.New(audit.Options{Zone: audittest.Zone})
	for _, e := range p.world.Events(0) {
		if err := a.Add(0, e); err != nil {
			t.Fatalf("the auditor: %v", err)
		}
	}
}

// TestTheLedgerAgreesWithTheModel plays random operations on both, compares every
// answer and every sum, and lets the auditor re-derive the whole.
func TestTheLedgerAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	all := map[string]int{}
	play := func(t *rapid.T) {
		p := newPair()
		p.do(t, audittest.Post("topup", "", audittest.Leg('D', "bank:main", "RUB", "500.00"), audittest.Leg('C', "wallet:a", "RUB", "500.00")))
		for range rapid.IntRange(1, 60).Draw(t, "operations") {
			p.do(t, booktest.Draw(t, p.model))
		}
		p.audited(t)
		for k, n := range p.done {
			all[k] += n
		}
	}
	rapid.Check(t, play)
	seldom := []string{
		"exchange ", "exchange rate_mismatch", "exchange rate_invalid", "exchange purpose_mixed", "exchange malformed", "exchange insufficient_funds",
		"post purpose_mixed",
		"reverse ", "reverse reversal_exceeded", "reverse entry_not_reversible", "correct ", "correct insufficient_funds", "settle ",
		"resize ", "resize hold_not_open", "settle_late ", "settle_late wrong_state", "settle_late hold_exceeded", "settle insufficient_funds",
		"post condition_failed", "place condition_failed", "reverse condition_failed", "void condition_failed", "exchange condition_failed",
		"post account_invalid",
	}
	missing := func() []string {
		return slices.DeleteFunc(slices.Clone(seldom), func(k string) bool { return all[k] > 0 })
	}
	total := 0
	for _, n := range all {
		total += n
	}
	t.Logf("%d operations", total)
	for range 20 { // chance may leave out what is seldom: then more is played
		if len(missing()) == 0 {
			return
		}
		rapid.Check(t, play)
	}
	t.Errorf("no operation was answered by %q: %v", missing(), all)
}
