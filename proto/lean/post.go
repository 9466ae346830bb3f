package lean

import (
	"math"
	"strings"

	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// asked is an operation of the API with what hangs on it.
type asked struct {
	operation ledgerv1.Operation
	what      ledgerv1.Operation_Entry
	entry     ledgerv1.NewEntry
}

// Post reads a request that is nothing but entries into an empty message; false means
// that it did not, and that the message is as it was.
func Post(raw []byte, into *ledgerv1.PostRequest) bool {
	r := &request{wire: wire{text: string(raw), end: len(raw)}}
	r.left = r.count(2)
	all := make([]asked, r.left)
	list := make([]*ledgerv1.Operation, 0, r.left)
	book, dryRun := "", false
	for r.more() {
		switch number, kind := r.tag(); {
		case number == 1 && kind == length:
			book = strings.Clone(r.string())
		case number == 2 && kind == length && len(list) < len(all):
			a := &all[len(list)]
			end := r.part()
			r.operation(a)
			r.leave(end)
			list = append(list, &a.operation)
			r.left--
		case number == 3 && kind == varint:
			dryRun = r.flag()
		default:
			return false
		}
	}
	if r.bad || len(list) == 0 {
		return false
	}
	into.Book, into.Operations, into.DryRun = book, list, dryRun
	return true
}

// request reads the operations of a request.
type request struct {
	wire
	left             int
	legs             block[ledgerv1.NewLeg]
	places           block[*ledgerv1.NewLeg]
	kind, day, asset string
}

func (r *request) operation(a *asked) {
	for r.more() {
		switch number, kind := r.tag(); {
		case number == 1 && kind == length:
			a.operation.Key = r.string()
		case number == 2 && kind == varint:
			a.operation.Group = uint32(r.number(math.MaxUint32))
		case number == 3 && kind == length && a.operation.What == nil:
			a.what.Entry = &a.entry
			a.operation.What = &a.what
			end := r.part()
			r.entry(&a.entry)
			r.leave(end)
		default:
			r.bad = true
		}
	}
}

func (r *request) entry(e *ledgerv1.NewEntry) {
	if n := r.count(3); n > 0 {
		e.Legs = r.places.take(n, n*r.left)
		legs := r.legs.take(n, n*r.left)
		for i := range legs {
			e.Legs[i] = &legs[i]
		}
	}
	at := 0
	for r.more() {
		switch number, kind := r.tag(); {
		case number == 1 && kind == length:
			e.Kind = r.word(&r.kind)
		case number == 2 && kind == length:
			e.Day = r.word(&r.day)
		case number == 3 && kind == length && at < len(e.Legs):
			end := r.part()
			r.leg(e.Legs[at])
			r.leave(end)
			at++
		case number == 4 && kind == length:
			r.pair(&e.Metadata)
		case number == 5 && kind == length:
			r.pair(&e.Links)
		default:
			r.bad = true
		}
	}
}

func (r *request) leg(l *ledgerv1.NewLeg) {
	for r.more() {
		switch number, kind := r.tag(); {
		case number == 1 && kind == length:
			l.Account = r.string()
		case number == 2 && kind == length:
			l.Asset = r.word(&r.asset)
		case number == 3 && kind == varint:
			l.Side = ledgerv1.Side(r.number(math.MaxInt32))
		case number == 4 && kind == length:
			l.Amount = r.string()
		default:
			r.bad = true
		}
	}
}

// AppendPostResponse appends the bytes of an answer to a post, as the library does when it
// is deterministic; ok is false, and b as it was, when it leaves that to the library.
func AppendPostResponse(b []byte, r *ledgerv1.PostResponse) (longer []byte, ok bool) {
	if !known(r) {
		return b, false
	}
	o := out{b: b}
	for _, result := range r.Results {
		if result == nil || len(result.Gathers) > 0 || !known(result) {
			return b, false
		}
		whole := o.begin(1)
		o.text(1, result.Id)
		for _, s := range result.Balances {
			if s == nil || !known(s) {
				return b, false
			}
			part := o.begin(2)
			o.text(1, s.Account)
			o.text(2, s.Asset)
			o.number(3, s.Version)
			o.text(4, s.Balance)
			o.text(5, s.Available)
			o.end(part)
		}
		if result.Refusal != nil {
			o.message(3, result.Refusal)
		}
		o.flag(4, result.Replayed)
		o.end(whole)
	}
	o.text(2, r.Position)
	if o.bad {
		return b, false
	}
	return o.b, true
}
