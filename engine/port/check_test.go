package port

import (
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

func TestPaymentCheck(t *testing.T) {
	t.Parallel()
	bic := requisite.ExampleBIC(1)
	good := func() Payment {
		return Payment{
			Attempt: strings.Repeat("0a", 16), FromAccount: requisite.ExampleAccount("40702", bic, 1), Amount: money.MustParse("0.01"), Purpose: strings.Repeat("я", MaxPurpose),
			To: Requisites{Name: "Иванов Иван", INN: requisite.ExamplePersonINN(1), BIC: bic, CorrAccount: requisite.ExampleCorrAccount(bic), AccountNumber: requisite.ExampleAccount("40817", bic, 1)},
		}
	}
	for _, tc := range []struct {
		name   string
		change func(*Payment)
		field  string
		code   fault.Code
	}{
		{"good", func(*Payment) {}, "", ""},
		{"no inn, no correspondent account", func(p *Payment) { p.To.INN, p.To.CorrAccount = "", "" }, "", ""},
		{"attempt", func(p *Payment) { p.Attempt = "a/b" }, "attempt", fault.Malformed},
		{"long attempt", func(p *Payment) { p.Attempt = strings.Repeat("a", 65) }, "attempt", fault.Malformed},
		{"from", func(p *Payment) { p.FromAccount = "4070281" }, "from_account", fault.RequisitesInvalid},
		{"name", func(p *Payment) { p.To.Name = " " }, "to.name", fault.RequisitesInvalid},
		{"inn", func(p *Payment) { p.To.INN = "770123456713" }, "to.inn", fault.INNInvalid},
		{"bic", func(p *Payment) { p.To.BIC = "1" }, "to.bic", fault.RequisitesInvalid},
		{"account of another bank", func(p *Payment) { p.To.AccountNumber = requisite.ExampleAccount("40817", requisite.ExampleBIC(2), 1) }, "to.account_number", fault.RequisitesInvalid},
		{"correspondent", func(p *Payment) { p.To.CorrAccount = p.To.AccountNumber }, "to.corr_account", fault.RequisitesInvalid},
		{"zero", func(p *Payment) { p.Amount = money.Zero }, "amount", fault.AmountInvalid},
		{"negative", func(p *Payment) { p.Amount = money.MustParse("-1") }, "amount", fault.AmountInvalid},
		{"half a kopeck", func(p *Payment) { p.Amount = money.MustParse("1.005") }, "amount", fault.AmountInvalid},
		{"long purpose", func(p *Payment) { p.Purpose += "я" }, "purpose", fault.Malformed},
		{"line break", func(p *Payment) { p.Purpose = "a\nb" }, "purpose", fault.Malformed},
		{"no purpose", func(p *Payment) { p.Purpose = "" }, "purpose", fault.Malformed},
		{"uin", func(p *Payment) { p.UIN = strings.Repeat("1", 20) }, "", ""},
		{"long uin", func(p *Payment) { p.UIN = strings.Repeat("A", 25) }, "", ""},
		{"wrong uin", func(p *Payment) { p.UIN = strings.Repeat("a", 20) }, "uin", fault.RequisitesInvalid},
		{"short uin", func(p *Payment) { p.UIN = "0" }, "uin", fault.RequisitesInvalid},
		{"tax", taxed(func(*Budget) {}), "", ""},
		{"tax with everything", taxed(func(b *Budget) {
			b.OKTMO, b.Basis, b.Period, b.Number, b.Date = "45379000", "ТП", "МС.11.2026", strings.Repeat("1", 25), "12.12.2026"
		}), "", ""},
		{"tax of a payee without a kpp", func(p *Payment) { taxed(func(*Budget) {})(p); p.To.KPP = "" }, "to.kpp", fault.RequisitesInvalid},
		{"tax status", taxed(func(b *Budget) { b.PayerStatus = "1a" }), "budget.payer_status", fault.RequisitesInvalid},
		{"tax kbk", taxed(func(b *Budget) { b.KBK = "182" }), "budget.kbk", fault.RequisitesInvalid},
		{"tax oktmo", taxed(func(b *Budget) { b.OKTMO = "1" }), "budget.oktmo", fault.RequisitesInvalid},
		{"tax basis", taxed(func(b *Budget) { b.Basis = "ТПП" }), "budget.basis", fault.RequisitesInvalid},
		{"tax period", taxed(func(b *Budget) { b.Period = "МС 11" }), "budget.period", fault.RequisitesInvalid},
		{"tax number", taxed(func(b *Budget) { b.Number = strings.Repeat("1", 26) }), "budget.number", fault.RequisitesInvalid},
		{"tax date", taxed(func(b *Budget) { b.Date = "" }), "budget.date", fault.RequisitesInvalid},
		{"kpp", func(p *Payment) { p.To.KPP = "77" }, "to.kpp", fault.RequisitesInvalid},
	} {
		p := good()
		tc.change(&p)
		refusal := p.Check()
		switch {
		case refusal == nil && tc.field == "":
		case refusal == nil || refusal.Field != tc.field || refusal.Code != tc.code:
			t.Errorf("%s: %v", tc.name, refusal)
		default:
			if a := Unsent(refusal); a.Result != Refused || a.Status != NotSent || a.Code != tc.code || !strings.Contains(a.Reason, tc.field) {
				t.Errorf("%s: %+v", tc.name, a)
			}
		}
	}
}

// taxed makes a payment one to the budget.
func taxed(change func(*Budget)) func(*Payment) {
	return func(p *Payment) {
		p.To.INN, p.To.KPP = requisite.ExampleINN(1), "770801001"
		p.Budget = &Budget{PayerStatus: "01", KBK: "18201061201010000510", OKTMO: "0", Basis: "0", Period: "0", Number: "0", Date: "0"}
		change(p.Budget)
	}
}

// What a check says of a payment has none of its numbers: it goes into the log.
func TestUnsentRepeatsNothing(t *testing.T) {
	t.Parallel()
	bic := requisite.ExampleBIC(1)
	for name, change := range map[string]func(*Payment){
		"inn":                      func(p *Payment) { p.To.INN = "770123456713" },
		"account of another bank":  func(p *Payment) { p.To.AccountNumber = requisite.ExampleAccount("40817", requisite.ExampleBIC(2), 1) },
		"account in another money": func(p *Payment) { p.To.AccountNumber = "40817840000000000000" },
		"short account":            func(p *Payment) { p.To.AccountNumber = "4081781000" },
		"a phone that is no mobile": func(p *Payment) {
			p.To = Requisites{Name: "Иванов Иван", SBP: SBP{Phone: "79153277121", BankID: "100000000004"}, Person: Person{LastName: "Иванов", FirstName: "Иван"}}
		},
	} {
		p := Payment{
			Attempt: strings.Repeat("0a", 16), FromAccount: requisite.ExampleAccount("40702", bic, 1), Amount: money.MustParse("1.00"), Purpose: "a",
			To: Requisites{Name: "Иванов Иван", INN: requisite.ExamplePersonINN(1), BIC: bic, AccountNumber: requisite.ExampleAccount("40817", bic, 1)},
		}
		change(&p)
		refusal := p.Check()
		if refusal == nil {
			t.Fatal(name, "passes")
		}
		a := Unsent(refusal)
		for _, number := range []string{p.To.INN, p.To.AccountNumber, p.To.SBP.Phone} {
			if number != "" && strings.Contains(a.Reason, number) || a.Code != refusal.Code || !strings.Contains(a.Reason, refusal.Field) {
				t.Errorf("%s: %+v", name, a)
			}
		}
	}
}

func TestIncomeCheck(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	good := IncomeReceipt{
		Attempt: strings.Repeat("0a", 16), INN: requisite.ExamplePersonINN(1), CustomerINN: requisite.ExampleINN(1), CustomerName: "ООО Ромашка",
		Service: "Вёрстка", Amount: money.MustParse("100.00"), PaidAt: now, RequestedAt: now,
	}
	if refusal := good.Check(); refusal != nil {
		t.Fatal(refusal)
	}
	for field, change := range map[string]func(*IncomeReceipt){
		"inn": func(r *IncomeReceipt) { r.INN = requisite.ExampleINN(1) }, "customer_inn": func(r *IncomeReceipt) { r.CustomerINN = "" },
		"customer_name": func(r *IncomeReceipt) { r.CustomerName = "" }, "service": func(r *IncomeReceipt) { r.Service = "a\nb" },
		"amount": func(r *IncomeReceipt) { r.Amount = money.Zero }, "paid_at": func(r *IncomeReceipt) { r.PaidAt = time.Time{} }, "attempt": func(r *IncomeReceipt) { r.Attempt = "" },
	} {
		bad := good
		change(&bad)
		if refusal := bad.Check(); refusal == nil || refusal.Field != field {
			t.Errorf("%s: %v", field, refusal)
		}
	}
}
