package engine

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// lookUpsAtOnce bounds the look-ups of a process. When the database is slow every
// waiter looks its keys up: without a bound they would take all sessions of the
// pool, and the renewal of the leases would wait behind them.
const lookUpsAtOnce = 4

// manyKeys are too many to look up again and again.
const manyKeys = 100

// lookUp looks the keys of a part up in the database and says whether all are
// there. What it finds stands, whoever told it. Before the last look, one of thousands
// is asked for first: while it is not there, not all are; and when it just came, the
// others are most likely on their way through memory.
func (e *Engine) lookUp(ctx context.Context, p *part, outcomes []Outcome, last bool) bool {
	select {
	case e.lookUps <- struct{}{}:
		defer func() { <-e.lookUps }()
	case <-ctx.Done():
		return false
	}
	places, ids := p.unknown(outcomes)
	if len(ids) == 0 {
		return true
	}
	if !last && len(ids) > manyKeys {
		first, err := e.cfg.DB.LookupKeys(ctx, ids[:1])
		before := p.written
		p.written = len(first) > 0
		if err == nil && !(before && p.written) {
			return false
		}
	}
	found, err := readKeys(ctx, e.cfg.DB, ids)
	if err != nil {
		if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			e.cfg.Logger.WarnContext(ctx, "looking keys up failed", "error", err)
		}
		return false
	}
	all := true
	ops := p.command.GetOperations().GetList()
	for n, i := range places {
		k, ok := found[ids[n]]
		if ok {
			outcomes[p.indexes[i]] = k.outcome(ops[i], p.command.GetId())
		}
		all = all && ok
	}
	return all
}

// unknown copies what was told and lists the operations of which nothing is known
// yet, with their keys.
func (p *part) unknown(outcomes []Outcome) (places []int, ids [][16]byte) {
	for i, op := range p.command.GetOperations().GetList() {
		if told, ok := p.waiter.seen(i); ok {
			outcomes[p.indexes[i]] = told
		}
		if !outcomes[p.indexes[i]].known() {
			places = append(places, i)
			ids = append(ids, store.KeyID(p.command.GetBook(), op.GetKey()))
		}
	}
	return places, ids
}

// outcome is the answer that the key was given before.
func (k knownKey) outcome(op *commandv1.Operation, command string) Outcome {
	if string(k.RequestHash) != string(op.GetRequestHash()) {
		return Outcome{Refusal: keyReused(op.GetKey())}
	}
	rec := new(journalv1.Record)
	if err := proto.Unmarshal(k.raw, rec); err != nil {
		return Outcome{Refusal: fault.Refuse(fault.Internal, "", "the stored answer cannot be decoded")}
	}
	return Outcome{Record: rec, Refusal: unwire(rec.GetRefusal()), Replayed: rec.GetCommand() != command}
}
