package document

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
	"strings"
	"unicode/utf16"
)

var (
	streams = regexp.MustCompile(`(?s)<<(/Filter /FlateDecode )?/Length \d+>>\nstream\n(.*?)\nendstream`)
	shown   = regexp.MustCompile(`(?s)BT ([0-9.-]+) ([0-9.-]+) Td \(((?:\\.|[^\\)])*)\) Tj ET`)
)

// failer is a test or a property.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// shownText is a piece of text on a page.
type shownText struct {
	page int
	x, y string
	text string
}

// readPDF reads the texts of a PDF back, page by page, in the order in which they are drawn.
func readPDF(t failer, file []byte) []shownText {
	t.Helper()
	if !bytes.HasPrefix(file, []byte("%PDF-")) || !bytes.HasSuffix(bytes.TrimSpace(file), []byte("%%EOF")) {
		t.Fatal("no PDF")
	}
	var all []shownText
	page := 0
	for _, m := range streams.FindAllSubmatch(file, -1) {
		data := m[2]
		if len(m[1]) > 0 {
			r, err := zlib.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if data, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
		found := shown.FindAllSubmatch(data, -1)
		if len(found) == 0 {
			continue
		}
		page++
		for _, f := range found {
			all = append(all, shownText{page, string(f[1]), string(f[2]), utf16Text(t, f[3])})
		}
	}
	return all
}

func utf16Text(t failer, escaped []byte) string {
	t.Helper()
	var raw []byte
	for i := 0; i < len(escaped); i++ {
		if escaped[i] == '\\' {
			i++
			if c := escaped[i]; c == 'r' {
				raw = append(raw, '\r')
				continue
			}
		}
		raw = append(raw, escaped[i])
	}
	if len(raw)%2 != 0 {
		t.Fatalf("%d bytes are no UTF-16", len(raw))
	}
	var units []uint16
	for i := 0; i < len(raw); i += 2 {
		units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
	}
	return string(utf16.Decode(units))
}

// textOf is everything that a PDF shows, without spaces: lines break where they want.
func textOf(t failer, file []byte) string {
	t.Helper()
	var b strings.Builder
	for _, s := range readPDF(t, file) {
		b.WriteString(s.text)
	}
	return squeezed(b.String())
}

func squeezed(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\u00a0' }), "")
}
