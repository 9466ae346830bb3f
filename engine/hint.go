package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Bounds of asking about what callbacks hinted at.
const (
	hintFirst   = time.Second      // until a hint is looked at again; doubled
	hintMost    = 10 * time.Minute // and not longer than this
	hintForget  = 24 * time.Hour   // after which only the pauses of confirmed answers are left
	hintAnswers = 2                // answers after which a hint about an open effect is done with
)

// Heard is what became of hints.
type Heard struct {
	Noted   int // we shall ask
	Known   int // they say what the journal says
	Strange int // there is no such attempt at the port
}

// Hear notes what a provider's callback says of attempts at a port, so that the shard's owner
// asks the provider about them now. A callback is never believed: at most it says what the
// journal says already, and then nothing has to be asked. What Hear has noted outlives this
// process.
func (e *Engine) Hear(ctx context.Context, portName string, hints []port.Hint) (h Heard, err error) {
	says := map[string]port.Result{}
	attempts := make([]string, 0, len(hints))
	for _, hint := range hints {
		was, again := says[hint.Attempt]
		if !again {
			attempts = append(attempts, hint.Attempt)
		} else if was != hint.Says {
			hint.Says = "" // it says two things
		}
		says[hint.Attempt] = hint.Says
	}
	found, err := e.cfg.DB.FindEffects(ctx, attempts)
	if err != nil {
		return h, fmt.Errorf("find what was hinted at: %w", err)
	}
	h.Strange = len(attempts)
	noted := map[int][]store.Hint{}
	for _, f := range found {
		if f.Effect.GetPort() != portName {
			continue
		}
		h.Strange--
		if told := says[f.Effect.GetAttempt()]; knows(f.Effect, told) {
			h.Known++
		} else {
			noted[f.Shard] = append(noted[f.Shard], store.Hint{
				Attempt: f.Effect.GetAttempt(), Says: string(told), Answers: f.Effect.GetAnswers(), HeardUS: e.clock.now(),
			})
		}
	}
	for number, set := range noted {
		if err := e.cfg.DB.PutHints(ctx, number, set); err != nil {
			return h, err
		}
		h.Noted += len(set)
		e.wakeHints(number)
	}
	return h, nil
}

// knows says whether an effect was answered for good with the very result.
func knows(e *journalv1.Effect, says port.Result) bool {
	return e.GetState() == journalv1.EffectState_EFFECT_STATE_CLOSED && says != "" && e.GetResult() == string(says)
}

// wakeHints has the shard's hints looked at now, if its owner is this process.
func (e *Engine) wakeHints(shard int) {
	e.mu.Lock()
	s := e.owned[shard]
	e.mu.Unlock()
	if s == nil {
		return
	}
	select {
	case s.hinted <- struct{}{}:
	default:
	}
}

// hearer asks about what callbacks hinted at. An effect that is open becomes due at once; of
// one that has its final answer the port is asked whether that is still true. A hint stands
// until it was asked about and the answer was clear.
type hearer struct {
	shard   *shard
	effects *effects
}

// run looks at hints until the context ends. A failure holds nobody up: it is tried again.
func (h *hearer) run(ctx context.Context) error {
	tick := time.NewTicker(h.shard.engine.cfg.HintEvery)
	defer tick.Stop()
	for {
		if err := h.sweep(ctx); err != nil && ctx.Err() == nil {
			h.shard.engine.cfg.Logger.Warn("hints of callbacks could not be asked about; trying again", "shard", h.shard.number, "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-h.shard.hinted:
		}
	}
}

// sweep looks once at the hints that are due.
func (h *hearer) sweep(ctx context.Context) error {
	db, number := h.shard.engine.cfg.DB, h.shard.number
	if !h.shard.mayCall() {
		return nil
	}
	due, err := db.DueHints(ctx, number, h.shard.engine.clock.now(), confirmAtOnce)
	if err != nil || len(due) == 0 {
		return err
	}
	attempts, hints := make([]string, len(due)), map[string]store.Hint{}
	for i, d := range due {
		attempts[i], hints[d.Attempt] = d.Attempt, d
	}
	rows, err := db.LoadEffects(ctx, number, attempts)
	if err != nil {
		return err
	}
	closed, asked := map[port.Confirming][]store.EffectRow{}, map[string]bool{}
	for _, r := range rows {
		hint := hints[r.Effect.GetAttempt()]
		of, again := h.shard.engine.cfg.Ports[r.Effect.GetPort()].(port.Confirming)
		switch {
		case r.Effect.GetState() != journalv1.EffectState_EFFECT_STATE_CLOSED:
			if asked[hint.Attempt] = r.Effect.GetAnswers() >= hint.Answers+hintAnswers; !asked[hint.Attempt] {
				h.effects.hasten(hint.Attempt)
			}
		case !again, knows(r.Effect, port.Result(hint.Says)):
			asked[hint.Attempt] = true
		default:
			closed[of] = append(closed[of], r)
		}
	}
	for of, set := range closed {
		unclear, err := h.shard.engine.confirm(ctx, number, of, set)
		if err != nil {
			return err
		}
		for _, r := range set {
			asked[r.Effect.GetAttempt()] = !unclear[r.Effect.GetAttempt()]
		}
	}
	return h.note(ctx, due, asked)
}

// note forgets the hints that were asked about, and looks at the others again later.
func (h *hearer) note(ctx context.Context, due []store.Hint, asked map[string]bool) error {
	db, number, now := h.shard.engine.cfg.DB, h.shard.number, h.shard.engine.clock.now()
	var done, again []store.Hint
	var againUS []int64
	for _, hint := range due {
		old := now-hint.HeardUS > hintForget.Microseconds()
		if old && !asked[hint.Attempt] {
			h.shard.engine.cfg.Logger.Warn("nobody could say what a callback hinted at; it is asked about again with the final answers",
				"shard", number, "attempt", hint.Attempt)
		}
		if asked[hint.Attempt] || old {
			done = append(done, hint)
			continue
		}
		again = append(again, hint)
		againUS = append(againUS, now+min(hintFirst<<min(hint.Tries, 20), hintMost).Microseconds())
	}
	if len(done) > 0 {
		if err := db.DropHints(ctx, number, done); err != nil {
			return err
		}
	}
	if len(again) > 0 {
		return db.LaterHints(ctx, number, again, againUS)
	}
	return nil
}
