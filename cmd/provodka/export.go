package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/ledger/export"
)

const exportLong = `Write a book in a format that other programs check.

hledger   one journal for hledger and ledger, both in strict mode, with a balance
          assertion at every posting:
            provodka export --format hledger --out books.journal
            hledger -f books.journal check -s ordereddates balancednoautoconversion
            ledger  -f books.journal --pedantic --strict bal`

func newExportCmd(env *Env) *cobra.Command {
	var dsn, book, format, out string
	cmd := &cobra.Command{
		Use: "export", Short: "Write a book for hledger and other programs", Long: exportLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "hledger" {
				return usagef("--format %q: hledger is what there is", format)
			}
			db, err := env.openDB(cmd.Context(), dsn)
			if err != nil {
				return err
			}
			defer db.Close()
			var report export.Report
			err = writeFile(env.Out, out, func(w io.Writer) error {
				report, err = export.Hledger(cmd.Context(), db, book, w)
				return err
			})
			if errors.Is(err, export.ErrBook) {
				return usagef("--book: %w", err)
			}
			if err != nil {
				return err
			}
			env.say("exported book %s: %d entries, %d postings, %d accounts", report.Book, report.Entries, report.Legs, report.Accounts)
			return nil
		},
	}
	dsnFlag(cmd, &dsn)
	bookFlag(cmd, &book)
	cmd.Flags().StringVar(&format, "format", "hledger", "hledger")
	cmd.Flags().StringVar(&out, "out", "", "file to write; stdout when empty")
	return cmd
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
