package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Limits of one submission and of one record of the command log.
const (
	MaxOperations      = 8000
	MaxGroupOperations = 1000
	maxCommandBytes    = 512 << 10
)

// Request is what a caller wants done. Every operation has its own key and its
// own outcome; operations of one group (not 0, consecutive) are done all or none.
type Request struct {
	Book       string
	Actor      string
	Operations []Operation
	DryRun     bool
}

// Outcome is what became of one operation. Record is set when it left one, also
// when that record is a refusal; Refusal is set when it was refused.
type Outcome struct {
	Record   *journalv1.Record
	Refusal  *fault.Refusal
	Replayed bool // the answer was given before under the same key
}

// Submit appends the operations to the command log and waits for their outcomes,
// in the order of the request. It never fails as a whole: an operation whose
// outcome is not known at the deadline is answered unavailable, and the same key
// asks again. Nothing is acknowledged before its commit.
func (e *Engine) Submit(ctx context.Context, req Request) []Outcome {
	outcomes := make([]Outcome, len(req.Operations))
	if refusal := checkRequest(req); refusal != nil {
		return refuseAll(outcomes, refusal)
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(e.cfg.SubmitTimeout) // clock: the caller's patience
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	if !e.hub.reserve(len(req.Operations), e.cfg.QueueOperations) {
		return refuseAll(outcomes, fault.Refuse(fault.QueueFull, "", "%d operations wait in this process", e.cfg.QueueOperations))
	}
	defer e.hub.free(len(req.Operations))
	stampHashes(req.Operations)
	parts, refusal := e.split(req)
	if refusal != nil {
		return refuseAll(outcomes, refusal)
	}
	for _, p := range parts {
		p.waiter = e.hub.wait(p.command.GetId(), len(p.indexes))
	}
	e.append(ctx, parts, time.Until(deadline)) // clock: the caller's patience
	for _, p := range parts {
		e.await(ctx, p, outcomes)
		e.hub.forget(p.command.GetId())
	}
	return outcomes
}

func checkRequest(req Request) *fault.Refusal {
	if len(req.Operations) > MaxOperations {
		return fault.Refuse(fault.TooManyOperations, "operations", "%d operations, at most %d", len(req.Operations), MaxOperations)
	}
	for i, op := range req.Operations {
		if op.GetKey() == "" {
			return fault.Refuse(fault.Malformed, fmt.Sprintf("operations[%d].key", i), "the key is empty")
		}
	}
	return nil
}

func refuseAll(outcomes []Outcome, refusal *fault.Refusal) []Outcome {
	for i := range outcomes {
		outcomes[i].Refusal = refusal
	}
	return outcomes
}

// stampHashes binds every key to its request, and the keys of a group to all of it.
func stampHashes(ops []Operation) {
	for i := 0; i < len(ops); {
		n := groupAt(ops, i)
		if ops[i].GetGroup() == 0 {
			ops[i].RequestHash = ledger.RequestHash(ops[i].Operation)
		} else {
			group := make([]*commandv1.Operation, n)
			for j := range group {
				group[j] = ops[i+j].Operation
			}
			hash := ledger.GroupHash(group)
			for j := range group {
				group[j].RequestHash = hash
			}
		}
		i += n
	}
}

// groupAt counts the operations that stand or fall with the one at i.
func groupAt(ops []Operation, i int) int {
	n := 1
	for ops[i].GetGroup() != 0 && i+n < len(ops) && ops[i+n].GetGroup() == ops[i].GetGroup() {
		n++
	}
	return n
}

// part is one record of the command log with the places of its operations.
type part struct {
	shard   int
	command *commandv1.Command
	indexes []int
	bytes   int
	waiter  *waiter
	failed  chan error
}

// split cuts a request into records by route. Order is kept inside a route; a
// group goes whole to the route of its first operation.
func (e *Engine) split(req Request) ([]*part, *fault.Refusal) {
	open := map[int]*part{}
	var parts []*part
	for i := 0; i < len(req.Operations); {
		n := groupAt(req.Operations, i)
		size := 0
		for _, op := range req.Operations[i : i+n] {
			size += proto.Size(op.Operation) + 8
		}
		if n > MaxGroupOperations || size > maxCommandBytes {
			return nil, fault.Refuse(fault.GroupTooLarge, fmt.Sprintf("operations[%d]", i),
				"%d operations in %d bytes, at most %d in %d", n, size, MaxGroupOperations, maxCommandBytes)
		}
		route := Route(req.Book, req.Operations[i], e.cfg.Commands.Shards())
		p := open[route]
		if p == nil || p.bytes+size > maxCommandBytes {
			p = e.newPart(req, route)
			open[route] = p
			parts = append(parts, p)
		}
		list := p.command.GetOperations()
		for j := i; j < i+n; j++ {
			list.List = append(list.List, req.Operations[j].Operation)
			p.indexes = append(p.indexes, j)
		}
		p.bytes += size
		i += n
	}
	return parts, nil
}

func (e *Engine) newPart(req Request, route int) *part {
	return &part{
		shard: route, failed: make(chan error, 1),
		command: &commandv1.Command{
			Id: newID(), Process: e.cfg.Process, Actor: req.Actor, Book: req.Book, DryRun: req.DryRun,
			What: &commandv1.Command_Operations{Operations: &commandv1.Operations{}},
		},
	}
}

// newID makes the id of a command: 16 random bytes in hex.
func newID() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil { // random: a name, no decision reads it
		panic("engine: no randomness: " + err.Error())
	}
	return hex.EncodeToString(b[:])
}

func (e *Engine) append(ctx context.Context, parts []*part, patience time.Duration) {
	for _, p := range parts {
		p.command.TimeoutMs = max(1, patience.Milliseconds())
		raw, err := proto.Marshal(p.command)
		if err != nil {
			p.failed <- err
			continue
		}
		e.cfg.Commands.Append(ctx, p.shard, raw, nil, func(_ int64, err error) {
			if err != nil {
				p.failed <- err
			}
		})
	}
}

// await fills in the outcomes of one part: told by the writer, or found under
// their keys, or unavailable at the deadline.
func (e *Engine) await(ctx context.Context, p *part, outcomes []Outcome) {
	look := time.NewTicker(e.cfg.LookupEvery)
	defer look.Stop()
	for {
		select {
		case <-p.waiter.done:
			for i, at := range p.indexes {
				outcomes[at], _ = p.waiter.seen(i)
			}
			return
		case err := <-p.failed:
			e.unanswered(p, outcomes, "the command log did not take the command: "+err.Error())
			return
		case <-look.C:
			if e.lookUp(ctx, p, outcomes) {
				return
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if !e.lookUp(last, p, outcomes) {
				e.unanswered(p, outcomes, "no outcome was seen in time; ask again with the same key")
			}
			return
		}
	}
}

func (e *Engine) unanswered(p *part, outcomes []Outcome, reason string) {
	for _, at := range p.indexes {
		if outcomes[at].Record == nil && outcomes[at].Refusal == nil {
			outcomes[at].Refusal = fault.Refuse(fault.Unavailable, "", "%s", reason)
		}
	}
}

// lookUp looks the keys of a part up in the database and says whether all are
// there. What it finds stands, whoever told it.
func (e *Engine) lookUp(ctx context.Context, p *part, outcomes []Outcome) bool {
	ops := p.command.GetOperations().GetList()
	ids := make([][16]byte, len(ops))
	for i, op := range ops {
		ids[i] = store.KeyID(p.command.GetBook(), op.GetKey())
	}
	rows, err := e.cfg.DB.LookupKeys(ctx, ids)
	if err != nil {
		if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			e.cfg.Logger.WarnContext(ctx, "looking keys up failed", "error", err)
		}
		return false
	}
	found := make(map[[16]byte]store.KnownKey, len(rows))
	for _, r := range rows {
		found[r.ID] = r
	}
	all := true
	for i, id := range ids {
		if told, ok := p.waiter.seen(i); ok {
			outcomes[p.indexes[i]] = told
			continue
		}
		k, ok := found[id]
		if !ok || !e.recall(ctx, &outcomes[p.indexes[i]], k, ops[i], p.command.GetId()) {
			all = false
		}
	}
	return all
}

// recall makes the outcome of a key from its record.
func (e *Engine) recall(ctx context.Context, out *Outcome, k store.KnownKey, op *commandv1.Operation, command string) bool {
	if string(k.RequestHash) != string(op.GetRequestHash()) {
		out.Refusal = keyReused(op.GetKey())
		return true
	}
	raw, ok, err := e.cfg.DB.Record(ctx, k.Shard, k.Seq)
	if err != nil || !ok {
		return false
	}
	rec := new(journalv1.Record)
	if err := proto.Unmarshal(raw, rec); err != nil {
		e.cfg.Logger.ErrorContext(ctx, "a stored record cannot be decoded", "shard", k.Shard, "seq", k.Seq, "error", err)
		return false
	}
	*out = Outcome{Record: rec, Refusal: unwire(rec.GetRefusal()), Replayed: rec.GetCommand() != command}
	return true
}
