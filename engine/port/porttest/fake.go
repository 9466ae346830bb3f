package porttest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/stage"
)

// Fake is the partner's sandbox as the suites see it: its script and its books,
// over HTTP, as `provodka dev` and the crash tests see them.
type Fake struct {
	URL string // of the sandbox, without a path
}

// Script sets the rules.
func (f Fake) Script(t *testing.T, rules ...stage.Rule) {
	t.Helper()
	f.post(t, "/sandbox/script", stage.Script{Rules: rules})
}

func (f Fake) post(t *testing.T, path string, v any) {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(f.URL+path, "application/json", bytes.NewReader(body)) //nolint:noctx // a test's own sandbox
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end or of no use
	if answer.StatusCode/100 != 2 {
		t.Fatalf("POST %s: %s", path, answer.Status)
	}
}

// Books are what the partner knows.
func (f Fake) Books(t *testing.T) stage.Report {
	t.Helper()
	answer, err := http.Get(f.URL + "/sandbox/books") //nolint:noctx // a test's own sandbox
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end or of no use
	var report stage.Report
	if err := json.NewDecoder(answer.Body).Decode(&report); err != nil {
		t.Fatal(err)
	}
	return report
}

// executed is how often the payment was really executed.
func (f Fake) executed(t *testing.T, id string) int {
	t.Helper()
	for _, p := range f.Books(t).Payments {
		if p.ID == id {
			return p.ExecutedCount
		}
	}
	return 0
}

// payment is the line of the books, which must be there.
func (f Fake) payment(t *testing.T, id string) stage.Payment {
	t.Helper()
	for _, p := range f.Books(t).Payments {
		if p.ID == id {
			return p
		}
	}
	t.Fatalf("the partner's books have no %s", id)
	return stage.Payment{}
}

// want compares what matters of an answer.
func want(t *testing.T, what string, got port.Answer, result port.Result) {
	t.Helper()
	if got.Result != result {
		t.Fatalf("%s: %+v, want %s", what, got, result)
	}
	if result == port.Refused && (got.Code == "" || got.Reason == "") {
		t.Fatalf("%s: a refusal without code or words: %+v", what, got)
	}
	if result == port.Unknown && got.Status == "" {
		t.Fatalf("%s: unknown, and nothing is kept of what was seen: %+v", what, got)
	}
}

// leaks runs f and fails when goroutines that it started are still there after it
// returned and after they had time to go away.
func leaks(t *testing.T, ctx context.Context, f func(context.Context)) {
	t.Helper()
	const name = "porttest"
	pprof.Do(ctx, pprof.Labels(name, t.Name()), f)
	patience, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		var profile bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(profile.String(), t.Name()) {
			return
		}
		if patience.Err() != nil {
			t.Fatalf("goroutines are left over:\n%s", profile.String())
		}
		runtime.Gosched()
	}
}
