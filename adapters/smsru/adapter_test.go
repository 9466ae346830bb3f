package smsru

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/provodka/provodka/adapters/smsru/sandbox"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/fault"
)

const phone = "+79151234567"

func serve(t *testing.T, h http.Handler) (*Adapter, string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	a, err := New(Options{BaseURL: server.URL + "/", APIID: "key-of-ours", Polls: []time.Duration{0, 0}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a, server.URL
}

func fresh(t *testing.T, apiID string) (*Adapter, porttest.NotifierFake) {
	t.Helper()
	s, err := sandbox.New(t.TempDir(), sandbox.Options{APIID: apiID})
	if err != nil {
		t.Fatal(err)
	}
	a, url := serve(t, s)
	t.Cleanup(func() { // before the server closes: it waits for silent handlers
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return a, porttest.NotifierFake{Fake: porttest.Fake{URL: url}}
}

func TestNotifier(t *testing.T) {
	t.Parallel()
	porttest.ExerciseNotifier(t, phone, func(t *testing.T) (port.Notifier, porttest.NotifierFake) { return fresh(t, "key-of-ours") })
}

func TestEveryCode(t *testing.T) {
	t.Parallel()
	final := map[question][]int{send: {100, 231, 232, 150, 202, 207, 209, 214, 215, 230, 233}, status: {103, 110, 104, 105, 106, 107, 108, 150}}
	for asked, codes := range final {
		for code := -1; code < 1000; code++ {
			a := understand(asked, code)
			if (a.Result != port.Unknown) != slices.Contains(codes, code) || a.Status == "" {
				t.Errorf("%s %d: %+v", asked, code, a)
			}
		}
	}
}

func TestRefusalsAreNamed(t *testing.T) {
	t.Parallel()
	a, fake := fresh(t, "")
	for code, want := range map[string]fault.Code{"207": fault.NoticeRefused, "230": fault.TooOften} {
		fake.Script(t, stage.Rule{Fault: stage.Refuse, Code: code})
		if got := a.Notify(t.Context(), fake.Notice(1, phone)); got.Code != want || got.Status != code {
			t.Errorf("%s: %+v", code, got)
		}
	}
	fake.Script(t, stage.Rule{Fault: stage.Fail, Code: "105"}) // taken, and not delivered after all
	if got := a.Notify(t.Context(), fake.Notice(1, phone)); got.Code != fault.NoticeRefused || got.Status != "105" {
		t.Errorf("%+v", got)
	}
	fake.Script(t, stage.Rule{Fault: stage.Lost}) // taken, and the status knows nothing of it
	if got := a.Notify(t.Context(), fake.Notice(1, phone)); got.Result != port.Done || got.Event == "" {
		t.Errorf("%+v", got)
	}
	fake.Script(t, stage.Rule{Fault: stage.InProgress, Polls: 9})
	if got := a.Notify(t.Context(), fake.Notice(1, phone)); got.Result != port.Done || got.Status != "100" {
		t.Errorf("%+v", got)
	}
	if got := a.Notify(t.Context(), fake.Notice(1, "+7915123456")); got.Result != port.Refused || got.Status != "202" {
		t.Errorf("%+v", got)
	}
}

func TestOurConfigurationIsNotTheNumbersFault(t *testing.T) {
	t.Parallel()
	a, fake := fresh(t, "another")
	if got := a.Notify(t.Context(), fake.Notice(1, phone)); got.Result != port.Unknown || got.Status != "200" || strings.Contains(got.Status+got.Reason, "key") {
		t.Errorf("%+v", got)
	}
	for _, o := range []Options{{APIID: "x"}, {BaseURL: "https://sms.invalid"}, {BaseURL: "sms", APIID: "x"}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v passed", o)
		}
	}
}

func TestWhatIsNotTheServicesDocumentIsUnknown(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "100", "<html>", `{"status":"OK"}`, `{"status_code":100,"sms":[]}`, `{"status_code":100,"sms":{"79990000000":{"status_code":100}}}`} {
		a, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		if got := a.Notify(t.Context(), porttest.NotifierFake{}.Notice(1, phone)); got.Result != port.Unknown {
			t.Errorf("%q: %+v", body, got)
		}
	}
}
