package fns

import (
	"fmt"
	"testing"
	"time"

	"github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// The year's income is what we registered and what others did, month by month of Moscow, without
// what was annulled; one month that is not told leaves the year untold.
func TestEarned(t *testing.T) {
	t.Parallel()
	inn := requisite.ExamplePersonINN(1)
	busy := *sandbox.Willing()
	busy.INN, busy.Elsewhere = inn, map[string]string{"202601": "1000.50", "202603": "10.00", "202604": "7000.00", "202512": "5.00"}
	without, unbound, gone, unreadable := busy, busy, busy, busy
	without.Permissions = []string{"INCOME_REGISTRATION"}
	unbound.Bound = false
	gone.Registered = false
	unreadable.Elsewhere = map[string]string{"202602": "много"}
	for _, tc := range []struct {
		name     string
		person   sandbox.Person
		rule     *stage.Rule
		canceled bool // TotalAmount is said to count what was annulled
		months   int
		result   port.Result
		code     fault.Code
		sum      string
	}{
		{"three months", busy, nil, false, 3, port.Done, "", "1210.50"}, // and two receipts of ours, of which one stands
		{"one month", busy, nil, false, 1, port.Done, "", "1000.50"},
		{"what was annulled is taken off", busy, nil, true, 3, port.Done, "", "1110.50"},
		{"not allowed", without, nil, false, 3, port.Refused, fault.IncomeDenied, ""},
		{"not bound", unbound, nil, false, 3, port.Refused, fault.IncomeDenied, ""},
		{"not on NPD", gone, nil, false, 3, port.Refused, fault.IncomeDenied, ""},
		{"a sum that is none", unreadable, nil, false, 3, port.Unknown, "", ""},
		{"one silence", busy, &stage.Rule{Op: "period", Fault: stage.Silent, DelayMS: 1, Nth: 2}, false, 3, port.Unknown, "", ""},
		{"their error", busy, &stage.Rule{Op: "period", Fault: stage.Refuse, Code: "INTERNAL_ERROR", Nth: 3}, false, 3, port.Unknown, "", ""},
		{"a code that nobody knows", busy, &stage.Rule{Op: "period", Fault: stage.Refuse, Code: "NEW_CODE", Nth: 1}, false, 3, port.Unknown, "", ""},
		{"its message is found late", busy, &stage.Rule{Op: "period", Fault: stage.Reordered, Nth: 1}, false, 3, port.Done, "", "1210.50"},
		{"worked on twice", busy, &stage.Rule{Op: "period", Fault: stage.Duplicate}, false, 3, port.Done, "", "1210.50"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			adapter, s, url := service(t, sandbox.Options{}, nil)
			adapter.canceledInTotal = tc.canceled
			willing := *sandbox.Willing()
			willing.INN = inn
			note(t, s, willing)
			for i, day := range []string{"2026-02-28T21:30:00Z", "2026-03-10T09:00:00Z"} { // the first is of March in Moscow
				r := porttest.Income(uint64(1 + i))
				r.INN, r.Amount = inn, money.MustParse([]string{"200.00", "100.00"}[i])
				r.PaidAt, _ = time.Parse(time.RFC3339, day)
				a := adapter.Register(t.Context(), r)
				if a.Result != port.Done {
					t.Fatalf("%+v", a)
				}
				if i == 1 {
					if a = adapter.Annul(t.Context(), inn, a.ReceiptID); a.Result != port.Done {
						t.Fatalf("%+v", a)
					}
				}
			}
			note(t, s, tc.person)
			if tc.rule != nil {
				porttest.Fake{URL: url}.Script(t, *tc.rule)
			}
			sums, a := adapter.Earned(t.Context(), inn, 2026, 1, tc.months)
			if a.Result != tc.result || a.Code != tc.code || tc.sum != "" && (len(sums) != tc.months || money.RUB.Format(money.Sum(sums...)) != tc.sum) {
				t.Errorf("%s %+v", sums, a)
			}
			if tc.name != "three months" {
				return
			}
			if sums, a = adapter.Earned(t.Context(), inn, 2026, 3, 4); a.Result != port.Done || fmt.Sprint(sums) != "[210.00 7000.00]" {
				t.Errorf("%s %+v", sums, a)
			}
		})
	}
}
