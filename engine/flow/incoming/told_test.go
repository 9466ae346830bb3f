package incoming

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/money"
)

// op is an operation as the bank has it, in the naive model.
type op struct {
	birth     int // which it is, whatever the bank changes
	id, words string
	day       int
	debit     bool
	kopecks   int64
}

func dayText(day int) string { return fmt.Sprintf("2026-03-%02d", day) }

func (o op) movement() Movement {
	return Movement{
		Operation: o.id, Day: dayText(o.day), Debit: o.debit, Amount: money.New(o.kopecks, 2),
		Content: fmt.Sprintf("%s %s %d %t", dayText(o.day), o.words, o.kopecks, o.debit),
	}
}

// teller is who reads the bank's statements, and what it has kept: what the bank told, and the books.
type teller struct {
	rows, books map[string]Movement
}

// pull is one look: a statement as it was at some moment. It may stop before the books have it.
func (k *teller) pull(s Statement, dies bool) {
	var known []Movement
	for _, m := range k.rows {
		made := slices.ContainsFunc(s.Lines, func(l Movement) bool { return l.Content == m.Made || l.Operation == m.Operation })
		if made || s.From <= m.Day && m.Day <= s.To {
			known = append(known, m)
		}
	}
	lines, gone := Tell(known, s, func(i, nth int) string { return fmt.Sprintf("%s #%d", s.Lines[i].Content, nth) })
	for _, m := range append(lines, gone...) {
		if m.Line != "" {
			k.rows[m.Line] = m
			if !dies {
				k.books[m.Line] = m
			}
		}
	}
}

// bankModel is the bank's books, and the statements that it has given.
type bankModel struct {
	ops   []op
	today int
	n     int
}

func (b *bankModel) statement(from int, pending bool) Statement {
	s := Statement{From: dayText(from), To: dayText(b.today), Settled: dayText(b.today - 1)}
	if pending {
		s.Settled = dayText(b.today - 2)
	}
	for _, o := range b.ops {
		if from <= o.day && o.day <= b.today {
			s.Lines = append(s.Lines, o.movement())
		}
	}
	return s
}

// step is something that happens at the bank. What it changes is of the last two days.
func (b *bankModel) step(rt *rapid.T, kinds ...string) {
	b.n++
	words := rapid.SampledFrom([]string{"a", "b", "c"})
	kopecks := rapid.SampledFrom([]int64{100, 200})
	what := rapid.SampledFrom(append(kinds, "new", "new", "twin", "id", "words", "sum", "both", "day", "night")).Draw(rt, "what")
	if what == "new" {
		b.ops = append(b.ops, op{b.n, fmt.Sprint("o", b.n), words.Draw(rt, "words"), b.today, rapid.Bool().Draw(rt, "debit"), kopecks.Draw(rt, "kopecks")})
		return
	}
	var young []int
	for i, o := range b.ops {
		if o.day >= b.today-1 {
			young = append(young, i)
		}
	}
	if what == "night" || len(young) == 0 {
		b.today++
		return
	}
	i := rapid.SampledFrom(young).Draw(rt, "which")
	o := &b.ops[i]
	switch what {
	case "twin":
		twin := *o
		twin.birth, twin.id = b.n, fmt.Sprint("o", b.n)
		b.ops = append(b.ops, twin)
	case "id":
		o.id = fmt.Sprint("o", b.n)
	case "words":
		o.words = words.Draw(rt, "words")
	case "sum":
		o.kopecks = kopecks.Draw(rt, "kopecks")
	case "both":
		o.id, o.words = fmt.Sprint("o", b.n), words.Draw(rt, "words")
	case "day":
		o.day = b.today
	case "gone":
		b.ops = slices.Delete(b.ops, i, i+1)
	}
}

// TestTheBooksAreTheBanksFinalStatement: whatever the bank changes in the days that may change,
// whenever it is asked, by whoever has an old answer, and wherever a look stops: in the end each
// operation of the bank is one line with its sum and requisites, and no other line has a sum.
func TestTheBooksAreTheBanksFinalStatement(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b, k := &bankModel{today: 3}, &teller{rows: map[string]Movement{}, books: map[string]Movement{}}
		old := b.statement(1, true)
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			if b.today > 26 {
				break
			}
			b.step(rt, "gone")
			switch rapid.SampledFrom([]string{"", "", "pull", "pull", "dies", "pending", "old"}).Draw(rt, "look") {
			case "pull":
				k.pull(b.statement(max(b.today-3, 1), false), false)
			case "dies":
				k.pull(b.statement(max(b.today-3, 1), false), true)
			case "pending":
				k.pull(b.statement(max(b.today-3, 1), true), false)
			case "old":
				k.pull(old, false)
			}
			old = b.statement(max(b.today-3, 1), true)
		}
		for range 2 { // what an old answer has made of things is mended
			b.today++
			k.pull(b.statement(1, false), false)
		}
		want, got := map[string]int{}, map[string]int{}
		for _, o := range b.ops {
			m := o.movement()
			want[fmt.Sprint(m.Operation, m.Day, m.Debit, m.Amount, m.Content)]++
		}
		for _, m := range k.books {
			if !m.Amount.IsZero() {
				got[fmt.Sprint(m.Operation, m.Day, m.Debit, m.Amount, m.Content)]++
			}
		}
		if fmt.Sprint(want) != fmt.Sprint(got) {
			rt.Fatalf("the bank has\n%v\nthe books\n%v", want, got)
		}
	})
}

// TestAnOperationStaysItsLine: who looks after each thing that happens books each operation on a
// line of its own, and on the same one whatever the bank changes of it.
func TestAnOperationStaysItsLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b, k := &bankModel{today: 3}, &teller{rows: map[string]Movement{}, books: map[string]Movement{}}
		lines := map[int]string{}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			if b.today > 26 {
				break
			}
			b.step(rt)
			s := b.statement(max(b.today-3, 1), false)
			s.Settled = s.To
			k.pull(s, false)
			byName := map[string]string{}
			for _, m := range k.books {
				byName[m.Operation] = m.Line
			}
			seen := map[string]int{}
			for _, o := range b.ops {
				line := byName[o.id]
				if was, ok := lines[o.birth]; ok && was != line {
					rt.Fatalf("operation %+v was %q and is %q", o, was, line)
				}
				if seen[line]++; line == "" || seen[line] > 1 {
					rt.Fatalf("operation %+v has the line %q, with %d others", o, line, seen[line]-1)
				}
				lines[o.birth] = line
			}
		}
	})
}

// TestWhichLineAMovementIs says which rule of Tell makes a movement which line.
func TestWhichLineAMovementIs(t *testing.T) {
	t.Parallel()
	was := []Movement{
		{Line: "L1", Operation: "o1", Day: "2026-03-02", Amount: money.MustParse("10.00"), Content: "a", Made: "a"},
		{Line: "L2", Operation: "o2", Day: "2026-03-02", Amount: money.MustParse("10.00"), Content: "a", Made: "a", Nth: 1},
	}
	now := func(operation, content, sum string) Movement {
		return Movement{Operation: operation, Day: "2026-03-02", Amount: money.MustParse(sum), Content: content}
	}
	for name, c := range map[string]struct {
		settled string
		now     []Movement
		lines   string
		gone    string
	}{
		"the same":                     {"2026-03-02", []Movement{now("o2", "a", "10.00"), now("o1", "a", "10.00")}, "[L2 L1]", "[]"},
		"other ids":                    {"2026-03-02", []Movement{now("o3", "a", "10.00"), now("o4", "a", "10.00")}, "[L1 L2]", "[]"},
		"other ids, not settled":       {"2026-03-01", []Movement{now("o3", "a", "10.00"), now("o4", "a", "10.00")}, "[L1 L2]", "[]"},
		"one id, other requisites":     {"2026-03-02", []Movement{now("o1", "b", "10.00"), now("o9", "a", "10.00")}, "[L1 L2]", "[]"},
		"another sum":                  {"2026-03-02", []Movement{now("o1", "c", "11.00"), now("o2", "a", "10.00")}, "[L1 L2]", "[]"},
		"a third twin":                 {"2026-03-02", []Movement{now("o1", "a", "10.00"), now("o2", "a", "10.00"), now("o3", "a", "10.00")}, "[L1 L2 a#2]", "[]"},
		"both changed, settled":        {"2026-03-02", []Movement{now("o9", "b", "10.00"), now("o2", "a", "10.00")}, "[L1 L2]", "[]"},
		"both changed, not settled":    {"2026-03-01", []Movement{now("o9", "b", "10.00"), now("o2", "a", "10.00")}, "[ L2]", "[]"},
		"all changed, settled":         {"2026-03-02", []Movement{now("o9", "b", "11.00"), now("o2", "a", "10.00")}, "[b#0 L2]", "[L1]"},
		"not told, settled":            {"2026-03-02", []Movement{now("o2", "a", "10.00")}, "[L2]", "[L1]"},
		"not told, not settled":        {"2026-03-01", []Movement{now("o2", "a", "10.00")}, "[L2]", "[]"},
		"another sum beside a new one": {"2026-03-02", []Movement{now("o1", "c", "11.00"), now("o5", "a", "10.00"), now("o2", "a", "10.00")}, "[L1 a#2 L2]", "[]"},
	} {
		s := Statement{From: "2026-03-01", To: "2026-03-02", Settled: c.settled, Lines: c.now}
		lines, gone := Tell(slices.Clone(was), s, func(i, nth int) string { return fmt.Sprintf("%s#%d", c.now[i].Content, nth) })
		if fmt.Sprint(names(lines)) != c.lines || fmt.Sprint(names(gone)) != c.gone {
			t.Errorf("%s: %q and gone %q, want %s and %s", name, names(lines), names(gone), c.lines, c.gone)
		}
	}
}

func names(all []Movement) (out []string) {
	for _, m := range all {
		out = append(out, m.Line)
	}
	return out
}
