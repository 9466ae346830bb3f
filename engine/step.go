package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/stripe"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// stepInput is one command to an aggregate of a flow.
type stepInput struct {
	key     aggregateKey
	owner   string
	command flow.Command
	effect  *journalv1.Effect // the answered effect after the answer; nil when none
	fired   *journalv1.Timer  // the timer that fired; nil when none
}

// fact says that the step follows from what happened, not from what somebody wants.
func (in *stepInput) fact() bool { return in.effect != nil || in.fired != nil }

// step runs a flow's step and books its entry.
func (d *decider) step(in *stepInput) (*ledger.Draft, *fault.Refusal, *book.Short) {
	f, ok := d.flows.Lookup(in.key.flow)
	if !ok {
		return nil, fault.Refuse(fault.Malformed, "flow", "there is no flow %q", in.key.flow), nil
	}
	agg, _ := d.aggregates.get(in.key)
	move, refusal := f.Step(d.flowView(in.key, agg), in.command)
	if refusal != nil {
		return nil, refusal, nil
	}
	draft := &ledger.Draft{Record: &journalv1.Record{}}
	if len(move.Entry) > 0 {
		legs := flowChanges(move.Entry)
		d.foresee(in.key.book, legs)
		var short *book.Short
		draft, refusal, short = ledger.Entry(view{d.state, in.key.book, in.fact()}, strings.Join(move.Recipes, book.KindSeparator), move.Day, legs,
			map[string]string{in.key.flow: in.key.id})
		if refusal != nil || short != nil {
			return nil, refusal, short
		}
	}
	d.write(draft.Record, agg, in, move)
	return draft, nil, nil
}

// foresee loads the stripes of a flow's entry that are not in memory yet.
func (d *decider) foresee(bookName string, legs []book.Change) {
	var missing []stripeKey
	for _, l := range legs {
		if k := (stripeKey{bookName, l.Account, l.Asset.Code}); !d.stripes.has(k) {
			missing = append(missing, k)
		}
	}
	if len(missing) > 0 {
		d.load(missing)
	}
}

// write puts a flow's move into the record: the aggregate after it, its effects
// and its timers.
func (d *decider) write(rec *journalv1.Record, agg aggregate, in *stepInput, m flow.Move) {
	move := &journalv1.Move{
		Flow: m.Flow, Id: m.ID, From: m.From, On: m.On, To: m.To, Version: agg.version + 1,
		Data: m.Data, Says: m.Says, Owner: agg.owner, Recipes: m.Recipes, Section: m.Section, Attempts: map[string]uint32{},
		Audience: m.Audience, Readdressed: m.Readdress,
	}
	if !agg.exists {
		move.Owner = in.owner
	}
	for ask, n := range agg.attempts {
		move.Attempts[ask] = n
	}
	d.writeTimers(rec, move, agg, in, m)
	for _, e := range m.Effects {
		if e.Repeat {
			continue // the answered effect stays open: answer() has set when to ask again
		}
		move.Attempts[e.Ask] = e.Number
		rec.Effects = append(rec.Effects, &journalv1.Effect{
			Attempt: e.Attempt, State: journalv1.EffectState_EFFECT_STATE_OPEN, Flow: m.Flow, Id: m.ID,
			Ask: e.Ask, Port: e.Port, Verb: e.Verb, Body: e.Body, Number: e.Number,
			DueUs: d.clockUS, OpenedUs: d.clockUS,
		})
	}
	rec.Move = move
}

// writeTimers closes the timers of a state that is left, and those that are set anew,
// and sets the new ones.
func (d *decider) writeTimers(rec *journalv1.Record, move *journalv1.Move, agg aggregate, in *stepInput, m flow.Move) {
	for _, t := range agg.timers {
		gone := in.fired != nil && t.GetId() == in.fired.GetId() ||
			slices.ContainsFunc(m.Timers, func(set flow.Timer) bool { return set.Event == t.GetEvent() })
		if m.From == m.To && !gone {
			move.Timers = append(move.Timers, t)
			continue
		}
		closed := proto.CloneOf(t)
		closed.Closed = true
		rec.Timers = append(rec.Timers, closed)
	}
	for i, t := range m.Timers {
		if t.Due.IsZero() {
			continue
		}
		set := &journalv1.Timer{
			Id:    strconv.FormatUint(d.seq+1, 10) + "." + strconv.Itoa(i),
			DueUs: t.Due.UnixMicro(), Flow: m.Flow, Aggregate: m.ID, Event: t.Event,
		}
		move.Timers = append(move.Timers, set)
		rec.Timers = append(rec.Timers, set)
	}
}

// answer decides the world's answer to an effect: nil when it changes nothing.
func (d *decider) answer(c *commandv1.Command, ans *commandv1.Answer) *result {
	row, _ := d.effects.get(ans.GetAttempt())
	if row.effect == nil {
		return &result{refusal: fault.Refuse(fault.NotFound, "attempt", "there is no effect %q", ans.GetAttempt())}
	}
	key := answerKey(ans)
	id := store.KeyID(row.inBook, key)
	if _, again := d.keys.find(id); again {
		return nil
	}
	if _, again := d.known[id]; again {
		return nil
	}
	c.Book = row.inBook
	after := d.answered(row.effect, ans)
	r := &result{draft: &journalv1.Record{}}
	f, ok := d.flows.Lookup(after.GetFlow())
	if !ok {
		r.draft.Refusal = wire(fault.Refuse(fault.Malformed, "flow", "there is no flow %q", after.GetFlow()))
	} else {
		in := &stepInput{
			key: aggregateKey{row.inBook, after.GetFlow(), after.GetId()}, effect: after,
			command: flow.Command{
				Event: f.EventFor(after.GetAsk(), port.Result(ans.GetResult())), Actor: c.GetActor(),
				Number: after.GetNumber(), Answer: fromWire(ans),
			},
		}
		draft, refusal, short := d.step(in)
		if short != nil {
			refusal = ledger.Refused(short)
		}
		if refusal != nil {
			r.draft.Refusal = wire(refusal)
		} else {
			r.draft = draft.Record
			d.fold(row.inBook, draft)
		}
	}
	r.draft.Effects = append(r.draft.Effects, after)
	r.draft.Key = key
	r.draft.RequestHash = ledger.HashBytes([]byte(key))
	d.effects.put(after.GetAttempt(), effectRow{row.inBook, after})
	d.keys.now[id] = recentKey{requestHash: hashOf(r.draft.RequestHash), result: r}
	return r
}

// Backoff of the question "what became of it": doubled from one second to a minute.
const (
	askAgainFirst = time.Second
	askAgainMost  = time.Minute
)

// answered is the effect after an answer.
func (d *decider) answered(e effect, ans *commandv1.Answer) effect {
	after := proto.CloneOf(e)
	after.Answers++
	after.Result, after.Status = ans.GetResult(), ans.GetStatus()
	switch port.Result(ans.GetResult()) {
	case port.Done, port.Refused:
		after.State = journalv1.EffectState_EFFECT_STATE_CLOSED
	default:
		if after.State != journalv1.EffectState_EFFECT_STATE_CLOSED {
			after.State = journalv1.EffectState_EFFECT_STATE_IN_DOUBT
			wait := min(askAgainFirst<<min(after.Answers-1, 10), askAgainMost)
			after.DueUs = d.clockUS + wait.Microseconds()
		}
	}
	return after
}

// due decides timers that came due; one that no longer stands, or is not due by
// this clock, does nothing.
func (d *decider) due(a *arrival, due *commandv1.Due) []*result {
	var results []*result
	for i, t := range due.GetTimers() {
		stands, _ := d.timers.get(t.GetId())
		if stands == nil || stands.GetDueUs() > d.clockUS {
			continue
		}
		d.timers.put(t.GetId(), nil)
		if stands.GetFlow() == gatherFlow {
			h := d.happen(a, nil)
			d.gather.Expire(h, stripe.CommandID(stands.GetAggregate()))
			results = append(results, h.end()...)
			continue
		}
		r := &result{operation: uint32(i), draft: d.fire(a, stands), internal: true}
		results = append(results, d.accept(a, r))
	}
	return results
}

// fire decides one timer.
func (d *decider) fire(a *arrival, t *journalv1.Timer) *journalv1.Record {
	bookName := a.command.GetBook()
	var (
		draft   *ledger.Draft
		refusal *fault.Refusal
		short   *book.Short
	)
	switch t.GetFlow() {
	case ledger.HoldFlow:
		draft, refusal, short = ledger.Expire(view{d.state, bookName, true}, recordOf(t))
	case ledger.ScheduleFlow:
		if draft = ledger.PostScheduled(view{d.state, bookName, false}, recordOf(t)); draft == nil {
			refusal = fault.Refuse(fault.NotFound, "scheduled", "no entry waits for its day")
		}
	case ledger.ApprovalFlow:
		if draft = ledger.ExpireApproval(view{d.state, bookName, false}, recordOf(t)); draft == nil {
			refusal = fault.Refuse(fault.NotFound, "id", "nothing waits to be approved")
		}
	default:
		draft, refusal, short = d.step(&stepInput{
			key: aggregateKey{bookName, t.GetFlow(), t.GetAggregate()}, fired: t,
			command: flow.Command{Event: t.GetEvent(), Actor: "timer"},
		})
	}
	if short != nil {
		refusal = ledger.Refused(short)
	}
	closed := proto.CloneOf(t)
	closed.Closed = true
	if refusal != nil {
		return &journalv1.Record{Refusal: wire(refusal), Timers: []*journalv1.Timer{closed}}
	}
	d.fold(bookName, draft)
	if !closes(draft.Record, t.GetId()) {
		draft.Record.Timers = append([]*journalv1.Timer{closed}, draft.Record.Timers...)
	}
	return draft.Record
}

// ofRecord says whether the timers of a flow are about a record, not an aggregate.
func ofRecord(flowName string) bool {
	return flowName == ledger.HoldFlow || flowName == ledger.ScheduleFlow || flowName == ledger.ApprovalFlow
}

// recordOf is the number of the record that a timer is about.
func recordOf(t *journalv1.Timer) uint64 {
	seq, err := strconv.ParseUint(t.GetAggregate(), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("engine: timer %s of record %q", t.GetId(), t.GetAggregate()))
	}
	return seq
}

func closes(rec *journalv1.Record, id string) bool {
	for _, t := range rec.GetTimers() {
		if t.GetId() == id && t.GetClosed() {
			return true
		}
	}
	return false
}

// fold puts a draft into memory: what the commit will write.
// What breaks a law of the books is a fault of the program: it panics, and the
// command is put aside.
func (d *decider) fold(bookName string, draft *ledger.Draft) {
	if err := book.Laws(view{state: d.state, book: bookName}, draft.Applied); err != nil {
		panic(fmt.Errorf("the decision breaks a law: %w", err))
	}
	for i := range draft.Applied {
		c := &draft.Applied[i]
		d.stripes.put(stripeKey{bookName, c.Account, c.Asset.Code}, c.After)
		if c.Type.Floored && !d.inGather && !d.gather.Idle() {
			d.moved = append(d.moved, stripeAccount(bookName, c.Account, c.Asset.Code))
		}
	}
	for i := range draft.Holds {
		d.holds.put(draft.Holds[i].Seq, &holdRow{inBook: bookName, Hold: draft.Holds[i]})
	}
	if o := draft.Reversed; o != nil {
		d.entries.put(o.Seq, &entryRow{inBook: bookName, Original: *o})
	}
	rec := draft.Record
	if s := rec.GetScheduled(); s != nil {
		d.scheduled.put(s.GetSeq(), &scheduledRow{bookName, s})
	}
	if m := rec.GetApproval(); m != nil {
		d.approvals.put(m.GetSeq(), &approvalRow{bookName, m})
	}
	for _, acc := range rec.GetAccounts() {
		d.accounts.put(accountKey{bookName, acc.GetName()}, true)
	}
	for _, r := range rec.GetRules() {
		d.rules.put(ruleKey{bookName, r.GetKind(), r.GetSubject()}, r)
		d.ruled = true
	}
	if m := rec.GetMove(); m != nil {
		d.aggregates.put(aggregateKey{bookName, m.GetFlow(), m.GetId()}, fromMove(m))
	}
	for _, e := range rec.GetEffects() {
		d.effects.put(e.GetAttempt(), effectRow{bookName, e})
	}
	for _, t := range rec.GetTimers() {
		if t.GetClosed() {
			d.timers.put(t.GetId(), nil)
		} else {
			d.timers.put(t.GetId(), t)
		}
	}
}
