package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Bounds of asking again about final answers.
const (
	confirmSegments = 16             // of the journal that are read at once
	confirmAtOnce   = 32             // attempts of one call to a port
	confirmTries    = 3              // how often a portion is asked about whose answers were not clear
	confirmBehind   = 24 * time.Hour // how far before its pause a new round begins
)

// confirmer asks ports again about the final answers of a shard's journal, some stated
// pauses after each, because what was final does not always stay true. It goes along the
// journal, one cursor for each pause, and appends an answer only where another one is true
// now: what stays as it was leaves no record. A portion that was asked about twice, because
// somebody was killed, finds the same and changes nothing.
type confirmer struct {
	shard *shard
	seqs  map[time.Duration]uint64 // done with, by pause
	tries map[time.Duration]int
}

func newConfirmer(s *shard) *confirmer { return &confirmer{shard: s, tries: map[time.Duration]int{}} }

// run asks again until the context ends. A failure holds nobody up: it is tried again.
func (c *confirmer) run(ctx context.Context) error {
	pauses := c.pauses()
	if len(pauses) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	tick := time.NewTicker(c.shard.engine.cfg.ConfirmEvery)
	defer tick.Stop()
	for {
		for _, pause := range pauses {
			if err := c.round(ctx, pause); err != nil && ctx.Err() == nil {
				c.shard.engine.cfg.Logger.Warn("final answers could not be confirmed; trying again", "shard", c.shard.number, "pause", pause, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// pauses are those of all ports that are to be asked again.
func (c *confirmer) pauses() []time.Duration {
	var all []time.Duration
	for _, p := range c.shard.engine.cfg.Ports {
		if again, ok := p.(port.Confirming); ok {
			all = append(all, again.Pauses()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// round asks about everything that was answered a pause ago or earlier.
func (c *confirmer) round(ctx context.Context, pause time.Duration) error {
	until := c.shard.engine.clock.now() - pause.Microseconds()
	if err := c.begin(ctx, pause, until); err != nil {
		return err
	}
	for ctx.Err() == nil && c.shard.mayCall() {
		old, last, err := c.portion(ctx, pause, until)
		if err != nil || last <= c.seqs[pause] {
			return err
		}
		clear, err := c.ask(ctx, old)
		if err != nil {
			return err
		}
		if c.tries[pause]++; !clear && c.tries[pause] < confirmTries {
			return nil // once more after a while
		}
		c.tries[pause] = 0
		if err := c.shard.engine.cfg.DB.NoteConfirmed(ctx, c.shard.number, pause, last); err != nil {
			return err
		}
		c.seqs[pause] = last
	}
	return ctx.Err()
}

// begin reads where the round stands; one that never ran begins a day before what is due,
// not at the beginning of the journal.
func (c *confirmer) begin(ctx context.Context, pause time.Duration, until int64) error {
	db := c.shard.engine.cfg.DB
	if c.seqs == nil {
		seqs, err := db.Confirmed(ctx, c.shard.number)
		if err != nil {
			return err
		}
		c.seqs = seqs
	}
	if _, ok := c.seqs[pause]; ok {
		return nil
	}
	first, err := db.SeqSince(ctx, c.shard.number, until-confirmBehind.Microseconds())
	if err == nil {
		c.seqs[pause] = max(first, 1) - 1
	}
	return err
}

// answered is a final answer in the journal.
type answered struct {
	attempt string
	atUS    int64
	of      port.Confirming
}

// portion reads the next records of the round up to a moment: the attempts whose final
// answers are to be confirmed, and the last record that was looked at.
func (c *confirmer) portion(ctx context.Context, pause time.Duration, until int64) (found []answered, last uint64, err error) {
	db := c.shard.engine.cfg.DB
	segments, err := db.Segments(ctx, c.shard.number, c.seqs[pause]+1, confirmSegments)
	if err != nil {
		return nil, 0, fmt.Errorf("read segments: %w", err)
	}
	for _, s := range segments {
		raws, err := s.Split()
		if err != nil {
			return nil, 0, fmt.Errorf("shard %d: %w", c.shard.number, err)
		}
		for i, raw := range raws {
			seq := s.FirstSeq + uint64(i)
			if seq <= c.seqs[pause] {
				continue
			}
			clockUS, effects, err := glance(raw)
			if err != nil {
				return nil, 0, fmt.Errorf("record %d of shard %d: %w", seq, c.shard.number, err)
			}
			if clockUS > until {
				return found, last, nil
			}
			if last = seq; !effects {
				continue
			}
			r := new(journalv1.Record)
			if err := proto.Unmarshal(raw, r); err != nil {
				return nil, 0, fmt.Errorf("record %d of shard %d: %w", seq, c.shard.number, err)
			}
			found = append(found, c.finals(r, pause)...)
		}
	}
	return found, last, nil
}

// glance is when a record was decided, and whether it tells of effects: most do not, and
// every record passes here once for each pause.
func glance(raw []byte) (clockUS int64, effects bool, err error) {
	for len(raw) > 0 {
		field, kind, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return 0, false, protowire.ParseError(n)
		}
		raw = raw[n:]
		switch {
		case field == clockField && kind == protowire.VarintType:
			v, _ := protowire.ConsumeVarint(raw)
			clockUS = int64(v)
		case field == effectsField:
			effects = true
		}
		if n = protowire.ConsumeFieldValue(field, kind, raw); n < 0 {
			return 0, false, protowire.ParseError(n)
		}
		raw = raw[n:]
	}
	return clockUS, effects, nil
}

// Fields of a record, by their names.
var (
	recordFields = (&journalv1.Record{}).ProtoReflect().Descriptor().Fields()
	clockField   = recordFields.ByName("clock_us").Number()
	effectsField = recordFields.ByName("effects").Number()
)

// finals are the final answers of a record that the round is about.
func (c *confirmer) finals(r *journalv1.Record, pause time.Duration) (found []answered) {
	for _, e := range r.GetEffects() {
		of, ok := c.shard.engine.cfg.Ports[e.GetPort()].(port.Confirming)
		if !ok || e.GetState() != journalv1.EffectState_EFFECT_STATE_CLOSED ||
			!of.Confirms(e.GetVerb(), port.Result(e.GetResult()), clockTime(r.GetClockUs()), pause) {
			continue
		}
		found = append(found, answered{e.GetAttempt(), r.GetClockUs(), of})
	}
	return found
}

// ask asks the ports about what was found, in sets, and sends what is another answer now.
// clear is false when something could not be learned.
func (c *confirmer) ask(ctx context.Context, found []answered) (clear bool, err error) {
	clear = true
	attempts, ports := make([]string, len(found)), map[string]port.Confirming{}
	for i, f := range found {
		attempts[i], ports[f.attempt] = f.attempt, f.of
	}
	slices.Sort(attempts)
	attempts = slices.Compact(attempts)
	rows, err := c.shard.engine.cfg.DB.LoadEffects(ctx, c.shard.number, attempts)
	if err != nil {
		return false, err
	}
	byPort := map[port.Confirming][]store.EffectRow{}
	for _, r := range rows {
		of := ports[r.Effect.GetAttempt()]
		byPort[of] = append(byPort[of], r)
	}
	for of, list := range byPort {
		for set := range slices.Chunk(list, confirmAtOnce) {
			if !c.shard.mayCall() {
				return false, errors.New("the lease is not surely ours")
			}
			unclear, err := c.shard.engine.confirm(ctx, c.shard.number, of, set)
			if err != nil {
				return false, err
			}
			clear = clear && len(unclear) == 0
		}
	}
	return clear, ctx.Err()
}

// confirm asks a port about effects of a shard and appends what is another answer now; it
// gives the attempts of which nothing could be learned.
func (e *Engine) confirm(ctx context.Context, shard int, of port.Confirming, set []store.EffectRow) (unclear map[string]bool, err error) {
	asks := make([]port.Ask, len(set))
	for i, r := range set {
		asks[i] = port.Ask{
			Attempt: r.Effect.GetAttempt(), Verb: r.Effect.GetVerb(), Body: r.Effect.GetBody(), Clock: clockTime(r.Effect.GetOpenedUs()),
		}
	}
	unclear = map[string]bool{}
	for i, ans := range e.askAgain(ctx, of, asks) {
		effect := set[i].Effect
		final := ans.Result == port.Done || ans.Result == port.Refused
		switch {
		case final && ans.Result != port.Result(effect.GetResult()):
			e.metrics.confirmed(effect.GetPort(), "changed")
			ans.Event = "after-" + strconv.FormatUint(uint64(effect.GetAnswers()), 10)
			if err := e.inform(ctx, shard, set[i].Book, effect, ans); err != nil {
				return nil, err
			}
		case final:
			e.metrics.confirmed(effect.GetPort(), "same")
		default:
			if ans.Result == port.Unknown {
				unclear[effect.GetAttempt()] = true
			}
			e.metrics.confirmed(effect.GetPort(), "unknown")
		}
	}
	return unclear, nil
}

// askAgain calls the port; one that panics, or answers less than it was asked, has not answered.
func (e *Engine) askAgain(ctx context.Context, of port.Confirming, asks []port.Ask) (answers []port.Answer) {
	defer func() {
		if v := recover(); v != nil {
			e.cfg.Logger.ErrorContext(ctx, "a port panicked; nothing is confirmed", "panic", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			answers = nil
		}
		for len(answers) < len(asks) {
			answers = append(answers, port.Unclear("not answered"))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(len(asks))*e.cfg.RequestTimeout)
	defer cancel()
	return of.Confirm(ctx, asks)
}

// inform appends an answer that came though nobody waited for it, and waits until it lies in
// the log.
func (e *Engine) inform(ctx context.Context, shard int, book string, effect *journalv1.Effect, ans port.Answer) error {
	number := strconv.FormatUint(uint64(effect.GetAnswers()), 10)
	raw, err := proto.Marshal(&commandv1.Command{
		Id: "told-" + effect.GetAttempt() + "-" + number, Actor: "effect", Book: book,
		What: &commandv1.Command_Answer{Answer: toWire(effect.GetAttempt(), ans, number)},
	})
	if err != nil {
		panic("engine: marshal an answer: " + err.Error())
	}
	appended := make(chan error, 1)
	e.cfg.Commands.Append(ctx, shard, raw, traceHeaders(ctx), func(_ int64, err error) { appended <- err })
	select {
	case err := <-appended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Told appends what somebody else than the port has learned of an attempt: a statement of
// the bank, say; nil tells nothing. What the attempt's last answer says already is not told
// again. It gives the effect as it stood before; false: there is no such attempt.
func (e *Engine) Told(ctx context.Context, attempt string, ans *port.Answer) (was *journalv1.Effect, ok bool, err error) {
	found, err := e.cfg.DB.FindEffects(ctx, []string{attempt})
	if err != nil || len(found) == 0 {
		return nil, false, err
	}
	at := found[0]
	if ans != nil && port.Result(at.Effect.GetResult()) != ans.Result {
		err = e.inform(ctx, at.Shard, at.Book, at.Effect, *ans)
	}
	return at.Effect, true, err
}
