package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/provodka/provodka/ledger/store"
)

func TestDevices(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		if any, err := db.AnyDevice(ctx); any || err != nil {
			t.Fatal(any, err)
		}
		put := func(id, member, session string, n int) store.Device {
			d := store.Device{Book: "main", ID: id, Member: member, Session: session, Created: start.Add(time.Duration(n) * time.Minute), Token: []byte(member + id)}
			must(t, db.PutDevice(ctx, d))
			return d
		}
		list := func(members ...string) (out []string) {
			found, err := db.Devices(ctx, "main", members...)
			must(t, err)
			for _, d := range found {
				out = append(out, d.Member+" "+d.ID)
			}
			return out
		}
		old := put("d1", "anna", "s1", 1)
		put("d2", "anna", "s2", 2)
		put("d3", "boris", "s3", 3)
		if got := list("boris", "anna", "nobody"); !slices.Equal(got, []string{"anna d1", "anna d2", "boris d3"}) {
			t.Errorf("%v", got)
		}
		put("d1", "boris", "s3", 4) // the phone changes hands
		if got := list("anna", "boris"); !slices.Equal(got, []string{"anna d2", "boris d3", "boris d1"}) {
			t.Errorf("%v", got)
		}
		if there, err := db.DeleteDevice(ctx, old); there || err != nil {
			t.Error("a device was forgotten that was noted anew", err)
		}
		again := put("d1", "anna", "s1", 5)
		if there, err := db.DeleteDevice(ctx, again); !there || err != nil {
			t.Error(there, err)
		}
		must(t, db.ForgetDevices(ctx, "main", "anna", "s1"))
		if got := list("anna"); !slices.Equal(got, []string{"anna d2"}) {
			t.Errorf("%v", got)
		}
		for n := range store.MostDevices + 3 {
			put(fmt.Sprintf("e%02d", n), "anna", "s9", 10+n)
		}
		if got := list("anna"); len(got) != store.MostDevices || got[0] != "anna e03" {
			t.Errorf("%v", got)
		}
		must(t, db.ForgetDevices(ctx, "main", "anna", ""))
		if any, err := db.AnyDevice(ctx); !any || err != nil || len(list("anna")) != 0 || len(list("boris")) != 1 {
			t.Error(any, err, list("anna", "boris"))
		}
	})
}

// TestPushedIsHeldByOne: one process at a time is at a shard's messages, which begin where
// the journal stood when they were first asked for.
func TestPushedIsHeldByOne(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		hold := func(who string, head uint64, at time.Time) (uint64, bool) {
			seq, ours, err := db.HoldPushed(ctx, 1, head, who, at, at.Add(time.Minute))
			must(t, err)
			return seq, ours
		}
		if seq, ours := hold("a", 17, now); seq != 17 || !ours {
			t.Fatal(seq, ours)
		}
		if _, ours := hold("b", 20, now); ours {
			t.Error("two are at one shard")
		}
		if ours, err := db.SavePushed(ctx, 1, 19, "b", now); ours || err != nil {
			t.Error(ours, err)
		}
		if ours, err := db.SavePushed(ctx, 1, 19, "a", now.Add(time.Minute)); !ours || err != nil {
			t.Error(ours, err)
		}
		if seq, ours := hold("b", 30, now.Add(time.Minute)); seq != 19 || !ours {
			t.Error(seq, ours)
		}
		if seq, ours := hold("b", 30, now.Add(time.Minute)); seq != 19 || !ours {
			t.Error("its own hold is not renewed", seq, ours)
		}
	})
}
