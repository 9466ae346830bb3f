package engine

import (
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/rule"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/stripe"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// ruling says whether an operation asks all shards to hold a rule.
func ruling(op *commandv1.Operation) bool {
	return op.GetChange() != nil || op.GetPeriod() != nil || op.GetPolicy() != nil || op.GetVerdict().GetApprove()
}

// subjectOf is what the rule is about that an operation asks all shards to hold.
func subjectOf(v view, op *commandv1.Operation) rule.Subject {
	if d := op.GetVerdict(); d != nil {
		asked := v.Approval(d.GetAskedSeq()).GetRule()
		return rule.Subject{Book: v.book, Kind: asked.GetKind(), Name: asked.GetSubject()}
	}
	if op.GetPeriod() != nil {
		return rule.Subject{Book: v.book, Kind: ledger.PeriodRule, Name: ledger.PeriodSubject}
	}
	if op.GetPolicy() != nil {
		return rule.Subject{Book: v.book, Kind: ledger.PolicyRule, Name: ledger.PolicySubject}
	}
	return rule.Subject{Book: v.book, Kind: ledger.AccountRule, Name: op.GetChange().GetAccount()}
}

// changing is the refusal of a change while another of its subject is on its way.
func changing(s rule.Subject) *fault.Refusal {
	if s.Kind == ledger.PeriodRule {
		return fault.Refuse(fault.PeriodChanging, "", "another change of the periods waits for all shards")
	}
	if s.Kind == ledger.PolicyRule {
		return fault.Refuse(fault.PolicyChanging, "", "another change of what takes two people waits for all shards")
	}
	return fault.Refuse(fault.AccountChanging, "account", "another change of %s waits for all shards", s.Name).With("account", s.Name)
}

// change decides an operation that asks all shards to hold a rule: it is parked until
// every shard has confirmed it. What a second person approved is approved from here on,
// by a record of its own, whatever the shards find.
func (d *decider) change(a *arrival, r *result, op *commandv1.Operation) []*result {
	p := newParked(a, r.operation, []*commandv1.Operation{op})
	v := view{d.state, p.Book, false}
	s := subjectOf(v, op)
	draft, refusal, _ := ledger.Decide(v, op, d.now(p.Actor))
	if d.changes.Pending(s) {
		refusal = changing(s)
	}
	if refusal != nil {
		r.refuse(refusal)
		r.keyed(op)
		d.accept(a, r)
		d.take(keyID(p, op), r, op)
		return []*result{r}
	}
	if results, over := d.unparkable(a, p); over {
		return results
	}
	h := d.happen(a, p)
	asked := draft.Record.GetRules()[0]
	if draft.Record.GetApproval() != nil {
		draft.Record.Rules = nil
		h.leave(p.Book, draft)
	}
	d.changes.Begin(h, string(p.id()), s, asked.GetVersion(), ruleBody(asked))
	if d.changes.Pending(s) {
		h.wait(p)
	}
	return h.end()
}

// Put implements rule.Books: from its record on, this shard holds the rule. A shard that
// is told to block an account sends all money of it home, before it confirms.
func (h *happening) Put(s rule.Subject, _ uint64, body []byte, home bool) (seq uint64, found string) {
	r := new(journalv1.Rule)
	if err := proto.Unmarshal(body, r); err != nil {
		panic("engine: the body of a rule: " + err.Error()) // our own, by a link
	}
	r.Home = home
	h.about = s.Book
	h.leave(s.Book, &ledger.Draft{Record: &journalv1.Record{Rules: []*journalv1.Rule{r}}})
	seq = h.d.seq
	if r.GetAccount() == nil {
		return seq, ""
	}
	if ledger.StandingOf(r).Status == book.Closing && !home {
		return seq, h.sweep(s)
	}
	h.wakeAccount(s)
	return seq, ""
}

// Tell implements rule.Books.
func (h *happening) Tell(to rule.ShardID, m rule.Message) {
	h.d.gather.Post(h, stripe.ShardID(to), "", money.Zero, encode(m))
}

// Confirmed implements rule.Books: every shard holds the rule.
func (h *happening) Confirmed(c rule.Change) (next []byte, found string) {
	held, _ := h.d.rules.get(ruleKey{c.Book, c.Kind, c.Name})
	if ledger.StandingOf(held).Status == book.Closing {
		found = h.left(c.Subject, true)
		return ruleBody(ledger.Closed(held, len(c.Found) == 0 && found == "", h.d.now(""))), found
	}
	p := h.take(stripe.CommandID(c.Operation))
	if p != h.now {
		h.unparked = append(h.unparked, p.id())
	}
	results, again := h.d.answers(h.a, p)
	if !again {
		r, op := results[0], p.list[0]
		if held.GetChange() == ledger.Keep {
			r.refuse(ledger.NotEmpty(c.Name, c.Found))
		} else {
			r.draft = &journalv1.Record{Confirmed: &journalv1.Confirmed{Rule: held, At: positions(c.At)}}
		}
		r.keyed(op)
		h.d.accept(h.a, r)
		h.d.take(keyID(p, op), r, op)
	}
	h.results = append(h.results, results...)
	return nil, ""
}

// read takes the letters of other shards, when the messages before them are applied.
func (h *happening) read() {
	for _, e := range h.letters {
		if len(e.Body) == 0 {
			continue // it only carried money
		}
		var m rule.Message
		if err := json.Unmarshal(e.Body, &m); err != nil {
			panic(fmt.Sprintf("engine: letter %d of shard %d: %v", e.Number, e.From, err))
		}
		h.about = m.Book
		h.d.changes.Receive(h, rule.ShardID(e.From), m)
	}
	h.letters = nil
}

// sweep sends all money of an account home, asset by asset. Money that is held, or kept
// for an operation that waits, stays, and is what was found.
func (h *happening) sweep(s rule.Subject) (found string) {
	if found = h.left(s, false); found != "" {
		return found
	}
	name, _ := book.ParseName("account", s.Name)
	t, _ := book.LookupType(name.Type)
	for _, asset := range money.Assets() {
		balance := view{h.d.state, s.Book, false}.Stripe(s.Name, asset.Code).Balance(t.Class)
		if !balance.IsZero() {
			to := stripe.ShardID(home(s.Book, s.Name, h.d.shards))
			h.d.gather.Post(h, to, stripeAccount(s.Book, s.Name, asset.Code), balance, nil)
		}
	}
	return ""
}

// left says what this shard has of an account: what is held of it, what waits to be
// taken, and of the home, where all money is by then, also the balance.
func (h *happening) left(s rule.Subject, balance bool) string {
	name, _ := book.ParseName("account", s.Name)
	t, _ := book.LookupType(name.Type)
	for _, asset := range money.Assets() {
		h.d.mustLoad(stripeKey{s.Book, s.Name, asset.Code})
		st := view{h.d.state, s.Book, false}.Stripe(s.Name, asset.Code)
		reserved := h.d.gather.Reserved(stripeAccount(s.Book, s.Name, asset.Code))
		switch held := st.HeldDebit.Add(st.HeldCredit); {
		case !held.IsZero():
			return asset.Format(held) + " " + asset.Code + " is held"
		case !reserved.IsZero():
			return asset.Format(reserved) + " " + asset.Code + " waits to be booked"
		case balance && !st.Balance(t.Class).IsZero():
			return "the balance is " + asset.Format(st.Balance(t.Class)) + " " + asset.Code
		}
	}
	return ""
}

// wakeAccount tells the gathering that an account may be spent, or may not, from here on.
func (h *happening) wakeAccount(s rule.Subject) {
	for _, asset := range money.Assets() {
		if a := stripeAccount(s.Book, s.Name, asset.Code); h.d.gather.Knows(a) {
			h.d.gather.Changed(h, a)
		}
	}
}

// positions are the records with which the shards took a rule, as the journal says them.
func positions(at []rule.Position) []*journalv1.RulePosition {
	out := make([]*journalv1.RulePosition, len(at))
	for i, p := range at {
		out[i] = &journalv1.RulePosition{Shard: p.Shard, Seq: p.Seq}
	}
	return out
}

// ruleBody is a rule as it goes to other shards: none of them is its home.
func ruleBody(r *journalv1.Rule) []byte {
	r = proto.CloneOf(r)
	r.Home = false
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(r)
	if err != nil {
		panic("engine: marshal a rule: " + err.Error())
	}
	return raw
}

func keyID(p *parked, op *commandv1.Operation) [16]byte { return store.KeyID(p.Book, op.GetKey()) }
