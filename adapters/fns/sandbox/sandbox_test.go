package sandbox_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/adapters/fns"
	"github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/stage"
)

// start starts the service on the books in dir, with an adapter before it.
func start(t *testing.T, dir string, o sandbox.Options) (*fns.Adapter, porttest.Fake) {
	t.Helper()
	s, err := sandbox.New(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = s.Close() })
	adapter, err := fns.New(fns.Options{BaseURL: server.URL, MasterToken: "m", UserToken: "u", Polls: make([]time.Duration, 4)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(adapter.Close)
	return adapter, porttest.Fake{URL: server.URL}
}

func income(attempt string) port.IncomeReceipt {
	r := porttest.Income(1)
	r.Attempt = strings.Repeat(attempt, 32)
	return r
}

func TestBooksPeopleAndBonusSurviveACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	person := sandbox.Willing()
	person.INN, person.Bonus = income("a").INN, "3.00"
	body, err := json.Marshal([]sandbox.Person{*person})
	if err != nil {
		t.Fatal(err)
	}
	adapter, fake := start(t, dir, sandbox.Options{})
	answer, err := http.Post(fake.URL+"/sandbox/people", "application/json", bytes.NewReader(body)) //nolint:noctx // a test
	if err != nil || answer.StatusCode != http.StatusNoContent {
		t.Fatal(answer, err)
	}
	defer answer.Body.Close() //nolint:errcheck // a test
	first := adapter.Register(t.Context(), income("a"))
	if first.Result != port.Done || first.Tax != "4.00" {
		t.Fatalf("%+v", first)
	}
	fake.Script(t, stage.Rule{Field: "id", Contains: "bbb", Fault: stage.InProgress, Polls: 5})
	if a := adapter.Register(t.Context(), income("b")); a.Result != port.Unknown || a.Status != "PROCESSING" {
		t.Fatalf("%+v", a)
	}
	// Killed: nothing is closed.
	adapter, fake = start(t, dir, sandbox.Options{})
	again := adapter.Register(t.Context(), income("a"))
	if again.ReceiptID != first.ReceiptID || again.Status != "DUPLICATE" {
		t.Errorf("%+v, the first was %+v", again, first)
	}
	if a := adapter.Register(t.Context(), income("b")); a.Result != port.Done || a.Tax != "5.00" {
		t.Errorf("%+v, want done with the last 1.00 of the bonus", a)
	}
	for _, p := range fake.Books(t).Payments {
		if p.ExecutedCount != 1 || p.Mismatches != 0 {
			t.Errorf("%+v", p)
		}
	}
}

// A person annuls his receipt once; one that he does not have is refused.
func TestAPersonAnnulsAReceiptOfHis(t *testing.T) {
	t.Parallel()
	adapter, fake := start(t, t.TempDir(), sandbox.Options{Stranger: sandbox.Willing()})
	made := adapter.Register(t.Context(), income("a"))
	for _, a := range []struct {
		receipt string
		want    int
	}{{made.ReceiptID, http.StatusNoContent}, {made.ReceiptID, http.StatusNoContent}, {"another", http.StatusBadRequest}} {
		body, err := json.Marshal(sandbox.Annulment{INN: income("a").INN, Receipt: a.receipt})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.Post(fake.URL+"/sandbox/annulments", "application/json", bytes.NewReader(body)) //nolint:noctx // a test
		if err != nil || answer.StatusCode != a.want {
			t.Errorf("%q: %v %v, want %d", a.receipt, answer, err, a.want)
		}
		_ = answer.Body.Close()
	}
	at := income("a").PaidAt
	states, answer := adapter.Receipts(t.Context(), income("a").INN, at.Add(-time.Hour), at.Add(time.Hour))
	if answer.Result != port.Done || states[made.ReceiptID].Annulled == "" {
		t.Errorf("%+v %+v", states, answer)
	}
}

func TestPeopleFromAFileAndStrangers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "people.json")
	if err := os.WriteFile(file, []byte(`[{"inn":"`+income("a").INN+`","registered":true,"bound":false}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	adapter, _ := start(t, t.TempDir(), sandbox.Options{PeopleFile: file, Stranger: sandbox.Willing()})
	if a := adapter.Check(t.Context(), income("a").INN); a.Status != "TAXPAYER_UNBOUND" {
		t.Errorf("%+v", a)
	}
	if a := adapter.Check(t.Context(), porttest.Income(2).INN); a.Result != port.Done {
		t.Errorf("%+v", a)
	}
	if s, err := sandbox.New(t.TempDir(), sandbox.Options{PeopleFile: file + ".no"}); err == nil {
		t.Error("a file that is not there was read")
		_ = s.Close()
	}
}

func TestNotTheServicesNamespaceIsNotUnderstood(t *testing.T) {
	t.Parallel()
	_, fake := start(t, t.TempDir(), sandbox.Options{})
	for name, body := range map[string]string{
		"no namespace":    `<Envelope><Body/></Envelope>`,
		"another payload": `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><GetMessageRequest xmlns="urn:other"><Message/></GetMessageRequest></Body></Envelope>`,
		"not xml":         "{}",
	} {
		answer, err := http.Post(fake.URL+"/open-api/AuthService", "text/xml", strings.NewReader(body)) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != http.StatusInternalServerError {
			t.Errorf("%s: %s", name, answer.Status)
		}
		_ = answer.Body.Close()
	}
}
