package document

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/provodka/provodka/ledger/fault"
)

// Kind is a kind of document.
type Kind string

// The kinds.
const (
	Agreement Kind = "agreement"
	Act       Kind = "act"
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Agreement, Act} }

// MaxTemplateBytes bounds a template.
const MaxTemplateBytes = 128 << 10

// FactPlaceholder names the placeholder that a template_invalid refusal is about.
const FactPlaceholder = "placeholder"

// Template is a text that was checked.
type Template struct {
	Kind    Kind
	Version string // SHA-256 of the text, hexadecimal: what a task keeps
	Text    string
	blocks  []templateBlock
}

type templateBlock struct {
	style Style
	text  phrase     // of anything but a table
	rows  [][]phrase // of a table
	table Table      // its columns
}

// phrase is text with names in it.
type phrase []piece

type piece struct {
	text string
	name string // a placeholder; "" = text
	bold bool
}

//go:embed agreement.txt
var agreementText string

//go:embed act.txt
var actText string

var typical = map[Kind]*Template{Agreement: mustParse(Agreement, agreementText), Act: mustParse(Act, actText)}

// Typical is the house's own template of a kind.
func Typical(kind Kind) *Template { return typical[kind] }

func mustParse(kind Kind, text string) *Template {
	t, refusal := Parse(kind, text)
	if refusal != nil {
		panic("document: the typical " + string(kind) + ": " + refusal.Reason)
	}
	return t
}

// Version is the version of a template's text.
func Version(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Parse reads a template: a line with # is the title, with ## a heading, lines with | are
// a table, whose columns a line |---|--:| gives widths and sides; other lines until an empty
// one are a paragraph. A name of document.md stands in double braces, bold text in double
// asterisks.
func Parse(kind Kind, text string) (*Template, *fault.Refusal) {
	switch {
	case !slices.Contains(Kinds(), kind):
		return nil, fault.Refuse(fault.TemplateInvalid, "kind", "%.32q is not a kind of document", kind)
	case len(text) > MaxTemplateBytes:
		return nil, fault.Refuse(fault.TemplateInvalid, "text", "the template has %d bytes, at most %d are read", len(text), MaxTemplateBytes)
	case !utf8.ValidString(text):
		return nil, fault.Refuse(fault.TemplateInvalid, "text", "the template is not UTF-8")
	}
	p := &parser{kind: kind, seen: map[string]bool{}}
	for i, line := range strings.Split(strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n"), "\n") {
		p.number = i + 1
		if refusal := p.line(strings.TrimSpace(line)); refusal != nil {
			return nil, refusal
		}
	}
	p.flush()
	for _, ph := range placeholders {
		if slices.Contains(ph.Required, kind) && !p.seen[ph.Name] {
			return nil, fault.Refuse(fault.TemplateInvalid, "text", "{{%s}} (%s) does not stand in the template", ph.Name, ph.Russian).
				With(FactPlaceholder, ph.Name)
		}
	}
	return &Template{Kind: kind, Version: Version(text), Text: text, blocks: p.blocks}, nil
}

type parser struct {
	kind   Kind
	number int // of the line
	seen   map[string]bool
	blocks []templateBlock
	text   phrase         // of the paragraph that is read
	table  *templateBlock // that is read
}

func (p *parser) flush() {
	if len(p.text) > 0 {
		p.blocks = append(p.blocks, templateBlock{style: Body, text: p.text})
		p.text = nil
	}
	if p.table != nil && len(p.table.rows) > 0 {
		p.blocks = append(p.blocks, *p.table)
	}
	p.table = nil
}

func (p *parser) line(line string) *fault.Refusal {
	if strings.HasPrefix(line, "|") {
		return p.row(line)
	}
	if p.table != nil {
		p.flush()
	}
	style, rest := Body, line
	if after, ok := strings.CutPrefix(line, "## "); ok {
		style, rest = Heading, after
	} else if after, ok := strings.CutPrefix(line, "# "); ok {
		style, rest = Title, after
	}
	if line == "" || style != Body {
		p.flush()
	}
	if line == "" {
		return nil
	}
	text, refusal := p.phrase(rest)
	if refusal != nil {
		return refusal
	}
	if style != Body {
		p.blocks = append(p.blocks, templateBlock{style: style, text: text})
		return nil
	}
	if len(p.text) > 0 {
		p.text = append(p.text, piece{text: " "})
	}
	p.text = append(p.text, text...)
	return nil
}

// mostColumns bounds a table.
const mostColumns = 12

func (p *parser) row(line string) *fault.Refusal {
	if p.table == nil {
		p.flush()
		p.table = &templateBlock{style: Tabular}
	}
	cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
	if len(cells) > mostColumns {
		return fault.Refuse(fault.TemplateInvalid, "text", "line %d: a table has at most %d columns", p.number, mostColumns)
	}
	if strings.Trim(line, "|-: ") == "" && strings.Contains(line, "-") {
		if len(p.table.rows) > 0 || p.table.table.Weights != nil {
			return fault.Refuse(fault.TemplateInvalid, "text", "line %d: widths stand above a table", p.number)
		}
		for _, c := range cells {
			c = strings.TrimSpace(c)
			p.table.table.Weights = append(p.table.table.Weights, max(1, strings.Count(c, "-")))
			p.table.table.Right = append(p.table.table.Right, strings.HasSuffix(c, ":"))
		}
		return nil
	}
	var row []phrase
	for _, c := range cells {
		text, refusal := p.phrase(strings.TrimSpace(c))
		if refusal != nil {
			return refusal
		}
		row = append(row, text)
	}
	width := len(p.table.table.Weights)
	if len(p.table.rows) > 0 {
		width = len(p.table.rows[0])
	}
	if width > 0 && len(row) != width {
		return fault.Refuse(fault.TemplateInvalid, "text", "line %d: the table has %d columns, the row %d", p.number, width, len(row))
	}
	p.table.rows = append(p.table.rows, row)
	return nil
}

// phrase takes a line apart: text, names, bold.
func (p *parser) phrase(text string) (phrase, *fault.Refusal) {
	var out phrase
	bold := false
	for text != "" {
		at := len(text)
		for _, mark := range []string{"{{", "}}", "**"} {
			if i := strings.Index(text, mark); i >= 0 {
				at = min(at, i)
			}
		}
		if at > 0 {
			out, text = append(out, piece{text: text[:at], bold: bold}), text[at:]
			continue
		}
		switch text[:2] {
		case "**":
			bold, text = !bold, text[2:]
			continue
		case "}}":
			return nil, fault.Refuse(fault.TemplateInvalid, "text", "line %d: }} closes nothing", p.number)
		}
		name, rest, ok := strings.Cut(text[2:], "}}")
		if !ok {
			return nil, fault.Refuse(fault.TemplateInvalid, "text", "line %d: {{ is not closed", p.number)
		}
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(placeholders, func(ph Placeholder) bool { return ph.Name == name })
		if i < 0 || !slices.Contains(placeholders[i].Kinds, p.kind) {
			return nil, fault.Refuse(fault.TemplateInvalid, "text", "line %d: {{%.64s}} is no name of a document of kind %s", p.number, name, p.kind).
				With(FactPlaceholder, cut(name))
		}
		p.seen[name] = true
		out, text = append(out, piece{name: name, bold: bold}), rest
	}
	return out, nil
}

// cut bounds what a refusal repeats.
func cut(name string) string {
	r := []rune(name)
	return string(r[:min(len(r), 64)])
}

// absent stands where a value is not known.
const absent = "—"

// Fill makes a paper of the template. A value that is not there is a dash.
func (t *Template) Fill(values Values) Paper {
	var p Paper
	for _, b := range t.blocks {
		out := Block{Style: b.style, Spans: b.text.fill(values)}
		if b.style == Tabular {
			table := b.table
			for _, row := range b.rows {
				var cells [][]Span
				for _, c := range row {
					cells = append(cells, c.fill(values))
				}
				table.Rows = append(table.Rows, cells)
			}
			out.Table = &table
		}
		if b.style == Title && p.Title == "" {
			p.Title = Plain(out.Spans)
		}
		p.Blocks = append(p.Blocks, out)
	}
	return p
}

func (p phrase) fill(values Values) []Span {
	spans := make([]Span, 0, len(p))
	for _, piece := range p {
		text := piece.text
		if piece.name != "" {
			text = cmp.Or(values[piece.name], absent)
		}
		spans = append(spans, Span{Text: text, Bold: piece.bold})
	}
	return spans
}
