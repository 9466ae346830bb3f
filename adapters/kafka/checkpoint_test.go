package kafka

import (
	"fmt"
	"testing"
)

// TestTheLastCheckpointOfEachShardIsFound, near the end and far from it.
func TestTheLastCheckpointOfEachShardIsFound(t *testing.T) {
	t.Parallel()
	log := open(t, 3)
	put := func(shard, n int) {
		t.Helper()
		if err := log.PutCheckpoint(soon(t), shard, fmt.Appendf(nil, "checkpoint %d of %d", n, shard)); err != nil {
			t.Fatal(err)
		}
	}
	want := func(shard int, text string) {
		t.Helper()
		got, err := log.LastCheckpoint(soon(t), shard)
		if err != nil || string(got) != text {
			t.Errorf("shard %d: %q, %v; want %q", shard, got, err, text)
		}
	}
	want(0, "")
	put(0, 1)
	put(1, 1)
	want(0, "checkpoint 1 of 0")
	want(2, "")
	for n := range 5 * firstLook { // shard 0 stands still meanwhile
		put(1, n+2)
	}
	want(0, "checkpoint 1 of 0")
	want(1, fmt.Sprintf("checkpoint %d of 1", 5*firstLook+1))
	want(2, "")
}
