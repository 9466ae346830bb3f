package flow

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

const loanDoc = `# Loan

## States

| From | On | To | Books | Asks | Says | Meaning |
|---|---|---|---|---|---|---|
| new | open | asked | take, fee | send | loan.opened | money is set aside and sent |
| asked | sent_unknown | asked | — | send_again | — | ask, never guess |
| asked | sent | done | give | — | loan.done | it went |
| asked | refused | asked | — | send | — | a new attempt |
| asked | late | asked | — | — | loan.late | a day has passed |

## Entries

| Recipe | Debit | Credit | Amount | When | Meaning |
|---|---|---|---|---|---|
| take | wallet:{lender} | reserve:{loan}:main | sum | — | set aside |
| fee | wallet:{lender} | revenue:fee | fee | charged | our fee |
| give | reserve:{loan}:main | bank:settlement | sum | — | it left |

## Recipes

| Recipe | Russian |
|---|---|
| take | Отложено |
| fee | Комиссия |
| give | Выдано |

## Asks

| Ask | Port | Verb | Repeats | Done | Refused | Unknown | Meaning |
|---|---|---|---|---|---|---|---|
| send | payout | pay | — | sent | refused | sent_unknown | send it |
| send_again | payout | pay | send | sent | refused | sent_unknown | ask about it |

## Timers

| State | After | Event | Meaning |
|---|---|---|---|
| asked | 1d | late | somebody should look |

## Names

| State | Russian | Waits for | Meaning |
|---|---|---|---|
| asked | Отправлен | world | the bank has it |
| done | Выдан | — | it is over |

## Holding

| Account | Meaning |
|---|---|
| reserve:{loan}:main | set aside |
`

var loanWords = Words{
	States: []string{"asked", "done"}, Events: []string{"open", "sent", "sent_unknown", "refused", "late"},
	Recipes: []string{"take", "fee", "give"}, Asks: []string{"send", "send_again"},
	Amounts: []string{"sum", "fee"}, Cases: []string{"charged"}, Owners: []string{"lender", "loan"},
}

func loan(t *testing.T, d Decide) *Flow {
	t.Helper()
	f, err := Parse("loan", "loan.md", loanDoc, d, loanWords)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func decideLoan(fee string, cases ...string) Decide {
	return func(v View, _ Command) (Decision, *fault.Refusal) {
		return Decision{
			Data: []byte("x"), Owners: map[string]string{"lender": "l", "loan": v.ID}, Cases: cases,
			Amounts: map[string]money.Amount{"sum": money.MustParse("100.00"), "fee": money.MustParse(fee)},
			Asks:    map[string][]byte{"send": []byte("body")},
		}, nil
	}
}

var loanView = View{Book: "b", ID: "l1", State: "new", Clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Day: "2026-03-02"}

func TestStepFollowsTheTables(t *testing.T) {
	t.Parallel()
	m, refusal := loan(t, decideLoan("1.50", "charged")).Step(loanView, Command{Event: "open"})
	if refusal != nil {
		t.Fatal(refusal)
	}
	var legs []string
	for _, l := range m.Entry {
		side := "credit"
		if l.Debit {
			side = "debit"
		}
		legs = append(legs, side+" "+l.Account+" "+money.RUB.Format(l.Amount))
	}
	want := "debit wallet:l 100.00, credit reserve:l1:main 100.00, debit wallet:l 1.50, credit revenue:fee 1.50"
	if got := strings.Join(legs, ", "); got != want {
		t.Errorf("legs\n%s\nwant\n%s", got, want)
	}
	if m.To != "asked" || m.Says != "loan.opened" || m.Day != "2026-03-02" || !slices.Equal(m.Recipes, []string{"take", "fee"}) {
		t.Errorf("got %+v", m)
	}
	e := m.Effects[0]
	if len(m.Effects) != 1 || e.Ask != "send" || e.Number != 1 || e.Repeat || string(e.Body) != "body" || len(e.Attempt) != 32 {
		t.Errorf("got %+v", m.Effects)
	}
	if len(m.Timers) != 1 || m.Timers[0].Due.Sub(loanView.Clock) != 24*time.Hour {
		t.Errorf("got %+v", m.Timers)
	}
}

func TestZeroAmountsAndCasesDropRows(t *testing.T) {
	t.Parallel()
	notGiven := func(v View, c Command) (Decision, *fault.Refusal) {
		d, refusal := decideLoan("1.50", "charged")(v, c)
		delete(d.Amounts, "fee")
		d.Rest = true
		return d, refusal
	}
	for _, d := range []Decide{decideLoan("0", "charged"), decideLoan("1.50"), notGiven} {
		m, _ := loan(t, d).Step(loanView, Command{Event: "open"})
		if len(m.Entry) != 2 {
			t.Errorf("got %+v", m.Entry)
		}
	}
}

func TestRepeatKeepsTheAttempt(t *testing.T) {
	t.Parallel()
	f := loan(t, decideLoan("0"))
	v := loanView
	v.State, v.Attempts = "asked", map[string]uint32{"send": 2}
	unknown := Command{Event: "sent_unknown", Answer: &port.Answer{}, Number: 2}
	again, _ := f.Step(v, unknown)
	refused, _ := f.Step(v, Command{Event: "refused", Answer: &port.Answer{}, Number: 2})
	if e := again.Effects[0]; e.Ask != "send" || !e.Repeat || e.Number != 2 || e.Attempt != Attempt("b", "loan", "l1", "send", 2) {
		t.Errorf("repeat: %+v", e)
	}
	if e := refused.Effects[0]; e.Repeat || e.Number != 3 || e.Attempt == again.Effects[0].Attempt {
		t.Errorf("new attempt: %+v", e)
	}
	if len(again.Timers) != 0 {
		t.Error("an answer put off the alarm")
	}
	if late, _ := f.Step(v, Command{Event: "late"}); len(late.Timers) != 1 {
		t.Error("the alarm was not set again")
	}
}

func TestStepRefuses(t *testing.T) {
	t.Parallel()
	f := loan(t, decideLoan("0"))
	asked, done := loanView, loanView
	asked.State, done.State = "asked", "done"
	answer := &port.Answer{}
	for _, tc := range []struct {
		v    View
		c    Command
		want fault.Code
	}{
		{loanView, Command{Event: "late"}, fault.NotFound},
		{asked, Command{Event: "open"}, fault.AlreadyExists},
		{asked, Command{Event: "sent"}, fault.Malformed},
		{asked, Command{Event: "late", Answer: answer, Number: 1}, fault.Malformed},
		{done, Command{Event: "late"}, fault.WrongState},
		{done, Command{Event: "sent", Answer: answer, Number: 1}, fault.WrongState},
	} {
		_, refusal := f.Step(tc.v, tc.c)
		if refusal == nil || refusal.Code != tc.want {
			t.Errorf("%s in %s: %v, want %s", tc.c.Event, tc.v.State, refusal, tc.want)
		}
	}
	_, refusal := f.Step(done, Command{Event: "late"})
	if refusal.Field != "event" || refusal.Facts["state"] != "done" || refusal.Facts["event"] != "late" {
		t.Errorf("wrong_state names %+v", refusal)
	}
}

func TestBrokenDecisionsPanic(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(*Decision){
		"negative amount": func(d *Decision) { d.Amounts["sum"] = money.MustParse("-1") },
		"missing amount":  func(d *Decision) { delete(d.Amounts, "sum") },
		"third place":     func(d *Decision) { d.Amounts["sum"] = money.MustParse("1.005") },
		"missing owner":   func(d *Decision) { delete(d.Owners, "lender") },
		"owner of two":    func(d *Decision) { d.Owners["lender"] = "a:b" },
		"missing body":    func(d *Decision) { delete(d.Asks, "send") },
	} {
		f := loan(t, func(v View, c Command) (Decision, *fault.Refusal) {
			d, _ := decideLoan("0")(v, c)
			breakIt(&d)
			return d, nil
		})
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s passed", name)
				}
			}()
			_, _ = f.Step(loanView, Command{Event: "open"})
		}()
	}
}

func TestTablesAndWordsAreComparedBothWays(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ from, to, want string }{
		"state":       {"| asked | sent | done |", "| asked | sent | dome |", `state "dome"`},
		"timer":       {"| asked | late | asked |", "| asked | lame | asked |", "no row for event late"},
		"event":       {"| asked | sent_unknown | asked |", "| asked | sent_unknwn | asked |", `"sent_unknwn"`},
		"recipe":      {"| give | — | loan.done", "| gibe | — | loan.done", `"gibe"`},
		"content":     {"| give | Выдано |", "| gave | Выдано |", `recipe of Recipes "gave"`},
		"ask":         {"| — | send_again |", "| — | send_agane |", `"send_agane"`},
		"amount":      {"reserve:{loan}:main | sum |", "reserve:{loan}:main | some |", `amount "some"`},
		"case":        {"| charged |", "| charmed |", `case "charmed"`},
		"owner":       {"wallet:{lender} | reserve", "wallet:{borrower} | reserve", `owner "borrower"`},
		"duration":    {"| 1d |", "| 1y |", "loan.md:"},
		"holding":     {"| reserve:{loan}:main | set aside |\n", "| escrow:{loan} | set aside |\n", "no recipe touches"},
		"other verb":  {"| send_again | payout | pay |", "| send_again | payout | ask |", "must have the port"},
		"one account": {"| wallet:{lender} | revenue:fee", "| revenue:fee | revenue:fee", "same account"},
		"brace":       {"wallet:{lender} | reserve", "wallet:{lender | reserve", "brace"},
		"heading":     {"## Entries", "## Entires", `"Entries"`},
		"name":        {"| done | Выдан", "| dine | Выдан", `"dine"`},
	} {
		if !strings.Contains(loanDoc, tc.from) {
			t.Fatalf("%s: nothing to replace", name)
		}
		_, err := Parse("loan", "loan.md", strings.Replace(loanDoc, tc.from, tc.to, 1), decideLoan("0"), loanWords)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

func TestEventForAnswers(t *testing.T) {
	t.Parallel()
	f := loan(t, decideLoan("0"))
	for result, want := range map[port.Result]string{
		port.Done: "sent", port.Refused: "refused", port.Unknown: "sent_unknown", port.NotFound: "sent_unknown",
	} {
		if got := f.EventFor("send", result); got != want {
			t.Errorf("%s became %s, want %s", result, got, want)
		}
	}
}

func TestReaders(t *testing.T) {
	t.Parallel()
	f := loan(t, decideLoan("0"))
	if got := f.AccountTypes(); !slices.Equal(got, []string{"bank", "reserve", "revenue", "wallet"}) {
		t.Errorf("account types %v", got)
	}
	if got := f.HoldingOf(map[string]string{"loan": "l1"}); !slices.Equal(got, []string{"reserve:l1:main"}) {
		t.Errorf("holding %v", got)
	}
	if !f.Terminal("done") || f.Terminal("asked") || f.Title("done").Russian != "Выдан" {
		t.Error("the names are not read")
	}
	if r := NewRegistry(f); !slices.Equal(r.Names(), []string{"loan"}) || !slices.Equal(r.Ports(), []string{"payout"}) {
		t.Errorf("registry %v", r.Names())
	}
	if d := f.Diagram(); !strings.Contains(d, "asked --> asked: sent_unknown<br/>refused<br/>late") || !strings.Contains(d, "done --> [*]") {
		t.Error(d)
	}
}
