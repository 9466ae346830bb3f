package lean

import (
	"math"

	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Records reads records of the journal that post an entry or open accounts. It uses the
// memory of a record for the next one.
type Records struct {
	record   journalv1.Record
	entry    journalv1.Entry
	legs     messages[journalv1.Leg, *journalv1.Leg]
	accounts messages[journalv1.Account, *journalv1.Account]

	book, actor, kind, day, asset string
}

// messages are those of a repeated field, kept for the next record.
type messages[T any, P interface {
	*T
	Reset()
}] struct {
	all  []P
	used int
}

func (m *messages[T, P]) next() P {
	if m.used == len(m.all) {
		m.all = append(m.all, P(new(T)))
	}
	p := m.all[m.used]
	p.Reset()
	m.used++
	return p
}

// list is the field: nil when nothing came.
func (m *messages[T, P]) list() []P {
	if m.used == 0 {
		return nil
	}
	return m.all[:m.used:m.used]
}

// Read reads a record that is written as the library writes it: every field once, in
// order, none that is empty and none that is unknown, so that written again it would have
// the same size. The answer is good until the next Read; its texts, but for the key's and
// the accounts' and the sums', are texts of their own. The request's hash stays in raw.
func (r *Records) Read(raw []byte) (*journalv1.Record, bool) {
	w := &wire{text: string(raw), end: len(raw)}
	m := &r.record
	m.Reset()
	r.legs.used, r.accounts.used = 0, 0
	for last := 0; w.more(); {
		number, kind := w.tag()
		if number < last || number == last && number != 14 && number != 16 {
			return nil, false
		}
		last = number
		switch {
		case number <= 6 && kind == varint:
			w.head(m, number)
		case number == 7 && kind == length:
			m.Command = w.full()
		case number == 8 && kind == length:
			m.Book = w.fullWord(&r.book)
		case number == 9 && kind == length:
			m.Key = w.full()
		case number == 10 && kind == length:
			from, to := w.span()
			m.RequestHash = raw[from:to:to]
			w.bad = w.bad || from == to
		case number == 11 && kind == length:
			m.Actor = w.fullWord(&r.actor)
		case number == 13 && kind == length:
			end := w.part()
			m.Entry = r.readEntry(w)
			w.leave(end)
		case number == 14 && kind == length:
			end := w.part()
			r.leg(w, r.legs.next())
			w.leave(end)
		case number == 16 && kind == length:
			end := w.part()
			r.account(w, r.accounts.next())
			w.leave(end)
		default:
			return nil, false
		}
	}
	m.Legs, m.Accounts = r.legs.list(), r.accounts.list()
	return m, !w.bad
}

// head reads one of the numbers that a record begins with.
func (w *wire) head(m *journalv1.Record, number int) {
	switch number {
	case 1:
		m.Shard = uint32(w.positive(math.MaxUint32))
	case 2:
		m.Seq = w.positive(math.MaxUint64)
	case 3:
		m.ClockUs = int64(w.positive(math.MaxInt64))
	case 4:
		m.Offset = int64(w.positive(math.MaxInt64))
	case 5:
		m.Operation = uint32(w.positive(math.MaxUint32))
	case 6:
		m.Last = w.positive(1) == 1
	default:
		w.bad = true
	}
}

func (r *Records) readEntry(w *wire) *journalv1.Entry {
	m := &r.entry
	m.Reset()
	pairs := 0
	for last := 0; w.more(); {
		number, kind := w.tag()
		if number < last || number == last && number <= 2 || kind != length {
			w.bad = true
			break
		}
		last = number
		switch number {
		case 1:
			m.Kind = w.fullWord(&r.kind)
		case 2:
			m.Day = w.fullWord(&r.day)
		case 3:
			pairs++
			w.pair(&m.Metadata)
		case 4:
			pairs++
			w.pair(&m.Links)
		default:
			w.bad = true
		}
	}
	if pairs != len(m.Metadata)+len(m.Links) {
		w.bad = true // a name twice
	}
	return m
}

func (r *Records) leg(w *wire, m *journalv1.Leg) {
	for last := 0; w.more(); {
		number, kind := w.tag()
		want := length
		if number == 3 || number == 5 {
			want = varint
		}
		if number <= last || kind != want {
			w.bad = true
			break
		}
		last = number
		switch number {
		case 1:
			m.Account = w.full()
		case 2:
			m.Asset = w.fullWord(&r.asset)
		case 3:
			m.Kind = journalv1.LegKind(w.positive(math.MaxInt32))
		case 4:
			m.Amount = w.full()
		case 5:
			m.Version = w.positive(math.MaxUint64)
		case 6:
			m.Debit = w.full()
		case 7:
			m.Credit = w.full()
		case 8:
			m.HeldDebit = w.full()
		case 9:
			m.HeldCredit = w.full()
		default:
			w.bad = true
		}
	}
}

func (r *Records) account(w *wire, m *journalv1.Account) {
	for last := 0; w.more(); {
		number, kind := w.tag()
		if number <= last || kind != length {
			w.bad = true
			break
		}
		last = number
		switch number {
		case 1:
			m.Name = w.full()
		case 2:
			m.Asset = w.fullWord(&r.asset)
		default:
			w.bad = true
		}
	}
}

// positive is a number that is not 0, which would not have been written.
func (w *wire) positive(most uint64) uint64 {
	n := w.number(most)
	w.bad = w.bad || n == 0
	return n
}

// full is a text that is not empty, which would not have been written.
func (w *wire) full() string {
	s := w.string()
	w.bad = w.bad || s == ""
	return s
}

func (w *wire) fullWord(before *string) string {
	s := w.word(before)
	w.bad = w.bad || s == ""
	return s
}
