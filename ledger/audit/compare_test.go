package audit_test

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// rowsOf makes the rows that a database would show of a world at the given numbers (the
// heads when nil), from the records and without the auditor's code.
func rowsOf(w *audittest.World, until map[int]uint64) []store.AuditRow {
	var shards, legs, holds []store.AuditRow
	for _, n := range w.Shards() {
		state := store.ShardState{Shard: n}
		current := map[string]*store.AuditHold{}
		for _, s := range w.Records(n) {
			r := s.Record
			if last, ok := until[n]; ok && r.GetSeq() > last {
				break
			}
			state.Head.Seq, state.Head.Hash, state.ClockUS = r.GetSeq(), s.Hash, r.GetClockUs()
			for i := range r.GetLegs() {
				legs = append(legs, store.AuditRow{Leg: legRow(n, r, i)})
			}
			for _, h := range r.GetHolds() {
				row := &store.AuditHold{Shard: n, HoldRow: store.HoldRow{
					Book: r.GetBook(), Account: book.ID(r.GetBook(), h.GetAccount()), Hold: proto.CloneOf(h),
				}}
				current[fmt.Sprint(h.GetPlacedSeq(), h.GetAccount())] = row
			}
		}
		shards = append(shards, store.AuditRow{Shard: &state})
		for _, row := range current {
			holds = append(holds, store.AuditRow{Hold: row})
		}
	}
	slices.SortFunc(legs, func(a, b store.AuditRow) int {
		x, y := a.Leg, b.Leg
		return cmp.Or(cmp.Compare(x.Shard, y.Shard), bytes.Compare(x.Key.Account[:], y.Key.Account[:]),
			strings.Compare(x.Key.Asset, y.Key.Asset), cmp.Compare(x.Seq, y.Seq), cmp.Compare(x.Leg, y.Leg))
	})
	slices.SortFunc(holds, func(a, b store.AuditRow) int {
		return cmp.Or(cmp.Compare(a.Hold.Shard, b.Hold.Shard), cmp.Compare(a.Hold.Hold.GetPlacedSeq(), b.Hold.Hold.GetPlacedSeq()))
	})
	return slices.Concat(shards, legs, holds)
}

func legRow(n int, r *journalv1.Record, i int) *store.LegRow {
	l := r.GetLegs()[i]
	asset, _ := money.LookupAsset(l.GetAsset())
	amount := func(text string) money.Amount {
		if text == "" {
			text = "0"
		}
		a, err := asset.Parse(text)
		if err != nil {
			panic(err)
		}
		return a
	}
	day := audittest.Day(r.GetClockUs())
	if l.GetKind() <= journalv1.LegKind_LEG_KIND_CREDIT {
		day = r.GetEntry().GetDay()
	}
	return &store.LegRow{
		Shard: n, Key: store.StripeKey{Account: book.ID(r.GetBook(), l.GetAccount()), Asset: l.GetAsset()},
		Seq: r.GetSeq(), Leg: i, Kind: l.GetKind(), Amount: amount(l.GetAmount()), Version: l.GetVersion(),
		ClockUS: r.GetClockUs(), Day: day, Debit: amount(l.GetDebit()), Credit: amount(l.GetCredit()),
		HeldDebit: amount(l.GetHeldDebit()), HeldCredit: amount(l.GetHeldCredit()),
	}
}

func stream(rows []store.AuditRow) audit.Rows {
	return func(each func(store.AuditRow) error) error {
		for _, r := range rows {
			if err := each(r); err != nil {
				return err
			}
		}
		return nil
	}
}

func snapshotOf(t testing.TB, w *audittest.World) *audit.Snapshot {
	t.Helper()
	s, err := audit.ReadSnapshot(stream(rowsOf(w, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// compare audits all events of w and compares the rows.
func compare(w *audittest.World, rows []store.AuditRow) error {
	snapshot, err := audit.ReadSnapshot(stream(rows))
	if err != nil {
		return err
	}
	a := audit.New(audit.Options{Zone: audittest.Zone, Snapshot: snapshot})
	for _, n := range w.Shards() {
		for _, e := range w.Events(n) {
			if err := a.Add(n, e); err != nil {
				return err
			}
		}
	}
	return a.Compare(stream(rows), func(n int, each func(audit.Event) error) error {
		for _, e := range w.Events(n) {
			if err := each(e); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestARightSnapshotCompares(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		w := audittest.Random(seed, 3, 200)
		for _, until := range []map[int]uint64{nil, {0: 20, 1: 31, 2: 1}, {0: 0, 1: 40}} {
			if err := compare(w, rowsOf(w, until)); err != nil {
				t.Fatalf("seed %d until %v: %v", seed, until, err)
			}
		}
	}
}

// TestEveryChangedRowIsNamed changes every column of every row, and takes every row away.
func TestEveryChangedRowIsNamed(t *testing.T) {
	t.Parallel()
	w := audittest.Small()
	cent := money.New(1, 2)
	legChanges := map[string]func(*store.LegRow){
		"kind":              func(l *store.LegRow) { l.Kind = 3 - l.Kind },
		"amount":            func(l *store.LegRow) { l.Amount = l.Amount.Add(cent) },
		"version":           func(l *store.LegRow) { l.Version++ },
		"clock":             func(l *store.LegRow) { l.ClockUS++ },
		"day":               func(l *store.LegRow) { l.Day = "2026-01-01" },
		"debit after":       func(l *store.LegRow) { l.Debit = l.Debit.Add(cent) },
		"credit after":      func(l *store.LegRow) { l.Credit = l.Credit.Sub(cent) },
		"held debit after":  func(l *store.LegRow) { l.HeldDebit = l.HeldDebit.Add(cent) },
		"held credit after": func(l *store.LegRow) { l.HeldCredit = l.HeldCredit.Add(money.New(1, 3)) },
	}
	holdChanges := map[string]func(*store.AuditHold){
		"state":     func(h *store.AuditHold) { h.Hold.State = h.Hold.State%4 + 1 },
		"amount":    func(h *store.AuditHold) { h.Hold.Amount = "0.01" },
		"remaining": func(h *store.AuditHold) { h.Hold.Left = "0.01" },
		"expires":   func(h *store.AuditHold) { h.Hold.ExpiresUs++ },
		"book":      func(h *store.AuditHold) { h.Book = "other" },
		"account":   func(h *store.AuditHold) { h.Hold.Account = "wallet:x" },
	}
	for i, row := range rowsOf(w, nil) {
		switch {
		case row.Leg != nil:
			where := fmt.Sprintf("database, leg %d.%d/%d", row.Leg.Shard, row.Leg.Seq, row.Leg.Leg)
			for field, change := range legChanges {
				rows := rowsOf(w, nil)
				change(rows[i].Leg)
				expectNamed(t, compare(w, rows), where+": "+field+" on ")
			}
			expectNamed(t, compare(w, slices.Delete(rowsOf(w, nil), i, i+1)), where+": the leg on ")
		case row.Hold != nil:
			where := fmt.Sprintf("database, hold %d.%d", row.Hold.Shard, row.Hold.Hold.GetPlacedSeq())
			for field, change := range holdChanges {
				rows := rowsOf(w, nil)
				change(rows[i].Hold)
				expectNamed(t, compare(w, rows), where+": "+field+" on ")
			}
			expectNamed(t, compare(w, slices.Delete(rowsOf(w, nil), i, i+1)), where+": the hold: ")
		}
	}
}

func expectNamed(t *testing.T, err error, prefix string) {
	t.Helper()
	if !isDifference(err) || !strings.HasPrefix(err.Error(), prefix) {
		t.Errorf("expected %s…, got %v", prefix, err)
	}
}

func TestExtraRowsAndForeignHeadsAreNamed(t *testing.T) {
	t.Parallel()
	w := audittest.Small()
	extraLeg := func(change func(*store.LegRow)) []store.AuditRow {
		rows := rowsOf(w, nil)
		at := slices.IndexFunc(rows, func(r store.AuditRow) bool { return r.Leg != nil })
		more := *rows[at].Leg
		change(&more)
		return slices.Insert(rows, at, store.AuditRow{Leg: &more})
	}
	first := rowsOf(w, nil)[2].Leg
	expectNamed(t, compare(w, extraLeg(func(l *store.LegRow) { l.Leg = -1 })), fmt.Sprintf("database, leg %d.%d/-1: the leg on ", first.Shard, first.Seq))
	expectNamed(t, compare(w, extraLeg(func(l *store.LegRow) { l.Key.Account = book.AccountID{} })), "database, leg 0.")
	expectNamed(t, compare(w, extraLeg(func(l *store.LegRow) { l.Seq = 1000 })), "database, leg 0.1000/")
	expectNamed(t, compare(w, extraLeg(func(l *store.LegRow) { l.Shard = 9 })), "database, leg 9.")

	rows := rowsOf(w, nil)
	hold := *rows[len(rows)-1].Hold
	hold.Hold = proto.CloneOf(hold.Hold)
	hold.Hold.PlacedSeq++
	expectNamed(t, compare(w, append(rows, store.AuditRow{Hold: &hold})), fmt.Sprintf("database, hold 1.%d: the hold: ", hold.Hold.GetPlacedSeq()))

	for what, change := range map[string]func(*store.ShardState){
		"the head at record ": func(s *store.ShardState) { s.Head.Hash[3]++ },
		"the last record":     func(s *store.ShardState) { s.Head.Seq++ },
		"the clock":           func(s *store.ShardState) { s.ClockUS-- },
	} {
		rows := rowsOf(w, nil)
		change(rows[1].Shard)
		expectNamed(t, compare(w, rows), "database, shard 1: "+what)
	}
	expectNamed(t, compare(w, rowsOf(w, nil)[:1]), "database, ") // only shard 0's row, without legs
}
