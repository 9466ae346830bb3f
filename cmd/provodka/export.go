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
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/export"
	"github.com/provodka/provodka/ledger/store"
)

const exportLong = `Write a book in a format that other programs check.

hledger   one journal for hledger and ledger, both in strict mode, with a balance
ledger    assertion at every posting:
            provodka export --format hledger --out books.journal
            hledger -f books.journal check -s ordereddates balancednoautoconversion
            ledger  -f books.journal --pedantic --strict bal
csv       a line for each posting, RFC 4180, UTF-8. A text that a spreadsheet would take
          for a formula has an apostrophe in front, and so has one that begins with an
          apostrophe: take one away to have the text again. So it is behind a semicolon,
          a tab and a line break in it too, where another reader begins a cell.

What only moved between shards inside an account is in no file: turnovers are those of osv.
--from and --to are business days, both included; what stood before --from is the first
entry. --account takes the entries that touch an account, whole; what else their other
accounts did is not there, so only the account itself is asserted. --split month writes
a file for each month into the directory --out; each begins with the balances that the
month before ended with, so read them one at a time.`

type exportFlags struct{ dsn, book, format, out, split, account, from, to string }

func newExportCmd(env *Env) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use: "export", Short: "Write a book for hledger, ledger and spreadsheets", Long: exportLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runExport(cmd.Context(), env, f) },
	}
	dsnFlag(cmd, &f.dsn)
	bookFlag(cmd, &f.book)
	cmd.Flags().StringVar(&f.format, "format", "hledger", "hledger, ledger or csv")
	cmd.Flags().StringVar(&f.out, "out", "", "file to write, stdout when empty; with --split a directory")
	cmd.Flags().StringVar(&f.split, "split", "", "month: a file for each month")
	cmd.Flags().StringVar(&f.account, "account", "", "only entries that touch this account")
	cmd.Flags().StringVar(&f.from, "from", "", "first business day, YYYY-MM-DD")
	cmd.Flags().StringVar(&f.to, "to", "", "last business day, YYYY-MM-DD")
	return cmd
}

func (f exportFlags) check() error {
	switch {
	case f.format != export.FormatHledger && f.format != export.FormatLedger && f.format != export.FormatCSV:
		return usagef("--format %q: %w", f.format, export.ErrFormat)
	case f.split != "" && f.split != "month":
		return usagef("--split %q: month is what there is", f.split)
	case f.split != "" && f.out == "":
		return usagef("--out: which directory?")
	case f.from != "" && f.to != "" && f.to < f.from:
		return usagef("--to %s is before --from %s", f.to, f.from)
	}
	for name, day := range map[string]string{"from": f.from, "to": f.to} {
		if _, err := time.Parse(time.DateOnly, day); err != nil && day != "" {
			return usagef("--%s %q: a day is YYYY-MM-DD", name, day)
		}
	}
	if _, refusal := book.ParseName("account", f.account); refusal != nil && f.account != "" {
		return usagef("--account: %w", refusal)
	}
	return nil
}

func runExport(ctx context.Context, env *Env, f exportFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	db, err := env.openDB(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	o := export.Options{Book: f.book, Format: f.format, Account: f.account, From: f.from, To: f.to, Progress: env.progress("export")}
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
	env.say("exported book %s: %d entries, %d postings, %d accounts", report.Book, report.Entries, report.Legs, report.Accounts)
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
	if f.format == export.FormatCSV {
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
