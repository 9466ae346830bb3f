package registercsv

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// take makes a row of a record; nil of an empty one.
func (s *Stream) take(cut *row, fields []string, raw string) *Row {
	found := &Row{Line: Line{Number: cut.number, Raw: raw}}
	refuse := func(format string, args ...any) *Row {
		found.Refusals = append(found.Refusals, fault.Refuse(fault.FileFormat, "", format, args...))
		found.Raw = bounded(raw)
		return found
	}
	switch {
	case cut.broken != "":
		return refuse("%s", cut.broken)
	case len(fields) != len(s.Columns):
		return refuse("the row has %d fields, the file has %d columns", len(fields), len(s.Columns))
	}
	unguardAll(fields)
	l := lineReader{fields: map[string]string{}}
	given := false
	for i, name := range s.Columns {
		l.fields[name] = strings.TrimSpace(fields[i])
		given = given || l.fields[name] != "" && !slices.Contains(added, name)
	}
	switch before := l.fields[columnRaw]; {
	case !given && before == "": // an empty row, with delimiters
		return nil
	case !given:
		refuse("the row was refused for its form and is not mended yet: put its fields into the columns")
		found.Raw = before
		return found
	}
	found.Fields = fields
	for i, name := range s.Columns {
		if strings.Contains(fields[i], lost) && !slices.Contains(added, name) {
			l.refuse(fault.Refuse(fault.FileEncoding, name, "the field has bytes that are not %s, or the sign of a letter lost in a conversion", cmp.Or(s.Encoding, UTF8)))
		}
	}
	if found.Refusals = l.refusals; len(found.Refusals) > 0 {
		return found
	}
	line := l.read()
	if found.Refusals = l.refusals; len(found.Refusals) > 0 {
		return found
	}
	line.Number, line.Raw = found.Number, found.Raw
	found.Line = line
	return found
}

// bounded cuts a row that cannot be a task's: the file itself has the whole.
func bounded(raw string) string {
	const limit = 8000
	if len(raw) > limit {
		return strings.ToValidUTF8(raw[:limit], "") + "…"
	}
	return raw
}

// lineReader reads the fields of one row and collects everything that is wrong.
type lineReader struct {
	fields   map[string]string
	refusals []*fault.Refusal
}

func (l *lineReader) refuse(refusal *fault.Refusal) {
	if refusal != nil {
		l.refusals = append(l.refusals, refusal)
	}
}

func (l *lineReader) malformed(column, format string, args ...any) {
	l.refuse(fault.Refuse(fault.Malformed, column, format, args...))
}

func (l *lineReader) read() Line {
	line := Line{
		Title: l.text(title, true, maxShort), Description: l.text(description, true, maxLong), Category: l.text(category, true, maxShort),
		Kind: l.kind(), ActRequired: l.yes(actRequired), Autocomplete: l.yes(autocomplete),
		PeriodFrom: l.date(periodFrom), PeriodTo: l.date(periodTo),
		DocumentNumber: l.text(documentNumber, false, maxShort), DocumentDate: l.date(documentDate),
		AdditionalInfo: l.text(additionalInfo, false, maxLong),
	}
	l.executor(&line)
	l.amount(&line)
	if !line.PeriodFrom.IsZero() && !line.PeriodTo.IsZero() && line.PeriodTo.Before(line.PeriodFrom) {
		l.malformed(periodTo, "the period ends on %s, before it begins on %s", l.fields[periodTo], l.fields[periodFrom])
	}
	if line.Autocomplete && line.ActRequired {
		l.malformed(autocomplete, "a task that needs an act cannot be created completed")
	}
	switch number, day := l.fields[documentNumber] != "", l.fields[documentDate] != ""; {
	case number && !day:
		l.malformed(documentDate, "document_number is given without document_date")
	case day && !number:
		l.malformed(documentNumber, "document_date is given without document_number")
	}
	return line
}

func (l *lineReader) text(column string, must bool, most int) string {
	value := l.fields[column]
	switch n := utf8.RuneCountInString(value); {
	case value == "" && must:
		l.malformed(column, "the field is empty")
	case n > most:
		l.malformed(column, "the field has %d characters, at most %d are kept", n, most)
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }):
		l.malformed(column, "the field has a control character")
	}
	return value
}

func (l *lineReader) kind() Kind {
	switch value := Kind(strings.ToLower(l.fields[employmentKind])); value {
	case SelfEmployed, CivilContract, Entrepreneur:
		return value
	case "":
		l.malformed(employmentKind, "the field is empty")
	default:
		l.malformed(employmentKind, "%q is not selfemployed, civil_contract or entrepreneur", bound(l.fields[employmentKind]))
	}
	return ""
}

func (l *lineReader) yes(column string) bool {
	switch strings.ToLower(l.fields[column]) {
	case "", "false", "0", "no", "нет":
		return false
	case "true", "1", "yes", "да":
		return true
	}
	l.malformed(column, "%q is not true or false", bound(l.fields[column]))
	return false
}

func (l *lineReader) date(column string) time.Time {
	value := l.fields[column]
	if value == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.DateOnly, "02.01.2006"} {
		if day, err := time.Parse(layout, value); err == nil && day.Year() >= 1900 {
			return day
		}
	}
	l.malformed(column, "%q is not a date 2026-03-02 or 02.03.2026", bound(value))
	return time.Time{}
}

// executor reads INN and phone; every kind of executor is a person.
func (l *lineReader) executor(line *Line) {
	inn, phone := l.fields[executorINN], l.fields[executorPhone]
	if inn == "" && phone == "" {
		l.refuse(fault.Refuse(fault.INNInvalid, executorINN, "neither executor_inn nor executor_phone is given"))
		return
	}
	if inn != "" {
		refusal := requisite.PersonINN(executorINN, inn)
		if refusal != nil && strings.ContainsAny(inn, "eE+.,") {
			refusal.Reason += "; a spreadsheet made a number of it: set the column to text"
		}
		if refusal != nil && len(inn) == 11 {
			refusal.Reason += "; a spreadsheet may have dropped a leading zero"
		}
		l.refuse(refusal)
		line.ExecutorINN = inn
	}
	if phone != "" {
		normal, refusal := requisite.Phone(executorPhone, phone)
		l.refuse(refusal)
		line.ExecutorPhone = normal
	}
}

func (l *lineReader) amount(line *Line) {
	gross, net := l.fields[amountGross], l.fields[amountNet]
	column, value := amountGross, gross
	line.Basis = Gross
	switch {
	case gross != "" && net != "":
		l.refuse(fault.Refuse(fault.AmountInvalid, amountGross, "both amount_gross and amount_net are given; give one"))
		return
	case gross == "" && net == "":
		l.refuse(fault.Refuse(fault.AmountInvalid, amountGross, "neither amount_gross nor amount_net is given"))
		return
	case net != "":
		column, value, line.Basis = amountNet, net, Net
	}
	amount, err := money.RUB.Parse(decimalDot(value))
	switch {
	case err != nil && strings.ContainsFunc(value, unicode.IsSpace):
		l.refuse(fault.Refuse(fault.AmountInvalid, column, "%q: write the amount without spaces, as 1500.50", bound(value)))
	case err != nil:
		l.refuse(fault.Refuse(fault.AmountInvalid, column, "%v", err))
	case amount.Sign() <= 0:
		l.refuse(fault.Refuse(fault.AmountInvalid, column, "the amount %s is not more than zero", value))
	default:
		line.Amount = amount
	}
}

// decimalDot lets a lone comma be the decimal mark, as spreadsheets in Russia
// write it: "1500,50". With a dot beside it, the text stays as it is and is refused.
func decimalDot(value string) string {
	if strings.Count(value, ",") == 1 && !strings.Contains(value, ".") {
		return strings.Replace(value, ",", ".", 1)
	}
	return value
}

func lineField(number int) string { return fmt.Sprintf("line %d", number) }

func quoted(name string) string { return fmt.Sprintf("%q", bound(name)) }

// bound limits what a reason repeats of the file.
func bound(s string) string {
	const limit = 60
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
