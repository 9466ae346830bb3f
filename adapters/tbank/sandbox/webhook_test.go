package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/stage"
)

// ear hears callbacks; the first few are answered with an error.
type ear struct {
	mu    sync.Mutex
	deaf  int
	heard []string // "id status"
	shown []string // Authorization
	news  chan struct{}
}

func (e *ear) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var body struct{ PaymentID, Status string }
	_ = json.Unmarshal(raw, &body)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deaf > 0 {
		e.deaf--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	e.heard, e.shown = append(e.heard, body.PaymentID+" "+body.Status), append(e.shown, r.Header.Get("Authorization"))
	e.news <- struct{}{}
}

// wants waits until so much was heard, of one payment in this order.
func (e *ear) wants(t *testing.T, id string, words ...string) {
	t.Helper()
	for range words {
		select {
		case <-e.news:
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: nothing is heard any more", id)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var got []string
	for _, h := range e.heard {
		if of, word, _ := strings.Cut(h, " "); of == id {
			got = append(got, word)
		}
	}
	if !slices.Equal(got, words) {
		t.Errorf("%s: heard %v, want %v", id, got, words)
	}
}

// webhooked is a bank that calls an ear.
func webhooked(t *testing.T, dir string) (*ear, *Server, string) {
	t.Helper()
	e := &ear{news: make(chan struct{}, 100)}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	bank, url := start(t, dir)
	bank.courier.retries = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}
	code, body := send(t, "POST", url+"/api/v1/webhook?eventType=payment-status",
		`{"hasSignature":false,"authType":"Bearer","authSecret":"s3cret","email":"a@example.com","url":"`+server.URL+`"}`)
	if code != http.StatusOK {
		t.Fatal(code, body)
	}
	return e, bank, url
}

func payAs(t *testing.T, url, id, purpose string) {
	t.Helper()
	if code, body := send(t, "POST", url+"/api/v1/payment/ruble-transfer/pay", strings.NewReplacer("a1", id, "Оплата", purpose).Replace(good)); code != http.StatusCreated {
		t.Fatal(id, code, body)
	}
}

func TestTheBankCallsBack(t *testing.T) {
	t.Parallel()
	e, bank, url := webhooked(t, t.TempDir())
	porttest.Fake{URL: url}.Script(t,
		stage.Rule{Field: "purpose", Contains: "twice", Fault: stage.Duplicate},
		stage.Rule{Field: "purpose", Contains: "late", Fault: stage.InProgress, DelayMS: 20},
		stage.Rule{Field: "purpose", Contains: "mixed", Fault: stage.Reordered},
		stage.Rule{Field: "purpose", Contains: "back", Fault: stage.TakenBack, DelayMS: 20},
		stage.Rule{Field: "purpose", Contains: "early", Fault: stage.Early},
		stage.Rule{Field: "purpose", Contains: "failed", Fault: stage.Fail},
		stage.Rule{Op: opCallback, Field: "purpose", Contains: "quiet", Fault: stage.Silent},
	)
	payAs(t, url, "q", "quiet")
	for _, c := range []struct {
		id, purpose string
		words       []string
	}{
		{"p", "plain", []string{"EXECUTED"}},
		{"t", "twice", []string{"EXECUTED", "EXECUTED"}},
		{"l", "late", []string{"IN_PROGRESS", "EXECUTED"}}, // nobody asks: the time alone does it
		{"m", "mixed", []string{"EXECUTED", "IN_PROGRESS"}},
		{"b", "back", []string{"EXECUTED", "FAILED"}},
		{"f", "failed", []string{"FAILED"}},
	} {
		payAs(t, url, c.id, c.purpose)
		e.wants(t, c.id, c.words...)
	}
	payAs(t, url, "e", "early")
	if list := bank.Books().Payments(); list[len(list)-1].Calls != 1 {
		t.Errorf("answered before the callback was heard: %+v", list[len(list)-1])
	}
	e.wants(t, "e", "EXECUTED")
	for _, want := range []string{"EXECUTED", "IN_PROGRESS", "EXECUTED"} {
		if _, body := send(t, "GET", url+"/api/v1/payment/m", ""); !strings.Contains(body, want) {
			t.Errorf("%s, want %s", body, want)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if slices.ContainsFunc(e.shown, func(s string) bool { return s != "Bearer s3cret" }) {
		t.Errorf("shown: %q", e.shown)
	}
	if slices.ContainsFunc(e.heard, func(h string) bool { return strings.HasPrefix(h, "q ") }) {
		t.Error("a silent callback was made")
	}
}

// A callback that is not heard is made again, after a restart to the same address.
func TestCallbacksAreMadeAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e, bank, url := webhooked(t, dir)
	e.mu.Lock()
	e.deaf = 3
	e.mu.Unlock()
	payAs(t, url, "a", "plain")
	e.wants(t, "a", "EXECUTED")
	if err := bank.Close(); err != nil {
		t.Fatal(err)
	}
	_, url = start(t, dir)
	payAs(t, url, "b", "plain")
	e.wants(t, "b", "EXECUTED")
}

func TestWebhooksThatTheBankRefuses(t *testing.T) {
	t.Parallel()
	_, url := start(t, t.TempDir())
	const whole = `{"hasSignature":false,"authType":"Bearer","authSecret":"s","email":"a@example.com","url":"https://ours.example/hook"}`
	for name, c := range map[string][2]string{
		"an unknown event": {"payment-statuses", whole}, "not JSON": {statusEvent, "{"}, "no address": {statusEvent, strings.Replace(whole, "https://ours.example/hook", "hook", 1)},
		"another scheme": {statusEvent, strings.Replace(whole, "Bearer", "Digest", 1)}, "no signature flag": {statusEvent, strings.Replace(whole, "hasSignature", "x", 1)},
		"a long secret": {statusEvent, strings.Replace(whole, `"s"`, `"`+strings.Repeat("s", 257)+`"`, 1)},
	} {
		if code, body := send(t, "POST", url+"/api/v1/webhook?eventType="+c[0], c[1]); code != http.StatusBadRequest || !strings.Contains(body, "INVALID_DATA") {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
}
