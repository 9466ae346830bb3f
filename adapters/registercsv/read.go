package registercsv

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/provodka/provodka/ledger/fault"
)

// Stream is a register that is read as it comes; it keeps one row at a time.
type Stream struct {
	Encoding  Encoding // "" until a byte tells
	Delimiter rune     // ';' or ','
	Columns   []string // as named in the first row, without spaces, in small letters

	rows   *rows
	marked bool // with the byte order mark of UTF-8
	found  int
}

// Row is a row that is not empty: a good line, or what is wrong in it.
type Row struct {
	Line              // without refusals; its Number and Raw always
	Fields   []string // as they were read, one per column of the file; nil when the row does not fit the columns
	Refusals []*fault.Refusal
}

// Open begins to read a register. An error that is a *fault.Refusal refuses the file:
// file_encoding, or file_format with the missing or unknown columns; others are the reader's.
func Open(from io.Reader) (*Stream, error) {
	s := &Stream{rows: newRows(from)}
	marked, refusal := checkMarks(s.rows.ahead())
	if refusal != nil {
		return nil, refusal
	}
	if marked {
		_, _ = s.rows.from.Discard(len(byteOrderMark)) // it was seen
		s.marked, s.Encoding = true, UTF8
	}
	for s.Columns == nil {
		ahead := bytes.TrimLeft(s.rows.ahead(), "\r\n")
		s.Delimiter = delimiter(ahead)
		s.rows.delimiter = byte(s.Delimiter)
		head, err := s.rows.next()
		switch {
		case err == io.EOF:
			return nil, fault.Refuse(fault.FileFormat, "line 1", "the file is empty")
		case err != nil:
			return nil, err
		case len(head.raw) == 0 && head.broken == "": // before the first row
			continue
		}
		if err := s.head(head); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// head reads the columns' names.
func (s *Stream) head(head *row) error {
	field := lineField(head.number)
	if bytes.IndexByte(head.raw, 0) >= 0 {
		return fault.Refuse(fault.FileEncoding, field, "the file has zero bytes, it is not text in UTF-8 or windows-1251")
	}
	if head.broken != "" {
		return fault.Refuse(fault.FileFormat, field, "the row of the columns' names cannot be read: %s", head.broken)
	}
	fields, _, refusal := s.text(head)
	if refusal != nil {
		return refusal
	}
	names := make([]string, len(fields))
	for i, name := range fields {
		names[i] = strings.ToLower(strings.TrimSpace(name))
	}
	if refusal := checkColumns(names, head.number); refusal != nil {
		return refusal
	}
	s.Columns = names
	return nil
}

// Next reads the next row that is not empty; the error is io.EOF behind the last, or a
// *fault.Refusal that refuses the rest of the file.
func (s *Stream) Next() (*Row, error) {
	for {
		cut, err := s.rows.next()
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(cut.raw)) == 0 && cut.broken == "" { // spreadsheets leave empty rows behind
			continue
		}
		fields, raw, refusal := s.text(cut)
		if refusal != nil {
			return nil, refusal
		}
		found := s.take(cut, fields, raw)
		if found == nil {
			continue
		}
		if s.found++; s.found > MaxLines {
			return nil, fault.Refuse(fault.FileFormat, lineField(cut.number), "the file has more than %d tasks", MaxLines)
		}
		return found, nil
	}
}

// Read reads a whole register that lies in memory.
func Read(data []byte) (*Register, *fault.Refusal) {
	s, err := Open(bytes.NewReader(data))
	if err != nil {
		return nil, asRefusal(err)
	}
	r := &Register{stream: s}
	for {
		row, err := s.Next()
		switch {
		case err == io.EOF:
			r.Encoding, r.Delimiter, r.Columns = s.Encoding, s.Delimiter, s.Columns
			return r, nil
		case err != nil:
			return nil, asRefusal(err)
		case len(row.Refusals) > 0:
			r.Refused = append(r.Refused, *row)
		default:
			r.Lines = append(r.Lines, row.Line)
		}
	}
}

// asRefusal is for readers of memory, which do not fail.
func asRefusal(err error) *fault.Refusal {
	var refusal *fault.Refusal
	if !errors.As(err, &refusal) {
		panic("registercsv: memory cannot be read: " + err.Error())
	}
	return refusal
}

// delimiter is the one that the first row uses more often; a semicolon when neither is there.
func delimiter(text []byte) rune {
	first := text
	if n := bytes.IndexAny(text, "\r\n"); n >= 0 {
		first = text[:n]
	}
	if bytes.Count(first, []byte(",")) > bytes.Count(first, []byte(";")) {
		return ','
	}
	return ';'
}

// checkColumns refuses missing, unknown and repeated columns, all at once.
func checkColumns(names []string, number int) *fault.Refusal {
	var missing, unknown, twice []string
	for _, choice := range required {
		if !slices.ContainsFunc(choice, func(name string) bool { return slices.Contains(names, name) }) {
			missing = append(missing, strings.Join(choice, " or "))
		}
	}
	for i, name := range names {
		switch {
		case slices.Contains(names[:i], name):
			twice = append(twice, quoted(name))
		case !slices.Contains(columns, name) && !slices.Contains(added, name):
			unknown = append(unknown, quoted(name))
		}
	}
	var wrong []string
	for _, list := range []struct {
		what  string
		names []string
	}{{"missing columns: ", missing}, {"unknown columns: ", unknown}, {"columns that stand twice: ", twice}} {
		if len(list.names) > 0 {
			wrong = append(wrong, list.what+strings.Join(list.names, ", "))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fault.Refuse(fault.FileFormat, lineField(number), "the file has %d columns; %s", len(names), strings.Join(wrong, "; ")).
		With("missing", strings.Join(missing, ", "))
}
