package sandbox

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/stage"
)

const good = `{"id":"a1","from":{"accountNumber":"40702810500000000001"},"to":{"name":"Иванов","inn":"770100000390","bik":"044525006",` +
	`"accountNumber":"40817810400000000003"},"purpose":"Оплата","amount":100.00}`

// send makes one request and returns status and body.
func send(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer t")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // a test
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func start(t *testing.T, dir string) (*Server, string) {
	t.Helper()
	bank, err := New(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(bank)
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = bank.Close() })
	return bank, server.URL
}

func TestBooksSurviveACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, url := start(t, dir)
	porttest.Fake{URL: url}.Script(t, stage.Rule{Field: "purpose", Contains: "долго", Fault: stage.InProgress, Polls: 2})
	if code, body := send(t, "POST", url+"/api/v1/payment/ruble-transfer/pay", good); code != http.StatusCreated || body != "" {
		t.Fatal(code, body)
	}
	slow := strings.NewReplacer("a1", "a2", "Оплата", "Оплата долго").Replace(good)
	if code, _ := send(t, "POST", url+"/api/v1/payment/ruble-transfer/pay", slow); code != http.StatusCreated {
		t.Fatal(code)
	}
	if _, body := send(t, "GET", url+"/api/v1/payment/a2", ""); !strings.Contains(body, "IN_PROGRESS") {
		t.Fatal(body)
	}
	// Killed: nothing is closed, and the last line was torn.
	file, err := os.OpenFile(filepath.Join(dir, "books.jsonl"), os.O_APPEND|os.O_WRONLY, 0) //nolint:gosec // our own file
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"event":"execute","id":"a2`); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	_, url = start(t, dir)
	if _, body := send(t, "GET", url+"/api/v1/payment/a1", ""); !strings.Contains(body, "EXECUTED") {
		t.Error(body)
	}
	if code, _ := send(t, "POST", url+"/api/v1/payment/ruble-transfer/pay", good); code != http.StatusCreated {
		t.Error(code)
	}
	for _, want := range []string{"IN_PROGRESS", "EXECUTED", "EXECUTED"} {
		if _, body := send(t, "GET", url+"/api/v1/payment/a2", ""); !strings.Contains(body, want) {
			t.Errorf("%s, want %s", body, want)
		}
	}
	for _, p := range (porttest.Fake{URL: url}).Books(t).Payments {
		if p.ExecutedCount != 1 || p.Mismatches != 0 {
			t.Errorf("%+v", p)
		}
	}
}

func TestRefusesWhatTheBankRefuses(t *testing.T) {
	t.Parallel()
	bank, url := start(t, t.TempDir())
	for name, change := range map[string][2]string{
		"amount as a string": {"100.00", `"100.00"`}, "three decimals": {"100.00", "100.001"}, "an exponent": {"100.00", "1e2"}, "zero": {"100.00", "0.00"},
		"no id": {`"a1"`, `""`}, "long id": {`"a1"`, `"` + strings.Repeat("a", 65) + `"`}, "bik": {"044525006", "04452500"}, "inn": {"770100000390", "77010000039"},
		"account": {"40817810400000000003", "4081"}, "own account": {"40702810500000000001", "1"}, "purpose": {"Оплата", strings.Repeat("я", 211)}, "name": {"Иванов", ""}, "not json": {"{", "["},
	} {
		code, body := send(t, "POST", url+"/api/v1/payment/ruble-transfer/pay", strings.Replace(good, change[0], change[1], 1))
		if code != http.StatusBadRequest || !strings.Contains(body, `"errorCode":"INVALID_DATA"`) {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
	if list := bank.Books().Payments(); len(list) != 0 {
		t.Errorf("booked: %+v", list)
	}
	if code, _ := send(t, "POST", url+"/sandbox/script", `{"rules":[{"fault":"lost"}]}`); code != http.StatusBadRequest {
		t.Error("a fault that the bank does not play was taken", code)
	}
}

func TestAnotherPaymentUnderOneIdIsCounted(t *testing.T) {
	t.Parallel()
	bank, url := start(t, t.TempDir())
	for _, amount := range []string{"100.00", "100.00", "200.00"} {
		if code, _ := send(t, "POST", url+"/api/v1/payment/ruble-transfer/pay", strings.Replace(good, "100.00", amount, 1)); code != http.StatusCreated {
			t.Fatal(code)
		}
	}
	if p := bank.Books().Payments()[0]; p.ExecutedCount != 1 || p.Amount != "100.00" || p.Posts != 3 || p.Mismatches != 1 {
		t.Errorf("%+v", p)
	}
}
