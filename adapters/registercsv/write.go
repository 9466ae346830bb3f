package registercsv

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
)

// Template is an empty register to start from: all columns and two invented tasks.
// UTF-8 with a byte order mark, semicolons, CR LF.
func Template() []byte {
	rows := [][]string{
		columns,
		{"Вёрстка страницы", "Сверстать главную страницу по макету", "Разработка", requisite.ExamplePersonINN(1), "", "100.00", "", string(SelfEmployed), "2026-03-02", "2026-03-31", "нет", "нет", "", "", ""},
		{"Перевод договора", "Перевести договор на английский", "Тексты", "", requisite.ExamplePhone(2), "", "100.00", string(SelfEmployed), "", "", "да", "нет", "15", "2026-03-01", "Срочно"},
	}
	var b bytes.Buffer
	b.WriteString(byteOrderMark)
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = ';', true
	if err := w.WriteAll(rows); err != nil {
		panic("registercsv: a buffer refused to be written: " + err.Error())
	}
	return b.Bytes()
}

// WriteErrors writes the refused rows; nil when no row was refused.
func (r *Register) WriteErrors() []byte {
	if len(r.Refused) == 0 {
		return nil
	}
	out := r.stream.ErrorHead()
	for i := range r.Refused {
		out = append(out, r.stream.ErrorRow(&r.Refused[i])...)
	}
	return out
}

// ErrorHead begins the register of the refused rows, to be mended and uploaded again: the
// columns of the file, then line (number in the uploaded file), errors (what is wrong, for
// people: field, Russian words of the code, the reason) and raw (the row as it stood, when
// it did not fit the columns; empty else). UTF-8 with a byte order mark, so that
// spreadsheets in Russia open it; the file's own delimiter; CR LF. What a spreadsheet would
// take for a formula has an apostrophe in front, which the reader takes away.
func (s *Stream) ErrorHead() []byte {
	var head []string
	for _, i := range s.ownColumns() {
		head = append(head, s.Columns[i])
	}
	return append([]byte(byteOrderMark), s.write(append(head, added...))...)
}

// ErrorRow is a refused row in that register.
func (s *Stream) ErrorRow(r *Row) []byte {
	var record []string
	raw := r.Raw
	for _, i := range s.ownColumns() {
		if r.Fields == nil {
			record = append(record, "")
			continue
		}
		record, raw = append(record, guarded(r.Fields[i])), ""
	}
	return s.write(append(record, strconv.Itoa(r.Number), guarded(words(r.Refusals)), guarded(raw)))
}

func (s *Stream) write(record []string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = s.Delimiter, true
	if err := w.Write(record); err != nil {
		panic("registercsv: a buffer refused to be written: " + err.Error())
	}
	w.Flush()
	return b.Bytes()
}

// ownColumns are the indexes of the columns of the format; those that an earlier
// error register added are written anew.
func (s *Stream) ownColumns() []int {
	var keep []int
	for i, name := range s.Columns {
		if !slices.Contains(added, name) {
			keep = append(keep, i)
		}
	}
	return keep
}

// words says refusals for people.
func words(refusals []*fault.Refusal) string {
	var list []string
	for _, refusal := range refusals {
		text := refusal.Code.Lookup().Russian + " (" + refusal.Reason + ")"
		if refusal.Field != "" {
			text = refusal.Field + ": " + text
		}
		list = append(list, text)
	}
	return strings.Join(list, "; ")
}

// formulas begin what a spreadsheet computes; an apostrophe in front makes it a text.
const formulas = "=+-@＝＋－＠\t\r\n'"

func guarded(text string) string {
	if first, _ := utf8.DecodeRuneInString(text); text != "" && strings.ContainsRune(formulas, first) {
		return "'" + text
	}
	return text
}

// unguarded takes the apostrophe away that guarded, or a person, put in front.
func unguarded(text string) string {
	rest, had := strings.CutPrefix(text, "'")
	if first, _ := utf8.DecodeRuneInString(rest); had && rest != "" && strings.ContainsRune(formulas, first) {
		return rest
	}
	return text
}

func unguardAll(fields []string) {
	for i, text := range fields {
		fields[i] = unguarded(text)
	}
}
