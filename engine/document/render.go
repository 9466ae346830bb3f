package document

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"

	"github.com/provodka/provodka/ledger/fault"
)

// Bounds of a paper: what is longer is refused, so that no value can eat the memory.
const (
	MaxPages = 200
	MaxRunes = 400_000
)

// The page, in thousandths of a point: A4 with margins of 20 and 15 mm.
const (
	pageWidth    = 595_276
	pageHeight   = 841_890
	left         = 56_693
	right        = 42_520
	top          = 42_520
	bottom       = 56_693
	textWidth    = pageWidth - left - right
	cellPad      = 3_500
	lineFactor   = 1_300 // height of a line, thousandths of the size
	ascent       = 950   // of the baseline below the line's top
	ruleWidth    = 500
	leastColumn  = 24_000
	footerSize   = 8
	spaceBetween = 6_000
)

var sizes = map[Style]int{Body: 10, Title: 14, Heading: 11, Small: 8, Tabular: 9, Boxed: 8}

// Render makes the PDF of a paper: the same paper gives the same bytes.
func Render(p Paper) ([]byte, *fault.Refusal) {
	if n := p.runes(); n > MaxRunes {
		return nil, fault.Refuse(fault.RequestTooLarge, "", "the document has %d characters, at most %d are set", n, MaxRunes)
	}
	s := &setter{}
	s.page()
	for _, b := range p.Blocks {
		s.block(b)
		if len(s.pages) > MaxPages {
			return nil, fault.Refuse(fault.RequestTooLarge, "", "the document has more than %d pages", MaxPages)
		}
	}
	return s.draw(p), nil
}

func (p Paper) runes() int {
	n := utf8.RuneCountInString(p.Title) + utf8.RuneCountInString(p.Footer)
	for _, b := range p.Blocks {
		n += utf8.RuneCountInString(Plain(b.Spans))
		for _, l := range b.Lines {
			n += utf8.RuneCountInString(l)
		}
		if b.Table == nil {
			continue
		}
		for _, row := range b.Table.Rows {
			for _, cell := range row {
				n += utf8.RuneCountInString(Plain(cell)) + 1
			}
		}
	}
	return n
}

// mark is a run or a rule at its place on a page, thousandths of a point from its top left.
type mark struct {
	x, y int
	text string // "" = a rule
	bold bool
	size int
	toX  int // of a rule
	toY  int
}

// setter puts lines on pages.
type setter struct {
	pages [][]mark
	y     int // the next line's top
}

func (s *setter) page() {
	s.pages, s.y = append(s.pages, nil), top
}

func (s *setter) put(m mark) {
	last := len(s.pages) - 1
	s.pages[last] = append(s.pages[last], m)
}

// room is what is left of the page.
func (s *setter) room() int { return pageHeight - bottom - s.y }

// text puts one line at x.
func (s *setter) text(l line, x, y, size int) {
	for _, r := range l.runs {
		s.put(mark{x: x + r.x, y: y + size*ascent, text: r.text, bold: r.bold, size: size})
	}
}

func (s *setter) rule(x, y, toX, toY int) { s.put(mark{x: x, y: y, toX: toX, toY: toY}) }

func (s *setter) block(b Block) {
	size := sizes[b.Style]
	height := size * lineFactor
	switch b.Style {
	case Tabular:
		if b.Table != nil {
			s.table(*b.Table, size)
		}
		return
	case Boxed:
		s.box(b.Lines, size)
		return
	case Body, Title, Heading, Small:
	}
	spans := b.Spans
	if b.Style == Title || b.Style == Heading {
		spans = slices.Clone(spans)
		for i := range spans {
			spans[i].Bold = true
		}
	}
	lines := wrap(spans, size, textWidth)
	if b.Style == Heading && s.room() < 3*height { // a heading does not stand alone at the end of a page
		s.page()
	}
	for _, l := range lines {
		if s.room() < height {
			s.page()
		}
		x := left
		if b.Style == Title {
			x += (textWidth - l.width) / 2
		}
		s.text(l, x, s.y, size)
		s.y += height
	}
	s.y += spaceBetween
}

// box sets a stamp on one page, unless it is longer than a page.
func (s *setter) box(texts []string, size int) {
	height := size * lineFactor
	var lines []line
	for i, t := range texts {
		lines = append(lines, wrap([]Span{{Text: t, Bold: i == 0}}, size, textWidth-2*cellPad)...)
	}
	if need := len(lines)*height + 2*cellPad; s.room() < need && need <= pageHeight-top-bottom {
		s.page()
	}
	for len(lines) > 0 {
		n := min(len(lines), max(1, (s.room()-2*cellPad)/height))
		from := s.y
		s.y += cellPad
		for _, l := range lines[:n] {
			s.text(l, left+cellPad, s.y, size)
			s.y += height
		}
		s.y += cellPad
		s.frame(left, from, left+textWidth, s.y)
		if lines = lines[n:]; len(lines) > 0 {
			s.page()
		}
	}
	s.y += spaceBetween
}

func (s *setter) frame(x, y, toX, toY int) {
	s.rule(x, y, toX, y)
	s.rule(x, toY, toX, toY)
	s.rule(x, y, x, toY)
	s.rule(toX, y, toX, toY)
}

// columns are the borders of a table's columns.
func (t Table) columns() []int {
	n := 0
	for _, row := range t.Rows {
		n = max(n, len(row))
	}
	weights, sum := make([]int, n), 0
	for i := range weights {
		weights[i] = 1
		if i < len(t.Weights) {
			weights[i] = min(max(1, t.Weights[i]), 1000)
		}
		sum += weights[i]
	}
	least := min(leastColumn, textWidth/max(1, n))
	at, before := make([]int, n+1), 0
	for i := range at {
		at[i] = left + i*least + (textWidth-n*least)*before/max(1, sum)
		if i < n {
			before += weights[i]
		}
	}
	return at
}

func (s *setter) table(t Table, size int) {
	at := t.columns()
	if len(at) < 2 {
		return
	}
	head := min(max(0, t.Head), len(t.Rows))
	for i, row := range t.Rows {
		cells := t.set(row, at, size)
		if most := tallest(cells); i >= head && s.room() < min(most, 3)*size*lineFactor+2*cellPad {
			s.page()
			for _, again := range t.Rows[:head] {
				s.row(t, t.set(again, at, size), at, size)
			}
		}
		s.row(t, cells, at, size)
	}
	s.y += spaceBetween
}

// set wraps the cells of a row.
func (t Table) set(row [][]Span, at []int, size int) [][]line {
	cells := make([][]line, len(at)-1)
	for i := range cells {
		if i < len(row) {
			cells[i] = wrap(row[i], size, max(at[i+1]-at[i]-2*cellPad, size*1000))
		}
	}
	return cells
}

func tallest(cells [][]line) int {
	most := 1
	for _, c := range cells {
		most = max(most, len(c))
	}
	return most
}

// row sets the cells of a row beside each other; what does not fit goes on on the next page.
func (s *setter) row(t Table, cells [][]line, at []int, size int) {
	height := size * lineFactor
	for {
		n := min(tallest(cells), (s.room()-2*cellPad)/height)
		if n < 1 {
			s.page()
			continue
		}
		from := s.y
		for i, c := range cells {
			for k, l := range c[:min(n, len(c))] {
				x := at[i] + cellPad
				if i < len(t.Right) && t.Right[i] {
					x = at[i+1] - cellPad - l.width
				}
				s.text(l, x, from+cellPad+k*height, size)
			}
			cells[i] = c[min(n, len(c)):]
		}
		s.y = from + n*height + 2*cellPad
		s.rule(at[0], from, at[len(at)-1], from)
		s.rule(at[0], s.y, at[len(at)-1], s.y)
		for _, x := range at {
			s.rule(x, from, x, s.y)
		}
		if slices.IndexFunc(cells, func(c []line) bool { return len(c) > 0 }) < 0 || len(s.pages) > MaxPages {
			return
		}
		s.page()
	}
}

// draw writes the pages down.
func (s *setter) draw(p Paper) []byte {
	pdf := fpdf.New("P", "pt", "A4", "")
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(p.Made.UTC())
	pdf.SetModificationDate(p.Made.UTC())
	pdf.SetProducer("Provodka", true)
	pdf.SetTitle(clean(p.Title, faceOf(false)), true)
	pdf.SetLang("ru")
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetLineWidth(pt(ruleWidth))
	for i := range faces() {
		pdf.AddUTF8FontFromBytes(family, faces()[i].style, bytes.Clone(faces()[i].ttf))
	}
	for i, marks := range s.pages {
		pdf.AddPage()
		for _, m := range append(marks, footer(p.Footer, i+1, len(s.pages))...) {
			if m.text == "" {
				pdf.Line(pt(m.x), pt(m.y), pt(m.toX), pt(m.toY))
				continue
			}
			pdf.SetFont(family, faceOf(m.bold).style, pt(m.size*1000))
			pdf.Text(pt(m.x), pt(m.y), m.text)
		}
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		panic("document: the PDF cannot be written: " + err.Error()) // everything in it was checked
	}
	return out.Bytes()
}

// footer is the foot of a page: what the paper is, and which page of how many.
func footer(text string, page, pages int) []mark {
	y := pageHeight - bottom/2
	number := wrap([]Span{{Text: fmt.Sprintf("стр. %d из %d", page, pages)}}, footerSize, textWidth)[0]
	marks := []mark{{x: left + textWidth - number.width, y: y, text: number.runs[0].text, size: footerSize}}
	for _, r := range wrap([]Span{{Text: text}}, footerSize, textWidth-number.width-20_000)[0].runs {
		marks = append(marks, mark{x: left + r.x, y: y, text: r.text, size: footerSize})
	}
	return marks
}

// pt is a length as the PDF library takes it.
func pt(thousandths int) float64 { // float: coordinates on paper
	return float64(thousandths) / 1000 // float: the same
}
