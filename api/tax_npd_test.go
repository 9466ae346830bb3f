package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	taxservice "github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// bound registers a person who has let us do everything, and of whom the tax service wants
// the documents.
func (c *caller) bound(n uint64, documents ...taxservice.Document) string {
	c.t.Helper()
	id := c.executor(n, "selfemployed", account(n))
	c.house.person(c.t, n, func(p *taxservice.Person) { p.Documents = documents })
	if _, err := c.Executors.BindExecutor(c.t.Context(), &executorv1.BindExecutorRequest{Book: c.book, Key: fmt.Sprint("bind-", n), ExecutorId: id}); err != nil {
		c.t.Fatal(err)
	}
	c.standing(id, "requested")
	c.house.person(c.t, n, func(p *taxservice.Person) { p.Answers = "yes" })
	c.check(id)
	c.standing(id, "validated")
	return id
}

// orderOf waits until an order is in the state.
func (c *caller) orderOf(id, state string) *taxv1.Remittance {
	c.t.Helper()
	for until := time.Now().Add(patience); ; c.pause() {
		answer, err := c.Taxes.GetRemittance(c.t.Context(), &taxv1.GetRemittanceRequest{Book: c.book, RemittanceId: id})
		if err != nil {
			c.t.Fatal(err)
		}
		if answer.GetRemittance().GetState() == state {
			return answer.GetRemittance()
		}
		if time.Now().After(until) {
			c.t.Fatalf("not %s: %v", state, answer)
		}
	}
}

// givenBack gives a person who has not let us what is held for his tax, once, whoever asks
// how often; who has no requisites waits.
func (c *caller) givenBack(own, bare string) {
	c.t.Helper()
	ask := func(dry bool) *taxv1.RemitNpdResponse {
		done, err := c.Taxes.RemitNpd(c.t.Context(), &taxv1.RemitNpdRequest{Book: c.book, Month: "2025-03", GiveBack: true, DryRun: dry})
		if err != nil || done.GetOwnPersons() != 1 || done.GetOwnAmount() != "2.00" || done.GetRefusedPersons() != 0 {
			c.t.Errorf("%v %v", done, err)
		}
		return done
	}
	if dry := ask(true); dry.GetGivenPersons() != 1 || dry.GetGivenAmount() != "11.43" {
		c.t.Errorf("%v", dry)
	}
	answers := make(chan int64, 4)
	for range cap(answers) {
		go func() { answers <- ask(false).GetGivenPersons() }()
	}
	var given int64
	for range cap(answers) {
		given += <-answers
	}
	if given != 1 {
		c.t.Errorf("given back %d times", given)
	}
	paid := c.orderOf("npd-2025-03."+own, "paid")
	if paid.GetAmount() != "11.43" || paid.GetAttempts()[0].GetRequisites() != "own@1" {
		c.t.Errorf("%v", paid)
	}
	c.wantBalances([]string{"tax-npd:" + own, "tax-npd:" + own + ":remitted", "tax-npd:" + bare}, "11.43 11.43", "-11.43 -11.43", "2.00 2.00")
	var sums []string
	for _, p := range c.bank.payments() {
		if strings.HasPrefix(p.Purpose, "Возврат удержанного для уплаты налога на профессиональный доход за 2025-03 (") {
			sums = append(sums, money.RUB.Format(p.Amount)+" to "+p.To.AccountNumber)
		}
	}
	if want := []string{"11.43 to " + account(8604).GetAccountNumber()}; !slices.Equal(sums, want) {
		c.t.Errorf("the bank paid %v, want %v", sums, want)
	}
	if again := ask(false); again.GetGivenPersons() != 0 {
		c.t.Errorf("%v", again)
	}
}

// testTaxesNPD pays the NPD of a month: the document that fits, one of another sum, none,
// and a person who has not let us.
func testTaxesNPD(t *testing.T, h *house) {
	c := h.caller(t)
	charge := func(index, sum, due string) taxservice.Document {
		return taxservice.Document{Index: "1820770023000000" + index, Amount: sum, DueDate: due}
	}
	fits := c.bound(8601, charge("8601", "106.39", "2025-04-28"), charge("0001", "77.00", "2025-02-28")) // an older debt is the person's own
	differs := c.bound(8602, charge("8602", "250.00", "2025-04-28"))
	nothing := c.bound(8603, charge("8603", "90.00", "2025-05-28"))
	own := c.executor(8604, "selfemployed", account(8604))
	bare := c.executor(8605, "selfemployed", nil)
	for id, sum := range map[string]string{fits: "106.39", differs: "207.43", nothing: "3.41", own: "11.43", bare: "2.00"} {
		c.withhold("tax-npd:"+id, "2025-03-10", sum)
	}
	c.withhold("tax-npd:"+fits, "2025-04-01", "1000.00") // of the next month

	dry, err := c.Taxes.RemitNpd(t.Context(), &taxv1.RemitNpdRequest{Book: c.book, Month: "2025-03", DryRun: true})
	if err != nil || dry.GetPersons() != 3 || dry.GetAmount() != "317.23" || dry.GetOwnPersons() != 2 || dry.GetOwnAmount() != "13.43" {
		t.Fatalf("%v %v", dry, err)
	}
	for i := range 2 {
		done, err := c.Taxes.RemitNpd(t.Context(), &taxv1.RemitNpdRequest{Book: c.book, Month: "2025-03"})
		if err != nil || done.GetPersons() != int64(3*(1-i)) || done.GetOwnPersons() != 2 || done.GetGivenPersons() != 0 || done.GetRefusedPersons() != 0 {
			t.Fatalf("%v %v", done, err)
		}
		if i == 0 {
			c.orderOf("npd-2025-03."+fits, "paid") // what is paid is due no more
		} else if done.GetOrderedPersons() != 2 {
			t.Errorf("%v", done)
		}
	}
	paid := c.orderOf("npd-2025-03."+fits, "paid")
	if paid.GetAmount() != "106.39" || paid.GetExecutorId() != fits || paid.GetAttempts()[0].GetRequisites() != "18207700230000008601" || paid.GetDueDay() != "2025-04-28" {
		t.Errorf("%v", paid)
	}
	c.wantBalances([]string{"tax-npd:" + fits + ":remitted", "remitting:npd-2025-03." + fits}, "-106.39 -106.39", "0.00 0.00")

	// Another sum waits for a person; when the documents agree, it is paid.
	waits := c.orderOf("npd-2025-03."+differs, "differs")
	if waits.GetErrorCode() != "tax_differs" || len(waits.GetDocuments()) != 1 || waits.GetDocuments()[0] != "250.00" || len(waits.GetAttempts()) != 0 {
		t.Errorf("%v", waits)
	}
	h.person(t, 8602, func(p *taxservice.Person) {
		p.Documents = []taxservice.Document{charge("8602", "207.43", "2025-04-28")}
	})
	if _, err := c.Taxes.RetryRemittance(t.Context(), &taxv1.RetryRemittanceRequest{Book: c.book, Key: "again", RemittanceId: "npd-2025-03." + differs}); err != nil {
		t.Fatal(err)
	}
	c.orderOf("npd-2025-03."+differs, "paid")
	c.orderOf("npd-2025-03."+nothing, "unneeded")
	c.wantBalances([]string{"tax-npd:" + nothing, "tax-npd:" + nothing + ":remitted"}, "3.41 3.41", "0.00 0.00")
	if _, err := c.Taxes.GetRemittance(t.Context(), &taxv1.GetRemittanceRequest{Book: c.book, RemittanceId: "npd-2025-03." + own}); err == nil {
		t.Error("who has not let us has an order")
	}
	c.givenBack(own, bare)
	sums := map[string]string{}
	for _, p := range c.bank.payments() {
		if p.UIN != "" {
			sums[p.UIN] = money.RUB.Format(p.Amount)
			if p.Budget == nil || p.Budget.KBK != "18210506000011000110" || p.Budget.PayerStatus != "13" || !strings.HasPrefix(p.Purpose, "Налог на профессиональный доход (") {
				t.Errorf("%+v", p)
			}
		}
	}
	if len(sums) != 2 || sums["18207700230000008601"] != "106.39" || sums["18207700230000008602"] != "207.43" {
		t.Errorf("the bank paid %v", sums)
	}
	for _, n := range []uint64{8601, 8602, 8603} {
		if strings.Contains(h.log.String(), requisite.ExamplePersonINN(n)) {
			t.Error("an INN is in the log")
		}
	}
	for month, want := range map[string]fault.Code{time.Now().Format("2006-01"): fault.Malformed, "2020-01": fault.TaxRuleMissing} {
		_, err := c.Taxes.RemitNpd(t.Context(), &taxv1.RemitNpdRequest{Book: c.book, Month: month})
		refused(t, err, want, "month")
	}
}

// testOwnDuty: who pays his NPD by himself sees the last month's and its last day; who lets us
// pay it, and who owes nothing, sees none.
func testOwnDuty(t *testing.T, h *house) {
	c := h.caller(t)
	own, lets := c.executor(8610, "selfemployed", nil), c.bound(8611)
	now := time.Now().In(c.db.Zone())
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for i, day := range []time.Time{first.AddDate(0, -1, -1), first.AddDate(0, -1, 0), first.AddDate(0, 0, -1), first} {
		for _, id := range []string{own, lets} {
			c.withhold("tax-npd:"+id, day.Format(time.DateOnly), []string{"1.00", "10.00", "20.50", "400.00"}[i])
		}
	}
	profile := func(n uint64) *executorv1.NpdDuty {
		t.Helper()
		app, _ := c.loggedIn(requisite.ExamplePhone(n))
		got, err := app.App.GetMyProfile(t.Context(), &executorv1.GetMyProfileRequest{Book: c.book, MinPosition: c.now()})
		if err != nil {
			t.Fatal(err)
		}
		return got.GetNpdDuty()
	}
	duty := profile(8610)
	by, err := time.Parse(time.DateOnly, duty.GetPayBy())
	if err != nil || duty.GetMonth() != first.AddDate(0, 0, -1).Format("2006-01") || duty.GetAmount() != "30.50" || duty.GetRule() == "" || duty.GetSource() == "" ||
		by.Before(first.AddDate(0, 0, 27)) || by.After(first.AddDate(0, 0, 27+12)) || by.Weekday() == time.Saturday || by.Weekday() == time.Sunday {
		t.Errorf("%v %v", duty, err)
	}
	if duty := profile(8611); duty != nil {
		t.Errorf("%v", duty)
	}
	c.executor(8612, "selfemployed", nil)
	if duty := profile(8612); duty != nil {
		t.Errorf("%v", duty)
	}
}
