package rustore

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/provodka/provodka/adapters/rustore/sandbox"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/fault"
)

const device = "vkpns-0123456789abcdef:xyz_-="

func serve(t *testing.T, h http.Handler) (*Adapter, string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	a, err := New(Options{BaseURL: server.URL + "/", Project: "project-1", Token: "token-of-ours"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a, server.URL
}

func fresh(t *testing.T, o sandbox.Options) (*Adapter, porttest.NotifierFake) {
	t.Helper()
	s, err := sandbox.New(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	a, url := serve(t, s)
	t.Cleanup(func() { // before the server closes: it waits for silent handlers
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return a, porttest.NotifierFake{Fake: porttest.Fake{URL: url}, Subject: true}
}

func TestNotifier(t *testing.T) {
	t.Parallel()
	for name, flat := range map[string]bool{"as Firebase": false, "flat": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			porttest.ExerciseNotifier(t, device, func(t *testing.T) (port.Notifier, porttest.NotifierFake) {
				return fresh(t, sandbox.Options{Project: "project-1", Token: "token-of-ours", Flat: flat})
			})
		})
	}
}

// TestDeadTokens: the service's word about the token is the only refusal.
func TestDeadTokens(t *testing.T) {
	t.Parallel()
	a, fake := fresh(t, sandbox.Options{})
	if got := a.Notify(t.Context(), fake.Notice(1, "dead-device")); got.Code != fault.NoticeRefused || got.Status != "NOT_FOUND" || got.Reason == "" {
		t.Errorf("%+v", got)
	}
	fake.Script(t, stage.Rule{Fault: stage.Refuse, Code: "UNREGISTERED"})
	if got := a.Notify(t.Context(), fake.Notice(1, device)); got.Code != fault.NoticeRefused {
		t.Errorf("%+v", got)
	}
	for _, word := range []string{"INVALID_ARGUMENT", "TOO_MANY_REQUESTS", "INTERNAL", "PERMISSION_DENIED", device} {
		fake.Script(t, stage.Rule{Fault: stage.Refuse, Code: word})
		if got := a.Notify(t.Context(), fake.Notice(1, device)); got.Result != port.Unknown || strings.Contains(got.Status, device) {
			t.Errorf("%s: %+v", word, got)
		}
	}
}

func TestOurConfigurationIsNotTheDevicesFault(t *testing.T) {
	t.Parallel()
	for _, o := range []sandbox.Options{{Token: "another"}, {Project: "another"}} {
		a, fake := fresh(t, o)
		if got := a.Notify(t.Context(), fake.Notice(1, device)); got.Result != port.Unknown || got.Status != "PERMISSION_DENIED" {
			t.Errorf("%+v", got)
		}
	}
	for _, o := range []Options{
		{Project: "p", Token: "t"}, {BaseURL: "https://push.invalid", Token: "t"}, {BaseURL: "https://push.invalid", Project: "p"},
		{BaseURL: "push", Project: "p", Token: "t"}, {BaseURL: "https://push.invalid", Project: "../p", Token: "t"},
		{BaseURL: "https://push.invalid", Project: "p", Token: "t\r\nX: y"}, {BaseURL: "https://push.invalid", Project: "p", Token: "t", TTL: -1},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v passed", o)
		}
	}
}

// TestWhatIsNotTheServicesDocumentIsUnknown: a proxy's 404 kills no token.
func TestWhatIsNotTheServicesDocumentIsUnknown(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 400, 404, 410, 429, 500, 503} {
		for _, body := range []string{"", "404", "<html>", `{"status":404}`, `{"error":"NOT_FOUND"}`, `{"error":{"code":404}}`, "[]"} {
			a, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
			}))
			if got := a.Notify(t.Context(), porttest.NotifierFake{Subject: true}.Notice(1, device)); got.Result != port.Unknown || got.Status == "" {
				t.Errorf("%d %q: %+v", status, body, got)
			}
		}
	}
}
