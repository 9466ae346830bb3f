package registercsv

import (
	"encoding/csv"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
)

// Reader reads registers for the rest of the program.
type Reader struct{}

var _ port.RegisterReader = Reader{}

// ReadRegister implements port.RegisterReader.
func (Reader) ReadRegister(data []byte) (port.Register, *fault.Refusal) {
	r, refusal := Read(data)
	if refusal != nil {
		return nil, refusal
	}
	return &read{register: r, refused: map[int][]*fault.Refusal{}}, nil
}

// read is a register in the words of the port.
type read struct {
	register *Register
	refused  map[int][]*fault.Refusal // of good lines, by number; not moved yet
}

// Lines implements port.Register.
func (r *read) Lines() []port.RegisterLine {
	r.settle()
	out := make([]port.RegisterLine, len(r.register.Lines))
	for i := range r.register.Lines {
		l := &r.register.Lines[i]
		out[i] = port.RegisterLine{
			Number: l.Number, Title: l.Title, Description: l.Description, Category: l.Category,
			ExecutorINN: l.ExecutorINN, ExecutorPhone: l.ExecutorPhone, Amount: l.Amount, Net: l.Basis == Net,
			Kind: string(l.Kind), PeriodFrom: day(l.PeriodFrom), PeriodTo: day(l.PeriodTo),
			ActRequired: l.ActRequired, Autocomplete: l.Autocomplete,
			DocumentNumber: l.DocumentNumber, DocumentDate: day(l.DocumentDate), AdditionalInfo: l.AdditionalInfo,
		}
	}
	return out
}

// Refused implements port.Register.
func (r *read) Refused() []port.RefusedLine {
	r.settle()
	out := make([]port.RefusedLine, len(r.register.Refused))
	for i, refused := range r.register.Refused {
		out[i] = port.RefusedLine{Number: refused.Number, Refusals: refused.Refusals}
	}
	return out
}

// Refuse implements port.Register.
func (r *read) Refuse(number int, refusals ...*fault.Refusal) {
	r.refused[number] = append(r.refused[number], refusals...)
}

// Errors implements port.Register.
func (r *read) Errors() []byte {
	r.settle()
	return r.register.WriteErrors()
}

// settle moves the lines that were refused meanwhile, all at once.
func (r *read) settle() {
	if len(r.refused) == 0 {
		return
	}
	good := r.register.Lines[:0]
	for _, line := range r.register.Lines {
		refusals := r.refused[line.Number]
		if len(refusals) == 0 {
			good = append(good, line)
			continue
		}
		r.register.Refused = append(r.register.Refused, Refused{
			Number: line.Number, Raw: line.Raw, Fields: r.fields(line.Raw), Refusals: refusals,
		})
	}
	r.register.Lines = good
	slices.SortStableFunc(r.register.Refused, func(a, b Refused) int { return a.Number - b.Number })
	clear(r.refused)
}

// fields cuts a line that was read before; nil when it does not fit the columns,
// which cannot be.
func (r *read) fields(raw string) []string {
	again := csv.NewReader(strings.NewReader(raw))
	again.Comma, again.FieldsPerRecord = r.register.Delimiter, -1
	fields, err := again.Read()
	if err != nil || len(fields) != len(r.register.Columns) {
		return nil
	}
	unguardAll(fields)
	return fields
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}
