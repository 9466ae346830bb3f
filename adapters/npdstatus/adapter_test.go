package npdstatus

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/provodka/provodka/adapters/npdstatus/sandbox"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/porttest"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/fault"
)

const day = "2026-03-02"

// list starts a sandbox where the second of the examples is not on NPD.
func list(t *testing.T, o sandbox.Options, change func(*Options)) (*Adapter, *sandbox.Server, porttest.Fake) {
	t.Helper()
	o.Listed = func(inn string) bool { return inn != requisite.ExamplePersonINN(2) }
	s, err := sandbox.New(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	options := Options{BaseURL: server.URL, Every: time.Nanosecond}
	if change != nil {
		change(&options)
	}
	a, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	t.Cleanup(a.Close)
	t.Cleanup(func() { _ = s.Close() })
	return a, s, porttest.Fake{URL: server.URL}
}

func TestListed(t *testing.T) {
	t.Parallel()
	a, s, _ := list(t, sandbox.Options{PerMinute: -1}, nil)
	for range 3 {
		if got := a.Listed(t.Context(), requisite.ExamplePersonINN(1), day); got.Result != port.Done {
			t.Errorf("%+v", got)
		}
		if got := a.Listed(t.Context(), requisite.ExamplePersonINN(2), day); got.Result != port.Refused || got.Code != fault.NotFound || got.Reason == "" {
			t.Errorf("%+v", got)
		}
	}
	if n := s.Asked(); n != 2 {
		t.Errorf("%d calls for two questions", n)
	}
	if a.Listed(t.Context(), requisite.ExamplePersonINN(1), "2026-03-03"); s.Asked() != 3 {
		t.Error("the next day has an answer of its own")
	}
}

// An error is never "no", and is not kept.
func TestNoAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	a, _, fake := list(t, sandbox.Options{PerMinute: -1}, nil)
	for name, rule := range map[string]stage.Rule{
		"silence": {Fault: stage.Silent, DelayMS: 1}, "500": {Fault: stage.Error}, "unavailable": {Fault: stage.Refuse},
		"haste":   {Fault: stage.Refuse, Code: "taxpayer.status.service.limited.error"},
		"unheard": {Fault: stage.Refuse, Code: "brand.new"}, "no status": {Fault: stage.UnknownStatus},
	} {
		rule.Op = "check"
		fake.Script(t, rule)
		for _, n := range []uint64{1, 2} {
			if got := a.Listed(t.Context(), requisite.ExamplePersonINN(n), day); got.Result != port.Unknown || got.Status == "" {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
	fake.Script(t)
	if got := a.Listed(t.Context(), "12", day); got.Result != port.Unknown || got.Status != "validation.failed" {
		t.Errorf("%+v", got)
	}
	if got := a.Listed(t.Context(), requisite.ExamplePersonINN(2), day); got.Result != port.Refused {
		t.Errorf("afterwards: %+v", got)
	}
}

// However much is asked at once, no call comes before its turn: a list with the limit of
// the real one never sees haste.
func TestPace(t *testing.T) {
	t.Parallel()
	a, s, _ := list(t, sandbox.Options{}, func(o *Options) { o.Every = 31 * time.Second })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var calls sync.WaitGroup
	var answered atomic.Int32
	for n := range uint64(20) {
		calls.Go(func() {
			got := a.Listed(ctx, requisite.ExamplePersonINN(n+3), day)
			switch {
			case got.Result == port.Done:
				answered.Add(1)
			case got.Result != port.Unknown || !strings.Contains(got.Status, "not sent"):
				t.Errorf("%+v", got)
			}
		})
	}
	calls.Wait()
	if n := s.Asked(); n != 1 || answered.Load() != 1 {
		t.Errorf("%d calls in a second, %d answered", n, answered.Load())
	}
}

// The list itself refuses haste, and that is no "no".
func TestHaste(t *testing.T) {
	t.Parallel()
	a, _, _ := list(t, sandbox.Options{}, nil)
	results := map[port.Result]int{}
	for n := range uint64(4) {
		got := a.Listed(t.Context(), requisite.ExamplePersonINN(n+3), day)
		if results[got.Result]++; got.Result == port.Unknown && got.Status != "taxpayer.status.service.limited.error" {
			t.Errorf("%+v", got)
		}
	}
	if results[port.Done] != 2 || results[port.Unknown] != 2 {
		t.Errorf("%v", results)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "statusnpd.nalog.ru", "ftp://statusnpd.nalog.ru"} {
		if _, err := New(Options{BaseURL: url}); err == nil {
			t.Errorf("%q passed", url)
		}
	}
}
