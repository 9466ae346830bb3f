package tbank

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/provodka/provodka/adapters/tbank/sandbox"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
)

// ours is the account that porttest's payments leave from.
var ours = porttest.Payment(1).FromAccount

// noon is a moment of 2026-03-02 in Moscow.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, moscow)

// telling is a bank with a statement, and an adapter that reads it so many at once.
func telling(t *testing.T, page int, now time.Time) (*Adapter, porttest.Fake) {
	t.Helper()
	bank, err := sandbox.New(t.TempDir(), sandbox.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	adapter, url := serve(t, bank)
	t.Cleanup(func() { _ = bank.Close() })
	adapter.page, adapter.now = page, func() time.Time { return now }
	return adapter, porttest.Fake{URL: url}
}

// comes puts money into the bank's books.
func comes(t *testing.T, bank porttest.Fake, in sandbox.Incoming) {
	t.Helper()
	in.Account = ours
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(bank.URL+"/sandbox/incoming", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // a test
	if answer.StatusCode != http.StatusNoContent {
		t.Fatal(answer.Status)
	}
}

func topUp(amount string, at time.Time) sandbox.Incoming {
	return sandbox.Incoming{
		Amount: amount, Purpose: "Пополнение ПВ-000042", Number: "17", At: at,
		From: sandbox.Side{Account: "40702810500000000077", INN: "7701234560", KPP: "770101001", Name: "ООО «Ромашка»", BankName: "АО Банк", BIC: "044525600"},
	}
}

// sayings are the movements in short.
func sayings(s *port.Statement) (out []string) {
	for _, m := range s.Movements {
		side := "in"
		if m.Out {
			side = "out"
		}
		out = append(out, fmt.Sprintf("%s %s %s", m.Day, side, money.RUB.Format(m.Amount)))
	}
	return out
}

// What left, what came back and what came in, however it is paged, and whatever goes wrong.
func TestTheStatementIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	bank, fake := telling(t, 2, noon.AddDate(0, 0, 1))
	p := porttest.Payment(1)
	if a := bank.Pay(t.Context(), p); a.Result != port.Done {
		t.Fatal(a)
	}
	word, err := http.Post(fake.URL+"/sandbox/word", "application/json", strings.NewReader(`{"id":"`+p.Attempt+`","state":"returned"}`))
	if err != nil || word.StatusCode != http.StatusNoContent {
		t.Fatal(word, err)
	}
	_ = word.Body.Close()
	comes(t, fake, topUp("0.10", noon.AddDate(0, 0, -1)))
	comes(t, fake, topUp("150.00", noon.Add(time.Hour)))
	comes(t, fake, topUp("150.00", noon.Add(2*time.Hour))) // a twin
	amount := money.RUB.Format(p.Amount)
	want := []string{"2026-03-02 in " + amount, "2026-03-02 out " + amount, "2026-03-02 in 150.00", "2026-03-02 in 150.00"}
	ask := func() (*port.Statement, error) { return bank.Statement(t.Context(), ours, "2026-03-02", "2026-03-02") }
	whole, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, sayings(whole)); diff != "" {
		t.Error(diff)
	}
	if a := whole.Accounts[0]; money.RUB.Format(*a.Opening) != "0.10" || a.Account != ours || a.From != "2026-03-02" || a.To != "2026-03-02" {
		t.Errorf("%+v", a)
	}
	last := whole.Movements[3]
	if last.Key != whole.Movements[2].Key+"-2" || last.Counterparty.INN != "7701234560" || last.Number != "17" || last.Purpose != "Пополнение ПВ-000042" || last.DocumentDay != "2026-03-02" {
		t.Errorf("%+v", last)
	}
	if !strings.Contains(whole.Movements[0].Purpose, p.Purpose) || whole.Movements[1].Counterparty.Account != p.To.AccountNumber {
		t.Errorf("%+v", whole.Movements[:2])
	}
	for _, f := range []stage.Fault{stage.Slow, stage.Duplicate, stage.Reordered} {
		fake.Script(t, stage.Rule{Op: "statement", Fault: f, Nth: 1})
		got, err := ask()
		if diff := cmp.Diff(whole.Movements, got.Movements, cmp.Comparer(money.Amount.Equal)); err != nil || diff != "" {
			t.Errorf("%s: %v %s", f, err, diff)
		}
	}
	for _, f := range []stage.Fault{stage.Silent, stage.Error, stage.Refuse} {
		fake.Script(t, stage.Rule{Op: "statement", Fault: f, Nth: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if got, err := bank.Statement(ctx, ours, "2026-03-02", "2026-03-02"); err == nil || got != nil || strings.Contains(err.Error(), ours) {
			t.Errorf("%s: %v %v", f, got, err)
		}
		cancel()
		if got, err := ask(); err != nil || len(got.Movements) != 4 {
			t.Errorf("after %s: %v %v", f, got, err)
		}
	}
	fake.Script(t, stage.Rule{Op: "statement", Fault: stage.UnknownStatus, Nth: 1})
	if got, err := ask(); err != nil || len(got.Movements) != 0 || len(got.Notes) != 1 {
		t.Errorf("authorized only: %+v %v", got, err)
	}
}

// However many operations there are, and however the bank pages and orders them, the same
// movements come.
func TestPagesGiveAllOnce(t *testing.T) {
	t.Parallel()
	bank, fake := telling(t, 1, noon.AddDate(0, 0, 2))
	comes(t, fake, topUp("1.00", noon))
	total := 1
	rapid.Check(t, func(rt *rapid.T) {
		if total < 40 {
			comes(t, fake, topUp(fmt.Sprintf("%d.%02d", rapid.IntRange(1, 3).Draw(rt, "rubles"), rapid.IntRange(0, 1).Draw(rt, "kopecks")), noon.Add(time.Duration(total)*time.Second)))
			total++
		}
		bank.page = rapid.IntRange(1, 50).Draw(rt, "page")
		fake.Script(t, stage.Rule{Op: "statement", Fault: rapid.SampledFrom([]stage.Fault{stage.None, stage.Duplicate, stage.Reordered}).Draw(rt, "fault")})
		s, err := bank.Statement(t.Context(), ours, "2026-03-01", "2026-03-02")
		if err != nil || len(s.Movements) != total {
			rt.Fatalf("%d of %d: %v", len(s.Movements), total, err)
		}
	})
}

// What the bank may still change is given when the night is over.
func TestTheNightIsLeftUntilTheMorning(t *testing.T) {
	t.Parallel()
	late, early := noon.Add(11*time.Hour), noon.Add(13*time.Hour) // 23:00 and 01:00
	for now, want := range map[time.Time]int{noon.Add(15*time.Hour - time.Second): 1, noon.Add(15 * time.Hour): 3} {
		bank, fake := telling(t, 100, now)
		for _, at := range []time.Time{noon.Add(10*time.Hour - time.Second), late, early} {
			comes(t, fake, topUp("10.00", at))
		}
		s, err := bank.Statement(t.Context(), ours, "2026-03-02", "2026-03-03")
		if err != nil || len(s.Movements) != want || (len(s.Notes) == 0) != (want == 3) {
			t.Errorf("%s: %+v %v", now, s, err)
		}
	}
}

// operation and pageOf are the bank's JSON.
func operation(id, kind, amount string) string {
	return fmt.Sprintf(`{"operationId":%q,"operationDate":"2026-03-02T09:00:00Z","operationStatus":"Transaction","typeOfOperation":%q,"accountAmount":%[3]s,"rubleAmount":%[3]s,"payPurpose":"Оплата","docDate":"2026-03-02","counterParty":{"account":"40702810500000000077","inn":"7701234560","name":"ООО"}}`, id, kind, amount)
}

func pageOf(in, out string, operations ...string) string {
	end := ""
	if a, err := money.RUB.Parse(in); err == nil {
		if b, err := money.RUB.Parse(out); err == nil {
			end = money.RUB.Format(a.Sub(b))
		}
	}
	if end == "" {
		end = "0"
	}
	return fmt.Sprintf(`{"balances":{"balanceBegin":0,"credit":%s,"debit":%s,"balanceEnd":%s},"operations":[%s]}`, in, out, end, strings.Join(operations, ","))
}

func TestAnswersThatAreNoStatement(t *testing.T) {
	t.Parallel()
	good := operation("1", "Credit", "150.00")
	whole := pageOf("150.00", "0", good)
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
	t.Cleanup(server.Close)
	bank, err := New(Options{BaseURL: server.URL, Token: "t", PerSecond: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bank.Close)
	read := func(text string) (*port.Statement, error) {
		body = text
		return bank.Statement(t.Context(), ours, "2026-03-02", "2026-03-02")
	}
	if s, err := read(whole); err != nil || len(s.Movements) != 1 {
		t.Fatal(s, err)
	}
	for name, text := range map[string]string{
		"nothing": "", "not JSON": "<html>", "no operations": `{"balances":{"balanceBegin":0,"credit":0,"debit":0,"balanceEnd":0}}`, "two values": whole + "{}",
		"no balances": `{"operations":[]}`, "sums that do not add up": strings.Replace(whole, `"balanceEnd":150.00`, `"balanceEnd":151.00`, 1),
		"less than the sums": pageOf("151.00", "0", good), "more than the sums": pageOf("0", "0", good), "on the other side": pageOf("150.00", "0", operation("1", "Debit", "150.00")),
		"a float": pageOf("150.00", "0", operation("1", "Credit", "1.5e2")), "parts of a kopeck": pageOf("0.00", "0", operation("1", "Credit", "0.001")),
		"nothing moved": pageOf("0", "0", operation("1", "Credit", "0.00")), "less than nothing": pageOf("0", "1.00", operation("1", "Credit", "-1.00")),
		"no id": strings.Replace(whole, `"operationId":"1"`, `"operationId":""`, 1), "another currency": strings.Replace(whole, `"rubleAmount":150.00`, `"rubleAmount":9000.00`, 1),
		"another day": strings.Replace(whole, "02T09", "03T09", 1), "no moment": strings.Replace(whole, "2026-03-02T09:00:00Z", "вчера", 1),
		"no direction": strings.Replace(whole, "Credit", "Swap", 1), "no document's day": strings.Replace(whole, `"docDate":"2026-03-02"`, `"docDate":"2 марта"`, 1),
		"an empty document's day": strings.Replace(whole, `"docDate":"2026-03-02"`, `"docDate":"0001-01-01T00:00:00Z"`, 1), "a document of another age": strings.Replace(whole, `"docDate":"2026-03-02"`, `"docDate":"1899-12-31"`, 1),
		"one id for two":     pageOf("300.00", "0", good, strings.Replace(good, "Оплата", "Другое", 1)),
		"a cursor to itself": strings.TrimSuffix(whole, "}") + `,"nextCursor":"7"}`,
	} {
		if s, err := read(text); err == nil || s != nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
	for _, days := range [][2]string{{"2026-03-02", "2026-03-01"}, {"", "2026-03-02"}, {"2026-03-02", "завтра"}} {
		if _, err := bank.Statement(t.Context(), ours, days[0], days[1]); err == nil {
			t.Errorf("%v passed", days)
		}
	}
	// The bank's clock decides the day, in Moscow; a document's moment is a day there.
	s, err := read(strings.NewReplacer("2026-03-02T09:00:00Z", "2026-03-01T21:00:00Z", `"docDate":"2026-03-02"`, `"docDate":"2026-03-01T21:00:00Z"`).Replace(whole))
	if err != nil || s.Movements[0].Day != "2026-03-02" || s.Movements[0].DocumentDay != "2026-03-02" {
		t.Errorf("%+v %v", s, err)
	}
	if !slices.Contains(sandbox.Operations(), "statement") {
		t.Error("scripts have no word for the statement")
	}
}
