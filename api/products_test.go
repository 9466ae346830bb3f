package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// openRequest opens company n; no deposit is asked, so it is active at once.
func (c *caller) openRequest(n uint64) *companyv1.OpenCompanyRequest {
	bic := requisite.ExampleBIC(n)
	return &companyv1.OpenCompanyRequest{
		Book: c.book, Key: fmt.Sprint("company-", n),
		Details: &companyv1.CompanyDetails{
			Inn: requisite.ExampleINN(n), Name: "ООО «Ромашка»", Phone: "8 (915) 327-71-21", Contract: fmt.Sprintf("РВ-%04d", n),
			Accounts: []*companyv1.BankAccount{{Account: requisite.ExampleAccount("40702", bic, n), Bic: bic}},
		},
		Tariff: &companyv1.Tariff{Percent: "3.5", Minimum: "5"},
	}
}

// company opens company n and gives it money.
func (c *caller) company(n uint64, money string) string {
	c.t.Helper()
	answer, err := c.Companies.OpenCompany(c.t.Context(), c.openRequest(n))
	if err != nil {
		c.t.Fatal(err)
	}
	id := answer.GetCompany().GetCompanyId()
	if money != "" {
		c.must(entryOp("", "topup", "bank:settlement", "wallet:"+id, money))
	}
	return id
}

func person(n uint64) *executorv1.Person {
	return &executorv1.Person{
		Inn: requisite.ExamplePersonINN(n), Phone: requisite.ExamplePhone(n), LastName: "Иванов", FirstName: "Пётр", SecondName: "Сергеевич",
	}
}

// known gives a person what a civil contract needs.
func known(p *executorv1.Person, n uint64, kind string) *executorv1.Person {
	if kind == "civil_contract" {
		p.Snils, p.Birthday, p.Address = requisite.ExampleSNILS(n), "1990-05-17", "Москва, ул. Выдуманная, 1"
		p.Passport = &executorv1.Passport{Number: requisite.ExamplePassport(n), IssuedOn: "2010-06-01", IssuedBy: "ОТДЕЛОМ УФМС", DepartmentCode: "770001"}
	}
	return p
}

func account(n uint64) *executorv1.Requisites {
	bic := requisite.ExampleBIC(n)
	return &executorv1.Requisites{Bic: bic, AccountNumber: requisite.ExampleAccount("40817", bic, n), CorrAccount: requisite.ExampleCorrAccount(bic), BankName: "АО Банк"}
}

// executor registers executor n.
func (c *caller) executor(n uint64, kind string, where *executorv1.Requisites) string {
	c.t.Helper()
	c.house.people.claim(c.t, n, false)
	answer, err := c.Executors.RegisterExecutor(c.t.Context(), &executorv1.RegisterExecutorRequest{
		Book: c.book, Key: fmt.Sprint("executor-", n), EmploymentKind: kind, Person: known(person(n), n, kind), Requisites: where,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.GetExecutor().GetExecutorId()
}

func testCompany(t *testing.T, h *house) {
	c := h.caller(t)
	req := c.openRequest(1)
	first, err := c.Companies.OpenCompany(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	got := first.GetCompany()
	if got.GetState() != "active" || got.GetStateTitle() != "Активна" || got.GetDetails().GetPhone() != "+79153277121" || got.GetTariff().GetPercent() != "3.5" {
		t.Errorf("%v", got)
	}
	again, err := c.Companies.OpenCompany(t.Context(), req)
	if err != nil || !again.GetReplayed() || again.GetCompany().GetCompanyId() != got.GetCompanyId() {
		t.Errorf("the same again: %v %v", again, err)
	}
	other := c.openRequest(1)
	other.Details.Name = "ООО «Лютик»"
	_, err = c.Companies.OpenCompany(t.Context(), other)
	refused(t, err, fault.KeyReused, "key")
	other.Key = "another"
	_, err = c.Companies.OpenCompany(t.Context(), other)
	if r := refused(t, err, fault.AlreadyExists, "details.inn"); r.Facts["company_id"] != got.GetCompanyId() {
		t.Errorf("%+v", r)
	}
	for field, change := range map[string]func(*companyv1.OpenCompanyRequest){
		"details.inn":                 func(r *companyv1.OpenCompanyRequest) { r.Details.Inn = "7701005121" },
		"details.kpp":                 func(r *companyv1.OpenCompanyRequest) { r.Details.Kpp = "12" },
		"details.ogrn":                func(r *companyv1.OpenCompanyRequest) { r.Details.Ogrn = "1027700000001" },
		"details.phone":               func(r *companyv1.OpenCompanyRequest) { r.Details.Phone = "нет" },
		"details.name":                func(r *companyv1.OpenCompanyRequest) { r.Details.Name = "   " },
		"details.accounts[0].account": func(r *companyv1.OpenCompanyRequest) { r.Details.Accounts[0].Account = strings.Repeat("1", 20) },
		"tariff.percent":              func(r *companyv1.OpenCompanyRequest) { r.Tariff.Percent = "101" },
		"deposit_required":            func(r *companyv1.OpenCompanyRequest) { r.DepositRequired = "1.005" },
		"tariff":                      func(r *companyv1.OpenCompanyRequest) { r.Tariff = nil },
	} {
		bad := c.openRequest(2)
		change(bad)
		_, err := c.Companies.OpenCompany(t.Context(), bad)
		r := refusal(t, err)
		if r.Field != field {
			t.Errorf("%s: %+v", field, r)
		}
	}
	if _, err := c.Companies.FindCompany(t.Context(), &companyv1.FindCompanyRequest{Book: c.book, Inn: requisite.ExampleINN(2)}); refusal(t, err).Code != "not_found" {
		t.Error(err)
	}
	testCompanyLife(t, c, got)
}

// testCorrected: a request that was refused and of which nothing is remembered leaves
// its key free, whatever it had written beside the log.
func testCorrected(t *testing.T, h *house) {
	c := h.caller(t)
	wrong := c.openRequest(1)
	wrong.Tariff.From = "2020-02-29"
	for range 2 {
		_, err := c.Companies.OpenCompany(t.Context(), wrong)
		refused(t, err, fault.Malformed, "tariff.from")
	}
	right := c.openRequest(1)
	right.Details.Name = "ООО «Лютик»"
	opened, err := c.Companies.OpenCompany(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	if name := opened.GetCompany().GetDetails().GetName(); name != "ООО «Лютик»" || opened.GetReplayed() {
		t.Errorf("opened %q, replayed: %v", name, opened.GetReplayed())
	}
	_, err = c.Companies.OpenCompany(t.Context(), wrong)
	refused(t, err, fault.KeyReused, "key")
	again, err := c.Companies.OpenCompany(t.Context(), right)
	if err != nil || !again.GetReplayed() {
		t.Errorf("the accepted one again: %v %v", again, err)
	}

	company := opened.GetCompany().GetCompanyId()
	d := draft("100.00", "")
	d.PeriodFrom, d.PeriodTo = "2026-02-02", "2026-02-01"
	task := &taskv1.CreateTaskRequest{Book: c.book, Key: "task", CompanyId: company, Task: d}
	_, err = c.Tasks.CreateTask(t.Context(), task)
	refused(t, err, fault.Malformed, "task.period_to")
	d.PeriodTo, d.Title = "2026-02-03", "Другая работа"
	created, err := c.Tasks.CreateTask(t.Context(), task)
	if err != nil || created.GetTask().GetTitle() != "Другая работа" {
		t.Errorf("%v %v", created, err)
	}
}

func testCompanyLife(t *testing.T, c *caller, got *companyv1.Company) {
	req := c.openRequest(1)
	req.Details.Address = "Москва"
	changed, err := c.Companies.UpdateCompany(t.Context(), &companyv1.UpdateCompanyRequest{Book: c.book, CompanyId: got.GetCompanyId(), Details: req.GetDetails()})
	if err != nil || changed.GetCompany().GetDetailsVersion() != 2 || changed.GetCompany().GetDetails().GetAddress() != "Москва" {
		t.Errorf("%v %v", changed, err)
	}
	day := time.Now().In(c.db.Zone()).AddDate(0, 0, 7).Format(time.DateOnly)
	later, err := c.Companies.SetTariff(t.Context(), &companyv1.SetTariffRequest{
		Book: c.book, CompanyId: got.GetCompanyId(), Tariff: &companyv1.Tariff{From: day, Percent: "2"},
	})
	if err != nil || len(later.GetCompany().GetTariffs()) != 2 || later.GetCompany().GetTariff().GetPercent() != "3.5" {
		t.Errorf("%v %v", later, err)
	}
	found, err := c.Companies.FindCompany(t.Context(), &companyv1.FindCompanyRequest{Book: c.book, Inn: requisite.ExampleINN(1), MinPosition: later.GetPosition()})
	if err != nil || found.GetCompany().GetCompanyId() != got.GetCompanyId() {
		t.Errorf("%v %v", found, err)
	}
	c.must(entryOp("", "topup", "bank:settlement", got.GetWalletAccount(), "10.00"))
	wallet, err := c.Companies.GetWallet(t.Context(), &companyv1.GetWalletRequest{Book: c.book, CompanyId: got.GetCompanyId()})
	if err != nil || wallet.GetBalance() != "10.00" || wallet.GetDeposit() != "0.00" || wallet.GetTopUp().GetAccount() != ownAccounts()[0].Account ||
		!strings.Contains(wallet.GetTopUp().GetPurpose(), private.Marker(got.GetCompanyId())) {
		t.Errorf("%v %v", wallet, err)
	}
	c.invoices(got.GetCompanyId(), "0.00")
	list, err := c.Companies.ListCompanies(t.Context(), &companyv1.ListCompaniesRequest{Book: c.book})
	if err != nil || len(list.GetCompanies()) != 1 {
		t.Errorf("%v %v", list, err)
	}
	_, err = c.Companies.GetCompany(t.Context(), &companyv1.GetCompanyRequest{Book: c.book, CompanyId: "company-none"})
	refused(t, err, fault.NotFound, "company_id")
}

// invoices checks what an invoice says of a wallet and of a deposit that did not come yet.
func (c *caller) invoices(id, deposit string) {
	c.t.Helper()
	ask := func(kind companyv1.InvoiceKind, amount string) (*companyv1.GetInvoiceResponse, error) {
		return c.Companies.GetInvoice(c.t.Context(), &companyv1.GetInvoiceRequest{Book: c.book, CompanyId: id, Kind: kind, Amount: amount})
	}
	own := ownAccounts()[0]
	code := "ST00012|Name=" + own.Holder + "|PersonalAcc=" + own.Account + "|BankName=" + own.BankName + "|BIC=" + own.BIC + "|CorrespAcc=" + own.CorrAccount
	topUp, err := ask(companyv1.InvoiceKind_INVOICE_KIND_TOP_UP, "")
	if err != nil || topUp.GetAmount() != "" || topUp.GetPurpose() != topUp.GetPayee().GetPurpose() ||
		topUp.GetQrText() != code+"|Purpose="+topUp.GetPurpose()+"|PayeeINN="+own.INN {
		c.t.Errorf("%v %v", topUp, err)
	}
	some, err := ask(companyv1.InvoiceKind_INVOICE_KIND_TOP_UP, "1500.5")
	if err != nil || some.GetAmount() != "1500.50" || !strings.HasPrefix(some.GetQrText(), code+"|Sum=150050|Purpose=Пополнение счета") {
		c.t.Errorf("%v %v", some, err)
	}
	pledge, err := ask(companyv1.InvoiceKind_INVOICE_KIND_DEPOSIT, "")
	if deposit == "0.00" {
		refused(c.t, err, fault.WrongState, "kind")
	} else if err != nil || pledge.GetAmount() != deposit || !strings.Contains(pledge.GetQrText(), "|Sum="+strings.Replace(deposit, ".", "", 1)+"|Purpose=Обеспечительный платеж") {
		c.t.Errorf("%v %v", pledge, err)
	}
	_, err = ask(companyv1.InvoiceKind_INVOICE_KIND_UNSPECIFIED, "")
	refused(c.t, err, fault.Malformed, "kind")
	_, err = ask(companyv1.InvoiceKind_INVOICE_KIND_TOP_UP, "0.00")
	refused(c.t, err, fault.AmountInvalid, "amount")
}

func testInvoices(t *testing.T, h *house) {
	c := h.caller(t)
	req := c.openRequest(1)
	req.DepositRequired = "1000.5"
	opened, err := c.Companies.OpenCompany(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	c.invoices(opened.GetCompany().GetCompanyId(), "1000.50")
}

func testExecutors(t *testing.T, h *house) {
	c := h.caller(t)
	id := c.executor(1, "selfemployed", nil)
	if id != c.executor(1, "selfemployed", nil) {
		t.Error("a retry made another executor")
	}
	req := &executorv1.RegisterExecutorRequest{Book: c.book, EmploymentKind: "entrepreneur", Person: person(1)}
	_, err := c.Executors.RegisterExecutor(t.Context(), req)
	refused(t, err, fault.AlreadyExists, "person.inn")
	for field, change := range map[string]func(*executorv1.RegisterExecutorRequest){
		"person.inn":       func(r *executorv1.RegisterExecutorRequest) { r.Person.Inn = "770100000013" },
		"person.phone":     func(r *executorv1.RegisterExecutorRequest) { r.Person.Phone = "123" },
		"person.last_name": func(r *executorv1.RegisterExecutorRequest) { r.Person.LastName = " " },
		"employment_kind":  func(r *executorv1.RegisterExecutorRequest) { r.EmploymentKind = "slave" },
		"requisites.bic":   func(r *executorv1.RegisterExecutorRequest) { r.Requisites.Bic = "99" },
		"requisites.account_number": func(r *executorv1.RegisterExecutorRequest) {
			r.Requisites.AccountNumber = account(5).GetAccountNumber()
		},
		"person": func(r *executorv1.RegisterExecutorRequest) { r.Person = nil },
	} {
		bad := &executorv1.RegisterExecutorRequest{Book: c.book, EmploymentKind: "selfemployed", Person: person(2), Requisites: account(2)}
		change(bad)
		_, err := c.Executors.RegisterExecutor(t.Context(), bad)
		if r := refusal(t, err); r.Field != field {
			t.Errorf("%s: %+v", field, r)
		}
	}
	set, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, ExecutorId: id, Requisites: account(1)})
	if err != nil || set.GetExecutor().GetRequisitesVersion() != 1 || !strings.HasPrefix(set.GetExecutor().GetRequisites().GetAccountNumber(), "****") {
		t.Fatalf("%v %v", set, err)
	}
	moved, err := c.Executors.SetRequisites(t.Context(), &executorv1.SetRequisitesRequest{Book: c.book, ExecutorId: id, Requisites: account(3)})
	if err != nil || moved.GetExecutor().GetRequisitesVersion() != 2 {
		t.Fatalf("%v %v", moved, err)
	}
	found, err := c.Executors.FindExecutors(t.Context(), &executorv1.FindExecutorsRequest{Book: c.book, Phone: "8" + requisite.ExamplePhone(1)[2:]})
	if err != nil || len(found.GetExecutors()) != 1 {
		t.Fatalf("%v %v", found, err)
	}
	shown := found.GetExecutors()[0]
	if !shown.GetMasked() || strings.Contains(shown.GetPerson().GetInn(), requisite.ExamplePersonINN(1)[:8]) || shown.GetPerson().GetFirstName() != "П." {
		t.Errorf("not masked: %v", shown)
	}
	none, err := c.Executors.FindExecutors(t.Context(), &executorv1.FindExecutorsRequest{Book: c.book, Phone: requisite.ExamplePhone(1), Inn: requisite.ExamplePersonINN(7)})
	if err != nil || len(none.GetExecutors()) != 0 {
		t.Errorf("%v %v", none, err)
	}
	testPersonalData(t, c, id)
}

func testPersonalData(t *testing.T, c *caller, id string) {
	whole, err := c.Executors.GetExecutor(t.Context(), &executorv1.GetExecutorRequest{Book: c.book, ExecutorId: id, Unmask: true})
	if err != nil || whole.GetExecutor().GetPerson().GetInn() != requisite.ExamplePersonINN(1) || whole.GetExecutor().GetRequisites().GetAccountNumber() != account(3).GetAccountNumber() {
		t.Errorf("%v %v", whole, err)
	}
	blind := &caller{house: c.house, t: t, book: c.book, key: c.mint(t, c.book, gate.RoleExecutor)}
	status, body := blind.post("provodka.executor.v1.ExecutorService/GetExecutor", "application/json", `{"book":"`+c.book+`","executor_id":"`+id+`","unmask":true}`)
	wantWire(t, "unmask", status, body, fault.PermissionDenied, "unmask")
	blocked, err := c.Executors.BlockExecutor(t.Context(), &executorv1.BlockExecutorRequest{Book: c.book, ExecutorId: id, Code: "request"})
	if err != nil || blocked.GetExecutor().GetState() != "blocked" {
		t.Fatalf("%v %v", blocked, err)
	}
	company := c.company(1, "")
	_, err = c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: draft("100.00", id)})
	refused(t, err, fault.WrongState, "task.executor.executor_id")
	if _, err := c.Executors.UnblockExecutor(t.Context(), &executorv1.UnblockExecutorRequest{Book: c.book, ExecutorId: id}); err != nil {
		t.Fatal(err)
	}
	kind, err := c.Executors.UpdateExecutor(t.Context(), &executorv1.UpdateExecutorRequest{Book: c.book, ExecutorId: id, EmploymentKind: "entrepreneur"})
	if err != nil || kind.GetExecutor().GetEmploymentKind() != "entrepreneur" || kind.GetExecutor().GetPersonVersion() != 1 {
		t.Errorf("%v %v", kind, err)
	}
}
