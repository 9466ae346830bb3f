package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/server"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/export"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

const exportLong = `Write a book, or what is read from it, in a format that other programs check. A file is of one
position of the books; what it keeps in memory does not grow with it, but for entries.

--what      entries         every entry with all its legs (the default)
            statement       an account by business day, from opening to closing balance
            card            the same with a line for each counter-account (карточка счёта)
            general-ledger  months of each type of account with each other (главная книга)
            trial-balance   turnover and balance of each type of account
            osv             the turnover balance sheet (ОСВ), --by type, 1c, owner or account

hledger   one journal for hledger and ledger, both in strict mode, with a balance assertion at
ledger    every posting: of entries, and of a statement or a card, where each posting of the
          account stands with its counter-accounts. What has sums and no entries is no journal.
csv       RFC 4180, UTF-8, a head of names; amounts with all places of their asset and a point,
          never rounded. Columns are in proto/provodka/ledger/v1/export.proto. A text that a
          spreadsheet would take for a formula has an apostrophe in front, and so has one that
          begins with an apostrophe: take one away to have the text again. So it is behind a
          semicolon, a tab and a line break in it too, where another reader begins a cell.

What only moved between shards inside an account is in no file: turnovers are those of osv.
--from and --to are business days, both included; what stood before --from is the first
entry. --known-at takes what had been recorded up to a moment. With entries --account takes
those that touch an account, whole; what else their other accounts did is not there, so only
the account itself is asserted. --split month writes a file of entries for each month into
the directory --out; each begins with the balances that the month before ended with, so read
them one at a time.

  provodka export --out books.journal; hledger -f books.journal check -s ordereddates balancednoautoconversion
  provodka export --what card --account wallet:company-1 --from 2026-03-01 --to 2026-03-31 --format csv --out card.csv
  provodka export --what osv --by account --to 2026-03-31 --known-at 2026-04-05T12:00:00+03:00 --out osv.csv`

type exportFlags struct{ dsn, what, book, format, out, split, account, asset, from, to, known, by, kind, code string }

func newExportCmd(env *Env) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use: "export", Short: "Write a book for hledger, ledger and spreadsheets", Long: exportLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runExport(cmd.Context(), env, f) },
	}
	dsnFlag(cmd, &f.dsn)
	bookFlag(cmd, &f.book)
	cmd.Flags().StringVar(&f.what, "what", string(export.Entries), "entries, statement, card, general-ledger, trial-balance or osv")
	cmd.Flags().StringVar(&f.format, "format", "", "hledger, ledger or csv (default: hledger of entries, csv of the rest)")
	cmd.Flags().StringVar(&f.out, "out", "", "file to write, stdout when empty; with --split a directory")
	cmd.Flags().StringVar(&f.split, "split", "", "month: a file for each month")
	cmd.Flags().StringVar(&f.account, "account", "", "whose statement or card; of entries, only those that touch this account")
	cmd.Flags().StringVar(&f.asset, "asset", "", "asset of a statement or card (default: RUB)")
	cmd.Flags().StringVar(&f.from, "from", "", "first business day, YYYY-MM-DD")
	cmd.Flags().StringVar(&f.to, "to", "", "last business day, YYYY-MM-DD")
	cmd.Flags().StringVar(&f.known, "known-at", "", "moment, RFC 3339: what had been recorded up to it")
	cmd.Flags().StringVar(&f.by, "by", "", "what a line of osv stands for: type, 1c, owner or account (default: type)")
	cmd.Flags().StringVar(&f.kind, "type", "", "one type of account of the general ledger only")
	cmd.Flags().StringVar(&f.code, "code-1c", "", "types with this number in 1C of the general ledger only")
	return cmd
}

func (f exportFlags) options() (export.Options, error) {
	o := export.Options{
		What: export.What(f.what), Book: f.book, Format: f.format, Account: f.account, Asset: f.asset, From: f.from, To: f.to,
		By: ledger.SheetBy(f.by), Type: f.kind, Code1C: f.code,
	}
	if o.Format == "" {
		if o.Format = export.FormatCSV; o.What == export.Entries {
			o.Format = export.FormatHledger
		}
	}
	var err error
	switch o.KnownUS, err = momentFlag("--known-at", f.known); {
	case err != nil:
		return o, err
	case f.split != "" && f.split != "month":
		return o, usagef("--split %q: month is what there is", f.split)
	case f.split != "" && f.out == "":
		return o, usagef("--out: which directory?")
	case f.split != "" && o.What != export.Entries:
		return o, usagef("--split: %s goes into one file, only entries are split by month", f.what)
	}
	if refusal := o.Check(); refusal != nil {
		return o, usagef("--%s: %s", strings.ReplaceAll(refusal.Field, "_", "-"), refusal.Reason)
	}
	return o, nil
}

func runExport(ctx context.Context, env *Env, f exportFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	db, err := env.openDB(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if o.What != export.Entries {
		if o.Book, err = env.book(ctx, db, o.Book); err != nil {
			return err
		}
	}
	if err := passed(ctx, db, o.KnownUS); err != nil {
		return err
	}
	flows, err := server.Flows()
	if err != nil {
		return err
	}
	o.Title = func(r *journalv1.Record) string {
		return flows.Content(r.GetMove().GetFlow(), r.GetMove().GetRecipes())
	}
	o.Progress = env.progress("export")
	var report export.Report
	files := 0
	if f.split == "" {
		err = writeFile(env.Out, f.out, func(w io.Writer) error {
			report, err = export.Write(ctx, db, o, w)
			return err
		})
	} else {
		report, files, err = exportMonths(ctx, db, f, o)
	}
	if errors.Is(err, export.ErrBook) {
		return usagef("--book: %w", err)
	}
	if err != nil {
		return err
	}
	switch {
	case o.What == export.Entries:
		env.say("exported book %s: %d entries, %d postings, %d accounts", report.Book, report.Entries, report.Legs, report.Accounts)
	case o.Format == export.FormatCSV:
		env.say("exported %s of book %s: %d lines", o.What, report.Book, report.Lines)
	default:
		env.say("exported %s of book %s: %d entries, %d postings", o.What, report.Book, report.Entries, report.Legs)
	}
	if f.split != "" {
		env.say("%d files in %s", files, f.out)
	}
	return nil
}

// exportMonths writes a file for each month: 2026-03.journal, 2026-03.csv. Each appears
// whole or not at all.
func exportMonths(ctx context.Context, db *store.DB, f exportFlags, o export.Options) (export.Report, int, error) {
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return export.Report{}, 0, err
	}
	suffix := ".journal"
	if o.Format == export.FormatCSV {
		suffix = ".csv"
	}
	files := 0
	report, err := export.WriteMonths(ctx, db, o, func(month string) (io.WriteCloser, error) {
		files++
		return os.Create(filepath.Join(f.out, month+suffix+".part"))
	})
	parts, found := filepath.Glob(filepath.Join(f.out, "*"+suffix+".part"))
	for _, part := range parts {
		if err != nil {
			found = errors.Join(found, os.Remove(part))
		} else {
			found = errors.Join(found, os.Rename(part, strings.TrimSuffix(part, ".part")))
		}
	}
	return report, files, errors.Join(err, found)
}

// progress shows percents on a terminal; elsewhere there is nobody to see them.
func (e *Env) progress(what string) func(percent int) {
	file, ok := e.Err.(*os.File)
	if !ok {
		return nil
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return func(percent int) {
		fmt.Fprintf(file, "\r%s: %d %%", what, percent)
		if percent == 100 {
			fmt.Fprintln(file)
		}
	}
}

// writeFile writes to stdout, or to a file that appears whole or not at all.
func writeFile(stdout io.Writer, path string, write func(io.Writer) error) error {
	if path == "" {
		buffered := bufio.NewWriter(stdout)
		return errors.Join(write(buffered), buffered.Flush())
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when the rename succeeded
	if err = write(f); err == nil {
		err = errors.Join(f.Chmod(0o644), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
