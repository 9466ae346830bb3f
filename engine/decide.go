package engine

import (
	"fmt"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// arrival is one record of the command log, decoded.
type arrival struct {
	offset      int64
	leaderEpoch int32
	stampUS     int64              // the broker's timestamp, microseconds
	command     *commandv1.Command // nil when the record cannot be decoded
	undecodable string             // why
	external    externals          // what a replay, or a bisected failure, says about it
}

// externals are the facts about a command that did not come from the log.
type externals map[uint32]*journalv1.External

// result is the outcome of one operation inside a decided batch.
type result struct {
	operation uint32
	draft     *journalv1.Record // the record it leaves; sealed at the commit
	sealed    journal.Sealed
	same      *result // the result of the same key in this batch or the one in flight
	answered  []byte  // raw record given before under the same key
	refusal   *fault.Refusal
	dryRun    bool
	pending   bool
}

// decided is one command with its outcomes.
type decided struct {
	*arrival
	results []*result
}

// decider decides the commands of one shard in order. It owns the memory; it does
// no I/O but through miss, which loads a row that nobody foresaw.
type decider struct {
	*state
	shard          uint32
	flows          *flow.Registry
	zone           *time.Location
	seq            uint64 // of the last record
	clockUS        int64
	day            string // of clockUS in the zone
	dayEndUS       int64
	nowUS          func() int64               // database clock, for expiry only
	patientUntilUS int64                      // commands stamped before never expire
	known          map[[16]byte]knownKey      // keys found in the database, after a clash
	load           func(accounts []stripeKey) // rows that nobody foresaw
}

// knownKey is a key that the database knows, with its record when it is there.
type knownKey struct {
	store.KnownKey
	raw []byte
}

// tick moves the clock to the record's stamp; it never goes back.
func (d *decider) tick(stampUS int64) {
	d.clockUS = max(d.clockUS, stampUS)
	if d.clockUS < d.dayEndUS {
		return
	}
	t := time.UnixMicro(d.clockUS).In(d.zone)
	d.day = t.Format(time.DateOnly)
	y, m, dd := t.Date()
	d.dayEndUS = time.Date(y, m, dd+1, 0, 0, 0, 0, d.zone).UnixMicro()
}

func (d *decider) now() ledger.Now {
	return ledger.Now{Seq: d.seq + 1, US: d.clockUS, Day: d.day}
}

// decide decides one command and folds it into memory.
func (d *decider) decide(a *arrival) *decided {
	d.tick(a.stampUS)
	out := &decided{arrival: a}
	switch {
	case a.command == nil:
		out.results = []*result{d.external(a, 0, journalv1.ExternalKind_EXTERNAL_KIND_REJECTED, a.undecodable)}
	case a.external[0] != nil && a.external[0].Kind != journalv1.ExternalKind_EXTERNAL_KIND_KEY_TAKEN:
		out.results = d.set(a, a.external[0])
	case d.expired(a):
		out.results = d.set(a, &journalv1.External{Kind: journalv1.ExternalKind_EXTERNAL_KIND_EXPIRED, Text: "waited past its time"})
	default:
		out.results = d.command(a)
	}
	d.finish(out)
	return out
}

// expired compares an API command's age with its patience, by the database clock.
func (d *decider) expired(a *arrival) bool {
	timeout := a.command.GetTimeoutMs()
	return timeout > 0 && d.nowUS != nil && a.stampUS >= d.patientUntilUS && d.nowUS()-a.stampUS > timeout*1000
}

func (d *decider) command(a *arrival) []*result {
	c := a.command
	switch what := c.GetWhat().(type) {
	case *commandv1.Command_Operations:
		return d.operations(a, what.Operations.GetList())
	case *commandv1.Command_Answer:
		return d.one(a, d.answer(c, what.Answer))
	case *commandv1.Command_Due:
		return d.due(a, what.Due)
	default:
		return []*result{d.external(a, 0, journalv1.ExternalKind_EXTERNAL_KIND_REJECTED, "the command says nothing to do")}
	}
}

// one wraps the only result of a command; nil means that it changed nothing.
func (d *decider) one(a *arrival, r *result) []*result {
	if r == nil {
		return nil
	}
	return []*result{d.accept(a, r)}
}

// operations decides a caller's operations, group by group.
func (d *decider) operations(a *arrival, list []*commandv1.Operation) []*result {
	results := make([]*result, 0, len(list))
	for i := 0; i < len(list); {
		n := 1
		for list[i].GetGroup() != 0 && i+n < len(list) && list[i+n].GetGroup() == list[i].GetGroup() {
			n++
		}
		if n == 1 && !a.command.GetDryRun() {
			results = append(results, d.operation(a, uint32(i), list[i]))
		} else {
			results = append(results, d.group(a, uint32(i), list[i:i+n])...)
		}
		i += n
	}
	return results
}

// operation decides one operation of a caller.
func (d *decider) operation(a *arrival, index uint32, op *commandv1.Operation) *result {
	r := &result{operation: index}
	id, again := d.replay(a, r, op)
	if again {
		return r
	}
	d.try(a, r, op)
	d.accept(a, r)
	if r.draft != nil && op.GetKey() != "" {
		d.keys.now[id] = recentKey{requestHash: string(op.GetRequestHash()), result: r}
	}
	return r
}

// try decides an operation on memory without folding it.
func (d *decider) try(a *arrival, r *result, op *commandv1.Operation) {
	var (
		draft   *ledger.Draft
		refusal *fault.Refusal
		short   *book.Short
	)
	bookName := a.command.GetBook()
	if f := op.GetFlow(); f != nil {
		draft, refusal, short = d.step(&stepInput{
			key: aggregateKey{bookName, f.GetFlow(), f.GetId()}, owner: f.GetOwner(),
			command: flow.Command{Event: f.GetEvent(), Actor: a.command.GetActor(), Body: f.GetBody()},
		})
	} else {
		draft, refusal, short = ledger.Decide(view{d.state, bookName}, op, d.now())
	}
	if short != nil {
		refusal = ledger.Refused(short)
	}
	switch {
	case refusal == nil:
		r.draft = draft.Record
		d.fold(bookName, draft)
	case refusal.Code.Lookup().Remembered:
		r.draft = &journalv1.Record{Refusal: wire(refusal)}
	default:
		r.refusal = refusal
	}
	if r.draft != nil {
		r.draft.Key, r.draft.RequestHash = op.GetKey(), op.GetRequestHash()
	}
}

// accept numbers the record of a result.
func (d *decider) accept(a *arrival, r *result) *result {
	if r.draft == nil {
		return r
	}
	d.seq++
	rec := r.draft
	rec.ClockUs, rec.Offset, rec.Operation = d.clockUS, a.offset, r.operation
	if a.command != nil {
		rec.Command, rec.Book, rec.Actor = a.command.GetId(), a.command.GetBook(), a.command.GetActor()
	}
	return r
}

// finish marks the last record of the command.
func (d *decider) finish(out *decided) {
	for i := len(out.results) - 1; i >= 0; i-- {
		if r := out.results[i]; r.draft != nil && !r.dryRun {
			r.draft.Last = true
			return
		}
	}
}

// group decides operations that are done all or none, and every operation of a
// dry run, which are taken back at its end.
func (d *decider) group(a *arrival, first uint32, list []*commandv1.Operation) []*result {
	results := make([]*result, len(list))
	ids := make([][16]byte, len(list))
	known := 0
	for i, op := range list {
		results[i] = &result{operation: first + uint32(i), dryRun: a.command.GetDryRun()}
		var again bool
		if ids[i], again = d.replay(a, results[i], op); again {
			known++
		}
	}
	switch {
	case known == len(list):
		return results
	case known > 0:
		return d.partlyKnown(results, known)
	}
	d.undo.begin()
	seq, failed := d.seq, -1
	for i, op := range list {
		d.try(a, results[i], op)
		if results[i].refusal != nil || results[i].draft.GetRefusal() != nil {
			failed = i
			break
		}
		d.accept(a, results[i])
	}
	if failed < 0 && !a.command.GetDryRun() {
		d.undo.keep()
		for i, op := range list {
			d.keys.now[ids[i]] = recentKey{requestHash: string(op.GetRequestHash()), result: results[i]}
		}
		return results
	}
	d.undo.rollback()
	d.seq = seq
	if failed >= 0 {
		d.groupRefused(a, results, ids, list, failed)
	}
	return results
}

func (d *decider) partlyKnown(results []*result, known int) []*result {
	for i := range results {
		results[i] = &result{operation: results[i].operation, refusal: fault.Refuse(fault.GroupPartlyKnown, "key",
			"%d of the group's %d keys are known already", known, len(results))}
	}
	return results
}

// groupRefused gives every operation of a refused group its answer: its own
// refusal to the one that failed, group_failed to the others.
func (d *decider) groupRefused(a *arrival, results []*result, ids [][16]byte, list []*commandv1.Operation, failed int) {
	culprit := results[failed]
	reason := culprit.refusal
	if reason == nil {
		reason = unwire(culprit.draft.GetRefusal())
	}
	for i, r := range results {
		refusal := reason
		if i != failed {
			refusal = fault.Refuse(fault.GroupFailed, fmt.Sprintf("operations[%d]", culprit.operation),
				"the group was refused: %s", reason.Error()).With("because", string(reason.Code))
		}
		r.draft, r.refusal = nil, refusal
		if !reason.Code.Lookup().Remembered || a.command.GetDryRun() {
			continue
		}
		r.refusal = nil
		r.draft = &journalv1.Record{Refusal: wire(refusal), Key: list[i].GetKey(), RequestHash: list[i].GetRequestHash()}
		d.accept(a, r)
		d.keys.now[ids[i]] = recentKey{requestHash: string(list[i].GetRequestHash()), result: r}
	}
}

// replay answers an operation whose key is known. It reads nothing: keys of the
// database are known only after a commit found that they clash.
func (d *decider) replay(a *arrival, r *result, op *commandv1.Operation) (id [16]byte, again bool) {
	if op.GetKey() == "" {
		return id, false
	}
	id = store.KeyID(a.command.GetBook(), op.GetKey())
	if k, ok := d.keys.find(id); ok {
		if k.requestHash != string(op.GetRequestHash()) {
			r.refusal = keyReused(op.GetKey())
			return id, true
		}
		r.same = k.result
		return id, true
	}
	if ext := a.external[r.operation]; ext != nil {
		d.taken(a, r, ext)
		return id, true
	}
	k, ok := d.known[id]
	if !ok {
		return id, false
	}
	same := string(k.RequestHash) == string(op.GetRequestHash())
	switch {
	case k.Shard == int(d.shard) && same:
		r.answered = k.raw
	case k.Shard == int(d.shard):
		r.refusal = keyReused(op.GetKey())
	default:
		d.taken(a, r, &journalv1.External{
			Kind: journalv1.ExternalKind_EXTERNAL_KIND_KEY_TAKEN,
			Text: fmt.Sprintf("record %d.%d has the key, same request: %t", k.Shard, k.Seq, same),
		})
		if same {
			r.answered = k.raw
		}
	}
	return id, true
}

// taken records that another shard has the key: the log alone cannot tell.
func (d *decider) taken(a *arrival, r *result, ext *journalv1.External) {
	r.draft = &journalv1.Record{External: ext}
	r.refusal = fault.Refuse(fault.KeyTaken, "key", "%s", ext.Text)
	d.accept(a, r)
}

func keyReused(key string) *fault.Refusal {
	return fault.Refuse(fault.KeyReused, "key", "key %q belongs to another request", key).With("key", key)
}

// external makes the record of a fact that did not come from the log.
func (d *decider) external(a *arrival, operation uint32, kind journalv1.ExternalKind, text string) *result {
	r := &result{operation: operation, draft: &journalv1.Record{External: &journalv1.External{Kind: kind, Text: text}}}
	code := map[journalv1.ExternalKind]fault.Code{
		journalv1.ExternalKind_EXTERNAL_KIND_EXPIRED:  fault.Expired,
		journalv1.ExternalKind_EXTERNAL_KIND_INTERNAL: fault.Internal,
		journalv1.ExternalKind_EXTERNAL_KIND_REJECTED: fault.Rejected,
	}[kind]
	r.refusal = fault.Refuse(code, "", "%s", text)
	return d.accept(a, r)
}

// set gives the whole command one external: one record, one answer an operation.
func (d *decider) set(a *arrival, ext *journalv1.External) []*result {
	first := d.external(a, 0, ext.Kind, ext.Text)
	results := []*result{first}
	for i := 1; i < len(a.command.GetOperations().GetList()); i++ {
		results = append(results, &result{operation: uint32(i), refusal: first.refusal})
	}
	return results
}
