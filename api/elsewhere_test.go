package api_test

import (
	"testing"
	"time"

	taxservice "github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// testElsewhere: what a person earned elsewhere is asked for when he is bound; it takes of his year, he sees how
// much it is, and a company only what is free. Of who does not let us see it nothing is known, which is no zero.
func testElsewhere(t *testing.T, h *house) {
	const who, silent = 8910, 8911
	c := h.caller(t)
	company, id, other := c.company(1, "1000.00"), c.executor(who, "selfemployed", account(1)), c.executor(silent, "selfemployed", account(2))
	app, _ := c.loggedIn(requisite.ExamplePhone(who))
	month := time.Now().In(flow.Moscow).Format("200601")
	for _, n := range []uint64{who, silent} {
		h.person(t, n, func(p *taxservice.Person) {
			p.Answers, p.Phone, p.Elsewhere = "yes", requisite.ExamplePhone(n), map[string]string{month: "2300000.00"}
			if n == silent {
				p.Refuses = []string{"INCOME_SUMMARY"}
			}
		})
	}
	for _, one := range []string{id, other} {
		if _, err := c.Executors.BindExecutor(t.Context(), &executorv1.BindExecutorRequest{Book: c.book, Key: "bind " + one, ExecutorId: one}); err != nil {
			t.Fatal(err)
		}
		c.standing(one, "validated")
	}
	year := func(of string) *taxv1.GetEarningsResponse {
		t.Helper()
		got, err := c.Taxes.GetEarnings(t.Context(), &taxv1.GetEarningsRequest{Book: c.book, ExecutorId: of})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for until := time.Now().Add(20 * time.Second); year(id).GetElsewhere() == ""; c.pause() {
		if time.Now().After(until) {
			t.Fatalf("%v", year(id))
		}
	}
	if y := year(id); y.GetElsewhere() != "2300000.00" || y.GetFree() != "100000.00" || y.GetElsewhereAt() == nil || y.GetRegistered() != "0.00" {
		t.Errorf("%v", y)
	}
	if y := year(other); y.GetElsewhere() != "" || y.GetElsewhereAt() != nil || y.GetFree() != "2400000.00" {
		t.Errorf("nobody has said: %v", y)
	}
	mine, err := app.App.GetMyEarnings(t.Context(), &executorv1.GetMyEarningsRequest{Book: c.book})
	if err != nil || mine.GetElsewhere() != "2300000.00" || mine.GetElsewhereAt() == nil || mine.GetFree() != "100000.00" {
		t.Errorf("%v %v", mine, err)
	}

	offered := c.offered(company, "100000.01", "much", taskv1.OfferTo_OFFER_TO_CIRCLE, id, other).GetTask().GetId()
	_, err = c.accept(offered, id, "1")
	r := refused(t, err, fault.IncomeCap, "executor_id")
	if _, told := r.Facts["elsewhere"]; told || r.Facts["free"] != "100000.00" {
		t.Errorf("whoever acts for the company learns %v", r.Facts)
	}
	_, err = app.App.AcceptMyTask(t.Context(), &executorv1.AcceptMyTaskRequest{Book: c.book, Key: "2", TaskId: offered, Terms: 1})
	if r := refused(t, err, fault.IncomeCap, "executor_id"); r.Facts["elsewhere"] != "2300000.00" || r.Facts["free"] != "100000.00" {
		t.Errorf("the person learns %v", r.Facts)
	}
	if _, err = c.accept(offered, other, "3"); err != nil {
		t.Errorf("of whom nothing is known: %v", err)
	}
	exact := c.offered(company, "100000.00", "exact", taskv1.OfferTo_OFFER_TO_CIRCLE, id).GetTask().GetId()
	if _, err = c.accept(exact, id, "4"); err != nil {
		t.Errorf("the cap itself is within it: %v", err)
	}
}
