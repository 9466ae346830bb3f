package flowtest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// Script says how scenario files speak of a flow.
type Script struct {
	Spec Spec
	// Command turns a line's words into a command: "pay", "3%".
	Command func(w *World, words []string) (flow.Command, error)
	// Show tells what the aggregate keeps, a line each.
	Show func(data []byte) []string
}

// Scenarios plays testdata/*.txt. A line at the margin is done, the lines indented
// below it are what must happen; # begins a remark. Beside the flow's own words:
//
//	day 2026-03-03                       the next day
//	answer pay done | unknown | refused CODE      the world's word on the last attempt
//	answer pay#1 done                    on an older attempt
//	answer register_income done tax=5.99 what it computed; bonus=… of a check
//	timer overdue                        a timer fires
//	balances                             what the accounts hold
//	show                                 what the aggregate keeps
func Scenarios(t *testing.T, s Script) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			bytes, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := play(t, s, string(bytes))
			if got == string(bytes) {
				return
			}
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("%s differs: go test -rewrite\n%s", file, firstDifference(string(bytes), got))
		})
	}
}

// Story plays the lines of one scenario and gives the rows that were walked: a way
// to rows that Explore reaches only far beyond its bounds.
func Story(t *testing.T, s Script, text string) Rows {
	t.Helper()
	_, rows := play(t, s, text)
	return rows
}

// play performs a scenario; it gives its text with what happened, and the rows
// that were walked.
func play(t *testing.T, s Script, text string) (string, Rows) {
	t.Helper()
	w, rows := NewWorld(&s.Spec), Rows{}
	var out []string
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "    ") {
			continue // what happened last time
		}
		out = append(out, line)
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		happened, err := say(w, s, words, rows)
		if err != nil {
			t.Fatalf("line %d, %q: %v", i+1, line, err)
		}
		for _, h := range happened {
			out = append(out, "    "+h)
		}
	}
	return strings.Join(out, "\n") + "\n", rows
}

// say performs one line.
func say(w *World, s Script, words []string, rows Rows) ([]string, error) {
	switch words[0] {
	case "balances":
		return balances(w), nil
	case "show":
		return s.Show(w.View.Data), nil
	case "day":
		w.View.Day, w.View.Clock = words[1], noon(words[1])
		return nil, nil
	}
	act, err := actOf(w, s, words)
	if err != nil {
		return nil, err
	}
	m, refusal, err := w.Do(act)
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return []string{"refused " + refusal.Error()}, nil
	}
	rows[[2]string{m.From, m.On}] = true
	return tell(m), nil
}

func actOf(w *World, s Script, words []string) (Act, error) {
	switch words[0] {
	case "timer":
		return Act{Name: "timer", Command: flow.Command{Event: words[1], Actor: "timer"}}, nil
	case "answer":
		if len(words) < 3 {
			return Act{}, fmt.Errorf("answer ASK RESULT [CODE]")
		}
		ask, number, older := strings.Cut(words[1], "#")
		n := uint64(w.View.Attempts[ask])
		if older {
			var err error
			if n, err = strconv.ParseUint(number, 10, 32); err != nil {
				return Act{}, fmt.Errorf("attempt %q: %w", number, err)
			}
		}
		i := slices.IndexFunc(w.Tries, func(t Try) bool { return t.Effect.Ask == ask && t.Effect.Number == uint32(n) })
		if i < 0 {
			return Act{}, fmt.Errorf("attempt %d of %q was never made", n, ask)
		}
		code := fault.Code("")
		var tax, bonus string
		for _, word := range words[3:] {
			switch name, sum, said := strings.Cut(word, "="); {
			case said && name == "tax":
				tax = sum
			case said && name == "bonus":
				bonus = sum
			default:
				code = fault.Code(word)
				code.Lookup()
			}
		}
		act := w.answer(i, port.Result(words[2]), code)
		act.Command.Answer.Tax, act.Command.Answer.Bonus = tax, bonus
		return act, nil
	}
	c, err := s.Command(w, words)
	return Act{Name: words[0], Command: c}, err
}

// tell puts a move into words.
func tell(m flow.Move) []string {
	first := m.From + " → " + m.To
	if m.Says != "" {
		first += ", says " + m.Says
	}
	lines := []string{first}
	for i := 0; i+1 < len(m.Entry); i += 2 {
		d, c := m.Entry[i], m.Entry[i+1]
		lines = append(lines, fmt.Sprintf("%s: debit %s, credit %s, %s", d.Recipe, d.Account, c.Account, money.RUB.Format(d.Amount)))
	}
	for _, e := range m.Effects {
		verb := "asks"
		if e.Repeat {
			verb = "asks again"
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s.%s #%d", verb, e.Ask, e.Port, e.Verb, e.Number))
	}
	for _, t := range m.Timers {
		if t.Due.IsZero() {
			lines = append(lines, "timer "+t.Event+" no more")
			continue
		}
		lines = append(lines, fmt.Sprintf("timer %s at %s", t.Event, t.Due.Format("2006-01-02 15:04")))
	}
	return lines
}

func balances(w *World) []string {
	var lines []string
	for _, a := range slices.Sorted(maps.Keys(w.Balances)) {
		b := w.Balances[a]
		switch b.Sign() {
		case 1:
			lines = append(lines, fmt.Sprintf("%s debit %s", a, money.RUB.Format(b)))
		case -1:
			lines = append(lines, fmt.Sprintf("%s credit %s", a, money.RUB.Format(b.Neg())))
		}
	}
	return lines
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d\n want %s\n got  %s", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}
