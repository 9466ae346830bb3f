package register

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/store"
)

// TestASetThatPanicsEndsItsImportAlone: sets are worked on beside the call, where nobody
// else catches a panic, and one would end the whole process.
func TestASetThatPanicsEndsItsImportAlone(t *testing.T) {
	t.Parallel()
	vault, err := private.New(private.Config{DB: new(store.DB), Secrets: [][]byte{make([]byte, 32)}, Keys: [][]byte{make([]byte, 32)}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := gate.New(gate.Config{
		Engine: nobody{}, DB: new(store.DB), Vault: vault, Flows: flow.NewRegistry(), Now: time.Now,
		Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), MaxTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	im := &importing{Service: &Service{Gate: s}, book: "main"} // there is no database
	if result := im.work(t.Context(), &registerSet{part: "p"}); !errors.Is(result.err, gate.ErrPanicked) {
		t.Errorf("ended with %v", result.err)
	}
}

// nobody is an engine that takes nothing.
type nobody struct{}

func (nobody) Submit(context.Context, engine.Request) []engine.Outcome { return nil }
