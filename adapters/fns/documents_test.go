package fns

import (
	"strings"
	"testing"

	"github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

const uin = "18207700230000000017"

// owing is a person with one charge.
func owing(inn string) sandbox.Person {
	p := *sandbox.Willing()
	p.INN, p.LastName, p.FirstName = inn, "Ёлкина", "Любовь"
	p.Documents = []sandbox.Document{{Index: uin, Amount: "106.38", DueDate: "2026-12-28"}}
	return p
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	inn := requisite.ExamplePersonINN(1)
	without := owing(inn)
	without.Permissions = []string{"INCOME_REGISTRATION"}
	unbound := owing(inn)
	unbound.Bound = false
	empty, unreadable, dayless := owing(inn), owing(inn), owing(inn)
	empty.Documents = nil
	unreadable.Documents = append(unreadable.Documents, sandbox.Document{Index: uin, Amount: "сто", DueDate: "2026-12-28"})
	dayless.Documents[0].DueDate = "скоро"
	contradicted := owing(inn)
	contradicted.Documents = append(contradicted.Documents, sandbox.Document{Index: uin, Amount: "106.39", DueDate: "2026-12-28"})
	for _, tc := range []struct {
		name   string
		person sandbox.Person
		rule   *stage.Rule
		result port.Result
		code   fault.Code
		found  int
	}{
		{"one", owing(inn), nil, port.Done, "", 1},
		{"nothing to pay", empty, nil, port.Done, "", 0},
		{"not allowed", without, nil, port.Refused, fault.IncomeDenied, 0},
		{"not bound", unbound, nil, port.Refused, fault.IncomeDenied, 0},
		{"one of two cannot be read", unreadable, nil, port.Unknown, "", 0},
		{"no day", dayless, nil, port.Unknown, "", 0},
		{"silence", owing(inn), &stage.Rule{Op: "documents", Fault: stage.Silent, DelayMS: 1}, port.Unknown, "", 0},
		{"their error", owing(inn), &stage.Rule{Op: "documents", Fault: stage.Refuse, Code: "INTERNAL_ERROR"}, port.Unknown, "", 0},
		{"listed twice", owing(inn), &stage.Rule{Op: "documents", Fault: stage.Duplicate}, port.Done, "", 1},
		{"listed twice with two sums", contradicted, nil, port.Unknown, "", 0},
		{"its message is found late", owing(inn), &stage.Rule{Op: "documents", Fault: stage.Reordered, Nth: 1}, port.Done, "", 1},
		{"a code that nobody knows", owing(inn), &stage.Rule{Op: "documents", Fault: stage.Refuse, Code: "NEW_CODE"}, port.Unknown, "", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			adapter, s, url := service(t, sandbox.Options{}, nil)
			note(t, s, tc.person)
			if tc.rule != nil {
				porttest.Fake{URL: url}.Script(t, *tc.rule)
			}
			all, a := adapter.Documents(t.Context(), inn)
			if a.Result != tc.result || a.Code != tc.code || len(all) != tc.found {
				t.Fatalf("%+v, %+v", a, all)
			}
			if tc.found == 0 {
				return
			}
			d := all[0]
			if d.UIN != uin || d.INN != inn || d.Payer != "Ёлкина Любовь" || d.DueDay != "2026-12-28" || money.RUB.Format(d.Amount) != "106.38" ||
				d.Budget.KBK != "18210506000011000110" || d.Budget.PayerStatus != "13" || d.Budget.OKTMO != "45379000" {
				t.Errorf("%+v", d)
			}
			pay := port.Payment{
				Attempt: strings.Repeat("0a", 16), FromAccount: porttest.Payment(1).FromAccount, To: d.Payee, Amount: d.Amount, Purpose: d.Purpose,
				UIN: d.UIN, Budget: &d.Budget,
			}
			if refusal := pay.Check(); refusal != nil {
				t.Errorf("the document cannot be paid: %v", refusal)
			}
		})
	}
}
