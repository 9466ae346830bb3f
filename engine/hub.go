package engine

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	"github.com/provodka/provodka/proto/lean"
)

// hub brings outcomes to the callers of this process who wait for them.
type hub struct {
	mu      sync.Mutex
	waiters map[string]*waiter
	queued  atomic.Int64
}

// waiter waits for the outcomes of the operations of one command. They may come
// in parts: an operation that waits for money of other shards is told later.
type waiter struct {
	mu       sync.Mutex
	command  *commandv1.Command // what was appended for it, and its bytes; nil until then
	raw      []byte
	outcomes []Outcome
	told     []bool
	left     int
	done     chan struct{} // closed when all are told
}

// indexed is the outcome of the operation at an index of its command.
type indexed struct {
	operation uint32
	Outcome
}

func newHub() *hub { return &hub{waiters: map[string]*waiter{}} }

func (h *hub) reserve(n, most int) bool {
	if h.queued.Add(int64(n)) > int64(most) {
		h.queued.Add(int64(-n))
		return false
	}
	return true
}

func (h *hub) free(n int) { h.queued.Add(int64(-n)) }

func (h *hub) wait(command string, operations int) *waiter {
	w := &waiter{outcomes: make([]Outcome, operations), told: make([]bool, operations), left: operations, done: make(chan struct{})}
	h.mu.Lock()
	h.waiters[command] = w
	h.mu.Unlock()
	return w
}

// appends notes the command that is about to be appended for the waiter, and its bytes.
func (w *waiter) appends(c *commandv1.Command, raw []byte) {
	w.mu.Lock()
	w.command, w.raw = c, raw
	w.mu.Unlock()
}

// own gives the command of these bytes when a caller of this process waits for it: it was
// encoded here and need not be decoded again. What the log says counts: with another
// byte it is not the same command.
func (h *hub) own(raw []byte) *commandv1.Command {
	id, ok := lean.CommandID(raw)
	if !ok {
		return nil
	}
	h.mu.Lock()
	w := h.waiters[string(id)]
	h.mu.Unlock()
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !bytes.Equal(raw, w.raw) {
		return nil
	}
	return w.command
}

func (h *hub) forget(command string) {
	h.mu.Lock()
	delete(h.waiters, command)
	h.mu.Unlock()
}

// tell answers a command's waiter, if one is here; the first answer of an
// operation counts.
func (h *hub) tell(command string, outcomes []indexed) {
	h.mu.Lock()
	w := h.waiters[command]
	h.mu.Unlock()
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range outcomes {
		if int(o.operation) >= len(w.told) || w.told[o.operation] {
			continue
		}
		w.told[o.operation], w.outcomes[o.operation] = true, o.Outcome
		if w.left--; w.left == 0 {
			close(w.done)
		}
	}
}

// seen gives what was told so far.
func (w *waiter) seen(i int) (Outcome, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.outcomes[i], w.told[i]
}

// told takes a message of another process's writer.
func (h *hub) told(raw []byte) {
	m := new(commandv1.Outcome)
	if err := proto.Unmarshal(raw, m); err != nil {
		return // not ours to judge: waiters look their keys up
	}
	outcomes := make([]indexed, 0, len(m.GetResults()))
	for _, r := range m.GetResults() {
		o := indexed{r.GetOperation(), Outcome{
			Refusal: unwire(r.GetRefusal()), Replayed: r.GetReplayed(), Gathers: r.GetGathers(), lacks: r.GetLacks(),
		}}
		if len(r.GetRecord()) > 0 {
			rec := new(journalv1.Record)
			if proto.Unmarshal(r.GetRecord(), rec) != nil {
				return
			}
			o.Record = rec
			if o.Refusal == nil {
				o.Refusal = unwire(rec.GetRefusal())
			}
		}
		outcomes = append(outcomes, o)
	}
	h.tell(m.GetCommand(), outcomes)
}

// addressee is a command that somebody waits for.
type addressee struct{ process, command string }

// deliver answers everybody who waits for what a committed batch decided.
func (e *Engine) deliver(shard int, b *batch) {
	for _, c := range b.commands {
		for to, outcomes := range c.outcomes() {
			if to.process == e.cfg.Process {
				e.hub.tell(to.command, outcomes)
				continue
			}
			e.tell(shard, to, outcomes)
		}
	}
}

// tell sends outcomes to another process, in messages that its log can take.
func (e *Engine) tell(shard int, to addressee, outcomes []indexed) {
	results := wireResults(outcomes)
	for len(results) > 0 {
		n, size := 0, 0
		for n < len(results) && (n == 0 || size+proto.Size(results[n]) < maxCommandBytes) {
			size += proto.Size(results[n])
			n++
		}
		raw, err := proto.Marshal(&commandv1.Outcome{Command: to.command, Results: results[:n]})
		if err != nil {
			e.cfg.Logger.ErrorContext(context.Background(), "outcome not told", "shard", shard, "error", err)
			return
		}
		e.cfg.Outcomes.Tell(to.process, raw)
		results = results[n:]
	}
}

// outcomes gives the answers of a decided command by who waits for them: its own
// operations, and parked ones of other commands that it let go on.
func (c *decided) outcomes() map[addressee][]indexed {
	out := map[addressee][]indexed{}
	for _, r := range c.results {
		if r.internal || r.pending {
			continue
		}
		to := addressee{c.command.GetProcess(), c.command.GetId()}
		if r.whose != nil {
			to = addressee{r.whose.process, r.whose.command}
		}
		if to.process != "" {
			list := out[to]
			if list == nil {
				list = make([]indexed, 0, len(c.results))
			}
			out[to] = append(list, indexed{r.operation, r.outcome()})
		}
	}
	return out
}

func (r *result) outcome() Outcome {
	switch {
	case r.same != nil:
		o := r.same.outcome()
		o.Replayed = true
		return o
	case r.answered != nil:
		rec := new(journalv1.Record)
		if err := proto.Unmarshal(r.answered, rec); err != nil {
			return Outcome{Refusal: fault.Refuse(fault.Internal, "", "the stored answer cannot be decoded")}
		}
		return Outcome{Record: rec, Refusal: unwire(rec.GetRefusal()), Replayed: true}
	case r.draft != nil && r.refusal == nil:
		return Outcome{Record: r.draft, Refusal: unwire(r.draft.GetRefusal()), Gathers: r.gathers}
	default:
		return Outcome{Record: r.draft, Refusal: r.refusal, lacks: r.lacks}
	}
}

// wireResults writes the answers for another process.
func wireResults(outcomes []indexed) []*commandv1.Result {
	results := make([]*commandv1.Result, len(outcomes))
	for i, o := range outcomes {
		results[i] = &commandv1.Result{Operation: o.operation, Replayed: o.Replayed, Gathers: o.Gathers, Lacks: o.lacks}
		if o.Record != nil {
			if raw, err := proto.Marshal(o.Record); err == nil {
				results[i].Record = raw
			}
		}
		if o.Refusal != nil {
			results[i].Refusal = wire(o.Refusal)
		}
	}
	return results
}
