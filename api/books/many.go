package books

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// A request may hold thousands of entries. What becomes of them is made in a few
// blocks instead of a dozen allocations an entry.

// openNames says which accounts are open; those that it does not name are.
type openNames map[string]bool

func (o openNames) is(account string) bool {
	open, asked := o[account]
	return open || !asked
}

// entries makes entries of the command log.
type entries struct {
	posts  []post
	legs   []commandv1.Leg
	places []*commandv1.Leg
}

// post is an operation with what hangs on it.
type post struct {
	operation commandv1.Operation
	what      commandv1.Operation_Post
	post      commandv1.Post
}

// newEntries makes room for the entries among operations.
func newEntries(ops []*ledgerv1.Operation) *entries {
	n, legs := 0, 0
	for _, op := range ops {
		if e := op.GetEntry(); e != nil {
			n, legs = n+1, legs+len(e.GetLegs())
		}
	}
	return &entries{make([]post, n), make([]commandv1.Leg, legs), make([]*commandv1.Leg, legs)}
}

// next makes the next entry.
func (m *entries) next(op *ledgerv1.Operation, e *ledgerv1.NewEntry, open openNames) *commandv1.Operation {
	p := &m.posts[0]
	m.posts = m.posts[1:]
	p.operation.Key, p.operation.Group = op.GetKey(), op.GetGroup()
	p.operation.What, p.what.Post = &p.what, &p.post
	p.post.Kind, p.post.Day, p.post.Metadata, p.post.Links = e.GetKind(), e.GetDay(), e.GetMetadata(), e.GetLinks()
	n := len(e.GetLegs())
	p.post.Legs = m.places[:n:n]
	for i, l := range e.GetLegs() {
		leg := &m.legs[i]
		leg.Account, leg.Asset, leg.Amount = l.GetAccount(), l.GetAsset(), l.GetAmount()
		leg.Debit, leg.Open = l.GetSide() == ledgerv1.Side_SIDE_DEBIT, open.is(l.GetAccount())
		p.post.Legs[i] = leg
	}
	m.legs, m.places = m.legs[n:], m.places[n:]
	return &p.operation
}

// results makes the answers to operations. The texts of all of them are one.
type results struct {
	list     []ledgerv1.OperationResult
	balances []ledgerv1.StripeBalance
	places   []*ledgerv1.StripeBalance
	text     []byte
	ends     []int
	into     []*string
}

// newResults makes room for what outcomes say.
func newResults(outcomes []engine.Outcome) *results {
	const textEach = 12
	legs := 0
	for _, o := range outcomes {
		legs += len(o.Record.GetLegs())
	}
	texts := len(outcomes) + 2*legs
	return &results{
		make([]ledgerv1.OperationResult, 0, len(outcomes)), make([]ledgerv1.StripeBalance, legs), make([]*ledgerv1.StripeBalance, legs),
		make([]byte, 0, textEach*texts), make([]int, 0, texts), make([]*string, 0, texts),
	}
}

// next makes the answer to the next operation.
func (m *results) next(op *ledgerv1.Operation, o engine.Outcome, dryRun bool) *ledgerv1.OperationResult {
	index := len(m.list)
	m.list = m.list[:index+1]
	r := &m.list[index]
	r.Replayed = o.Replayed
	if o.Refusal != nil {
		refusal := *o.Refusal
		if refusal.Code != fault.GroupFailed && refusal.Code != fault.TooManyOperations {
			refusal.Field = fieldOf(op, &refusal)
			refusal.At(fmt.Sprintf("operations[%d]", index))
		}
		r.Refusal = gate.RefusalMessage(&refusal)
	}
	if o.Record == nil {
		return r
	}
	if !dryRun {
		m.text = strconv.AppendInt(m.text, int64(o.Record.GetShard()), 10)
		m.text = strconv.AppendUint(append(m.text, '.'), o.Record.GetSeq(), 10)
		m.put(&r.Id)
	}
	r.Balances, r.Gathers = m.stripes(o.Record), o.Gathers
	for _, b := range r.Balances {
		if slices.Contains(o.Gathers, b.GetAccount()) {
			b.Version = 0
		}
	}
	return r
}

// put says where what was written to the text since the last put belongs.
func (m *results) put(into *string) {
	m.ends, m.into = append(m.ends, len(m.text)), append(m.into, into)
}

// end hands the texts out.
func (m *results) end() {
	all, at := string(m.text), 0
	for i, into := range m.into {
		*into, at = all[at:m.ends[i]], m.ends[i]
	}
}

// stripes are the record's stripes after it, each once.
func (m *results) stripes(rec *journalv1.Record) []*ledgerv1.StripeBalance {
	all := rec.GetLegs()
	out := m.places[:0:len(all)]
	m.places = m.places[len(all):]
	for i, l := range all {
		if later(all[i+1:], l) {
			continue
		}
		asset, ok := money.LookupAsset(l.GetAsset())
		if !ok {
			continue // of a later version of the program
		}
		name, _ := book.ParseName("account", l.GetAccount())
		t, _ := book.LookupType(name.Type)
		st, b := stripeOf(l), &m.balances[0]
		m.balances = m.balances[1:]
		b.Account, b.Asset, b.Version = l.GetAccount(), l.GetAsset(), l.GetVersion()
		m.text = asset.AppendFormat(m.text, st.Balance(t.Class))
		m.put(&b.Balance)
		m.text = asset.AppendFormat(m.text, st.Available(t.Class))
		m.put(&b.Available)
		out = append(out, b)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
