package call

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestPaceSpacesTheCallsAndObeysTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		var at []time.Duration
		c := New(Options{PerSecond: 4, Now: time.Now, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			at = append(at, time.Since(started))
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})})
		for range 3 {
			if _, err := c.Do(request(t, t.Context(), "http://bank.invalid/")); err != nil {
				t.Fatal(err)
			}
		}
		if len(at) != 3 || at[0] != 0 || at[1] != 250*time.Millisecond || at[2] != 500*time.Millisecond {
			t.Fatalf("called at %v", at)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := c.Do(request(t, ctx, "http://bank.invalid/")); !errors.Is(err, context.DeadlineExceeded) || len(at) != 3 {
			t.Fatalf("%v after %d calls", err, len(at))
		}
	})
}

func request(t *testing.T, ctx context.Context, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// TestThoseWhoLeaveTakeNoTurn: a crowd that gives up does not hold up who comes later.
func TestThoseWhoLeaveTakeNoTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{PerSecond: 1, Timeout: 3 * time.Second, Now: time.Now, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})})
		const crowd = 100
		done := make(chan error, crowd)
		for range crowd {
			go func() {
				_, err := c.Do(request(t, t.Context(), "http://bank.invalid/"))
				done <- err
			}()
		}
		served := 0
		for range crowd {
			if err := <-done; err == nil {
				served++
			} else if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		began := time.Now()
		if _, err := c.Do(request(t, t.Context(), "http://bank.invalid/")); err != nil || time.Since(began) > time.Second || served < 3 {
			t.Errorf("%v after %v; %d of the crowd were served", err, time.Since(began), served)
		}
	})
}

func TestNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case "/drop":
			panic(http.ErrAbortHandler)
		case "/long":
			_, _ = w.Write(make([]byte, 100))
		}
	}))
	t.Cleanup(server.Close)
	c := New(Options{MaxBytes: 99, Now: time.Now})
	t.Cleanup(c.Close)
	if reply, err := c.Do(request(t, t.Context(), server.URL+"/redirect")); err != nil || reply.Status != http.StatusTemporaryRedirect {
		t.Errorf("redirect: %v %v", reply, err)
	}
	if _, err := c.Do(request(t, t.Context(), server.URL+"/drop?key=secret")); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("drop: %v", err)
	}
	if _, err := c.Do(request(t, t.Context(), server.URL+"/long")); !errors.Is(err, ErrTooLong) {
		t.Errorf("long: %v", err)
	}
	if hits.Load() != 3 {
		t.Errorf("three requests made %d calls", hits.Load())
	}
}
