package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// plain is the second model: every posting in one list, and questions answered by
// filtering it. Holds are on one account, a leg of no side each.
type plain struct{ legs, holds []plainLeg }

type plainLeg struct {
	book, account, day string
	shard, leg         int
	seq                uint64
	clock              int64
	debit              bool
	amount             int64
	moves              bool // between the stripes of one account
}

// question is a range of days and what counts as known.
type question struct {
	from, to string
	known    int64
	upto     []store.Seen
}

// counts says whether the leg is effective up to a day ("" is ever) and known.
func (q question) counts(l plainLeg, to string) bool {
	if to != "" && l.day > to || q.known != 0 && l.clock > q.known {
		return false
	}
	for _, s := range q.upto {
		if s.Shard == l.shard && l.seq > s.Seq {
			return false
		}
	}
	return true
}

// sums of accounts; whole leaves out what moves between stripes.
func (p plain) sums(q question, bookName, to string, whole bool) map[string][2]int64 {
	out := map[string][2]int64{}
	for _, l := range p.legs {
		if l.book != bookName || whole && l.moves || !q.counts(l, to) {
			continue
		}
		sum := out[l.account]
		if l.debit {
			sum[0] += l.amount
		} else {
			sum[1] += l.amount
		}
		out[l.account] = sum
	}
	return out
}

// held is what stands held of an account: a hold counts from the day on which it was placed.
func (p plain) held(q question, bookName, account string) (sum int64) {
	for _, l := range p.holds {
		if l.book == bookName && l.account == account && q.counts(l, q.to) {
			sum += l.amount
		}
	}
	return sum
}

// TestEveryQuestionOfTwoClocks writes random entries, on their day, late and early, into
// one to four shards, in random commits, and asks random questions.
func TestEveryQuestionOfTwoClocks(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		var books atomic.Int32
		first := 0
		rapid.Check(t, func(rt *rapid.T) {
			bookName := fmt.Sprintf("book-%d", books.Add(1))
			shards := rapid.IntRange(1, 4).Draw(rt, "shards")
			var model plain
			for shard := first; shard < first+shards; shard++ {
				p := newPen(t, shard)
				p.book = bookName
				p.write4Clocks(rt, &model)
				if len(p.records) > 0 {
					writeInBatches(rt, t, db, p, "commit")
				}
			}
			first += shards
			for range 2 {
				q := drawQuestion(rt, model)
				checkBalances(rt, t, db, model, q, bookName)
				checkDayLegs(rt, t, db, model, q, bookName)
				checkTurnovers(rt, t, db, model, q, bookName)
			}
		})
	})
}

var clockAccounts = []string{"bank:main", "wallet:a", "wallet:a:x", "wallet:b", "wallet:a:transit"}

func (p *pen) write4Clocks(rt *rapid.T, model *plain) {
	for range rapid.IntRange(0, 14).Draw(rt, "records") {
		p.pass(time.Duration(rapid.SampledFrom([]int64{0, 1, 3600, 40_000, 100_000, 900_000}).Draw(rt, "pass")) * time.Second)
		amount := rapid.Int64Range(1, 1000).Draw(rt, "amount")
		today := p.clock.Add(3 * time.Hour)
		day := today.AddDate(0, 0, rapid.SampledFrom([]int{0, 0, -1, -2, -7, -40, -400, 3, -120_000, 120_000}).Draw(rt, "day")).Format(time.DateOnly)
		debit, credit := "bank:main", rapid.SampledFrom(clockAccounts[1:4]).Draw(rt, "credit")
		moves := rapid.IntRange(0, 4).Draw(rt, "moves") == 0
		if moves {
			debit, credit, day = "wallet:a", "wallet:a:transit", today.Format(time.DateOnly)
			if rapid.Bool().Draw(rt, "into") {
				debit, credit = credit, debit
			}
		}
		if rapid.IntRange(0, 5).Draw(rt, "hold") == 0 {
			p.write(&journalv1.Record{Legs: []*journalv1.Leg{p.leg("wallet:a", "RUB", journalv1.LegKind_LEG_KIND_HOLD_DEBIT, money.New(amount, 2))}})
			model.holds = append(model.holds, plainLeg{
				book: p.book, account: "wallet:a", day: today.Format(time.DateOnly), shard: p.shard, seq: p.head.Seq, clock: p.clock.UnixMicro(), amount: amount,
			})
		}
		parts := 1 // two legs of one account in one record may stand on two pages
		if !moves {
			parts = rapid.IntRange(1, 2).Draw(rt, "parts")
		}
		r := &journalv1.Record{Entry: &journalv1.Entry{Kind: "transfer", Day: day}}
		post := func(account string, kind journalv1.LegKind, amount int64) {
			model.legs = append(model.legs, plainLeg{
				p.book, account, day, p.shard, len(r.Legs), p.head.Seq + 1, p.clock.UnixMicro(),
				kind == journalv1.LegKind_LEG_KIND_DEBIT, amount, moves,
			})
			r.Legs = append(r.Legs, p.leg(account, "RUB", kind, money.New(amount, 2)))
		}
		post(debit, journalv1.LegKind_LEG_KIND_DEBIT, amount*int64(parts))
		for range parts {
			post(credit, journalv1.LegKind_LEG_KIND_CREDIT, amount)
		}
		p.write(r)
	}
}

func drawQuestion(rt *rapid.T, model plain) (q question) {
	day := func(label string) string {
		base := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
		far := rapid.SampledFrom([]int{-150_000, -120_000, 120_000, 150_000})
		return base.AddDate(0, 0, rapid.OneOf(rapid.IntRange(-60, 60), rapid.IntRange(-60, 60), far).Draw(rt, label)).Format(time.DateOnly)
	}
	q.from, q.to = day("from"), day("to")
	if q.from > q.to {
		q.from, q.to = q.to, q.from
	}
	if len(model.legs) == 0 {
		return q
	}
	some := rapid.SampledFrom(model.legs).Draw(rt, "leg")
	switch rapid.IntRange(0, 3).Draw(rt, "known") {
	case 0:
		q.known = some.clock + rapid.Int64Range(-1, 1).Draw(rt, "tick")
	case 1:
		shards := map[int]bool{}
		for _, l := range model.legs {
			if !shards[l.shard] {
				shards[l.shard] = true
				q.upto = append(q.upto, store.Seen{Shard: l.shard, Seq: rapid.Uint64Range(0, 20).Draw(rt, "upto")})
			}
		}
	}
	return q
}

func checkBalances(rt *rapid.T, t *testing.T, db *store.DB, model plain, q question, bookName string) {
	var keys []store.StripeKey
	for _, a := range clockAccounts {
		keys = append(keys, store.StripeKey{Account: book.ID(bookName, a), Asset: "RUB"})
	}
	for _, db := range []*store.DB{db, db.AsCockroach()} {
		found, _, err := db.Balances(t.Context(), keys, store.At{Day: q.to, KnownUS: q.known, Upto: q.upto})
		must(t, err)
		got := map[store.StripeKey]store.Balance{}
		for _, b := range found {
			got[b.Key] = b
		}
		want := model.sums(q, bookName, q.to, false)
		for i, a := range clockAccounts {
			b, w := got[keys[i]], want[a]
			if !b.Debit.Equal(money.New(w[0], 2)) || !b.Credit.Equal(money.New(w[1], 2)) {
				rt.Fatalf("%s as of %+v: %s %s, want %v", a, q, b.Debit, b.Credit, w)
			}
			if held := model.held(q, bookName, a); !b.HeldDebit.Equal(money.New(held, 2)) {
				rt.Fatalf("%s as of %+v: %s is held, want %d", a, q, b.HeldDebit, held)
			}
		}
	}
}

// checkDayLegs reads the statement of an account in pages.
func checkDayLegs(rt *rapid.T, t *testing.T, db *store.DB, model plain, q question, bookName string) {
	account := rapid.SampledFrom(clockAccounts[:3]).Draw(rt, "account")
	var want []string
	var sorted []plainLeg
	for _, l := range model.legs {
		if l.account == account && l.day >= q.from && q.counts(l, q.to) {
			sorted = append(sorted, l)
		}
	}
	slices.SortFunc(sorted, func(a, b plainLeg) int {
		return strings.Compare(a.line(), b.line())
	})
	for _, l := range sorted {
		want = append(want, l.line())
	}
	page := store.DayPage{From: q.from, To: q.to, KnownUS: q.known, Upto: q.upto, Limit: rapid.IntRange(1, 9).Draw(rt, "limit")}
	var got []string
	for {
		legs, _, err := db.DayLegs(t.Context(), store.StripeKey{Account: book.ID(bookName, account), Asset: "RUB"}, page)
		must(t, err)
		for _, l := range legs {
			got = append(got, line(l.Day, l.ClockUS, l.Shard, l.Seq, l.Leg, l.Kind == journalv1.LegKind_LEG_KIND_DEBIT, l.Amount))
			page.After = &store.DayCursor{Day: l.Day, Leg: store.LegCursor{ClockUS: l.ClockUS, Shard: l.Shard, Seq: l.Seq, Leg: l.Leg}}
		}
		if len(legs) < page.Limit {
			break
		}
	}
	if !slices.Equal(got, want) {
		rt.Fatalf("%s, %+v, pages of %d:\n%s\nwant\n%s", account, q, page.Limit, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// line is a leg as text that sorts as legs do.
func line(day string, clock int64, shard int, seq uint64, leg int, debit bool, amount money.Amount) string {
	return fmt.Sprintf("%s %020d %05d %05d %d debit=%t %s", day, clock, shard, seq, leg, debit, money.RUB.Format(amount))
}

func (l plainLeg) line() string {
	return line(l.day, l.clock, l.shard, l.seq, l.leg, l.debit, money.New(l.amount, 2))
}

func checkTurnovers(rt *rapid.T, t *testing.T, db *store.DB, model plain, q question, bookName string) {
	page := store.TurnoverPage{Book: bookName, Type: "wallet", From: q.from, To: q.to, KnownUS: q.known, Upto: q.upto, Limit: rapid.IntRange(1, 5).Draw(rt, "limit")}
	day, err := time.Parse(time.DateOnly, q.from)
	must(t, err)
	opening := model.sums(q, bookName, day.AddDate(0, 0, -1).Format(time.DateOnly), true)
	closing := model.sums(q, bookName, q.to, true)
	asked := 0
	for {
		rows, next, err := db.Turnovers(t.Context(), page)
		must(t, err)
		for _, r := range rows {
			o, c := opening[r.Name.String()], closing[r.Name.String()]
			if !same(r.Opening, o) || !same(r.Closing, c) || r.Name.IsTransit() {
				rt.Fatalf("%s, %+v: %v, want %v and %v", r.Name, q, r, o, c)
			}
			delete(closing, r.Name.String())
			asked++
		}
		if next == nil {
			break
		}
		page.After = next
	}
	delete(closing, "bank:main")
	if len(closing) > 0 {
		rt.Fatalf("%+v: %d accounts, %v are missing", q, asked, closing)
	}
}

func same(s store.Sums, want [2]int64) bool {
	return s.Debit.Equal(money.New(want[0], 2)) && s.Credit.Equal(money.New(want[1], 2))
}
