package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/provodka/provodka/api"
	"github.com/provodka/provodka/api/statement"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

// teller is a bank that tells what a test has put on our first account.
type teller struct {
	mu      sync.Mutex
	lines   []port.Movement
	asked   []string // from and to of each question
	silent  string   // a day that it does not tell
	pending int
	today   string
	looks   int // how often it came to today
}

func (b *teller) Statement(_ context.Context, account, from, to string) (*port.Statement, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, from+" "+to)
	if from <= b.silent && b.silent <= to {
		return nil, errors.New("http 500")
	}
	s := &port.Statement{Accounts: []port.AccountTotals{{Account: account, From: from, To: to}}, Pending: b.pending}
	for _, m := range b.lines {
		if from <= m.Day && m.Day <= to {
			s.Movements = append(s.Movements, m)
		}
	}
	if to == b.today {
		b.looks++
	}
	return s, nil
}

// change changes what the bank says of an operation; "" adds one.
func (b *teller) change(operation string, do func(m *port.Movement)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.lines {
		if b.lines[i].Operation == operation {
			do(&b.lines[i])
			return
		}
	}
	m := port.Movement{Account: ownAccounts()[0].Account, Day: "2026-03-04", DocumentDay: "2026-03-04", Operation: operation, Number: "1"}
	do(&m)
	b.lines = append(b.lines, m)
}

// pulled has n processes look at the bank's statement, at least once each, until that is done.
func (c *caller) pulled(b *teller, n int, now time.Time) {
	c.t.Helper()
	b.mu.Lock()
	b.today = now.Format(time.DateOnly)
	until := b.looks + 2*n // who has begun the next look is done with one
	b.mu.Unlock()
	ctx, cancel := context.WithCancel(c.t.Context())
	var over sync.WaitGroup
	for range n {
		cfg := c.house.config
		cfg.Metrics, cfg.Now, cfg.Own = prometheus.NewRegistry(), func() time.Time { return now }, ownAccounts()
		cfg.Own[0].Asked, cfg.Pull = true, c.pullFrom(b)
		server, err := api.New(cfg)
		if err != nil {
			c.t.Fatal(err)
		}
		over.Go(func() { server.Pull(ctx) })
	}
	for range 600 {
		b.mu.Lock()
		done := b.looks >= until
		b.mu.Unlock()
		if done {
			break
		}
		c.pause()
	}
	cancel()
	over.Wait()
}

// pullFrom says how a bank is asked.
func (c *caller) pullFrom(b *teller) *statement.Pull {
	return &statement.Pull{
		Bank: b, Zone: time.FixedZone("MSK", 3*60*60), Book: c.book, Every: time.Millisecond,
		Accounts: []statement.Told{{Account: ownAccounts()[0].Account, Since: "2026-03-01"}},
	}
}

// told is the line of a purpose.
func (c *caller) told(purpose string) *statementv1.Line {
	c.t.Helper()
	states := []string{"topped_up", "unmatched", "unexplained", "explained", "bank_fee"}
	got, err := c.Statements.ListLines(c.t.Context(), &statementv1.ListLinesRequest{Book: c.book, States: states, PageSize: 100})
	if err != nil {
		c.t.Fatal(err)
	}
	i := slices.IndexFunc(got.GetLines(), func(l *statementv1.Line) bool { return strings.Contains(l.GetPurpose(), purpose) })
	if i < 0 {
		c.t.Fatalf("no line is told for %q: %v", purpose, got)
	}
	return got.GetLines()[i]
}

// testBankTells: whatever the bank changes of a line that is booked, it is one line; finance sees
// what was changed, and what another sum brings or takes waits for a person.
func testBankTells(t *testing.T, h *house) {
	c, b := h.caller(t), &teller{}
	noon := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	company := c.company(1, "")
	rubles := func(text string) func(*port.Movement) {
		return func(m *port.Movement) { m.Amount = money.MustParse(text) }
	}
	b.change("op-1", func(m *port.Movement) {
		m.Amount, m.Purpose = money.MustParse("100.00"), "Пополнение, код "+private.Marker(company)
		m.Counterparty = port.Party{INN: requisite.ExampleINN(1), Name: "ООО Первое", Account: requisite.ExampleAccount("40702", requisite.ExampleBIC(77), 1)}
	})
	for _, twin := range []string{"op-2", "op-3"} {
		b.change(twin, func(m *port.Movement) { m.Amount, m.Purpose = money.MustParse("5.00"), "Чей-то" })
	}
	books := []string{"bank:settlement", "wallet:" + company}
	c.pulled(b, 2, noon)
	c.wantBalances(books, "110.00 110.00", "100.00 100.00")

	b.change("op-1", func(m *port.Movement) { m.Purpose += ", счёт 7" })
	b.change("op-2", func(m *port.Movement) { m.Operation = "op-9" })
	c.pulled(b, 2, noon)
	c.wantBalances(books, "110.00 110.00", "100.00 100.00")
	line := c.told("счёт 7")
	if line.GetState() != "topped_up" || line.GetChanges() != 1 || fmt.Sprint(line.GetChangedFields()) != "[purpose]" || line.GetToldAmount() != "" ||
		strings.Contains(line.GetBefore().GetPurpose(), "счёт 7") || line.GetBefore().GetCounterpartyName() != "ООО Первое" || line.GetChangedStatementId() == "" {
		t.Errorf("%v", line)
	}
	shown, err := c.Statements.GetStatement(t.Context(), &statementv1.GetStatementRequest{Book: c.book, StatementId: line.GetChangedStatementId()})
	if err != nil || len(shown.GetLines()) != 1 || shown.GetLines()[0].GetLineId() != line.GetLineId() {
		t.Errorf("%v %v", shown, err)
	}

	b.change("op-1", rubles("90.00"))
	c.pulled(b, 1, noon)
	c.wantBalances(books, "100.00 100.00", "100.00 100.00")
	if line = c.told("счёт 7"); line.GetState() != "unexplained" || line.GetToldAmount() != "90.00" || line.GetAmount() != "100.00" || fmt.Sprint(line.GetChangedFields()) != "[amount]" {
		t.Errorf("%v", line)
	}
	if _, err := c.Statements.ExplainLine(t.Context(), &statementv1.ExplainLineRequest{
		Book: c.book, LineId: line.GetLineId(), Explanation: statementv1.Explanation_EXPLANATION_CHARGE, CompanyId: company, Reason: "bank-1",
	}); err != nil {
		t.Fatal(err)
	}
	c.wantBalances(books, "100.00 100.00", "90.00 90.00")

	// The bank takes one of the twins back, and then tells it again.
	b.mu.Lock()
	all := slices.Clone(b.lines)
	b.lines = b.lines[:2]
	b.mu.Unlock()
	c.pulled(b, 1, noon)
	c.wantBalances(books, "95.00 95.00", "90.00 90.00")
	b.mu.Lock()
	b.lines = all
	b.mu.Unlock()
	c.pulled(b, 3, noon)
	c.wantBalances(books, "100.00 100.00", "90.00 90.00")
	if counts, err := c.Statements.CountLines(t.Context(), &statementv1.CountLinesRequest{Book: c.book}); err != nil || counts.GetSuspense() != "10.00" {
		t.Errorf("%v %v", counts, err)
	}
	for _, lost := range []string{"bank_line", "bank_line, bank_read"} { // restored, rebuilt
		c.forgets(lost)
		c.pulled(b, 2, noon)
		c.wantBalances(books, "100.00 100.00", "90.00 90.00")
		if line := c.told("счёт 7"); line.GetToldAmount() != "90.00" || line.GetChanges() != 2 {
			t.Errorf("without %s: %v", lost, line)
		}
	}
}

// forgets loses tables in which nothing is that the books say.
func (c *caller) forgets(tables string) {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.house.dsn)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close(c.t.Context())
	for _, table := range strings.Split(tables, ", ") {
		if _, err := conn.Exec(c.t.Context(), "DELETE FROM "+table+" WHERE book = $1", c.book); err != nil { // sql: the test's own words
			c.t.Fatal(err)
		}
	}
}

// testBankReadUp: however long nobody has looked, reading goes on where it stood, some days at
// once, also where it stopped in the middle; meanwhile the last days are read all the same.
func testBankReadUp(t *testing.T, h *house) {
	c, b := h.caller(t), &teller{}
	first := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	put := func(day string) {
		b.change("on-"+day, func(m *port.Movement) {
			m.Day, m.DocumentDay, m.Amount, m.Purpose = day, day, money.MustParse("1.00"), "На "+day
		})
	}
	put("2026-03-04")
	c.pulled(b, 1, first)
	c.wantBalances([]string{"bank:settlement"}, "1.00 1.00")
	read := func(want string) {
		t.Helper()
		if day, err := h.db.BankRead(t.Context(), c.book, "settlement"); err != nil || day != want {
			t.Errorf("read until %q %v, want %s", day, err, want)
		}
	}
	read("2026-03-04")
	for day := first; day.Before(first.AddDate(0, 0, 70)); day = day.AddDate(0, 0, 1) {
		put(day.Format(time.DateOnly))
	}
	b.silent, b.asked = "2026-04-20", nil
	later := first.AddDate(0, 0, 70)
	c.pulled(b, 1, later)
	c.wantBalances([]string{"bank:settlement"}, "50.00 50.00") // today's money does not wait
	read("2026-04-19")
	if b.asked[0] != "2026-03-02 2026-03-05" || b.asked[1] != "2026-03-06 2026-03-09" {
		t.Errorf("it asked about %v", b.asked[:2])
	}
	b.silent, b.asked = "", nil
	c.pulled(b, 1, later)
	c.wantBalances([]string{"bank:settlement"}, "71.00 71.00")
	read(later.AddDate(0, 0, -1).Format(time.DateOnly))
	if b.asked[0] != "2026-04-17 2026-04-20" {
		t.Errorf("it went on with %s", b.asked[0])
	}
	b.pending = 1 // of the last night
	c.pulled(b, 1, later.AddDate(0, 0, 1))
	read(later.AddDate(0, 0, -1).Format(time.DateOnly))
}

// testPullNow: whoever asks is told what is new, changed and known, and of a bank that is silent; how
// far the bank was read by itself stays.
func testPullNow(t *testing.T, h *house) {
	c, b := h.caller(t), &teller{}
	now := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	cfg := h.config
	cfg.Metrics, cfg.Now, cfg.Own = prometheus.NewRegistry(), func() time.Time { return now }, ownAccounts()
	cfg.Own[0].Asked, cfg.Pull = true, c.pullFrom(b)
	server, err := api.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	at := httptest.NewServer(server)
	defer at.Close()
	finance, err := client.New(at.URL, c.key, client.WithBook(c.book), client.WithAttempts(1))
	if err != nil {
		t.Fatal(err)
	}
	pull := func(req *statementv1.PullStatementRequest) (seen []string, err error) {
		got, err := finance.Statements.PullStatement(t.Context(), req)
		for _, p := range got.GetLines() {
			seen = append(seen, fmt.Sprint(p.GetLine().GetPurpose(), " ", p.GetLine().GetAmount(), " ", p.GetBooked(), " ", p.GetChanged()))
		}
		return append(seen, fmt.Sprint(got.GetFrom(), " ", got.GetTo(), " ", got.GetWhole())), err
	}
	want := func(lines ...string) {
		t.Helper()
		if seen, err := pull(&statementv1.PullStatementRequest{}); err != nil || !slices.Equal(seen, append(lines, "2026-03-02 2026-03-05 true")) {
			t.Errorf("%q %v", seen, err)
		}
	}
	b.change("op-1", func(m *port.Movement) { m.Amount, m.Purpose = money.MustParse("5.00"), "Первый" })
	want("Первый 5.00 true false")
	b.change("op-1", func(m *port.Movement) { m.Purpose = "Другой" })
	b.change("op-2", func(m *port.Movement) { m.Amount, m.Purpose = money.MustParse("7.00"), "Второй" })
	want("Другой 5.00 false true", "Второй 7.00 true false")
	want("Другой 5.00 false false", "Второй 7.00 false false")
	c.wantBalances([]string{"bank:settlement"}, "12.00 12.00")
	if day, err := h.db.BankRead(t.Context(), c.book, "settlement"); err != nil || day != "" {
		t.Errorf("read until %q %v", day, err)
	}
	for name, bad := range map[string]struct {
		req   *statementv1.PullStatementRequest
		code  fault.Code
		field string
	}{
		"files tell":    {&statementv1.PullStatementRequest{Account: "second"}, fault.StatementSource, "account"},
		"nobody's":      {&statementv1.PullStatementRequest{Account: "third"}, fault.NotFound, "account"},
		"before":        {&statementv1.PullStatementRequest{From: "2026-02-28"}, fault.StatementSource, "from"},
		"to come":       {&statementv1.PullStatementRequest{To: "2026-03-06"}, fault.Malformed, "to"},
		"backwards":     {&statementv1.PullStatementRequest{From: "2026-03-04", To: "2026-03-03"}, fault.Malformed, "to"},
		"no day":        {&statementv1.PullStatementRequest{From: "2026-02-30"}, fault.Malformed, "from"},
		"silent at all": {&statementv1.PullStatementRequest{From: "2026-03-03"}, fault.Unavailable, ""},
	} {
		if bad.code == fault.Unavailable {
			b.mu.Lock()
			b.silent = "2026-03-04"
			b.mu.Unlock()
		}
		_, err := pull(bad.req)
		if r := refusal(t, err); r.Code != string(bad.code) || r.Field != bad.field {
			t.Errorf("%s: %v", name, r)
		}
		b.mu.Lock()
		b.silent = ""
		b.mu.Unlock()
	}
	_, err = c.Statements.PullStatement(t.Context(), &statementv1.PullStatementRequest{Book: c.book})
	refused(t, err, fault.StatementSource, "account") // the house asks no bank
}

// testBankRefused: a line that the books refuse holds the reading back, and is booked once the
// reason is gone, though a refusal is remembered under its key.
func testBankRefused(t *testing.T, h *house) {
	c, b := h.caller(t), &teller{}
	company := c.company(1, "")
	topup := func(operation, day, sum string) {
		b.change(operation, func(m *port.Movement) {
			m.Day, m.Amount, m.Purpose = day, money.MustParse(sum), "Пополнение, код "+private.Marker(company)
			m.Counterparty = port.Party{INN: requisite.ExampleINN(1), Account: requisite.ExampleAccount("40702", requisite.ExampleBIC(77), 1)}
		})
	}
	noon := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	look := func(days int, balance, read string) {
		t.Helper()
		c.pulled(b, 1, noon.AddDate(0, 0, days))
		c.wantBalances([]string{"wallet:" + company}, balance+" "+balance)
		if day, err := h.db.BankRead(t.Context(), c.book, "settlement"); err != nil || day != read {
			t.Errorf("read until %q %v, want %s", day, err, read)
		}
	}
	topup("op-1", "2026-03-04", "100.00")
	look(0, "100.00", "2026-03-04")
	c.change(changeOf("f1", "wallet:"+company, "постановление суда", &ledgerv1.FreezeAccount{Sides: ledgerv1.Sides_SIDES_CREDITS}))
	topup("op-2", "2026-03-05", "50.00")
	look(1, "100.00", "2026-03-04")
	c.change(changeOf("u1", "wallet:"+company, "постановление отменено", &ledgerv1.UnfreezeAccount{Sides: ledgerv1.Sides_SIDES_CREDITS}))
	look(2, "150.00", "2026-03-06")
	// So is a sum that the bank has changed.
	c.change(changeOf("f2", "bank:settlement", "сверка", &ledgerv1.FreezeAccount{Sides: ledgerv1.Sides_SIDES_DEBITS}))
	b.change("op-1", func(m *port.Movement) { m.Amount = money.MustParse("110.00") })
	look(2, "150.00", "2026-03-06")
	c.wantBalances([]string{"bank:settlement"}, "150.00 150.00")
	c.change(changeOf("u2", "bank:settlement", "сверено", &ledgerv1.UnfreezeAccount{Sides: ledgerv1.Sides_SIDES_DEBITS}))
	look(3, "150.00", "2026-03-07")
	c.wantBalances([]string{"bank:settlement"}, "160.00 160.00")
}
