package callback

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
)

// partner admits a header, and takes a body for one id.
type partner struct{ heard *int }

func (p partner) Admits(_ netip.Addr, h http.Header) bool { return h.Get("Authorization") == "right" }

func (p partner) Hints(body []byte) ([]port.Hint, error) {
	if *p.heard++; string(body) == "bad" {
		return nil, errors.New("unreadable")
	}
	return []port.Hint{{Attempt: string(body)}}, nil
}

// books answer what became of a hint by its attempt.
type books map[string]engine.Heard

func (b books) Hear(_ context.Context, portName string, hints []port.Hint) (engine.Heard, error) {
	h, ok := b[portName+" "+hints[0].Attempt]
	if !ok {
		return h, errors.New("the database is away")
	}
	return h, nil
}

// TestWhatBecomesOfACallback: nothing of a body is read before its sender is known, nobody who
// was not noted is told 200, and one address calls so often and not oftener.
func TestWhatBecomesOfACallback(t *testing.T) {
	t.Parallel()
	now, read := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 0
	s := &Service{
		Gate: &gate.Gate{Logger: slog.New(slog.DiscardHandler)}, limits: gate.NewLimiter(func() time.Time { return now }, 8, time.Second),
		hearer: books{"payout noted": {Noted: 1, Strange: 3}, "payout known": {Known: 1}, "payout strange": {Strange: 1}},
	}
	call := func(shown string, body io.Reader) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Path+"bank", body)
		r.Header.Set("Authorization", shown)
		return s.hear(r, Provider{"payout", partner{&read}})
	}
	for _, c := range []struct {
		shown  string
		body   io.Reader
		code   int
		result string
		read   int // bodies that were looked into by then
	}{
		{"wrong", strings.NewReader("noted"), http.StatusUnauthorized, refused, 0},
		{"right", strings.NewReader(strings.Repeat("x", mostBytes+1)), http.StatusRequestEntityTooLarge, unread, 0},
		{"right", iotest.ErrReader(io.ErrUnexpectedEOF), http.StatusBadRequest, unread, 0},
		{"right", strings.NewReader("bad"), http.StatusBadRequest, unread, 1},
		{"right", strings.NewReader("noted"), http.StatusOK, noted, 2},
		{"right", strings.NewReader("known"), http.StatusOK, known, 3},
		{"right", strings.NewReader("strange"), http.StatusOK, strange, 4},
		{"right", strings.NewReader("away"), http.StatusServiceUnavailable, forgotten, 5},
		{"right", strings.NewReader("noted"), http.StatusTooManyRequests, limited, 5},
		{"wrong", strings.NewReader("noted"), http.StatusTooManyRequests, limited, 5},
	} {
		if code, result := call(c.shown, c.body); code != c.code || result != c.result || read != c.read {
			t.Errorf("%+v: %d %s, %d bodies", c, code, result, read)
		}
	}
	now = now.Add(time.Second)
	if code, _ := call("right", strings.NewReader("noted")); code != http.StatusOK {
		t.Error(code)
	}
}
