package document

import (
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// family names the font in the file.
const family = "go"

// face is a weight of the font: how wide each of its characters is.
type face struct {
	style string
	ttf   []byte
	width [1 << 16]uint16 // thousandths of the size; 0 = the font does not have it
}

// faces are the regular and the bold weight: the Go font family, which has Latin, Greek
// and Cyrillic, under the licence of Go itself.
var faces = sync.OnceValue(func() *[2]face {
	all := &[2]face{{style: "", ttf: goregular.TTF}, {style: "B", ttf: gobold.TTF}}
	for i := range all {
		f := &all[i]
		font, err := sfnt.Parse(f.ttf)
		if err != nil {
			panic("document: the font of the program cannot be read: " + err.Error())
		}
		probe := fpdf.New("P", "pt", "A4", "")
		probe.AddUTF8FontFromBytes(family, f.style, f.ttf)
		probe.SetFont(family, f.style, 10)
		var buffer sfnt.Buffer
		for r := rune(' '); r < 1<<16; r++ {
			if index, err := font.GlyphIndex(&buffer, r); err == nil && index != 0 && !unicode.IsControl(r) {
				f.width[r] = uint16(max(1, min(probe.GetStringSymbolWidth(string(r)), 4000)))
			}
		}
	}
	return all
})

func faceOf(bold bool) *face {
	if bold {
		return &faces()[1]
	}
	return &faces()[0]
}

// missing stands for a character that the font does not have: visible, so that nobody
// takes the text for whole.
const missing = '□'

// clean makes text of one weight printable: accents on their letters, no control or
// direction marks, and a box for what the font does not have. Line breaks stay.
func clean(text string, f *face) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, string(missing)))
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\t", " ", "₽", "руб.").Replace(text)
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
			return -1
		case r < 1<<16 && f.width[r] > 0:
			return r
		case r == '\u2011':
			return '-'
		case unicode.IsSpace(r):
			return ' '
		}
		return missing
	}, text)
}

// run is text of one weight on one line.
type run struct {
	text string
	bold bool
	x    int // from the line's beginning, thousandths of a point
}

// line is runs beside each other, and how wide they are together.
type line struct {
	runs  []run
	width int
}

// atom is a word or a space, or a part of a word that is wider than a line.
type atom struct {
	text  string
	bold  bool
	width int
	space bool
}

// wrap breaks spans into lines of at most width thousandths of a point at a size in
// points: between words, and inside a word only when it is wider than a line.
func wrap(spans []Span, size, width int) []line {
	var lines []line
	var now line
	var pending []atom // spaces that count only when a word follows
	end := func() {
		lines, now, pending = append(lines, now), line{}, nil
	}
	put := func(a atom) {
		if n := len(now.runs); n > 0 && now.runs[n-1].bold == a.bold {
			now.runs[n-1].text += a.text
		} else {
			now.runs = append(now.runs, run{text: a.text, bold: a.bold, x: now.width})
		}
		now.width += a.width
	}
	for _, group := range words(spans, size, width) {
		if group == nil { // a line break
			end()
			continue
		}
		if group[0].space {
			pending = append(pending, group...)
			continue
		}
		total := 0
		for _, a := range append(pending, group...) {
			total += a.width
		}
		if len(now.runs) > 0 && now.width+total > width {
			end()
		}
		if len(now.runs) > 0 {
			for _, a := range pending {
				put(a)
			}
		}
		pending = nil
		for _, a := range group {
			if len(now.runs) > 0 && now.width+a.width > width {
				end()
			}
			put(a)
		}
	}
	end()
	return lines
}

// words takes spans apart into spaces, words (atoms without a space between them, of
// whatever weights) and line breaks (nil).
func words(spans []Span, size, width int) [][]atom {
	var groups [][]atom
	joined := false // the last group is a word that goes on
	for _, s := range spans {
		f := faceOf(s.Bold)
		for i, part := range strings.Split(clean(s.Text, f), "\n") {
			if i > 0 {
				groups, joined = append(groups, nil), false
			}
			for part != "" {
				n := strings.IndexByte(part, ' ')
				switch {
				case n == 0:
					groups, joined = append(groups, []atom{{" ", s.Bold, int(f.width[' ']) * size, true}}), false
					part = part[1:]
					continue
				case n < 0:
					n = len(part)
				}
				word := f.pieces(part[:n], s.Bold, size, width)
				if part = part[n:]; joined {
					groups[len(groups)-1] = append(groups[len(groups)-1], word...)
				} else {
					groups = append(groups, word)
				}
				joined = true
			}
		}
	}
	return groups
}

// pieces cuts a word that is wider than a line.
func (f *face) pieces(word string, bold bool, size, width int) []atom {
	var out []atom
	from, w := 0, 0
	for i, r := range word {
		advance := int(f.width[r]) * size
		if w > 0 && w+advance > width {
			out, from, w = append(out, atom{text: word[from:i], bold: bold, width: w}), i, 0
		}
		w += advance
	}
	return append(out, atom{text: word[from:], bold: bold, width: w})
}
