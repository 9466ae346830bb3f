package document

import (
	"strings"
	"time"
)

// Paper is a document that is ready to be rendered: values stand in it.
type Paper struct {
	Title  string    // in the file's properties
	Footer string    // under every page, beside its number
	Made   time.Time // the moment that the file gives as its own
	Blocks []Block
}

// Style is how a block is set.
type Style int

// The styles.
const (
	Body    Style = iota // a paragraph
	Title                // centred, large
	Heading              // bold
	Small                // a paragraph in small type
	Tabular              // a table
	Boxed                // a stamp: small paragraphs in a frame, never cut by the end of a page
)

// Block is a part of a paper.
type Block struct {
	Style Style
	Spans []Span // of a paragraph or a title; a line break in a text begins a line
	Lines []string
	Table *Table
}

// Span is text of one weight.
type Span struct {
	Text string
	Bold bool
}

// Table is rows of cells.
type Table struct {
	Weights []int  // of the columns' widths; nil = all the same
	Right   []bool // columns that stand on the right; nil = none
	Head    int    // rows that are repeated on every page
	Rows    [][][]Span
}

// Text is a paragraph.
func Text(style Style, text string) Block { return Block{Style: style, Spans: []Span{{Text: text}}} }

// Box is a frame with lines.
func Box(lines ...string) Block { return Block{Style: Boxed, Lines: lines} }

// Cells is a row of a table.
func Cells(bold bool, texts ...string) [][]Span {
	row := make([][]Span, len(texts))
	for i, t := range texts {
		row[i] = []Span{{Text: t, Bold: bold}}
	}
	return row
}

// Plain is the text of spans.
func Plain(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}
