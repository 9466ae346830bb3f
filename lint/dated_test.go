package lint

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/ledger/machine"
)

// frozenFile has the rows of all dated tables that decide, as they were on the day in its first line: that of the last
// release. A log that was decided under them is decided again when it is replayed, and must come out the same.
const frozenFile = "testdata/dated.txt"

var release = flag.String("release", "", "the day of a release, YYYY-MM-DD: writes "+frozenFile+" with the rows that hold by then")

var (
	aDay        = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	dayOfYear   = regexp.MustCompile(`^[0-9]{2}-[0-9]{2}$`)
	onlyWords   = []string{"Source", "Meaning"} // they decide nothing
	goesOn      = "…"                           // the end of a row that still holds: it may be ended, or moved, behind the release
	frozenUntil = "frozen until "
)

// TestPastRowsAreFrozen: a row of a dated table whose first day lies before the last release is neither changed, nor
// added, nor taken away.
func TestPastRowsAreFrozen(t *testing.T) {
	t.Parallel()
	tables := flowTables(t)
	if *release != "" {
		if !aDay.MatchString(*release) {
			t.Fatalf("-release %q: YYYY-MM-DD", *release)
		}
		text := frozenUntil + *release + "\n" + strings.Join(pastRows(tables, *release), "\n") + "\n"
		if err := os.WriteFile(frozenFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(frozenFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	day := strings.TrimPrefix(lines[0], frozenUntil)
	if !aDay.MatchString(day) || len(lines) < 40 {
		t.Fatalf("%s begins with %q and has %d lines", frozenFile, lines[0], len(lines))
	}
	for _, wrong := range differences(lines[1:], pastRows(tables, day), day) {
		t.Error(wrong)
	}
}

// flowTables are the tables of the pages of engine/flow, which decide.
func flowTables(t *testing.T) []*machine.Table {
	t.Helper()
	var all []*machine.Table
	root := filepath.Join("..", "engine", "flow")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel("..", path)
		if err != nil {
			return err
		}
		tables, err := machine.ParseTables(filepath.ToSlash(name), string(text))
		all = append(all, tables...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// pastRows are the rows that hold on some day until day, as text: those with a first day after it are left out,
// and an end after it, or none, is not said. A day of every year holds always.
func pastRows(tables []*machine.Table, day string) []string {
	var rows []string
	for _, table := range tables {
		if len(table.Rows) == 0 || !isDated(table) {
			continue
		}
		for _, r := range table.Rows {
			if first := r.Cell(table.Columns[0]); aDay.MatchString(first) && first > day {
				continue
			}
			cells := []string{table.File + ", " + table.Heading}
			for _, column := range table.Columns {
				switch cell := r.Cell(column); {
				case slices.Contains(onlyWords, column):
				case column == "To" && (!aDay.MatchString(cell) && !dayOfYear.MatchString(cell) || aDay.MatchString(cell) && cell > day):
					cells = append(cells, goesOn)
				default:
					cells = append(cells, cell)
				}
			}
			rows = append(rows, strings.Join(cells, " | "))
		}
	}
	return rows
}

// isDated says whether a table's rows begin with days.
func isDated(table *machine.Table) bool {
	first := table.Rows[0].Cell(table.Columns[0])
	return aDay.MatchString(first) || dayOfYear.MatchString(first)
}

// differences says of each row that is not as it was what to do.
func differences(was, is []string, day string) []string {
	const help = "what was decided by it would be decided otherwise when the log is replayed: put it back, end the row that holds with a To behind %s, " +
		"and date the new row ahead of that day and of the day on which it goes out (a release freezes what holds by then: go test ./lint -run PastRows -release DAY)"
	var wrong []string
	for _, row := range was {
		if !slices.Contains(is, row) {
			wrong = append(wrong, fmt.Sprintf("%s\n\tstood there until the release of %s and is gone or changed; "+help, row, day, day))
		}
	}
	for _, row := range is {
		if !slices.Contains(was, row) {
			wrong = append(wrong, fmt.Sprintf("%s\n\tbegins before the release of %s and is new or changed; "+help, row, day, day))
		}
	}
	if len(wrong) == 0 && !slices.Equal(was, is) {
		wrong = append(wrong, fmt.Sprintf("rows that hold before the release of %s stand in another order, or twice: put them back", day))
	}
	return wrong
}

// TestFreezeCatches: what changes the past is found, what concerns days to come is not.
func TestFreezeCatches(t *testing.T) {
	t.Parallel()
	const head = "## Rates\n\n| From | To | Rate | Source |\n|---|---|---|---|\n"
	const first, second = "| 2024-01-01 | 2024-12-31 | 13 | law |\n", "| 2025-01-01 | — | 15 | law |\n"
	rows := func(text string) []string {
		tables, err := machine.ParseTables("rates.md", head+text)
		if err != nil {
			t.Fatal(err)
		}
		return pastRows(tables, "2026-03-01")
	}
	was := rows(first + second)
	for name, tc := range map[string]struct {
		text  string
		wrong int
	}{
		"the same":                 {first + second, 0},
		"other words":              {first + "| 2025-01-01 | — | 15 | another law |\n", 0},
		"a row ahead":              {first + second + "| 2026-03-02 | — | 18 | law |\n", 0},
		"an end ahead":             {first + "| 2025-01-01 | 2026-03-02 | 15 | law |\n| 2026-03-03 | — | 18 | law |\n", 0},
		"an end in the past":       {first + "| 2025-01-01 | 2026-03-01 | 15 | law |\n", 2},
		"another rate":             {first + "| 2025-01-01 | — | 16 | law |\n", 2},
		"a row in the past":        {first + second + "| 2026-03-01 | — | 18 | law |\n", 1},
		"a row that is gone":       {second, 1},
		"another first day":        {first + "| 2025-01-02 | — | 15 | law |\n", 2},
		"an end that has moved":    {"| 2024-01-01 | 2024-12-30 | 13 | law |\n" + second, 2},
		"an end that was taken":    {"| 2024-01-01 | — | 13 | law |\n" + second, 2},
		"another order":            {second + first, 1},
		"a row that stands twice":  {first + first + second, 1},
		"a row whose day is moved": {first + "| 2026-03-02 | — | 15 | law |\n", 1},
	} {
		wrong := differences(was, rows(tc.text), "2026-03-01")
		if len(wrong) != tc.wrong {
			t.Errorf("%s: %d differences, want %d: %v", name, len(wrong), tc.wrong, wrong)
		}
		for _, w := range wrong {
			if tc.wrong > 0 && !strings.Contains(w, "2026-03-01") {
				t.Errorf("%s: %s", name, w)
			}
		}
	}
}
