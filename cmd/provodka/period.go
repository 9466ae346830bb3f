package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

const periodLong = `Closed periods of a book. On and before the last day of a closed period nothing is booked
any more, on any shard; the SHA-256 of the period's turnover balance sheet (ОСВ), as it was
when the last shard closed it, is in the journal.

  provodka period list
  provodka period close 2026-03-31 --reason "март закрыт, отчётность сдана"

Opening days again takes two people, each with an API key of their own: one asks, and
nothing changes until another approves. What was closed then is closed again with "close".

  provodka period reopen 2026-03-01 --reason "опоздавший акт № 12"       prints an id
  provodka period approve 0.42 --reason "согласовано с главбухом"        another key
  provodka period decline 0.42 --reason "акт отнесён на апрель"          or nothing happens

Changes go through the API in the name of PROVODKA_API_KEY, which needs the role finance;
the list is read from the database. "provodka osv --check" makes the sheets again and
compares them with the journal.`

func newPeriodCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "period", Short: "Close periods of a book, open them again, list them", Long: periodLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	closing := &changeFlags{}
	c := &cobra.Command{
		Use: "close DAY", Short: "Close all days up to DAY, it included (YYYY-MM-DD)", Args: args(cobra.ExactArgs(1)),
		Long: `Close all days of the book up to DAY, it included: nothing is booked there any more. The day
must be over in the time zone of the books. When the command ends, every shard holds it and
the hash of the sheet is in the journal. Asked again with the same --key it ends what a
crash interrupted.`,
		RunE: func(cmd *cobra.Command, words []string) error {
			return closing.closePeriod(cmd.Context(), env, words[0])
		},
	}
	closing.common(c)
	opening := &changeFlags{}
	r := &cobra.Command{
		Use: "reopen DAY", Short: "Ask to open DAY and all closed days behind it again; another key must approve", Args: args(cobra.ExactArgs(1)),
		Long: `Ask to open DAY (YYYY-MM-DD) and all closed days behind it again; "all" is every day. Nothing
changes until another API key approves the id that is printed, within three days.`,
		RunE: func(cmd *cobra.Command, words []string) error {
			return opening.reopenPeriods(cmd.Context(), env, words[0])
		},
	}
	opening.common(r)
	cmd.AddCommand(c, r, newPeriodListCmd(env))
	addVerdicts(cmd, env)
	return cmd
}

func (f *changeFlags) closePeriod(ctx context.Context, env *Env, day string) error {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return usagef("%q: a day is YYYY-MM-DD", day)
	}
	c, err := f.client(env)
	if err != nil {
		return err
	}
	answer, err := c.Ledger.ClosePeriod(ctx, &ledgerv1.ClosePeriodRequest{Book: f.book, Key: f.key, ThroughDay: day, Reason: f.reason})
	if err != nil {
		return err
	}
	p := answer.GetPeriod()
	if env.json() {
		return env.printJSON(p)
	}
	_, err = fmt.Fprintf(env.Out, "закрыто по %s: ОСВ %s (%s)\n", p.GetThroughDay(), p.GetSheetSha256(), answer.GetPosition())
	return err
}

func (f *changeFlags) reopenPeriods(ctx context.Context, env *Env, day string) error {
	if day == "all" {
		day = ""
	} else if _, err := time.Parse(time.DateOnly, day); err != nil {
		return usagef("%q: a day is YYYY-MM-DD, or all", day)
	}
	c, err := f.client(env)
	if err != nil {
		return err
	}
	answer, err := c.Ledger.RequestApproval(ctx, &ledgerv1.RequestApprovalRequest{
		Book: f.book, What: &ledgerv1.RequestApprovalRequest_Reopen{Reopen: &ledgerv1.ReopenPeriods{Key: f.key, FromDay: day, Reason: f.reason}},
	})
	if err != nil {
		return err
	}
	return f.report(env, answer.GetRefusal(), nil, answer.GetApproval())
}

// opensText says which days what waits will open.
func opensText(p *ledgerv1.PeriodStanding) string {
	return "открыть " + daysText(ledger.DayAfter(p.GetClosedThroughDay()), p.GetBeforeThroughDay())
}

// reportDays prints which days are closed by now.
func (e *Env) reportDays(p *ledgerv1.PeriodStanding) error {
	if e.json() {
		return e.printJSON(p)
	}
	_, err := fmt.Fprintf(e.Out, "%s: первый открытый день %s (%s + %s)\n", daysText(ledger.DayAfter(p.GetClosedThroughDay()), p.GetBeforeThroughDay())+" открыты снова",
		cmp.Or(ledger.DayAfter(p.GetClosedThroughDay()), "любой"), p.GetAuthor(), p.GetApprovedBy())
	return err
}

func daysText(from, through string) string {
	if from == "" {
		return "дни по " + through
	}
	return "дни с " + from + " по " + through
}

func newPeriodListCmd(env *Env) *cobra.Command {
	var dsn, book string
	cmd := &cobra.Command{
		Use: "list", Short: "Closed periods: days, hash of the sheet, by whom and when", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withPeriods(cmd.Context(), env, dsn, book, func(db *store.DB, bookName string, periods []ledger.ClosedPeriod, firstOpen string) error {
				return env.printPeriods(bookName, periods, firstOpen, db.Zone())
			})
		},
	}
	dsnFlag(cmd, &dsn)
	bookFlag(cmd, &book)
	return cmd
}

// withPeriods reads the periods of a book, the one closed last first.
func withPeriods(ctx context.Context, env *Env, dsn, bookFlag string, do func(*store.DB, string, []ledger.ClosedPeriod, string) error) error {
	db, err := env.openDB(ctx, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	bookName, err := env.book(ctx, db, bookFlag)
	if err != nil {
		return err
	}
	periods, held, err := ledger.ReadPeriods(ctx, db, bookName)
	if err != nil {
		return err
	}
	return do(db, bookName, periods, ledger.DayAfter(held.GetPeriod().GetThrough()))
}

// periodRow is a closed period for programs.
type periodRow struct {
	From     string     `json:"from_day"` // "" is the beginning of the books
	Through  string     `json:"through_day"`
	Sheet    string     `json:"sheet_sha256"` // "" when it is not in the journal yet
	Closed   string     `json:"closed_at"`
	By       string     `json:"closed_by"`
	Reason   string     `json:"reason"`
	Reopened *reopenRow `json:"reopened,omitempty"`
}

// reopenRow is how a period, or its end, was opened again.
type reopenRow struct {
	From     string `json:"from_day"`
	At       string `json:"at"`
	By       string `json:"by"`
	Reason   string `json:"reason"`
	Second   string `json:"approved_by"`
	Approval string `json:"approval_reason"`
}

func (e *Env) printPeriods(bookName string, periods []ledger.ClosedPeriod, firstOpen string, zone *time.Location) error {
	decided := func(r *journalv1.Rule) string {
		return time.UnixMicro(r.GetDecidedUs()).In(zone).Format("2006-01-02 15:04:05")
	}
	rows := make([]periodRow, len(periods))
	for i, p := range periods {
		rows[i] = periodRow{
			From: p.From, Through: p.Through, Sheet: hex.EncodeToString(p.Sheet), Closed: decided(p.Closed),
			By: p.Closed.GetAuthor(), Reason: p.Closed.GetReason(),
		}
		if r := p.Reopened; r != nil {
			rows[i].Reopened = &reopenRow{
				From: ledger.DayAfter(r.GetPeriod().GetThrough()), At: decided(r), By: r.GetAuthor(), Reason: r.GetReason(),
				Second: r.GetApproved().GetBy(), Approval: r.GetApproved().GetReason(),
			}
		}
	}
	if e.json() {
		return e.printJSON(map[string]any{"book": bookName, "first_open_day": firstOpen, "periods": rows})
	}
	t := table.New("С", "По", "Закрыт", "Кто", "Почему", "Открыт снова", "Кто", "Почему", "ОСВ, SHA-256")
	for _, r := range rows {
		again := cmp.Or(r.Reopened, &reopenRow{})
		when := again.At
		if again.From != "" {
			when += " с " + again.From
		}
		by := again.By
		if again.Second != "" {
			by += " + " + again.Second
		}
		t.Add(cmp.Or(r.From, "начала"), r.Through, r.Closed, r.By, r.Reason, orDash(when), orDash(by), orDash(again.Reason), orDash(r.Sheet))
	}
	if err := t.Write(e.Out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(e.Out, "Первый открытый день: %s\n", cmp.Or(firstOpen, "любой"))
	return err
}

// runSheetCheck makes the sheets of closed periods again.
func runSheetCheck(ctx context.Context, env *Env, f osvFlags) error {
	if f.from != "" || f.known != "" || f.by != string(ledger.SheetByType) || f.format != outputTable {
		return usagef("--check takes --to, the last day of a closed period, and nothing else of a sheet")
	}
	return withPeriods(ctx, env, f.dsn, f.book, func(db *store.DB, bookName string, periods []ledger.ClosedPeriod, _ string) error {
		checked := 0
		for _, p := range periods {
			if len(p.Sheet) == 0 || f.to != "" && p.Through != f.to {
				continue
			}
			check, err := ledger.CheckSheet(ctx, db, bookName, p)
			if err != nil {
				return err
			}
			if err := sheetDifference(bookName, check); err != nil {
				return reported(env, "osv", err)
			}
			if checked++; !env.json() {
				fmt.Fprintf(env.Out, "%s: ОСВ сошлась, %s\n", daysText(p.From, p.Through), hex.EncodeToString(p.Sheet))
			}
		}
		switch {
		case checked == 0 && f.to != "":
			return usagef("--to %s: no closed period with a sheet ends there", f.to)
		case env.json():
			return env.printJSON(map[string]any{"ok": true, "book": bookName, "periods": checked})
		case checked == 0:
			fmt.Fprintln(env.Out, "закрытых периодов нет")
		}
		return nil
	})
}

// sheetDifference names what of a closed period is not as the journal has it; nil when
// nothing is.
func sheetDifference(bookName string, check ledger.SheetCheck) error {
	p := check.Period
	where := fmt.Sprintf("book %s, period %s..%s", bookName, p.From, p.Through)
	if len(check.Changed) > 0 {
		account, then := lineText(check.Changed[0].Then)
		name, now := lineText(check.Changed[0].Now)
		return &audit.Difference{Where: where, What: cmp.Or(account, name), Expected: then, Found: now}
	}
	if !bytes.Equal(check.Found, p.Sheet) {
		return &audit.Difference{
			Where: where, What: "the sheet at the records that closed it", Expected: hex.EncodeToString(p.Sheet), Found: hex.EncodeToString(check.Found),
		}
	}
	return nil
}

// lineText is a line of a sheet and its account; "" of none.
func lineText(l *ledger.SheetLine) (account, sums string) {
	if l == nil {
		return "", "no line"
	}
	f := func(s store.Sums) string { return inAsset(l.Asset, s.Debit) + "/" + inAsset(l.Asset, s.Credit) }
	return l.Account + " " + l.Asset, fmt.Sprintf("opening %s, turnover %s, closing %s", f(l.Opening), f(l.Turnover), f(l.Closing))
}

// sheetsOf answers the auditor's questions about closed periods from the database.
func sheetsOf(ctx context.Context, db *store.DB) audit.SheetOf {
	return func(bookName string, closed uint64) (kept, made []byte, err error) {
		periods, _, err := ledger.ReadPeriods(ctx, db, bookName)
		if err != nil {
			return nil, nil, err
		}
		for _, p := range periods {
			if p.Closed.GetVersion() != closed {
				continue
			}
			sheet, err := ledger.PeriodSheet(ctx, db, bookName, p)
			if err == nil {
				made, err = sheet.Hash(ctx, db)
			}
			return p.Sheet, made, err
		}
		return nil, nil, nil
	}
}
