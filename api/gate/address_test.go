package gate

import (
	"net/http"
	"net/netip"
	"testing"
	"time"
)

func TestWhereACallComesFrom(t *testing.T) {
	t.Parallel()
	s := &Gate{cfg: Config{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.7:1234", "", "203.0.113.7"},
		{"203.0.113.7:1234", "198.51.100.1", "203.0.113.7"}, // nobody of ours says it
		{"10.0.0.1:1234", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1234", "192.0.2.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"}, // what stands before it anybody can write
		{"10.0.0.1:1234", "", "10.0.0.1"},
		{"10.0.0.1:1234", "nonsense", "10.0.0.1"},
		{"[2001:db8::1]:443", "", "2001:db8::1"},
		{"[::ffff:203.0.113.7]:443", "", "203.0.113.7"},
		{"@", "", ""},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := s.addressOf(r); got != c.want {
			t.Errorf("%v: %q", c, got)
		}
	}
	if a, b := Neighbours("2001:db8:1:2::3"), Neighbours("2001:db8:1:2:ffff::"); a != b || a == Neighbours("2001:db8:1:3::") || Neighbours("203.0.113.7") != "203.0.113.7" {
		t.Error(a, b)
	}
}

func TestTriesAreLimited(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	l := newLimits(func() time.Time { return now })
	passes := func(address, person string) (n int) {
		for range 100 {
			if l.Admit(address, person) == nil {
				n++
			}
		}
		return n
	}
	if n := passes("203.0.113.7", ""); n != 30 {
		t.Errorf("%d tries of an address", n)
	}
	if n := passes("203.0.113.8", "anna"); n != 10 {
		t.Errorf("%d tries of a person", n)
	}
	if refusal := l.Admit("203.0.113.7", ""); refusal == nil || refusal.Facts["after"] != "2026-03-02T09:00:02Z" {
		t.Error(refusal)
	}
	now = now.Add(6 * time.Second)
	if a, p := passes("203.0.113.7", ""), passes("203.0.113.9", "anna"); a != 3 || p != 1 {
		t.Errorf("six seconds later %d and %d", a, p)
	}
}
