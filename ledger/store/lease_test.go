package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/provodka/provodka/ledger/store"
)

func TestALeaseIsFreeWhenItsTimeOrItsBeatSaysSo(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		ctx, shard := t.Context(), 7
		take := func(owner string, ttl time.Duration, seen int64) (store.Lease, bool) {
			t.Helper()
			l, ok, err := db.TakeLease(ctx, shard, owner, ttl, seen)
			must(t, err)
			return l, ok
		}
		if l, ok := take("a", time.Hour, -1); !ok || l.Beat != 1 || l.Owner != "a" || l.Shard != shard {
			t.Fatalf("a lease that nobody had: %+v, %v", l, ok)
		}
		if _, ok := take("b", time.Hour, -1); ok {
			t.Error("a lease that stands was taken")
		}
		if _, ok := take("b", time.Hour, 0); ok {
			t.Error("a lease was taken for a beat that it does not have")
		}
		if l, ok := take("a", time.Hour, -1); !ok || l.Beat != 2 {
			t.Errorf("the owner takes its own again: %+v, %v", l, ok)
		}
		if l, ok := take("b", -time.Second, 2); !ok || l.Beat != 3 {
			t.Errorf("a beat that stood still: %+v, %v", l, ok)
		}
		if l, ok := take("c", time.Hour, -1); !ok || l.Beat != 4 {
			t.Errorf("an expired lease: %+v, %v", l, ok)
		}
		must(t, db.ReleaseLease(ctx, shard, "b")) // not b's any more
		if _, ok := take("a", time.Hour, -1); ok {
			t.Error("another's release made the lease free")
		}
		must(t, db.ReleaseLease(ctx, shard, "c"))
		if _, ok := take("a", time.Hour, 4); !ok {
			t.Error("a released lease is not free")
		}
	})
}

func TestRenewingKeepsOnlyWhatStillIsMine(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		ctx := t.Context()
		for shard, owner := range []string{"a", "b", "a"} {
			if _, ok, err := db.TakeLease(ctx, shard, owner, time.Hour, -1); err != nil || !ok {
				t.Fatal(err)
			}
		}
		mine, clock, err := db.RenewLeases(ctx, "a", []int{0, 1, 2, 3}, 3*time.Hour)
		must(t, err)
		slices.Sort(mine)
		if !slices.Equal(mine, []int{0, 2}) {
			t.Errorf("renewed %v", mine)
		}
		leases, err := db.Leases(ctx)
		must(t, err)
		for _, l := range leases {
			wantBeat, wantTTL := int64(2), 3*time.Hour
			if l.Owner == "b" {
				wantBeat, wantTTL = 1, time.Hour
			}
			if l.Beat != wantBeat || l.Until.Sub(clock).Round(time.Minute) != wantTTL {
				t.Errorf("%+v at %s", l, clock)
			}
		}
		if mine, clock, err := db.RenewLeases(ctx, "nobody", []int{0}, time.Hour); err != nil || len(mine) > 0 || clock.IsZero() {
			t.Errorf("%v %v %v", mine, clock, err)
		}
		if _, _, err := db.TakeLease(ctx, 1<<15, "a", time.Hour, -1); err == nil {
			t.Error("a shard number that the database cannot hold was taken")
		}
	})
}

func TestLiveProcessesAreCounted(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		announce := func(name string, owns bool, ttl time.Duration, want int) {
			t.Helper()
			if n, err := db.Announce(t.Context(), name, "start of "+name, owns, ttl); err != nil || n != want {
				t.Errorf("after %s there are %d owners, %v; want %d", name, n, err, want)
			}
		}
		announce("a", true, time.Hour, 1)
		announce("b", true, time.Hour, 2)
		announce("api", false, time.Hour, 2)
		announce("dead", true, -48*time.Hour, 2)
		announce("a", true, time.Hour, 2)
		must(t, db.Leave(t.Context(), "b", "another"))
		announce("a", true, time.Hour, 2)
		must(t, db.Leave(t.Context(), "b", "start of b"))
		announce("c", true, time.Hour, 2)
		if got := exec(t, raw(t, dsn), "SELECT count(*) FROM process")[0][0]; got != "3" {
			t.Errorf("%s processes are listed; the dead one was not pruned", got)
		}
	})
}

func TestANameHasOneProcess(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		announce := func(instance string, ttl time.Duration) error {
			_, err := db.Announce(t.Context(), "a", instance, true, ttl)
			return err
		}
		must(t, announce("first", time.Hour))
		if err := announce("second", time.Hour); !errors.Is(err, store.ErrNameTaken) {
			t.Errorf("a second process under the name: %v", err)
		}
		list, err := db.Processes(t.Context())
		must(t, err)
		if len(list) != 1 || list[0].ID != "a" || !list[0].Owns || list[0].TwinAt.IsZero() {
			t.Errorf("%+v", list)
		}
		must(t, announce("first", -time.Hour)) // it died
		must(t, announce("second", time.Hour))
		if err := announce("first", time.Hour); !errors.Is(err, store.ErrNameTaken) {
			t.Errorf("the first comes back: %v", err)
		}
	})
}
