package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/trace"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	"github.com/provodka/provodka/proto/lean"
)

// Limits of one submission and of one record of the command log.
const (
	MaxOperations      = 8000
	MaxGroupOperations = 1000
	maxCommandBytes    = 512 << 10
	commandHead        = 256 // what a command has beside its operations, about
)

// Request is what a caller wants done. Every operation has its own key and its
// own outcome; operations of one group (not 0, consecutive) are done all or none.
// The operations' messages are the engine's from then on: it may still read them when
// Submit has given up waiting.
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
	// Gathers are accounts of a dry run whose legs tell the sums of the whole account,
	// because money of other shards would be gathered.
	Gathers []string

	lacks []*commandv1.Elsewhere
}

// Submit appends the operations to the command log and waits for their outcomes,
// in the order of the request. It never fails as a whole: an operation whose
// outcome is not known at the deadline is answered unavailable, and the same key
// asks again. Nothing is acknowledged before its commit.
func (e *Engine) Submit(ctx context.Context, req Request) []Outcome {
	outcomes := e.submit(ctx, req, nil)
	if req.DryRun {
		return e.forecast(ctx, req, outcomes)
	}
	return outcomes
}

// submit is Submit, with what is known of accounts on all shards.
func (e *Engine) submit(ctx context.Context, req Request, whole []spread) []Outcome {
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
	parts, refusal := e.split(req, outcomes)
	if refusal != nil {
		return refuseAll(outcomes, refusal)
	}
	for _, p := range parts {
		for i := range whole {
			p.command.Elsewhere = append(p.command.Elsewhere, whole[i].elsewhere(p.shard))
		}
		p.waiter = e.hub.wait(p.command.GetId(), len(p.indexes))
	}
	ctx, span := e.cfg.Tracer.Start(ctx, "submit", trace.Producer)
	defer span.End()
	span.Text("book", req.Book)
	span.Count("operations", len(req.Operations))
	for _, p := range parts {
		span.Appended(p.shard, p.command.GetId())
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
	if req.Book == "" || faultyText(req.Book) || faultyText(req.Actor) {
		return fault.Refuse(fault.Malformed, "book", "the book is empty, or its name or the actor's cannot be kept")
	}
	for i := range req.Operations {
		if refusal := checkOperation(req.Operations[i].Operation, req.Actor); refusal != nil {
			return refusal.At(fmt.Sprintf("operations[%d]", i))
		}
	}
	return checkGroups(req.Operations)
}

// checkOperation refuses what the log or the database could not keep, and keys of the house.
func checkOperation(op *commandv1.Operation, actor string) *fault.Refusal {
	switch key := op.GetKey(); {
	case key == "":
		return fault.Refuse(fault.Malformed, "key", "the key is empty")
	case strings.HasPrefix(key, answerPrefix):
		return fault.Refuse(fault.Malformed, "key", "keys that begin with %q are those of the world's answers", answerPrefix)
	case strings.HasPrefix(key, EffectKey) && actor != ActorEffect,
		strings.HasPrefix(key, auditPrefix) && actor != actorAuditor,
		strings.HasPrefix(key, ledger.SheetKey) && op.GetPeriod().GetWhat() != commandv1.PeriodChange_PERIOD_CHANGE_SHEET:
		before, _, _ := strings.Cut(key, ":")
		return fault.Refuse(fault.Malformed, "key", "keys that begin with %q are the house's own", before+":")
	}
	if field := faultyOperation(op); field != "" {
		return fault.Refuse(fault.Malformed, field, "the text has a NUL or is not UTF-8")
	}
	return nil
}

// checkGroups refuses an atomic group that names a key twice: done all or none, it
// could take the key only once. One that stands in two places would be two, which the
// caller does not mean.
func checkGroups(ops []Operation) *fault.Refusal {
	var seen map[uint32]bool
	for i := 0; i < len(ops); {
		n := groupAt(ops, i)
		keys := map[string]bool{}
		if group := ops[i].GetGroup(); group != 0 {
			if seen[group] {
				return fault.Refuse(fault.Malformed, fmt.Sprintf("operations[%d].group", i), "other operations stand between those of group %d", group)
			}
			if seen == nil {
				seen = map[uint32]bool{}
			}
			seen[group] = true
		}
		for j := i; n > 1 && j < i+n; j++ {
			if key := ops[j].GetKey(); keys[key] {
				return fault.Refuse(fault.Malformed, fmt.Sprintf("operations[%d].key", j), "the key %q is twice in the group", key)
			}
			keys[ops[j].GetKey()] = true
		}
		i += n
	}
	return nil
}

func refuseAll(outcomes []Outcome, refusal *fault.Refusal) []Outcome {
	for i := range outcomes {
		own := *refusal // whoever reads one outcome may write into it
		outcomes[i].Refusal = &own
	}
	return outcomes
}

// stampHashes binds every key to its request, and the keys of a group to all of it.
func stampHashes(ops []Operation) {
	var hasher ledger.Hasher
	for i := 0; i < len(ops); {
		n := groupAt(ops, i)
		if ops[i].GetGroup() == 0 {
			stamp(ops[i].Operation, hasher.Request(ops[i].Operation))
		} else {
			group := make([]*commandv1.Operation, n)
			for j := range group {
				group[j] = ops[i+j].Operation
			}
			hash := ledger.GroupHash(group)
			for j := range group {
				stamp(group[j], hash)
			}
		}
		i += n
	}
}

// stamp sets an operation's hash. An operation that is submitted once more has it already,
// and the engine may be reading it.
func stamp(op *commandv1.Operation, hash []byte) {
	if !bytes.Equal(op.GetRequestHash(), hash) {
		op.RequestHash = hash
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
	written bool // the look-up before found its first key
}

// split cuts a request into records by route. Order is kept inside a route; a group goes
// whole to one. What has no route is answered at once: it disturbs no other operation.
func (e *Engine) split(req Request, outcomes []Outcome) ([]*part, *fault.Refusal) {
	open := map[int]*part{}
	var parts []*part
	for i := 0; i < len(req.Operations); {
		n := groupAt(req.Operations, i)
		size := 0
		for _, op := range req.Operations[i : i+n] {
			size += sizeOf(op.Operation)
		}
		if n > MaxGroupOperations || size > maxCommandBytes {
			return nil, fault.Refuse(fault.GroupTooLarge, fmt.Sprintf("operations[%d]", i),
				"%d operations in %d bytes, at most %d in %d", n, size, MaxGroupOperations, maxCommandBytes)
		}
		shard, failed, refusal := route(req.Book, req.Operations[i:i+n], e.cfg.Commands.Shards())
		if refusal != nil {
			for j := range n {
				outcomes[i+j].Refusal = refusal
				if j != failed {
					outcomes[i+j].Refusal = groupFailed(req.Operations[i+failed].GetKey(), refusal)
				}
			}
			i += n
			continue
		}
		p := open[shard]
		if p == nil || p.bytes+size > maxCommandBytes {
			p = e.newPart(req, shard)
			open[shard] = p
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

// sizeOf is at least what an operation takes in a command. Posts, of which there are
// thousands, are not measured by the library, which will do it once more to write them.
func sizeOf(op *commandv1.Operation) int {
	const each = 16 // tags, lengths and flags of one part
	p := op.GetPost()
	if p == nil || len(p.GetMetadata()) > 0 || len(p.GetLinks()) > 0 || len(op.GetConditions()) > 0 || len(op.ProtoReflect().GetUnknown()) > 0 {
		return proto.Size(op) + each
	}
	size := 3*each + len(op.GetKey()) + len(op.GetRequestHash()) + len(p.GetKind()) + len(p.GetDay())
	for _, l := range p.GetLegs() {
		size += each + len(l.GetAccount()) + len(l.GetAsset()) + len(l.GetAmount())
	}
	return size
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
		raw, ok := lean.AppendCommand(make([]byte, 0, p.bytes+commandHead), p.command)
		if !ok {
			var err error
			if raw, err = proto.Marshal(p.command); err != nil {
				p.failed <- err
				continue
			}
		}
		p.waiter.appends(p.command, raw)
		e.cfg.Commands.Append(ctx, p.shard, raw, traceHeaders(ctx), func(_ int64, err error) {
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
			code := fault.Unavailable
			if errors.Is(err, port.ErrLogFull) {
				code = fault.QueueFull
			}
			e.unanswered(p, outcomes, fault.Refuse(code, "", "the command log did not take the command: %v", err))
			return
		case <-look.C:
			if e.lookUp(ctx, p, outcomes, false) {
				return
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if !e.lookUp(last, p, outcomes, true) {
				e.unanswered(p, outcomes, fault.Refuse(fault.Unavailable, "", "no outcome was seen in time; ask again with the same key"))
			}
			return
		}
	}
}

// unanswered fills in the refusal where nothing is known. What was told stands.
func (e *Engine) unanswered(p *part, outcomes []Outcome, refusal *fault.Refusal) {
	for i, at := range p.indexes {
		if told, ok := p.waiter.seen(i); ok {
			outcomes[at] = told
		} else if !outcomes[at].known() {
			own := *refusal
			outcomes[at].Refusal = &own
		}
	}
}

func (o Outcome) known() bool { return o.Record != nil || o.Refusal != nil }
