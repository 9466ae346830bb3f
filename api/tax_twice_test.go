package api_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// paidTwice remits a period whose first payment goes out after its refusal: the budget has the
// sum twice.
func (c *caller) paidTwice(h *house, account, day, period, sum string) {
	c.t.Helper()
	c.withhold(account, day, sum)
	h.bank.mu.Lock()
	h.bank.refuses[sum] = true
	h.bank.mu.Unlock()
	if _, order, paid := c.remit(period); order != period || paid != sum+" error" {
		c.t.Fatalf("%s %s", order, paid)
	}
	if _, err := c.Taxes.RetryRemittance(c.t.Context(), &taxv1.RetryRemittanceRequest{Book: c.book, Key: "retry-" + period, RemittanceId: period}); err != nil {
		c.t.Fatal(err)
	}
	if r := c.ordered(period); r.GetState() != "paid" {
		c.t.Fatalf("%v", r)
	}
	first := flow.Attempt(c.book, "remittance", period, "pay", 1)
	if _, ok, err := h.told(c.t.Context(), first, &port.Answer{Result: port.Done, Status: "EXECUTED"}); !ok || err != nil {
		c.t.Fatal(ok, err)
	}
	c.overpaid(period, sum)
}

// overpaid waits until so much is left of what an order paid twice; "" is nothing.
func (c *caller) overpaid(order, left string) *taxv1.Remittance {
	c.t.Helper()
	for range 600 {
		if r := c.ordered(order); r.GetOverpaid() == left {
			return r
		}
		c.pause()
	}
	c.t.Fatalf("%s has not %q left", order, left)
	return nil
}

// testTaxesPaidTwice: what the budget has twice pays the next periods first, the tax service
// gives the rest back, and neither is ever more than was paid twice.
func testTaxesPaidTwice(t *testing.T, h *house) {
	c := h.caller(t)
	c.paidTwice(h, "tax-ndfl:anna", "2025-09-10", "ndfl-2025-09-1", "641.00")
	c.wantBalances([]string{"claim:enp"}, "641.00 641.00")

	// The second half is paid whole by it: no order is made.
	c.withhold("tax-ndfl:anna", "2025-09-25", "200.00")
	req := &taxv1.RemitRequest{Book: c.book, Period: "ndfl-2025-09-2", Offset: "ndfl-2025-09-1", DryRun: true}
	if dry, err := c.Taxes.Remit(t.Context(), req); err != nil || dry.GetOffset() != "200.00" || dry.GetWouldOrder() != "0.00" {
		t.Fatalf("%v %v", dry, err)
	}
	req.DryRun = false
	for _, want := range []string{"200.00 200.00", "0.00 0.00"} { // another run finds nothing
		req.Key = ""
		answer, err := c.Taxes.Remit(t.Context(), req)
		if err != nil || answer.GetCollected()+" "+answer.GetOffset() != want || answer.GetRemittance() != nil {
			t.Fatalf("%v %v", answer, err)
		}
	}
	c.wantBalances([]string{"claim:enp", "enp:ndfl-2025-09-2"}, "441.00 441.00", "0.00 0.00")

	// Of the next one the bank is asked only for the rest, from however many sides.
	c.withhold("contribution:anna", "2025-09-10", "500.03")
	offset, paid := c.remitAtOnce(&taxv1.RemitRequest{Book: c.book, Period: "contributions-2025-09", Offset: "ndfl-2025-09-1"})
	if offset != "441.00" || paid != "59.03" {
		t.Errorf("%s by offset, %s by the bank", offset, paid)
	}
	c.wantTaxPaid("59.03")
	c.wantBalances([]string{"claim:enp", "enp:contributions-2025-09"}, "0.00 0.00", "0.00 0.00")
	var given []string
	for _, g := range c.overpaid("ndfl-2025-09-1", "").GetGiven() {
		given = append(given, g.GetPeriod()+g.GetLineId()+" "+g.GetAmount())
	}
	if want := []string{"ndfl-2025-09-2 200.00", "contributions-2025-09 441.00"}; !slices.Equal(given, want) {
		t.Errorf("given back %v", given)
	}
	req.Key = ""
	_, err := c.Taxes.Remit(t.Context(), req)
	refused(t, err, fault.OverpaidExceeded, "offset")
	_, err = c.Taxes.Remit(t.Context(), &taxv1.RemitRequest{Book: c.book, Period: "ndfl-2025-09-2", Offset: "ndfl-2025-08-1"})
	refused(t, err, fault.NotFound, "offset")
	c.taxRefund(h)
}

// remitAtOnce runs the same Remit from four sides and gives what was offset and what was paid.
func (c *caller) remitAtOnce(req *taxv1.RemitRequest) (offset, paid string) {
	c.t.Helper()
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		sum    = money.Zero
		orders []string
	)
	for range 4 {
		wg.Go(func() {
			own := proto.Clone(req).(*taxv1.RemitRequest)
			answer, err := c.Taxes.Remit(c.t.Context(), own)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil && !strings.Contains(err.Error(), string(fault.OverpaidExceeded)):
				c.t.Error(err)
			case err == nil:
				sum = sum.Add(money.MustParse(answer.GetOffset()))
				if r := answer.GetRemittance(); r != nil {
					orders = append(orders, r.GetRemittanceId())
				}
			}
		})
	}
	wg.Wait()
	if _, order, _ := c.remit(req.GetPeriod()); order != "" { // what the others had not ordered yet
		orders = append(orders, order)
	}
	total := money.Zero
	for _, id := range orders {
		total = total.Add(money.MustParse(c.ordered(id).GetAmount()))
	}
	return money.RUB.Format(sum), money.RUB.Format(total)
}

// taxRefund: the tax service gives back what an order had paid twice, and something that it
// had not.
func (c *caller) taxRefund(h *house) {
	t := c.t
	c.paidTwice(h, "contribution:anna", "2025-10-10", "contributions-2025-10", "77.31")
	theirs := "40102810445370000059"
	came, err := c.importStatement(bankFile(t,
		bankLine{"1", "77.32", "7727406020", theirs, "Возврат переплаты", false}, bankLine{"2", "77.31", "7727406020", theirs, "Возврат переплаты", false},
		bankLine{"3", "77.31", "7727406020", theirs, "Возврат переплаты", false}))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range came.GetResults() {
		lines = append(lines, r.GetLine().GetLineId())
	}
	explain := func(line, order string) error {
		_, err := c.Statements.ExplainLine(t.Context(), &statementv1.ExplainLineRequest{
			Book: c.book, Key: gate.NewID(), LineId: line, Explanation: statementv1.Explanation_EXPLANATION_TAX_REFUND, RemittanceId: order, Reason: "letter-1",
		})
		return err
	}
	refused(t, explain(lines[0], ""), fault.Malformed, "remittance_id")
	refused(t, explain(lines[0], "contributions-2025-11"), fault.NotFound, "remittance_id")
	if err := explain(lines[0], "contributions-2025-10"); err != nil {
		t.Fatal(err)
	}
	if l := c.refusedLine(lines[0]); l.GetRefusedCode() != "overpaid_exceeded" || !strings.Contains(l.GetRefusedReason(), "77.31 that is left") || l.GetRemittanceId() != "" {
		t.Errorf("%v", l)
	}
	var wg sync.WaitGroup
	for _, id := range lines[1:] { // two that say the same at once
		wg.Go(func() {
			if err := explain(id, "contributions-2025-10"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r := c.overpaid("contributions-2025-10", "")
	if len(r.GetGiven()) != 1 || r.GetGiven()[0].GetAmount() != "77.31" {
		t.Fatalf("%v", r)
	}
	first, second := r.GetGiven()[0].GetLineId(), lines[1]
	if first == second {
		second = lines[2]
	}
	c.lineIn(first, "explained")
	c.refusedLine(second)
	c.wantBalances([]string{"claim:enp", "suspense:" + first, "suspense:" + second}, "0.00 0.00", "0.00 0.00", "77.31 77.31")
}

// testTaxRefundOfSeveral: one refund of the tax service is of several orders, each counts its part
// and never more; what the budget has given back too much is paid with a later period, once.
func testTaxRefundOfSeveral(t *testing.T, h *house) {
	c := h.caller(t)
	c.paidTwice(h, "tax-ndfl:anna", "2025-08-10", "ndfl-2025-08-1", "30.11")
	c.paidTwice(h, "tax-ndfl:anna", "2025-08-25", "ndfl-2025-08-2", "12.57")
	c.wantBalances([]string{"claim:enp"}, "42.68 42.68")
	came, err := c.importStatement(bankFile(t, bankLine{"1", "50.00", "7727406020", "40102810445370000059", "Возврат переплаты", false}))
	if err != nil {
		t.Fatal(err)
	}
	line := came.GetResults()[0].GetLine().GetLineId()
	explain := func(order, amount string) error {
		_, err := c.Statements.ExplainLine(t.Context(), &statementv1.ExplainLineRequest{
			Book: c.book, Key: gate.NewID(), LineId: line, Explanation: statementv1.Explanation_EXPLANATION_TAX_REFUND, RemittanceId: order, Amount: amount, Reason: "letter-1",
		})
		return err
	}
	refused(t, explain("ndfl-2025-08-1", "50.01"), fault.AmountInvalid, "amount")
	for _, part := range []struct{ order, amount string }{{"ndfl-2025-08-1", "30.11"}, {"ndfl-2025-08-2", "12.57"}} {
		if err := explain(part.order, part.amount); err != nil {
			t.Fatal(err)
		}
		c.lineIn(line, "unmatched")
		c.overpaid(part.order, "")
		if part.order == "ndfl-2025-08-1" {
			if err := explain("ndfl-2025-08-2", ""); err != nil { // the rest of the line is more than that one had twice
				t.Fatal(err)
			}
			c.refusedLine(line)
		}
	}
	got, err := c.Statements.ListLines(t.Context(), &statementv1.ListLinesRequest{Book: c.book})
	if err != nil || len(got.GetLines()) != 1 || len(got.GetLines()[0].GetRefunds()) != 2 || got.GetLines()[0].GetRefunds()[1].GetAmount() != "12.57" {
		t.Errorf("%v %v", got, err)
	}
	c.wantBalances([]string{"claim:enp", "suspense:" + line}, "0.00 0.00", "7.32 7.32")

	// The bank takes one of the two payments back, too: the budget has too little.
	first := flow.Attempt(c.book, "remittance", "ndfl-2025-08-1", "pay", 1)
	if _, ok, err := h.told(t.Context(), first, &port.Answer{Result: port.Refused, Status: "FAILED", Event: "late", Code: fault.PayoutRefused}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	c.overpaid("ndfl-2025-08-1", "-30.11")
	c.withhold("contribution:anna", "2025-08-10", "500.00")
	req := &taxv1.RemitRequest{Book: c.book, Period: "contributions-2025-08", Repay: "ndfl-2025-08-2"}
	_, err = c.Taxes.Remit(t.Context(), req)
	refused(t, err, fault.OverpaidExceeded, "repay")
	req.Repay, req.DryRun = "ndfl-2025-08-1", true
	if dry, err := c.Taxes.Remit(t.Context(), req); err != nil || dry.GetRepaid() != "30.11" || dry.GetWouldOrder() != "530.11" {
		t.Fatalf("%v %v", dry, err)
	}
	req.DryRun = false
	answer, err := c.Taxes.Remit(t.Context(), req)
	if err != nil || answer.GetRepaid() != "30.11" || answer.GetRemittance().GetAmount() != "530.11" {
		t.Fatalf("%v %v", answer, err)
	}
	if r := c.overpaid("ndfl-2025-08-1", ""); len(r.GetGiven()) != 2 || r.GetGiven()[1].GetAmount() != "-30.11" || r.GetGiven()[1].GetPeriod() != "contributions-2025-08" {
		t.Errorf("%v", r)
	}
	c.wantBalances([]string{"claim:enp", "enp:contributions-2025-08"}, "0.00 0.00", "0.00 0.00")
	req.Key = ""
	_, err = c.Taxes.Remit(t.Context(), req)
	refused(t, err, fault.OverpaidExceeded, "repay")
}

// refusedLine waits until what a person named has not taken a line.
func (c *caller) refusedLine(id string) *statementv1.Line {
	c.t.Helper()
	for range 600 {
		got, err := c.Statements.ListLines(c.t.Context(), &statementv1.ListLinesRequest{Book: c.book, States: []string{"unmatched"}})
		if err != nil {
			c.t.Fatal(err)
		}
		if i := slices.IndexFunc(got.GetLines(), func(l *statementv1.Line) bool { return l.GetLineId() == id && l.GetRefusedCode() != "" }); i >= 0 {
			return got.GetLines()[i]
		}
		c.pause()
	}
	c.t.Fatal("the line was not refused")
	return nil
}
