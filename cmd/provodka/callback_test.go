package main_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/provodka/provodka/engine/port/stage"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// toldTable is what only a callback tells: final answers are asked about again after days, and
// questions would never find it.
var toldTable = []struck{
	{at: "bank", fault: stage.TakenBack, polls: 1 << 30, delay: 1500, kind: own, end: "error", error: "payout_returned", again: true},
	{at: "bank", fault: stage.InProgress, polls: 1 << 30, delay: 1500, kind: own, end: "paid", left: 1},
	{at: "bank", fault: stage.Early, kind: own, end: "paid", left: 1},
}

// TestCallbacksAreHints: a callback of the bank makes us ask, at once; what it says is believed
// of nothing, and whoever is not the bank learns nothing.
func TestCallbacksAreHints(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, toldTable)
	m.play()
	paid := 2 // the row whose payment stays as it is
	id := ""
	for _, p := range m.books("bank").Payments {
		if p.Calls == 0 {
			t.Errorf("no callback was heard about %s", p.ID)
		}
		if p.Account == accountOf(paid).GetAccountNumber() {
			id = p.ID
		}
	}
	const secret = "Bearer dev-callback-secret"
	about := func(id, status string) string { return fmt.Sprintf(`{"paymentId":%q,"status":%q}`, id, status) }
	// Whose it is, is not to be seen.
	for _, status := range []string{"EXECUTED", "FAILED", "SOMETHING"} {
		ours, strange := m.call("bank", secret, about(id, status)), m.call("bank", secret, about(strings.Repeat("0", 32), status))
		if ours != strange || !strings.HasPrefix(ours, "200 ") {
			t.Errorf("%s: one of ours is answered %q, another %q", status, ours, strange)
		}
	}
	for name, c := range map[string][4]string{
		"another secret": {"bank", "Bearer dev-callback-secret2", about(id, "FAILED"), "401 "}, "no secret": {"bank", "", about(id, "FAILED"), "401 "},
		"another scheme": {"bank", "dev-callback-secret", "{", "401 "}, "nobody we know": {"bench", secret, about(id, "FAILED"), "404 "},
		"not JSON": {"bank", secret, "{", "400 "}, "too long": {"bank", secret, `"` + strings.Repeat("0", 70<<10) + `"`, "413 "},
	} {
		if got := m.call(c[0], c[1], c[2]); !strings.HasPrefix(got, c[3]) || strings.Contains(got, id) {
			t.Errorf("%s: %q, want %s", name, got, c[3])
		}
	}
	// The lie above was asked about, and the bank said what it had said.
	eventually(t, "the lie is asked about", func() bool { return m.counts(`provodka_confirmations_total{outcome="same",port="payout"}`) > 0 })
	got, err := m.api.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: m.Book, TaskId: m.ids[paid]})
	if err != nil || got.GetTask().GetStatus() != "paid" {
		t.Errorf("a lie was believed: %v %v", got, err)
	}
	for _, result := range []string{"noted", "known", "strange", "refused", "unread"} {
		if m.counts(`provodka_callbacks_total{provider="bank",result="`+result+`"}`) == 0 {
			t.Errorf("no callback is counted as %s", result)
		}
	}
	m.limited()
}

// limited calls, as a stranger, more often than one address may.
func (m *matrix) limited() {
	m.t.Helper()
	var stop atomic.Bool
	var strangers sync.WaitGroup
	for range 4 {
		strangers.Go(func() {
			for i := 0; i < 5000 && !stop.Load(); i++ {
				if strings.HasPrefix(m.call("bank", "", ""), "429 ") {
					stop.Store(true)
				}
			}
		})
	}
	if strangers.Wait(); !stop.Load() {
		m.t.Error("there is no limit")
	}
}

// call calls back, and gives the answer's code, headers that say something, and body.
func (m *matrix) call(provider, authorization, body string) string {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, m.API+"/callbacks/"+provider, strings.NewReader(body))
	m.must(err)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	answer, err := http.DefaultClient.Do(req)
	m.must(err)
	defer answer.Body.Close() //nolint:errcheck // a test
	text, err := io.ReadAll(answer.Body)
	m.must(err)
	answer.Header.Del("Date")
	answer.Header.Del("X-Request-Id")
	return fmt.Sprint(answer.StatusCode, " ", answer.Header, string(text))
}

// counts is a counter of the server.
func (m *matrix) counts(name string) int {
	m.t.Helper()
	answer, err := http.Get(m.Metrics)
	m.must(err)
	defer answer.Body.Close() //nolint:errcheck // a test
	text, err := io.ReadAll(answer.Body)
	m.must(err)
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\d+)$`).FindSubmatch(text)
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(string(found[1]))
	m.must(err)
	return n
}
