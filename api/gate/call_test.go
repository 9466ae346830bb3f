package gate

import (
	"sync"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
)

// TestACallIsNotedBySeveral: sets of one call are submitted side by side.
func TestACallIsNotedBySeveral(t *testing.T) {
	t.Parallel()
	const each = 5000
	c := &call{}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range each {
				c.refused(&fault.Refusal{Code: fault.Malformed})
				c.ran("one")
			}
		})
	}
	wait.Wait()
	if len(c.parts) != 4*each || len(c.commands) != 1 {
		t.Errorf("%d refusals and %d commands are noted", len(c.parts), len(c.commands))
	}
}
