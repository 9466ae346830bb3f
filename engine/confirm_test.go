package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// doubted is a bank that is asked again about its final answers.
type doubted struct {
	port.Port
	pauses []time.Duration

	mu     sync.Mutex
	back   map[string]bool // attempts that it has taken back
	deaf   int             // how many more calls are not answered
	asked  map[string]int
	atOnce int // most attempts of one call
}

func (d *doubted) Pauses() []time.Duration { return d.pauses }

func (d *doubted) Confirms(verb string, result port.Result, _ time.Time, pause time.Duration) bool {
	return verb == "pay" && result == port.Done && slices.Contains(d.pauses, pause)
}

func (d *doubted) Confirm(_ context.Context, asks []port.Ask) []port.Answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.atOnce = max(d.atOnce, len(asks))
	if d.deaf > 0 {
		d.deaf--
		return nil
	}
	var answers []port.Answer
	for _, ask := range asks {
		d.asked[ask.Attempt]++
		a := port.Answer{Result: port.Done, Status: "EXECUTED"}
		if d.back[ask.Attempt] {
			a = port.Answer{Result: port.Refused, Status: "FAILED", Code: fault.PayoutRefused}
		}
		answers = append(answers, a)
	}
	return answers
}

// asks is how often each attempt was asked about, and how many there are.
func (d *doubted) asks() (attempts, fewest, most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.asked {
		if attempts == 0 || n < fewest {
			fewest = n
		}
		attempts, most = attempts+1, max(most, n)
	}
	return attempts, fewest, most
}

func doubts(d *doubted) func(*engine.Config) {
	return func(c *engine.Config) {
		d.Port, d.asked = c.Ports["payout"], map[string]int{}
		c.Ports = map[string]port.Port{"payout": d}
		c.ConfirmEvery = 20 * time.Millisecond
	}
}

// told counts the answers of the journal that say "refused" of an attempt, by attempt.
func (p *process) told() map[string]int {
	found := map[string]int{}
	for _, r := range p.events(0) {
		for _, e := range r.GetEffects() {
			if e.GetState() == journalv1.EffectState_EFFECT_STATE_CLOSED && e.GetResult() == string(port.Refused) {
				found[e.GetAttempt()]++
			}
		}
	}
	return found
}

// TestFinalAnswersAreAskedAboutAgain: in sets, once in each round, through a change of
// owner; what has changed is told once, from however many sides, and what has not leaves
// no record.
func TestFinalAnswersAreAskedAboutAgain(t *testing.T) {
	t.Parallel()
	const parcels = 70
	w := newWorld(t, 1)
	bank := &doubted{pauses: []time.Duration{time.Millisecond, 300 * time.Millisecond}, back: map[string]bool{}}
	p := w.start("one", doubts(bank), briefly)
	p.must(open("wallet:a"), pay("t", "bank:settlement", "wallet:a", "1000.00"))
	ops := make([]engine.Operation, parcels)
	for i := range ops {
		ops[i] = send(fmt.Sprintf("p%d", i), "a", "10.00")
	}
	p.must(ops...)
	p.until("both rounds have asked about everything", func() bool { n, fewest, _ := bank.asks(); return n == parcels && fewest == 2 })
	if _, _, most := bank.asks(); most != 2 {
		t.Errorf("an attempt was asked about %d times in two rounds", most)
	}
	if bank.atOnce > 32 || bank.atOnce < 2 {
		t.Errorf("%d attempts were asked about at once", bank.atOnce)
	}
	if told := p.told(); len(told) != 0 {
		t.Errorf("nothing has changed, and %v was told", told)
	}

	// The next owner goes on where the rounds stood; a new round begins with what is there.
	p.stop()
	taken := w.bank.attempts()[:3]
	again := &doubted{pauses: append(bank.pauses, 400*time.Millisecond), back: map[string]bool{taken[0]: true, taken[1]: true, taken[2]: true}, deaf: 1}
	two := w.start("two", doubts(again), briefly)
	two.until("the new round has found what was taken back", func() bool { return len(two.told()) == 3 })
	if _, _, most := again.asks(); most > 2 { // a portion of which a part was not answered is asked about once more
		t.Errorf("rounds that were done with asked again: %d times", most)
	}
	for _, attempt := range taken { // the provider's hint, and somebody's statement
		if _, err := two.Hear(t.Context(), "payout", []port.Hint{{Attempt: attempt}}); err != nil {
			t.Fatal(err)
		}
		was, ok, err := two.Told(t.Context(), attempt, &port.Answer{Result: port.Refused, Status: "RETURNED", Code: fault.PayoutRefused})
		if err != nil || !ok || was.GetResult() != string(port.Refused) {
			t.Fatal(was, ok, err)
		}
	}
	if _, ok, err := two.Told(t.Context(), "nobody's", &port.Answer{Result: port.Refused}); ok || err != nil {
		t.Error(ok, err)
	}
	two.must(pay("after", "bank:settlement", "wallet:a", "1.00"))
	for attempt, n := range two.told() {
		if n != 1 {
			t.Errorf("%s was told %d times", attempt, n)
		}
	}
	if n := w.bank.executed(); n != parcels {
		t.Errorf("%d payments were made", n)
	}
	two.stop()
	w.sameHeads(1, 8000)
}
