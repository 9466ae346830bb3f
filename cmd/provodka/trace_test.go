package main_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// collector takes traces as an OTLP collector does and remembers which spans it saw.
type collector struct {
	url  string
	mu   sync.Mutex
	seen map[string]bool
}

// newCollector looks for spans of these names.
func newCollector(t *testing.T, names ...string) *collector {
	t.Helper()
	c := &collector{seen: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/v1/traces" {
			http.Error(w, "no traces", http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, name := range names {
			c.seen[name] = c.seen[name] || bytes.Contains(body, []byte(name))
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// check wants every span seen.
func (c *collector) check(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) == 0 {
		t.Error("the collector got nothing")
	}
	for name, seen := range c.seen {
		if !seen {
			t.Errorf("no span %q came to the collector", name)
		}
	}
}
