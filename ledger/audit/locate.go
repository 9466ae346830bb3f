package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// errEnough ends a stream that has told what was asked.
var errEnough = errors.New("enough")

// locate names the first row in which a stripe of the database differs from the events.
// Eight bytes are kept of each expected row of that one stripe; then the database is
// read, and of the events the one row that differs.
func (a *Auditor) locate(at stripeAt, rows Rows, replay Replay) error {
	name := a.stripeName(at)
	var want []uint64
	err := a.expectedRows(at, replay, func(_ int, w *row) error {
		want = append(want, w.short())
		return nil
	})
	if err != nil {
		return err
	}
	index, found, err := firstDifferent(at, a.until(at.shard), rows, want)
	if err != nil {
		return err
	}
	if found == nil && index == len(want) {
		return &Difference{Where: fmt.Sprintf("database, shard %d", at.shard), What: "the legs of " + name,
			Expected: "the same rows when they are read again", Found: "other rows: somebody is changing them"}
	}
	if index == len(want) {
		return &Difference{Where: legWhere(at.shard, found.seq, found.leg), What: "the leg on " + name, Expected: "no row", Found: found.text()}
	}
	var expected row
	err = a.expectedRows(at, replay, func(i int, w *row) error {
		if i == index {
			expected = *w
			return errEnough
		}
		return nil
	})
	if err != nil {
		return err
	}
	return rowDifference(at, name, &expected, found)
}

func rowDifference(at stripeAt, name string, expected, found *row) error {
	where := legWhere(at.shard, expected.seq, expected.leg)
	if found == nil {
		return &Difference{Where: where, What: "the leg on " + name, Expected: expected.text(), Found: "no row"}
	}
	before := found.seq < expected.seq || found.seq == expected.seq && found.leg < expected.leg
	switch {
	case before:
		return &Difference{Where: legWhere(at.shard, found.seq, found.leg), What: "the leg on " + name, Expected: "no row", Found: found.text()}
	case found.seq != expected.seq || found.leg != expected.leg:
		return &Difference{Where: where, What: "the leg on " + name, Expected: expected.text(), Found: "no row"}
	}
	field, want, was := expected.differs(found)
	return &Difference{Where: where, What: field + " on " + name, Expected: want, Found: was}
}

// expectedRows hands over the rows that the events make of a stripe.
func (a *Auditor) expectedRows(at stripeAt, replay Replay, each func(int, *row) error) error {
	n, until := 0, a.until(at.shard)
	r := new(journalv1.Record)
	ids := map[[2]string]book.AccountID{}
	err := replay(at.shard, func(e Event) error {
		if err := proto.Unmarshal(e.Value, r); err != nil {
			return err
		}
		if r.GetSeq() > until {
			return errEnough
		}
		for i, l := range r.GetLegs() {
			key := [2]string{r.GetBook(), l.GetAccount()}
			id, ok := ids[key]
			if !ok {
				id = book.ID(r.GetBook(), l.GetAccount())
				ids[key] = id
			}
			if id != at.account || l.GetAsset() != at.asset {
				continue
			}
			w := a.row(r, i, l)
			if err := each(n, &w); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// firstDifferent reads the stripe's rows and answers the place of the first that is not
// the expected one; found is nil when the rows end there.
func firstDifferent(at stripeAt, until uint64, rows Rows, want []uint64) (index int, found *row, err error) {
	err = rows(func(r store.AuditRow) error {
		l := r.Leg
		if l == nil && r.Hold == nil {
			return nil
		}
		if l == nil || at.compare(stripeAt{l.Shard, l.Key.Account, l.Key.Asset}) < 0 {
			return errEnough
		}
		if (stripeAt{l.Shard, l.Key.Account, l.Key.Asset}) != at || l.Seq > until {
			return nil
		}
		w := storedRow(l)
		if index == len(want) || w.short() != want[index] {
			found = &w
			return errEnough
		}
		index++
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return index, found, err
}

// short is a digest of one row.
func (w *row) short() uint64 {
	sum := w.chain([sha256.Size]byte{})
	return binary.BigEndian.Uint64(sum[:8])
}

func (w *row) text() string {
	return fmt.Sprintf("%s %s, version %d", legWord(w.kind), w.amount, w.version)
}

func legWord(k journalv1.LegKind) string {
	switch k {
	case journalv1.LegKind_LEG_KIND_DEBIT:
		return "debit"
	case journalv1.LegKind_LEG_KIND_CREDIT:
		return "credit"
	case journalv1.LegKind_LEG_KIND_HOLD_DEBIT:
		return "hold on debits of"
	case journalv1.LegKind_LEG_KIND_HOLD_CREDIT:
		return "hold on credits of"
	case journalv1.LegKind_LEG_KIND_UNSPECIFIED:
	}
	return "kind " + strconv.Itoa(int(k)) + " of"
}

// stripeName is the account's name when the events know it, else its id.
func (a *Auditor) stripeName(at stripeAt) string {
	if s := a.shards[at.shard]; s != nil {
		for st := range s.stripes.all() {
			if st.id == at.account && st.key.asset == at.asset {
				return st.name()
			}
		}
	}
	return "account " + at.account.String() + " " + at.asset
}
