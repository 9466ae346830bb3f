package remittance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
)

// Kind is a tax that we remit as its agent or payer.
type Kind string

// The kinds of the Periods table.
const (
	NDFL          Kind = "ndfl"
	Contributions Kind = "contributions"
	NPD           Kind = "npd" // paid for each person apart
)

// Kinds lists those that are collected and paid for everybody together.
func Kinds() []Kind { return []Kind{NDFL, Contributions} }

// Type is the account type that keeps what was withheld or charged, per person.
func (k Kind) Type() string {
	switch k {
	case NDFL:
		return "tax-ndfl"
	case NPD:
		return "tax-npd"
	}
	return "contribution"
}

// Period is what is paid by one order.
type Period struct {
	ID       string // "ndfl-2026-11-1", "contributions-2026-11"
	Kind     Kind
	From, To string // business days, both included
	Due      string // the last day for paying it
	Rule     string // the row, "ndfl-2@2024-01-01"
	Source   string
	// Calendar says that the days off of the due day's year are known whole; else they are
	// weekends and the holidays of the law.
	Calendar bool
}

// Pool is the account that the taxes of the period are collected in.
func (p Period) Pool() string { return "enp:" + p.ID }

// Order names an order of the period, from 1.
func (p Period) Order(number int) string {
	if number == 1 {
		return p.ID
	}
	return p.ID + "." + strconv.Itoa(number)
}

// ParseOrder reads the period of an order's id.
func ParseOrder(field, id string) (Period, *fault.Refusal) {
	period, number, numbered := strings.Cut(id, ".")
	if n, err := strconv.Atoi(number); numbered && (err != nil || n < 2 || strconv.Itoa(n) != number) {
		return Period{}, fault.Refuse(fault.Malformed, field, "%.64q is no order: its number is 2 or more", id)
	}
	return ParsePeriod(field, period)
}

// ParsePeriod reads "ndfl-2026-11-1" or "contributions-2026-11".
func ParsePeriod(field, id string) (Period, *fault.Refusal) {
	kind, rest, _ := strings.Cut(id, "-")
	if i := slices.Index(Kinds(), Kind(kind)); i >= 0 && len(rest) >= len(monthLayout) {
		month, part := rest[:len(monthLayout)], strings.TrimPrefix(rest[len(monthLayout):], "-")
		all, refusal := PeriodsOf(Kind(kind), month)
		if refusal == nil {
			for _, p := range all {
				if p.ID == id && (part == "" || p.ID == kind+"-"+month+"-"+part) {
					return p, nil
				}
			}
		}
	}
	return Period{}, fault.Refuse(fault.Malformed, field, "%.64q is no period of taxes like ndfl-2026-11-1 or contributions-2026-11", id)
}

const monthLayout = "2006-01"

// PeriodsOf gives a kind's periods of a month, in order.
func PeriodsOf(kind Kind, month string) ([]Period, *fault.Refusal) {
	first, err := time.Parse(monthLayout, month)
	if err != nil {
		return nil, fault.Refuse(fault.Malformed, "month", "%.64q is not a month YYYY-MM", month)
	}
	var all []Period
	for _, r := range tables.periods {
		if r.kind == kind && r.fromMonth <= int(first.Month()) && int(first.Month()) <= r.toMonth {
			if p := r.of(first); r.from <= p.To && (r.to == "" || p.To <= r.to) {
				all = append(all, p)
			}
		}
	}
	if len(all) == 0 {
		return nil, fault.Refuse(fault.TaxRuleMissing, "month", "no row of Periods covers %s of %s", kind, month)
	}
	return all, nil
}

// periodRow is a row of the Periods table; a last day of 0 is the month's.
type periodRow struct {
	from, to           string
	kind               Kind
	part               string
	first, last        int
	fromMonth, toMonth int
	dueMonths, dueDay  int // months after; 0 is the month's last day
	earlier            bool
	source             string
}

func (r periodRow) name() string {
	name := string(r.kind)
	if r.part != "" {
		name += "-" + r.part
	}
	return name
}

// of is the row's period in the month that begins on first.
func (r periodRow) of(first time.Time) Period {
	p := Period{
		ID: string(r.kind) + "-" + first.Format(monthLayout), Kind: r.kind, Rule: r.name() + "@" + r.from, Source: r.source,
		From: dayOf(first, r.first).Format(time.DateOnly), To: dayOf(first, r.last).Format(time.DateOnly),
	}
	if r.part != "" {
		p.ID += "-" + r.part
	}
	due := dayOf(first.AddDate(0, r.dueMonths, 0), r.dueDay)
	step := 1
	if r.earlier {
		step = -1
	}
	for !working(due) {
		due = due.AddDate(0, 0, step)
	}
	p.Due, p.Calendar = due.Format(time.DateOnly), tables.years[due.Year()]
	return p
}

// dayOf is a day of the month that begins on first; 0 is its last.
func dayOf(first time.Time, day int) time.Time {
	if day == 0 {
		return first.AddDate(0, 1, -1)
	}
	return first.AddDate(0, 0, day-1)
}

// working says whether banks and the tax service work on the day.
func working(day time.Time) bool {
	if off, moved := tables.moved[day.Format(time.DateOnly)]; moved {
		return !off
	}
	if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		return false
	}
	text := day.Format("01-02")
	return !slices.ContainsFunc(tables.holidays, func(h [2]string) bool { return h[0] <= text && text <= h[1] })
}

// Due is what a person's tax of a period still is: what stood on the account at the end of the
// period, or what stands there now when returns have made it less, without what was
// remitted of it in all; never below zero.
func Due(atEnd, now, remitted money.Amount) money.Amount {
	return money.Max(money.Min(atEnd, now).Sub(remitted), money.New(0, money.RUB.Scale))
}

// readPeriod reads a row of the Periods table.
func readPeriod(row machine.Row) (r periodRow, err error) {
	r = periodRow{
		from: row.Cell("From"), to: row.Cell("To"), kind: Kind(row.Cell("Kind")), part: row.Cell("Part"), source: row.Cell("Source"),
		earlier: row.Cell("Moves") == "earlier",
	}
	number := func(column string, most int) int {
		text := row.Cell(column)
		if text == "last" {
			return 0
		}
		n, failed := strconv.Atoi(text)
		if err == nil && (failed != nil || n < 1 || n > most) {
			err = fmt.Errorf("%s %q is not 1 to %d, or last", column, text, most)
		}
		return n
	}
	r.first, r.last, r.dueDay = number("First", 28), number("Last", 28), number("Due on", 28)
	if err != nil {
		return r, err
	}
	if _, failed := fmt.Sscanf(row.Cell("Months"), "%d-%d", &r.fromMonth, &r.toMonth); failed != nil || r.fromMonth < 1 || r.toMonth > 12 || r.fromMonth > r.toMonth {
		return r, fmt.Errorf("months %q are not like 1-12", row.Cell("Months"))
	}
	switch {
	case !slices.Contains(append(Kinds(), NPD), r.kind):
		return r, fmt.Errorf("unknown kind %q", r.kind)
	case row.Cell("Due in") == "next":
		r.dueMonths = 1
	case row.Cell("Due in") != "same":
		return r, fmt.Errorf("due in %q is neither same nor next", row.Cell("Due in"))
	}
	if m := row.Cell("Moves"); m != "later" && m != "earlier" || r.source == "" {
		return r, fmt.Errorf("moves %q is neither later nor earlier, or the source is missing", m)
	}
	return r, dated(r.from, r.to)
}
