package private

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// TestPortsReadInSets: many ports that ask at once get each his own: the very version of
// the ask, the texts that the task names, and nothing of who was erased.
func TestPortsReadInSets(t *testing.T) {
	t.Parallel()
	const people = 40
	ctx := t.Context()
	v := open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	bic := requisite.ExampleBIC(1)
	account := func(i, version int) string {
		return requisite.ExampleAccount("40817", bic, uint64(10*i+version))
	}
	d := v.Draft("main")
	d.Company("c", 1, &privatev1.CompanyProfile{Inn: "7701000019", Name: "ООО «Ромашка»"})
	moves := make([]*journalv1.Record, people)
	for i := range people {
		who, task := fmt.Sprintf("e%d", i), fmt.Sprintf("t%d", i)
		d.Executor(who, 1, &privatev1.ExecutorProfile{Inn: requisite.ExamplePersonINN(uint64(i + 1)), LastName: "Иванов", FirstName: "Пётр"})
		for version := 1; version <= 2; version++ {
			d.Requisites(who, uint32(version), &privatev1.Requisites{Name: who, AccountNumber: account(i, version)})
			d.Task("c", task, uint32(version), &privatev1.TaskText{Title: fmt.Sprintf("Работа %d.%d", i, version)})
		}
		data, err := proto.Marshal(&flowv1.TaskData{TextVersion: uint32(1 + i%2)}) // of half the newest texts were not taken
		if err != nil {
			t.Fatal(err)
		}
		moves[i] = &journalv1.Record{Book: "main", Move: &journalv1.Move{Flow: "task", Id: task, Owner: "c", To: "paying", Version: 1, Data: data}}
	}
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	putMoves(t, v.db, moves)
	if err := v.Erase(ctx, "main", "e7"); err != nil {
		t.Fatal(err)
	}
	r := v.Resolver()
	var all sync.WaitGroup
	for i := range people {
		who, task, title := fmt.Sprintf("e%d", i), fmt.Sprintf("t%d", i), fmt.Sprintf("Работа %d.%d", i, 1+i%2)
		for version := uint32(1); version <= 3; version++ {
			all.Go(func() {
				to, called, ok, err := r.Payee(ctx, "main", who, version, task)
				there := version < 3 && i != 7
				if err != nil || ok != there || ok && (to.AccountNumber != account(i, int(version)) || called != title) {
					t.Errorf("%s v%d: %+v %q %t %v", who, version, to, called, ok, err)
				}
			})
		}
		all.Go(func() {
			got, err := r.Income(ctx, "main", who, "c", task)
			want := Income{INN: requisite.ExamplePersonINN(uint64(i + 1)), CustomerINN: "7701000019", CustomerName: "ООО «Ромашка»", Service: title}
			if i == 7 {
				want = Income{Lacks: "executor_id"}
			}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v %v", who, got, err)
			}
		})
		if i == 7 {
			continue
		}
		all.Go(func() {
			attempt := fmt.Sprintf("%032d", i)
			err := r.Sending(ctx, "main", who, port.Payment{Attempt: attempt, Amount: money.MustParse("94"), To: port.Requisites{AccountNumber: account(i, 1)}})
			noted, ok, readErr := Only(v.Payouts(ctx, "main", Ref{ID: attempt}))
			if err != nil || readErr != nil || !ok || noted.Content.GetAccount() != account(i, 1) || noted.Content.GetAmount() != "94.00" {
				t.Errorf("%s: %v %v %v", who, noted, err, readErr)
			}
		})
	}
	for _, tc := range []struct{ executor, company, task, lacks string }{
		{"nobody", "c", "t1", "executor_id"}, {"e1", "none", "t1", "company_id"}, {"e1", "c", "none", "task"}, {"e1", "", "", ""},
	} {
		all.Go(func() {
			if got, err := r.Income(ctx, "main", tc.executor, tc.company, tc.task); err != nil || got.Lacks != tc.lacks {
				t.Errorf("%v: %+v %v", tc, got, err)
			}
		})
	}
	all.Wait()
	if got, err := r.Income(ctx, "other", "e1", "", ""); err != nil || got.Lacks == "" {
		t.Errorf("another book sees it: %+v %v", got, err)
	}
}

// TestPeopleAreReadInSets: what a night asks of many people at once is a few sets of the
// database, and each gets his own.
func TestPeopleAreReadInSets(t *testing.T) {
	t.Parallel()
	const people = 100
	ctx := t.Context()
	v := open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	d, moves := v.Draft("main"), make([]*journalv1.Record, people)
	data, err := proto.Marshal(&flowv1.ExecutorData{ProfileVersion: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range people {
		id := fmt.Sprintf("e%d", i)
		d.Executor(id, 1, &privatev1.ExecutorProfile{Inn: requisite.ExamplePersonINN(uint64(i)), Phone: requisite.ExamplePhone(uint64(i)), LastName: "Иванов", FirstName: "Пётр"})
		moves[i] = &journalv1.Record{Book: "main", Move: &journalv1.Move{Flow: "executor", Id: id, Owner: id, To: "registered", Version: 1, Data: data}}
	}
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	putMoves(t, v.db, moves)
	var sets atomic.Int32
	r := v.Resolver()
	r.reads = newTogether(func(ctx context.Context, asked []question) ([]sight, error) {
		sets.Add(1)
		return v.findTogether(ctx, asked)
	})
	r.reads.wait = time.Second // all of them come in this time; a set that is full does not wait
	var all sync.WaitGroup
	for i := range people {
		id := fmt.Sprintf("e%d", i)
		all.Go(func() {
			if inn, phone, ok, err := r.Person(ctx, "main", id); err != nil || !ok || inn != requisite.ExamplePersonINN(uint64(i)) || phone != requisite.ExamplePhone(uint64(i)) {
				t.Errorf("%s: %s %s %t %v", id, inn, phone, ok, err)
			}
		})
		all.Go(func() {
			if phone, version, err := r.Phone(ctx, "main", id); err != nil || version != 1 || phone != requisite.ExamplePhone(uint64(i)) {
				t.Errorf("%s: %s %d %v", id, phone, version, err)
			}
		})
		all.Go(func() {
			if state, _, ok, err := r.Aggregate(ctx, "main", "executor", id); err != nil || !ok || state != "registered" {
				t.Errorf("%s: %s %t %v", id, state, ok, err)
			}
		})
	}
	all.Wait()
	if most := int32(3*people/togetherMost + 2); sets.Load() > most {
		t.Errorf("%d sets for %d questions, want %d at most", sets.Load(), 3*people, most)
	}
	if _, _, ok, err := r.Aggregate(ctx, "main", "task", "e1"); ok || err != nil {
		t.Error("another flow's aggregate of this id:", ok, err)
	}
}

// TestPhoneIsTheBooks: data that was written for a command which never passed is nobody's phone.
func TestPhoneIsTheBooks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	v := open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	d := v.Draft("main")
	for version := range uint32(2) {
		d.Executor("e", version+1, &privatev1.ExecutorProfile{Inn: requisite.ExamplePersonINN(1), LastName: "Иванов", FirstName: "Пётр", Phone: requisite.ExamplePhone(uint64(version + 1))})
	}
	d.Executor("lost", 1, &privatev1.ExecutorProfile{Inn: requisite.ExamplePersonINN(2), LastName: "Иванов", FirstName: "Пётр", Phone: requisite.ExamplePhone(9)})
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	data, err := proto.Marshal(&flowv1.ExecutorData{ProfileVersion: 1})
	if err != nil {
		t.Fatal(err)
	}
	putMoves(t, v.db, []*journalv1.Record{{Book: "main", Move: &journalv1.Move{Flow: "executor", Id: "e", Owner: "e", To: "registered", Version: 1, Data: data}}})
	for id, want := range map[string]string{"e": requisite.ExamplePhone(1), "lost": "", "nobody": ""} {
		if phone, version, err := v.Resolver().Phone(ctx, "main", id); err != nil || phone != want || (version == 1) != (want != "") {
			t.Errorf("%s: %q %d %v", id, phone, version, err)
		}
	}
}

// TestLostRename: a backup older than a changed INN brings the person back by the INN before it;
// the list, read again, writes the version that the books name, and no other.
func TestLostRename(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	v := open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	was, is := requisite.ExamplePersonINN(1), requisite.ExamplePersonINN(2)
	d := v.Draft("main")
	for _, id := range []string{"e", "edited", "older"} {
		d.Executor(id, 1, &privatev1.ExecutorProfile{Inn: was, LastName: "Иванов", FirstName: "Пётр"})
	}
	d.Requisites("e", 1, &privatev1.Requisites{Inn: was, AccountNumber: "40817810099910004312"})
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	var moves []*journalv1.Record
	for id, data := range map[string]*flowv1.ExecutorData{
		"e":      {ProfileVersion: 2, InnVersion: 2, RequisitesVersion: 2},
		"edited": {ProfileVersion: 2, InnVersion: 0}, // what is missing is no changed INN
		"older":  {ProfileVersion: 3, InnVersion: 3}, // the version before it is missing too
	} {
		body, err := proto.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		moves = append(moves, &journalv1.Record{Book: "main", Move: &journalv1.Move{Flow: "executor", Id: id, Owner: id, To: "registered", Version: 1, Data: body}})
	}
	putMoves(t, v.db, moves)
	r := v.Resolver()
	found, err := r.Holders(ctx, "main", was, is)
	if err != nil || len(found[was]) != 1 || found[was][0].ID != "e" || !found[was][0].Lost || found[was][0].Profile.GetInn() != was || len(found[is]) != 0 {
		t.Fatalf("%+v %v", found, err)
	}
	for range 2 { // the same again is the same
		profile, _, err := r.Rename(ctx, "main", found[was][0], is, "2026-03-02")
		if err != nil || profile != 2 {
			t.Fatal(profile, err)
		}
	}
	if found, err = r.Holders(ctx, "main", was, is); err != nil || len(found[is]) != 1 || found[is][0].Lost || !Had(found[is][0].Profile, was) || found[is][0].Profile.GetInn() != is {
		t.Errorf("%+v %v", found, err)
	}
	if newest, _, err := Only(v.Executors(ctx, "main", Ref{ID: "e"})); err != nil || newest.Version != 2 {
		t.Errorf("%+v %v", newest, err)
	}
}

// TestErasedBetweenReads: what was read before an erasure is not kept for after it.
func TestErasedBetweenReads(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	v := open(t, embedtest.DSN(t, store.Migrate), secret("a"))
	d := v.Draft("main")
	d.Executor("e", 1, &privatev1.ExecutorProfile{Inn: requisite.ExamplePersonINN(1), LastName: "Иванов", FirstName: "Пётр"})
	d.Requisites("e", 1, &privatev1.Requisites{AccountNumber: "40817810099910004312"})
	if err := d.Put(ctx); err != nil {
		t.Fatal(err)
	}
	r := v.Resolver()
	if _, _, ok, err := r.Payee(ctx, "main", "e", 1, "t"); !ok || err != nil {
		t.Fatalf("%t %v", ok, err)
	}
	sealed, err := v.db.GetPrivate(ctx, "main", []store.PrivateID{{Kind: kindRequisites, ID: "e", Version: 1}})
	if err != nil || len(sealed) != 1 {
		t.Fatalf("%v %v", sealed, err)
	}
	if err := v.Erase(ctx, "main", "e"); err != nil {
		t.Fatal(err)
	}
	if _, _, ok, err := r.Payee(ctx, "main", "e", 1, "t"); ok || err != nil {
		t.Errorf("the erased are paid: %t %v", ok, err)
	}
	if len(v.open.young)+len(v.open.old) != 0 {
		t.Error("a key of the erased stays in memory")
	}
	// The row of a backup, without its key: it does not open, whatever was open before.
	sealed[0].Key.Wrapped = nil
	if _, ok, err := v.text(sealed[0]); ok || err != nil {
		t.Errorf("it opens: %v", err)
	}
}

// TestSealersAreBounded: two generations, whatever is asked for.
func TestSealersAreBounded(t *testing.T) {
	t.Parallel()
	var s sealers
	for i := range 5 * keptSealers {
		s.keep(fmt.Append(nil, i), &sealer{})
		if s.find([]byte("0")) == nil {
			t.Fatalf("what is used is forgotten after %d others", i)
		}
	}
	if n := len(s.young) + len(s.old); n > 2*keptSealers {
		t.Errorf("%d are kept", n)
	}
	if s.find([]byte("1")) != nil {
		t.Error("what nobody uses is kept")
	}
}

// putMoves writes aggregates as a shard's owner does.
func putMoves(t *testing.T, db *store.DB, records []*journalv1.Record) {
	t.Helper()
	taken, err := db.TakeOver(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	session, err := db.OpenWriter(t.Context(), 0, taken.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	totals, err := db.LoadTotals(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	head, rows, next := taken.Head, store.NewRows(db.Zone()), taken.Position
	for i, r := range records {
		next.Offset = taken.Position.Offset + int64(i) + 1
		r.ClockUs, r.Offset, r.Last = taken.ClockUS+1, next.Offset, true
		sealed, err := head.Seal(0, r)
		if err != nil {
			t.Fatal(err)
		}
		rows.Add(sealed, totals)
	}
	if err := session.Commit(t.Context(), store.Commit{Expect: taken.Position, Next: next, ClockUS: taken.ClockUS + 1, Rows: rows}); err != nil {
		t.Fatal(err)
	}
}
