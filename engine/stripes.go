package engine

import (
	"strings"

	"github.com/provodka/provodka/ledger/book"
)

// stripes are the stripes in a shard's memory. It does what a table does; every leg of
// every command is looked up here several times, so rows are found by the account's
// name alone, among those of one book and asset, and are changed in place.
//
// It keeps no text of a command: those share the memory of thousands of others.
type stripes struct {
	sets  map[stripeSet]*stripeRows
	last  *stripeRows // the one asked for last
	count int         // hot rows
	undo  *undo
}

type stripeSet struct{ book, asset string }

type stripeRows struct {
	stripeSet
	hot, cold map[string]*stripeRow // by account
}

type stripeRow struct {
	account string
	book.Stripe
}

func newStripes(u *undo) *stripes { return &stripes{sets: map[stripeSet]*stripeRows{}, undo: u} }

// among gives the rows of the key's book and asset.
func (s *stripes) among(k stripeKey) *stripeRows {
	if s.last != nil && s.last.asset == k.asset && s.last.book == k.book {
		return s.last
	}
	rows, ok := s.sets[stripeSet{k.book, k.asset}]
	if !ok {
		set := stripeSet{strings.Clone(k.book), strings.Clone(k.asset)}
		rows = &stripeRows{stripeSet: set, hot: map[string]*stripeRow{}, cold: map[string]*stripeRow{}}
		s.sets[set] = rows
	}
	s.last = rows
	return rows
}

// find finds a row and keeps it from being forgotten; nil when it is not in memory.
func (s *stripes) find(k stripeKey) *stripeRow {
	rows := s.among(k)
	if row, ok := rows.hot[k.account]; ok {
		return row
	}
	row, ok := rows.cold[k.account]
	if ok {
		rows.hot[row.account] = row
		delete(rows.cold, k.account)
		s.count++
	}
	return row
}

func (s *stripes) get(k stripeKey) (book.Stripe, bool) {
	if row := s.find(k); row != nil {
		return row.Stripe, true
	}
	return book.Stripe{}, false
}

func (s *stripes) has(k stripeKey) bool { return s.find(k) != nil }

// put sets a row; inside an atomic group the old one comes back on a rollback.
func (s *stripes) put(k stripeKey, v book.Stripe) {
	row := s.find(k)
	if row == nil {
		rows := s.among(k)
		row = &stripeRow{account: strings.Clone(k.account), Stripe: v}
		rows.hot[row.account] = row
		s.count++
		if s.undo.active {
			s.undo.steps = append(s.undo.steps, func() {
				delete(rows.hot, row.account)
				s.count--
			})
		}
		return
	}
	if s.undo.active {
		old := row.Stripe
		s.undo.steps = append(s.undo.steps, func() { row.Stripe = old })
	}
	row.Stripe = v
}

// rotate forgets what was not touched since the last rotation.
func (s *stripes) rotate(limit int) {
	if s.count <= limit {
		return
	}
	for set, rows := range s.sets {
		if len(rows.hot) == 0 {
			delete(s.sets, set)
			continue
		}
		rows.cold, rows.hot = rows.hot, make(map[string]*stripeRow, len(rows.hot)/2)
	}
	s.last, s.count = nil, 0
}
