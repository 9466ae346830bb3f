package engine_test

import (
	"math"
	"testing"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
)

// hear hands a hint over and wants it to be taken so.
func (p *process) hear(want engine.Heard, portName string, hints ...port.Hint) {
	p.world.t.Helper()
	got, err := p.Hear(p.world.t.Context(), portName, hints)
	if err != nil || got != want {
		p.world.t.Fatalf("%v: %+v %v, want %+v", hints, got, err, want)
	}
}

// hints are those of shard 0 that nobody could be asked about yet.
func (p *process) hints() int {
	p.world.t.Helper()
	left, err := p.db.DueHints(p.world.t.Context(), 0, math.MaxInt64, 100)
	if err != nil {
		p.world.t.Fatal(err)
	}
	return len(left)
}

// TestHintsAreAskedAbout: what a callback says is believed of nothing; it makes us ask, once,
// also when another process does it, and leaves nothing behind.
func TestHintsAreAskedAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	bank := &doubted{pauses: []time.Duration{240 * time.Hour}, back: map[string]bool{}}
	p := w.start("one", doubts(bank), briefly)
	p.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "1000.00"), send("p0", "a", "10.00"), send("p1", "a", "10.00"), send("p2", "a", "10.00"))
	p.until("all is paid", func() bool {
		return p.state("p0", "a") == "sent" && p.state("p1", "a") == "sent" && p.state("p2", "a") == "sent"
	})
	ids := w.bank.attempts()
	p.hear(engine.Heard{Strange: 1}, "payout", port.Hint{Attempt: "nobody's", Says: port.Done})
	p.hear(engine.Heard{Strange: 1}, "income", port.Hint{Attempt: ids[0], Says: port.Refused})
	p.hear(engine.Heard{Known: 1}, "payout", port.Hint{Attempt: ids[0], Says: port.Done})
	if n, _, _ := bank.asks(); n != 0 {
		t.Errorf("%d were asked about though nothing was hinted at", n)
	}
	// A lie: it says that the payment failed, and the bank says that it did not.
	p.hear(engine.Heard{Noted: 1}, "payout", port.Hint{Attempt: ids[0], Says: port.Refused}, port.Hint{Attempt: ids[0], Says: port.Done})
	p.until("the lie is asked about", func() bool { n, _, _ := bank.asks(); return n == 1 && p.hints() == 0 })
	if told := p.told(); len(told) != 0 {
		t.Errorf("a lie was believed: %v", told)
	}
	// The truth, many times.
	bank.take(ids[1])
	for range 5 {
		if _, err := p.Hear(t.Context(), "payout", []port.Hint{{Attempt: ids[1], Says: port.Refused}, {Attempt: ids[1], Says: port.Refused}}); err != nil {
			t.Fatal(err)
		}
	}
	p.until("what was taken back is told", func() bool { return len(p.told()) == 1 && p.hints() == 0 })
	// The bank is not to be reached, and then we die.
	bank.mu.Lock()
	bank.deaf = math.MaxInt
	bank.mu.Unlock()
	p.hear(engine.Heard{Noted: 1}, "payout", port.Hint{Attempt: ids[2], Says: port.Refused})
	p.until("nobody answers", func() bool { bank.mu.Lock(); defer bank.mu.Unlock(); return bank.deaf < math.MaxInt })
	p.stop()
	again := &doubted{pauses: bank.pauses, back: map[string]bool{ids[2]: true}}
	two := w.start("two", doubts(again), briefly)
	two.until("the next owner has asked", func() bool { return two.told()[ids[2]] == 1 && two.hints() == 0 })
	for attempt, n := range two.told() {
		if n != 1 {
			t.Errorf("%s was told %d times", attempt, n)
		}
	}
	two.stop()
	w.sameHeads(1, 8000)
}

func (d *doubted) take(attempt string) {
	d.mu.Lock()
	d.back[attempt] = true
	d.mu.Unlock()
}

// TestAHintHastensAnOpenEffect: it is asked about now, and not when its pause is over: six
// answers that are none would take a minute.
func TestAHintHastensAnOpenEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.bank.answers["a 10.00"] = make([]port.Answer, 6)
	for i := range w.bank.answers["a 10.00"] {
		w.bank.answers["a 10.00"][i] = port.Unclear("IN_PROGRESS")
	}
	p := w.start("one", briefly)
	p.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "1000.00"), send("p", "a", "10.00"))
	p.until("the payment is done", func() bool {
		if ids := w.bank.attempts(); len(ids) == 1 {
			if _, err := p.Hear(t.Context(), "payout", []port.Hint{{Attempt: ids[0], Says: port.Done}}); err != nil {
				t.Fatal(err)
			}
		}
		return p.state("p", "a") == "sent"
	})
	p.until("no hint is left", func() bool { return p.hints() == 0 })
	if n := w.bank.executed(); n != 1 {
		t.Errorf("%d payments were made", n)
	}
	p.stop()
	w.sameHeads(1, 8000)
}
