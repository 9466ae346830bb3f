package onec

import (
	"fmt"
	"strings"

	"github.com/provodka/provodka/ledger/fault"
)

// MaxBytes is the largest file that is read: 64 MiB, about 50,000 documents.
const MaxBytes = 64 << 20

// Read reads a whole file. The refusal is file_encoding, file_truncated,
// file_totals or file_format; its field is "line N" where a line is to blame.
// Sums are rubles of scale 2; nothing is rounded.
func Read(data []byte) (*Statement, *fault.Refusal) {
	if len(data) > MaxBytes {
		return nil, fault.Refuse(fault.FileFormat, "", "the file has %d bytes, at most %d are read", len(data), MaxBytes)
	}
	text, enc, refusal := decode(data)
	if refusal != nil {
		return nil, refusal
	}
	r := reader{s: &Statement{Encoding: enc}}
	for line := range strings.Lines(text) {
		r.number++
		whole, cut := strings.CutSuffix(line, "\n")
		if refusal := r.line(strings.TrimSuffix(whole, "\r")); refusal != nil {
			if !cut && !r.ended { // the end of the file is in the middle of a line
				return nil, fault.Refuse(fault.FileTruncated, refusal.Field, "the file ends in the middle of a line: %s", refusal.Reason)
			}
			return nil, refusal
		}
	}
	if refusal := r.end(); refusal != nil {
		return nil, refusal
	}
	if refusal := r.s.settle(); refusal != nil {
		return nil, refusal
	}
	return r.s, nil
}

// reader is where we are in the file: in the header, in a section, in a document,
// between them, or after the end.
type reader struct {
	s        *Statement
	number   int // of the line, from 1
	section  *Section
	document *Document
	started  bool // some section or document was begun: the header is over
	ended    bool
	seen     map[string]int // keys of the open section, document or header, by line
}

func (r *reader) refuse(format string, args ...any) *fault.Refusal {
	return fault.Refuse(fault.FileFormat, lineField(r.number), format, args...)
}

// line takes one line.
func (r *reader) line(line string) *fault.Refusal {
	trimmed := strings.TrimSpace(line)
	switch {
	case trimmed == "":
		return nil
	case r.ended:
		return r.refuse("text after %s: %q", fileEnd, bound(trimmed))
	case r.number == 1: // decode has looked at it
		r.seen = map[string]int{}
		return nil
	}
	name, value, pair := strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	switch {
	case trimmed == fileEnd:
		r.ended = true
		return r.closed("the file")
	case trimmed == sectionStart:
		return r.open(func() { r.section = &Section{Line: r.number} })
	case name == documentStart && pair:
		return r.open(func() { r.document = &Document{Line: r.number, Kind: strings.TrimSpace(value)} })
	case trimmed == sectionEnd:
		return r.endSection()
	case trimmed == documentEnd:
		return r.endDocument()
	case !pair || name == "":
		return r.refuse("neither Key=Value nor a mark of the format: %q", bound(trimmed))
	}
	return r.pair(name, value)
}

func (r *reader) closed(what string) *fault.Refusal {
	switch {
	case r.section != nil:
		return r.refuse("%s begins or ends inside the account section of line %d", what, r.section.Line)
	case r.document != nil:
		return r.refuse("%s begins or ends inside the document of line %d", what, r.document.Line)
	}
	return nil
}

func (r *reader) open(begin func()) *fault.Refusal {
	if refusal := r.closed("a section"); refusal != nil {
		return refusal
	}
	r.started, r.seen = true, map[string]int{}
	begin()
	return nil
}

func (r *reader) endSection() *fault.Refusal {
	if r.section == nil {
		return r.refuse("%s without %s", sectionEnd, sectionStart)
	}
	if r.section.Account == "" {
		return r.refuse("the account section of line %d has no %s", r.section.Line, keyAccount)
	}
	r.s.Sections = append(r.s.Sections, *r.section)
	r.section = nil
	return nil
}

func (r *reader) endDocument() *fault.Refusal {
	if r.document == nil {
		return r.refuse("%s without %s", documentEnd, documentStart)
	}
	for _, name := range []string{requiredNumber, requiredDate, requiredSum} {
		if _, ok := r.seen[name]; !ok {
			return r.refuse("the document of line %d has no %s", r.document.Line, name)
		}
	}
	if r.document.Date.IsZero() {
		return r.refuse("the document of line %d has an empty %s", r.document.Line, requiredDate)
	}
	r.s.Documents = append(r.s.Documents, *r.document)
	r.document = nil
	return nil
}

// pair takes one line Key=Value.
func (r *reader) pair(name, value string) *fault.Refusal {
	header := r.section == nil && r.document == nil
	if header && r.started {
		return r.refuse("the key %s stands between sections", bound(name))
	}
	if header && (name == keyAccount || name == keyKind) {
		list := &r.s.Accounts
		if name == keyKind {
			list = &r.s.DocumentKinds
		}
		*list = append(*list, strings.TrimSpace(value))
		return nil
	}
	if before, twice := r.seen[name]; twice {
		return r.refuse("the key %s stands in line %d already", bound(name), before)
	}
	r.seen[name] = r.number
	var err error
	switch {
	case r.section != nil:
		err = put(sectionKeys, r.section, &r.section.Extra, name, value)
	case r.document != nil:
		err = put(documentKeys, r.document, &r.document.Extra, name, value)
	default:
		err = put(headerKeys, r.s, &r.s.Extra, name, value)
	}
	if err != nil {
		return r.refuse("%s: %v", name, err)
	}
	return nil
}

// put reads a value by the table, or keeps it when the table does not know the key.
func put[T any](keys table[T], t *T, extra *[]Field, name, value string) error {
	value = strings.TrimSpace(value)
	if i, known := keys.at[name]; known {
		return keys.rows[i].set(t, value)
	}
	*extra = append(*extra, Field{name, value})
	return nil
}

// end checks what can only be checked when nothing more comes.
func (r *reader) end() *fault.Refusal {
	switch {
	case !r.ended && r.section != nil:
		return fault.Refuse(fault.FileTruncated, lineField(r.number), "the file ends inside the account section of line %d", r.section.Line)
	case !r.ended && r.document != nil:
		return fault.Refuse(fault.FileTruncated, lineField(r.number), "the file ends inside the document of line %d", r.document.Line)
	case !r.ended:
		return fault.Refuse(fault.FileTruncated, lineField(r.number), "the last line is not %s", fileEnd)
	case r.s.Version != "1.02" && r.s.Version != "1.03":
		return fault.Refuse(fault.FileFormat, "ВерсияФормата", "version %q of the format; 1.02 and 1.03 are read", bound(r.s.Version))
	}
	return nil
}

func lineField(number int) string { return fmt.Sprintf("line %d", number) }

// bound limits what a reason repeats of the file.
func bound(s string) string {
	const limit = 60
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
