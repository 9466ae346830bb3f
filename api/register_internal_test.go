package api

import (
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/provodka/provodka/ledger/fault"
)

// TestASetThatPanicsEndsItsImportAlone: sets are worked on beside the call, where nobody
// else catches a panic, and one would end the whole process.
func TestASetThatPanicsEndsItsImportAlone(t *testing.T) {
	t.Parallel()
	s := &Gate{Logger: slog.New(slog.DiscardHandler), cfg: GateConfig{MaxTimeout: time.Minute}}
	var err error
	if s.metrics, err = newMetrics(prometheus.NewRegistry()); err != nil {
		t.Fatal(err)
	}
	im := &importing{registerService: &registerService{Gate: s}, book: "main"} // it has no vault
	if result := im.work(t.Context(), &registerSet{part: "p"}); !errors.Is(result.err, errPanicked) {
		t.Errorf("ended with %v", result.err)
	}
}

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
