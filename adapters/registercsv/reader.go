package registercsv

import (
	"io"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
)

// Reader reads registers for the rest of the program.
type Reader struct{}

var _ port.RegisterReader = Reader{}

// Open implements port.RegisterReader.
func (Reader) Open(from io.Reader) (port.Register, error) {
	s, err := Open(from)
	if err != nil {
		return nil, err
	}
	return reading{s}, nil
}

// Template implements port.RegisterReader.
func (Reader) Template() []byte { return Template() }

// Instruction implements port.RegisterReader.
func (Reader) Instruction() []byte { return Instruction() }

// reading is a register in the words of the port.
type reading struct{ stream *Stream }

// Next implements port.Register.
func (r reading) Next() (*port.RegisterRow, error) {
	found, err := r.stream.Next()
	if err != nil {
		return nil, err
	}
	l := &found.Line
	return &port.RegisterRow{
		Raw: l.Raw, Fields: found.Fields, Refusals: found.Refusals,
		RegisterLine: port.RegisterLine{
			Number: l.Number, Title: l.Title, Description: l.Description, Category: l.Category,
			ExecutorINN: l.ExecutorINN, ExecutorPhone: l.ExecutorPhone, Amount: l.Amount, Net: l.Basis == Net,
			Kind: string(l.Kind), PeriodFrom: day(l.PeriodFrom), PeriodTo: day(l.PeriodTo),
			ActRequired: l.ActRequired, Autocomplete: l.Autocomplete,
			DocumentNumber: l.DocumentNumber, DocumentDate: day(l.DocumentDate), AdditionalInfo: l.AdditionalInfo,
		},
	}, nil
}

// ErrorHead implements port.Register.
func (r reading) ErrorHead() []byte { return r.stream.ErrorHead() }

// ErrorRow implements port.Register.
func (r reading) ErrorRow(row *port.RegisterRow, refusals ...*fault.Refusal) []byte {
	return r.stream.ErrorRow(&Row{Line: Line{Number: row.Number, Raw: row.Raw}, Fields: row.Fields, Refusals: refusals})
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}
