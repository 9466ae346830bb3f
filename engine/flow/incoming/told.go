package incoming

import (
	"cmp"
	"slices"
	"strings"

	"github.com/provodka/provodka/ledger/money"
)

// Statement is what the bank tells of an account over some days.
type Statement struct {
	From, To string // days, YYYY-MM-DD
	Settled  string // the last of them of which the bank tells all, and changes nothing by itself
	Lines    []Movement
}

// Movement is a line of an account as the bank tells it, by the names that both sides have for it.
type Movement struct {
	Line      string       // in the books; "" = not known yet
	Operation string       // the bank's own name, which may change
	Day       string       // YYYY-MM-DD
	Debit     bool         // money left
	Amount    money.Amount // zero = the bank does not tell it any more
	Content   string       // keyed hash of its requisites
	Made      string       // and of those that the line's id was made of
	Nth       int          // among the lines of the same Made
}

// Tell finds the line of each movement that the bank tells now among those that it told before.
// The bank's name makes them one, then the requisites, however many are equal; then, of days that
// are settled, side and sum: what the bank does not tell any more is what it tells under another
// name with other requisites. The rest is new, and id names it. While a day is not settled a
// movement that could be such a one is left without a line, for another look. gone is what the
// bank has told of settled days and does not tell any more.
func Tell(known []Movement, s Statement, id func(i, nth int) string) (lines, gone []Movement) {
	t := &telling{known: known, now: s, lines: slices.Clone(s.Lines), used: make([]bool, len(known)), done: make([]bool, len(s.Lines))}
	slices.SortFunc(t.known, func(a, b Movement) int {
		return cmp.Or(b.Amount.Sign()-a.Amount.Sign(), cmp.Compare(a.Nth, b.Nth), strings.Compare(a.Line, b.Line))
	})
	t.pair(func(m Movement) string { return m.Operation }, func(k Movement) bool { return k.Operation != "" })
	t.pair(func(m Movement) string { return m.Content }, func(k Movement) bool { return k.Operation == "" || t.within(k) })
	t.pair(sideAndSum, func(k Movement) bool { return t.settled(k) && k.Amount.Sign() > 0 })
	t.fresh(id)
	for i, k := range t.known {
		if !t.used[i] && t.settled(k) {
			k.Amount = money.Zero
			gone = append(gone, k)
		}
	}
	return t.lines, gone
}

type telling struct {
	known []Movement
	now   Statement
	lines []Movement
	used  []bool // of known
	done  []bool // of lines
}

func sideAndSum(m Movement) string {
	side := "in "
	if m.Debit {
		side = "out "
	}
	return side + money.RUB.Format(m.Amount)
}

// within says that what was told is of the days that are told now.
func (t *telling) within(k Movement) bool { return t.now.From <= k.Day && k.Day <= t.now.To }

// settled says that what was told is told now, if it is told at all.
func (t *telling) settled(k Movement) bool {
	return k.Operation != "" && t.within(k) && k.Day <= t.now.Settled
}

// pair gives movements the lines that are called as they are, one each.
func (t *telling) pair(name func(Movement) string, of func(Movement) bool) {
	free := map[string][]int{}
	for i, k := range t.known {
		if !t.used[i] && of(k) {
			free[name(k)] = append(free[name(k)], i)
		}
	}
	for i, m := range t.lines {
		if list := free[name(m)]; !t.done[i] && len(list) > 0 {
			k := t.known[list[0]]
			free[name(m)] = list[1:]
			t.used[list[0]], t.done[i] = true, true
			t.lines[i].Line, t.lines[i].Made, t.lines[i].Nth = k.Line, k.Made, k.Nth
		}
	}
}

// fresh names what is new.
func (t *telling) fresh(id func(i, nth int) string) {
	next, open := map[string]int{}, map[string]int{}
	for i, k := range t.known {
		next[k.Made] = max(next[k.Made], k.Nth+1)
		if !t.used[i] && t.within(k) && k.Day > t.now.Settled && k.Amount.Sign() > 0 {
			open[sideAndSum(k)]++
		}
	}
	for i, m := range t.lines {
		switch {
		case t.done[i]:
		case open[sideAndSum(m)] > 0:
			open[sideAndSum(m)]--
		default:
			nth := next[m.Content]
			next[m.Content]++
			t.lines[i].Line, t.lines[i].Made, t.lines[i].Nth = id(i, nth), m.Content, nth
		}
	}
}
