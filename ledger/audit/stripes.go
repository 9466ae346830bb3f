package audit

import (
	"iter"
	"strings"
)

// stripes are those of a shard: found by the account's name alone among those of a book
// and asset, because every leg looks one up.
type stripes struct {
	sets  map[stripeSet]map[string]*stripe
	last  map[string]*stripe // of the one asked for last
	of    stripeSet
	count int
	block []stripe        // memory of those to come
	names strings.Builder // a piece of memory for many names
}

type stripeSet struct{ book, asset string }

func (s *stripes) among(set stripeSet) map[string]*stripe {
	if s.last == nil || s.of != set {
		s.last, s.of = s.sets[set], set
	}
	return s.last
}

func (s *stripes) get(k stripeKey) *stripe { return s.among(stripeSet{k.book, k.asset})[k.account] }

func (s *stripes) put(st *stripe) {
	set := stripeSet{st.key.book, st.key.asset}
	if s.among(set) == nil {
		if s.sets == nil {
			s.sets = map[stripeSet]map[string]*stripe{}
		}
		s.last = map[string]*stripe{}
		s.sets[set] = s.last
	}
	if s.last[st.key.account] == nil {
		s.count++
	}
	s.last[st.key.account] = st
}

func (s *stripes) delete(k stripeKey) {
	if set := s.among(stripeSet{k.book, k.asset}); set[k.account] != nil {
		delete(set, k.account)
		s.count--
	}
}

func (s *stripes) all() iter.Seq[*stripe] {
	return func(yield func(*stripe) bool) {
		for _, set := range s.sets {
			for _, st := range set {
				if !yield(st) {
					return
				}
			}
		}
	}
}

// packed is the stripe in a block with others, for as long as the shard: the collector
// follows blocks more cheaply than a million parts.
func (s *stripes) packed(st *stripe) *stripe {
	const stripesInBlock, bytesInPiece = 128, 16 << 10
	if len(s.block) == 0 {
		s.block = make([]stripe, stripesInBlock)
	}
	into := &s.block[0]
	s.block = s.block[1:]
	*into = *st
	name := st.key.account
	if s.names.Cap()-s.names.Len() < len(name) {
		s.names = strings.Builder{}
		s.names.Grow(max(bytesInPiece, len(name)))
	}
	at := s.names.Len()
	s.names.WriteString(name)
	into.key.account = s.names.String()[at:]
	return into
}
