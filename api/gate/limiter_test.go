package gate

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// owed is the second model: it remembers everybody for ever.
type owed map[string]time.Time

// take is what an allowance of one's own says.
func (o owed) take(who string, now time.Time, most int, every time.Duration) bool {
	full := o[who]
	if full.Before(now) {
		full = now
	}
	if full = full.Add(every); full.Sub(now) > time.Duration(most)*every {
		return false
	}
	o[who] = full
	return true
}

// TestTheLimiterForgetsNobody: whoever else comes, nobody gets more through than his own
// allowance lets; and while there is room for all, nobody gets less.
func TestTheLimiterForgetsNobody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		most, room := rapid.IntRange(1, 4).Draw(t, "most"), rapid.IntRange(1, 5).Draw(t, "room")
		people := rapid.IntRange(1, 12).Draw(t, "people")
		l := NewLimiter(func() time.Time { return now }, most, time.Second)
		l.room = room
		model := owed{}
		for range rapid.IntRange(1, 200).Draw(t, "tries") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(t, "ms")) * time.Millisecond * time.Duration(rapid.IntRange(0, 1).Draw(t, "waits")))
			who := fmt.Sprint(rapid.IntRange(1, people).Draw(t, "who"))
			after, ok := l.Take(who)
			switch {
			case ok && !model.take(who, now, most, time.Second):
				t.Fatalf("%s gets more through than his allowance", who)
			case !ok && people <= room && model.take(who, now, most, time.Second):
				t.Fatalf("%s is stopped though there is room for everybody", who)
			case !ok && !after.After(now):
				t.Fatalf("%s is stopped, and told to come at %s, which is past", who, after)
			}
			if len(l.debts.list) > room || len(l.debts.at) != len(l.debts.list) {
				t.Fatalf("%d and %d are kept, there is room for %d", len(l.debts.list), len(l.debts.at), room)
			}
		}
	})
}

// TestAFloodFreesNobody: as many addresses as are remembered, three times over, and who was
// stopped before is stopped; what is remembered takes less than 4 MB.
func TestAFloodFreesNobody(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	l := NewLimiter(func() time.Time { return now }, 30, 2*time.Second)
	for range 100 {
		l.Take("attacker")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 3 * maxDebts {
		l.Take(fmt.Sprint("flood-", i))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if _, ok := l.Take("attacker"); ok {
		t.Error("the flood has freed who was stopped")
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 || len(l.debts.list) != maxDebts {
		t.Errorf("%d debtors take %d bytes", len(l.debts.list), grown)
	}
	if _, ok := l.Take("newcomer"); !ok {
		t.Error("a newcomer is stopped, though hardly anybody owes much")
	}
}
