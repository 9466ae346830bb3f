package document

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/provodka/provodka/ledger/fault"
)

// anything draws texts as people and attackers write them.
func anything() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[А-Яа-яёЁ ,.«»—]{0,300}`),
		rapid.StringOf(rapid.SampledFrom([]rune("аЯ )(\\%{}|*#\n\r\t\u202e\u200b\u0301\u05d0\u0627👍🏽\U0001F468\u200d\U0001F4BB№₽□\u00a0\ufffe\uffff\U0010ffff"))),
		rapid.Just(strings.Repeat("Ы", 3000)), rapid.Just(string([]byte{0xff, 0xd0, 'a'})),
	)
}

func anySpans() *rapid.Generator[[]Span] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Span {
		return Span{Text: anything().Draw(t, "text"), Bold: rapid.Bool().Draw(t, "bold")}
	}), 0, 4)
}

func anyPaper() *rapid.Generator[Paper] {
	return rapid.Custom(func(t *rapid.T) Paper {
		p := Paper{Title: anything().Draw(t, "title"), Footer: anything().Draw(t, "footer")}
		for range rapid.IntRange(0, 5).Draw(t, "blocks") {
			b := Block{Style: Style(rapid.IntRange(0, 5).Draw(t, "style")), Spans: anySpans().Draw(t, "spans")}
			b.Lines = rapid.SliceOfN(anything(), 0, 4).Draw(t, "lines")
			if b.Style == Tabular {
				b.Table = &Table{
					Weights: rapid.SliceOfN(rapid.IntRange(-3, 5000), 0, 5).Draw(t, "weights"),
					Right:   rapid.SliceOfN(rapid.Bool(), 0, 5).Draw(t, "right"), Head: rapid.IntRange(-1, 3).Draw(t, "head"),
				}
				for range rapid.IntRange(0, 6).Draw(t, "rows") {
					b.Table.Rows = append(b.Table.Rows, rapid.SliceOfN(anySpans(), 0, 4).Draw(t, "row"))
				}
			}
			p.Blocks = append(p.Blocks, b)
		}
		return p
	})
}

// said is what a paper must show, in order of its blocks' paragraphs; tables are shown cell
// by cell over pages, so their characters are only counted.
func said(p Paper) (text string, counted map[rune]int) {
	counted = map[rune]int{}
	var b strings.Builder
	add := func(spans []Span, bold bool) string {
		var b strings.Builder
		for _, s := range spans {
			b.WriteString(clean(s.Text, faceOf(s.Bold || bold)))
		}
		return squeezed(b.String())
	}
	for _, block := range p.Blocks {
		switch block.Style {
		case Tabular:
			if block.Table == nil {
				continue
			}
			for _, row := range block.Table.Rows {
				for _, cell := range row {
					for _, r := range add(cell, false) {
						counted[r]++
					}
				}
			}
		case Boxed:
			for i, l := range block.Lines {
				b.WriteString(add([]Span{{Text: l, Bold: i == 0}}, false))
			}
		default:
			b.WriteString(add(block.Spans, block.Style == Title || block.Style == Heading))
		}
	}
	return b.String(), counted
}

// TestEveryCharacterStandsOnAPage: whatever is in a paper, it is shown or replaced by a box,
// inside the margins, and nothing panics.
func TestEveryCharacterStandsOnAPage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyPaper().Draw(t, "paper")
		p.Footer = ""
		file, refusal := Render(p)
		if refusal != nil {
			if refusal.Code != fault.RequestTooLarge {
				t.Fatal(refusal)
			}
			return
		}
		var b strings.Builder
		counted := map[rune]int{}
		for _, s := range readPDF(t, file) {
			x, errX := strconv.ParseFloat(s.x, 64) // float: coordinates on paper
			y, errY := strconv.ParseFloat(s.y, 64) // float: the same
			if errX != nil || errY != nil || x < 56 || x > 595-42 || y < 20 || y > 842-42 {
				t.Fatalf("%q stands at %s, %s", s.text, s.x, s.y)
			}
			if strings.HasPrefix(s.text, "стр. ") && y < 56 {
				continue
			}
			b.WriteString(squeezed(s.text))
			for _, r := range squeezed(s.text) {
				counted[r]++
			}
		}
		text, cells := said(p)
		if len(cells) == 0 && b.String() != text {
			t.Fatalf("shown\n%q\nwant\n%q", b.String(), text)
		}
		for _, r := range text {
			cells[r]++
		}
		for r, n := range cells {
			if counted[r] < n {
				t.Fatalf("%q is shown %d times of %d", r, counted[r], n)
			}
		}
	})
}

// TestLinesAreNoWiderThanAsked: and nothing but spaces is lost between them.
func TestLinesAreNoWiderThanAsked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spans, size := anySpans().Draw(t, "spans"), rapid.IntRange(6, 16).Draw(t, "size")
		width := rapid.IntRange(size*4000, textWidth).Draw(t, "width")
		var got, want strings.Builder
		for _, l := range wrap(spans, size, width) {
			if l.width > width {
				t.Fatalf("a line has %d of %d", l.width, width)
			}
			at := 0
			for _, r := range l.runs {
				if r.x != at {
					t.Fatalf("%q begins at %d, the one before ends at %d", r.text, r.x, at)
				}
				for _, c := range r.text {
					at += int(faceOf(r.bold).width[c]) * size
				}
				got.WriteString(r.text)
			}
			if at != l.width {
				t.Fatalf("a line of %d says it has %d", at, l.width)
			}
		}
		for _, s := range spans {
			want.WriteString(clean(s.Text, faceOf(s.Bold)))
		}
		if g, w := squeezed(got.String()), squeezed(want.String()); g != w {
			t.Fatalf("%q became %q", w, g)
		}
	})
}

func TestLongPapersAreRefused(t *testing.T) {
	t.Parallel()
	if _, refusal := Render(Paper{Blocks: []Block{Text(Body, strings.Repeat("а", MaxRunes+1))}}); refusal == nil || refusal.Code != fault.RequestTooLarge {
		t.Error(refusal)
	}
	if _, refusal := Render(Paper{Blocks: []Block{Text(Body, strings.Repeat("\n", MaxRunes))}}); refusal == nil || refusal.Code != fault.RequestTooLarge {
		t.Error(refusal)
	}
	rows := make([][][]Span, 30_000)
	for i := range rows {
		rows[i] = Cells(false, "1", "2")
	}
	if _, refusal := Render(Paper{Blocks: []Block{{Style: Tabular, Table: &Table{Rows: rows}}}}); refusal == nil || refusal.Code != fault.RequestTooLarge {
		t.Error(refusal)
	}
}

func TestTablesRepeatTheirHead(t *testing.T) {
	t.Parallel()
	table := &Table{Head: 1, Right: []bool{false, true}, Rows: [][][]Span{Cells(true, "День", "Сумма")}}
	for i := range 120 {
		table.Rows = append(table.Rows, Cells(false, strconv.Itoa(i+1000), "10,00"))
	}
	pages := map[int]int{}
	last := 0
	for _, s := range readPDF(t, render(t, Paper{Blocks: []Block{{Style: Tabular, Table: table}}})) {
		last = s.page
		if s.text == "Сумма" {
			pages[s.page]++
		}
	}
	if last < 3 || len(pages) != last {
		t.Errorf("%d pages, heads %v", last, pages)
	}
}
