package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// testTwoClocks asks what was believed at one moment about another day: the bank's fee of
// 28 February came with the statement of 2 March.
func testTwoClocks(t *testing.T, h *house) {
	c := h.caller(t)
	a, bank := "customer:romashka", "bank:settlement"
	c.open("", a)
	post := func(day, from, to, amount string) {
		op := entryOp("", "transfer", from, to, amount)
		op.GetEntry().Day = day
		c.must(op)
	}
	post("2026-02-27", bank, a, "100.00")
	post("2026-03-02", bank, a, "50.00")
	// An answer of what is known at a moment comes when every shard's clock has passed it:
	// what is posted then is recorded later.
	before := timestamppb.Now()
	_, err := c.Ledger.GetBalances(t.Context(), &ledgerv1.GetBalancesRequest{Book: c.book, Accounts: []string{a}, At: &ledgerv1.Moment{KnownAt: before}})
	if err != nil {
		t.Fatal(err)
	}
	post("2026-02-28", a, bank, "0.70")
	post("2026-02-27", a, bank, "0.30")

	balance := func(day string, known *timestamppb.Timestamp) string {
		answer, err := c.Ledger.GetBalances(t.Context(), &ledgerv1.GetBalancesRequest{
			Book: c.book, Accounts: []string{a}, Asset: "RUB", At: &ledgerv1.Moment{Day: day, KnownAt: known},
		})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetBalances()[0].GetBalance()
	}
	for _, w := range []struct {
		day   string
		known *timestamppb.Timestamp
		want  string
	}{
		{"2026-02-26", nil, "0.00"}, {"2026-02-27", before, "100.00"}, {"2026-02-27", nil, "99.70"},
		{"2026-02-28", before, "100.00"}, {"2026-02-28", nil, "99.00"}, {"2026-03-02", nil, "149.00"}, {"", before, "150.00"},
	} {
		if got := balance(w.day, w.known); got != w.want {
			t.Errorf("balance of %q known at %v: %s, want %s", w.day, w.known, got, w.want)
		}
		trial, err := c.Ledger.TrialBalance(t.Context(), &ledgerv1.TrialBalanceRequest{Book: c.book, At: &ledgerv1.Moment{Day: w.day, KnownAt: w.known}})
		if err != nil {
			t.Fatal(err)
		}
		got := "0.00"
		for _, r := range trial.GetRows() {
			if r.GetType() == "customer" {
				got = r.GetCreditBalance()
			}
		}
		if got != w.want {
			t.Errorf("trial balance of %q known at %v: %s, want %s", w.day, w.known, got, w.want)
		}
	}
	c.statementByDay(a, before)
	c.sheets(before)
	c.badDays(a)
}

// statementByDay reads pages of every size.
func (c *caller) statementByDay(account string, before *timestamppb.Timestamp) {
	c.t.Helper()
	for _, w := range []struct {
		from string
		at   *ledgerv1.Moment
		want string
	}{
		{"2026-02-28", nil, "99.70 | 2026-02-28 0.70 99.00 | 2026-03-02 50.00 149.00 | 149.00"},
		{"2026-02-27", &ledgerv1.Moment{Day: "2026-02-28"}, "0.00 | 2026-02-27 100.00 100.00 | 2026-02-27 0.30 99.70 | 2026-02-28 0.70 99.00 | 99.00"},
		{"2026-02-27", &ledgerv1.Moment{Day: "2026-02-28", KnownAt: before}, "0.00 | 2026-02-27 100.00 100.00 | 100.00"},
		{"", &ledgerv1.Moment{KnownAt: before}, "0.00 | 2026-02-27 100.00 100.00 | 2026-03-02 50.00 150.00 | 150.00"},
	} {
		for size := int32(1); size < 6; size++ {
			if got := c.readDays(account, w.from, w.at, size); got != w.want {
				c.t.Errorf("from %s, %v, pages of %d:\n%s\nwant\n%s", w.from, w.at, size, got, w.want)
			}
		}
	}
}

func (c *caller) readDays(account, from string, at *ledgerv1.Moment, size int32) string {
	c.t.Helper()
	req := &ledgerv1.ListLegsRequest{Book: c.book, Account: account, FromDay: from, At: at, PageSize: size}
	var lines []string
	closing := ""
	for {
		answer, err := c.Ledger.ListLegs(c.t.Context(), req)
		if err != nil {
			c.t.Fatal(err)
		}
		if closing != "" && closing != answer.GetOpening() {
			c.t.Errorf("a page opens with %s behind one that closed with %s", answer.GetOpening(), closing)
		}
		if closing == "" {
			lines = append(lines, answer.GetOpening())
		}
		for _, l := range answer.GetLegs() {
			lines = append(lines, fmt.Sprintf("%s %s %s", l.GetDay(), l.GetAmount(), l.GetBalance()))
		}
		closing = answer.GetClosing()
		if req.PageToken = answer.GetNextPageToken(); req.PageToken == "" {
			return strings.Join(append(lines, closing), " | ")
		}
	}
}

// sheets reads the turnover balance sheet in pages of every size.
func (c *caller) sheets(before *timestamppb.Timestamp) {
	c.t.Helper()
	for _, w := range []struct {
		by    ledgerv1.TurnoverBy
		known *timestamppb.Timestamp
		want  string
	}{
		{ledgerv1.TurnoverBy_TURNOVER_BY_ACCOUNT, nil, "bank:settlement 99.70/0.00 0.00/0.70 99.00/0.00; customer:romashka 0.00/99.70 0.70/0.00 0.00/99.00; 99.70/99.70 0.70/0.70 99.00/99.00"},
		{ledgerv1.TurnoverBy_TURNOVER_BY_TYPE, before, "bank 100.00/0.00 0.00/0.00 100.00/0.00; customer 0.00/100.00 0.00/0.00 0.00/100.00; 100.00/100.00 0.00/0.00 100.00/100.00"},
		{ledgerv1.TurnoverBy_TURNOVER_BY_CODE_1C, before, "51 100.00/0.00 0.00/0.00 100.00/0.00; 62.02 0.00/100.00 0.00/0.00 0.00/100.00; 100.00/100.00 0.00/0.00 100.00/100.00"},
	} {
		for size := int32(1); size < 4; size++ {
			c.sheet(w.by, w.known, size, w.want)
		}
	}
}

func (c *caller) sheet(by ledgerv1.TurnoverBy, known *timestamppb.Timestamp, size int32, want string) {
	c.t.Helper()
	req := &ledgerv1.ListTurnoversRequest{Book: c.book, FromDay: "2026-02-28", ToDay: "2026-03-01", KnownAt: known, By: by, PageSize: size}
	var lines []string
	for {
		answer, err := c.Ledger.ListTurnovers(c.t.Context(), req)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, l := range append(answer.GetLines(), answer.GetTotals()...) {
			name := l.GetAccount() + " "
			if l.GetAccount() == "" {
				name = l.GetType() + " "
			}
			if name == " " && l.GetCode_1C() != "" {
				name = l.GetCode_1C() + " "
			}
			lines = append(lines, strings.TrimPrefix(name, " ")+fmt.Sprintf("%s/%s %s/%s %s/%s", l.GetOpeningDebit(), l.GetOpeningCredit(),
				l.GetDebit(), l.GetCredit(), l.GetClosingDebit(), l.GetClosingCredit()))
		}
		if req.PageToken = answer.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	if got := strings.Join(lines, "; "); got != want {
		c.t.Errorf("%v in pages of %d:\n%s\nwant\n%s", by, size, got, want)
	}
}

func (c *caller) badDays(account string) {
	c.t.Helper()
	ctx, l := c.t.Context(), c.once().Ledger
	_, err := l.GetBalances(ctx, &ledgerv1.GetBalancesRequest{Book: c.book, Accounts: []string{account}, At: &ledgerv1.Moment{Day: "2026-02-30"}})
	refused(c.t, err, fault.Malformed, "at.day")
	_, err = l.ListLegs(ctx, &ledgerv1.ListLegsRequest{Book: c.book, Account: account, FromDay: "2026-13-01"})
	refused(c.t, err, fault.Malformed, "from_day")
	_, err = l.ListLegs(ctx, &ledgerv1.ListLegsRequest{Book: c.book, Account: account, FromDay: "2026-03-02", At: &ledgerv1.Moment{Day: "2026-03-01"}})
	refused(c.t, err, fault.Malformed, "at.day")
	_, err = l.ListLegs(ctx, &ledgerv1.ListLegsRequest{Book: c.book, Account: account, FromDay: "2026-03-02", NewestFirst: true})
	refused(c.t, err, fault.Malformed, "newest_first")
	_, err = l.ListTurnovers(ctx, &ledgerv1.ListTurnoversRequest{Book: c.book, FromDay: "2026-03-02", ToDay: "2026-03-01"})
	refused(c.t, err, fault.Malformed, "to_day")
	_, err = l.ListTurnovers(ctx, &ledgerv1.ListTurnoversRequest{Book: c.book, ToDay: "2026-02-31"})
	refused(c.t, err, fault.Malformed, "to_day")
	_, err = l.TrialBalance(ctx, &ledgerv1.TrialBalanceRequest{Book: c.book, At: &ledgerv1.Moment{KnownAt: timestamppb.New(time.Now().Add(time.Hour))}})
	refused(c.t, err, fault.PositionTimeout, "min_position")
}
