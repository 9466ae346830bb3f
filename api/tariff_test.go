package api_test

import (
	"fmt"
	"testing"

	"github.com/provodka/provodka/ledger/fault"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// testTariffOfKinds: each kind of employment is charged its own part of the tariff, whichever way
// the executor comes to the task, in the forecast, at the payment and at its automatic retry.
func testTariffOfKinds(t *testing.T, h *house) {
	c := h.caller(t)
	req := c.openRequest(1)
	req.Tariff.Kinds = []*companyv1.KindCharge{{EmploymentKind: "entrepreneur"}, {EmploymentKind: "civil_contract", Percent: "10", Minimum: "70"}}
	opened, err := c.Companies.OpenCompany(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	company := opened.GetCompany().GetCompanyId()
	c.must(entryOp("", "topup", "bank:settlement", "wallet:"+company, "10000.00"))
	wallet, err := c.Companies.GetWallet(t.Context(), &companyv1.GetWalletRequest{Book: c.book, CompanyId: company})
	if err != nil || fmt.Sprint(kinds(wallet.GetTariff())) != "[civil_contract:10/70.00 entrepreneur:0/]" || wallet.GetTariff().GetPercent() != "3.5" {
		t.Errorf("%v %v", wallet, err)
	}
	charges := map[string]string{"selfemployed": "35.00", "civil_contract": "100.00", "entrepreneur": "0.00"}
	for kind, want := range charges {
		answer, err := c.Tasks.ExplainAmount(t.Context(), &taskv1.ExplainAmountRequest{Book: c.book, What: &taskv1.ExplainAmountRequest_Price{
			Price: &taskv1.PriceQuestion{AmountGross: "1000.00", EmploymentKind: kind, CompanyId: company},
		}})
		if err != nil || answer.GetAmounts().GetCommission() != want {
			t.Errorf("%s: %v %v", kind, answer, err)
		}
	}

	worker, fellow := c.executor(1, "civil_contract", account(1)), c.executor(2, "entrepreneur", nil)
	wants := func(what string, task *taskv1.Task, fee string) {
		t.Helper()
		if a := task.GetAmounts(); a.GetCommission() != fee || a.GetTariffFrom() == "" {
			t.Errorf("%s: %v, want a charge of %s", what, a, fee)
		}
	}
	done := draft("1000.00", worker)
	done.Autocomplete = true
	made, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: done})
	if err != nil {
		t.Fatal(err)
	}
	wants("made", made.GetTask(), "100.00")
	bare, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: draft("1000.00", "")})
	if err != nil {
		t.Fatal(err)
	}
	assigned, err := c.Tasks.AssignTask(t.Context(), &taskv1.AssignTaskRequest{Book: c.book, TaskId: bare.GetTask().GetId(), Executor: &taskv1.ExecutorRef{ExecutorId: worker}})
	if err != nil {
		t.Fatal(err)
	}
	wants("assigned", assigned.GetTask(), "100.00")
	offered := c.offered(company, "1000.00", "1", taskv1.OfferTo_OFFER_TO_ALL)
	accepted, err := c.accept(offered.GetTask().GetId(), worker, "a")
	if err != nil {
		t.Fatal(err)
	}
	wants("accepted", accepted.GetTask(), "100.00")

	if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: made.GetTask().GetId()}); err != nil {
		t.Fatal(err)
	}
	paid := c.settled(made.GetTask().GetId())
	wants("paid", paid, "100.00")
	done = draft("1000.00", fellow)
	done.Autocomplete = true
	if made, err = c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "f", CompanyId: company, Task: done}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: made.GetTask().GetId()}); err != nil {
		t.Fatal(err)
	}
	if stopped := c.settled(made.GetTask().GetId()); stopped.GetStatus() != "error" {
		t.Fatalf("%v", stopped)
	}
	if _, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, ExecutorId: fellow, Requisites: account(2)}); err != nil {
		t.Fatal(err)
	}
	wants("retried by itself", c.settledAfterError(made.GetTask().GetId()), "0.00")
	c.wantBalances([]string{"revenue:commission"}, "100.00 100.00")

	_, err = c.Companies.SetTariff(t.Context(), &companyv1.SetTariffRequest{Book: c.book, CompanyId: company, Tariff: &companyv1.Tariff{
		Percent: "1", Kinds: []*companyv1.KindCharge{{EmploymentKind: "entrepreneur"}, {EmploymentKind: "entrepreneur", Percent: "1"}},
	}})
	refused(t, err, fault.Malformed, "tariff.kinds[1].employment_kind")
	_, err = c.Companies.SetTariff(t.Context(), &companyv1.SetTariffRequest{Book: c.book, CompanyId: company, Tariff: &companyv1.Tariff{
		Percent: "1", Kinds: []*companyv1.KindCharge{{EmploymentKind: "студент"}},
	}})
	refused(t, err, fault.Malformed, "tariff.kinds[0].employment_kind")
}

// kinds writes what a tariff says of single kinds of employment.
func kinds(t *companyv1.Tariff) (all []string) {
	for _, k := range t.GetKinds() {
		all = append(all, k.GetEmploymentKind()+":"+k.GetPercent()+"/"+k.GetMinimum())
	}
	return all
}
