package registercsv

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/provodka/provodka/ledger/fault"
)

// Read reads a whole register. A refusal refuses the file: file_encoding, or
// file_format with the missing or unknown columns or the line. Bad rows do not
// refuse it: they are in Refused. Sums are rubles of scale 2; nothing is rounded.
func Read(data []byte) (*Register, *fault.Refusal) {
	if len(data) > MaxBytes {
		return nil, fault.Refuse(fault.FileFormat, "", "the file has %d bytes, at most %d are read", len(data), MaxBytes)
	}
	text, enc, refusal := decode(data)
	if refusal != nil {
		return nil, refusal
	}
	register := &Register{Encoding: enc, Delimiter: delimiter(text)}
	rows := newRows(text, register.Delimiter)
	head, refusal := rows.next()
	switch {
	case refusal != nil:
		return nil, refusal
	case head == nil:
		return nil, fault.Refuse(fault.FileFormat, "line 1", "the file is empty")
	case head.broken:
		return nil, fault.Refuse(fault.FileFormat, lineField(head.number), "a quote stands in the middle of a column's name")
	}
	for _, name := range head.fields {
		register.Columns = append(register.Columns, strings.ToLower(strings.TrimSpace(name)))
	}
	if refusal := checkColumns(register.Columns, head.number); refusal != nil {
		return nil, refusal
	}
	for {
		row, refusal := rows.next()
		if refusal != nil {
			return nil, refusal
		}
		if row == nil {
			return register, nil
		}
		if len(register.Lines)+len(register.Refused) == MaxLines {
			return nil, fault.Refuse(fault.FileFormat, lineField(row.number), "the file has more than %d tasks", MaxLines)
		}
		register.take(row)
	}
}

// delimiter is the one that the first row uses more often; a semicolon when neither is there.
func delimiter(text string) rune {
	first, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	if strings.Count(first, ",") > strings.Count(first, ";") {
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

// row is one record of the file.
type row struct {
	number int // of its first line, from 1
	raw    string
	fields []string
	broken bool // a quote stands where none may stand: fields are not to be used
}

// rows cuts the text into records and remembers where they stand.
type rows struct {
	text   string
	csv    *csv.Reader
	offset int // of the next record's first byte
	line   int // its line, from 1
}

func newRows(text string, delimiter rune) *rows {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = delimiter, -1
	return &rows{text: text, csv: r, line: 1}
}

// next returns the next record, nil at the end, or refuses the file.
func (r *rows) next() (*row, *fault.Refusal) {
	fields, err := r.csv.Read()
	from, to := r.offset, int(r.csv.InputOffset())
	raw := r.text[from:to]
	r.offset = to
	lead := raw[:len(raw)-len(strings.TrimLeft(raw, "\r\n"))] // the csv reader passes over empty lines
	number := r.line + strings.Count(lead, "\n")
	r.line += strings.Count(raw, "\n")
	found := &row{number: number, raw: strings.Trim(raw, "\r\n"), fields: fields}
	var parse *csv.ParseError
	switch {
	case err == io.EOF:
		return nil, nil
	case err == nil:
		return found, nil
	case errors.As(err, &parse) && parse.Err == csv.ErrQuote && strings.Contains(found.raw, "\n") && strings.Count(raw, `"`)%2 == 1:
		// A quote that nothing closes swallows the rest of the file.
		return nil, fault.Refuse(fault.FileFormat, lineField(number), "a quote opened in the row of this line is not closed before the end of the file")
	}
	found.fields, found.broken = nil, true
	return found, nil
}
