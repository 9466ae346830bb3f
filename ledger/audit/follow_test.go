package audit_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// database is what a follower reads of one.
type database struct {
	w    *audittest.World
	legs []*store.LegRow
}

func databaseOf(w *audittest.World) *database {
	d := &database{w: w}
	for _, r := range rowsOf(w, nil) {
		if r.Leg != nil {
			d.legs = append(d.legs, r.Leg)
		}
	}
	return d
}

func (d *database) past(shard int) audit.Past {
	return func(key store.StripeKey, seq uint64) (store.StripeRow, error) {
		row := store.StripeRow{Key: key}
		for _, l := range d.legs {
			if l.Shard == shard && l.Key == key && l.Seq < seq && l.Version > row.Version {
				row = store.StripeRow{Key: key, Version: l.Version, Debit: l.Debit, Credit: l.Credit, HeldDebit: l.HeldDebit, HeldCredit: l.HeldCredit}
			}
		}
		return row, nil
	}
}

func (d *database) journal(shard int) audit.Journal {
	return func(seq uint64) ([]byte, error) {
		if records := d.w.Records(shard); seq <= uint64(len(records)) {
			return records[seq-1].Raw, nil
		}
		return nil, nil
	}
}

func (d *database) read(shard int, at []store.LegsAt) [][]store.LegRow {
	out := make([][]store.LegRow, len(at))
	for i, a := range at {
		for _, l := range d.legs {
			if l.Shard == shard && l.Key == a.Key && l.Seq == a.Seq {
				out[i] = append(out[i], *l)
			}
		}
	}
	return out
}

// follow audits events with room for so many stripes, beginning anew now and then, and
// answers what was found.
func follow(t *testing.T, d *database, shard, most, every int, events []audit.Event) (all []audit.Found) {
	t.Helper()
	at := store.Audited{CommandOffset: -1}
	begin := func() *audit.Follower {
		return audit.NewFollower(shard, at, most, audit.Options{Zone: audittest.Zone}, d.past(shard), d.journal(shard))
	}
	f := begin()
	for i, e := range events {
		found, err := f.Add(e)
		if err != nil {
			t.Fatal(err)
		}
		if found != nil {
			all = append(all, *found)
		}
		if i%7 == 6 || i == len(events)-1 {
			all = append(all, f.Compare(d.read(shard, f.Expected()))...)
			if kept := f.Kept(); kept > 2*most+len(all) { // an accused stripe is kept
				t.Fatalf("%d stripes and holds are in memory, room is for %d of each", kept, most)
			}
			at = f.Audited()
		}
		if every > 0 && i%(7*every) == 7*every-1 {
			f = begin()
		}
	}
	return all
}

// TestHonestBooksAreNotAccused, however little is remembered and however often it begins anew.
func TestHonestBooksAreNotAccused(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		w := audittest.Random(seed, 2, 200)
		d := databaseOf(w)
		for _, n := range w.Shards() {
			for _, most := range []int{1, 3, 1000} {
				for _, every := range []int{0, 1, 5} {
					if found := follow(t, d, n, most, every, w.Events(n)); len(found) > 0 {
						t.Fatalf("seed %d, shard %d, room for %d, anew every %d: %v", seed, n, most, every, found[0].Error())
					}
				}
			}
		}
	}
}

// TestScheduledEntriesAreFollowed: what they hold, give back and post accuses nobody,
// whether or not it was seen when they were scheduled; what is not theirs is found.
func TestScheduledEntriesAreFollowed(t *testing.T) {
	t.Parallel()
	w := audittest.New()
	later := func(day, sum string) uint64 {
		w.Do(0, audittest.Post("rent", day, audittest.Leg('D', "wallet:a", "RUB", sum), audittest.Leg('C', "suspense:x", "RUB", sum)))
		return w.Seq(0)
	}
	w.Do(0, audittest.Open("wallet:a"), audittest.Post("topup", "", audittest.Leg('D', "bank:main", "RUB", "100.00"), audittest.Leg('C', "wallet:a", "RUB", "100.00")))
	posted, given, failed := later("2026-03-05", "10.00"), later("2026-03-06", "20.00"), later("2026-03-07", "30.00")
	w.Do(0, &commandv1.Operation{What: &commandv1.Operation_Cancel{Cancel: &commandv1.Cancel{ScheduledSeq: given}}})
	w.PostScheduled(0, posted)
	w.Change(0, &commandv1.ChangeAccount{Account: "wallet:a", What: commandv1.AccountChange_ACCOUNT_CHANGE_FREEZE, Debits: true, Reason: "суд"})
	w.PostScheduled(0, failed)
	d := databaseOf(w)
	for _, most := range []int{1, 1000} {
		for _, every := range []int{0, 1, 3} {
			if found := follow(t, d, 0, most, every, w.Events(0)); len(found) > 0 {
				t.Fatalf("room for %d, anew every %d: %v", most, every, found[0].Error())
			}
		}
	}
	var records []*journalv1.Record
	for _, s := range w.Records(0) {
		r := proto.CloneOf(s.Record)
		if r.GetSeq() == given {
			r.GetScheduled().GetLegs()[0].Amount, r.GetScheduled().GetLegs()[1].Amount = "19.00", "19.00"
		}
		records = append(records, r)
	}
	if found := follow(t, d, 0, 1000, 0, sealAll(t, records...)); len(found) == 0 {
		t.Error("a scheduled entry that holds more than it says was not found")
	}
}

// TestReversalsAreFollowed, whether or not the entry that they give back was seen.
func TestReversalsAreFollowed(t *testing.T) {
	t.Parallel()
	w := reversed()
	if found := follow(t, databaseOf(w), 0, 1, 0, w.Events(0)); len(found) > 0 {
		t.Fatal(found[0].Error())
	}
}

// TestAPlantedLegIsFoundAndNothingElse changes each leg of the database in turn.
func TestAPlantedLegIsFoundAndNothingElse(t *testing.T) {
	t.Parallel()
	w := audittest.Random(2, 1, 60)
	for i := range databaseOf(w).legs {
		for field, change := range map[string]func(*store.LegRow){
			"amount": func(l *store.LegRow) { l.Amount = l.Amount.Add(money.New(1, 2)) },
			"credit": func(l *store.LegRow) { l.Credit = l.Credit.Add(money.New(1, 2)) },
			"gone":   func(l *store.LegRow) { l.Shard = 99 },
		} {
			d := databaseOf(w)
			change(d.legs[i])
			found := follow(t, d, 0, 2, 0, w.Events(0))
			if len(found) != 1 || found[0].Seq != d.legs[i].Seq || !strings.HasPrefix(found[0].Where, "database, leg 0.") || len(found[0].Accounts) != 1 {
				t.Fatalf("%s of leg %d of record %d: %v", field, d.legs[i].Leg, d.legs[i].Seq, found)
			}
		}
	}
}

// TestAPlantedEventIsFoundAndNothingElse changes, drops, doubles and swaps events.
func TestAPlantedEventIsFoundAndNothingElse(t *testing.T) {
	t.Parallel()
	w := audittest.Random(7, 1, 60)
	d := databaseOf(w)
	for at := range len(w.Events(0)) - 1 {
		seq := uint64(at) + 1
		for what, plant := range map[string]func([]audit.Event) []audit.Event{
			"a changed byte": func(e []audit.Event) []audit.Event {
				e[at].Value = bytes.Clone(e[at].Value)
				e[at].Value[len(e[at].Value)/2] ^= 1
				return e
			},
			"garbage": func(e []audit.Event) []audit.Event { e[at].Value = []byte("garbage"); return e },
			"a changed header": func(e []audit.Event) []audit.Event {
				e[at].Headers = slices.Clone(e[at].Headers)
				e[at].Headers[0].Value = []byte("2.0")
				return e
			},
			"dropped": func(e []audit.Event) []audit.Event { return slices.Delete(e, at, at+1) },
			"doubled": func(e []audit.Event) []audit.Event { return slices.Insert(e, at, e[at]) },
		} {
			found := follow(t, d, 0, 2, 0, plant(w.Events(0)))
			if want := seq; len(found) != 1 || found[0].Seq != want && !(what == "doubled" && found[0].Seq == want+1) {
				t.Fatalf("%s at %d: %v", what, seq, found)
			}
		}
	}
}

// TestAWrongSumOfTheWriterIsFound: the chain is right, event and database agree, and the
// sum does not follow. Those after it follow from it.
func TestAWrongSumOfTheWriterIsFound(t *testing.T) {
	t.Parallel()
	w := audittest.Small()
	head, cent, wrong := journal.Head{}, money.New(1, 2), uint64(0)
	for i, s := range w.Records(0) {
		for _, l := range s.Record.GetLegs() {
			if l.GetAccount() != "bank:settlement" {
				continue
			}
			if wrong == 0 && l.GetVersion() == 2 {
				wrong = s.Record.GetSeq()
			}
			if wrong != 0 { // a kopeck more from here on
				l.Debit = money.RUB.Format(money.MustParse(l.GetDebit()).Add(cent))
			}
		}
		sealed, err := head.Seal(0, s.Record)
		if err != nil {
			t.Fatal(err)
		}
		w.Records(0)[i] = sealed
	}
	found := follow(t, databaseOf(w), 0, 2, 0, w.Events(0))
	if len(found) != 1 || found[0].Seq != wrong || !strings.Contains(found[0].What, "debit after of leg") || !slices.Contains(found[0].Accounts, "bank:settlement") {
		t.Fatalf("record %d: %v", wrong, fmt.Sprint(found))
	}
}
