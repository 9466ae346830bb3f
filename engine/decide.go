package engine

import (
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/stripe"
	"github.com/provodka/provodka/ledger/trace"
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
	who         *identity          // of the command, once it was asked for
	trace       *trace.Context     // of the call that it came from, nil when it is not sampled; decides nothing
}

// externals are the facts about a command that did not come from the log, by the
// operation they are about: of the command at hand, or of one that it let go on.
type externals map[externalKey]*journalv1.External

type externalKey struct {
	command   string
	operation uint32
}

// gaveUp is why a record is put aside whose stamp runs ahead of the clock.
const gaveUp = "a person gave up a record stamped ahead of the clock"

// givenUp says that a person gave the record up: then its stamp moves no clock,
// which is what it was held back for.
func (a *arrival) givenUp() bool { return a.command == nil && a.undecodable == gaveUp }

// whole is the external that sets the whole command; nil when there is none.
func (a *arrival) whole() *journalv1.External {
	ext := a.external[externalKey{a.command.GetId(), 0}]
	if ext.GetKind() == journalv1.ExternalKind_EXTERNAL_KIND_KEY_TAKEN {
		return nil
	}
	return ext
}

// result is the outcome of one operation inside a decided batch.
type result struct {
	operation uint32
	draft     *journalv1.Record // the record it leaves; sealed at the commit
	sealed    journal.Sealed
	same      *result // the result of the same key in this batch or the one in flight
	answered  []byte  // raw record given before under the same key
	refusal   *fault.Refusal
	dryRun    bool
	pending   bool      // it waits for money of other shards
	internal  bool      // a record of the gathering, nobody's operation
	whose     *identity // whose operation it is; nil: the command's at hand

	tookKey bool                   // it took its operation's key
	lacks   []*commandv1.Elsewhere // dry run: accounts of which other shards may have money
	gathers []string               // dry run: accounts that are told as a whole
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
	lookUp         func(*parked)              // learns whether its keys are in the database
	shards         int                        // of the installation
	applied        []book.Applied             // memory that every draft of an operation uses
	spareNames     []stripeKey                // memory of the last batch's needs
	spareKeys      []store.StripeKey
	inGather       bool             // an event of the gathering is being decided
	moved          []stripe.Account // floored accounts moved outside the gathering by the command at hand
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

func (d *decider) now(actor string) ledger.Now {
	return ledger.Now{Seq: d.seq + 1, US: d.clockUS, Day: d.day, Zone: d.zone, Actor: actor}
}

// decide decides one command and folds it into memory.
func (d *decider) decide(a *arrival) *decided {
	if !a.givenUp() {
		d.tick(a.stampUS)
	}
	out := &decided{arrival: a}
	switch {
	case a.command == nil:
		out.results = []*result{d.external(a, 0, journalv1.ExternalKind_EXTERNAL_KIND_REJECTED, a.undecodable)}
	case a.whole() != nil:
		out.results = append(d.set(a, a.whole()), d.passOver(a)...)
	case d.expired(a):
		out.results = d.set(a, &journalv1.External{Kind: journalv1.ExternalKind_EXTERNAL_KIND_EXPIRED, Text: "waited past its time"})
	default:
		out.results = d.command(a)
	}
	if len(d.moved) > 0 {
		out.results = append(out.results, d.happen(a, nil).end()...)
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
	case *commandv1.Command_Link:
		return d.linked(a, what.Link)
	case *commandv1.Command_Found:
		return d.found(a, what.Found)
	case *commandv1.Command_Delivered:
		return d.delivered(a, what.Delivered)
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
	if a.command.GetDryRun() {
		return d.dry(a, list)
	}
	results, block := make([]*result, 0, len(list)), make([]result, len(list))
	for i := 0; i < len(list); {
		n := groupLength(list, i)
		if n == 1 {
			results = d.operation(a, uint32(i), list[i], &block[i], results)
		} else {
			results = append(results, d.group(a, uint32(i), list[i:i+n])...)
		}
		i += n
	}
	return results
}

// groupLength counts the operations that stand or fall with the one at i.
func groupLength(list []*commandv1.Operation, i int) int {
	n := 1
	for list[i].GetGroup() != 0 && i+n < len(list) && list[i+n].GetGroup() == list[i].GetGroup() {
		n++
	}
	return n
}

// operation decides one operation of a caller into r, or into as many results as the
// gathering leaves, and appends them to results.
func (d *decider) operation(a *arrival, index uint32, op *commandv1.Operation, r *result, results []*result) []*result {
	r.operation = index
	id, again := d.replay(a, r, op)
	if again {
		return append(results, r)
	}
	if ruling(op) {
		return append(results, d.change(a, r, op)...)
	}
	if !d.concerns(a.command.GetBook(), op) {
		if short := d.try(identityOf(a), r, op); short == nil {
			d.accept(a, r)
			d.take(id, r, op)
			return append(results, r)
		}
	}
	return append(results, d.gathered(a, index, []*commandv1.Operation{op})...)
}

// take notes the key that a record will take, or would.
func (d *decider) take(id [16]byte, r *result, op *commandv1.Operation) {
	if (r.draft != nil || r.dryRun) && op.GetKey() != "" {
		r.tookKey = true
		d.keys.now[id] = recentKey{requestHash: hashOf(op.GetRequestHash()), result: r}
	}
}

func identityOf(a *arrival) *identity {
	if a.who == nil {
		c := a.command
		a.who = &identity{c.GetProcess(), c.GetId(), c.GetActor(), c.GetBook(), a.trace}
	}
	return a.who
}

// try decides an operation on memory and folds it; a shortage changes nothing and
// is for the caller to gather.
func (d *decider) try(who *identity, r *result, op *commandv1.Operation) *book.Short {
	var (
		draft   *ledger.Draft
		refusal *fault.Refusal
		short   *book.Short
	)
	if f := op.GetFlow(); f != nil {
		draft, refusal, short = d.step(flowInput(who, f))
	} else {
		now := d.now(who.actor)
		now.Into = d.applied
		draft, refusal, short = ledger.Decide(view{d.state, who.book, false}, op, now)
	}
	if short != nil {
		return short
	}
	if refusal != nil {
		r.refuse(refusal)
	} else {
		r.draft = draft.Record
		d.fold(who.book, draft)
		// Folded, so its memory is free; the record is not to keep it.
		d.applied, draft.Applied = draft.Applied[:0], nil
	}
	r.keyed(op)
	return nil
}

// refuse makes the refusal the outcome; one that is remembered leaves a record.
func (r *result) refuse(refusal *fault.Refusal) {
	if refusal.Code.Lookup().Remembered {
		r.draft = &journalv1.Record{Refusal: wire(refusal)}
	} else {
		r.refusal = refusal
	}
}

// keyed binds the record, if there is one, to the operation's key.
func (r *result) keyed(op *commandv1.Operation) {
	if r.draft != nil {
		r.draft.Key, r.draft.RequestHash = op.GetKey(), op.GetRequestHash()
	}
}

func flowInput(who *identity, f *commandv1.Flow) *stepInput {
	return &stepInput{
		key: aggregateKey{who.book, f.GetFlow(), f.GetId()}, owner: f.GetOwner(),
		command: flow.Command{Event: f.GetEvent(), Actor: who.actor, Body: f.GetBody()},
	}
}

// previewFlow says what a flow would do, on memory as it is.
func (d *decider) previewFlow(bookName string, f *commandv1.Flow) (flow.Move, *fault.Refusal) {
	program, ok := d.flows.Lookup(f.GetFlow())
	if !ok {
		return flow.Move{}, fault.Refuse(fault.Malformed, "flow", "there is no flow %q", f.GetFlow())
	}
	k := aggregateKey{bookName, f.GetFlow(), f.GetId()}
	agg, _ := d.aggregates.get(k)
	return program.Step(d.flowView(k, agg), flow.Command{Event: f.GetEvent(), Body: f.GetBody()})
}

// accept numbers the record of a result.
func (d *decider) accept(a *arrival, r *result) *result {
	if r.draft == nil {
		return r
	}
	d.seq++
	rec := r.draft
	rec.ClockUs, rec.Offset, rec.Operation = d.clockUS, a.offset, r.operation
	if a.command == nil {
		return r
	}
	who := r.whose
	if who == nil {
		who = identityOf(a)
	}
	rec.Command, rec.Book, rec.Actor = who.command, who.book, who.actor
	d.drafts.put(d.seq, rec)
	if r.internal {
		rec.Command = a.command.GetId()
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
