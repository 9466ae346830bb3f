package onec

import (
	"fmt"
	"strings"
)

// Encode writes the statement as a file of its Encoding (Windows when it has
// none), lines ended by CR LF, Кодировка set to match the bytes. It fails when a
// text has a line break, when a key is not one, or when the code page lacks a letter.
// It does not check totals: broken files are wanted too, for tests.
func (s *Statement) Encode() ([]byte, error) {
	w := writer{}
	head := *s
	if head.Encoding == "" {
		head.Encoding = Windows
	}
	head.Declared = string(head.Encoding)
	w.plain(mark)
	put := writeKeys(&w, headerKeys, &head)
	put(head.Extra)
	for _, account := range s.Accounts {
		w.pair(keyAccount, account)
	}
	for _, kind := range s.DocumentKinds {
		w.pair(keyKind, kind)
	}
	for i := range s.Sections {
		w.plain(sectionStart)
		writeKeys(&w, sectionKeys, &s.Sections[i])(s.Sections[i].Extra)
		w.plain(sectionEnd)
	}
	for i := range s.Documents {
		w.pair(documentStart, s.Documents[i].Kind)
		writeKeys(&w, documentKeys, &s.Documents[i])(s.Documents[i].Extra)
		w.plain(documentEnd)
	}
	w.plain(fileEnd)
	if w.err != nil {
		return nil, w.err
	}
	page := head.Encoding.codePage()
	if page == nil {
		return []byte(w.b.String()), nil
	}
	out, err := page.NewEncoder().Bytes([]byte(w.b.String()))
	if err != nil {
		return nil, fmt.Errorf("onec: a letter is not of %s: %w", head.Encoding.name(), err)
	}
	return out, nil
}

// writer keeps the first error.
type writer struct {
	b   strings.Builder
	err error
}

func (w *writer) plain(line string) {
	if w.err == nil && strings.ContainsAny(line, "\r\n") {
		w.err = fmt.Errorf("onec: a line break in %q", bound(line))
	}
	w.b.WriteString(line)
	w.b.WriteString("\r\n")
}

func (w *writer) pair(name, value string) {
	if w.err == nil && (name == "" || strings.TrimSpace(name) != name || strings.Contains(name, "=")) {
		w.err = fmt.Errorf("onec: %q is not a key", bound(name))
	}
	w.plain(name + "=" + value)
}

// writeKeys writes what the table knows and returns what writes the rest.
func writeKeys[T any](w *writer, keys table[T], t *T) func([]Field) {
	for _, k := range keys.rows {
		if value, ok := k.get(t); ok {
			w.pair(k.name, value)
		}
	}
	return func(extra []Field) {
		for _, f := range extra {
			w.pair(f.Key, f.Value)
		}
	}
}
