package leanxml

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// Unmarshal reads a document into a new value, as xml.Unmarshal does.
func Unmarshal[T any](data []byte) (*T, error) {
	if text, ok := plain(data); ok {
		into := new(T)
		if xml.NewTokenDecoder(&tokens{rest: text}).Decode(into) == nil {
			return into, nil
		}
	}
	into := new(T)
	return into, xml.Unmarshal(data, into)
}

// heads are the first lines that a plain document may have.
var heads = []string{`<?xml version="1.0" encoding="UTF-8"?>`, `<?xml version="1.0" encoding="utf-8"?>`}

// plain is a document behind its first line; false when it has what tokens does not read.
func plain(data []byte) (string, bool) {
	text := string(data)
	for _, h := range heads {
		text = strings.TrimPrefix(text, h)
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c == '&', c < ' ' && c != '\n' && c != '\t', c == ']':
			return "", false
		case c == '<' && i+1 < len(text) && (text[i+1] == '!' || text[i+1] == '?'):
			return "", false
		}
	}
	return text, utf8.ValidString(text) && !strings.Contains(text, "\uFFFE") && !strings.Contains(text, "\uFFFF")
}

// errOdd sends a document to the library.
var errOdd = errors.New("leanxml: not plain")

// tokens cuts a plain document into tags and texts.
type tokens struct {
	rest string
	open []xml.Name
	end  bool // of the element that was opened last: it closed itself
}

// Token implements xml.TokenReader.
func (t *tokens) Token() (xml.Token, error) {
	if t.end {
		t.end = false
		return t.close(t.open[len(t.open)-1])
	}
	if t.rest == "" {
		return nil, io.EOF
	}
	if t.rest[0] != '<' {
		n := strings.IndexByte(t.rest, '<')
		if n < 0 {
			return nil, errOdd
		}
		text := t.rest[:n]
		t.rest = t.rest[n:]
		return xml.CharData(text), nil
	}
	if strings.HasPrefix(t.rest, "</") {
		t.rest = t.rest[2:]
		name, ok := t.name()
		t.space()
		if !ok || !t.skip('>') {
			return nil, errOdd
		}
		return t.close(name)
	}
	t.rest = t.rest[1:]
	return t.start()
}

func (t *tokens) close(name xml.Name) (xml.Token, error) {
	if n := len(t.open); n == 0 || t.open[n-1] != name {
		return nil, errOdd
	}
	t.open = t.open[:len(t.open)-1]
	return xml.EndElement{Name: name}, nil
}

// start reads an opening tag behind its first character.
func (t *tokens) start() (xml.Token, error) {
	name, ok := t.name()
	if !ok {
		return nil, errOdd
	}
	e := xml.StartElement{Name: name}
	for {
		apart := t.space()
		switch {
		case t.skip('>'):
			t.open = append(t.open, name)
			return e, nil
		case strings.HasPrefix(t.rest, "/>"):
			t.rest, t.end = t.rest[2:], true
			t.open = append(t.open, name)
			return e, nil
		case !apart:
			return nil, errOdd
		}
		a, ok := t.attribute()
		if !ok {
			return nil, errOdd
		}
		e.Attr = append(e.Attr, a)
	}
}

// attribute reads name="value".
func (t *tokens) attribute() (a xml.Attr, ok bool) {
	if a.Name, ok = t.name(); !ok || !t.skip('=') || t.rest == "" {
		return a, false
	}
	quote := t.rest[0]
	if quote != '"' && quote != '\'' {
		return a, false
	}
	a.Value, t.rest, ok = strings.Cut(t.rest[1:], string(rune(quote)))
	return a, ok && !strings.ContainsAny(a.Value, "<>\n\t")
}

// name reads a name of ASCII letters, digits, hyphens, dots and lines, behind a prefix or
// none.
func (t *tokens) name() (xml.Name, bool) {
	n, colon := 0, -1
	for ; n < len(t.rest); n++ {
		c := t.rest[n]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		first := n == 0 || n == colon+1
		if c == ':' && colon < 0 && !first {
			colon = n
		} else if !letter && (first || (c < '0' || c > '9') && c != '-' && c != '.') {
			break
		}
	}
	text := t.rest[:n]
	t.rest = t.rest[n:]
	if n == 0 || colon == n-1 {
		return xml.Name{}, false
	}
	if colon < 0 {
		return xml.Name{Local: text}, true
	}
	return xml.Name{Space: text[:colon], Local: text[colon+1:]}, true
}

// space skips blanks, and says whether there were any.
func (t *tokens) space() bool {
	n := len(t.rest)
	t.rest = strings.TrimLeft(t.rest, " \n\t")
	return len(t.rest) < n
}

func (t *tokens) skip(c byte) bool {
	if t.rest == "" || t.rest[0] != c {
		return false
	}
	t.rest = t.rest[1:]
	return true
}

// paper is what is written on, used again.
type paper struct {
	out bytes.Buffer
	w   *bufio.Writer
}

var papers = sync.Pool{New: func() any {
	p := new(paper)
	p.w = bufio.NewWriter(&p.out) // an encoder takes a writer of this size as it is
	return p
}}

// Marshal writes a document as xml.Marshal does, behind the words of head.
func Marshal(head string, v any) ([]byte, error) {
	p := papers.Get().(*paper)
	defer papers.Put(p)
	p.out.Reset()
	p.w.Reset(&p.out)
	if _, err := p.w.WriteString(head); err != nil {
		return nil, err
	}
	enc := xml.NewEncoder(p.w)
	if err := errors.Join(enc.Encode(v), enc.Close()); err != nil {
		return nil, err
	}
	if err := p.w.Flush(); err != nil {
		return nil, err
	}
	return bytes.Clone(p.out.Bytes()), nil
}
