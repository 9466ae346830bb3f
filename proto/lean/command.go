package lean

import (
	"math"
	"strings"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// posted is an operation with what hangs on it.
type posted struct {
	operation commandv1.Operation
	what      commandv1.Operation_Post
	post      commandv1.Post
}

// Command reads a command that is nothing but posts; ok is false for every other one.
// Request hashes stay where they are in raw.
func Command(raw []byte) (c *commandv1.Command, ok bool) {
	w := &wire{text: string(raw), end: len(raw)}
	c = &commandv1.Command{}
	for w.more() {
		switch number, kind := w.tag(); {
		case number == 1 && kind == length:
			c.Id = strings.Clone(w.string())
		case number == 2 && kind == length:
			c.Process = strings.Clone(w.string())
		case number == 3 && kind == varint:
			c.TimeoutMs = int64(w.number(math.MaxInt64))
		case number == 4 && kind == length:
			c.Actor = strings.Clone(w.string())
		case number == 5 && kind == length:
			c.Book = strings.Clone(w.string())
		case number == 6 && kind == varint:
			c.DryRun = w.flag()
		case number == 7 && kind == length && c.What == nil:
			end := w.part()
			list := &operations{wire: w, raw: raw}
			c.What = &commandv1.Command_Operations{Operations: &commandv1.Operations{List: list.read()}}
			w.leave(end)
		default:
			return nil, false
		}
	}
	return c, !w.bad && c.What != nil
}

// CommandID is the id of a command when it comes first, as Provodka writes it.
func CommandID(raw []byte) (id []byte, ok bool) {
	if len(raw) < 2 || raw[0] != 1<<3|length || raw[1] >= 1<<7 || len(raw)-2 < int(raw[1]) {
		return nil, false
	}
	return raw[2 : 2+raw[1]], true
}

// operations reads the operations of a command.
type operations struct {
	*wire
	raw              []byte
	list             []*commandv1.Operation
	left             int
	legs             block[commandv1.Leg]
	places           block[*commandv1.Leg]
	kind, day, asset string
}

func (o *operations) read() []*commandv1.Operation {
	o.left = o.count(1)
	if o.left == 0 {
		o.bad = o.bad || o.more()
		return nil
	}
	o.list = make([]*commandv1.Operation, 0, o.left)
	all := make([]posted, o.left)
	for o.more() {
		if number, kind := o.tag(); number != 1 || kind != length || len(o.list) == len(all) {
			o.bad = true
			break
		}
		p := &all[len(o.list)]
		end := o.part()
		o.operation(p)
		o.leave(end)
		o.list = append(o.list, &p.operation)
		o.left--
	}
	return o.list
}

func (o *operations) operation(p *posted) {
	for o.more() {
		switch number, kind := o.tag(); {
		case number == 1 && kind == length:
			p.operation.Key = o.string()
		case number == 2 && kind == length:
			from, to := o.span()
			if from == to {
				o.bad = true
				return
			}
			p.operation.RequestHash = o.raw[from:to:to]
		case number == 3 && kind == varint:
			p.operation.Group = uint32(o.number(math.MaxUint32))
		case number == 5 && kind == length && p.operation.What == nil:
			p.what.Post = &p.post
			p.operation.What = &p.what
			end := o.part()
			o.post(&p.post)
			o.leave(end)
		default:
			o.bad = true
		}
	}
}

func (o *operations) post(p *commandv1.Post) {
	if n := o.count(3); n > 0 {
		p.Legs = o.places.take(n, n*o.left)
		legs := o.legs.take(n, n*o.left)
		for i := range legs {
			p.Legs[i] = &legs[i]
		}
	}
	at := 0
	for o.more() {
		switch number, kind := o.tag(); {
		case number == 1 && kind == length:
			p.Kind = o.word(&o.kind)
		case number == 2 && kind == length:
			p.Day = o.word(&o.day)
		case number == 3 && kind == length && at < len(p.Legs):
			end := o.part()
			o.leg(p.Legs[at])
			o.leave(end)
			at++
		case number == 4 && kind == length:
			o.pair(&p.Metadata)
		case number == 5 && kind == length:
			o.pair(&p.Links)
		default:
			o.bad = true
		}
	}
}

func (o *operations) leg(l *commandv1.Leg) {
	for o.more() {
		switch number, kind := o.tag(); {
		case number == 1 && kind == length:
			l.Account = o.string()
		case number == 2 && kind == length:
			l.Asset = o.word(&o.asset)
		case number == 3 && kind == varint:
			l.Debit = o.flag()
		case number == 4 && kind == length:
			l.Amount = o.string()
		case number == 5 && kind == varint:
			l.Open = o.flag()
		default:
			o.bad = true
		}
	}
}

// AppendCommand appends the bytes of a command that is nothing but posts, as the library
// does when it is deterministic; ok is false, and b as it was, for every other one.
func AppendCommand(b []byte, c *commandv1.Command) (longer []byte, ok bool) {
	what, ok := c.GetWhat().(*commandv1.Command_Operations)
	if !ok || what.Operations == nil || len(c.Elsewhere) > 0 || !known(c) || !known(what.Operations) {
		return b, false
	}
	o := out{b: b}
	o.text(1, c.Id)
	o.text(2, c.Process)
	o.number(3, uint64(c.TimeoutMs))
	o.text(4, c.Actor)
	o.text(5, c.Book)
	o.flag(6, c.DryRun)
	list := o.begin(7)
	for _, op := range what.Operations.List {
		if !o.operation(op) {
			return b, false
		}
	}
	o.end(list)
	if o.bad {
		return b, false
	}
	return o.b, true
}

func (o *out) operation(op *commandv1.Operation) bool {
	post, ok := op.GetWhat().(*commandv1.Operation_Post)
	if !ok || post.Post == nil || len(op.Conditions) > 0 || !known(op) || !known(post.Post) {
		return false
	}
	whole := o.begin(1)
	o.text(1, op.Key)
	o.bytes(2, op.RequestHash)
	o.number(3, uint64(op.Group))
	part := o.begin(5)
	o.text(1, post.Post.Kind)
	o.text(2, post.Post.Day)
	for _, l := range post.Post.Legs {
		if l == nil || !known(l) {
			return false
		}
		leg := o.begin(3)
		o.text(1, l.Account)
		o.text(2, l.Asset)
		o.flag(3, l.Debit)
		o.text(4, l.Amount)
		o.flag(5, l.Open)
		o.end(leg)
	}
	o.pairs(4, post.Post.Metadata)
	o.pairs(5, post.Post.Links)
	o.end(part)
	o.end(whole)
	return true
}
