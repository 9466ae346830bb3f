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

// testScheduled schedules, lists and cancels entries of later days.
func testScheduled(t *testing.T, h *house) {
	c := h.caller(t)
	a, b := "customer:a", "customer:b"
	c.open("100.00", a, b)
	plan := func(day, amount string) *ledgerv1.OperationResult {
		op := entryOp("", "rent", a, b, amount)
		op.GetEntry().Day = day
		return c.must(op)[0]
	}
	far, near := plan("2199-12-31", "30.00"), plan("2199-01-01", "20.00")
	c.wantBalances([]string{a, b}, "100.00 50.00", "100.00 100.00")
	list := func(state ledgerv1.ScheduledState, size int32) (ids []string) {
		req := &ledgerv1.ListScheduledRequest{Book: c.book, State: state, PageSize: size}
		for {
			answer, err := c.Ledger.ListScheduled(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range answer.GetEntries() {
				ids = append(ids, e.GetId())
			}
			if req.PageToken = answer.GetNextPageToken(); req.PageToken == "" {
				return ids
			}
		}
	}
	for size := int32(1); size < 4; size++ {
		if got, want := fmt.Sprint(list(0, size)), fmt.Sprint([]string{near.GetId(), far.GetId()}); got != want {
			t.Errorf("waiting in pages of %d: %s, want %s", size, got, want)
		}
	}
	cancel := &ledgerv1.Operation{What: &ledgerv1.Operation_Cancel{Cancel: &ledgerv1.CancelScheduled{ScheduledId: near.GetId()}}}
	c.must(cancel)
	c.wantBalances([]string{a}, "100.00 70.00")
	cancel = &ledgerv1.Operation{What: &ledgerv1.Operation_Cancel{Cancel: &ledgerv1.CancelScheduled{ScheduledId: near.GetId()}}}
	part(t, c.postOps(cancel)[0].GetRefusal(), fault.WrongState, "operations[0].cancel.scheduled_id")
	cancel = &ledgerv1.Operation{What: &ledgerv1.Operation_Cancel{Cancel: &ledgerv1.CancelScheduled{ScheduledId: "0.999999"}}}
	part(t, c.postOps(cancel)[0].GetRefusal(), fault.NotFound, "operations[0].cancel.scheduled_id")
	if got := fmt.Sprint(list(ledgerv1.ScheduledState_SCHEDULED_STATE_CANCELLED, 9)); got != fmt.Sprint([]string{near.GetId()}) {
		t.Errorf("cancelled: %s", got)
	}
	answer, err := c.Ledger.GetEntry(t.Context(), &ledgerv1.GetEntryRequest{Book: c.book, Which: &ledgerv1.GetEntryRequest_Id{Id: far.GetId()}})
	if err != nil {
		t.Fatal(err)
	}
	if s := answer.GetEntry().GetScheduled(); s.GetDay() != "2199-12-31" || s.GetKind() != "rent" || len(s.GetLegs()) != 2 || answer.GetEntry().GetDay() != "" {
		t.Errorf("the entry that scheduled: %v", answer.GetEntry())
	}
	balances, err := c.Ledger.GetBalances(t.Context(), &ledgerv1.GetBalancesRequest{
		Book: c.book, Accounts: []string{a}, Asset: "RUB", At: &ledgerv1.Moment{Day: "2200-01-01"},
	})
	if err != nil || balances.GetBalances()[0].GetBalance() != "100.00" {
		t.Errorf("a plan counts: %v, %v", balances, err)
	}
	settle := c.must(&ledgerv1.Operation{What: &ledgerv1.Operation_Hold{Hold: &ledgerv1.NewHold{Account: a, Asset: "RUB", Amount: "1.00"}}})[0]
	late := &ledgerv1.Operation{What: &ledgerv1.Operation_Settle{Settle: &ledgerv1.SettleHold{
		HoldId: settle.GetId(), Kind: "transfer", Day: "2199-01-01", Credits: []*ledgerv1.NewLeg{credit(b, "1.00")},
	}}}
	part(t, c.postOps(late)[0].GetRefusal(), fault.Malformed, "operations[0].settle.day")
}
