package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// pen writes the records of one shard for the tests: a naive ledger of its own, which
// keeps every sum as it goes and knows nothing of the store.
type pen struct {
	t       testing.TB
	shard   int
	book    string
	head    journal.Head
	clock   time.Time
	stripes map[string]*sums // by account and asset
	records []journal.Sealed
}

type sums struct {
	account, asset string
	version        uint64
	debit, credit  money.Amount
	heldDebit      money.Amount
}

func newPen(t testing.TB, shard int) *pen {
	return &pen{t: t, shard: shard, book: bookName, stripes: map[string]*sums{}, clock: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
}

const bookName = "main"

// leg moves a stripe and describes it.
func (p *pen) leg(account, asset string, kind journalv1.LegKind, amount money.Amount) *journalv1.Leg {
	s := p.stripes[account+"/"+asset]
	if s == nil {
		s = &sums{account: account, asset: asset}
		p.stripes[account+"/"+asset] = s
	}
	s.version++
	switch kind {
	case journalv1.LegKind_LEG_KIND_DEBIT:
		s.debit = s.debit.Add(amount)
	case journalv1.LegKind_LEG_KIND_CREDIT:
		s.credit = s.credit.Add(amount)
	case journalv1.LegKind_LEG_KIND_HOLD_DEBIT:
		s.heldDebit = s.heldDebit.Add(amount)
	}
	unit, _ := money.LookupAsset(asset)
	leg := &journalv1.Leg{
		Account: account, Asset: asset, Kind: kind, Amount: unit.Format(amount), Version: s.version,
		Debit: unit.Format(s.debit), Credit: unit.Format(s.credit),
	}
	if !s.heldDebit.IsZero() {
		leg.HeldDebit = unit.Format(s.heldDebit)
	}
	return leg
}

// post is a record that moves an amount; day "" is the day of the clock in Moscow.
func (p *pen) post(key, day, from, to, asset string, amount money.Amount) journal.Sealed {
	if day == "" {
		day = p.clock.Add(3 * time.Hour).Format("2006-01-02")
	}
	return p.write(&journalv1.Record{
		Key: key, RequestHash: []byte("hash-of-" + key), Entry: &journalv1.Entry{Kind: "transfer", Day: day},
		Legs: []*journalv1.Leg{
			p.leg(from, asset, journalv1.LegKind_LEG_KIND_DEBIT, amount),
			p.leg(to, asset, journalv1.LegKind_LEG_KIND_CREDIT, amount),
		},
	})
}

// write seals a record as the shard's next one.
func (p *pen) write(r *journalv1.Record) journal.Sealed {
	p.t.Helper()
	r.Book, r.ClockUs, r.Last = p.book, p.clock.UnixMicro(), true
	r.Offset, r.Command = int64(p.head.Seq), fmt.Sprintf("command-%d", p.head.Seq)
	s, err := p.head.Seal(uint32(p.shard), r)
	if err != nil {
		p.t.Fatal(err)
	}
	p.records = append(p.records, s)
	return s
}

// pass lets time pass.
func (p *pen) pass(d time.Duration) { p.clock = p.clock.Add(d) }

// commit writes records from number from on, in one commit; offsets are numbers.
func commit(t testing.TB, w *store.Writer, totals *store.Totals, records []journal.Sealed) error {
	t.Helper()
	moscow, err := time.LoadLocation("Europe/Moscow")
	must(t, err)
	rows := store.NewRows(moscow)
	for _, s := range records {
		rows.Add(s, totals)
	}
	first, last := records[0].Record, records[len(records)-1].Record
	return w.Commit(t.Context(), store.Commit{
		Expect: store.Position{Offset: int64(first.GetSeq()) - 1},
		Next:   store.Position{Offset: int64(last.GetSeq()), LeaderEpoch: 7, TopicID: [16]byte{1, 2, 3}},
		Rows:   rows,
	})
}
