package store_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
)

func TestAggregatesAreListedFoundAndCounted(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		seed(t, db)
		page := store.AggregatePage{Book: bookName, Flow: "task", Owner: "company-4", States: []string{"inwork", "paid"}, Limit: 7}
		mine := allAggregates(t, db, page)
		counts, _, err := db.CountAggregates(ctx, bookName, "task", "company-4")
		must(t, err)
		if n := counts["inwork"] + counts["paid"]; int(n) != len(mine) || n == 0 || counts["paying"] == 0 {
			t.Errorf("%d listed, counted %v", len(mine), counts)
		}
		sections, _, err := db.CountSections(ctx, bookName, "task", "company-4")
		must(t, err)
		part := allAggregates(t, db, store.AggregatePage{Book: bookName, Flow: "task", Owner: "company-4", Sections: []store.Section{{State: "inwork", Name: "act_awaited"}}, Limit: 3})
		working, awaited := sections[store.Section{State: "inwork", Name: "working"}], sections[store.Section{State: "inwork", Name: "act_awaited"}]
		if all := sections[store.Section{State: "inwork"}]; all != counts["inwork"] || working+awaited != all || int(awaited) != len(part) || working == 0 || awaited == 0 {
			t.Errorf("%d listed, counted %v, %v", len(part), sections, counts)
		}
		newestFirst := func(a, b store.AggregateRow) int {
			return -cmp.Or(cmp.Compare(a.CreatedUS, b.CreatedUS), cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Key.ID, b.Key.ID))
		}
		if !slices.IsSortedFunc(mine, newestFirst) {
			t.Error("the pages are not in order")
		}
		page.Owner, page.Limit = "", 400
		every := allAggregates(t, db, page)
		total, _, err := db.CountAggregates(ctx, bookName, "task", "")
		must(t, err)
		if int(total["inwork"]+total["paid"]) != len(every) || total["inwork"]+total["paid"]+total["paying"] != 4000 {
			t.Errorf("%d listed, counted %v", len(every), total)
		}
		found, seen, err := db.FindAggregates(ctx, []store.AggregateKey{every[5].Key, {Book: bookName, Flow: "task", ID: "none"}, mine[0].Key})
		if err != nil || len(found) != 2 || len(seen) != 4 {
			t.Fatalf("found %+v, seen %+v, %v", found, seen, err)
		}
		entries, err := db.AggregateEntries(ctx, mine[0].Key)
		if err != nil || len(entries) != 1 || entries[0].Shard != mine[0].Shard {
			t.Errorf("entries %+v, %v", entries, err)
		}
		if rows, _, err := db.Aggregates(ctx, store.AggregatePage{Book: bookName, Flow: "task", Limit: 1}); err != nil || len(rows) > 0 {
			t.Errorf("no states give %v, %v", rows, err)
		}
	})
}

func allAggregates(t *testing.T, db *store.DB, page store.AggregatePage) (all []store.AggregateRow) {
	t.Helper()
	for {
		rows, _, err := db.Aggregates(t.Context(), page)
		must(t, err)
		if all = append(all, rows...); len(rows) < page.Limit {
			return all
		}
		last := rows[len(rows)-1]
		page.Before = &store.AggregateCursor{CreatedUS: last.CreatedUS, Shard: last.Shard, ID: last.Key.ID}
	}
}

func TestAccountsAreListedOverTheirShards(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		seed(t, db)
		var names []string
		page := store.StripePage{Book: bookName, Type: "wallet", OwnerPrefix: "owner-0", Limit: 7}
		for {
			rows, _, err := db.ListStripes(ctx, page)
			must(t, err)
			for _, r := range rows {
				names = append(names, r.Name.String())
				if !slices.Equal(r.Shards, []int{0, 1, 2, 3}) || r.Account != book.ID(bookName, r.Name.String()) || r.Asset != "RUB" {
					t.Errorf("%+v", r)
				}
			}
			if len(rows) < page.Limit {
				break
			}
			page.After = &rows[len(rows)-1]
		}
		var want []string
		for i := range 50 {
			want = append(want, name("wallet", i))
		}
		if !slices.Equal(names, want) {
			t.Errorf("listed %v", names)
		}
		if rows, _, err := db.ListStripes(ctx, store.StripePage{Book: bookName, Type: "wallet", OwnerPrefix: "owner-1", Limit: 9}); err != nil || len(rows) > 0 {
			t.Errorf("another prefix gives %v, %v", rows, err)
		}
		refs, err := db.StripesOf(ctx, []book.AccountID{book.ID(bookName, "bank:main"), book.ID(bookName, "wallet:none")})
		if err != nil || len(refs) != 1 || len(refs[0].Shards) != 4 || refs[0].Name.String() != "bank:main" || refs[0].Book != bookName {
			t.Errorf("stripes of the bank are %+v, %v", refs, err)
		}
		first, err := db.Accounts(ctx, bookName, "", 20)
		must(t, err)
		rest, err := db.Accounts(ctx, bookName, first[len(first)-1].Name, 100)
		must(t, err)
		if len(first) != 20 || len(rest) != 30 || rest[0].Name != want[20] || rest[0].State != "open" || rest[0].Asset != "RUB" {
			t.Errorf("%d and %d opened accounts, %+v", len(first), len(rest), rest[0])
		}
		open, err := db.OpenAccounts(ctx, bookName, []string{want[3], "wallet:none"})
		if err != nil || len(open) != 1 || open[0].Name != want[3] {
			t.Errorf("open are %+v, %v", open, err)
		}
	})
}

func TestEffectsAndTimersAreReadInPages(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		seed(t, db)
		first, err := db.OpenEffects(ctx, 2, "", 30)
		must(t, err)
		rest, err := db.OpenEffects(ctx, 2, first[29].Effect.GetAttempt(), 1000)
		must(t, err)
		if len(first) != 30 || len(rest) != 70 || rest[0].Effect.GetAttempt() <= first[29].Effect.GetAttempt() {
			t.Errorf("%d and %d open effects", len(first), len(rest))
		}
		due, err := db.DueTimers(ctx, 2, 0, time.Now().AddDate(100, 0, 0).UnixMicro(), 40)
		must(t, err)
		if len(due) != 40 || !slices.IsSortedFunc(due, func(a, b store.TimerRow) int { return cmp.Compare(a.Timer.GetDueUs(), b.Timer.GetDueUs()) }) {
			t.Errorf("%d timers are due", len(due))
		}
		timers, err := db.LoadTimers(ctx, 2, []string{due[7].Timer.GetId(), "none"})
		if err != nil || len(timers) != 1 || timers[0].Timer.GetDueUs() != due[7].Timer.GetDueUs() || timers[0].Book != bookName {
			t.Errorf("%+v, %v", timers, err)
		}
	})
}

func TestPrivateDataKeepsItsVersions(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db, ctx := open(t, dsn), t.Context()
		one := store.PrivateRow{Book: bookName, Kind: "person", ID: "p1", Version: 1, Data: []byte("Иванов")}
		two := store.PrivateRow{Book: bookName, Kind: "person", ID: "p1", Version: 2, Data: []byte("Петров")}
		index := store.PrivateIndexRow{Book: bookName, Kind: "person", Name: "inn", HMAC: []byte{1, 2}, ID: "p1"}
		must(t, db.PutPrivate(ctx, store.PrivateWrite{Rows: []store.PrivateRow{one}, Index: []store.PrivateIndexRow{index}}))
		must(t, db.PutPrivate(ctx, store.PrivateWrite{Rows: []store.PrivateRow{one, two}, Index: []store.PrivateIndexRow{index}}))
		changed := one
		changed.Data = []byte("Сидоров")
		if err := db.PutPrivate(ctx, store.PrivateWrite{Rows: []store.PrivateRow{changed}}); !errors.Is(err, store.ErrVersionTaken) {
			t.Errorf("another content under one version: %v", err)
		}
		rows, err := db.GetPrivate(ctx, bookName, []store.PrivateID{{"person", "p1", 0}, {"person", "p1", 1}, {"person", "p1", 3}, {"company", "p1", 0}, {"person", "p2", 0}})
		must(t, err)
		if len(rows) != 2 || string(rows[0].Data) != "Петров" || string(rows[1].Data) != "Иванов" || rows[1].Created.IsZero() {
			t.Errorf("%+v", rows)
		}
		found, err := db.FindPrivate(ctx, bookName, "person", "inn", [][]byte{{1, 2}, {3}})
		if err != nil || len(found) != 1 || found[0].ID != "p1" {
			t.Errorf("%+v, %v", found, err)
		}
		key := store.APIKey{ID: "k1", Hash: []byte("h"), Book: bookName, Roles: []string{"post", "read"}, Owner: "company-1"}
		must(t, db.PutAPIKey(ctx, key))
		key.Roles = nil
		got, ok, err := db.FindAPIKey(ctx, []byte("h"))
		if err != nil || !ok || got.ID != "k1" || len(got.Roles) != 2 || got.Owner != "company-1" || got.Created.IsZero() {
			t.Errorf("%+v %v %v", got, ok, err)
		}
		must(t, db.PutAPIKey(ctx, key))
		if got, _, err := db.FindAPIKey(ctx, []byte("h")); err != nil || len(got.Roles) != 0 {
			t.Errorf("a revoked key has %+v, %v", got, err)
		}
		if _, ok, err := db.FindAPIKey(ctx, []byte("other")); ok || err != nil {
			t.Errorf("an unknown key: %v %v", ok, err)
		}
		testAPIKeyList(t, db)
	})
}

// testAPIKeyList lists and revokes keys beside k1.
func testAPIKeyList(t *testing.T, db *store.DB) {
	t.Helper()
	ctx := t.Context()
	must(t, db.PutAPIKey(ctx, store.APIKey{ID: "k2", Hash: []byte("h2"), Book: bookName, Roles: []string{"read"}}))
	if all, err := db.ListAPIKeys(ctx, "", 10); err != nil || len(all) != 2 || all[0].Owner != "company-1" || all[1].ID != "k2" {
		t.Errorf("%+v %v", all, err)
	}
	if rest, err := db.ListAPIKeys(ctx, "k1", 10); err != nil || len(rest) != 1 || len(rest[0].Roles) != 1 {
		t.Errorf("%+v %v", rest, err)
	}
	for id, there := range map[string]bool{"k2": true, "nobody": false} {
		if ok, err := db.RevokeAPIKey(ctx, id); err != nil || ok != there {
			t.Errorf("revoke %s: %v %v", id, ok, err)
		}
	}
	if got, _, err := db.FindAPIKey(ctx, []byte("h2")); err != nil || len(got.Roles) != 0 || string(got.Hash) != "h2" {
		t.Errorf("a revoked key: %+v %v", got, err)
	}
}

func TestASubscriptionHasOneHolder(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db, ctx, now := open(t, dsn), t.Context(), time.UnixMicro(1_700_000_000_000_000)
		s := store.Subscription{ID: "s1", Book: bookName, Owner: "c1", URI: "https://a.example", Method: "POST", Shard: 1, Seq: 7, Created: now}
		must(t, db.PutSubscription(ctx, s))
		again := s
		again.Seq = 9
		must(t, db.PutSubscription(ctx, again)) // stays as it is
		rows, err := db.Subscriptions(ctx, store.Subscription{}, 10)
		if err != nil || len(rows) != 1 || rows[0].Seq != 7 || rows[0].Paused || !rows[0].Due.Equal(now) {
			t.Fatalf("%+v %v", rows, err)
		}
		yes := func(what string, want bool, ok bool, err error) {
			t.Helper()
			if err != nil || ok != want {
				t.Errorf("%s: %v %v, want %v", what, ok, err, want)
			}
		}
		hold := func(what, holder string, s store.Subscription, at time.Time, want bool) {
			t.Helper()
			ok, err := db.HoldSubscription(ctx, s, holder, at, at.Add(time.Minute))
			yes(what, want, ok, err)
		}
		hold("the first", "a", s, now, true)
		hold("while another holds it", "b", s, now.Add(time.Second), false)
		s.Seq, s.Held, s.Failing, s.Due = 8, now.Add(2*time.Minute), now, now
		ok, err := db.SaveSubscription(ctx, s, "b")
		yes("saved by a stranger", false, ok, err)
		ok, err = db.SaveSubscription(ctx, s, "a")
		yes("saved by its holder", true, ok, err)
		hold("as it was once", "b", again, now.Add(time.Hour), false)
		hold("after the hold", "b", s, now.Add(time.Hour), true)
		ok, err = db.SaveSubscription(ctx, s, "a")
		yes("saved by the old holder", false, ok, err)
		s.Seq = 3
		foreign := s
		foreign.Owner = "c2"
		ok, err = db.ReplaySubscription(ctx, foreign, now)
		yes("replayed by another company", false, ok, err)
		ok, err = db.ReplaySubscription(ctx, s, now)
		yes("replayed", true, ok, err)
		ok, err = db.SaveSubscription(ctx, s, "b")
		yes("saved after a replay", false, ok, err)
		if rows, err := db.ListSubscriptions(ctx, bookName, "c1", 10); err != nil || len(rows) != 1 || rows[0].Seq != 3 {
			t.Errorf("%+v %v", rows, err)
		}
		ok, err = db.DeleteSubscription(ctx, bookName, "c2", "s1")
		yes("deleted by another company", false, ok, err)
		ok, err = db.DeleteSubscription(ctx, bookName, "c1", "s1")
		yes("deleted", true, ok, err)
	})
}

func TestASnapshotHasEverything(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		seed(t, db)
		var shards, legs, holds int
		var before store.LegRow
		must(t, db.SnapshotLegs(t.Context(), func(row store.AuditRow) error {
			switch {
			case row.Shard != nil:
				if shards++; legs > 0 || row.Shard.Head.Seq != 1000 {
					return fmt.Errorf("shard %+v after %d legs", row.Shard, legs)
				}
			case row.Leg != nil:
				legs++
				if l := *row.Leg; l.Shard == before.Shard && l.Key == before.Key && l.Version != before.Version+1 {
					return fmt.Errorf("%+v after %+v", l, before)
				}
				before = *row.Leg
			case row.Hold != nil:
				if holds++; row.Hold.Hold.GetAccount() == "" || legs != 12000 {
					return fmt.Errorf("hold %+v after %d legs", row.Hold, legs)
				}
			}
			return nil
		}))
		if shards != 4 || legs != 12000 || holds != 4000 {
			t.Errorf("%d shards, %d legs, %d holds", shards, legs, holds)
		}
		cause := errors.New("enough")
		if err := db.SnapshotLegs(t.Context(), func(store.AuditRow) error { return cause }); !errors.Is(err, cause) {
			t.Errorf("%v", err)
		}
	})
}
