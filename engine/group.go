package engine

import (
	"slices"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// group decides operations that are done all or none, and every operation of a dry run.
func (d *decider) group(a *arrival, first uint32, list []*commandv1.Operation) []*result {
	results := make([]*result, len(list))
	if repeated(list) {
		for i := range list {
			results[i] = &result{operation: first + uint32(i), refusal: fault.Refuse(fault.Malformed, "key", "a key is twice in the group")}
		}
		return results
	}
	if !a.command.GetDryRun() && slices.ContainsFunc(list, ruling) {
		for j := range list {
			results[j] = &result{operation: first + uint32(j), refusal: fault.Refuse(fault.Malformed, "group",
				"a change that all shards hold stands in no group: they confirm it, and nothing can be taken back")}
		}
		return results
	}
	known := 0
	for i, op := range list {
		results[i] = &result{operation: first + uint32(i), dryRun: a.command.GetDryRun()}
		if _, again := d.replay(a, results[i], op); again {
			known++
		}
	}
	switch {
	case known == len(list):
		return results
	case known > 0:
		return d.partlyKnown(results, known)
	}
	if a.command.GetDryRun() {
		d.preview(a, results, list)
		return results
	}
	if !d.gather.Idle() || d.all(a, identityOf(a), results, list) != nil {
		return d.gathered(a, first, list)
	}
	return results
}

// answers makes the results of a parked operation or group; again says that keys
// of it were taken meanwhile, so that nothing may be booked.
func (d *decider) answers(a *arrival, p *parked) (results []*result, again bool) {
	known := 0
	for i, op := range p.list {
		r := &result{operation: p.First + uint32(i), whose: p.identity()}
		if d.recall(a, r, store.KeyID(p.Book, op.GetKey()), op) {
			known++
		}
		results = append(results, r)
	}
	if known > 0 && known < len(results) {
		results = d.partlyKnown(results, known)
	}
	return results, known > 0
}

// all does operations all or none. A shortage leaves nothing done.
func (d *decider) all(a *arrival, who *identity, results []*result, list []*commandv1.Operation) *book.Short {
	from := d.undo.begin()
	seq, moved := d.seq, len(d.moved)
	for i, op := range list {
		short := d.try(who, results[i], op)
		if short == nil && results[i].refusal == nil && results[i].draft.GetRefusal() == nil {
			d.accept(a, results[i])
			continue
		}
		d.takeBack(from, seq, moved)
		if short != nil {
			for _, r := range results {
				r.draft = nil
			}
			return short
		}
		reason := results[i].refusal
		if reason == nil {
			reason = unwire(results[i].draft.GetRefusal())
		}
		d.groupRefused(a, who, results, list, i, reason)
		return nil
	}
	d.undo.keep()
	for i, op := range list {
		d.take(store.KeyID(who.book, op.GetKey()), results[i], op)
	}
	return nil
}

// takeBack restores memory as it was before a group, or a dry run.
func (d *decider) takeBack(from int, seq uint64, moved int) {
	d.undo.rollback(from)
	d.drafts.cut(seq)
	d.seq, d.moved = seq, d.moved[:moved]
}

// repeated says whether operations share a key: all or none, they cannot.
func repeated(list []*commandv1.Operation) bool {
	keys := make(map[string]bool, len(list))
	for _, op := range list {
		if op.GetKey() != "" && keys[op.GetKey()] {
			return true
		}
		keys[op.GetKey()] = true
	}
	return false
}

// partlyKnown refuses a group of which some keys are known. What was recorded
// about keys of other shards stays: a replay learns it only there.
func (d *decider) partlyKnown(results []*result, known int) []*result {
	for i, r := range results {
		results[i] = &result{operation: r.operation, whose: r.whose, dryRun: r.dryRun, refusal: fault.Refuse(fault.GroupPartlyKnown, "key",
			"%d of the group's %d keys are known already", known, len(results))}
		if r.draft.GetExternal() != nil {
			results[i].draft = r.draft
		}
	}
	return results
}

// groupRefused gives every operation of a refused group its answer: its own
// refusal to the one that failed, group_failed to the others.
func (d *decider) groupRefused(a *arrival, who *identity, results []*result, list []*commandv1.Operation, failed int, reason *fault.Refusal) {
	for i, r := range results {
		refusal := reason
		if i != failed {
			// Named by its key: the caller's numbers are not those of the command, which
			// may hold a part of his operations.
			key := list[failed].GetKey()
			refusal = groupFailed(key, reason)
		}
		r.draft, r.refusal = nil, refusal
		if !reason.Code.Lookup().Remembered {
			continue
		}
		if !r.dryRun {
			r.refusal = nil
			r.draft = &journalv1.Record{Refusal: wire(refusal), Key: list[i].GetKey(), RequestHash: list[i].GetRequestHash()}
			d.accept(a, r)
		}
		d.take(store.KeyID(who.book, list[i].GetKey()), r, list[i])
	}
}

// groupFailed refuses an operation because another of its group was refused.
func groupFailed(key string, reason *fault.Refusal) *fault.Refusal {
	return fault.Refuse(fault.GroupFailed, "group", "the operation with key %q was refused: %s", key, reason.Error()).
		With("because", string(reason.Code)).With("key", key)
}
