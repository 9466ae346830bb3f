package store_test

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// threeShards writes entries of several days into three shards: some booked on their
// day, some late, some for a later day; commits are small, so that moments fall between
// and inside segments.
func threeShards(t *testing.T, db *store.DB) []journal.Sealed {
	t.Helper()
	var all []journal.Sealed
	for shard := range 3 {
		_, w := own(t, db, shard)
		p := newPen(t, shard)
		p.pass(time.Duration(shard) * time.Minute)
		totals := store.NewTotals()
		for i := range 60 {
			p.pass(time.Duration(i%7) * 53 * time.Minute)
			day := p.clock.Add(3*time.Hour).AddDate(0, 0, []int{0, 0, -1, -3, 1, 0}[i%6]).Format("2006-01-02")
			from, to := "bank:main", name("wallet", i%3)
			if i%5 == 4 {
				from, to = name("wallet", (i+1)%3), "revenue:commission"
			}
			p.post(fmt.Sprintf("key-%d-%d", shard, i), day, from, to, "RUB", money.New(int64(1000+i), 2))
			if i%4 == 3 {
				must(t, commit(t, w, totals, p.records[i-3:]))
			}
		}
		all = append(all, p.records...)
	}
	return all
}

func TestBalancesOfEveryMomentAndDay(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		all := threeShards(t, db)
		var keys []store.StripeKey
		for _, a := range []string{"bank:main", "wallet:owner-000", "wallet:owner-001", "wallet:owner-002", "revenue:commission", "wallet:never"} {
			keys = append(keys, store.StripeKey{Account: book.ID(bookName, a), Asset: "RUB"})
		}
		moments := []int64{0, 1}
		for i, s := range all {
			if i%17 == 0 {
				moments = append(moments, s.Record.GetClockUs()-1, s.Record.GetClockUs())
			}
		}
		days := []string{""}
		for d := range 15 {
			days = append(days, time.Date(2026, 11, 14+d, 0, 0, 0, 0, time.UTC).Format("2006-01-02"))
		}
		for _, day := range days {
			for _, known := range moments {
				at := store.At{Day: day, KnownUS: known}
				got, seen, err := db.Balances(t.Context(), keys, at)
				must(t, err)
				if len(seen) != 3 {
					t.Fatalf("seen %+v", seen)
				}
				if want, have := naiveBalances(all, at), balanceText(got); want != have {
					t.Fatalf("as of %q known at %d:\n%s\nwant\n%s", day, known, have, want)
				}
			}
		}
		if _, _, err := db.Balances(t.Context(), keys, store.At{Day: "yesterday"}); err == nil {
			t.Error("a day that is none was taken")
		}
	})
}

// TestOneShardIsNotLookedFor reads the same balances whether the program knows that there
// is one shard, or looks where the stripes are.
func TestOneShardIsNotLookedFor(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		looks := open(t, dsn)
		knows := open(t, dsn, func(o *store.Options) { o.Shards = 1 })
		if looks.OneShard() || !knows.OneShard() {
			t.Fatal("one shard is known where nobody said so, or not where somebody did")
		}
		_, w := own(t, looks, 0)
		p := newPen(t, 0)
		for i := range 12 {
			p.pass(7 * time.Hour)
			p.post(fmt.Sprintf("key-%d", i), p.clock.AddDate(0, 0, -i%3).Format(time.DateOnly), "bank:main", name("wallet", i%4), "RUB", money.New(int64(100+i), 2))
		}
		must(t, commit(t, w, store.NewTotals(), p.records))
		var keys []store.StripeKey
		for _, a := range []string{"bank:main", "wallet:owner-000", "wallet:never", "wallet:owner-003", "bank:main"} {
			keys = append(keys, store.StripeKey{Account: book.ID(bookName, a), Asset: "RUB"})
		}
		for _, at := range []store.At{{}, {KnownUS: p.records[4].Record.GetClockUs()}, {Day: p.clock.AddDate(0, 0, -2).Format(time.DateOnly)}, {Upto: []store.Seen{{Shard: 0, Seq: 7}}}} {
			want, seen, err := looks.Balances(t.Context(), keys, at)
			must(t, err)
			have, saw, err := knows.Balances(t.Context(), keys, at)
			must(t, err)
			if len(want) != 3 || balanceText(have) != balanceText(want) || !slices.Equal(saw, seen) {
				t.Errorf("at %+v:\n%s\nseen %v, want\n%s\nseen %v", at, balanceText(have), saw, balanceText(want), seen)
			}
		}
	})
}

func balanceText(balances []store.Balance) string {
	var lines []string
	for _, b := range balances {
		var debit, credit money.Amount
		for _, s := range b.Stripes {
			debit, credit = debit.Add(s.Debit), credit.Add(s.Credit)
		}
		if debit.Equal(b.Debit) && credit.Equal(b.Credit) && !(debit.IsZero() && credit.IsZero()) {
			lines = append(lines, fmt.Sprintln(b.Key.Account, money.RUB.Format(b.Debit), money.RUB.Format(b.Credit)))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// naiveBalances adds the legs that are effective and known.
func naiveBalances(all []journal.Sealed, at store.At) string {
	type pair struct{ debit, credit money.Amount }
	sums := map[string]pair{}
	for _, s := range all {
		r := s.Record
		if at.KnownUS != 0 && r.GetClockUs() > at.KnownUS || at.Day != "" && r.GetEntry().GetDay() > at.Day {
			continue
		}
		for _, l := range r.GetLegs() {
			p, amount := sums[l.GetAccount()], money.MustParse(l.GetAmount())
			if l.GetKind() == journalv1.LegKind_LEG_KIND_DEBIT {
				p.debit = p.debit.Add(amount)
			} else {
				p.credit = p.credit.Add(amount)
			}
			sums[l.GetAccount()] = p
		}
	}
	var lines []string
	for account, p := range sums {
		lines = append(lines, fmt.Sprintln(book.ID(bookName, account), money.RUB.Format(p.debit), money.RUB.Format(p.credit)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func TestLegsComeInOneOrderWhateverThePages(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		all := threeShards(t, db)
		key := store.StripeKey{Account: book.ID(bookName, "bank:main"), Asset: "RUB"}
		var want []store.LegCursor
		for _, s := range all {
			for i, l := range s.Record.GetLegs() {
				if l.GetAccount() == "bank:main" {
					want = append(want, store.LegCursor{ClockUS: s.Record.GetClockUs(), Shard: int(s.Record.GetShard()), Seq: s.Record.GetSeq(), Leg: i})
				}
			}
		}
		slices.SortFunc(want, func(a, b store.LegCursor) int {
			return cmp.Or(cmp.Compare(a.ClockUS, b.ClockUS), cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Leg, b.Leg))
		})
		backward := slices.Clone(want)
		slices.Reverse(backward)
		for _, limit := range []int{1, 7, 1000} {
			if got := allLegs(t, db, key, store.LegPage{Limit: limit}); !slices.Equal(got, want) {
				t.Errorf("pages of %d: %d legs, want %d", limit, len(got), len(want))
			}
			if got := allLegs(t, db, key, store.LegPage{Limit: limit, Newest: true}); !slices.Equal(got, backward) {
				t.Errorf("pages of %d, newest first: %d legs, want %d", limit, len(got), len(backward))
			}
			from, until := want[20].ClockUS, want[80].ClockUS
			span := slices.DeleteFunc(slices.Clone(want), func(c store.LegCursor) bool { return c.ClockUS < from || c.ClockUS >= until })
			if got := allLegs(t, db, key, store.LegPage{Limit: limit, FromUS: from, UntilUS: until}); !slices.Equal(got, span) {
				t.Errorf("a span in pages of %d: %d legs, want %d", limit, len(got), len(span))
			}
		}
	})
}

// allLegs reads page after page.
func allLegs(t *testing.T, db *store.DB, key store.StripeKey, page store.LegPage) (all []store.LegCursor) {
	t.Helper()
	for {
		legs, _, err := db.Legs(t.Context(), key, page)
		must(t, err)
		for _, l := range legs {
			all = append(all, store.LegCursor{ClockUS: l.ClockUS, Shard: l.Shard, Seq: l.Seq, Leg: l.Leg})
		}
		if len(legs) < page.Limit {
			return all
		}
		page.After = &all[len(all)-1]
	}
}

func TestTheTrialBalanceIsTheSumOfTheLegs(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		threeShards(t, db)
		rows, _, err := db.TrialBalance(t.Context(), bookName)
		must(t, err)
		var got [][]string
		debit, credit := money.Zero, money.Zero
		for _, r := range rows {
			got = append(got, []string{r.Type, r.Debit.String(), r.Credit.String()})
			debit, credit = debit.Add(r.Debit), credit.Add(r.Credit)
		}
		want := exec(t, raw(t, dsn), `SELECT s.type, coalesce(sum(l.amount) FILTER (WHERE l.kind = 1), 0.00)::TEXT,
			coalesce(sum(l.amount) FILTER (WHERE l.kind = 2), 0.00)::TEXT
			FROM leg l JOIN stripe s ON s.shard = l.shard AND s.account = l.account AND s.asset = l.asset
			GROUP BY s.type ORDER BY s.type`)
		if !slices.EqualFunc(got, want, slices.Equal[[]string]) || !debit.Equal(credit) || len(got) != 3 {
			t.Errorf("the trial balance is\n%v\nthe legs say\n%v", got, want)
		}
		if rows, _, err := db.TrialBalance(t.Context(), "another"); err != nil || len(rows) > 0 {
			t.Errorf("another book has %v, %v", rows, err)
		}
	})
}

func TestSingleSeeksFindWhatTheSetFinds(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		threeShards(t, db)
		var keys []store.StripeKey
		for _, a := range []string{"bank:main", "wallet:owner-000", "wallet:never", "revenue:commission"} {
			keys = append(keys, store.StripeKey{Account: book.ID(bookName, a), Asset: "RUB"})
		}
		for shard := range 3 {
			set, err := db.LoadStripes(t.Context(), shard, keys)
			must(t, err)
			single, err := db.AsCockroach().LoadStripes(t.Context(), shard, keys)
			must(t, err)
			if diff := gocmp.Diff(set, single); diff != "" {
				t.Errorf("set and seeks differ:\n%s", diff)
			}
			for i, r := range set {
				if r.Key != keys[i] || (r.Version == 0) != (i == 2) {
					t.Errorf("key %d of %v has %+v", i, keys[i], r)
				}
			}
		}
		ids := []store.RecordID{{Shard: 0, Seq: 1}, {Shard: 2, Seq: 60}, {Shard: 1, Seq: 7}, {Shard: 1, Seq: 8}, {Shard: 1, Seq: 61}, {Shard: 9, Seq: 1}}
		found, err := db.Records(t.Context(), ids)
		if err != nil || len(found) != 4 {
			t.Errorf("%d records, %v", len(found), err)
		}
		for id := range found {
			if raw, ok, err := db.Record(t.Context(), id.Shard, id.Seq); err != nil || !ok || !bytes.Equal(raw, found[id]) {
				t.Errorf("record %v: %v %v", id, ok, err)
			}
		}
		segments, err := db.Segments(t.Context(), 1, 6, 2)
		if err != nil || len(segments) != 2 || segments[0].FirstSeq != 5 || segments[1].FirstSeq != 9 {
			t.Errorf("segments from 6 on: %+v, %v", segments, err)
		}
		if segments, err := db.Segments(t.Context(), 1, 61, 2); err != nil || len(segments) != 0 {
			t.Errorf("segments behind the end: %+v, %v", segments, err)
		}
	})
}
