package porttest

import (
	"context"
	"fmt"
	"maps"
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

// inProgressPolls is more than an adapter under test asks within one Pay: make it
// ask at most three times, without waiting.
const inProgressPolls = 5

// Payment is a good invented payment of 100.00.
func Payment(n uint64) port.Payment {
	bic := requisite.ExampleBIC(n)
	return port.Payment{
		Attempt: fmt.Sprintf("%032x", n+1), FromAccount: requisite.ExampleAccount("40702", requisite.ExampleBIC(1), 1),
		To: port.Requisites{
			Name: "Ёлкина Любовь Щукаревна", INN: requisite.ExamplePersonINN(n), BIC: bic, BankName: "Банк «Пример»",
			CorrAccount: requisite.ExampleCorrAccount(bic), AccountNumber: requisite.ExampleAccount("40817", bic, n),
		},
		Amount: money.MustParse("100.00"), Purpose: fmt.Sprintf("Оплата по договору № %d за вёрстку, НДС не облагается", n),
	}
}

// SBPPayment is a good invented payment of 100.00 by SBP.
func SBPPayment(n uint64) port.Payment {
	p := Payment(n)
	p.To = port.Requisites{
		Name: p.To.Name, INN: p.To.INN, SBP: port.SBP{Phone: requisite.ExamplePhone(n), BankID: requisite.ExampleSBPBank(n)},
		Person: port.Person{LastName: "Ёлкина", FirstName: "Любовь", SecondName: "Щукаревна"},
	}
	return p
}

// CardPayment is a good invented payment of 100.00 to a card.
func CardPayment(n uint64) port.Payment {
	p := SBPPayment(n)
	p.To.SBP, p.To.Card = port.SBP{}, port.Card{Token: requisite.ExampleCardToken(n)}
	return p
}

// ExercisePayout holds an adapter of port.Payout against its sandbox. fresh makes
// a new pair for each case and cleans it up by t; the adapter asks at most three times
// within one Pay, without waiting between, and has no pace.
func ExercisePayout(t *testing.T, fresh func(t *testing.T) (port.Payout, Fake)) {
	t.Helper()
	for name, exercise := range map[string]func(*testing.T, port.Payout, Fake){
		"done": payoutDone, "same attempt twice acts once": payoutTwice, "same attempt at once acts once": payoutAtOnce,
		"refused is final": payoutRefused, "failed later is final": payoutFailed,
		"silence after acting": payoutSilentApplied, "silence without acting": payoutSilent,
		"500 after acting": payoutErrorApplied, "500 without acting": payoutError, "refusal of a second send is not believed": payoutRefusedSecond,
		"in progress, then done": payoutInProgress, "unknown status": payoutUnknownStatus, "slow": payoutSlow, "taken back": payoutTakenBack,
		"deadline": payoutDeadline, "never sent": payoutNeverSent, "not fit to be sent": payoutUnfit, "amounts": payoutAmounts, "taxes": payoutTaxes, "memory": payoutMemory,
		"ways": payoutWays, "way not fit to be sent": payoutWaysUnfit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payout, fake := fresh(t)
			exercise(t, payout, fake)
		})
	}
}

func payoutDone(t *testing.T, payout port.Payout, fake Fake) {
	p := Payment(1)
	want(t, "Pay", payout.Pay(t.Context(), p), port.Done)
	want(t, "Payment", payout.Payment(t.Context(), p.Attempt), port.Done)
	booked := fake.payment(t, p.Attempt)
	if booked.ExecutedCount != 1 || booked.Purpose != p.Purpose || booked.Account != p.To.AccountNumber || booked.INN != p.To.INN || booked.Amount != "100.00" {
		t.Errorf("the partner booked %+v", booked)
	}
}

func payoutTwice(t *testing.T, payout port.Payout, fake Fake) {
	p := Payment(1)
	for range 3 {
		want(t, "Pay", payout.Pay(t.Context(), p), port.Done)
	}
	if booked := fake.payment(t, p.Attempt); booked.ExecutedCount != 1 || booked.Mismatches != 0 {
		t.Errorf("the partner booked %+v", booked)
	}
}

func payoutAtOnce(t *testing.T, payout port.Payout, fake Fake) {
	p := Payment(1)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if a := payout.Pay(t.Context(), p); a.Result != port.Done {
				t.Errorf("Pay: %+v", a)
			}
		})
	}
	wg.Wait()
	if n := fake.executed(t, p.Attempt); n != 1 {
		t.Errorf("executed %d times", n)
	}
}

func payoutRefused(t *testing.T, payout port.Payout, fake Fake) {
	p := Payment(1)
	fake.Script(t, stage.Rule{Field: "purpose", Contains: "№ 1", Fault: stage.Refuse, Code: "LIMIT", Message: "Превышен лимит «на день»"})
	for range 2 {
		a := payout.Pay(t.Context(), p)
		want(t, "Pay", a, port.Refused)
		if a.Code != fault.PayoutRefused || a.Reason != "Превышен лимит «на день»" || a.Status != "LIMIT" {
			t.Errorf("the partner's words are lost: %+v", a)
		}
	}
	if n := fake.executed(t, p.Attempt); n != 0 {
		t.Errorf("executed %d times", n)
	}
	want(t, "another payment", payout.Pay(t.Context(), Payment(2)), port.Done)
}

func payoutFailed(t *testing.T, payout port.Payout, fake Fake) {
	p := Payment(1)
	fake.Script(t, stage.Rule{Fault: stage.Fail, Message: "Счёт получателя закрыт"})
	for what, a := range map[string]port.Answer{"Pay": payout.Pay(t.Context(), p), "Payment": payout.Payment(t.Context(), p.Attempt)} {
		want(t, what, a, port.Refused)
		if a.Code != fault.PayoutRefused || a.Reason != "Счёт получателя закрыт" {
			t.Errorf("%s: the partner's words are lost: %+v", what, a)
		}
	}
	if n := fake.executed(t, p.Attempt); n != 0 {
		t.Errorf("executed %d times", n)
	}
}

// unknownThen pays under a fault and looks what Payment finds out.
func unknownThen(t *testing.T, payout port.Payout, fake Fake, rule stage.Rule, found port.Result) {
	p := Payment(1)
	fake.Script(t, rule)
	want(t, "Pay", payout.Pay(t.Context(), p), port.Unknown)
	want(t, "Payment", payout.Payment(t.Context(), p.Attempt), found)
	if n, acted := fake.executed(t, p.Attempt), found == port.Done; (n == 1) != acted {
		t.Errorf("executed %d times", n)
	}
	want(t, "Pay again", payout.Pay(t.Context(), p), port.Done)
	if n := fake.executed(t, p.Attempt); n != 1 {
		t.Errorf("executed %d times after the second send", n)
	}
}

func payoutSilentApplied(t *testing.T, payout port.Payout, fake Fake) {
	unknownThen(t, payout, fake, stage.Rule{Fault: stage.SilentApplied, DelayMS: 1}, port.Done)
}

func payoutSilent(t *testing.T, payout port.Payout, fake Fake) {
	unknownThen(t, payout, fake, stage.Rule{Fault: stage.Silent, DelayMS: 1}, port.NotFound)
}

func payoutErrorApplied(t *testing.T, payout port.Payout, fake Fake) {
	unknownThen(t, payout, fake, stage.Rule{Fault: stage.ErrorApplied}, port.Done)
}

func payoutError(t *testing.T, payout port.Payout, fake Fake) {
	unknownThen(t, payout, fake, stage.Rule{Fault: stage.Error}, port.NotFound)
}

// A send was applied and its answer lost; the second send is refused as wrong. The
// payment is done, and only asking tells.
func payoutRefusedSecond(t *testing.T, payout port.Payout, fake Fake) {
	p := Payment(1)
	fake.Script(t, stage.Rule{Fault: stage.RefuseSecond, Message: "Превышен лимит"})
	want(t, "Pay", payout.Pay(t.Context(), p), port.Unknown)
	want(t, "Pay again", payout.Pay(t.Context(), p), port.Done)
	if n := fake.executed(t, p.Attempt); n != 1 {
		t.Errorf("executed %d times", n)
	}
}

func payoutInProgress(t *testing.T, payout port.Payout, fake Fake) {
	p := Payment(1)
	fake.Script(t, stage.Rule{Fault: stage.InProgress, Polls: inProgressPolls})
	want(t, "Pay", payout.Pay(t.Context(), p), port.Unknown)
	for range inProgressPolls + 1 {
		a := payout.Payment(t.Context(), p.Attempt)
		if a.Result == port.Done {
			break
		}
		want(t, "Payment", a, port.Unknown)
	}
	want(t, "Payment at last", payout.Payment(t.Context(), p.Attempt), port.Done)
	if n := fake.executed(t, p.Attempt); n != 1 {
		t.Errorf("executed %d times", n)
	}
}

func payoutUnknownStatus(t *testing.T, payout port.Payout, fake Fake) {
	p := Payment(1)
	fake.Script(t, stage.Rule{Fault: stage.UnknownStatus, Status: "ON_HOLD_42", Polls: inProgressPolls})
	for what, a := range map[string]port.Answer{"Pay": payout.Pay(t.Context(), p), "Payment": payout.Payment(t.Context(), p.Attempt)} {
		want(t, what, a, port.Unknown)
		if a.Status != "ON_HOLD_42" {
			t.Errorf("%s: the raw status is lost: %+v", what, a)
		}
	}
}

func payoutSlow(t *testing.T, payout port.Payout, fake Fake) {
	fake.Script(t, stage.Rule{Fault: stage.Slow, DelayMS: 20})
	want(t, "Pay", payout.Pay(t.Context(), Payment(1)), port.Done)
}

func payoutTakenBack(t *testing.T, payout port.Payout, fake Fake) {
	p := Payment(1)
	fake.Script(t, stage.Rule{Fault: stage.TakenBack, Polls: 1, Message: "Возврат: счёт закрыт"})
	want(t, "Pay", payout.Pay(t.Context(), p), port.Done)
	a := payout.Payment(t.Context(), p.Attempt)
	want(t, "Payment after it was taken back", a, port.Refused)
	if a.Reason != "Возврат: счёт закрыт" {
		t.Errorf("%+v", a)
	}
}

func payoutDeadline(t *testing.T, payout port.Payout, fake Fake) {
	fake.Script(t, stage.Rule{Fault: stage.SilentApplied})
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	leaks(t, ctx, func(ctx context.Context) {
		want(t, "Pay", payout.Pay(ctx, Payment(1)), port.Unknown)
	})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	want(t, "Pay when it is too late", payout.Pay(over, Payment(2)), port.Unknown)
	want(t, "Payment when it is too late", payout.Payment(over, Payment(2).Attempt), port.Unknown)
	if n := fake.executed(t, Payment(2).Attempt); n != 0 {
		t.Errorf("sent after the deadline, executed %d times", n)
	}
}

func payoutNeverSent(t *testing.T, payout port.Payout, fake Fake) {
	want(t, "Payment", payout.Payment(t.Context(), Payment(1).Attempt), port.NotFound)
	if list := fake.Books(t).Payments; len(list) != 0 {
		t.Errorf("asking acted: %+v", list)
	}
}

func payoutUnfit(t *testing.T, payout port.Payout, fake Fake) {
	for name, change := range map[string]func(*port.Payment){
		"long purpose": func(p *port.Payment) { p.Purpose = strings.Repeat("ы", port.MaxPurpose+1) },
		"line break":   func(p *port.Payment) { p.Purpose = "Оплата\nпо договору" },
		"zero":         func(p *port.Payment) { p.Amount = money.Zero },
		"kopeck parts": func(p *port.Payment) { p.Amount = money.MustParse("0.001") },
		"account": func(p *port.Payment) {
			p.To.AccountNumber = requisite.ExampleAccount("40817", requisite.ExampleBIC(500), 1)
		},
	} {
		p := Payment(1)
		change(&p)
		a := payout.Pay(t.Context(), p)
		want(t, name, a, port.Refused)
		if a.Status != port.NotSent {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if list := fake.Books(t).Payments; len(list) != 0 {
		t.Errorf("sent: %+v", list)
	}
	p := Payment(1)
	p.Purpose = strings.Repeat("ы", port.MaxPurpose)
	want(t, "the longest purpose", payout.Pay(t.Context(), p), port.Done)
	if booked := fake.payment(t, p.Attempt); booked.Purpose != p.Purpose {
		t.Errorf("the purpose became %q", booked.Purpose)
	}
}

func payoutAmounts(t *testing.T, payout port.Payout, fake Fake) {
	for i, amount := range []string{"0.01", "0.10", "1.00", "106.38", "99999999.99", "123456789012345.67"} {
		p := Payment(uint64(i)) //nolint:gosec // a small index
		p.Amount = money.MustParse(amount)
		want(t, amount, payout.Pay(t.Context(), p), port.Done)
		if booked := fake.payment(t, p.Attempt); booked.Amount != amount {
			t.Errorf("%s became %s", amount, booked.Amount)
		}
	}
}

// TaxPayment is a good invented payment to the budget: the single tax payment.
func TaxPayment(n uint64) port.Payment {
	p := Payment(n)
	p.To = port.Requisites{
		Name: "Казначейство России (ФНС России)", INN: "7727406020", KPP: "770801001", BIC: "017003983",
		BankName: "ОКЦ № 7 ГУ Банка России по ЦФО//УФК по Тульской области, г Тула", CorrAccount: "40102810445370000059", AccountNumber: "03100643000000018500",
	}
	p.Purpose = "Единый налоговый платеж"
	p.Budget = &port.Budget{PayerStatus: "01", KBK: "18201061201010000510", OKTMO: "0", Basis: "0", Period: "0", Number: "0", Date: "0"}
	return p
}

// What a payment to the budget says arrives whole; one that says too little is not sent.
func payoutTaxes(t *testing.T, payout port.Payout, fake Fake) {
	p := TaxPayment(1)
	p.UIN = "18200123456789012345"
	for range 2 {
		want(t, "Pay", payout.Pay(t.Context(), p), port.Done)
	}
	booked := fake.payment(t, p.Attempt)
	said := map[string]string{
		"from": p.FromAccount, "name": p.To.Name, "bic": p.To.BIC, "kpp": p.To.KPP, "uin": p.UIN, "payer_status": "01", "kbk": "18201061201010000510", "oktmo": "0",
		"basis": "0", "period": "0", "number": "0", "date": "0",
	}
	if booked.ExecutedCount != 1 || booked.Mismatches != 0 || !maps.Equal(booked.Detail, said) {
		t.Errorf("the partner booked %+v", booked)
	}
	for name, change := range map[string]func(*port.Payment){
		"status": func(p *port.Payment) { p.Budget.PayerStatus = "1" }, "kbk": func(p *port.Payment) { p.Budget.KBK = "0" },
		"oktmo": func(p *port.Payment) { p.Budget.OKTMO = "" }, "period": func(p *port.Payment) { p.Budget.Period = "" },
		"kpp": func(p *port.Payment) { p.To.KPP = "" }, "uin": func(p *port.Payment) { p.UIN = "1820" },
	} {
		p := TaxPayment(2)
		change(&p)
		if a := payout.Pay(t.Context(), p); a.Result != port.Refused || a.Status != port.NotSent {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if n := len(fake.Books(t).Payments); n != 1 {
		t.Errorf("%d payments were sent", n)
	}
}

func payoutMemory(t *testing.T, payout port.Payout, _ Fake) {
	if payout.Memory() <= 0 {
		t.Error("the suite is for providers that remember attempts")
	}
}
