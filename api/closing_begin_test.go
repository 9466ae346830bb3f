package api_test

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/engine/flow/closing"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/monthly"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// testOldCompanies: the documents of companies from before there were any begin without a
// call, with the month in which each registered; of those that are not active, and of those
// that have them, nothing is begun; a second pass, and one beside it, begin nothing twice.
func testOldCompanies(t *testing.T, h *house) {
	c := h.caller(t)
	had := c.company(63, "")
	c.closings(had)
	const many = 7
	conn, err := pgx.Connect(t.Context(), h.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	old := func(id, state, day string) {
		if _, err := conn.Exec(t.Context(), `INSERT INTO aggregate (shard, book, flow, id, owner, state, version, data, progress, entries, created_us, updated_us)
			VALUES (0, $1, $2, $3, $3, $4, 1, $5, '', '{}', 1, 1)`, c.book, company.Name, id, state, bytesOf(&flowv1.CompanyData{RegisteredDay: day})); err != nil {
			t.Fatal(err)
		}
	}
	for i := range many {
		old(fmt.Sprintf("old-%d", i), company.Active, fmt.Sprintf("2026-0%d-15", i+1))
	}
	old("waits", company.AwaitingDeposit, "2026-01-15")
	old("broken", company.Active, "") // stands in nobody's way

	begin := func() {
		b := &monthly.Beginner{DB: h.db, Submit: h.loop.Submit, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
		if _, err := b.Begin(t.Context()); err == nil {
			t.Error("a company that cannot be begun is not told of")
		}
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(begin)
	}
	both.Wait()
	begin()
	for i := range many {
		d := c.closings(fmt.Sprintf("old-%d", i))
		if want := fmt.Sprintf("2026-0%d", i+1); d.GetFromMonth() != want {
			t.Errorf("old-%d begins in %q, not in %s", i, d.GetFromMonth(), want)
		}
	}
	rows, _, err := h.db.FindAggregates(t.Context(), []store.AggregateKey{
		{Book: c.book, Flow: closing.Name, ID: "waits"}, {Book: c.book, Flow: closing.Name, ID: "broken"}, {Book: c.book, Flow: closing.Name, ID: "old-0"},
	})
	if err != nil || len(rows) != 1 || rows[0].Version != 1 {
		t.Errorf("%v %v", rows, err)
	}
}
