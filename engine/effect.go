package engine

import (
	"container/heap"
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
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
	slots map[string]chan struct{} // calls at once, by port

	mu   sync.Mutex
	open map[string]*job
	due  jobHeap
}

// job is one open effect.
type job struct {
	effect   *journalv1.Effect
	book     string
	fresh    bool  // never sent by anybody: opened under this ownership
	notFound int   // how often in a row the provider knew nothing of it
	at       int64 // not before, microseconds of the database clock
	working  bool
	index    int // in the heap, -1 when not queued
}

func newEffects(s *shard) *effects {
	x := &effects{shard: s, wake: make(chan struct{}, 1), slots: map[string]chan struct{}{}, open: map[string]*job{}}
	for name := range s.engine.cfg.Ports {
		x.slots[name] = make(chan struct{}, s.engine.cfg.EffectsAtOnce)
	}
	return x
}

// load reads the effects that an earlier owner left open.
func (x *effects) load(ctx context.Context) error {
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
			x.gauge()
			return nil
		}
	}
}

// offer takes the effects of committed records.
func (x *effects) offer(records []journal.Sealed) {
	changed := false
	for _, s := range records {
		for _, e := range s.Record.GetEffects() {
			changed = true
			x.take(s.Record.GetBook(), e)
		}
	}
	if !changed {
		return
	}
	x.gauge()
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

func (x *effects) take(bookName string, e *journalv1.Effect) {
	if e.GetState() == journalv1.EffectState_EFFECT_STATE_CLOSED {
		x.mu.Lock()
		if j := x.open[e.GetAttempt()]; j != nil {
			if j.index >= 0 {
				heap.Remove(&x.due, j.index)
			}
			delete(x.open, e.GetAttempt())
		}
		x.mu.Unlock()
		return
	}
	x.put(&job{
		effect: e, book: bookName, at: e.GetDueUs(), index: -1,
		fresh: e.GetState() == journalv1.EffectState_EFFECT_STATE_OPEN,
	})
}

// put queues a job; what was known of "not found" stays.
func (x *effects) put(j *job) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if old := x.open[j.effect.GetAttempt()]; old != nil {
		if old.index >= 0 {
			heap.Remove(&x.due, old.index)
		}
		j.notFound = old.notFound
	}
	x.open[j.effect.GetAttempt()] = j
	heap.Push(&x.due, j)
}

// later queues a job again.
func (x *effects) later(j *job, wait time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.open[j.effect.GetAttempt()] != j {
		return // a committed record has replaced it
	}
	j.working, j.fresh = false, false
	j.at = x.shard.engine.clock.now() + wait.Microseconds()
	if j.index < 0 {
		heap.Push(&x.due, j)
	}
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// run starts jobs as they come due.
func (x *effects) run(ctx context.Context) error {
	var calls sync.WaitGroup
	defer calls.Wait()
	for {
		j, wait := x.next()
		if j == nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-x.wake:
			case <-time.After(wait):
			}
			continue
		}
		if !x.shard.mayCall() {
			x.later(j, x.shard.engine.cfg.LeaseTTL/6)
			continue
		}
		slot := x.slots[j.effect.GetPort()]
		select {
		case <-ctx.Done():
			return ctx.Err()
		case slot <- struct{}{}:
		}
		calls.Go(func() {
			defer func() { <-slot }()
			x.perform(ctx, j)
		})
	}
}

// next takes the job that is due, or tells how long to wait.
func (x *effects) next() (*job, time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.due) == 0 {
		return nil, time.Minute
	}
	if wait := time.Duration(x.due[0].at-x.shard.engine.clock.now()) * time.Microsecond; wait > 0 {
		return nil, wait
	}
	j := heap.Pop(&x.due).(*job)
	j.working = true
	return j, 0
}

// perform asks the world once and sends what it answered as a command.
func (x *effects) perform(ctx context.Context, j *job) {
	e := x.shard.engine
	p := e.cfg.Ports[j.effect.GetPort()]
	ask := port.Ask{
		Attempt: j.effect.GetAttempt(), Verb: j.effect.GetVerb(), Body: j.effect.GetBody(),
		Clock: time.UnixMicro(j.effect.GetOpenedUs()).UTC(),
	}
	call, cancel := context.WithTimeout(ctx, e.cfg.RequestTimeout)
	defer cancel()
	var ans port.Answer
	switch {
	case j.fresh || j.notFound >= 2 && x.remembered(j, p):
		ans = p.Send(call, ask)
		j.notFound = 0
	default:
		ans = p.Find(call, ask)
	}
	if ctx.Err() != nil {
		return // the owner is stopping; the next one asks
	}
	if ans.Result == port.NotFound {
		j.notFound++
		if j.notFound >= 2 && !x.remembered(j, p) {
			ans = port.Unclear("the provider's memory of attempts is over: a person decides")
		} else {
			x.later(j, e.cfg.RequestTimeout)
			return
		}
	}
	e.metrics.answered(j.effect.GetPort(), ans.Result)
	x.send(ctx, j, ans)
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
	x.shard.engine.cfg.Commands.Append(ctx, x.shard.number, raw, nil, func(_ int64, err error) {
		if err != nil {
			x.shard.engine.cfg.Logger.Warn("answer not appended; asking again",
				"shard", x.shard.number, "attempt", j.effect.GetAttempt(), "error", err)
			x.later(j, time.Second)
			return
		}
		x.later(j, 3*x.shard.engine.cfg.RequestTimeout)
	})
}

// gauge tells how many effects are open and in doubt.
func (x *effects) gauge() {
	x.mu.Lock()
	count := map[[2]string]int{}
	for _, j := range x.open {
		state := "open"
		if j.effect.GetState() == journalv1.EffectState_EFFECT_STATE_IN_DOUBT {
			state = "in_doubt"
		}
		count[[2]string{j.effect.GetPort(), state}]++
	}
	x.mu.Unlock()
	x.shard.engine.metrics.openEffects(x.shard.number, count)
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
