package engine

import (
	"context"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// hub brings outcomes to the callers of this process who wait for them.
type hub struct {
	mu      sync.Mutex
	waiters map[string]*waiter
	queued  atomic.Int64
}

// waiter waits for the outcomes of one command.
type waiter struct {
	told chan []Outcome // takes one answer
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

func (h *hub) wait(command string) *waiter {
	w := &waiter{told: make(chan []Outcome, 1)}
	h.mu.Lock()
	h.waiters[command] = w
	h.mu.Unlock()
	return w
}

func (h *hub) forget(command string) {
	h.mu.Lock()
	delete(h.waiters, command)
	h.mu.Unlock()
}

// tell answers a command's waiter, if one is here; the first answer counts.
func (h *hub) tell(command string, outcomes []Outcome) {
	h.mu.Lock()
	w := h.waiters[command]
	h.mu.Unlock()
	if w == nil {
		return
	}
	select {
	case w.told <- outcomes:
	default:
	}
}

// told takes a message of another process's writer.
func (h *hub) told(raw []byte) {
	m := new(commandv1.Outcome)
	if err := proto.Unmarshal(raw, m); err != nil {
		return // not ours to judge: waiters look their keys up
	}
	outcomes := make([]Outcome, len(m.GetResults()))
	for i, r := range m.GetResults() {
		outcomes[i] = Outcome{Refusal: unwire(r.GetRefusal()), Replayed: r.GetReplayed()}
		if len(r.GetRecord()) == 0 {
			continue
		}
		rec := new(journalv1.Record)
		if proto.Unmarshal(r.GetRecord(), rec) != nil {
			return
		}
		outcomes[i].Record = rec
		if outcomes[i].Refusal == nil {
			outcomes[i].Refusal = unwire(rec.GetRefusal())
		}
	}
	h.tell(m.GetCommand(), outcomes)
}

// deliver answers everybody who waits for the commands of a committed batch.
func (e *Engine) deliver(shard int, b *batch) {
	for _, c := range b.commands {
		switch process := c.command.GetProcess(); process {
		case "":
		case e.cfg.Process:
			e.hub.tell(c.command.GetId(), c.outcomes())
		default:
			raw, err := proto.Marshal(&commandv1.Outcome{Command: c.command.GetId(), Results: c.wire()})
			if err != nil {
				e.cfg.Logger.ErrorContext(context.Background(), "outcome not told", "shard", shard, "error", err)
				continue
			}
			e.cfg.Outcomes.Tell(process, raw)
		}
	}
}

// outcomes gives the answer to each operation of the command, in order.
func (c *decided) outcomes() []Outcome {
	out := make([]Outcome, max(len(c.results), len(c.command.GetOperations().GetList())))
	for _, r := range c.results {
		if int(r.operation) < len(out) {
			out[r.operation] = r.outcome()
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
		return Outcome{Record: r.draft, Refusal: unwire(r.draft.GetRefusal())}
	default:
		return Outcome{Record: r.draft, Refusal: r.refusal}
	}
}

// wire writes the answers for another process.
func (c *decided) wire() []*commandv1.Result {
	outcomes := c.outcomes()
	results := make([]*commandv1.Result, len(outcomes))
	for i, o := range outcomes {
		results[i] = &commandv1.Result{Operation: uint32(i), Replayed: o.Replayed}
		if o.Record != nil {
			raw, err := proto.Marshal(o.Record)
			if err == nil {
				results[i].Record = raw
			}
		}
		if o.Refusal != nil {
			results[i].Refusal = wire(o.Refusal)
		}
	}
	return results
}
