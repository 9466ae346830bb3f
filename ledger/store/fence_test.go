package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

func TestAnOlderEpochWritesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		state, old := own(t, db, 2)
		p := newPen(t, 2)
		p.post("k1", "", "bank:main", "wallet:a", "RUB", money.MustParse("1.00"))
		p.post("k2", "", "bank:main", "wallet:a", "RUB", money.MustParse("2.00"))
		totals := store.NewTotals()
		must(t, commit(t, old, totals, p.records[:1]))
		_, young := own(t, db, 2)

		// The old session was ended; one that comes back with the old epoch is fenced.
		if err := commit(t, old, totals.Clone(), p.records[1:]); err == nil || old.Alive() {
			t.Errorf("the ended session answers %v, alive %v", err, old.Alive())
		}
		again, err := db.OpenWriter(t.Context(), 2, state.Epoch)
		must(t, err)
		defer again.Close()
		if err := commit(t, again, totals.Clone(), p.records[1:]); !errors.Is(err, store.ErrFenced) {
			t.Errorf("an older epoch gets %v", err)
		}
		if err := again.Commit(t.Context(), store.Commit{Expect: store.Position{Offset: 1}, Next: store.Position{Offset: 9}}); !errors.Is(err, store.ErrFenced) {
			t.Errorf("an older epoch gets %v for a commit without records", err)
		}
		if !again.Alive() {
			t.Error("a refused commit cost the session")
		}
		must(t, commit(t, young, totals.Clone(), p.records[1:]))
		// The same again: the offset has moved.
		if err := commit(t, young, totals.Clone(), p.records[1:]); !errors.Is(err, store.ErrFenced) {
			t.Errorf("the same batch a second time gets %v", err)
		}
		checkHead(t, db, p.head)
	})
}

func checkHead(t *testing.T, db *store.DB, want journal.Head) {
	t.Helper()
	shards, err := db.Shards(t.Context())
	must(t, err)
	if len(shards) != 1 || shards[0].Head != want {
		t.Errorf("the shards are %+v, want head %+v", shards, want)
	}
}

func TestAWrongNumberIsFenced(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		_, w := own(t, db, 0)
		p := newPen(t, 0)
		p.post("k1", "", "bank:main", "wallet:a", "RUB", money.MustParse("1.00"))
		p.post("k2", "", "bank:main", "wallet:a", "RUB", money.MustParse("2.00"))
		rows := store.NewRows(db.Zone())
		rows.Add(p.records[1], store.NewTotals())
		if err := w.Commit(t.Context(), store.Commit{Next: store.Position{Offset: 1}, Rows: rows}); !errors.Is(err, store.ErrFenced) {
			t.Errorf("record 2 before record 1 gets %v", err)
		}
		checkHead(t, db, journal.Head{})
		// A commit without records moves the offset and the clock, and nothing else.
		must(t, w.Commit(t.Context(), store.Commit{Next: store.Position{Offset: 5}, ClockUS: 77}))
		shards, err := db.Shards(t.Context())
		must(t, err)
		if s := shards[0]; s.Position.Offset != 5 || s.ClockUS != 77 || s.Head.Seq != 0 {
			t.Errorf("after a commit without records the shard is %+v", s)
		}
	})
}

// TestAPausedOwnerIsEnded lets an older owner stand still inside its transaction, with
// the shard's row locked.
func TestAPausedOwnerIsEnded(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		state, _ := own(t, db, 4)
		config, err := pgx.ParseConfig(dsn)
		must(t, err)
		config.RuntimeParams["application_name"] = fmt.Sprintf("provodka-4-%d", state.Epoch)
		paused, err := pgx.ConnectConfig(t.Context(), config)
		must(t, err)
		defer paused.Close(context.Background())
		exec(t, paused, "BEGIN")
		exec(t, paused, "UPDATE shard SET clock_us = 1 WHERE shard = 4")

		after, err := db.TakeOver(t.Context(), 4)
		must(t, err)
		if after.Epoch != state.Epoch+1 || after.ClockUS != 0 {
			t.Errorf("after the take-over the shard is %+v", after)
		}
		if _, err := paused.Exec(t.Context(), "COMMIT"); err == nil {
			t.Error("the paused owner could commit")
		}
		// Owners of other shards are left alone: 4 is not the beginning of 40.
		_, other := own(t, db, 40)
		_, err = db.TakeOver(t.Context(), 4)
		must(t, err)
		must(t, other.Commit(t.Context(), store.Commit{Next: store.Position{Offset: 1}}))
	})
}

func TestAKeyIsTakenOnceInAllShards(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		_, one := own(t, db, 1)
		_, two := own(t, db, 2)
		p, q := newPen(t, 1), newPen(t, 2)
		p.post("mine", "", "bank:main", "wallet:a", "RUB", money.MustParse("1.00"))
		q.post("fresh", "", "bank:main", "wallet:b", "RUB", money.MustParse("2.00"))
		q.post("mine", "", "bank:main", "wallet:b", "RUB", money.MustParse("2.00"))
		must(t, commit(t, one, store.NewTotals(), p.records))
		if err := commit(t, two, store.NewTotals(), q.records); !errors.Is(err, store.ErrKeyTaken) {
			t.Fatalf("a taken key gets %v", err)
		}
		ids := [][16]byte{store.KeyID(bookName, "fresh"), store.KeyID(bookName, "mine")}
		known, err := db.LookupKeys(t.Context(), ids)
		must(t, err)
		if len(known) != 1 || known[0].ID != ids[1] || known[0].Shard != 1 || known[0].Seq != 1 || string(known[0].RequestHash) != "hash-of-mine" {
			t.Fatalf("known keys are %+v", known)
		}
		// Twice in one batch is taken too; the session goes on.
		twice := newPen(t, 2)
		twice.post("x", "", "bank:main", "wallet:b", "RUB", money.MustParse("2.00"))
		twice.post("x", "", "bank:main", "wallet:b", "RUB", money.MustParse("2.00"))
		if err := commit(t, two, store.NewTotals(), twice.records); !errors.Is(err, store.ErrKeyTaken) {
			t.Fatalf("a key that comes twice gets %v", err)
		}
		must(t, commit(t, two, store.NewTotals(), q.records[:1]))
	})
}

func TestABadRecordIsTheRecordsFault(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		_, w := own(t, db, 1)
		for name, change := range map[string]func(*journalv1.Record){
			"amount": func(r *journalv1.Record) { r.Legs[0].Amount = "1e5" },
			"sum":    func(r *journalv1.Record) { r.Legs[0].Debit = "abc" },
			"day":    func(r *journalv1.Record) { r.Entry.Day = "20.11.2026" },
			"gather": func(r *journalv1.Record) { r.Gathers = []*journalv1.Gather{{}} },
			"hold": func(r *journalv1.Record) {
				r.Holds = []*journalv1.Hold{{PlacedSeq: 1, State: 1, Amount: "1.00", Left: "2.00"}}
			},
			"kind":     func(r *journalv1.Record) { r.Legs[1].Kind = 9 },
			"zero":     func(r *journalv1.Record) { r.Command = "a"; r.Book = "b\x00c" },
			"answered": func(r *journalv1.Record) { r.Effects = []*journalv1.Effect{{Attempt: "a", State: 3}} },
		} {
			p := newPen(t, 1)
			p.post("k", "", "bank:main", "wallet:a", "RUB", money.MustParse("1.00"))
			change(p.records[0].Record)
			err := commit(t, w, store.NewTotals(), p.records)
			if class := store.Class(err); class != "22" && class != "23" {
				t.Errorf("%s: %v has class %q", name, err, class)
			}
		}
		checkHead(t, db, journal.Head{})
	})
}
