package flow_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/engine/flow"
)

// Every night has one moment of an aggregate, and aggregates are spread over its hours.
func TestNights(t *testing.T) {
	t.Parallel()
	hours := map[int]int{}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`executor-[0-9a-f]{20}`).Draw(t, "id")
		at := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "at"), 0)
		next := flow.Night(id, at)
		msk := next.In(time.FixedZone("MSK", 3*60*60))
		if !next.After(at) || next.Sub(at) > 24*time.Hour || msk.Hour() >= 6 {
			t.Fatalf("%s after %s", next, at)
		}
		if again := flow.Night(id, next); again.Sub(next) != 24*time.Hour {
			t.Fatalf("%s, then %s", next, again)
		}
		hours[msk.Hour()]++
	})
	if len(hours) != 6 {
		t.Errorf("nights of hours %v", hours)
	}
}
