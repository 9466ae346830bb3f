package booktest

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// Place is an account in one asset.
type Place struct{ Account, Asset string }

// Now is the moment of an operation.
type Now struct {
	Seq uint64 // number that its record will have
	US  int64
}

// Verb does one kind of operation and answers the code of its refusal, "" when it is done.
type Verb func(m *Model, op *commandv1.Operation, now Now) string

// Guard may refuse what an operation did; before is the model before it.
type Guard func(before, after *Model) string

// Model is the whole book.
type Model struct {
	Debit, Credit, Held map[Place]*big.Int // in the smallest units
	Changes             map[Place]uint64   // how often one of the three was changed
	Entries             map[uint64]*Entry  // by the number of the record
	Holds               map[uint64]*Hold
	Verbs               map[string]Verb
	Guards              []Guard
}

// Entry is an entry that was posted.
type Entry struct {
	Kind     string
	Reversal bool // nothing but a reversal
	Exchange bool
	Legs     []Leg
}

// Leg is one posting.
type Leg struct {
	At       int // index among the legs of the record
	Place    Place
	Debit    bool
	Amount   *big.Int
	Reversed *big.Int
}

// Hold is a hold.
type Hold struct {
	Place        Place
	State        string // placed, settled, voided, expired
	Amount, Left *big.Int
	Late         *big.Int // what was given back at its end, less late settlements
	ExpiresUS    int64
}

// New makes an empty book that knows every verb of this package.
func New() *Model {
	return &Model{
		Debit: map[Place]*big.Int{}, Credit: map[Place]*big.Int{}, Held: map[Place]*big.Int{}, Changes: map[Place]uint64{},
		Entries: map[uint64]*Entry{}, Holds: map[uint64]*Hold{},
		Verbs: map[string]Verb{
			"post": post, "place": place, "settle": settle, "void": void,
			"resize": resize, "settle_late": settleLate, "reverse": reverse, "correct": correct,
			"exchange": exchange,
		},
		Guards: []Guard{floors},
	}
}

// Do does an operation and answers the code of its refusal; then nothing has changed.
func (m *Model) Do(op *commandv1.Operation, now Now) string {
	name := string(op.ProtoReflect().WhichOneof(op.ProtoReflect().Descriptor().Oneofs().ByName("what")).Name())
	verb, ok := m.Verbs[name]
	if !ok {
		panic("booktest: nobody taught the model to " + name)
	}
	short, code := m.conditions(op)
	if code != "" {
		return code
	}
	after := m.Clone()
	if code := verb(after, op, now); code != "" {
		return code
	}
	if short {
		return "condition_failed"
	}
	for _, guard := range m.Guards {
		if code := guard(m, after); code != "" {
			return code
		}
	}
	*m = *after
	return ""
}

// Clone copies all that operations change.
func (m *Model) Clone() *Model {
	c := *m
	c.Debit, c.Credit, c.Held = cloneSums(m.Debit), cloneSums(m.Credit), cloneSums(m.Held)
	c.Changes = maps.Clone(m.Changes)
	c.Entries, c.Holds = map[uint64]*Entry{}, map[uint64]*Hold{}
	for seq, e := range m.Entries {
		copied := *e
		copied.Legs = slices.Clone(e.Legs)
		c.Entries[seq] = &copied
	}
	for seq, h := range m.Holds {
		copied := *h
		c.Holds[seq] = &copied
	}
	return &c
}

// Sums are never changed in place, so a copy of the map is enough.
func cloneSums(m map[Place]*big.Int) map[Place]*big.Int { return maps.Clone(m) }

func at(m map[Place]*big.Int, p Place) *big.Int {
	if m[p] == nil {
		return new(big.Int)
	}
	return m[p]
}

// add changes one of the sums of an account: each change is a leg.
func (m *Model) add(sums map[Place]*big.Int, p Place, n *big.Int) {
	sums[p] = new(big.Int).Add(at(sums, p), n)
	m.Changes[p]++
}

// Available is what an account that grows by credit can still spend.
func (m *Model) Available(p Place) *big.Int {
	n := new(big.Int).Sub(at(m.Credit, p), at(m.Debit, p))
	return n.Sub(n, at(m.Held, p))
}

// scales are the places of the assets that tests use.
var scales = map[string]int{"RUB": 2, "USD": 2, "JPY": 0, "BTC": 8, "ETH": 18}

// Units reads a plain decimal in the smallest units of an asset; false when it has more
// places, or is none.
func Units(asset, text string) (*big.Int, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > scales[asset] {
		return nil, false
	}
	return new(big.Int).SetString(whole+fraction+strings.Repeat("0", scales[asset]-len(fraction)), 10)
}

// Text prints smallest units of an asset as a decimal.
func Text(asset string, n *big.Int) string {
	scale := scales[asset]
	digits := fmt.Sprintf("%0*s", scale+1, new(big.Int).Abs(n).String())
	if scale > 0 {
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		digits = "-" + digits
	}
	return digits
}

// row is what the model knows of a type of account.
type row struct {
	floored, debitNormal bool
	purpose              string
}

// chart is the part of the chart that tests use, told once more.
var chart = map[string]row{
	"bank":     {false, true, "cash"},
	"clearing": {false, true, "cash"},
	"fx":       {false, true, "cash"},
	"wallet":   {true, false, "client"},
	"reserve":  {true, false, "client"},
	"customer": {true, false, "client"},
	"suspense": {true, false, "client"},
	"revenue":  {false, false, "own"},
	"capital":  {false, false, "own"},
}

func rowOf(account string) row {
	kind, _, _ := strings.Cut(account, ":")
	r, ok := chart[kind]
	if !ok {
		panic("booktest: the model's chart has no " + kind)
	}
	return r
}

// floors refuses what leaves an account short that was not so before.
func floors(before, after *Model) string {
	for _, sums := range []map[Place]*big.Int{after.Debit, after.Held} {
		for p := range sums {
			if rowOf(p.Account).floored && after.Available(p).Sign() < 0 && after.Available(p).Cmp(before.Available(p)) < 0 {
				return "insufficient_funds"
			}
		}
	}
	return ""
}

// readLegs reads legs that are asked for.
func readLegs(legs []*commandv1.Leg) ([]Leg, string) {
	var out []Leg
	for i, l := range legs {
		n, ok := Units(l.GetAsset(), l.GetAmount())
		if !ok || n.Sign() <= 0 {
			return nil, "amount_invalid"
		}
		out = append(out, Leg{At: i, Place: Place{l.GetAccount(), l.GetAsset()}, Debit: l.GetDebit(), Amount: n, Reversed: new(big.Int)})
	}
	return out, ""
}

// wrong says what is wrong with an entry whatever the books hold.
func wrong(kind string, legs []Leg) string {
	if len(legs) < 2 || len(legs) > 1000 {
		return "malformed"
	}
	sums := map[string]*big.Int{}
	for _, l := range legs {
		if sums[l.Place.Asset] == nil {
			sums[l.Place.Asset] = new(big.Int)
		}
		if l.Debit {
			sums[l.Place.Asset].Add(sums[l.Place.Asset], l.Amount)
		} else {
			sums[l.Place.Asset].Sub(sums[l.Place.Asset], l.Amount)
		}
	}
	for _, n := range sums {
		if n.Sign() != 0 {
			return "unbalanced"
		}
	}
	return mixed(kind, legs)
}

// mixed looks for money that flows from one purpose into another and may not.
func mixed(kind string, legs []Leg) string {
	from, to := map[string]bool{}, map[string]bool{}
	for _, l := range legs {
		if r := rowOf(l.Place.Account); l.Debit == r.debitNormal {
			to[r.purpose] = true
		} else {
			from[r.purpose] = true
		}
	}
	for f := range from {
		for t := range to {
			if f != t && f != "cash" && t != "cash" && !(f == "client" && t == "own" && clientToOwn(kind)) {
				return "purpose_mixed"
			}
		}
	}
	return ""
}

func clientToOwn(kind string) bool {
	return kind == "commission" || kind == "recover" || kind == "spread" || strings.HasSuffix(kind, "+spread")
}

// besides says whether money that is not our own stands beside a position.
func besides(legs []Leg) bool {
	position, other := false, false
	for _, l := range legs {
		if strings.HasPrefix(l.Place.Account, "fx:") {
			position = true
		} else if rowOf(l.Place.Account).purpose != "own" {
			other = true
		}
	}
	return position && other
}

// book writes legs down.
func (m *Model) book(legs []Leg) {
	for _, l := range legs {
		if l.Debit {
			m.add(m.Debit, l.Place, l.Amount)
		} else {
			m.add(m.Credit, l.Place, l.Amount)
		}
	}
}

func post(m *Model, op *commandv1.Operation, now Now) string {
	p := op.GetPost()
	legs, code := readLegs(p.GetLegs())
	if code == "" {
		code = wrong(p.GetKind(), legs)
	}
	if code == "" && besides(legs) {
		code = "purpose_mixed"
	}
	if code != "" {
		return code
	}
	m.book(legs)
	m.Entries[now.Seq] = &Entry{Kind: p.GetKind(), Legs: legs}
	return ""
}
