package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/provodka/provodka/cmd/provodka/embed/embedtest"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

// BenchmarkCommit writes batches of two-leg entries between 10,000 accounts, with
// time-ordered keys. The embedded server of the tests runs without fsync: for figures
// give PROVODKA_TEST_PG_DSN of a durable one.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 100, 1000, 8000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			db := open(b, embedtest.DSN(b, store.Migrate))
			_, w := own(b, db, 1)
			p, totals := newPen(b, 1), store.NewTotals()
			rows := store.NewRows(db.Zone())
			var encode, send time.Duration
			for b.Loop() {
				b.StopTimer()
				p.records = nil
				p.transfers(size)
				b.StartTimer()
				started := time.Now()
				rows.Reset()
				for _, s := range p.records {
					rows.Add(s, totals)
				}
				encode += time.Since(started)
				started = time.Now()
				first := int64(p.records[0].Record.GetSeq()) - 1
				must(b, w.Commit(b.Context(), store.Commit{
					Expect: store.Position{Offset: first}, Next: store.Position{Offset: first + int64(size)}, Rows: rows,
				}))
				send += time.Since(started)
			}
			b.ReportMetric(encode.Seconds()*1000/float64(b.N), "add-ms/op")        // float: measured
			b.ReportMetric(send.Seconds()*1000/float64(b.N), "commit-ms/op")       // float: measured
			b.ReportMetric(float64(size*b.N)/(encode+send).Seconds(), "records/s") // float: measured
		})
	}
}

// transfers writes n entries between 10,000 accounts.
func (p *pen) transfers(n int) {
	for i := range n {
		from, to := (i*7919+int(p.head.Seq)*31)%10000, (i*104729+int(p.head.Seq)*17+1)%10000
		if from == to {
			to = (to + 1) % 10000
		}
		ms := uint64(time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).UnixMilli()) + p.head.Seq
		key := fmt.Sprintf("%08x-%04x-7%03x-8%03x-%012x", ms>>16, ms&0xffff, i&0xfff, i&0xfff, p.head.Seq*2654435761&0xffffffffffff)
		p.post(key, "", fmt.Sprintf("wallet:company-%06d", from), fmt.Sprintf("wallet:company-%06d", to), "RUB", money.New(int64(100+i), 2))
	}
}

// BenchmarkLoadStripes reads the newest legs of the 520 that exist of 1,000 accounts.
func BenchmarkLoadStripes(b *testing.B) {
	db := open(b, embedtest.DSN(b, store.Migrate))
	_, w := own(b, db, 1)
	p, totals := newPen(b, 1), store.NewTotals()
	for range 5 {
		p.records = nil
		p.transfers(8000)
		must(b, commit(b, w, totals, p.records))
	}
	var keys []store.StripeKey
	for i := range 1000 {
		keys = append(keys, store.StripeKey{Account: book.ID(bookName, fmt.Sprintf("wallet:company-%06d", i*7)), Asset: "RUB"})
	}
	for b.Loop() {
		rows, err := db.LoadStripes(b.Context(), 1, keys)
		if err != nil || rows[0].Version == 0 {
			b.Fatal(len(rows), err)
		}
	}
}

// BenchmarkAdd makes rows and bytes of 8,000 records, without a database.
func BenchmarkAdd(b *testing.B) {
	p := newPen(b, 1)
	p.transfers(8000)
	records := append([]journal.Sealed(nil), p.records...)
	moscow, err := time.LoadLocation("Europe/Moscow")
	must(b, err)
	rows := store.NewRows(moscow)
	for b.Loop() {
		rows.Reset()
		totals := store.NewTotals()
		for _, s := range records {
			rows.Add(s, totals)
		}
	}
}
