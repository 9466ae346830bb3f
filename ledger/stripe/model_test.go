package stripe

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// full says that the long run of the model check is asked for.
func full() bool { return os.Getenv("PROVODKA_MODEL") == "full" }

// TestModel searches every order of events of the settings with a story, and
// compares the outcomes that can be reached with those that are expected.
func TestModel(t *testing.T) {
	t.Parallel()
	for _, set := range named() {
		t.Run(set.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			s := explore(&set, 3_000_000)
			s.require(t, &set)
			if s.reached() != set.want {
				t.Errorf("reached %q, want %q", s.reached(), set.want)
			}
			t.Logf("%d states, %d transitions, %.1fs", len(s.seen), s.transitions, time.Since(start).Seconds())
		})
	}
}

// TestModelSamples searches settings made by chance, with fixed seeds.
func TestModelSamples(t *testing.T) {
	t.Parallel()
	runs := []struct{ seeds, orders, limit int }{{300, 3, 1_000_000}, {40, 4, 1_000_000}}
	if raced {
		runs = []struct{ seeds, orders, limit int }{{40, 3, 1_000_000}}
	}
	if full() {
		runs = []struct{ seeds, orders, limit int }{{10_000, 3, 1_000_000}, {4_000, 4, 4_000_000}, {400, 5, 20_000_000}}
	}
	for _, run := range runs {
		t.Run(fmt.Sprintf("up to %d orders", run.orders), func(t *testing.T) {
			t.Parallel()
			start, states, largest := time.Now(), 0, 0
			for seed := range run.seeds {
				set := sampled(uint64(seed), run.orders)
				s := explore(&set, run.limit)
				s.require(t, &set)
				if t.Failed() {
					return
				}
				states, largest = states+len(s.seen), max(largest, len(s.seen))
			}
			t.Logf("%d settings, %d states, largest %d, %.1fs", run.seeds, states, largest, time.Since(start).Seconds())
		})
	}
}

// TestModelLarge is the long run over large settings: minutes and gigabytes.
func TestModelLarge(t *testing.T) {
	if !full() {
		t.Skip("PROVODKA_MODEL=full runs it")
	}
	for _, set := range large() {
		start := time.Now()
		s := explore(&set, 40_000_000)
		s.require(t, &set)
		t.Logf("%s: %d states, %d transitions, %d outcomes, %.1fs", set.name, len(s.seen), s.transitions, len(s.outcomes), time.Since(start).Seconds())
	}
}

// TestModelKeepsAllThatMatters searches again without leaving anything out of
// the states' keys: what can be reached is the same.
func TestModelKeepsAllThatMatters(t *testing.T) {
	t.Parallel()
	whole := func(w *world, out []byte) []byte {
		out = w.encode(out)
		for i := range w.shards {
			out = fmt.Appendf(out, "%+v%v", w.state[i].State(), w.flight[i])
		}
		return out
	}
	for seed := range uint64(25) {
		set := sampled(seed, 3)
		want := &search{limit: 1_000_000, key: whole}
		want.run(&set)
		want.require(t, &set)
		got := explore(&set, 1_000_000)
		if got.reached() != want.reached() || len(got.seen) > len(want.seen) {
			t.Errorf("%+v: reached %q in %d states, and without the canonical key %q in %d",
				set, got.reached(), len(got.seen), want.reached(), len(want.seen))
		}
	}
}

// TestModelMeetsLooseRules shows that the check can fail: each looser form of a
// rule breaks a law in the setting that was made for it.
func TestModelMeetsLooseRules(t *testing.T) {
	t.Parallel()
	stories := map[string]setting{}
	for _, set := range named() {
		stories[set.name] = set
	}
	for _, tc := range []struct {
		rule   string
		broken loose
		story  string
		law    string
	}{
		{"never a part", loose{parts: true}, "two debits of all there is", "deadlock"},
		{"not beside an earlier command", loose{eager: true}, "three commands that share accounts on one shard", "serial"},
		{"in order of account", loose{unsorted: true}, "two accounts crosswise", "deadlock"},
		{"strict rounds", loose{hasty: true}, "money comes behind the answer and goes before it", "serial"},
		{"a stripe before NEED", loose{untouched: true}, "an allotment is on its way to a new stripe", "serial"},
		{"links keep the order", loose{unordered: true}, "two debits of all there is", "serial"},
		{"owed money before local waiters", loose{selfish: true}, "what a command held goes to the next one here", "deadlock"},
		{"draining", loose{undrained: true}, "answers are late when the head is served", "serial"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			set, ok := stories[tc.story]
			if !ok {
				t.Fatalf("no story %q", tc.story)
			}
			set.broken = tc.broken
			s := explore(&set, 1_000_000)
			if len(s.fault) < len(tc.law) || s.fault[:len(tc.law)] != tc.law {
				t.Errorf("without the rule: %q after %d states, want a broken law of %q", s.fault, len(s.seen), tc.law)
			}
		})
	}
}
