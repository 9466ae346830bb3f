package export_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sort"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/export"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// cut is a journal whose segments are cut once.
type cut struct {
	memory
	segments []journal.Segment
}

func (c cut) Segments(_ context.Context, _ int, from uint64, limit int) ([]journal.Segment, error) {
	first := sort.Search(len(c.segments), func(i int) bool { return c.segments[i].LastSeq() >= from })
	return c.segments[first:min(first+limit, len(c.segments))], nil
}

// alive is what the garbage collector leaves.
func alive() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// held exports and answers by how much what is alive grew meanwhile: looked at every tenth percent, and
// when the books look.
func held(t *testing.T, o export.Options, books func(look func()) export.Books) (grown uint64, report export.Report) {
	t.Helper()
	var before, most uint64
	look := func() { most = max(most, alive()) }
	b := books(look)
	before = alive()
	o.Progress = func(percent int) {
		if percent%10 == 0 {
			look()
		}
	}
	report, err := export.Write(t.Context(), b, o, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	runtime.KeepAlive(b)
	return max(most, before) - before, report
}

// TestMemoryIsBounded: an export of 100,000 legs keeps a line of 32 bytes for each entry
// and a few segments, whatever the entries say. It runs beside no other test.
func TestMemoryIsBounded(t *testing.T) {
	w := audittest.New()
	ops := make([]*commandv1.Operation, 5_000)
	for range 10 {
		for i := range ops {
			ops[i] = audittest.Post("opening", "", audittest.Leg('D', "bank:settlement", "RUB", "1.00"), audittest.Leg('C', "capital:own", "RUB", "1.00"))
		}
		w.Do(0, ops...)
	}
	j := cut{memory{w}, segments(w.Records(0))}
	grown, report := held(t, export.Options{Format: export.FormatHledger}, func(func()) export.Books { return j })
	if report.Legs != 100_000 || grown > 16<<20 {
		t.Errorf("an export of %d legs holds %d MB", report.Legs, grown>>20)
	}
	t.Logf("%d KB", grown>>10)
}

// TestMemoryIsFlat: a statement of 100,000 postings and a sheet of 100,000 accounts hold no more than those
// of 20,000: one page. It runs beside no other test.
func TestMemoryIsFlat(t *testing.T) {
	for name, o := range map[string]export.Options{
		"statement": {What: export.Statement, Account: "bank:settlement", Format: export.FormatCSV},
		"card":      {What: export.Card, Account: "bank:settlement", Format: export.FormatCSV},
		"journal":   {What: export.Statement, Account: "bank:settlement", Format: export.FormatHledger},
		"osv":       {What: export.Turnovers, By: ledger.SheetByAccount, Format: export.FormatCSV},
		"trial":     {What: export.TrialBalance, To: "2026-03-31", Format: export.FormatCSV},
	} {
		o.Book = "main"
		for _, n := range []int{20_000, 100_000} {
			grown, report := held(t, o, func(look func()) export.Books { return &endless{n: n, look: look} })
			if report.Lines+report.Legs < n && o.What != export.TrialBalance {
				t.Errorf("%s: %+v", name, report)
			}
			t.Logf("%s of %d: %d KB", name, n, grown>>10)
			if grown > 1<<20 {
				t.Errorf("%s of %d holds %d KB", name, n, grown>>10)
			}
		}
	}
}

// endless are books that make up what is read of them: so many postings of an account, so many accounts.
type endless struct {
	export.Books
	n, pages int
	look     func() // at every eighth page
}

func (e *endless) page() {
	if e.pages++; e.pages%8 == 0 {
		e.look()
	}
}

func (e *endless) Shards(context.Context) ([]store.ShardState, error) {
	return []store.ShardState{{Head: journal.Head{Seq: uint64(e.n)}}}, nil
}

// record is the number's: a posting of a kopeck.
func (e *endless) record(seq uint64) *journalv1.Record {
	return &journalv1.Record{
		Book: "main", Seq: seq, ClockUs: int64(seq), Key: fmt.Sprint("key-", seq),
		Entry: &journalv1.Entry{Kind: "topup", Day: "2026-03-02", Links: map[string]string{"order": fmt.Sprint("o-", seq)}, Metadata: map[string]string{"note": "«ёлки»; =1"}},
		Legs: []*journalv1.Leg{
			{Account: "bank:settlement", Asset: "RUB", Kind: journalv1.LegKind_LEG_KIND_DEBIT, Amount: "0.01"},
			{Account: fmt.Sprint("customer:c", seq%100), Asset: "RUB", Kind: journalv1.LegKind_LEG_KIND_CREDIT, Amount: "0.01"},
		},
	}
}

func (e *endless) DayLegs(_ context.Context, key store.StripeKey, page store.DayPage) (rows []store.LegRow, _ []store.Seen, _ error) {
	e.page()
	from := uint64(1)
	if page.After != nil {
		from = page.After.Leg.Seq + 1
	}
	for seq := from; seq <= uint64(e.n) && len(rows) < page.Limit; seq++ {
		rows = append(rows, store.LegRow{
			Key: key, Seq: seq, ClockUS: int64(seq), Day: "2026-03-02", Kind: journalv1.LegKind_LEG_KIND_DEBIT, Amount: money.MustParse("0.01"),
		})
	}
	return rows, nil, nil
}

func (e *endless) Records(_ context.Context, ids []store.RecordID) (map[store.RecordID][]byte, error) {
	raws := map[store.RecordID][]byte{}
	for _, id := range ids {
		raw, err := proto.Marshal(e.record(id.Seq))
		if err != nil {
			return nil, err
		}
		raws[id] = raw
	}
	return raws, nil
}

func (e *endless) Balances(_ context.Context, keys []store.StripeKey, _ store.At) ([]store.Balance, []store.Seen, error) {
	return []store.Balance{{Key: keys[0], Debit: money.New(int64(e.n), 2), Stripes: []store.StripeBalance{{Version: uint64(e.n)}}}}, nil, nil
}

// Turnovers are as many customers, and the bank that stands against them.
func (e *endless) Turnovers(_ context.Context, page store.TurnoverPage) (rows []store.Turnover, next *store.StripeRef, _ error) {
	e.page()
	switch page.Type {
	case "bank":
		all := store.Sums{Debit: money.New(int64(e.n), 2)}
		return []store.Turnover{{Name: book.Name{Type: "bank", Owner: "settlement"}, Asset: "RUB", Closing: all}}, nil, nil
	case "customer":
		from := 0
		if page.After != nil {
			_, _ = fmt.Sscanf(page.After.Name.Owner, "c%d", &from)
		}
		for i := from + 1; i <= e.n && len(rows) < page.Limit; i++ {
			rows = append(rows, store.Turnover{Name: book.Name{Type: "customer", Owner: fmt.Sprintf("c%09d", i)}, Asset: "RUB", Closing: store.Sums{Credit: money.MustParse("0.01")}})
		}
		if len(rows) == page.Limit {
			next = &store.StripeRef{Name: rows[len(rows)-1].Name, Asset: "RUB"}
		}
	}
	return rows, next, nil
}
