package table

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table is rows of text under a head; money and numbers stand to the right.
type Table struct {
	head   []string
	right  []bool
	rows   [][]string
	widths []int // of the columns so far; nil before the first write
}

// New makes a table; a column whose name begins with '>' stands to the right.
func New(columns ...string) *Table {
	t := &Table{}
	for _, c := range columns {
		name, right := strings.CutPrefix(c, ">")
		t.head, t.right = append(t.head, name), append(t.right, right)
	}
	return t
}

// Add adds a row.
func (t *Table) Add(cells ...string) { t.rows = append(t.rows, cells) }

// Waiting is how many rows the next Write prints.
func (t *Table) Waiting() int { return len(t.rows) }

// Rule draws a line before the rows that follow.
func (t *Table) Rule() { t.rows = append(t.rows, nil) }

// Write prints the rows, two spaces between columns, none at the end of a line, and
// forgets them: the head comes once, and columns that rows of later writes need wider
// become wider.
func (t *Table) Write(w io.Writer) error {
	var lines []string
	begun := t.widths != nil
	if !begun {
		t.widths = make([]int, len(t.head))
	}
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
		}
	}
	bar := make([]string, len(t.widths))
	for i, n := range t.widths {
		bar[i] = strings.Repeat("-", n)
	}
	if !begun {
		lines = append(lines, t.line(t.head), t.line(bar))
	}
	for _, row := range t.rows {
		if row == nil {
			row = bar
		}
		lines = append(lines, t.line(row))
	}
	if t.rows = nil; len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

func (t *Table) line(cells []string) string {
	var b strings.Builder
	for i, cell := range cells {
		pad := strings.Repeat(" ", t.widths[i]-utf8.RuneCountInString(cell))
		if i > 0 {
			b.WriteString("  ")
		}
		if t.right[i] {
			b.WriteString(pad + cell)
		} else {
			b.WriteString(cell + pad)
		}
	}
	return strings.TrimRight(b.String(), " ")
}
