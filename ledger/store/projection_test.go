package store_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// follows is the head before the first of records.
func follows(records []journal.Sealed) journal.Head {
	return journal.Head{Seq: records[0].Record.GetSeq() - 1}
}

// marked writes a record with marks of few names and values, sometimes of two debits.
func (p *pen) marked(rt *rapid.T, key string) {
	p.pass(time.Duration(rapid.Int64Range(0, int64(200*time.Hour)).Draw(rt, "pass")))
	word := func(label string) string {
		return rapid.SampledFrom([]string{"a", "b", "«ёлки»\n", ""}).Draw(rt, label)
	}
	r := &journalv1.Record{Key: key, RequestHash: []byte("hash")}
	if rapid.Bool().Draw(rt, "step") {
		r.Move = &journalv1.Move{Flow: "task", Id: fmt.Sprint(word("task"), p.shard), Owner: word("owner"), To: "paid", Version: 1}
		for _, s := range p.records {
			if m := s.Record.GetMove(); m.GetId() == r.Move.Id {
				r.Move.Version++
			}
		}
		if r.Move.Readdressed = rapid.Bool().Draw(rt, "readdressed"); r.Move.Readdressed {
			r.Move.Audience = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"x", "y", "offer:«ёлка»"}), 0, 3, rapid.ID).Draw(rt, "audience")
		}
	}
	if rapid.Bool().Draw(rt, "books") {
		a, b := money.New(rapid.Int64Range(1, 9999).Draw(rt, "a"), 2), money.New(rapid.Int64Range(1, 9999).Draw(rt, "b"), 2)
		debit, credit := journalv1.LegKind_LEG_KIND_DEBIT, journalv1.LegKind_LEG_KIND_CREDIT
		r.Entry = &journalv1.Entry{
			Kind: "transfer", Day: p.clock.AddDate(0, 0, -rapid.IntRange(0, 40).Draw(rt, "late")).Format(time.DateOnly),
			Links: map[string]string{word("link"): word("linked")}, Metadata: map[string]string{word("name"): word("value")},
		}
		r.Legs = []*journalv1.Leg{
			p.leg("bank:main", "RUB", debit, a), p.leg("clearing:x", "RUB", debit, b),
			p.leg("wallet:one", "RUB", journalv1.LegKind_LEG_KIND_HOLD_DEBIT, money.Zero),
			p.leg(rapid.SampledFrom([]string{"wallet:one", "revenue:fee", "wallet:two:transit"}).Draw(rt, "to"), "RUB", credit, a.Add(b)),
		}
		if rapid.Bool().Draw(rt, "between stripes") {
			r.Legs = []*journalv1.Leg{p.leg("wallet:one", "RUB", debit, a), p.leg("wallet:one:transit", "RUB", credit, a)}
		}
	}
	p.write(r)
}

// naiveMarks is what a list of records bears, mark by mark.
func naiveMarks(records []journal.Sealed) map[store.Mark][]string {
	out := map[store.Mark][]string{}
	add := func(s journal.Sealed, sort store.MarkSort, name, value string) {
		m := store.Mark{Book: bookName, Sort: sort, Name: name, Value: value}
		out[m] = append(out[m], fmt.Sprintf("%d.%d", s.Record.GetShard(), s.Record.GetSeq()))
	}
	for _, s := range records {
		for k, v := range s.Record.GetEntry().GetLinks() {
			add(s, store.MarkLink, k, v)
		}
		for k, v := range s.Record.GetEntry().GetMetadata() {
			add(s, store.MarkMetadata, k, v)
		}
		if m := s.Record.GetMove(); m != nil {
			add(s, store.MarkFlow, m.GetFlow(), m.GetId())
		}
	}
	return out
}

// naiveCorrespondences adds up, leg by leg, what each type of account was debited and credited
// in each month, without money between stripes.
func naiveCorrespondences(records []journal.Sealed) map[string]string {
	sums := map[string]money.Amount{}
	for _, s := range records {
		if e := s.Record.GetEntry(); e != nil {
			legs := s.Record.GetLegs()
			if len(legs) == 2 && legs[1].GetAccount() == legs[0].GetAccount()+":transit" {
				continue
			}
			for _, l := range legs {
				if l.GetKind() <= journalv1.LegKind_LEG_KIND_CREDIT {
					kind, _, _ := strings.Cut(l.GetAccount(), ":")
					key := fmt.Sprint(e.GetDay()[:7], " ", kind, " ", l.GetKind())
					sums[key] = sums[key].Add(money.MustParse(l.GetAmount()))
				}
			}
		}
	}
	out := map[string]string{}
	for k, v := range sums {
		out[k] = money.RUB.Format(v)
	}
	return out
}

// TestProjectionHasEveryRecordOnce: whatever the runs, whoever is stopped between them or
// does the same run twice, and after the shard's row is thrown away, every mark and every
// turnover is there once.
func TestProjectionHasEveryRecordOnce(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		var shards atomic.Int32
		rapid.Check(t, func(rt *rapid.T) {
			// A book of one shard each: the naive model knows no others.
			p := newPen(t, int(shards.Add(1)))
			for i := range rapid.IntRange(1, 20).Draw(rt, "records") {
				p.marked(rt, fmt.Sprintf("key-%d-%d", p.shard, i))
			}
			_, w := own(t, db, p.shard)
			must(t, commit(t, w, store.NewTotals(), p.records))
			at := store.Projected{Shard: p.shard}
			for at.Head.Seq < p.head.Seq {
				run := p.records[at.Head.Seq:]
				run = run[:rapid.IntRange(1, len(run)).Draw(rt, "run")]
				next, err := db.Project(t.Context(), at, run, daysOf(run))
				must(t, err)
				if _, err := db.Project(t.Context(), at, run, daysOf(run)); !errors.Is(err, store.ErrFenced) {
					rt.Fatalf("the same run twice: %v", err)
				}
				at = next
				if rapid.IntRange(0, 9).Draw(rt, "drop") == 0 {
					exec(t, raw(t, dsn), fmt.Sprintf("DELETE FROM projection WHERE shard = %d", p.shard))
					at = store.Projected{Shard: p.shard}
				}
			}
			checkProjection(rt, t, db, p)
			must(t, db.Write(t.Context(), func(tx pgx.Tx) error {
				for _, table := range []string{"projection", "mark", "correspondence", "audience", "dated"} {
					if _, err := tx.Exec(t.Context(), "DELETE FROM "+table); err != nil {
						return err
					}
				}
				return nil
			}))
		})
	})
}

// checkAudience: each name finds the aggregates whose newest address has it, the last
// addressed first, page by page.
func checkAudience(rt *rapid.T, t *testing.T, db *store.DB, p *pen) {
	t.Helper()
	newest := map[string]*journalv1.Record{}
	for _, s := range p.records {
		if m := s.Record.GetMove(); m.GetReaddressed() {
			newest[m.GetId()] = s.Record
		}
	}
	for _, names := range [][]string{{"x"}, {"y"}, {"offer:«ёлка»"}, {"z"}} {
		var want, got []string
		for _, r := range newest {
			if slices.Contains(r.GetMove().GetAudience(), names[0]) {
				want = append(want, fmt.Sprintf("%020d %s", r.GetClockUs(), r.GetMove().GetId()))
				known, err := db.AudienceKnown(t.Context(), bookName, "task", []string{"nobody", names[0]}, r.GetMove().GetOwner())
				if err != nil || !slices.Equal(known, names) {
					rt.Fatalf("%s is not known to %q, but %v: %v", names[0], r.GetMove().GetOwner(), known, err)
				}
			}
		}
		slices.Sort(want)
		slices.Reverse(want)
		page := store.AudiencePage{Book: bookName, Flow: "task", Names: names, States: []string{"paid", "error"}, Limit: rapid.IntRange(1, 3).Draw(rt, "limit")}
		for {
			rows, seen, err := db.Audience(t.Context(), page)
			must(t, err)
			if len(seen) != 1 || seen[0].Seq != p.head.Seq {
				rt.Fatalf("seen %+v", seen)
			}
			for _, r := range rows {
				got = append(got, fmt.Sprintf("%020d %s", r.CreatedUS, r.Key.ID))
				page.Before = &store.AggregateCursor{CreatedUS: r.CreatedUS, Shard: r.Shard, ID: r.Key.ID}
			}
			if len(rows) < page.Limit {
				break
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("%v finds %v, want %v", names, got, want)
		}
		page.Before, page.States = nil, []string{"draft"}
		if rows, _, err := db.Audience(t.Context(), page); err != nil || len(rows) > 0 {
			rt.Fatalf("in another state %v, %v", rows, err)
		}
	}
	owners, err := db.AudienceOwners(t.Context(), bookName, "task", "z", 10)
	if err != nil || len(owners) > 0 {
		rt.Fatalf("a name that finds nothing is known to %v: %v", owners, err)
	}
}

func checkProjection(rt *rapid.T, t *testing.T, db *store.DB, p *pen) {
	t.Helper()
	for mark, want := range naiveMarks(p.records) {
		var got []string
		page := store.MarkPage{Limit: rapid.IntRange(1, 5).Draw(rt, "limit")}
		for {
			rows, seen, err := db.Marked(t.Context(), mark, page)
			must(t, err)
			if len(seen) != 1 || seen[0].Seq != p.head.Seq {
				rt.Fatalf("seen %+v", seen)
			}
			for _, r := range rows {
				got = append(got, fmt.Sprintf("%d.%d", r.Shard, r.Seq))
			}
			if len(rows) < page.Limit {
				break
			}
			page.After = &rows[len(rows)-1]
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("%+v is on %v, want %v", mark, got, want)
		}
	}
	checkAudience(rt, t, db, p)
	checkDated(rt, t, db, p)
	rows, _, err := db.Correspondences(t.Context(), bookName, "9999-12")
	must(t, err)
	sums := map[string]money.Amount{}
	for _, r := range rows {
		debit, credit := fmt.Sprint(r.Month, " ", r.Debit, " ", journalv1.LegKind_LEG_KIND_DEBIT), fmt.Sprint(r.Month, " ", r.Credit, " ", journalv1.LegKind_LEG_KIND_CREDIT)
		sums[debit], sums[credit] = sums[debit].Add(r.Amount), sums[credit].Add(r.Amount)
	}
	got := map[string]string{}
	for k, v := range sums {
		got[k] = money.RUB.Format(v)
	}
	if want := naiveCorrespondences(p.records); !maps.Equal(got, want) {
		rt.Fatalf("turnovers %v, want %v", got, want)
	}
}

// TestMarkedIsMergedOverShardsAndBounded: the records of several shards come in the order
// of their clocks, within the moments that are asked.
func TestMarkedIsMergedOverShardsAndBounded(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		var all []journal.Sealed
		for shard := range 3 {
			_, w := own(t, db, shard)
			p := newPen(t, shard)
			totals, at := store.NewTotals(), store.Projected{Shard: shard}
			for i := range 60 {
				p.pass(time.Duration(i%7) * 53 * time.Minute)
				p.busy(i % 4)
				if i%4 == 3 {
					run := p.records[i-3:]
					must(t, commit(t, w, totals, run))
					var err error
					at, err = db.Project(t.Context(), at, run, nil)
					must(t, err)
				}
			}
			all = append(all, p.records...)
		}
		slices.SortFunc(all, func(a, b journal.Sealed) int {
			return cmp.Or(cmp.Compare(a.Record.GetClockUs(), b.Record.GetClockUs()), cmp.Compare(a.Record.GetShard(), b.Record.GetShard()),
				cmp.Compare(a.Record.GetSeq(), b.Record.GetSeq()))
		})
		mark := store.Mark{Book: bookName, Sort: store.MarkMetadata, Name: "order", Value: "1"}
		for i := 0; i < len(all); i += 17 {
			from, until := all[i].Record.GetClockUs(), all[len(all)-1-i/2].Record.GetClockUs()
			var want []string
			for _, s := range all {
				if c := s.Record.GetClockUs(); c >= from && c < until && s.Record.GetEntry().GetMetadata()["order"] == "1" {
					want = append(want, fmt.Sprintf("%d.%d", s.Record.GetShard(), s.Record.GetSeq()))
				}
			}
			var got []string
			page := store.MarkPage{FromUS: from, UntilUS: until, Limit: 4}
			for {
				rows, _, err := db.Marked(t.Context(), mark, page)
				must(t, err)
				for _, r := range rows {
					got = append(got, fmt.Sprintf("%d.%d", r.Shard, r.Seq))
				}
				if len(rows) < page.Limit {
					break
				}
				page.After = &rows[len(rows)-1]
			}
			if !slices.Equal(got, want) {
				t.Fatalf("from %d until %d: %v, want %v", from, until, got, want)
			}
		}
	})
}

// daysOf are days of moves as a flow could have them: every third move changes nothing, an owner with no letter
// takes the aggregate out.
func daysOf(records []journal.Sealed) (days []store.Dated) {
	for _, s := range records {
		m := s.Record.GetMove()
		if m == nil || m.GetVersion()%3 == 2 {
			continue
		}
		d := store.Dated{
			Key: store.AggregateKey{Book: s.Record.GetBook(), Flow: m.GetFlow(), ID: m.GetId()}, First: m.GetVersion() == 1, State: m.GetTo(),
			Day: fmt.Sprintf("2026-03-%02d", 1+s.Record.GetSeq()*7%28), Amount: money.New(int64(s.Record.GetSeq()%5)*100, 2), Places: []string{"", "place-" + m.GetOwner()},
		}
		if s.Record.GetSeq()%6 == 0 {
			d.Places = nil
		}
		days = append(days, d)
	}
	return days
}

// checkDated: a day, a place and an amount find the aggregates whose newest day they are, in the order of days, either way.
func checkDated(rt *rapid.T, t *testing.T, db *store.DB, p *pen) {
	t.Helper()
	newest, states := map[string]store.Dated{}, map[string]string{}
	for _, d := range daysOf(p.records) {
		newest[d.Key.ID] = d
	}
	for _, s := range p.records {
		if m := s.Record.GetMove(); m != nil {
			states[m.GetId()] = m.GetTo()
		}
	}
	least, most := money.New(100, 2), money.New(300, 2)
	page := store.DatedPage{
		Book: bookName, Flow: "task", States: []string{"paid", "error"}, From: "2026-03-04", To: "2026-03-25",
		Place: rapid.SampledFrom([]string{"", "place-", "place-a", "place-b"}).Draw(rt, "place"), Oldest: rapid.Bool().Draw(rt, "oldest"),
		Limit: rapid.IntRange(1, 3).Draw(rt, "limit"),
	}
	if rapid.Bool().Draw(rt, "amounts") {
		page.Least, page.Most = &least, &most
	}
	var want []string
	for id, d := range newest {
		if slices.Contains(page.States, d.State) && slices.Contains(d.Places, page.Place) && d.Day >= page.From && d.Day <= page.To &&
			(page.Least == nil || d.Amount.Cmp(least) >= 0 && d.Amount.Cmp(most) <= 0) {
			want = append(want, d.Day+" "+id)
		}
	}
	slices.Sort(want)
	if !page.Oldest {
		slices.Reverse(want)
	}
	var got []string
	for {
		rows, seen, err := db.Dated(t.Context(), page)
		must(t, err)
		if len(seen) != 1 || seen[0].Seq != p.head.Seq {
			rt.Fatalf("seen %+v", seen)
		}
		for _, r := range rows {
			day := strconv.FormatInt(r.CreatedUS, 10)
			got = append(got, day[:4]+"-"+day[4:6]+"-"+day[6:]+" "+r.Key.ID)
			if r.State != states[r.Key.ID] {
				rt.Fatalf("%s is %s, not %s", r.Key.ID, states[r.Key.ID], r.State)
			}
		}
		if len(rows) < page.Limit {
			break
		}
		last := rows[len(rows)-1]
		page.After = &store.AggregateCursor{CreatedUS: last.CreatedUS, Shard: last.Shard, ID: last.Key.ID}
	}
	if !slices.Equal(got, want) {
		rt.Fatalf("%+v finds %v, want %v", page, got, want)
	}
}
