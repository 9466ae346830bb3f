package onec

import (
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
)

// Reader reads statements for the rest of the program.
type Reader struct{}

var _ port.StatementReader = Reader{}

// ReadStatement implements port.StatementReader.
func (Reader) ReadStatement(data []byte) (*port.Statement, *fault.Refusal) {
	s, refusal := Read(data)
	if refusal != nil {
		return nil, refusal
	}
	out := &port.Statement{Notes: s.Notes}
	for i := range s.Sections {
		section := &s.Sections[i]
		out.Accounts = append(out.Accounts, port.AccountTotals{
			Account: section.Account, From: dayOf(section.From), To: dayOf(section.To),
			Opening: section.Opening, In: section.In, Out: section.Out, Closing: section.Closing,
		})
	}
	for i := range s.Movements {
		m := &s.Movements[i]
		d := &s.Documents[m.Document]
		out.Movements = append(out.Movements, port.Movement{
			Key: m.Key, Account: m.Account, Out: m.Direction == Out, Amount: m.Amount, Day: dayOf(m.ValueDate),
			Counterparty: m.Counterparty.party(), Own: m.Own,
			Number: d.Number, DocumentDay: dayOf(d.Date), Kind: d.Kind, Purpose: d.Purpose(),
			BankOrder: d.Kind == "Банковский ордер" || d.OperationKind == "17",
		})
	}
	return out, nil
}

// party is the side in the words of the port. Names, when the bank wrote its parts
// apart, is the name without the INN before it.
func (p *Party) party() port.Party {
	name := p.Name
	if p.Names[0] != "" {
		name = p.Names[0]
	}
	return port.Party{
		Name: name, INN: p.INN, KPP: p.KPP, Account: p.account(), BIC: p.BIC, Bank: p.Bank[0], CorrAccount: p.CorrAccount,
	}
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}
