package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// withhold books tax of a person on a day; a sum below zero is a return.
func (c *caller) withhold(account, day, sum string) {
	c.t.Helper()
	from, to := "bank:settlement", account
	if rest, back := strings.CutPrefix(sum, "-"); back {
		from, to, sum = account, "bank:settlement", rest
	}
	op := entryOp("", "withhold", from, to, sum)
	op.GetEntry().Day = day
	c.must(op)
}

// remit remits a period and waits until the bank has answered; "" orders nothing.
func (c *caller) remit(period string) (collected, order, paid string) {
	c.t.Helper()
	answer, err := c.Taxes.Remit(c.t.Context(), &taxv1.RemitRequest{Book: c.book, Period: period})
	if err != nil {
		c.t.Fatal(err)
	}
	if answer.GetRemittance() == nil {
		return answer.GetCollected(), "", ""
	}
	r := c.ordered(answer.GetRemittance().GetRemittanceId())
	return answer.GetCollected(), r.GetRemittanceId(), r.GetAmount() + " " + r.GetState()
}

// ordered waits until an order is no longer being paid.
func (c *caller) ordered(id string) *taxv1.Remittance {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		answer, err := c.Taxes.GetRemittance(ctx, &taxv1.GetRemittanceRequest{Book: c.book, RemittanceId: id})
		if err != nil {
			c.t.Fatal(err)
		}
		if answer.GetRemittance().GetState() != "paying" {
			return answer.GetRemittance()
		}
		c.pause()
	}
}

// register reads the register of a period as "person: withheld remitted due held".
func (c *caller) withheld(period, position string) (lines []string, orders int) {
	c.t.Helper()
	stream, err := c.Taxes.StreamWithheld(c.t.Context(), &taxv1.StreamWithheldRequest{Book: c.book, Period: period, MinPosition: position})
	if err != nil {
		c.t.Fatal(err)
	}
	defer stream.Close()
	for stream.Receive() {
		orders += len(stream.Msg().GetRemittances())
		for _, l := range stream.Msg().GetLines() {
			lines = append(lines, fmt.Sprintf("%s: %s %s %s %s by %d", l.GetExecutorId(), l.GetWithheld(), l.GetRemitted(), l.GetDue(), l.GetHeld(), len(l.GetEntryIds())))
		}
	}
	if err := stream.Err(); err != nil && !errors.Is(err, io.EOF) {
		c.t.Fatal(err)
	}
	return lines, orders
}

func (c *caller) position() string {
	c.t.Helper()
	at, err := c.Ledger.GetPosition(c.t.Context(), &ledgerv1.GetPositionRequest{Book: c.book})
	if err != nil {
		c.t.Fatal(err)
	}
	return at.GetPosition()
}

// testTaxes remits a month of three persons: the border of the 22nd, a return after it, a
// late entry, and every order in the bank's own books.
func testTaxes(t *testing.T, h *house) {
	c := h.caller(t)
	c.withhold("tax-ndfl:anna", "2025-03-10", "130.00")
	c.withhold("tax-ndfl:boris", "2025-03-11", "260.00")
	c.withhold("tax-ndfl:vera", "2025-03-22", "13.00")
	c.withhold("tax-ndfl:anna", "2025-03-23", "1000.00")
	c.withhold("tax-ndfl:boris", "2025-03-25", "-60.00")
	c.withhold("tax-ndfl:gleb", "2025-03-26", "50.00") // and gave it back at once: nothing of the first half falls by it
	c.withhold("tax-ndfl:anna", "2025-03-26", "-1.00")
	c.withhold("contribution:anna", "2025-03-10", "300.41")

	plan, err := c.Taxes.PlanRemittances(t.Context(), &taxv1.PlanRemittancesRequest{Book: c.book, Month: "2025-03"})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, p := range plan.GetPeriods() {
		told = append(told, fmt.Sprintf("%s due %s over %t: %d persons %s", p.GetPeriod(), p.GetDueDay(), p.GetOver(), p.GetPersons(), p.GetDue()))
	}
	want := []string{
		"ndfl-2025-03-1 due 2025-03-28 over true: 3 persons 343.00", "ndfl-2025-03-2 due 2025-04-07 over true: 2 persons 1049.00",
		"contributions-2025-03 due 2025-04-28 over true: 1 persons 300.41",
	}
	if !slices.Equal(told, want) || plan.GetTotal() != "1692.41" {
		t.Errorf("%s\n%s", strings.Join(told, "\n"), plan.GetTotal())
	}

	dry, err := c.Taxes.Remit(t.Context(), &taxv1.RemitRequest{Book: c.book, Period: "ndfl-2025-03-1", DryRun: true})
	if err != nil || dry.GetPersons() != 3 || dry.GetWouldOrder() != "343.00" || dry.GetRemittance() != nil {
		t.Errorf("%v %v", dry, err)
	}
	for _, step := range []struct{ do, period, collected, order, paid string }{
		{"", "ndfl-2025-03-1", "343.00", "ndfl-2025-03-1", "343.00 paid"},
		{"again", "ndfl-2025-03-1", "0.00", "", ""},
		{"late", "ndfl-2025-03-1", "7.00", "ndfl-2025-03-1.2", "7.00 paid"},
		{"", "ndfl-2025-03-2", "1049.00", "ndfl-2025-03-2", "1049.00 paid"},
		{"", "contributions-2025-03", "300.41", "contributions-2025-03", "300.41 paid"},
		{"returned", "ndfl-2025-03-1", "0.00", "", ""},
		{"returned", "ndfl-2025-03-2", "0.00", "", ""},
	} {
		switch step.do {
		case "late":
			c.withhold("tax-ndfl:vera", "2025-03-22", "7.00")
		case "returned": // of what is paid already: below zero, and nothing is due
			c.withhold("tax-ndfl:vera", "2025-04-01", "-13.00")
		}
		if collected, order, paid := c.remit(step.period); collected != step.collected || order != step.order || paid != step.paid {
			t.Errorf("%+v: %s collected, %s %s", step, collected, order, paid)
		}
	}
	lines, orders := c.withheld("ndfl-2025-03-1", c.position())
	if want := []string{"anna: 130.00 130.00 0.00 0.00 by 1", "boris: 260.00 200.00 0.00 0.00 by 1", "vera: 20.00 20.00 0.00 -26.00 by 2"}; !slices.Equal(lines, want) || orders != 2 {
		t.Errorf("%d orders\n%s", orders, strings.Join(lines, "\n"))
	}
	lines, _ = c.withheld("ndfl-2025-03-2", "")
	if want := []string{"anna: 999.00 999.00 0.00 0.00 by 1", "boris: -60.00 0.00 0.00 0.00 by 0", "gleb: 50.00 50.00 0.00 0.00 by 1"}; !slices.Equal(lines, want) {
		t.Error(strings.Join(lines, "\n"))
	}
	c.wantBalances([]string{"enp:ndfl-2025-03-1", "remitting:ndfl-2025-03-1", "remitting:ndfl-2025-03-1.2", "claim:enp"}, "0.00 0.00", "0.00 0.00", "0.00 0.00", "0.00 0.00")
	c.wantTaxPaid("343.00", "7.00", "1049.00", "300.41")
	c.listsOrders()
}

// wantTaxPaid looks for the single tax payments of these sums at the bank.
func (c *caller) wantTaxPaid(sums ...string) {
	c.t.Helper()
	var found []string
	for _, p := range c.bank.payments() {
		if sum := money.RUB.Format(p.Amount); p.Budget != nil && slices.Contains(sums, sum) {
			found = append(found, sum)
			if p.To.INN != "7727406020" || p.Budget.KBK != "18201061201010000510" || p.Budget.PayerStatus != "01" || !strings.HasPrefix(p.Purpose, "Единый налоговый платеж (") {
				c.t.Errorf("%+v", p)
			}
		}
	}
	slices.Sort(found)
	slices.Sort(sums)
	if !slices.Equal(found, sums) {
		c.t.Errorf("the bank paid %v, want %v", found, sums)
	}
}

// listsOrders reads the four orders of testTaxes in pages of every size.
func (c *caller) listsOrders() {
	c.t.Helper()
	for size := int32(1); size <= 5; size++ {
		var ids []string
		token := ""
		for {
			answer, err := c.Taxes.ListRemittances(c.t.Context(), &taxv1.ListRemittancesRequest{Book: c.book, States: []string{"paid"}, PageSize: size, PageToken: token})
			if err != nil {
				c.t.Fatal(err)
			}
			for _, r := range answer.GetRemittances() {
				ids = append(ids, r.GetRemittanceId())
			}
			if token = answer.GetNextPageToken(); token == "" {
				break
			}
		}
		if want := []string{"contributions-2025-03", "ndfl-2025-03-2", "ndfl-2025-03-1.2", "ndfl-2025-03-1"}; !slices.Equal(ids, want) {
			c.t.Errorf("pages of %d: %v", size, ids)
		}
	}
}

// testTaxesAtOnce runs the same period from many sides at once: what is paid is what was due.
func testTaxesAtOnce(t *testing.T, h *house) {
	c := h.caller(t)
	var ops []*ledgerv1.Operation
	for i := range 300 {
		op := entryOp("", "withhold", "bank:settlement", fmt.Sprintf("tax-ndfl:person-%03d", i), fmt.Sprintf("%d.17", i+1))
		op.GetEntry().Day = "2025-05-20"
		ops = append(ops, op)
	}
	c.must(ops...)
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		ids = map[string]bool{}
		sum = money.Zero
	)
	for range 4 {
		wg.Go(func() {
			answer, err := c.Taxes.Remit(t.Context(), &taxv1.RemitRequest{Book: c.book, Period: "ndfl-2025-05-1"})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			sum = sum.Add(money.MustParse(answer.GetCollected()))
			if r := answer.GetRemittance(); r != nil {
				ids[r.GetRemittanceId()] = true
			}
		})
	}
	wg.Wait()
	_, order, _ := c.remit("ndfl-2025-05-1") // what the others had not ordered yet
	if order != "" {
		ids[order] = true
	}
	total := money.Zero
	for id := range ids {
		r := c.ordered(id)
		if r.GetState() != "paid" {
			t.Errorf("%v", r)
		}
		total = total.Add(money.MustParse(r.GetAmount()))
	}
	const want = "45201.00" // 300 × 301 / 2 + 300 × 0.17
	if money.RUB.Format(sum) != want || money.RUB.Format(total) != want {
		t.Errorf("%s collected, %s paid by %v, want %s", money.RUB.Format(sum), money.RUB.Format(total), ids, want)
	}
	c.wantBalances([]string{"enp:ndfl-2025-05-1"}, "0.00 0.00")
}

// testTaxesRefused: the bank refuses, a person retries or cancels; accounts that are frozen;
// what cannot be asked.
func testTaxesRefused(t *testing.T, h *house) {
	c := h.caller(t)
	c.withhold("contribution:anna", "2025-06-10", "817.31")
	h.bank.mu.Lock()
	h.bank.refuses["817.31"], h.bank.refuses["54.19"] = true, true
	h.bank.mu.Unlock()
	if collected, order, paid := c.remit("contributions-2025-06"); collected != "817.31" || order != "contributions-2025-06" || paid != "817.31 error" {
		t.Fatalf("%s %s %s", collected, order, paid)
	}
	stopped := c.ordered("contributions-2025-06")
	if stopped.GetErrorCode() != "payout_refused" || stopped.GetErrorReason() != "Недостаточно средств на счёте" || stopped.GetStateTitle() != "Не уплачено" {
		t.Errorf("%v", stopped)
	}
	c.wantBalances([]string{"enp:contributions-2025-06", "remitting:contributions-2025-06"}, "817.31 817.31", "0.00 0.00")
	_, err := c.Taxes.Remit(t.Context(), &taxv1.RemitRequest{Book: c.book, Period: "contributions-2025-06"})
	if r := refused(t, err, fault.WrongState, "period"); r.Facts["remittance_id"] != "contributions-2025-06" {
		t.Errorf("%+v", r)
	}
	for range 2 { // the same key again is the same retry
		if _, err := c.Taxes.RetryRemittance(t.Context(), &taxv1.RetryRemittanceRequest{Book: c.book, Key: "retry-1", RemittanceId: "contributions-2025-06"}); err != nil {
			t.Fatal(err)
		}
	}
	if r := c.ordered("contributions-2025-06"); r.GetState() != "paid" || len(r.GetAttempts()) != 2 || r.GetAttempts()[0].GetResult() != "refused" {
		t.Errorf("%v", r)
	}
	c.wantTaxPaid("817.31")
	_, err = c.Taxes.CancelRemittance(t.Context(), &taxv1.CancelRemittanceRequest{Book: c.book, Key: "cancel-1", RemittanceId: "contributions-2025-06", Reason: "letter-7"})
	refused(t, err, fault.WrongState, "event")

	// Called off: another order pays it, and the first one can be retried no more.
	c.withhold("contribution:anna", "2025-07-10", "54.19")
	if _, _, paid := c.remit("contributions-2025-07"); paid != "54.19 error" {
		t.Fatal(paid)
	}
	off, err := c.Taxes.CancelRemittance(t.Context(), &taxv1.CancelRemittanceRequest{Book: c.book, Key: "cancel-2", RemittanceId: "contributions-2025-07", Reason: "letter-7"})
	if err != nil || off.GetRemittance().GetState() != "canceled" || off.GetRemittance().GetCancelReason() != "letter-7" {
		t.Fatalf("%v %v", off, err)
	}
	if _, order, paid := c.remit("contributions-2025-07"); order != "contributions-2025-07.2" || paid != "54.19 paid" {
		t.Errorf("%s %s", order, paid)
	}
	c.wantBalances([]string{"enp:contributions-2025-07"}, "0.00 0.00")
	c.frozenTax()
	c.badTax()
}

// frozenTax: somebody's account is frozen; the others are paid, and he is when it is thawed.
func (c *caller) frozenTax() {
	t := c.t
	c.withhold("tax-ndfl:anna", "2025-08-10", "11.03")
	c.withhold("tax-ndfl:boris", "2025-08-10", "22.03")
	c.change(changeOf("freeze", "tax-ndfl:boris:remitted", "суд", &ledgerv1.FreezeAccount{Sides: ledgerv1.Sides_SIDES_BOTH}))
	for range 2 {
		answer, err := c.Taxes.Remit(t.Context(), &taxv1.RemitRequest{Book: c.book, Period: "ndfl-2025-08-1"})
		if err != nil || answer.GetRefusedPersons() != 1 || len(answer.GetRefused()) != 1 || answer.GetRefused()[0].GetAccount() != "tax-ndfl:boris" ||
			answer.GetRefused()[0].GetRefusal().GetCode() != string(fault.AccountFrozen) {
			t.Fatalf("%v %v", answer, err)
		}
	}
	c.change(changeOf("thaw", "tax-ndfl:boris:remitted", "снято", &ledgerv1.UnfreezeAccount{Sides: ledgerv1.Sides_SIDES_BOTH}))
	if collected, order, paid := c.remit("ndfl-2025-08-1"); collected != "22.03" || order != "ndfl-2025-08-1.2" || paid != "22.03 paid" {
		t.Errorf("%s %s %s", collected, order, paid)
	}
	c.ordered("ndfl-2025-08-1")
	c.wantTaxPaid("11.03", "22.03")
}

// badTax asks for what cannot be.
func (c *caller) badTax() {
	t := c.t
	ahead := fmt.Sprintf("ndfl-%d-01-1", time.Now().Year()+1)
	for period, want := range map[string]fault.Code{ahead: fault.Malformed, "ndfl": fault.Malformed, "ndfl-2025-03-3": fault.Malformed, "npd-2025-03": fault.Malformed} {
		_, err := c.Taxes.Remit(t.Context(), &taxv1.RemitRequest{Book: c.book, Period: period})
		refused(t, err, want, "period")
	}
	_, err := c.Taxes.PlanRemittances(t.Context(), &taxv1.PlanRemittancesRequest{Book: c.book, Month: "2020-01"})
	refused(t, err, fault.TaxRuleMissing, "month")
	_, err = c.Taxes.PlanRemittances(t.Context(), &taxv1.PlanRemittancesRequest{Book: c.book, Month: "2025-13"})
	refused(t, err, fault.Malformed, "month")
	_, err = c.Taxes.GetRemittance(t.Context(), &taxv1.GetRemittanceRequest{Book: c.book, RemittanceId: "ndfl-2031-01-1"})
	refused(t, err, fault.NotFound, "remittance_id")
	_, err = c.Taxes.GetCertificate(t.Context(), &taxv1.GetCertificateRequest{Book: c.book, ExecutorId: "nobody", Year: 2025})
	refused(t, err, fault.NotFound, "executor_id")
}

// testCertificate pays a person twice under civil contracts and reads the year's certificate;
// the sums are worked out by hand.
func testCertificate(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "100000.00"), c.executor(2, "civil_contract", account(2))
	for i, gross := range []string{"10000.00", "1003.00"} {
		d := draft(gross, worker)
		created, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: fmt.Sprint("task-", i), CompanyId: company, Task: d})
		if err != nil {
			t.Fatal(err)
		}
		id := created.GetTask().GetId()
		if _, err := c.Tasks.SignTask(t.Context(), &taskv1.SignTaskRequest{Book: c.book, TaskId: id}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Tasks.DoneTask(t.Context(), &taskv1.DoneTaskRequest{Book: c.book, TaskId: id}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: id}); err != nil {
			t.Fatal(err)
		}
		if done := c.settled(id); done.GetStatus() != "paid" {
			t.Fatalf("%v", done)
		}
	}
	now := time.Now().In(h.db.Zone())
	answer, err := c.Taxes.GetCertificate(t.Context(), &taxv1.GetCertificateRequest{Book: c.book, ExecutorId: worker, Year: int32(now.Year()), MinPosition: c.position()})
	if err != nil {
		t.Fatal(err)
	}
	g := answer.GetResident()
	// 13 % of 10,000.00 = 1,300; 13 % of 11,003.00 = 1,430.39, in whole rubles 1,430.
	if g.GetBase() != "11003.00" || g.GetComputed() != "1430.00" || g.GetWithheld() != "1430.00" || answer.GetWithheld() != "1430.00" || answer.GetRemitted() != "0.00" ||
		answer.GetNonresident() != nil || len(g.GetIncomes()) != 1 || g.GetIncomes()[0].GetAmount() != "11003.00" || g.GetIncomes()[0].GetCode() != "2010" ||
		g.GetIncomes()[0].GetMonth() != int32(now.Month()) {
		t.Errorf("%v", answer)
	}
	if p := answer.GetPerson(); p.GetLastName() != "Иванов" || p.GetFirstName() != "П." || p.GetBirthday() != "" || strings.Contains(p.String(), "99") {
		t.Errorf("%v", p)
	}
	whole, err := c.Taxes.GetCertificate(t.Context(), &taxv1.GetCertificateRequest{Book: c.book, ExecutorId: worker, Year: int32(now.Year()), Unmask: true})
	if err != nil || whole.GetPerson().GetBirthday() != "1990-05-17" || whole.GetPerson().GetPassport().GetNumber() == "" {
		t.Errorf("%v %v", whole, err)
	}
	none, err := c.Taxes.GetCertificate(t.Context(), &taxv1.GetCertificateRequest{Book: c.book, ExecutorId: worker, Year: int32(now.Year()) - 1})
	if err != nil || none.GetResident() != nil || none.GetWithheld() != "0.00" {
		t.Errorf("%v %v", none, err)
	}
	blind, err := client.New(h.url, h.mint(t, c.book, "finance"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = blind.Taxes.GetCertificate(t.Context(), &taxv1.GetCertificateRequest{Book: c.book, ExecutorId: worker, Year: int32(now.Year()), Unmask: true})
	refused(t, err, fault.PermissionDenied, "unmask")
	// Of a year with a period that was remitted: what was passed on stands in the year of the period.
	c.withhold("tax-ndfl:"+worker, "2025-12-30", "100.07")
	if _, _, paid := c.remit("ndfl-2025-12-2"); paid != "100.07 paid" {
		t.Error(paid)
	}
	before, err := c.Taxes.GetCertificate(t.Context(), &taxv1.GetCertificateRequest{Book: c.book, ExecutorId: worker, Year: 2025, MinPosition: c.position()})
	if err != nil || before.GetWithheld() != "100.07" || before.GetRemitted() != "100.07" {
		t.Errorf("%v %v", before, err)
	}
}
