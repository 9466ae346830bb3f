package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/ledger/fault"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// houseLimits are what the house's contract with its bank lets pass.
var houseLimits = limit.House{}

// testLimits: a company's own limits are set, shown and enforced; what they stop waits for the next
// day by itself, and goes on at once when there are others.
func testLimits(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(8890, "1000000.00")
	set := func(from string, limits ...*companyv1.PaymentLimit) (*companyv1.Company, error) {
		got, err := c.Companies.SetLimits(t.Context(), &companyv1.SetLimitsRequest{Book: c.book, CompanyId: company, From: from, Limits: limits})
		return got.GetCompany(), err
	}
	day := func(most string) *companyv1.PaymentLimit {
		return &companyv1.PaymentLimit{Scope: "company day", Most: most}
	}
	got, err := set("", day("150"), &companyv1.PaymentLimit{Scope: "payment", Way: "sbp", Most: "100000.00"})
	if err != nil || len(got.GetLimits()) != 1 || got.GetLimits()[0].GetAuthor() == "" || got.GetLimits()[0].GetLimits()[0].GetMost() != "150.00" {
		t.Fatal(got, err)
	}
	for _, bad := range []struct {
		limit *companyv1.PaymentLimit
		code  fault.Code
		field string
	}{
		{day(""), fault.Malformed, "limits[0].most"},
		{day("-1"), fault.AmountInvalid, "limits[0].most"},
		{&companyv1.PaymentLimit{Scope: "company year", Most: "1.00"}, fault.Malformed, "limits[0].scope"},
		{&companyv1.PaymentLimit{Scope: "payment", Way: "pigeon", Most: "1.00"}, fault.Malformed, "limits[0].way"},
	} {
		_, err := set("", bad.limit)
		refused(t, err, bad.code, bad.field)
	}
	_, err = set("2020-01-01")
	refused(t, err, fault.Malformed, "from")

	worker := c.executor(8891, "entrepreneur", account(8891))
	if done, sent := c.paysTask("100.00", company, worker); done.GetStatus() != "paid" || len(sent) != 1 {
		t.Fatalf("%v, the bank got %v", done, sent)
	}
	free := func() (string, int) {
		got, err := c.Companies.GetLimits(t.Context(), &companyv1.GetLimitsRequest{Book: c.book, CompanyId: company})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range got.GetLimits() {
			if l.GetSetter() == "company" && l.GetLimit().GetScope() == "company day" {
				return l.GetFree(), len(got.GetLimits())
			}
		}
		return "none", len(got.GetLimits())
	}
	if left, n := free(); left != "50.00" || n < 4 {
		t.Errorf("%s are free, %d limits hold", left, n)
	}
	stopped, sent := c.paysTask("60.00", company, worker)
	why := stopped.GetPaymentErrors()
	if stopped.GetStatus() != "error" || len(sent) != 0 || len(why) != 1 || why[0].GetCode() != string(fault.PayoutLimitPeriod) || why[0].GetActor() != "company" ||
		why[0].GetLimit().GetFree() != "50.00" || why[0].GetLimit().GetSetter() != "company" || !strings.Contains(why[0].GetMessage(), "свободно 50.00") {
		t.Fatalf("%v, the bank got %v", stopped, sent)
	}
	now := time.Now().In(h.db.Zone())
	next := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 5, 0, 0, h.db.Zone())
	if at := why[0].GetRetryAt().AsTime(); !at.Equal(next) && !at.Equal(next.AddDate(0, 0, -1)) { // midnight may have passed meanwhile
		t.Errorf("it is gone on with at %s, want %s", at, next)
	}
	if left, _ := free(); left != "50.00" {
		t.Errorf("what was refused took something: %s", left)
	}
	if n := h.stoppedByLimits(t, "payout_limit_period", "company day", "company"); n < 1 {
		t.Errorf("the refusal was counted %v times", n)
	}
	if large, sent := c.paysTask("160.00", company, worker); large.GetPaymentErrors()[0].GetCode() != string(fault.PayoutLimit) || len(sent) != 0 {
		t.Errorf("larger than a whole day: %v, the bank got %v", large, sent)
	}
	if n := h.stoppedByLimits(t, "payout_limit", "company day", "company"); n < 1 {
		t.Errorf("the refusal of what never fits was counted %v times", n)
	}
	if _, err := set("", day("200.00")); err != nil {
		t.Fatal(err)
	}
	done := c.settledAfterError(stopped.GetId())
	if sent = c.sentFor(stopped.GetTitle()); done.GetStatus() != "paid" || len(sent) != 1 {
		t.Errorf("%v, the bank got %v", done, sent)
	}
	if left, _ := free(); left != "40.00" {
		t.Errorf("%s are free of 200.00", left)
	}
	testPersonsLimit(t, c)
	if n := h.stoppedByLimits(t, "payout_limit_period", "counterparty day", "company"); n < 2 {
		t.Errorf("the refusals by a person's limit were counted %v times", n)
	}
	list, err := c.Tasks.ListTasks(t.Context(), &taskv1.ListTasksRequest{Book: c.book, CompanyId: company})
	if err != nil || len(list.GetTasks()) != 3 {
		t.Error(list, err)
	}
}

// stoppedByLimits is how many payments a limit has stopped, by the metrics.
func (h *house) stoppedByLimits(t *testing.T, code, scope, setter string) float64 { // float: a metric
	t.Helper()
	families, err := h.config.Metrics.(prometheus.Gatherer).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() { // in the order of their names
				labels = append(labels, l.GetValue())
			}
			if f.GetName() == "provodka_limit_refusals_total" && slices.Equal(labels, []string{code, scope, setter}) {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// testLimitsWhilePaying: a payment that carries the limits of before is refused by them after there
// are others, and goes on at once all the same.
func testLimitsWhilePaying(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(8900, "1000000.00")
	day := func(most string) {
		_, err := c.Companies.SetLimits(t.Context(), &companyv1.SetLimitsRequest{
			Book: c.book, CompanyId: company, Limits: []*companyv1.PaymentLimit{{Scope: "company day", Most: most}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	day("150.00")
	if done, _ := c.paysTask("100.00", company, c.executor(8901, "entrepreneur", account(8901))); done.GetStatus() != "paid" {
		t.Fatal(done)
	}
	checked := make(chan struct{})
	h.fns.held.Store(person(8902).GetInn(), checked)
	d := draft("100.00", c.executor(8902, "selfemployed", account(8902)))
	d.Autocomplete = true
	made, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: d})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: made.GetTask().GetId()}); err != nil {
		t.Fatal(err)
	}
	day("500.00")
	close(checked)
	if done := c.settledAfterError(made.GetTask().GetId()); done.GetStatus() != "paid" {
		t.Error(done)
	}
}

// testPersonsLimit: a company pays a person once a day, whoever he is; its month counts what went to both.
func testPersonsLimit(t *testing.T, c *caller) {
	company := c.company(8895, "1000000.00")
	_, err := c.Companies.SetLimits(t.Context(), &companyv1.SetLimitsRequest{
		Book: c.book, CompanyId: company, Limits: []*companyv1.PaymentLimit{{Scope: "counterparty day", Count: 1}, {Scope: "company month", Most: "100000.00"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	first, second := c.executor(8896, "selfemployed", account(8896)), c.executor(8897, "civil_contract", account(8897))
	for _, worker := range []string{first, second} {
		if done, sent := c.paysTask("100.00", company, worker); done.GetStatus() != "paid" || len(sent) != 1 {
			t.Errorf("%v, the bank got %v", done, sent)
		}
		stopped, sent := c.paysTask("110.00", company, worker)
		if why := stopped.GetPaymentErrors(); stopped.GetStatus() != "error" || len(sent) != 0 || why[0].GetCode() != string(fault.PayoutLimitPeriod) ||
			why[0].GetLimit().GetScope() != "counterparty day" || why[0].GetLimit().GetCount() != 1 || why[0].GetLimit().GetFreeCount() != 0 || why[0].GetLimit().GetFree() != "" || why[0].GetFree() != "" {
			t.Errorf("%v, the bank got %v", stopped, sent)
		}
	}
	got, err := c.Companies.GetLimits(t.Context(), &companyv1.GetLimitsRequest{Book: c.book, CompanyId: company})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range got.GetLimits() {
		if l.GetLimit().GetScope() == "company month" && l.GetFree() != "99819.00" { // 94.00 and 87.00 went
			t.Errorf("%v", l)
		}
	}
}
