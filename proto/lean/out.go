package lean

import (
	"maps"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// out writes fields below 16 one behind another, as the library does when it is deterministic:
// by number, the keys of maps in order, and nothing for what is empty. After a text
// that the library would refuse, bad is set.
type out struct {
	b   []byte
	bad bool
}

func (o *out) number(field byte, v uint64) {
	switch {
	case v == 0:
	case v < 1<<7:
		o.b = append(o.b, field<<3|varint, byte(v))
	default:
		o.b = protowire.AppendVarint(append(o.b, field<<3|varint), v)
	}
}

func (o *out) flag(field byte, v bool) {
	if v {
		o.b = append(o.b, field<<3|varint, 1)
	}
}

func (o *out) text(field byte, s string) {
	if s == "" {
		return
	}
	o.bad = o.bad || !utf8.ValidString(s)
	o.b = append(o.span(field, len(s)), s...)
}

func (o *out) bytes(field byte, raw []byte) {
	if len(raw) > 0 {
		o.b = append(o.span(field, len(raw)), raw...)
	}
}

// span writes the tag of a field that has n bytes, and their number.
func (o *out) span(field byte, n int) []byte {
	if n < 1<<7 {
		return append(o.b, field<<3|length, byte(n))
	}
	return protowire.AppendVarint(append(o.b, field<<3|length), uint64(n))
}

// begin begins a part whose length is not known yet: one byte is left for it.
func (o *out) begin(field byte) (at int) {
	o.b = append(o.b, field<<3|length, 0)
	return len(o.b)
}

// end fills in the length of the part that began at at, and makes room if a byte is too little.
func (o *out) end(at int) {
	n := len(o.b) - at
	if n < 1<<7 {
		o.b[at-1] = byte(n)
		return
	}
	o.b = slices.Insert(o.b, at, make([]byte, protowire.SizeVarint(uint64(n))-1)...)
	protowire.AppendVarint(o.b[:at-1], uint64(n))
}

// message writes a part that the library makes.
func (o *out) message(field byte, m proto.Message) {
	at := o.begin(field)
	longer, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(o.b, m)
	if err != nil {
		o.bad = true
		return
	}
	o.b = longer
	o.end(at)
}

// pairs writes a map of texts in the order of its keys.
func (o *out) pairs(field byte, m map[string]string) {
	if len(m) == 0 {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		at := o.begin(field)
		v := m[k]
		o.b = append(o.span(1, len(k)), k...) // both are written when they are empty too
		o.b = append(o.span(2, len(v)), v...)
		o.bad = o.bad || !utf8.ValidString(k) || !utf8.ValidString(v)
		o.end(at)
	}
}

// known says that a message has no fields that this program does not know.
func known(m proto.Message) bool { return len(m.ProtoReflect().GetUnknown()) == 0 }
