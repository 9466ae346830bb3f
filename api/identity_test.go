package api_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// A civil contract is paid to somebody whose SNILS, birthday and passport are known.
func testIdentity(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "5000.00")
	for field, change := range map[string]func(*executorv1.Person){
		"person.snils":                    func(p *executorv1.Person) { p.Snils = "112-233-445 96" },
		"person.birthday":                 func(p *executorv1.Person) { p.Birthday = "17.05.1990" },
		"person.passport.number":          func(p *executorv1.Person) { p.Passport.Number = "4504 12345" },
		"person.passport.issued_on":       func(p *executorv1.Person) { p.Passport.IssuedOn = "2004-05-16" },
		"person.passport.issued_by":       func(p *executorv1.Person) { p.Passport.IssuedBy = " " },
		"person.passport.department_code": func(p *executorv1.Person) { p.Passport.DepartmentCode = "77" },
	} {
		bad := known(person(2), 2, "civil_contract")
		change(bad)
		_, err := c.Executors.RegisterExecutor(t.Context(), &executorv1.RegisterExecutorRequest{Book: c.book, EmploymentKind: "civil_contract", Person: bad})
		want := fault.PassportInvalid
		if field == "person.snils" {
			want = fault.SNILSInvalid
		}
		refused(t, err, want, field)
	}
	made, err := c.Executors.RegisterExecutor(t.Context(), &executorv1.RegisterExecutorRequest{
		Book: c.book, EmploymentKind: "civil_contract", Person: person(2), Requisites: account(2),
	})
	if err != nil || !slices.Equal(made.GetExecutor().GetLacks(), []string{"person.snils", "person.birthday", "person.passport"}) {
		t.Fatalf("%v %v", made, err)
	}
	id := made.GetExecutor().GetExecutorId()
	d := draft("1000.00", id)
	d.Autocomplete = true
	task, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Task: d})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Tasks.PayTask(t.Context(), &taskv1.PayTaskRequest{Book: c.book, TaskId: task.GetTask().GetId()}); err != nil {
		t.Fatal(err)
	}
	got := c.settled(task.GetTask().GetId())
	if got.GetStatus() != "error" || len(got.GetPaymentErrors()) != 1 || got.GetPaymentErrors()[0].GetCode() != string(fault.IdentityMissing) || got.GetPaymentErrors()[0].GetActor() != "executor" {
		t.Fatalf("%v", got)
	}
	c.identified(id)
	c.retried(task.GetTask().GetId())
	if got := c.settled(task.GetTask().GetId()); got.GetStatus() != "paid" {
		t.Errorf("%v", got)
	}
}

// identified gives what was lacking, and looks at how it is shown.
func (c *caller) identified(id string) {
	c.t.Helper()
	whole := known(person(2), 2, "civil_contract")
	now, err := c.Executors.UpdateExecutor(c.t.Context(), &executorv1.UpdateExecutorRequest{Book: c.book, ExecutorId: id, Person: whole})
	shown := now.GetExecutor().GetPerson()
	if err != nil || len(now.GetExecutor().GetLacks()) != 0 || shown.GetBirthday() != "" || shown.GetAddress() != "" ||
		shown.GetPassport().GetIssuedBy() != "" || !strings.HasPrefix(shown.GetSnils(), "****") || !strings.HasPrefix(shown.GetPassport().GetNumber(), "****") {
		c.t.Fatalf("%v %v", now, err)
	}
	open, err := c.Executors.GetExecutor(c.t.Context(), &executorv1.GetExecutorRequest{Book: c.book, ExecutorId: id, Unmask: true})
	p := open.GetExecutor().GetPerson()
	if err != nil || p.GetSnils() != requisite.ExampleSNILS(2) || p.GetPassport().GetNumber() != strings.ReplaceAll(requisite.ExamplePassport(2), " ", "") ||
		p.GetPassport().GetDepartmentCode() != "770-001" || p.GetAddress() != whole.GetAddress() {
		c.t.Errorf("%v %v", open, err)
	}
	c.discreet(c.t, requisite.ExampleSNILS(2), p.GetPassport().GetNumber(), "Выдуманная")
}
