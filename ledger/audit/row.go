package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
	_ "time/tzdata" // the books' zone must not depend on the machine's files

	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// row is a leg as a table of the database holds it, in words of the journal.
type row struct {
	seq     uint64
	leg     int
	kind    journalv1.LegKind
	version uint64
	clockUS int64
	day     string
	amount  string
	sums    [4]string // debit, credit, held debit, held credit after
}

// row is what the database must hold of a leg.
func (a *Auditor) row(r *journalv1.Record, i int, l *journalv1.Leg) row {
	w := row{
		seq: r.GetSeq(), leg: i, kind: l.GetKind(), version: l.GetVersion(), clockUS: r.GetClockUs(),
		day: r.GetEntry().GetDay(), amount: l.GetAmount(),
		sums: [4]string{l.GetDebit(), l.GetCredit(), l.GetHeldDebit(), l.GetHeldCredit()},
	}
	posting := w.kind == journalv1.LegKind_LEG_KIND_DEBIT || w.kind == journalv1.LegKind_LEG_KIND_CREDIT
	if w.day == "" || !posting {
		w.day = a.calendar.day(w.clockUS)
	}
	if w.sums[2] == "" || w.sums[3] == "" {
		asset, _ := money.LookupAsset(l.GetAsset())
		zero := asset.Format(money.Zero)
		for k := 2; k < 4; k++ {
			if w.sums[k] == "" {
				w.sums[k] = zero
			}
		}
	}
	return w
}

// storedRow is a leg of a snapshot. Its amounts have the scale of the asset unless
// somebody gave them another one.
func storedRow(l *store.LegRow) row {
	return row{
		seq: l.Seq, leg: l.Leg, kind: l.Kind, version: l.Version, clockUS: l.ClockUS, day: l.Day,
		amount: l.Amount.String(),
		sums:   [4]string{l.Debit.String(), l.Credit.String(), l.HeldDebit.String(), l.HeldCredit.String()},
	}
}

// chain adds the row to a stripe's digest.
func (w *row) chain(digest [sha256.Size]byte) [sha256.Size]byte {
	var buf [384]byte
	b := append(buf[:0], digest[:]...)
	b = binary.AppendUvarint(b, w.seq)
	b = binary.AppendUvarint(b, uint64(w.leg))
	b = binary.AppendUvarint(b, uint64(w.kind))
	b = binary.AppendUvarint(b, w.version)
	b = binary.AppendVarint(b, w.clockUS)
	for _, text := range [...]string{w.day, w.amount, w.sums[0], w.sums[1], w.sums[2], w.sums[3]} {
		b = append(append(b, text...), 0)
	}
	return sha256.Sum256(b)
}

// differs names the first field in which found is not the row; "" when there is none.
func (w *row) differs(found *row) (field, expected, was string) {
	for _, f := range [...]struct {
		name        string
		want, found any
	}{
		{"record", w.seq, found.seq}, {"leg", w.leg, found.leg}, {"kind", w.kind, found.kind},
		{"amount", w.amount, found.amount}, {"version", w.version, found.version},
		{"clock", clockText(w.clockUS), clockText(found.clockUS)}, {"day", w.day, found.day},
		{"debit after", w.sums[0], found.sums[0]}, {"credit after", w.sums[1], found.sums[1]},
		{"held debit after", w.sums[2], found.sums[2]}, {"held credit after", w.sums[3], found.sums[3]},
	} {
		if f.want != f.found {
			return f.name, fmt.Sprint(f.want), fmt.Sprint(f.found)
		}
	}
	return "", "", ""
}

// calendar tells on which day of a zone a clock falls.
type calendar struct {
	zone           *time.Location
	startUS, endUS int64
	text           string
}

func (c *calendar) day(clockUS int64) string {
	if c.text == "" || clockUS < c.startUS || clockUS >= c.endUS {
		y, m, d := time.UnixMicro(clockUS).In(c.zone).Date()
		start := time.Date(y, m, d, 0, 0, 0, 0, c.zone)
		c.startUS, c.endUS = start.UnixMicro(), time.Date(y, m, d+1, 0, 0, 0, 0, c.zone).UnixMicro()
		c.text = start.Format(time.DateOnly)
	}
	return c.text
}

func moscow() *time.Location {
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		panic("audit: " + err.Error()) // the zones are compiled in
	}
	return zone
}
