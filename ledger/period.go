package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// The rule that says which days of a book are closed.
const (
	PeriodRule    = "period"
	PeriodSubject = "book"
)

// What was done to the days of a book, in the words of the journal.
const (
	ClosePeriod  = "close"
	SheetPeriod  = "sheet"
	ReopenPeriod = "reopen"
)

// OpenDay is the day itself, or the first open one when it is closed on this shard.
func OpenDay(v View, day string) string {
	if through := v.Rule(PeriodRule, PeriodSubject).GetPeriod().GetThrough(); day <= through {
		return DayAfter(through)
	}
	return day
}

// DayAfter is the day behind a day; behind none it is none: the beginning of the books.
func DayAfter(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, 1).Format(time.DateOnly)
}

// checkDay refuses the day of an entry in a closed period.
func checkDay(v View, day string) *fault.Refusal {
	first := OpenDay(v, day)
	if first == day {
		return nil
	}
	return fault.Refuse(fault.PeriodClosed, "day", "%s is in a closed period, the first open day is %s", day, first).
		With("day", day).With("first_open", first)
}

// changePeriod decides which days of the book are closed from here on. The draft holds
// the rule that all shards are to hold; only the home of the rule decides it. What is
// asked of a second person is opening again, and that alone.
func changePeriod(v View, c *commandv1.ChangePeriod, asked bool, now Now) (*Draft, *fault.Refusal, *book.Short) {
	reason, refusal := reasonOf(c.GetReason())
	if refusal != nil {
		return nil, refusal, nil
	}
	if refusal := checkWords("", c.GetThrough()); refusal != nil {
		refusal.Field = "through"
		return nil, refusal, nil
	}
	if reopens := c.GetWhat() == commandv1.PeriodChange_PERIOD_CHANGE_REOPEN; reopens != asked {
		return nil, fault.Refuse(fault.Malformed, "what", "days are opened again when a second person approves it, and closed without one"), nil
	}
	held := v.Rule(PeriodRule, PeriodSubject)
	after, word, refusal := changedPeriod(held, c, now)
	if refusal != nil {
		return nil, refusal, nil
	}
	return &Draft{Record: &journalv1.Record{Rules: []*journalv1.Rule{{
		Kind: PeriodRule, Subject: PeriodSubject, Version: held.GetVersion() + 1, Change: word, Reason: reason,
		Author: now.Actor, DecidedUs: now.US, Home: true, What: &journalv1.Rule_Period{Period: after},
	}}}}, nil, nil
}

// changedPeriod is which days are closed after a change.
func changedPeriod(held *journalv1.Rule, c *commandv1.ChangePeriod, now Now) (*journalv1.Period, string, *fault.Refusal) {
	was, through := held.GetPeriod().GetThrough(), c.GetThrough()
	wrong := func(format string, args ...any) (*journalv1.Period, string, *fault.Refusal) {
		return nil, "", fault.Refuse(fault.WrongState, "through", format, args...).With("closed_through", was)
	}
	switch c.GetWhat() {
	case commandv1.PeriodChange_PERIOD_CHANGE_CLOSE:
		switch {
		case through == "":
			return nil, "", fault.Refuse(fault.Malformed, "through", "the last day of the period is not named")
		case through >= now.Day:
			return nil, "", fault.Refuse(fault.WrongState, "through", "%s is not over: today is %s", through, now.Day).With("today", now.Day)
		case through <= was:
			return wrong("%s is closed already, all days up to %s are", through, was)
		case held.GetChange() == ClosePeriod:
			return wrong("the sheet of the period up to %s is not in the journal yet", was)
		}
		return &journalv1.Period{Through: through, Before: was}, ClosePeriod, nil
	case commandv1.PeriodChange_PERIOD_CHANGE_SHEET:
		switch {
		case len(c.GetSheet()) != sha256.Size:
			return nil, "", fault.Refuse(fault.Malformed, "sheet", "a hash has %d bytes, not %d", sha256.Size, len(c.GetSheet()))
		case held.GetChange() != ClosePeriod || through != was || c.GetVersion() != held.GetVersion():
			return wrong("no period up to %s waits for its sheet", through)
		}
		return &journalv1.Period{Through: was, Before: held.GetPeriod().GetBefore(), Sheet: c.GetSheet()}, SheetPeriod, nil
	case commandv1.PeriodChange_PERIOD_CHANGE_REOPEN:
		switch {
		case was == "":
			return wrong("no day is closed")
		case through >= was:
			return wrong("%s is open: the last closed day is %s", DayAfter(through), was)
		}
		return &journalv1.Period{Through: through, Before: was}, ReopenPeriod, nil
	}
	return nil, "", fault.Refuse(fault.Malformed, "what", "the change says nothing to do")
}

// DayBefore is the day before a day; before none is none: the beginning of the books.
func DayBefore(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, -1).Format(time.DateOnly)
}

// ClosedPeriod is a period of business days that was closed, and what became of it.
type ClosedPeriod struct {
	From, Through string          // business days, both included; From "" is the beginning of the books
	Closed        *journalv1.Rule // the change that closed it
	Sheet         []byte          // SHA-256 of its canonical sheet, nil when it is not known yet
	Reopened      *journalv1.Rule // the change that opened its days again, nil when none did
}

// Periods are the periods that the changes, in order, closed: the last closed first.
func Periods(changes []*journalv1.Rule) []ClosedPeriod {
	var periods []ClosedPeriod
	for _, r := range changes {
		p := r.GetPeriod()
		switch r.GetChange() {
		case ClosePeriod:
			periods = append(periods, ClosedPeriod{From: DayAfter(p.GetBefore()), Through: p.GetThrough(), Closed: r})
		case SheetPeriod:
			periods[len(periods)-1].Sheet = p.GetSheet()
		case ReopenPeriod:
			for i := range periods {
				if periods[i].Reopened == nil && periods[i].Through > p.GetThrough() {
					periods[i].Reopened = r
				}
			}
		}
	}
	slices.Reverse(periods)
	return periods
}

// ReadPeriods reads the periods of a book, the last closed first, and the change that
// holds now, nil when there was none.
func ReadPeriods(ctx context.Context, db *store.DB, bookName string) ([]ClosedPeriod, *journalv1.Rule, error) {
	key := store.RuleKey{Book: bookName, Kind: PeriodRule, Subject: PeriodSubject}
	home, err := db.HomeRules(ctx, []store.RuleKey{key})
	if err != nil || len(home) == 0 {
		return nil, nil, err
	}
	const atOnce = 1000
	var changes []*journalv1.Rule
	for before := home[0].Rule.GetVersion() + 1; before > 1; {
		rows, err := db.RuleHistory(ctx, home[0].Shard, key, before, atOnce)
		if err != nil {
			return nil, nil, fmt.Errorf("read the periods of %s: %w", bookName, err)
		}
		if len(rows) == 0 {
			break
		}
		for _, r := range rows {
			changes = append(changes, r.Rule)
			before = r.Rule.GetVersion()
		}
	}
	slices.Reverse(changes)
	return Periods(changes), home[0].Rule, nil
}
