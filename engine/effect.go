package engine

import (
	"container/heap"
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/trace"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// effects performs a shard's open effects outside any transaction and sends the
// answers back as commands. The rule: what may have been sent before is asked
// about first; it is sent again, under the same id, only after two "not found"
// one request timeout apart. A new attempt id exists only after a final refusal,
// and only a flow can make one.
type effects struct {
	shard *shard
	wake  chan struct{}

	mu    sync.Mutex
	open  map[string]*job
	lines map[string]*line // by port: a slow provider holds up its own effects only
}

// line is the effects of one port in the order in which they are due.
type line struct {
	port port.Port // nil when this program has none of that name
	due  jobHeap
	busy int // calls under way
}

// job is one open effect.
type job struct {
	effect   *journalv1.Effect
	book     string
	fresh    bool  // never sent by anybody: opened under this ownership
	notFound int   // how often in a row the provider knew nothing of it
	missedAt int64 // when it last did, database clock
	at       int64 // not before, microseconds of the database clock
	index    int   // in the heap, -1 when not queued
	trace    trace.Context
}

func newEffects(s *shard) *effects {
	return &effects{shard: s, wake: make(chan struct{}, 1), open: map[string]*job{}, lines: map[string]*line{}}
}

// load reads the effects that an earlier owner left open.
func (x *effects) load(ctx context.Context) error {
	x.shard.engine.metrics.noEffects(x.shard.number)
	for after := ""; ; {
		rows, err := x.shard.engine.cfg.DB.OpenEffects(ctx, x.shard.number, after, 1000)
		if err != nil {
			return fmt.Errorf("load open effects: %w", err)
		}
		for _, r := range rows {
			after = r.Effect.GetAttempt()
			x.put(&job{effect: r.Effect, book: r.Book, at: r.Effect.GetDueUs(), index: -1})
		}
		if len(rows) < 1000 {
			return nil
		}
	}
}

// offer takes the effects of committed records; traces are those of sampled ones, by attempt.
func (x *effects) offer(records []journal.Sealed, traces map[string]trace.Context) {
	changed := false
	for _, s := range records {
		for _, e := range s.Record.GetEffects() {
			changed = true
			if e.GetState() == journalv1.EffectState_EFFECT_STATE_CLOSED {
				x.close(e.GetAttempt())
				continue
			}
			x.put(&job{
				effect: e, book: s.Record.GetBook(), at: e.GetDueUs(), index: -1,
				fresh: e.GetState() == journalv1.EffectState_EFFECT_STATE_OPEN, trace: traces[e.GetAttempt()],
			})
		}
	}
	if changed {
		x.poke()
	}
}

func (x *effects) poke() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// close forgets an effect that has its final answer.
func (x *effects) close(attempt string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if j := x.open[attempt]; j != nil {
		x.drop(j)
	}
}

// drop takes a job out of everything; mu is held.
func (x *effects) drop(j *job) {
	if j.index >= 0 {
		heap.Remove(&x.line(j.effect.GetPort()).due, j.index)
	}
	delete(x.open, j.effect.GetAttempt())
	x.shard.engine.metrics.effect(x.shard.number, j.effect.GetPort(), stateWord(j.effect), -1)
}

// put queues a job; what was known of "not found" stays.
func (x *effects) put(j *job) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if old := x.open[j.effect.GetAttempt()]; old != nil {
		x.drop(old)
		j.notFound, j.missedAt = old.notFound, old.missedAt
	}
	x.open[j.effect.GetAttempt()] = j
	x.shard.engine.metrics.effect(x.shard.number, j.effect.GetPort(), stateWord(j.effect), 1)
	l := x.line(j.effect.GetPort())
	if l.port == nil {
		x.shard.engine.cfg.Logger.Error("an open effect asks a port that this program does not have; it waits",
			"shard", x.shard.number, "port", j.effect.GetPort(), "attempt", j.effect.GetAttempt())
		return
	}
	heap.Push(&l.due, j)
}

// line is the line of a port; mu is held.
func (x *effects) line(name string) *line {
	l := x.lines[name]
	if l == nil {
		l = &line{port: x.shard.engine.cfg.Ports[name]}
		x.lines[name] = l
	}
	return l
}

func stateWord(e *journalv1.Effect) string {
	if e.GetState() == journalv1.EffectState_EFFECT_STATE_IN_DOUBT {
		return "in_doubt"
	}
	return "open"
}

// later queues a job again, unless a committed record has replaced it.
func (x *effects) later(j *job, wait time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.open[j.effect.GetAttempt()] != j {
		return
	}
	j.at = x.shard.engine.clock.now() + wait.Microseconds()
	if j.index < 0 {
		heap.Push(&x.line(j.effect.GetPort()).due, j)
	}
	x.poke()
}

// hasten makes an open effect due now, unless it is being asked about.
func (x *effects) hasten(attempt string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	j := x.open[attempt]
	if now := x.shard.engine.clock.now(); j != nil && j.index >= 0 && j.at > now {
		j.at = now
		heap.Fix(&x.line(j.effect.GetPort()).due, j.index)
		x.poke()
	}
}

// run starts jobs as they come due.
func (x *effects) run(ctx context.Context) error {
	var calls sync.WaitGroup
	defer calls.Wait()
	for {
		j, l, wait := x.next()
		if j == nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-x.wake:
			case <-time.After(wait):
			}
			continue
		}
		calls.Go(func() {
			x.perform(ctx, l.port, j)
			x.mu.Lock()
			l.busy--
			x.mu.Unlock()
			x.poke()
		})
	}
}

// next takes a job that is due at a port that can take another call, or tells how
// long to wait. Without a lease that is surely ours nothing is due.
func (x *effects) next() (*job, *line, time.Duration) {
	if !x.shard.mayCall() {
		return nil, nil, x.shard.engine.cfg.LeaseTTL / 6
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	wait := time.Minute
	for _, l := range x.lines {
		if len(l.due) == 0 || l.busy >= x.shard.engine.cfg.EffectsAtOnce {
			continue
		}
		left := time.Duration(l.due[0].at-x.shard.engine.clock.now()) * time.Microsecond
		if left <= 0 {
			l.busy++
			return heap.Pop(&l.due).(*job), l, 0
		}
		wait = min(wait, left)
	}
	return nil, nil, wait
}

// perform asks the world once and sends what it answered as a command.
func (x *effects) perform(ctx context.Context, p port.Port, j *job) {
	e := x.shard.engine
	if !x.shard.mayCall() { // looked at again: the goroutine may have waited for a processor
		x.later(j, e.cfg.LeaseTTL/6)
		return
	}
	sends := x.begin(j, p)
	ctx, span := e.traceCall(ctx, x.shard.number, j, sends)
	ans := x.call(ctx, p, j, sends)
	traceAnswer(span, ans)
	if ctx.Err() != nil {
		return // the owner is stopping; the next one asks
	}
	if ans.Result == port.NotFound {
		switch {
		case sends:
			ans = port.Unclear("the port answered not_found to a send") // only Find may say so
		case x.missed(j) < 2 || x.remembered(j, p):
			x.later(j, e.cfg.RequestTimeout)
			return
		default:
			ans = port.Unclear("the provider's memory of attempts is over: a person decides")
		}
	} else {
		x.seen(j)
	}
	e.metrics.answered(j.effect.GetPort(), ans.Result)
	x.send(ctx, j, ans)
}

// begin says whether the attempt is sent now, or asked about; from here on it may
// have been sent.
func (x *effects) begin(j *job, p port.Port) (sends bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	sends = j.fresh || j.notFound >= 2 && x.remembered(j, p)
	j.fresh = false
	if sends {
		j.notFound = 0
	}
	return sends
}

// missed counts a "not found". Two count as two only when a request that was under
// way at the first must be over by the second.
func (x *effects) missed(j *job) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.shard.engine.clock.now()
	if j.notFound == 0 || now-j.missedAt >= x.shard.engine.cfg.RequestTimeout.Microseconds() {
		j.notFound, j.missedAt = j.notFound+1, now
	}
	return j.notFound
}

// seen notes that the provider knows the attempt, or cannot tell.
func (x *effects) seen(j *job) {
	x.mu.Lock()
	j.notFound = 0
	x.mu.Unlock()
}

// call asks the port once. A port that panics has not answered.
func (x *effects) call(ctx context.Context, p port.Port, j *job, send bool) (ans port.Answer) {
	e := x.shard.engine
	defer func() {
		if v := recover(); v != nil {
			// A panic's text may hold whom the ask is about: its kind and the stack alone are logged.
			e.cfg.Logger.ErrorContext(ctx, "a port panicked; its answer is unknown", "shard", x.shard.number,
				"port", j.effect.GetPort(), "attempt", j.effect.GetAttempt(), "panic", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			ans = port.Unclear("the adapter panicked")
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, e.cfg.RequestTimeout)
	defer cancel()
	ask := port.Ask{
		Attempt: j.effect.GetAttempt(), Verb: j.effect.GetVerb(), Body: j.effect.GetBody(),
		Clock: time.UnixMicro(j.effect.GetOpenedUs()).UTC(),
	}
	if send {
		return p.Send(ctx, ask)
	}
	return p.Find(ctx, ask)
}

// remembered says whether the provider still remembers attempts as old as this.
func (x *effects) remembered(j *job, p port.Port) bool {
	age := time.Duration(x.shard.engine.clock.now()-j.effect.GetOpenedUs()) * time.Microsecond
	return age < p.Memory()
}

// send appends the answer to the shard's own command log. When that fails, or no
// record comes of it in time, the effect is asked about again.
func (x *effects) send(ctx context.Context, j *job, ans port.Answer) {
	number := strconv.FormatUint(uint64(j.effect.GetAnswers())+1, 10)
	c := &commandv1.Command{
		Id: "answer-" + j.effect.GetAttempt() + "-" + number, Actor: "effect", Book: j.book,
		What: &commandv1.Command_Answer{Answer: toWire(j.effect.GetAttempt(), ans, number)},
	}
	raw, err := proto.Marshal(c)
	if err != nil {
		panic("engine: marshal an answer: " + err.Error())
	}
	x.shard.engine.cfg.Commands.Append(ctx, x.shard.number, raw, traceHeaders(ctx), func(_ int64, err error) {
		if err != nil {
			x.shard.engine.cfg.Logger.Warn("answer not appended; asking again",
				"shard", x.shard.number, "attempt", j.effect.GetAttempt(), "error", err)
			x.later(j, time.Second)
			return
		}
		x.later(j, 3*x.shard.engine.cfg.RequestTimeout)
	})
}

// jobHeap orders jobs by when they are due.
type jobHeap []*job

func (h jobHeap) Len() int           { return len(h) }
func (h jobHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h jobHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *jobHeap) Push(x any) {
	j := x.(*job)
	j.index = len(*h)
	*h = append(*h, j)
}
func (h *jobHeap) Pop() any {
	old := *h
	j := old[len(old)-1]
	old[len(old)-1], j.index = nil, -1
	*h = old[:len(old)-1]
	return j
}
