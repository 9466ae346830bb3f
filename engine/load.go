package engine

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// store is the stripe's key in the database.
func (k stripeKey) store() store.StripeKey {
	return store.StripeKey{Account: book.ID(k.book, k.account), Asset: k.asset}
}

// prefetch brings every row that the arrivals will read into memory: first what
// the commands name, then what those rows name, then what the flows would book.
// Each step is a few sets, whatever the size of the batch.
func (w *writer) prefetch(ctx context.Context, arrivals []*arrival) error {
	n := w.needs(arrivals)
	// What is parked may go on in any of them, and memory may be younger than it is.
	for _, p := range w.parked {
		for _, op := range p.list {
			n.operation(w.state, p.Book, op)
		}
	}
	if err := w.loadNamed(ctx, n); err != nil {
		return err
	}
	if err := w.loadAggregates(ctx, n.aggregates); err != nil {
		return err
	}
	for _, a := range arrivals {
		if a.whole() == nil {
			w.foreseeFlows(n, a)
		}
	}
	err := w.loadStripes(ctx, n)
	clear(n.names) // texts of the commands
	w.spareNames, w.spareKeys = n.names, n.stripes
	return err
}

func (w *writer) loadNamed(ctx context.Context, n *needs) error {
	if len(n.holds) > 0 {
		rows, err := w.db.LoadHolds(ctx, int(w.shard), n.holds)
		if err != nil {
			return fmt.Errorf("load holds: %w", err)
		}
		for _, seq := range n.holds {
			w.holds.put(seq, nil)
		}
		for _, r := range rows {
			h := r.Hold
			asset, _ := money.LookupAsset(h.GetAsset())
			row := &holdRow{inBook: r.Book, Hold: book.Hold{
				Seq: h.GetPlacedSeq(), Account: h.GetAccount(), Asset: asset, State: book.HoldState(h.GetState()),
				Amount: money.MustParse(h.GetAmount()), Left: money.MustParse(h.GetLeft()), ExpiresUS: h.GetExpiresUs(),
			}}
			if h.GetLate() != "" {
				row.Late = money.MustParse(h.GetLate())
			}
			w.holds.put(h.GetPlacedSeq(), row)
			n.stripe(w.state, stripeKey{r.Book, h.GetAccount(), h.GetAsset()})
		}
	}
	if len(n.scheduled) > 0 {
		rows, err := w.db.LoadScheduled(ctx, int(w.shard), n.scheduled)
		if err != nil {
			return fmt.Errorf("load scheduled entries: %w", err)
		}
		for _, seq := range n.scheduled {
			w.scheduled.put(seq, nil)
		}
		for _, r := range rows {
			row := &scheduledRow{r.Book, r.Entry}
			w.scheduled.put(r.Entry.GetSeq(), row)
			n.scheduledLegs(w.state, row)
		}
	}
	if len(n.approvals) > 0 {
		rows, err := w.db.LoadApprovals(ctx, int(w.shard), n.approvals)
		if err != nil {
			return fmt.Errorf("load what is to be approved: %w", err)
		}
		for _, seq := range n.approvals {
			w.approvals.put(seq, nil)
		}
		for _, r := range rows {
			w.approvals.put(r.Approval.GetSeq(), &approvalRow{r.Book, r.Approval})
			n.rule(w.state, ruleKey{r.Book, r.Approval.GetRule().GetKind(), r.Approval.GetRule().GetSubject()})
		}
	}
	if len(n.effects) > 0 {
		rows, err := w.db.LoadEffects(ctx, int(w.shard), n.effects)
		if err != nil {
			return fmt.Errorf("load effects: %w", err)
		}
		for _, id := range n.effects {
			w.effects.put(id, effectRow{})
		}
		for _, r := range rows {
			w.effects.put(r.Effect.GetAttempt(), effectRow{r.Book, r.Effect})
			n.aggregate(w.state, aggregateKey{r.Book, r.Effect.GetFlow(), r.Effect.GetId()})
		}
	}
	if len(n.timers) > 0 {
		rows, err := w.db.LoadTimers(ctx, int(w.shard), n.timers)
		if err != nil {
			return fmt.Errorf("load timers: %w", err)
		}
		for _, id := range n.timers {
			w.timers.put(id, nil)
		}
		for _, r := range rows {
			w.timers.put(r.Timer.GetId(), r.Timer)
		}
	}
	if err := w.loadEntries(ctx, n); err != nil {
		return err
	}
	for bookName, names := range n.accounts {
		open, err := w.db.OpenNames(ctx, bookName, names)
		if err != nil {
			return fmt.Errorf("load accounts: %w", err)
		}
		for _, name := range names {
			w.accounts.put(accountKey{bookName, name}, false)
		}
		for _, name := range open {
			w.accounts.put(accountKey{bookName, name}, true)
		}
	}
	return nil
}

// loadEntries reads the entries that are to be reversed: the records that posted them,
// or the last records that gave them back, which say all of them.
func (w *writer) loadEntries(ctx context.Context, n *needs) error {
	found, err := w.db.Reversible(ctx, int(w.shard), n.entries)
	if err != nil {
		return fmt.Errorf("load entries: %w", err)
	}
	for seq, raw := range found {
		rec := new(journalv1.Record)
		if err := proto.Unmarshal(raw, rec); err != nil {
			return fmt.Errorf("entry %d.%d cannot be decoded: %w", w.shard, seq, err)
		}
		o, ok := ledger.OriginalOf(rec)
		if rec.GetSeq() != seq {
			o, ok = ledger.ReversedBy(rec)
		}
		if !ok {
			w.entries.put(seq, nil)
			continue
		}
		w.entries.put(seq, &entryRow{inBook: rec.GetBook(), Original: o})
		n.original(w.state, rec.GetBook(), o)
	}
	return nil
}

func (w *writer) loadAggregates(ctx context.Context, keys []store.AggregateKey) error {
	if len(keys) == 0 {
		return nil
	}
	rows, err := w.db.LoadAggregates(ctx, int(w.shard), keys)
	if err != nil {
		return fmt.Errorf("load aggregates: %w", err)
	}
	for _, k := range keys {
		w.aggregates.put(aggregateKey{k.Book, k.Flow, k.ID}, aggregate{})
	}
	for _, r := range rows {
		w.aggregates.put(aggregateKey{r.Key.Book, r.Key.Flow, r.Key.ID}, aggregate{
			exists: true, state: r.State, owner: r.Owner, version: r.Version,
			data: r.Data, attempts: r.Attempts, timers: r.Timers,
		})
	}
	return nil
}

// loadRules brings rules into memory, and that there are none.
func (w *writer) loadRules(ctx context.Context, keys []store.RuleKey) error {
	rows, err := w.db.LoadRules(ctx, int(w.shard), keys)
	if err != nil {
		return fmt.Errorf("load rules: %w", err)
	}
	for _, k := range keys {
		w.rules.put(ruleKey{k.Book, k.Kind, k.Subject}, nil)
	}
	for _, r := range rows {
		w.rules.put(ruleKey{r.Book, r.Rule.GetKind(), r.Rule.GetSubject()}, r.Rule)
	}
	return nil
}

func (w *writer) loadStripes(ctx context.Context, n *needs) error {
	if err := w.loadRules(ctx, n.rules); err != nil {
		return err
	}
	if len(n.stripes) == 0 {
		return nil
	}
	rows, err := w.db.LoadStripes(ctx, int(w.shard), n.stripes)
	if err != nil {
		return fmt.Errorf("load stripes: %w", err)
	}
	for i, r := range rows {
		w.stripes.put(n.names[i], book.Stripe{
			Version: r.Version, Debit: r.Debit, Credit: r.Credit, HeldDebit: r.HeldDebit, HeldCredit: r.HeldCredit,
		})
	}
	return nil
}

// foreseeFlows runs a command's flow steps on the rows as they are, only to learn
// which stripes their entries would touch. An earlier command of the batch may
// change the answer; then the decision itself loads what is missing.
func (w *writer) foreseeFlows(n *needs, a *arrival) {
	defer func() { _ = recover() }() // the decision will panic again, where it is known whose fault it is
	switch what := a.command.GetWhat().(type) {
	case *commandv1.Command_Operations:
		for _, op := range what.Operations.GetList() {
			if f := op.GetFlow(); f != nil {
				w.foreseeStep(n, aggregateKey{a.command.GetBook(), f.GetFlow(), f.GetId()},
					flow.Command{Event: f.GetEvent(), Actor: a.command.GetActor(), Body: f.GetBody()})
			}
		}
	case *commandv1.Command_Answer:
		row, _ := w.effects.get(what.Answer.GetAttempt())
		if row.effect == nil {
			return
		}
		if f, ok := w.flows.Lookup(row.effect.GetFlow()); ok {
			w.foreseeStep(n, aggregateKey{row.inBook, row.effect.GetFlow(), row.effect.GetId()}, flow.Command{
				Event:  f.EventFor(row.effect.GetAsk(), port.Result(what.Answer.GetResult())),
				Number: row.effect.GetNumber(), Answer: fromWire(what.Answer),
			})
		}
	case *commandv1.Command_Due:
		for _, t := range what.Due.GetTimers() {
			if f := t.GetFlow(); !ofRecord(f) && f != gatherFlow {
				w.foreseeStep(n, aggregateKey{a.command.GetBook(), t.GetFlow(), t.GetAggregate()},
					flow.Command{Event: t.GetEvent(), Actor: "timer"})
			}
		}
	}
}

func (w *writer) foreseeStep(n *needs, k aggregateKey, c flow.Command) {
	agg, loaded := w.aggregates.get(k)
	f, ok := w.flows.Lookup(k.flow)
	if !ok || !loaded || !f.Books() {
		return
	}
	v := w.flowView(k, agg)
	move, refusal := f.Step(v, c)
	if refusal != nil {
		return
	}
	for _, l := range move.Entry {
		n.stripe(w.state, stripeKey{k.book, l.Account, money.RUB.Code})
	}
}

// flowView is what a flow may read.
func (d *decider) flowView(k aggregateKey, agg aggregate) flow.View {
	v := flow.View{
		Book: k.book, ID: k.id, State: machine.New, Day: d.day,
		Data: agg.data, Attempts: agg.attempts, Clock: clockTime(d.clockUS), Zone: d.zone,
	}
	if agg.exists {
		v.State = agg.state
	}
	return v
}

// mustLoad brings stripes into memory that no command names: those of accounts
// that the gathering moves.
func (d *decider) mustLoad(keys ...stripeKey) {
	var missing []stripeKey
	for _, k := range keys {
		if !d.stripes.has(k) {
			missing = append(missing, k)
		}
	}
	if len(missing) > 0 {
		d.load(missing)
	}
}
