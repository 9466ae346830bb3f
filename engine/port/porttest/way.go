package porttest

import (
	"strings"
	"testing"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// Every way is paid once, whatever happens to its answer, and stands in the partner's books as what it was.
func payoutWays(t *testing.T, payout port.Payout, fake Fake) {
	for i, f := range []stage.Fault{stage.None, stage.SilentApplied, stage.ErrorApplied, stage.Silent, stage.Error, stage.RefuseSecond} {
		for j, p := range []port.Payment{SBPPayment(uint64(2*i + 10)), CardPayment(uint64(2*i + 11))} { //nolint:gosec // small
			if f != stage.None {
				fake.Script(t, stage.Rule{Fault: f, DelayMS: 1, Field: "id", Contains: p.Attempt})
				want(t, string(f), payout.Pay(t.Context(), p), port.Unknown)
			}
			want(t, "Pay", payout.Pay(t.Context(), p), port.Done)
			want(t, "Payment", payout.Payment(t.Context(), p.Attempt), port.Done)
			booked := fake.payment(t, p.Attempt)
			target, way := strings.TrimPrefix(p.To.Target(), "+"), []string{"sbp", "card-transfer"}[j]
			if booked.ExecutedCount != 1 || booked.Mismatches != 0 || strings.TrimPrefix(booked.Account, "+") != target || booked.Amount != "100.00" || booked.Detail["way"] != way {
				t.Errorf("%s after %q: the partner booked %+v", p.To.Way(), f, booked)
			}
		}
	}
	for _, p := range []port.Payment{SBPPayment(1), CardPayment(2)} {
		fake.Script(t, stage.Rule{Fault: stage.Refuse, Code: "LIMIT", Message: "Превышен лимит", Field: "id", Contains: p.Attempt})
		a := payout.Pay(t.Context(), p)
		want(t, "Pay", a, port.Refused)
		if a.Code != fault.PayoutRefused || a.Reason != "Превышен лимит" || fake.executed(t, p.Attempt) != 0 {
			t.Errorf("%s: %+v", p.To.Way(), a)
		}
	}
}

// No way and two of them are not sent.
func payoutWaysUnfit(t *testing.T, payout port.Payout, fake Fake) {
	for name, tc := range map[string]struct {
		p      port.Payment
		change func(*port.Payment)
		code   fault.Code
	}{
		"no way":               {SBPPayment(1), func(p *port.Payment) { p.To.SBP = port.SBP{} }, fault.RequisitesInvalid},
		"account and sbp":      {SBPPayment(1), func(p *port.Payment) { p.To.AccountNumber, p.To.BIC = Payment(1).To.AccountNumber, Payment(1).To.BIC }, fault.RequisitesInvalid},
		"sbp and card":         {SBPPayment(1), func(p *port.Payment) { p.To.Card.Token = CardPayment(1).To.Card.Token }, fault.RequisitesInvalid},
		"account and card":     {CardPayment(1), func(p *port.Payment) { p.To.AccountNumber = Payment(1).To.AccountNumber }, fault.RequisitesInvalid},
		"a tax by sbp":         {SBPPayment(1), func(p *port.Payment) { p.Budget = TaxPayment(1).Budget }, fault.RequisitesInvalid},
		"phone":                {SBPPayment(1), func(p *port.Payment) { p.To.SBP.Phone = "8915" }, fault.RequisitesInvalid},
		"member":               {SBPPayment(1), func(p *port.Payment) { p.To.SBP.BankID = "044525225" }, fault.RequisitesInvalid},
		"name":                 {SBPPayment(1), func(p *port.Payment) { p.To.Person = port.Person{} }, fault.RequisitesInvalid},
		"the number of a card": {CardPayment(1), func(p *port.Payment) { p.To.Card.Token = "4111111111111111" }, fault.RequisitesInvalid},
	} {
		tc.change(&tc.p)
		a := payout.Pay(t.Context(), tc.p)
		want(t, name, a, port.Refused)
		if a.Status != port.NotSent || a.Code != tc.code || strings.Contains(a.Reason, "4111") {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if list := fake.Books(t).Payments; len(list) != 0 {
		t.Errorf("sent: %+v", list)
	}
	for i, amount := range []string{"1.00", "500000.00"} {
		p := SBPPayment(uint64(20 + i)) //nolint:gosec // small
		p.Amount = money.MustParse(amount)
		want(t, amount, payout.Pay(t.Context(), p), port.Done)
	}
}
