package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// The values of --output.
const (
	outputTable = "table"
	outputJSON  = "json"
)

func (e *Env) checkOutput() error {
	if e.Output != outputTable && e.Output != outputJSON {
		return usagef("--output %q: table or json", e.Output)
	}
	return nil
}

func (e *Env) json() bool { return e.Output == outputJSON }

// printJSON writes one value for programs.
func (e *Env) printJSON(v any) error {
	enc := json.NewEncoder(e.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printMessage prints an answer of the API by the names of its fields, empty ones too.
func (e *Env) printMessage(m proto.Message) error {
	raw, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(m)
	if err != nil {
		return err
	}
	return e.printJSON(json.RawMessage(raw))
}

// table is rows of text under a head; money and numbers stand to the right.
type table struct {
	head   []string
	right  []bool
	rows   [][]string
	widths []int // of the columns so far; nil before the first write
}

// newTable makes a table; a column whose name begins with '>' stands to the right.
func newTable(columns ...string) *table {
	t := &table{}
	for _, c := range columns {
		name, right := strings.CutPrefix(c, ">")
		t.head, t.right = append(t.head, name), append(t.right, right)
	}
	return t
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// rule draws a line before the rows that follow.
func (t *table) rule() { t.rows = append(t.rows, nil) }

// write prints the rows, two spaces between columns, none at the end of a line, and
// forgets them: the head comes once, and columns that rows of later writes need wider
// become wider.
func (t *table) write(w io.Writer) error {
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

func (t *table) line(cells []string) string {
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
