package audit

import (
	"fmt"
	"maps"
	"slices"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Replay hands over a shard's events again, from the first.
type Replay func(shard int, each func(Event) error) error

// Compare compares every leg and every hold of the snapshot with the state that the
// events gave at the snapshot's numbers; New must have had the snapshot, and each shard
// must have been added at least that far. A stripe that differs is read once more on
// both sides, so that the answer names the first row that differs.
func (a *Auditor) Compare(rows Rows, replay Replay) error {
	if err := a.compareHeads(); err != nil {
		return err
	}
	want := a.expectedStripes()
	for i, j := 0, 0; i < len(want) || j < len(a.snapshot.stripes); {
		switch c := compareAt(want, a.snapshot.stripes, i, j); {
		case c < 0:
			return a.locate(want[i].stripeAt, rows, replay)
		case c > 0:
			return a.locate(a.snapshot.stripes[j].stripeAt, rows, replay)
		case want[i].legs != a.snapshot.stripes[j].legs || want[i].digest != a.snapshot.stripes[j].digest:
			return a.locate(want[i].stripeAt, rows, replay)
		}
		i, j = i+1, j+1
	}
	return a.compareHolds(rows)
}

func compareAt(want, found []storedStripe, i, j int) int {
	switch {
	case i == len(want):
		return 1
	case j == len(found):
		return -1
	}
	return want[i].compare(found[j].stripeAt)
}

// compareHeads compares every shard's position, hash and clock.
func (a *Auditor) compareHeads() error {
	for _, state := range a.snapshot.Shards() {
		where := fmt.Sprintf("database, shard %d", state.Shard)
		at, clockUS := journal.Head{}, int64(0)
		if s := a.shards[state.Shard]; s != nil {
			at, clockUS = s.atUntil, s.clockAt
		}
		switch {
		case at.Seq != state.Head.Seq:
			return &Difference{Where: where, What: "the last record", Expected: fmt.Sprintf("at most %d, the end of the events", a.Head(state.Shard).Seq), Found: uintText(state.Head.Seq)}
		case at.Hash != state.Head.Hash:
			return &Difference{Where: where, What: "the head at record " + uintText(at.Seq), Expected: at.Hash.String(), Found: state.Head.Hash.String()}
		case state.ClockUS < clockUS:
			return &Difference{Where: where, What: "the clock", Expected: "not before " + clockText(clockUS), Found: clockText(state.ClockUS)}
		}
	}
	for _, number := range slices.Sorted(maps.Keys(a.shards)) {
		if _, ok := a.snapshot.shards[number]; !ok && a.shards[number].head.Seq > 0 {
			return &Difference{Where: fmt.Sprintf("database, shard %d", number), What: "the shard", Expected: "a row, there are events of it", Found: "none"}
		}
	}
	return nil
}

// expectedStripes are the stripes at the snapshot's numbers, in the order of the table.
func (a *Auditor) expectedStripes() []storedStripe {
	var out []storedStripe
	for number, s := range a.shards {
		for st := range s.stripes.all() {
			if st.legs > 0 {
				out = append(out, storedStripe{stripeAt{number, st.id, st.key.asset}, st.legs, st.digest})
			}
		}
	}
	slices.SortFunc(out, func(x, y storedStripe) int { return x.compare(y.stripeAt) })
	return out
}

// compareHolds compares hold by hold, in the order of the table.
func (a *Auditor) compareHolds(rows Rows) error {
	want := a.expectedHolds()
	found := a.snapshot.holds
	for i, j := 0, 0; i < len(want) || j < len(found); {
		switch {
		case j == len(found) || i < len(want) && want[i].compare(found[j].holdAt) < 0:
			return &Difference{Where: holdWhere(want[i].holdAt), What: "the hold", Expected: holdText(want[i].row), Found: "no row"}
		case i == len(want) || want[i].compare(found[j].holdAt) > 0:
			return &Difference{Where: holdWhere(found[j].holdAt), What: "the hold", Expected: "no row", Found: holdText(findHold(rows, found[j]))}
		case want[i].digest != found[j].digest:
			return holdDifference(want[i], findHold(rows, found[j]))
		}
		i, j = i+1, j+1
	}
	return nil
}

// expectedHolds are the holds as they stood at the snapshot's numbers.
func (a *Auditor) expectedHolds() []storedHold {
	var out []storedHold
	for number, s := range a.shards {
		until := a.until(number)
		for key, now := range s.holds {
			if key.seq > until {
				continue
			}
			h := *now
			if then, ok := s.frozen[key]; ok {
				h = then
			}
			row := h.row(number, key)
			out = append(out, storedHold{holdAt{number, key.seq, h.st.id, key.asset}, holdDigest(row), row})
		}
	}
	slices.SortFunc(out, func(x, y storedHold) int { return x.compare(y.holdAt) })
	return out
}

// row is what the database must hold of a hold.
func (h *hold) row(shard int, key holdKey) *store.AuditHold {
	asset := h.st.asset
	return &store.AuditHold{Shard: shard, HoldRow: store.HoldRow{
		Book: h.st.key.book, Account: h.st.id,
		Hold: &journalv1.Hold{
			PlacedSeq: key.seq, Account: key.account, Asset: key.asset, State: journalv1.HoldState(h.state),
			Amount: asset.Format(h.amount), Left: asset.Format(h.left), ExpiresUs: h.expiresUS, Late: lateText(asset, h.late),
		},
	}}
}

func holdText(h *store.AuditHold) string {
	if h == nil {
		return "a row that is gone again"
	}
	return fmt.Sprintf("%s of %s %s on %s, %s left", h.Hold.GetState(), h.Hold.GetAmount(), h.Hold.GetAsset(), h.Hold.GetAccount(), h.Hold.GetLeft())
}

// findHold gives the row of a hold, read again when only its digest was kept; nil when
// it is gone or the stream fails.
func findHold(rows Rows, stored storedHold) *store.AuditHold {
	if stored.row != nil {
		return stored.row
	}
	var found *store.AuditHold
	err := rows(func(r store.AuditRow) error {
		if h := r.Hold; h != nil && (holdAt{h.Shard, h.Hold.GetPlacedSeq(), h.Account, h.Hold.GetAsset()}) == stored.holdAt {
			kept := *h
			found = &kept
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return found
}

func holdDifference(want storedHold, found *store.AuditHold) error {
	d := &Difference{Where: holdWhere(want.holdAt), What: "the hold", Expected: holdText(want.row), Found: holdText(found)}
	if found == nil {
		return d
	}
	w, f := want.row, found
	for _, field := range [...]struct{ name, want, found string }{
		{"book", w.Book, f.Book}, {"account", w.Hold.GetAccount(), f.Hold.GetAccount()},
		{"state", w.Hold.GetState().String(), f.Hold.GetState().String()},
		{"amount", w.Hold.GetAmount(), f.Hold.GetAmount()}, {"remaining", w.Hold.GetLeft(), f.Hold.GetLeft()},
		{"late", w.Hold.GetLate(), f.Hold.GetLate()},
		{"expires", intText(w.Hold.GetExpiresUs()), intText(f.Hold.GetExpiresUs())},
	} {
		if field.want != field.found {
			d.What, d.Expected, d.Found = field.name+" on "+w.Hold.GetAccount(), field.want, field.found
			return d
		}
	}
	return d
}
