package engine

import (
	"fmt"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// replay answers an operation whose key is known. It reads nothing: keys of the
// database are known only after a commit found that they clash.
func (d *decider) replay(a *arrival, r *result, op *commandv1.Operation) (id [16]byte, again bool) {
	if op.GetKey() == "" {
		return id, false
	}
	id = store.KeyID(a.command.GetBook(), op.GetKey())
	if k, ok := d.keys.find(id); ok {
		if k.requestHash != hashOf(op.GetRequestHash()) {
			r.refusal = keyReused(op.GetKey())
			return id, true
		}
		r.same = k.result
		return id, true
	}
	if hash, ok := d.waiting[id]; ok {
		if r.pending = hash == string(op.GetRequestHash()); !r.pending {
			r.refusal = keyReused(op.GetKey())
		}
		return id, true
	}
	return id, d.recall(a, r, id, op)
}

// recall answers an operation whose key the database is known to have.
func (d *decider) recall(a *arrival, r *result, id [16]byte, op *commandv1.Operation) bool {
	command := a.command.GetId()
	if r.whose != nil {
		command = r.whose.command
	}
	if ext := a.external[externalKey{command, r.operation}]; ext != nil {
		d.taken(a, r, ext)
		return true
	}
	k, ok := d.known[id]
	if !ok {
		return false
	}
	same := string(k.RequestHash) == string(op.GetRequestHash())
	switch {
	case k.Shard != int(d.shard):
		d.taken(a, r, &journalv1.External{
			Kind: journalv1.ExternalKind_EXTERNAL_KIND_KEY_TAKEN,
			Text: fmt.Sprintf("record %d.%d has the key, same request: %t", k.Shard, k.Seq, same),
		})
		if same {
			r.answered = k.raw
		}
	case same:
		r.answered = k.raw
	default:
		r.refusal = keyReused(op.GetKey())
	}
	return true
}

// taken records that another shard has the key: the log alone cannot tell. A dry
// run records nothing.
func (d *decider) taken(a *arrival, r *result, ext *journalv1.External) {
	r.refusal = fault.Refuse(fault.KeyTaken, "key", "%s", ext.Text)
	if !r.dryRun {
		r.draft = &journalv1.Record{External: ext}
		d.accept(a, r)
	}
}

func keyReused(key string) *fault.Refusal {
	return fault.Refuse(fault.KeyReused, "key", "key %q belongs to another request", key).With("key", key)
}
