package engine_test

import (
	"testing"
	"time"

	"github.com/provodka/provodka/engine"
)

// TestAnIdleShardTicks: the clocks of all shards go on while nothing happens, and
// leave no record.
func TestAnIdleShardTicks(t *testing.T) {
	t.Parallel()
	p := newWorld(t, 2).start("one", func(c *engine.Config) { c.TickEvery = 50 * time.Millisecond })
	clocks := func() (least int64, records uint64) {
		shards, err := p.db.Shards(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		least = shards[0].ClockUS
		for _, s := range shards {
			least, records = min(least, s.ClockUS), records+s.Head.Seq
		}
		return least, records
	}
	var before int64
	p.until("every clock has moved", func() bool { before, _ = clocks(); return before > 0 })
	p.until("every clock has moved again", func() bool { now, _ := clocks(); return now > before })
	if _, records := clocks(); records != 0 {
		t.Errorf("ticks left %d records", records)
	}
}
