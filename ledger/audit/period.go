package audit

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/provodka/provodka/ledger"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// closedThrough is the last closed day of the record's book on this shard, "" when none is.
func (c *check) closedThrough() string {
	if held := c.s.rules[ruleKey{c.r.GetBook(), ledger.PeriodRule, ledger.PeriodSubject}]; held != nil {
		return held.m.GetPeriod().GetThrough()
	}
	return ""
}

// periodRule checks that periods are closed one behind the other, when their days are
// over, and that a sheet is of the period that was just closed.
func (c *check) periodRule(what string, before, m *journalv1.Rule) error {
	old, p := before.GetPeriod(), m.GetPeriod()
	if _, err := time.Parse(time.DateOnly, p.GetThrough()); p == nil || m.GetSubject() != ledger.PeriodSubject || p.GetThrough() != "" && err != nil {
		return c.differ(what, "the days of the book that are closed", fmt.Sprint(m))
	}
	right := false
	switch m.GetChange() {
	case ledger.ClosePeriod:
		decided := time.UnixMicro(m.GetDecidedUs()).In(c.a.calendar.zone).Format(time.DateOnly)
		right = p.GetBefore() == old.GetThrough() && p.GetThrough() > old.GetThrough() && p.GetThrough() < decided &&
			before.GetChange() != ledger.ClosePeriod && len(p.GetSheet()) == 0
	case ledger.SheetPeriod:
		right = before.GetChange() == ledger.ClosePeriod && p.GetThrough() == old.GetThrough() && p.GetBefore() == old.GetBefore() &&
			len(p.GetSheet()) == sha256.Size
	case ledger.ReopenPeriod:
		right = p.GetBefore() == old.GetThrough() && p.GetThrough() < old.GetThrough() && len(p.GetSheet()) == 0
	}
	if !right {
		return c.differ(what+" behind "+before.GetChange()+" up to "+old.GetThrough(), "one that follows", fmt.Sprint(m))
	}
	return nil
}
