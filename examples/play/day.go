package play

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What stands in a play's files for a day of its own, or a month.
const (
	Day         = "{day}"          // of the play, YYYY-MM-DD
	Today       = "{today}"        // the same, DD.MM.YYYY
	Yesterday   = "{yesterday}"    // DD.MM.YYYY
	TenDaysAgo  = "{ten-days-ago}" // DD.MM.YYYY
	YearEnd     = "{year-end}"     // the last day of the play's year, YYYY-MM-DD
	NextJanuary = "{next-january}" // the last day of the January after it, YYYY-MM-DD
	TaxMonth    = "{tax-month}"    // the newest month whose NPD the tax service has told, YYYY-MM
	TaxDue      = "{tax-due}"      // a day on which NPD of that month falls due, YYYY-MM-DD
)

// told is the last day of a month on which the NPD of the month before is not told yet.
const told = 12

// days says what stands for what in a play of a day.
func days(day time.Time) *strings.Replacer {
	const paper = "02.01.2006"
	year := time.Date(day.Year(), time.January, 1, 0, 0, 0, 0, time.UTC)
	due := time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
	if day.Day() <= told {
		due = due.AddDate(0, -1, 0)
	}
	return strings.NewReplacer(
		Day, day.Format(time.DateOnly), Today, day.Format(paper), Yesterday, day.AddDate(0, 0, -1).Format(paper),
		TenDaysAgo, day.AddDate(0, 0, -10).Format(paper),
		YearEnd, year.AddDate(1, 0, -1).Format(time.DateOnly), NextJanuary, year.AddDate(1, 1, -1).Format(time.DateOnly),
		TaxMonth, due.AddDate(0, -1, 0).Format("2006-01"), TaxDue, due.AddDate(0, 0, 27).Format(time.DateOnly),
	)
}

// Render writes the files of a play as they are on a day: those of the directory from, and what
// must come out in the day's year. A year that nobody has worked out is refused: its taxes are not
// known to the play, and may not be to the engine.
func Render(from, to string, day time.Time) error {
	if _, err := os.Stat(filepath.Join(from, Description)); err != nil {
		return fmt.Errorf("%s is no play: %w", from, err)
	}
	expected := filepath.Join(from, day.Format("2006"))
	if _, err := os.Stat(expected); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: what must come out in %d is not worked out: the border of its contributions belongs into examples/generate/price.go, "+
			"and the year into engine/flow/tax/tax.md", from, day.Year())
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	words := days(day)
	for _, dir := range []string{from, expected} {
		all, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, f := range all {
			if f.IsDir() {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(to, f.Name()), []byte(words.Replace(string(text))), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
