package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/export"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

const osvLong = `Оборотно-сальдовая ведомость: what stood before a range of business days, what was
debited and credited in it, and what stands after. Days are those on which entries are
effective. --known-at takes what had been recorded up to a moment, so that a sheet can be
made again as it was. Without --from it begins with the books.

With --check the sheets of closed periods are made again and compared with the hash that
the journal has of each; what is dated in a closed period and was not there when it was
closed is named. --to takes one period, by its last day. Exit 0 when all agree, 3 when not.

  provodka osv --from 2026-03-01 --to 2026-03-31
  provodka osv --check --to 2026-03-31
  provodka osv --from 2026-03-01 --to 2026-03-31 --by account --format csv > osv.csv`

type osvFlags struct {
	dsn, book, from, to, by, known, format string
	check                                  bool
}

func newOSVCmd(env *Env) *cobra.Command {
	var f osvFlags
	cmd := &cobra.Command{
		Use: "osv", Short: "Turnover balance sheet (ОСВ) of a range of business days", Long: osvLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.check {
				return runSheetCheck(cmd.Context(), env, f)
			}
			return runOSV(cmd.Context(), env, f)
		},
	}
	dsnFlag(cmd, &f.dsn)
	bookFlag(cmd, &f.book)
	cmd.Flags().StringVar(&f.from, "from", "", "first business day, YYYY-MM-DD")
	cmd.Flags().StringVar(&f.to, "to", "", "last business day, YYYY-MM-DD, it included")
	cmd.Flags().StringVar(&f.by, "by", string(ledger.SheetByType), "what a line stands for: type, 1c, owner or account")
	cmd.Flags().StringVar(&f.known, "known-at", "", "moment, RFC 3339: what had been recorded up to it")
	cmd.Flags().BoolVar(&f.check, "check", false, "compare the sheets of closed periods with the hashes in the journal")
	cmd.Flags().StringVar(&f.format, "format", outputTable, "table or csv")
	return cmd
}

func (f osvFlags) sheet() (ledger.Sheet, error) {
	s := ledger.Sheet{Book: f.book, From: f.from, To: f.to, By: ledger.SheetBy(f.by)}
	for flag, day := range map[string]string{"--from": f.from, "--to": f.to} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return s, usagef("%s %q: a day is YYYY-MM-DD", flag, day)
		}
	}
	if f.to != "" && f.to < f.from {
		return s, usagef("--to %s is before --from %s", f.to, f.from)
	}
	if !slices.Contains(ledger.SheetBys(), s.By) {
		return s, usagef("--by %q: type, 1c, owner or account", f.by)
	}
	if f.format != outputTable && f.format != formatCSV {
		return s, usagef("--format %q: table or csv", f.format)
	}
	var err error
	s.KnownUS, err = momentFlag("--known-at", f.known)
	return s, err
}

const formatCSV = "csv"

func runOSV(ctx context.Context, env *Env, f osvFlags) error {
	sheet, err := f.sheet()
	if err != nil {
		return err
	}
	db, err := env.openBook(ctx, f.dsn, &sheet.Book)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := passed(ctx, db, sheet.KnownUS); err != nil {
		return err
	}
	if f.format == formatCSV {
		_, err := export.Write(ctx, db, export.Options{
			What: export.Turnovers, Book: sheet.Book, Format: export.FormatCSV, From: sheet.From, To: sheet.To, KnownUS: sheet.KnownUS, By: sheet.By,
		}, env.Out)
		return err
	}
	if sheet.Upto, err = standing(ctx, db); err != nil {
		return err
	}
	return env.printSheet(ctx, db, sheet)
}

// standing is how far every shard stands now: pages of one sheet see the same books.
func standing(ctx context.Context, db *store.DB) (seen []store.Seen, err error) {
	shards, err := db.Shards(ctx)
	for _, s := range shards {
		seen = append(seen, store.Seen{Shard: s.Shard, Seq: s.Head.Seq})
	}
	return seen, err
}

// accountsPerPart is how many accounts of a sheet are in memory at once.
const accountsPerPart = 10_000

// sheetHeads are the words over what a line stands for.
var sheetHeads = map[ledger.SheetBy][]string{
	ledger.SheetByType:    {"Счёт 1С", "Вид счёта"},
	ledger.SheetBy1C:      {"Счёт 1С"},
	ledger.SheetByOwner:   {"Счёт 1С", "Вид счёта", "Владелец"},
	ledger.SheetByAccount: {"Счёт 1С", "Счёт"},
}

func sheetNames(by ledger.SheetBy, l ledger.SheetLine) []string {
	switch by {
	case ledger.SheetBy1C:
		return []string{l.Code1C}
	case ledger.SheetByOwner:
		return []string{l.Code1C, l.Type, l.Owner}
	case ledger.SheetByAccount:
		return []string{l.Code1C, l.Account}
	default:
		return []string{l.Code1C, l.Type}
	}
}

func (e *Env) printSheet(ctx context.Context, db *store.DB, sheet ledger.Sheet) error {
	e.say("Оборотно-сальдовая ведомость: книга %s, %s, записи до %s", sheet.Book, period(sheet), positions(sheet.Upto))
	columns := append(slices.Clone(sheetHeads[sheet.By]), "Валюта", ">Сальдо на начало Дт", ">Сальдо на начало Кт",
		">Оборот Дт", ">Оборот Кт", ">Сальдо на конец Дт", ">Сальдо на конец Кт")
	t := table.New(columns...)
	totals, err := sheet.Each(ctx, db, accountsPerPart, nil, func(lines []ledger.SheetLine) error {
		for _, l := range lines {
			t.Add(append(sheetNames(sheet.By, l), sheetAmounts(l.Asset, dashed, l.Opening, l.Turnover, l.Closing)...)...)
		}
		if t.Waiting() < legsAtOnce {
			return nil // columns of a small sheet are made to measure
		}
		return t.Write(e.Out)
	})
	if err != nil {
		return err
	}
	t.Rule()
	for _, sum := range totals {
		names := append([]string{"Итого"}, make([]string, len(sheetHeads[sheet.By])-1)...)
		t.Add(append(names, sheetAmounts(sum.Asset, func(a string) string { return a }, sum.Opening, sum.Turnover, sum.Closing)...)...)
	}
	if err := t.Write(e.Out); err != nil {
		return err
	}
	return ledger.Balanced(totals)
}

func sheetAmounts(asset string, show func(string) string, pairs ...store.Sums) []string {
	cells := []string{asset}
	for _, p := range pairs {
		for _, a := range []money.Amount{p.Debit, p.Credit} {
			cells = append(cells, show(inAsset(asset, a)))
		}
	}
	return cells
}

func period(s ledger.Sheet) string {
	switch {
	case s.From == "" && s.To == "":
		return "за всё время"
	case s.From == "":
		return "по " + s.To
	case s.To == "":
		return "с " + s.From
	}
	return strings.Join([]string{"с", s.From, "по", s.To}, " ")
}
