package main_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"connectrpc.com/connect"

	tbank "github.com/provodka/provodka/adapters/tbank/sandbox"
	"github.com/provodka/provodka/cmd/provodka/dev"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
)

// TestTheBankTellsOfATopUp: money that comes to our account at the bank reaches the company's
// wallet by itself, once, whatever goes wrong with the bank's statement and however often it is
// read; a file of the same account is refused.
func TestTheBankTellsOfATopUp(t *testing.T) {
	t.Parallel()
	m := &matrix{t: t, File: runStack(t, dev.Options{Pull: 1}), scripts: map[string][]stage.Rule{}, ids: map[int]string{}, lines: map[int]string{}}
	m.prepare()
	want := m.sum("wallet:" + m.company)
	n := 0
	comes := func(amount string) {
		n++
		m.post(m.Sandboxes["bank"]+"/sandbox/incoming", incoming(fmt.Sprint(n), amount, "Пополнение", requisite.ExampleINN(1001)))
	}
	faults := []stage.Fault{stage.None, stage.Slow, stage.Silent, stage.Error, stage.Refuse, stage.Duplicate, stage.Reordered, stage.UnknownStatus}
	for _, f := range faults {
		name := "with the fault " + string(f)
		m.post(m.Sandboxes["bank"]+"/sandbox/script", stage.Script{Rules: []stage.Rule{{Op: "statement", Fault: f, DelayMS: 100}}})
		comes("100.00")
		comes("7.00")
		want = want.Add(money.MustParse("107.00"))
		looks := m.asked()
		eventually(t, "the bank is asked "+name, func() bool { return m.asked() > looks+1 })
		switch f {
		case stage.Silent, stage.Error, stage.Refuse, stage.UnknownStatus: // nothing is believed
			if got := m.sum("wallet:" + m.company); !got.Equal(want.Sub(money.MustParse("107.00"))) {
				t.Errorf("%s: the wallet has %s", name, got)
			}
			m.post(m.Sandboxes["bank"]+"/sandbox/script", stage.Script{Rules: []stage.Rule{}})
		}
		eventually(t, "the money reaches the wallet "+name, func() bool { return m.sum("wallet:" + m.company).Equal(want) })
	}
	// A twin, the same in every word, is other money.
	n--
	comes("7.00")
	want = want.Add(money.MustParse("7.00"))
	eventually(t, "the twin reaches the wallet", func() bool { return m.sum("wallet:" + m.company).Equal(want) })
	looks := m.asked()
	eventually(t, "all is read again", func() bool { return m.asked() > looks+2 })
	if got, cash := m.sum("wallet:"+m.company), m.sum("bank:settlement"); !got.Equal(want) || !cash.Equal(want) {
		t.Errorf("the wallet has %s and the bank %s, want %s", got, cash, want)
	}
	_, err := m.imports(bankLine{number: 1, amount: "100.00", inn: requisite.ExampleINN(1001), purpose: "Пополнение", account: accountOf(1)})
	if connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("a file of an account that the bank tells of: %v", err)
	}
}

// incoming is money of a company that came to our account yesterday at noon: the bank may change
// what it told of a night.
func incoming(number, amount, purpose, inn string) tbank.Incoming {
	day := time.Now().In(time.FixedZone("MSK", 3*60*60)).AddDate(0, 0, -1)
	n, _ := strconv.Atoi(number) // the later its number, the later it came
	return tbank.Incoming{
		Account: requisite.ExampleAccount("40702", requisite.ExampleBIC(600), 1), Amount: amount, Purpose: purpose, Number: number,
		At:   time.Date(day.Year(), day.Month(), day.Day(), 12, n, 0, 0, day.Location()),
		From: tbank.Side{Account: accountOf(1).GetAccountNumber(), INN: inn, Name: "ООО «Ромашка»"},
	}
}

// asked is how often the bank has been asked for a statement, by the metrics.
func (m *matrix) asked() int {
	return m.counted(`provodka_statements_total{result="read"}`) + m.counted(`provodka_statements_total{result="failed"}`)
}
