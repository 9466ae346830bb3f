package lean

import (
	"math"
	"strings"
	"unicode/utf8"
)

// Wire types.
const (
	varint = 0
	length = 2
)

// wire reads fields one after another. After anything that it cannot read, bad is set
// and everything that follows is empty.
type wire struct {
	text string
	at   int
	end  int
	bad  bool
}

func (w *wire) more() bool { return w.at < w.end && !w.bad }

// tag reads the next field's number and wire type, in the shortest form only.
func (w *wire) tag() (number, kind int) {
	v := w.number(math.MaxInt32)
	return int(v >> 3), int(v & 7)
}

// number reads a varint of at most most.
func (w *wire) number(most uint64) uint64 {
	var v uint64
	for shift := 0; shift < 64 && w.at < w.end; shift += 7 {
		b := w.text[w.at]
		w.at++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if v > most || shift == 63 && b > 1 || b == 0 && shift > 0 {
				break
			}
			return v
		}
	}
	w.bad = true
	return 0
}

func (w *wire) flag() bool { return w.number(1) == 1 }

// part enters the next length-delimited field; leave ends it.
func (w *wire) part() (end int) {
	n := w.number(math.MaxInt32)
	if int(n) > w.end-w.at {
		w.bad = true
	}
	if w.bad {
		return w.end
	}
	end, w.end = w.end, w.at+int(n)
	return end
}

func (w *wire) leave(end int) { w.end = end }

// span is the next length-delimited field by its place.
func (w *wire) span() (from, to int) {
	n := w.number(math.MaxInt32)
	if int(n) > w.end-w.at {
		w.bad = true
	}
	if w.bad {
		return w.at, w.at
	}
	from = w.at
	w.at += int(n)
	return from, w.at
}

// string reads a text that shares the message's memory.
func (w *wire) string() string {
	from, to := w.span()
	s := w.text[from:to]
	if !utf8.ValidString(s) {
		w.bad = true
	}
	return s
}

// word reads a text of its own; the one before is used again when it is the same.
func (w *wire) word(before *string) string {
	if s := w.string(); s != *before {
		*before = strings.Clone(s)
	}
	return *before
}

// count counts the fields of a number in what is left, and stays where it is.
func (w wire) count(number int) (n int) {
	for w.more() {
		field, kind := w.tag()
		if field == number {
			n++
		}
		switch kind {
		case varint:
			w.number(math.MaxUint64)
		case length:
			w.span()
		default:
			return n
		}
	}
	return n
}

// pair reads an entry of a map into m, which it makes; an unusual one is not read.
func (w *wire) pair(m *map[string]string) {
	end := w.part()
	if n, kind := w.tag(); n != 1 || kind != length {
		w.bad = true
	}
	key := strings.Clone(w.string())
	if n, kind := w.tag(); n != 2 || kind != length {
		w.bad = true
	}
	value := strings.Clone(w.string())
	if w.at != w.end {
		w.bad = true
	}
	w.leave(end)
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[key] = value
}

// block hands out parts of one piece of memory.
type block[T any] struct{ free []T }

// take gives n of them; when there are too few it makes as many as are expected.
func (b *block[T]) take(n, expected int) []T {
	if len(b.free) < n {
		b.free = make([]T, max(n, expected))
	}
	out := b.free[:n:n]
	b.free = b.free[n:]
	return out
}
