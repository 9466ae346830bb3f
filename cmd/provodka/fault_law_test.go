package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// laws: the partners' own books and ours say the same, and nothing is left aside.
func (m *matrix) laws() {
	// Twice the pause: what was final has been asked about again by now, whatever ended last.
	settled := func() string {
		return fmt.Sprint(m.sum("bank:settlement"), m.sum("wallet:"+m.company), m.sum(m.of("reserve")...), m.sum(m.of("claim")...))
	}
	before := settled()
	eventually(m.t, "everything has come to rest", func() bool {
		time.Sleep(3 * time.Second) // sleep: another round of questions about final answers
		now := settled()
		still := now == before
		before = now
		return still
	})
	m.struck()
	m.theirs()
	m.told()
	cost := money.Zero
	for i, r := range m.rows {
		if m.ids[i] != "" && r.left == 1 { // gross and commission; else everything went back
			cost = cost.Add(money.MustParse("103.00"))
		}
	}
	if ours := money.MustParse("100000.00").Sub(m.sum("wallet:" + m.company)); !ours.Equal(cost) {
		m.t.Errorf("the company has been charged %s, want %s", ours, cost)
	}
	if left := m.sum(m.of("claim")...); !left.IsZero() {
		m.t.Errorf("%s left without cover", left)
	}
	aside, nobodys := money.Zero, money.Zero
	for i, r := range m.rows {
		// What stopped after the person was paid keeps its tax and commission aside.
		if m.ids[i] != "" && r.end == "error" && r.left == 1 {
			aside = aside.Add(money.MustParse("9.00"))
		}
		if m.lines[i] != "" && r.left == 0 {
			nobodys = nobodys.Add(money.MustParse(amountOf(i)))
		}
	}
	if left := m.sum(m.of("reserve")...); !left.Equal(aside) {
		m.t.Errorf("%s are set aside, want %s", left, aside)
	}
	if left := m.sum(m.of("remitting")...); !left.IsZero() {
		m.t.Errorf("%s of taxes are set aside", left)
	}
	if left := m.sum(m.of("suspense")...); !left.Equal(nobodys) {
		m.t.Errorf("%s are nobody's, want %s", left, nobodys)
	}
}

// struck wants every rule to have been taken: a row whose fault never came shows nothing.
func (m *matrix) struck() {
	m.t.Helper()
	for name, rules := range m.scripts {
		var times []int
		answer, err := http.Get(m.Sandboxes[name] + "/sandbox/struck")
		m.must(err)
		err = json.NewDecoder(answer.Body).Decode(&times)
		answer.Body.Close() //nolint:errcheck // a test
		m.must(err)
		for i, n := range times {
			if n == 0 {
				m.t.Errorf("%s: %+v was never played", name, rules[i])
			}
		}
	}
}

// paid is the bank's last payment of a row.
func (m *matrix) paid(i int, r struck) (last stage.Payment) {
	for _, p := range m.books("bank").Payments {
		if m.is(p, i, r) {
			last = p
		}
	}
	return last
}

// is says whether a payment of the bank is a row's: taxes all go to one account.
func (m *matrix) is(p stage.Payment, i int, r struck) bool {
	if r.kind == ndfl || r.kind == documents {
		return p.Amount == amountOf(i)
	}
	way := map[string]string{sbp: "sbp", card: "card-transfer"}[r.kind]
	return p.Account == r.target(i) && p.Detail["way"] == way
}

// theirs compares the partners' own books with ours.
func (m *matrix) theirs() {
	m.t.Helper()
	out, bank, tax, annulled := money.Zero, m.books("bank").Payments, m.books("tax").Payments, m.annulled()
	for _, p := range bank {
		if p.ExecutedCount > 1 || p.Mismatches > 0 {
			m.t.Errorf("the bank executed %s %d times, with %d other requests under its id", p.ID, p.ExecutedCount, p.Mismatches)
		}
		if p.Status == stage.Executed {
			out = out.Add(money.MustParse(p.Amount))
		}
	}
	for i, r := range m.rows {
		stays, receipts := 0, 0
		for _, p := range bank {
			if m.is(p, i, r) && p.Status == stage.Executed {
				stays++
			}
		}
		for _, p := range tax {
			if p.INN != requisite.ExamplePersonINN(number(i)) || p.ExecutedCount == 0 {
				continue
			}
			if receipts += p.ExecutedCount; annulled[p.Extra["receipt_id"]] != "" {
				receipts -= p.ExecutedCount
			}
		}
		if stays != r.left || receipts != r.receipt {
			m.t.Errorf("row %d: %s %s %s %s: %d payments are out and %d receipts stand, want %d and %d", i, r.at, r.op, r.fault, r.kind, stays, receipts, r.left, r.receipt)
		}
	}
	if ours := m.cash.Sub(m.sum("bank:settlement")); !ours.Equal(out) {
		m.t.Errorf("the bank has paid %s, our books say %s", out, ours)
	}
}

// sum is the balance of accounts together.
func (m *matrix) sum(names ...string) money.Amount {
	total := money.Zero
	if len(names) == 0 {
		return total
	}
	got, err := m.api.Ledger.GetBalances(m.t.Context(), &ledgerv1.GetBalancesRequest{Book: m.Book, Accounts: names})
	if err != nil {
		m.t.Error(err)
	}
	for _, b := range got.GetBalances() {
		total = total.Add(money.MustParse(b.GetBalance()))
	}
	return total
}

// of are the accounts of a type: of tasks, of tax orders, of statement lines.
func (m *matrix) of(kind string) (names []string) {
	for _, ids := range map[string][]map[int]string{
		"reserve": {m.ids}, "claim": {m.ids, m.orders}, "remitting": {m.orders}, "suspense": {m.lines},
	}[kind] {
		for _, id := range ids {
			names = append(names, kind+":"+id)
		}
	}
	return names
}
