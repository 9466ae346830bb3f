package ledger_test

import (
	"bytes"
	"strings"
	"time"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/audit/audittest"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// dayVerbs are the words of scenarios about days, each followed by its own. The clock
// begins on 2026-03-02, 09:00 in Moscow.
//
//	on DAY: post ...                       an entry of another day; a later one is scheduled
//	cancel #N | due #N                     gives a scheduled entry up; lets its day come
//	close-days DAY by WHO: WHY             all days up to it
//	keep-sheet DAY by WHO: WHY             the hash of their sheet is known
//	ask 1h reopen-days DAY by WHO: WHY     what is behind it; another must approve
//	today
var dayVerbs = map[string]func(s *stage, words []string) []string{
	"cancel":      func(s *stage, w []string) []string { return s.do(cancelled(number(w[0]))) },
	"due":         func(s *stage, w []string) []string { s.PostScheduled(0, number(w[0])); return s.tell() },
	"close-days":  func(s *stage, w []string) []string { return s.days("close-days", w) },
	"keep-sheet":  func(s *stage, w []string) []string { return s.days("keep-sheet", w) },
	"reopen-days": func(s *stage, w []string) []string { return s.days("reopen-days", w) },
	"today":       func(s *stage, _ []string) []string { return []string{audittest.Day(s.Clock(0))} },
}

// days changes which days are closed, as one alone asks for it.
func (s *stage) days(verb string, words []string) []string {
	who, change := s.dayChange(verb, words)
	return s.order(who, &commandv1.Operation{What: &commandv1.Operation_Period{Period: change}})
}

// dayChange reads DAY by WHO: WHY.
func (s *stage) dayChange(verb string, words []string) (who string, c *commandv1.ChangePeriod) {
	c = &commandv1.ChangePeriod{Through: words[0]}
	switch who, c.Reason = signature(words[1:]); verb {
	case "close-days":
		c.What = commandv1.PeriodChange_PERIOD_CHANGE_CLOSE
	case "keep-sheet":
		c.What, c.Sheet = commandv1.PeriodChange_PERIOD_CHANGE_SHEET, bytes.Repeat([]byte{7}, 32)
		c.Version = s.Rule(0, ledger.PeriodRule, ledger.PeriodSubject).GetVersion()
	case "reopen-days":
		c.What = commandv1.PeriodChange_PERIOD_CHANGE_REOPEN
	}
	return who, c
}

// askDays asks a second person to open days again.
func (s *stage) askDays(wait time.Duration, words []string) []string {
	who, change := s.dayChange("reopen-days", words)
	lines := s.order(who, &commandv1.Operation{What: &commandv1.Operation_Ask{Ask: &commandv1.Ask{
		ExpiresMs: wait.Milliseconds(), What: &commandv1.Ask_Period{Period: change},
	}}})
	s.asked = s.Seq(0)
	return lines
}

// scheduledLine says how an entry of a later day stands.
func scheduledLine(m *journalv1.Scheduled) string {
	line := m.GetEntry().GetKind() + " of " + m.GetEntry().GetDay() + " is " + strings.ToLower(strings.TrimPrefix(m.GetState().String(), "SCHEDULED_STATE_"))
	if r := m.GetRefusal(); r != nil {
		line += ": " + r.GetCode() + ": " + r.GetReason()
	}
	return line
}
