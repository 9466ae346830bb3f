package porttest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// Standing is what the tax service knows of a person.
type Standing string

// The standings that the suite asks for.
const (
	Willing      Standing = "willing"       // on NPD, bound to us, everything granted
	Stranger     Standing = "stranger"      // not on NPD
	Unbound      Standing = "unbound"       // on NPD, not bound to us
	NoPermission Standing = "no_permission" // bound, INCOME_REGISTRATION not granted
	Left         Standing = "left"          // left NPD; the status says since when
)

// IncomeFake is the tax service's sandbox as the suite sees it.
type IncomeFake struct {
	Fake
	// Person sets a person's standing.
	Person func(t *testing.T, inn string, standing Standing)
}

// Income is a good invented income of 100.00.
func Income(n uint64) port.IncomeReceipt {
	paid := time.Date(2026, 3, 2, 12, 40, 0, 0, time.FixedZone("MSK", 3*60*60))
	return port.IncomeReceipt{
		Attempt: fmt.Sprintf("%032x", n+1), INN: requisite.ExamplePersonINN(n), CustomerINN: requisite.ExampleINN(n), CustomerName: "ООО «Ромашка» & Ко",
		Service: fmt.Sprintf("Вёрстка страницы № %d <главная>", n), Amount: money.MustParse("100.00"), PaidAt: paid, RequestedAt: paid.Add(time.Minute),
	}
}

// ExerciseIncome holds an adapter of port.Income against its sandbox. fresh makes a
// new pair for each case and cleans it up by t; the adapter asks at most four times about
// one message, without waiting between.
func ExerciseIncome(t *testing.T, fresh func(t *testing.T) (port.Income, IncomeFake)) {
	t.Helper()
	for name, exercise := range map[string]func(*testing.T, port.Income, IncomeFake){
		"done": incomeDone, "same attempt twice registers once": incomeTwice, "same attempt at once registers once": incomeAtOnce,
		"check": incomeCheck, "denied": incomeDenied, "permission taken back between check and receipt": incomeTakenBack, "check in doubt": incomeCheckInDoubt,
		"silence after acting": incomeSilentApplied, "silence without acting": incomeSilent, "500 after acting": incomeErrorApplied, "500 without acting": incomeError,
		"message lost": incomeLost, "message lost after acting": incomeLostApplied, "in progress, then done": incomeInProgress,
		"unknown status": incomeUnknownStatus, "unknown code": incomeUnknownCode, "wrong data": incomeWrongData, "slow": incomeSlow,
		"annulled": incomeAnnulled, "deadline": incomeDeadline, "not fit to be sent": incomeUnfit, "memory": incomeMemory,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			income, fake := fresh(t)
			fake.Person(t, Income(1).INN, Willing)
			exercise(t, income, fake)
		})
	}
}

// registered registers and checks that it is done with a receipt, registered once.
func registered(t *testing.T, income port.Income, fake IncomeFake, what string) port.Answer {
	t.Helper()
	r := Income(1)
	a := income.Register(t.Context(), r)
	want(t, what, a, port.Done)
	booked := fake.payment(t, r.Attempt)
	if booked.ExecutedCount != 1 || booked.Mismatches != 0 || a.ReceiptID != booked.Extra["receipt_id"] || a.ReceiptLink != booked.Extra["link"] {
		t.Errorf("%s: %+v, the service booked %+v", what, a, booked)
	}
	if !strings.HasPrefix(a.ReceiptLink, "https://lknpd.nalog.ru/api/v1/receipt/"+r.INN+"/") || a.Tax != booked.Extra["tax_to_pay"] {
		t.Errorf("%s: %+v, the service booked %+v", what, a, booked)
	}
	return a
}

func incomeDone(t *testing.T, income port.Income, fake IncomeFake) {
	a := registered(t, income, fake, "Register")
	r, booked := Income(1), fake.payment(t, Income(1).Attempt)
	if booked.Purpose != r.Service || booked.Amount != "100.00" || booked.INN != r.INN || booked.Detail["customer_inn"] != r.CustomerINN || a.Tax != "6.00" {
		t.Errorf("%+v, the service booked %+v", a, booked)
	}
}

func incomeTwice(t *testing.T, income port.Income, fake IncomeFake) {
	first := registered(t, income, fake, "Register")
	again := registered(t, income, fake, "Register again")
	if again.ReceiptID != first.ReceiptID || again.ReceiptLink != first.ReceiptLink || again.Tax != first.Tax {
		t.Errorf("the first receipt is %+v, the second answer %+v", first, again)
	}
}

func incomeAtOnce(t *testing.T, income port.Income, fake IncomeFake) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if a := income.Register(t.Context(), Income(1)); a.Result != port.Done || a.ReceiptID == "" {
				t.Errorf("Register: %+v", a)
			}
		})
	}
	wg.Wait()
	if n := fake.executed(t, Income(1).Attempt); n != 1 {
		t.Errorf("registered %d times", n)
	}
}

// incomeAnnulled annuls a receipt, twice: the second answer is the first.
func incomeAnnulled(t *testing.T, income port.Income, fake IncomeFake) {
	a, inn := registered(t, income, fake, "Register"), Income(1).INN
	want(t, "no such receipt", income.Annul(t.Context(), inn, "nobody"), port.Refused)
	fake.Script(t, stage.Rule{Op: "cancel", Fault: stage.Error})
	want(t, "Annul in doubt", income.Annul(t.Context(), inn, a.ReceiptID), port.Unknown)
	fake.Script(t)
	want(t, "Annul", income.Annul(t.Context(), inn, a.ReceiptID), port.Done)
	want(t, "Annul again", income.Annul(t.Context(), inn, a.ReceiptID), port.Done)
	fake.Person(t, inn, Unbound)
	want(t, "Annul of a person who left us", income.Annul(t.Context(), inn, a.ReceiptID), port.Refused)
}

// denials are the standings in which a person's income cannot be registered.
var denials = []Standing{Stranger, Unbound, NoPermission, Left}

func incomeCheck(t *testing.T, income port.Income, fake IncomeFake) {
	inn := Income(1).INN
	want(t, "Check", income.Check(t.Context(), inn), port.Done)
	for _, standing := range denials {
		fake.Person(t, inn, standing)
		a := income.Check(t.Context(), inn)
		want(t, string(standing), a, port.Refused)
		if a.Code != fault.IncomeDenied || strings.Contains(a.Reason, "{") {
			t.Errorf("%s: %+v", standing, a)
		}
	}
	fake.Person(t, inn, Willing)
	want(t, "Check after the person came back", income.Check(t.Context(), inn), port.Done)
	if list := fake.Books(t).Payments; len(list) != 0 {
		t.Errorf("checking registered: %+v", list)
	}
}

func incomeDenied(t *testing.T, income port.Income, fake IncomeFake) {
	for _, standing := range denials {
		fake.Person(t, Income(1).INN, standing)
		a := income.Register(t.Context(), Income(1))
		want(t, string(standing), a, port.Refused)
		if a.Code != fault.IncomeDenied {
			t.Errorf("%s: %+v", standing, a)
		}
	}
	if n := fake.executed(t, Income(1).Attempt); n != 0 {
		t.Errorf("registered %d times", n)
	}
}

func incomeTakenBack(t *testing.T, income port.Income, fake IncomeFake) {
	want(t, "Check", income.Check(t.Context(), Income(1).INN), port.Done)
	fake.Person(t, Income(1).INN, NoPermission)
	want(t, "Register", income.Register(t.Context(), Income(1)), port.Refused)
}

func incomeCheckInDoubt(t *testing.T, income port.Income, fake IncomeFake) {
	for _, op := range []string{"status", "permissions"} {
		for _, rule := range []stage.Rule{
			{Fault: stage.Silent, DelayMS: 1}, {Fault: stage.Error}, {Fault: stage.InProgress, Polls: 100}, {Fault: stage.Lost},
			{Fault: stage.UnknownStatus, Status: "FROZEN"}, {Fault: stage.Refuse, Code: "INTERNAL_ERROR"}, {Fault: stage.Refuse, Code: "BRAND_NEW"}, {Fault: stage.Refuse, Code: "PARTNER_DENY"},
		} {
			rule.Op = op
			fake.Script(t, rule)
			want(t, fmt.Sprintf("%s, %s %s", op, rule.Fault, rule.Code), income.Check(t.Context(), Income(1).INN), port.Unknown)
		}
	}
	fake.Script(t)
	want(t, "Check at last", income.Check(t.Context(), Income(1).INN), port.Done)
}

// unknownThenRegistered registers under a fault that hides the answer, and again.
func unknownThenRegistered(t *testing.T, income port.Income, fake IncomeFake, rule stage.Rule, acted int) {
	fake.Script(t, rule)
	want(t, "Register", income.Register(t.Context(), Income(1)), port.Unknown)
	if n := fake.executed(t, Income(1).Attempt); n != acted {
		t.Errorf("registered %d times, want %d", n, acted)
	}
	registered(t, income, fake, "Register again")
}

func incomeSilentApplied(t *testing.T, income port.Income, fake IncomeFake) {
	unknownThenRegistered(t, income, fake, stage.Rule{Fault: stage.SilentApplied, DelayMS: 1}, 1)
}

func incomeSilent(t *testing.T, income port.Income, fake IncomeFake) {
	unknownThenRegistered(t, income, fake, stage.Rule{Fault: stage.Silent, DelayMS: 1}, 0)
}

func incomeErrorApplied(t *testing.T, income port.Income, fake IncomeFake) {
	unknownThenRegistered(t, income, fake, stage.Rule{Fault: stage.ErrorApplied}, 1)
}

func incomeError(t *testing.T, income port.Income, fake IncomeFake) {
	unknownThenRegistered(t, income, fake, stage.Rule{Fault: stage.Error}, 0)
}

// A lost message is sent again at once, under the same attempt.
func incomeLost(t *testing.T, income port.Income, fake IncomeFake) {
	fake.Script(t, stage.Rule{Fault: stage.Lost})
	registered(t, income, fake, "Register")
}

func incomeLostApplied(t *testing.T, income port.Income, fake IncomeFake) {
	fake.Script(t, stage.Rule{Fault: stage.LostApplied})
	registered(t, income, fake, "Register")
}

func incomeInProgress(t *testing.T, income port.Income, fake IncomeFake) {
	fake.Script(t, stage.Rule{Fault: stage.InProgress, Polls: inProgressPolls})
	a := income.Register(t.Context(), Income(1))
	want(t, "Register", a, port.Unknown)
	registered(t, income, fake, "Register again")
}

func incomeUnknownStatus(t *testing.T, income port.Income, fake IncomeFake) {
	fake.Script(t, stage.Rule{Fault: stage.UnknownStatus, Status: "FROZEN_42"})
	a := income.Register(t.Context(), Income(1))
	want(t, "Register", a, port.Unknown)
	if a.Status != "FROZEN_42" {
		t.Errorf("the raw status is lost: %+v", a)
	}
}

func incomeUnknownCode(t *testing.T, income port.Income, fake IncomeFake) {
	fake.Script(t, stage.Rule{Fault: stage.UnknownStatus, Code: "BRAND_NEW", Message: "Новая причина «такая»"})
	a := income.Register(t.Context(), Income(1))
	want(t, "Register", a, port.Unknown)
	if a.Status != "BRAND_NEW" || a.Reason != "Новая причина «такая»" {
		t.Errorf("the raw code or the words are lost: %+v", a)
	}
}

func incomeWrongData(t *testing.T, income port.Income, fake IncomeFake) {
	fake.Script(t, stage.Rule{Fault: stage.Refuse, Code: "REQUEST_VALIDATION_ERROR", Message: "Неверное наименование услуги"})
	a := income.Register(t.Context(), Income(1))
	want(t, "Register", a, port.Refused)
	if a.Code != fault.Malformed || a.Reason != "Неверное наименование услуги" {
		t.Errorf("%+v", a)
	}
}

func incomeSlow(t *testing.T, income port.Income, fake IncomeFake) {
	fake.Script(t, stage.Rule{Fault: stage.Slow, DelayMS: 20})
	registered(t, income, fake, "Register")
}

func incomeDeadline(t *testing.T, income port.Income, fake IncomeFake) {
	fake.Script(t, stage.Rule{Fault: stage.SilentApplied})
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	leaks(t, ctx, func(ctx context.Context) {
		want(t, "Register", income.Register(ctx, Income(1)), port.Unknown)
	})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	want(t, "Register when it is too late", income.Register(over, Income(2)), port.Unknown)
	want(t, "Check when it is too late", income.Check(over, Income(2).INN), port.Unknown)
	if n := fake.executed(t, Income(2).Attempt); n != 0 {
		t.Errorf("sent after the deadline, registered %d times", n)
	}
}

func incomeUnfit(t *testing.T, income port.Income, fake IncomeFake) {
	for name, change := range map[string]func(*port.IncomeReceipt){
		"company's inn": func(r *port.IncomeReceipt) { r.INN = requisite.ExampleINN(1) },
		"line break":    func(r *port.IncomeReceipt) { r.Service = "Вёрстка\nстраницы" },
		"zero":          func(r *port.IncomeReceipt) { r.Amount = money.Zero },
		"no time":       func(r *port.IncomeReceipt) { r.PaidAt = time.Time{} },
	} {
		r := Income(1)
		change(&r)
		a := income.Register(t.Context(), r)
		want(t, name, a, port.Refused)
		if a.Status != port.NotSent {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if list := fake.Books(t).Payments; len(list) != 0 {
		t.Errorf("sent: %+v", list)
	}
}

func incomeMemory(t *testing.T, income port.Income, _ IncomeFake) {
	if income.Memory() <= 0 {
		t.Error("the suite is for services that remember attempts")
	}
}
