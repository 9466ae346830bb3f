package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/stripe"
	"github.com/provodka/provodka/ledger/trace"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// gatherFlow is the timer's flow for the deadline of a parked command.
const gatherFlow = "gather"

// parked is a caller's operation, or atomic group, that waits for money of other
// shards, as it is journaled: everything that deciding it later needs.
type parked struct {
	Process    string // who waits
	Command    string
	Actor      string
	Book       string
	First      uint32   // index of the first operation in its command
	Operations [][]byte // as they were asked for
	ExpiresUS  int64    // 0 is never
	TimerID    string
	Anew       uint32 `json:",omitempty"` // how often it was asked for anew, see anew

	list  []*commandv1.Operation // decoded
	trace *trace.Context         // of the command, while this owner remembers it
}

// identity says whose operation a result is.
type identity struct {
	process, command, actor, book string
	trace                         *trace.Context // of the command; decides nothing
}

// id names the parked operation for the gathering rules: anew it is another, because the
// messages about what it asked for before have keys of their own.
func (p *parked) id() stripe.CommandID {
	id := p.Command + "/" + strconv.FormatUint(uint64(p.First), 10)
	if p.Anew > 0 {
		id += "/" + strconv.FormatUint(uint64(p.Anew), 10)
	}
	return stripe.CommandID(id)
}

func (p *parked) identity() *identity {
	return &identity{p.Process, p.Command, p.Actor, p.Book, p.trace}
}

// stripeAccount is an account in one asset in the words of the gathering rules.
// Its order is the same on every shard.
func stripeAccount(bookName, account, asset string) stripe.Account {
	return stripe.Account(bookName + " " + asset + " " + account)
}

func splitAccount(a stripe.Account) (bookName, account string, asset money.Asset) {
	parts := strings.SplitN(string(a), " ", 3)
	asset, ok := money.LookupAsset(parts[1])
	if !ok {
		panic("engine: gathering of asset " + parts[1])
	}
	return parts[0], parts[2], asset
}

// happening is one event of the gathering while it is decided: the records that
// its actions leave, in order.
type happening struct {
	d       *decider
	a       *arrival
	now     *parked // the operation being submitted; nil in other events
	results []*result
	sent    []*journalv1.Gather
	letters []stripe.Envelope // of other shards, to be read when the money has moved
	about   string            // book of the letter at hand
	changed []*parked         // operations that take something else than they asked for

	unparked []stripe.CommandID // operations that waited for a rule and are over
}

// gathered submits operations that the quick path could not decide.
func (d *decider) gathered(a *arrival, first uint32, list []*commandv1.Operation) []*result {
	c := a.command
	p := newParked(a, first, list)
	if t := c.GetTimeoutMs(); t > 0 {
		p.ExpiresUS = a.stampUS + t*1000
	}
	if results, over := d.unparkable(a, p); over {
		return results
	}
	results := make([]*result, len(list))
	for i := range list {
		results[i] = &result{operation: first + uint32(i)}
	}
	if d.refusedAnyway(a, p, results) {
		return results
	}
	h := d.happen(a, p)
	d.gather.Submit(h, d.wants(p))
	return h.end()
}

func newParked(a *arrival, first uint32, list []*commandv1.Operation) *parked {
	c := a.command
	return &parked{
		Process: c.GetProcess(), Command: c.GetId(), Actor: c.GetActor(), Book: c.GetBook(), First: first, list: list, trace: a.trace,
	}
}

// unparkable answers what cannot wait. Parking takes no key, so a clash would be found
// only when money has moved; off the quick path a look at the database is cheap.
func (d *decider) unparkable(a *arrival, p *parked) (results []*result, over bool) {
	d.lookUp(p)
	if results, again := d.answers(a, p); again {
		return results, true
	}
	if len(d.parked) < maxParked {
		return nil, false
	}
	for i := range p.list {
		results = append(results, &result{operation: p.First + uint32(i),
			refusal: fault.Refuse(fault.QueueFull, "", "%d operations of this shard wait for other shards", maxParked)})
	}
	return results, true
}

// maxParked bounds the operations of a shard that wait for money of others.
const maxParked = 10_000

// happen begins an event of the gathering; end ends it. What moved before it comes
// first, or a refusal may be unjust.
func (d *decider) happen(a *arrival, now *parked) *happening {
	d.inGather = true
	h := &happening{d: d, a: a, now: now}
	if len(d.moved) > 0 {
		moved := d.moved
		d.moved = nil
		d.gather.Changed(h, moved...)
	}
	return h
}

// concerns says whether an operation lowers an account of which the gathering
// remembers something: then the rules decide about it, not the stripe alone.
func (d *decider) concerns(bookName string, op *commandv1.Operation) bool {
	if d.gather.Idle() {
		return false
	}
	for _, ch := range d.lowering(bookName, op) {
		if ch.Type.Floored && d.gather.Knows(stripeAccount(bookName, ch.Account, ch.Asset.Code)) {
			return true
		}
	}
	return false
}

// Free implements stripe.Books: what the stripe can spend above its floor.
func (h *happening) Free(a stripe.Account) money.Amount { return h.d.free(a) }

// Do implements stripe.Books: it carries one action out on memory and leaves its
// record.
func (h *happening) Do(action stripe.Action) {
	d := h.d
	switch act := action.(type) {
	case stripe.Apply:
		h.apply(h.take(act.Command))
	case stripe.Refuse:
		h.refuse(h.take(act.Command), act)
	case stripe.Expire:
		h.expire(h.take(act.Command))
	case stripe.Park:
		h.park()
	case stripe.Touch:
		bookName, account, asset := splitAccount(act.Account)
		d.mustLoad(stripeKey{bookName, account, asset.Code})
		if draft := ledger.Touch(view{d.state, bookName, false}, account, asset); draft != nil {
			h.leave(bookName, draft)
		}
	case stripe.Move:
		bookName, account, asset := splitAccount(act.Account)
		name, _ := book.ParseName("account", account)
		d.mustLoad(stripeKey{bookName, account, asset.Code}, stripeKey{bookName, name.Transit().String(), asset.Code})
		h.leave(bookName, ledger.Transit(view{d.state, bookName, false}, account, asset, act.Amount, act.Into, act.Key, d.day))
	case stripe.Send:
		h.sent = append(h.sent, &journalv1.Gather{
			State: journalv1.GatherState_GATHER_STATE_SENT, Key: sentKey(act.To, act.Number), Peer: uint32(act.To),
			Number: act.Number, Account: string(act.Account), Body: encode(act.Envelope),
		})
	case stripe.Deliver:
		h.letters = append(h.letters, act.Envelope)
	case stripe.LookUp:
		// Not a row: the home's row says that its round is not answered yet.
	}
}

func sentKey(to stripe.ShardID, number uint64) string { return fmt.Sprintf("%d.%d", to, number) }

// take finds an operation that is being decided: the one at hand, or a parked one.
func (h *happening) take(id stripe.CommandID) *parked {
	if h.now != nil && h.now.id() == id {
		if p := h.d.parked[id]; p != nil {
			h.unpark(p)
		}
		return h.now
	}
	p := h.d.parked[id]
	if p == nil {
		panic(fmt.Sprintf("engine: shard %d: gathering decides %q, which is not parked", h.d.shard, id))
	}
	h.unpark(p)
	return p
}

func (h *happening) unpark(p *parked) {
	delete(h.d.parked, p.id())
	for _, op := range p.list {
		delete(h.d.waiting, store.KeyID(p.Book, op.GetKey()))
	}
}

// park keeps the operation: it stays undecided and takes no key yet.
func (h *happening) park() {
	p := h.now
	h.wait(p)
	rec := &journalv1.Record{}
	if p.ExpiresUS > 0 {
		p.TimerID = "gather." + strconv.FormatUint(h.d.seq+1, 10)
		rec.Timers = append(rec.Timers, &journalv1.Timer{
			Id: p.TimerID, DueUs: p.ExpiresUS, Flow: gatherFlow, Aggregate: string(p.id()), Event: "expire",
		})
	}
	h.leave(p.Book, &ledger.Draft{Record: rec})
}

// wait keeps an operation undecided. What is kept is a copy, because the texts of a
// command share one piece of memory.
func (h *happening) wait(p *parked) {
	p.list = slices.Clone(p.list)
	for i, op := range p.list {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(op)
		if err != nil {
			panic("engine: marshal a parked operation: " + err.Error())
		}
		p.list[i] = new(commandv1.Operation)
		if err := proto.Unmarshal(raw, p.list[i]); err != nil {
			panic("engine: read a parked operation: " + err.Error())
		}
		p.Operations = append(p.Operations, raw)
		h.d.waiting[store.KeyID(p.Book, op.GetKey())] = string(op.GetRequestHash())
		h.results = append(h.results, &result{operation: p.First + uint32(i), pending: true})
	}
	h.d.parked[p.id()] = p
}

// apply decides an operation, or a group, whose money is secured.
func (h *happening) apply(p *parked) {
	results, again := h.d.answers(h.a, p)
	if !again {
		if short := h.d.all(h.a, p.identity(), results, p.list); short != nil {
			// What was asked for was secured, and may be gone all the same: the world's
			// answers and timers are facts and do not wait for what is parked. Or it takes
			// more by now, because what it reverses, or its aggregate, moved meanwhile.
			if h.anew(p) {
				return
			}
			h.d.groupRefused(h.a, p.identity(), results, p.list, 0, ledger.Refused(short))
		}
	}
	h.closeTimer(p, results)
	h.results = append(h.results, results...)
}

// refuse refuses an operation, or a group, for an account that lacks the money; for its own
// reason if it has one by now.
func (h *happening) refuse(p *parked, act stripe.Refuse) {
	results, again := h.d.answers(h.a, p)
	if !again && !h.d.refusedAnyway(h.a, p, results) {
		if culprit, reason := h.d.culprit(p, act.Account, act.Available); reason != nil {
			h.d.groupRefused(h.a, p.identity(), results, p.list, culprit, reason)
		} else if short := h.d.all(h.a, p.identity(), results, p.list); short != nil { // it takes less by now
			if h.anew(p) {
				return
			}
			h.d.groupRefused(h.a, p.identity(), results, p.list, 0, ledger.Refused(short))
		}
	}
	h.closeTimer(p, results)
	h.results = append(h.results, results...)
}

// maxAnew is how often one operation may be asked for anew.
const maxAnew = stripe.RoundLimit

// anew keeps an operation that takes something else by now than it asked for, because
// others that were decided before it changed what it reverses: to refuse it for the old
// sum, or for what lies in this shard alone, would be unjust. It is asked for again when
// the rules have ended their step.
func (h *happening) anew(p *parked) bool {
	if p.Anew == maxAnew {
		return false
	}
	h.changed = append(h.changed, p)
	return true
}

// askAnew submits what was kept, in the order in which it was decided.
func (h *happening) askAnew() {
	for len(h.changed) > 0 {
		p, before := h.changed[0], h.now
		h.changed = h.changed[1:]
		h.closeTimer(p, nil)
		p.Anew, p.TimerID, p.Operations = p.Anew+1, "", nil
		h.now = p
		h.d.gather.Submit(h, h.d.wants(p))
		h.now = before
	}
}

func (h *happening) expire(p *parked) {
	refusal := fault.Refuse(fault.Expired, "", "the money of other shards did not come in time")
	results := []*result{{operation: p.First, whose: p.identity(), refusal: refusal,
		draft: &journalv1.Record{Refusal: wire(refusal)}}}
	h.d.accept(h.a, results[0])
	for i := 1; i < len(p.list); i++ {
		results = append(results, &result{operation: p.First + uint32(i), whose: p.identity(), refusal: refusal})
	}
	h.closeTimer(p, results)
	h.results = append(h.results, results...)
}

// closeTimer closes the deadline of an operation that is decided.
func (h *happening) closeTimer(p *parked, results []*result) {
	if p.TimerID == "" {
		return
	}
	closed := &journalv1.Timer{Id: p.TimerID, DueUs: p.ExpiresUS, Flow: gatherFlow, Aggregate: string(p.id()), Event: "expire", Closed: true}
	h.d.timers.put(p.TimerID, nil)
	for _, r := range results {
		if r.draft != nil {
			r.draft.Timers = append(r.draft.Timers, closed)
			return
		}
	}
	h.leave(p.Book, &ledger.Draft{Record: &journalv1.Record{Timers: []*journalv1.Timer{closed}}})
}

// leave folds a draft and gives it a record of its own.
func (h *happening) leave(bookName string, draft *ledger.Draft) {
	r := &result{draft: draft.Record, whose: &identity{book: bookName, actor: "gather"}, internal: true}
	h.d.fold(bookName, draft)
	h.results = append(h.results, h.d.accept(h.a, r))
}

// end puts what the rules remember into the last record of the event.
func (h *happening) end() []*result {
	defer func() { h.d.inGather = false }()
	h.read()
	h.askAnew()
	changes, rules := h.d.gather.Changes(), h.ruleRows()
	if changes.Empty() && len(h.sent)+len(rules) == 0 {
		return h.results
	}
	var last *result
	for _, r := range h.results {
		if r.draft != nil {
			last = r
		}
	}
	if last == nil {
		h.leave(h.bookOf(changes), &ledger.Draft{Record: &journalv1.Record{}})
		last = h.results[len(h.results)-1]
	}
	last.draft.Gathers = append(last.draft.Gathers, h.sent...)
	last.draft.Gathers = append(last.draft.Gathers, h.rows(changes)...)
	last.draft.Gathers = append(last.draft.Gathers, rules...)
	return h.results
}

// bookOf is the book of an event that left nothing but changes.
func (h *happening) bookOf(c stripe.Changes) string {
	var a stripe.Account
	switch {
	case len(c.Homes) > 0:
		a = c.Homes[0].Account
	case len(c.Marks) > 0:
		a = c.Marks[0].Account
	case len(c.HomesGone) > 0:
		a = c.HomesGone[0]
	case len(c.MarksGone) > 0:
		a = c.MarksGone[0]
	case h.about != "":
		return h.about
	default:
		return h.a.command.GetBook()
	}
	bookName, _, _ := splitAccount(a)
	return bookName
}
