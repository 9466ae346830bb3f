package world

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/provodka/provodka/engine/port"
)

// slowBank answers a second after it is asked.
type slowBank struct {
	port.Port
	now, most atomic.Int32
}

func (b *slowBank) Find(ctx context.Context, ask port.Ask) port.Answer {
	n := b.now.Add(1)
	defer b.now.Add(-1)
	for was := b.most.Load(); n > was && !b.most.CompareAndSwap(was, n); was = b.most.Load() {
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
	if ask.Attempt == "13" {
		panic("thirteen")
	}
	return port.Answer{Result: port.Done, Status: ask.Attempt}
}

// TestPaymentsAreAskedAboutBesideEachOther: a bank that takes a second for each of 20 has
// them all in three, never more than the bound at once; each answer is its own.
func TestPaymentsAreAskedAboutBesideEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bank := &slowBank{}
		again := ConfirmedPayout(bank, ScheduleOf(time.UTC, nil)).(port.Confirming)
		var asks []port.Ask
		for i := range 20 {
			asks = append(asks, port.Ask{Attempt: strconv.Itoa(100 + i)})
		}
		began := time.Now()
		for i, a := range again.Confirm(t.Context(), asks) {
			if a.Status != asks[i].Attempt {
				t.Errorf("%s was told the answer of %s", asks[i].Attempt, a.Status)
			}
		}
		if took, most := time.Since(began), bank.most.Load(); took != 3*time.Second || most != askedAtOnce {
			t.Errorf("20 took %s, %d at once", took, most)
		}
		defer func() {
			if v := recover(); v != "thirteen" {
				t.Errorf("a panic became %v", v)
			}
		}()
		again.Confirm(t.Context(), []port.Ask{{Attempt: "12"}, {Attempt: "13"}})
	})
}
