package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// verbFind is the verb of the port "taxdoc".
const verbFind = "find"

// taxDocuments is what people have to pay behind the engine's shape.
type taxDocuments struct {
	service port.TaxDocuments
	read    NPDReader
}

// FromTaxDocuments serves the port "taxdoc": verb find (TaxDocumentAsk), answered with the
// documents that fall due in its days, without the person's name and INN. It is a question
// that may be repeated, so asking what became of it is asking again.
func FromTaxDocuments(service port.TaxDocuments, read NPDReader) port.Port {
	return &taxDocuments{service, read}
}

// Send implements port.Port.
func (d *taxDocuments) Send(ctx context.Context, ask port.Ask) port.Answer {
	if ask.Verb != verbFind {
		return unknownVerb(ask)
	}
	var body flowv1.TaxDocumentAsk
	if err := proto.Unmarshal(ask.Body, &body); err != nil {
		return *malformed(ask, err)
	}
	inn, _, ok, err := d.read.Person(ctx, body.GetBook(), body.GetExecutorId())
	switch {
	case err != nil:
		return *unread("executor")
	case !ok:
		return *unsent(fault.Refuse(fault.NotFound, "executor_id", "there is no personal data of %s", body.GetExecutorId()))
	}
	all, answer := d.service.Documents(ctx, inn)
	answer = port.WithoutINN(answer, inn)
	if answer.Result != port.Done {
		return answer
	}
	said := &flowv1.TaxDocuments{}
	for _, t := range all {
		if body.GetFromDay() <= t.DueDay && t.DueDay <= body.GetToDay() {
			said.Documents = append(said.Documents, documentMessage(t))
		}
	}
	answer.Body = string(flow.Bytes(said))
	return answer
}

// Find implements port.Port.
func (d *taxDocuments) Find(ctx context.Context, ask port.Ask) port.Answer { return d.Send(ctx, ask) }

// Memory implements port.Port.
func (d *taxDocuments) Memory() time.Duration { return ownMemory }

func documentMessage(t port.TaxDocument) *flowv1.TaxDocument {
	return &flowv1.TaxDocument{
		Uin: t.UIN, Amount: money.RUB.Format(t.Amount), DueDay: t.DueDay, Payee: t.Payee.Name, Inn: t.Payee.INN, Kpp: t.Payee.KPP, Bic: t.Payee.BIC,
		Bank: t.Payee.BankName, CorrAccount: t.Payee.CorrAccount, Account: t.Payee.AccountNumber, PayerStatus: t.Budget.PayerStatus, Kbk: t.Budget.KBK,
		Oktmo: t.Budget.OKTMO, Basis: t.Budget.Basis, TaxPeriod: t.Budget.Period, Purpose: t.Purpose,
	}
}

// byDocument is the payment of a document.
func byDocument(ask port.Ask, from string, body *flowv1.RemittanceAsk) (port.Payment, *port.Answer) {
	const none = "0" // as payment orders write what is not there
	d := body.GetDocument()
	to := port.Requisites{
		Name: d.GetPayee(), INN: d.GetInn(), KPP: d.GetKpp(), BIC: d.GetBic(), BankName: d.GetBank(), CorrAccount: d.GetCorrAccount(), AccountNumber: d.GetAccount(),
	}
	out, answer := payment(ask, from, to, body.GetAmount(), fit(d.GetPurpose()+" ("+private.PurposeMarker(ask.Attempt)+")"))
	out.UIN = d.GetUin()
	out.Budget = &port.Budget{
		PayerStatus: d.GetPayerStatus(), KBK: d.GetKbk(), OKTMO: d.GetOktmo(), Basis: d.GetBasis(), Period: d.GetTaxPeriod(), Number: none, Date: none,
	}
	return out, answer
}
