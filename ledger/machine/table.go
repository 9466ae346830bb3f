package machine

import (
	"fmt"
	"slices"
	"strings"
)

// Table is one Markdown table: a header row and body rows of equal width.
type Table struct {
	File    string // where it stands, for messages
	Heading string // the nearest heading above it
	Columns []string
	Rows    []Row
}

// Row is one body row; Line is its line number in the file.
type Row struct {
	Line  int
	cells []string
	table *Table
}

// ParseTables finds every table of a Markdown document. A row of another width
// than its header, or a header without its dash line, is refused with its line.
func ParseTables(file, text string) ([]*Table, error) {
	var (
		tables  []*Table
		current *Table
		heading string
	)
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		switch {
		case strings.HasPrefix(line, "#"):
			heading, current = strings.TrimSpace(strings.TrimLeft(line, "#")), nil
		case !strings.HasPrefix(line, "|"):
			current = nil
		case current == nil:
			if i+1 >= len(lines) || !isRule(lines[i+1]) {
				return nil, fmt.Errorf("%s:%d: a table header without a dash line below it", file, i+1)
			}
			current = &Table{File: file, Heading: heading, Columns: splitRow(line)}
			tables = append(tables, current)
			i++ // the dash line
		default:
			cells := splitRow(line)
			if len(cells) != len(current.Columns) {
				return nil, fmt.Errorf("%s:%d: %d cells under %d columns", file, i+1, len(cells), len(current.Columns))
			}
			current.Rows = append(current.Rows, Row{Line: i + 1, cells: cells, table: current})
		}
	}
	return tables, nil
}

// Find gives the one table under the heading; a missing or doubled one is an error.
func Find(tables []*Table, heading string) (*Table, error) {
	var found *Table
	for _, t := range tables {
		if t.Heading != heading {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%s: two tables under %q", t.File, heading)
		}
		found = t
	}
	if found == nil {
		return nil, fmt.Errorf("no table under %q", heading)
	}
	return found, nil
}

// Expect refuses a table whose columns are not exactly these.
func (t *Table) Expect(columns ...string) error {
	if !slices.Equal(t.Columns, columns) {
		return fmt.Errorf("%s, %q: columns %v, want %v", t.File, t.Heading, t.Columns, columns)
	}
	return nil
}

// Cell gives the text under the column; "—" and "-" mean nothing and give "".
// An unknown column is a mistake of the program: panic.
func (r Row) Cell(column string) string {
	i := slices.Index(r.table.Columns, column)
	if i < 0 {
		panic(fmt.Sprintf("%s: no column %q", r.table.File, column))
	}
	if c := r.cells[i]; c != "—" && c != "-" {
		return c
	}
	return ""
}

// List gives the comma-separated words under the column.
func (r Row) List(column string) []string {
	text := r.Cell(column)
	if text == "" {
		return nil
	}
	words := strings.Split(text, ",")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	return words
}

// Errorf names the file and the line of the row.
func (r Row) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", r.table.File, r.Line, fmt.Errorf(format, args...))
}

func splitRow(line string) []string {
	line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|")
	cells := strings.Split(line, "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

func isRule(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "|") && strings.Trim(line, "|-: ") == ""
}
