package engine

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	"github.com/provodka/provodka/proto/lean"
)

// batch is what one commit writes: commands in order with their outcomes.
type batch struct {
	arrivals   []*arrival
	commands   []*decided
	expect     store.Position // before the batch
	next       store.Position // after it
	clockUS    int64          // after it
	endSeq     uint64         // after it
	head       journal.Head   // after it, as sealed
	rows       *store.Rows
	records    []journal.Sealed
	operations int
	stopped    []flow.Stop // what limits stopped, for metrics only
	done       chan error  // one answer of the committer
	began      time.Time   // for traces only
}

// stop notes the limit that stopped what a move was asked for.
func (b *batch) stop(flows *flow.Registry, m *journalv1.Move) {
	if m == nil {
		return
	}
	if f, ok := flows.Lookup(m.GetFlow()); ok && f.Stopped != nil {
		if s, stopped := f.Stopped(m); stopped {
			b.stopped = append(b.stopped, s)
		}
	}
}

// operations counts what the batch decides.
func (a *arrival) operations() int {
	return max(1, len(a.command.GetOperations().GetList()))
}

// decode reads a record of the command log. What cannot be read is kept with the
// reason: a shard never stands still for one bad record. own knows the commands that
// this process has encoded itself; it may be nil.
func decode(r port.LogRecord, own *hub) *arrival {
	a := &arrival{offset: r.Offset, leaderEpoch: r.LeaderEpoch, stampUS: r.Timestamp.UnixMicro()}
	if own != nil {
		if a.command = own.own(r.Value); a.command != nil {
			return a // it was checked before it was appended
		}
	}
	c, ok := lean.Command(r.Value)
	if !ok {
		c = new(commandv1.Command)
		if proto.Unmarshal(r.Value, c) != nil {
			// The library's own words differ from build to build; the journal may not.
			a.undecodable = "the record is no command"
			return a
		}
	}
	if field := faultyCommand(c); field != "" {
		a.undecodable = "the text of " + field + " has a NUL"
		return a
	}
	if reason := wellFormed(c); reason != "" {
		a.undecodable = reason
		return a
	}
	a.command = c
	return a
}

// wellFormed says why a command that decodes is still no command.
func wellFormed(c *commandv1.Command) string {
	if c.GetId() == "" {
		return "the command has no id" // it names the command's externals
	}
	switch what := c.GetWhat().(type) {
	case *commandv1.Command_Operations:
		if c.GetBook() == "" {
			return "the command names no book"
		}
		for _, op := range what.Operations.GetList() {
			if op.GetKey() == "" || len(op.GetRequestHash()) != ledger.RequestHashBytes {
				return "an operation has no key or no request hash"
			}
			if strings.HasPrefix(op.GetKey(), answerPrefix) {
				return "an operation has the key of an answer"
			}
		}
		if len(what.Operations.GetList()) == 0 {
			return "the command has no operations"
		}
	case nil:
		return "the command says nothing to do"
	}
	return ""
}

// needs collects the rows that a batch will read, so that they are loaded in sets.
type needs struct {
	stripes    []store.StripeKey
	names      []stripeKey // of stripes, same order
	holds      []uint64
	scheduled  []uint64
	approvals  []uint64
	aggregates []store.AggregateKey
	effects    []string
	timers     []string
	accounts   map[string][]string // names by book
	rules      []store.RuleKey
	entries    []uint64
	seen       map[any]bool
	round      uint32 // of stripes
}

func (d *decider) needs(arrivals []*arrival) *needs {
	n := &needs{accounts: map[string][]string{}, seen: map[any]bool{}, round: d.stripes.newRound()}
	n.names, n.stripes = d.spareNames[:0], d.spareKeys[:0]
	for _, a := range arrivals {
		if a.whole() != nil {
			continue // nothing of it is read, and its rows may be what failed
		}
		switch what := a.command.GetWhat().(type) {
		case *commandv1.Command_Operations:
			for _, op := range what.Operations.GetList() {
				n.operation(d.state, a.command.GetBook(), op)
			}
		case *commandv1.Command_Answer:
			if id := what.Answer.GetAttempt(); !d.effects.has(id) && n.first("effect"+id) {
				n.effects = append(n.effects, id)
			}
		case *commandv1.Command_Due:
			for _, t := range what.Due.GetTimers() {
				if !d.timers.has(t.GetId()) && n.first("timer"+t.GetId()) {
					n.timers = append(n.timers, t.GetId())
				}
				n.timer(d.state, a.command.GetBook(), t.GetFlow(), t.GetAggregate())
			}
		}
	}
	return n
}

func (n *needs) first(k any) bool {
	if n.seen[k] {
		return false
	}
	n.seen[k] = true
	return true
}

func (n *needs) operation(s *state, bookName string, op *commandv1.Operation) {
	n.rule(s, ruleKey{bookName, ledger.PeriodRule, ledger.PeriodSubject})
	for _, c := range op.GetConditions() {
		n.stripe(s, stripeKey{bookName, c.GetAccount(), c.GetAsset()})
	}
	switch what := op.GetWhat().(type) {
	case *commandv1.Operation_Open:
		k := accountKey{bookName, what.Open.GetAccount()}
		if !s.accounts.has(k) && n.first(k) {
			n.accounts[bookName] = append(n.accounts[bookName], k.name)
		}
	case *commandv1.Operation_Change:
		k := accountKey{bookName, what.Change.GetAccount()}
		if !s.accounts.has(k) && n.first(k) {
			n.accounts[bookName] = append(n.accounts[bookName], k.name)
		}
		n.rule(s, ruleKey{bookName, ledger.AccountRule, k.name})
		n.rule(s, ruleKey{bookName, ledger.PolicyRule, ledger.PolicySubject})
	case *commandv1.Operation_Policy:
		n.rule(s, ruleKey{bookName, ledger.PolicyRule, ledger.PolicySubject})
	case *commandv1.Operation_Ask:
		n.operation(s, bookName, ledger.Guarded(what.Ask))
	case *commandv1.Operation_Verdict:
		n.approval(s, what.Verdict.GetAskedSeq())
	case *commandv1.Operation_Post:
		n.legs(s, bookName, what.Post.GetLegs())
	case *commandv1.Operation_Exchange:
		n.legs(s, bookName, ledger.ExchangeLegs(what.Exchange))
		n.legs(s, bookName, ledger.Positions(what.Exchange))
	case *commandv1.Operation_Place:
		n.stripe(s, stripeKey{bookName, what.Place.GetAccount(), what.Place.GetAsset()})
	case *commandv1.Operation_Settle:
		n.legs(s, bookName, what.Settle.GetCredits())
		n.hold(s, what.Settle.GetPlacedSeq())
	case *commandv1.Operation_SettleLate:
		n.legs(s, bookName, what.SettleLate.GetCredits())
		n.hold(s, what.SettleLate.GetPlacedSeq())
	case *commandv1.Operation_Resize:
		n.hold(s, what.Resize.GetPlacedSeq())
	case *commandv1.Operation_Void:
		n.hold(s, what.Void.GetPlacedSeq())
	case *commandv1.Operation_Reverse:
		n.entry(s, bookName, what.Reverse.GetSeq())
	case *commandv1.Operation_Correct:
		n.legs(s, bookName, what.Correct.GetPost().GetLegs())
		n.entry(s, bookName, what.Correct.GetSeq())
	case *commandv1.Operation_Cancel:
		n.scheduledEntry(s, what.Cancel.GetScheduledSeq())
	case *commandv1.Operation_Flow:
		n.aggregate(s, aggregateKey{bookName, what.Flow.GetFlow(), what.Flow.GetId()})
	}
}

func (n *needs) legs(s *state, bookName string, legs []*commandv1.Leg) {
	for _, l := range legs {
		n.stripe(s, stripeKey{bookName, l.GetAccount(), l.GetAsset()})
	}
}

func (n *needs) stripe(s *state, k stripeKey) {
	n.rule(s, ruleKey{k.book, ledger.AccountRule, k.account})
	if !s.stripes.lacks(k, n.round) {
		return
	}
	n.names = append(n.names, k)
	n.stripes = append(n.stripes, k.store())
}

func (n *needs) rule(s *state, k ruleKey) {
	if s.ruled && !s.hasRule(k) && n.first(k) {
		n.rules = append(n.rules, store.RuleKey{Book: k.book, Kind: k.kind, Subject: strings.Clone(k.subject)})
	}
}

// hold wants a hold, or the stripe of one that is in memory.
func (n *needs) hold(s *state, seq uint64) {
	if h, known := s.holds.get(seq); h != nil {
		n.stripe(s, stripeKey{h.inBook, h.Account, h.Asset.Code})
	} else if !known && n.first(seq) {
		n.holds = append(n.holds, seq)
	}
}

// entrySeen keeps the numbers of entries apart from those of holds.
type entrySeen uint64

// entry wants an entry, or the stripes of one that is in memory.
func (n *needs) entry(s *state, bookName string, seq uint64) {
	if o, ok := (view{s, bookName, false}).Entry(seq); ok {
		n.original(s, bookName, o)
	} else if !s.entries.has(seq) && s.drafts.find(seq) == nil && n.first(entrySeen(seq)) {
		n.entries = append(n.entries, seq)
	}
}

func (n *needs) original(s *state, bookName string, o book.Original) {
	for _, l := range o.Legs {
		n.stripe(s, stripeKey{bookName, l.Change.Account, l.Change.Asset.Code})
	}
}

// scheduledSeq is apart from the numbers of records that placed holds.
type scheduledSeq uint64

func (n *needs) scheduledEntry(s *state, seq uint64) {
	if !s.scheduled.has(seq) && n.first(scheduledSeq(seq)) {
		n.scheduled = append(n.scheduled, seq)
	} else if row, _ := s.scheduled.get(seq); row != nil {
		n.scheduledLegs(s, row)
	}
}

func (n *needs) scheduledLegs(s *state, row *scheduledRow) {
	for _, l := range row.m.GetLegs() {
		n.stripe(s, stripeKey{row.inBook, l.GetAccount(), l.GetAsset()})
	}
}

// approvalSeq is apart from the numbers of other records.
type approvalSeq uint64

func (n *needs) approval(s *state, seq uint64) {
	if !s.approvals.has(seq) && n.first(approvalSeq(seq)) {
		n.approvals = append(n.approvals, seq)
	}
}

func (n *needs) aggregate(s *state, k aggregateKey) {
	if !s.aggregates.has(k) && n.first(k) {
		n.aggregates = append(n.aggregates, store.AggregateKey{Book: k.book, Flow: k.flow, ID: k.id})
	}
}

func (n *needs) timer(s *state, bookName, flowName, id string) {
	if flowName == gatherFlow {
		return
	}
	var seq uint64
	if ofRecord(flowName) {
		for _, c := range []byte(id) {
			seq = seq*10 + uint64(c-'0')
		}
	}
	switch flowName {
	case ledger.HoldFlow:
		n.hold(s, seq)
	case ledger.ScheduleFlow:
		n.scheduledEntry(s, seq)
	case ledger.ApprovalFlow:
		n.approval(s, seq)
	default:
		n.aggregate(s, aggregateKey{bookName, flowName, id})
	}
}
