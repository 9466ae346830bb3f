package engine

import (
	"hash/maphash"
	"strings"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
)

// stripes are the stripes in a shard's memory. It does what a table does; every leg of
// every command is looked up here several times, so rows are found by the account's
// name alone, among those of one book and asset, and are changed in place.
//
// Rows of the last batches are hot. The others are packed: no pointers, which the
// collector would follow at every turn, under a hash of their names. Of those it keeps
// two generations.
//
// It keeps no text of a command: those share the memory of thousands of others.
type stripes struct {
	sets       map[stripeSet]*stripeRows
	last       *stripeRows // the one asked for last
	count      int         // hot rows
	block      []stripeRow // memory of hot rows to come
	young, old map[packedKey]packedStripe
	seeds      [2]maphash.Seed
	round      uint32 // of those who ask what to load
	undo       *undo
}

type stripeSet struct{ book, asset string }

type stripeRows struct {
	stripeSet
	hot map[string]*stripeRow // by account
}

// stripeRow is a hot row; one that is not here is only asked for, by a round.
type stripeRow struct {
	account string
	here    bool
	round   uint32
	book.Stripe
}

// packedKey is a hash of 128 bits, of seeds that nobody outside can know: two names that
// meet are as likely as two accounts with one id.
type packedKey [2]uint64

// packedStripe is a stripe whose sums are 64-bit numbers of minor units, as nearly all are.
type packedStripe struct {
	version uint64
	minor   [4]int64
	scale   [4]int8
}

// hotRows is how many rows may be hot when a batch begins, if that is not more than half
// of the shard's bound: two large batches touch fewer.
const hotRows = 1 << 15

func newStripes(u *undo) *stripes {
	return &stripes{
		sets: map[stripeSet]*stripeRows{}, young: map[packedKey]packedStripe{}, old: map[packedKey]packedStripe{},
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, undo: u,
	}
}

// among gives the rows of the key's book and asset.
func (s *stripes) among(k stripeKey) *stripeRows {
	if s.last != nil && s.last.asset == k.asset && s.last.book == k.book {
		return s.last
	}
	rows, ok := s.sets[stripeSet{k.book, k.asset}]
	if !ok {
		set := stripeSet{strings.Clone(k.book), strings.Clone(k.asset)}
		rows = &stripeRows{stripeSet: set, hot: map[string]*stripeRow{}}
		s.sets[set] = rows
	}
	s.last = rows
	return rows
}

// find finds a row and keeps it from being forgotten; nil when it is not in memory.
func (s *stripes) find(k stripeKey) *stripeRow {
	rows := s.among(k)
	row := rows.hot[k.account]
	if row != nil && row.here {
		return row
	}
	if len(s.young) == 0 && len(s.old) == 0 {
		return nil
	}
	key := s.key(&rows.stripeSet, k.account)
	packed, ok := s.young[key]
	if !ok {
		packed, ok = s.old[key]
	}
	if !ok {
		return nil
	}
	if row == nil {
		row = s.heat(rows, k.account)
	}
	row.here, row.Stripe = true, packed.stripe()
	return row
}

// heat makes a hot row.
func (s *stripes) heat(rows *stripeRows, account string) *stripeRow {
	const rowsInBlock = 256
	if len(s.block) == 0 {
		s.block = make([]stripeRow, rowsInBlock)
	}
	row := &s.block[0]
	s.block = s.block[1:]
	row.account = strings.Clone(account)
	rows.hot[row.account] = row
	s.count++
	return row
}

func (s *stripes) get(k stripeKey) (book.Stripe, bool) {
	if row := s.find(k); row != nil {
		return row.Stripe, true
	}
	return book.Stripe{}, false
}

func (s *stripes) has(k stripeKey) bool { return s.find(k) != nil }

// newRound begins a collection of what is to be loaded.
func (s *stripes) newRound() uint32 {
	s.round++
	return s.round
}

// lacks says, once a round, that a row is not in memory.
func (s *stripes) lacks(k stripeKey, round uint32) bool {
	if s.has(k) {
		return false
	}
	rows := s.among(k)
	row := rows.hot[k.account]
	if row == nil {
		row = s.heat(rows, k.account)
	}
	first := row.round != round
	row.round = round
	return first
}

// put sets a row; inside an atomic group the old one comes back on a rollback.
func (s *stripes) put(k stripeKey, v book.Stripe) {
	row := s.find(k)
	if row == nil {
		rows := s.among(k)
		if row = rows.hot[k.account]; row == nil {
			row = s.heat(rows, k.account)
		}
	}
	if s.undo.active() {
		here, old := row.here, row.Stripe
		s.undo.steps = append(s.undo.steps, func() { row.here, row.Stripe = here, old })
	}
	row.here, row.Stripe = true, v
}

// rotate makes room between batches: hot rows are packed, and the older generation of
// packed ones, of limit rows, is forgotten when the younger is full.
func (s *stripes) rotate(limit int) {
	if s.count <= min(hotRows, limit/2) {
		return
	}
	for set, rows := range s.sets {
		if len(rows.hot) == 0 {
			delete(s.sets, set)
			continue
		}
		for account, row := range rows.hot {
			if packed, ok := row.pack(); ok && row.here {
				s.young[s.key(&rows.stripeSet, account)] = packed
			} else if row.here {
				continue // it stays hot: its sums are too large
			}
			delete(rows.hot, account)
			s.count--
		}
	}
	s.last, s.block = nil, nil
	if len(s.young) > limit {
		s.old, s.young = s.young, s.old
		clear(s.young)
	}
}

func (s *stripes) key(set *stripeSet, account string) (k packedKey) {
	for i, seed := range s.seeds {
		var h maphash.Hash
		h.SetSeed(seed)
		h.WriteString(set.book)
		h.WriteByte(0)
		h.WriteString(set.asset)
		h.WriteByte(0)
		h.WriteString(account)
		k[i] = h.Sum64()
	}
	return k
}

// pack is false when a sum does not fit.
func (r *stripeRow) pack() (p packedStripe, ok bool) {
	p.version = r.Version
	for i, sum := range [...]money.Amount{r.Debit, r.Credit, r.HeldDebit, r.HeldCredit} {
		minor, scale, ok := sum.Minor()
		if !ok {
			return p, false
		}
		p.minor[i], p.scale[i] = minor, int8(scale)
	}
	return p, true
}

func (p *packedStripe) stripe() (s book.Stripe) {
	s.Version = p.version
	for i, into := range [...]*money.Amount{&s.Debit, &s.Credit, &s.HeldDebit, &s.HeldCredit} {
		*into = money.New(p.minor[i], int32(p.scale[i]))
	}
	return s
}
