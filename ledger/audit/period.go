package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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
// over, that a sheet is of the period that was just closed, and that two people opened
// days again.
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
		right = p.GetBefore() == old.GetThrough() && p.GetThrough() < old.GetThrough() && len(p.GetSheet()) == 0 && m.GetApproved() != nil
	}
	if right && m.GetChange() == ledger.SheetPeriod && m.GetHome() {
		c.a.sheets = append(c.a.sheets, keptSheet{recordName(c.s.number, c.r.GetSeq()), c.r.GetBook(), before.GetVersion(), p})
	}
	if !right {
		return c.differ(what+" behind "+before.GetChange()+" up to "+old.GetThrough(), "one that follows", fmt.Sprint(m))
	}
	return nil
}

// keptSheet is the hash of a closed period's sheet, as a record has it.
type keptSheet struct {
	where  string
	book   string
	closed uint64 // version of the change that closed the period
	m      *journalv1.Period
}

// SheetOf answers for a period, by its book and the version of the change that closed it,
// the hash that the database has of its sheet, and that of the sheet made of its legs.
type SheetOf func(book string, closed uint64) (kept, made []byte, err error)

// CompareSheets compares the hash of every closed period's sheet, as its record has it,
// with the database: what it keeps, and what its legs give, which are those of the events
// when Compare has said so.
func (a *Auditor) CompareSheets(of SheetOf) error {
	for _, s := range a.sheets {
		kept, made, err := of(s.book, s.closed)
		if err != nil {
			return err
		}
		what := "the sheet of book " + s.book + " up to " + s.m.GetThrough()
		switch {
		case !bytes.Equal(kept, s.m.GetSheet()):
			return &Difference{Where: "database", What: what, Expected: hex.EncodeToString(s.m.GetSheet()), Found: hex.EncodeToString(kept)}
		case !bytes.Equal(made, s.m.GetSheet()):
			return &Difference{Where: s.where, What: what, Expected: hex.EncodeToString(made), Found: hex.EncodeToString(s.m.GetSheet())}
		}
	}
	return nil
}
