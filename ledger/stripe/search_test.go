package stripe

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// search visits every state that any order of events can reach.
type search struct {
	limit       int
	key         func(*world, []byte) []byte
	seen        map[[16]byte]struct{}
	transitions int
	outcomes    map[string]bool // verdicts at rest, one letter per order
	path        []event
	buf         []byte
	fault       string
}

// explore runs the search over one setting, up to a number of states.
func explore(set *setting, limit int) *search {
	s := &search{limit: limit, key: (*world).encode}
	s.run(set)
	return s
}

func (s *search) run(set *setting) {
	s.seen = make(map[[16]byte]struct{})
	s.outcomes = make(map[string]bool)
	s.visit(newWorld(set))
}

// visit goes on from one state and says whether all that follows is in order.
func (s *search) visit(w *world) bool {
	s.buf = s.key(w, s.buf[:0])
	sum := sha256.Sum256(s.buf)
	key := [16]byte(sum[:16])
	if _, ok := s.seen[key]; ok {
		return true
	}
	s.seen[key] = struct{}{}
	if len(s.seen) > s.limit {
		s.fault = fmt.Sprintf("finite: more than %d states", s.limit)
		return false
	}
	events, must := w.enabled(nil)
	if !must {
		w.rest()
		s.outcomes[w.outcome()] = true
		if w.fault != "" {
			s.fault = w.fault
			return false
		}
	}
	for _, e := range events {
		s.transitions++
		s.path = append(s.path, e)
		next := w.after(e)
		if next.fault != "" {
			s.fault = next.fault
			return false
		}
		if !s.visit(next) {
			return false
		}
		s.path = s.path[:len(s.path)-1]
	}
	return true
}

// outcome writes the verdicts: a = applied, r = refused, x = expired.
func (w *world) outcome() string {
	out := make([]byte, len(w.orders))
	for k := range w.orders {
		out[k] = "-?arx"[w.verdict[k]]
	}
	return string(out)
}

// reached lists the outcomes that were seen.
func (s *search) reached() string {
	return strings.Join(slices.Sorted(maps.Keys(s.outcomes)), " ")
}

// require fails the test and tells the shortest part of the story it has: the
// events that led to the fault, with every action.
func (s *search) require(t *testing.T, set *setting) {
	t.Helper()
	if s.fault == "" {
		return
	}
	var b strings.Builder
	w := newWorld(set)
	w.trace = func(shard int, a Action) { fmt.Fprintf(&b, "      shard %d: %T%+v\n", shard, a, a) }
	for _, e := range s.path {
		fmt.Fprintf(&b, "  %s\n", e)
		w.step(e)
	}
	t.Errorf("%s: %+v\n%s\n%s", set.name, *set, s.fault, b.String())
}
