package gate

import (
	"container/heap"
	"hash/maphash"
	"sync"
	"time"
)

// Limiter lets most through at once, and one more each while.
//
// It remembers maxDebts debtors, 16 bytes and a place in a map each: with all of them, less
// than 4 MB. Whoever comes then takes the place of the one who owes least, and takes over what
// was owed there. So a flood of new names frees nobody who was stopped: no name ever gets more
// than its own allowance, in whatever company. The price is paid by newcomers, and only while
// more than maxDebts names owe something at once.
type Limiter struct {
	now   func() time.Time
	most  int
	every time.Duration
	room  int
	began time.Time
	seed  maphash.Seed

	mu    sync.Mutex
	debts debts
}

const maxDebts = 50_000

// debt is until when something is owed, since the limiter began.
type debt struct {
	who  uint64
	full time.Duration
}

// debts is a heap of debtors, with the one who owes least on top.
type debts struct {
	list []debt
	at   map[uint64]int // in list
}

// NewLimiter lets most through at once, and one more each while.
func NewLimiter(now func() time.Time, most int, every time.Duration) *Limiter {
	return &Limiter{now: now, most: most, every: every, room: maxDebts, began: now(), seed: maphash.MakeSeed(), debts: debts{at: map[uint64]int{}}}
}

// Take takes one, or says when there will be one.
func (l *Limiter) Take(who string) (after time.Time, ok bool) {
	id, now := maphash.String(l.seed, who), l.now().Sub(l.began)
	l.mu.Lock()
	defer l.mu.Unlock()
	d := &l.debts
	i, known := d.at[id]
	full := now
	if known || len(d.list) >= l.room {
		full = max(now, d.list[i].full) // of a stranger i is 0: the one who owes least
	}
	full += l.every
	if next := full - time.Duration(l.most)*l.every; next > now {
		return l.began.Add(next), false
	}
	switch {
	case known:
		d.list[i].full = full
		heap.Fix(d, i)
	case len(d.list) < l.room:
		heap.Push(d, debt{id, full})
	default:
		delete(d.at, d.list[0].who)
		d.list[0], d.at[id] = debt{id, full}, 0
		heap.Fix(d, 0)
	}
	return time.Time{}, true
}

// Len implements heap.Interface.
func (d *debts) Len() int { return len(d.list) }

// Less implements heap.Interface.
func (d *debts) Less(i, k int) bool { return d.list[i].full < d.list[k].full }

// Swap implements heap.Interface.
func (d *debts) Swap(i, k int) {
	d.list[i], d.list[k] = d.list[k], d.list[i]
	d.at[d.list[i].who], d.at[d.list[k].who] = i, k
}

// Push implements heap.Interface.
func (d *debts) Push(x any) {
	d.at[x.(debt).who] = len(d.list)
	d.list = append(d.list, x.(debt))
}

// Pop implements heap.Interface; debtors are replaced, and never taken out.
func (d *debts) Pop() any {
	last := d.list[len(d.list)-1]
	d.list = d.list[:len(d.list)-1]
	delete(d.at, last.who)
	return last
}
