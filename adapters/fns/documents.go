package fns

import (
	"context"
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/money"
)

// documentsRequest is GetPaymentDocumentsRequest.
type documentsRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetPaymentDocumentsRequest"`
	INNs    []string `xml:"InnList"`
}

// documentsResponse is GetPaymentDocumentsResponse [H: the fields; the name of the list of
// persons is our reading].
type documentsResponse struct {
	People []struct {
		INN       string        `xml:"Inn"`
		Documents []taxDocument `xml:"DocumentList"`
	} `xml:"PaymentDocumentsList"`
}

// taxDocument is one charge with what its payment order says.
type taxDocument struct {
	Index    string `xml:"DocumentIndex"`
	FullName string `xml:"FullName"`
	INN      string `xml:"Inn"`
	Amount   string `xml:"Amount"`
	Payee    string `xml:"Recipient"`
	PayeeINN string `xml:"RecipientInn"`
	PayeeKPP string `xml:"RecipientKpp"`
	Account  string `xml:"RecipientAccountNumber"`
	Bank     string `xml:"RecipientBankName"`
	BIC      string `xml:"RecipientBankBik"`
	Corr     string `xml:"RecipientBankAccountNumber"`
	KBK      string `xml:"Kbk"`
	OKTMO    string `xml:"Oktmo"`
	Code101  string `xml:"Code101"`
	Code106  string `xml:"Code106"`
	Code107  string `xml:"Code107"`
	DueDate  string `xml:"DueDate"`
}

// taxPurpose is the purpose of such a payment; the service does not say one.
const taxPurpose = "Налог на профессиональный доход"

// Documents asks what a person has to pay of the tax: Done with all of it, perhaps nothing.
// One that cannot be read makes the answer Unknown: what is left out would look paid. One that
// is listed twice is one charge: its УИН says so.
func (a *Adapter) Documents(ctx context.Context, inn string) ([]port.TaxDocument, port.Answer) {
	m, wrong := a.client.ask(ctx, documentsRequest{INNs: []string{inn}})
	switch {
	case wrong != nil:
		return nil, unknown(wrong)
	case m.Error != nil:
		return nil, understand(documents, m.Error)
	case m.Documents == nil:
		return nil, port.Unclear("COMPLETED without GetPaymentDocumentsResponse")
	}
	var all []port.TaxDocument
	for _, p := range m.Documents.People {
		if p.INN != inn {
			return nil, port.Unclear("GetPaymentDocumentsResponse is of another INN")
		}
		for _, d := range p.Documents {
			doc, ok := d.read()
			if !ok || d.INN != inn {
				return nil, port.Unclear("GetPaymentDocumentsResponse has a document that cannot be read")
			}
			same := slices.IndexFunc(all, func(d port.TaxDocument) bool { return d.UIN != "" && d.UIN == doc.UIN })
			switch {
			case same < 0:
				all = append(all, doc)
			case !all[same].Amount.Equal(doc.Amount) || all[same].DueDay != doc.DueDay:
				return nil, port.Unclear("GetPaymentDocumentsResponse says two things of one document")
			}
		}
	}
	return all, port.Answer{Result: port.Done, Status: completed}
}

// read reads a document; false when its sum or its day is none.
func (d taxDocument) read() (port.TaxDocument, bool) {
	const none = "0" // as payment orders write what is not there
	sum, err := money.RUB.Parse(d.Amount)
	day, _, _ := strings.Cut(strings.TrimSpace(d.DueDate), "T")
	_, badDay := time.Parse(time.DateOnly, day)
	or := func(text string) string {
		if text = strings.TrimSpace(text); text == "" {
			return none
		}
		return text
	}
	return port.TaxDocument{
		UIN: strings.TrimSpace(d.Index), Payer: strings.TrimSpace(d.FullName), INN: d.INN, DueDay: day, Amount: sum, Purpose: taxPurpose,
		Payee: port.Requisites{
			Name: strings.TrimSpace(d.Payee), INN: d.PayeeINN, KPP: d.PayeeKPP, BIC: d.BIC, BankName: strings.TrimSpace(d.Bank),
			CorrAccount: d.Corr, AccountNumber: d.Account,
		},
		Budget: port.Budget{
			PayerStatus: or(d.Code101), KBK: d.KBK, OKTMO: or(d.OKTMO), Basis: or(d.Code106), Period: or(d.Code107), Number: none, Date: none,
		},
	}, err == nil && sum.Sign() > 0 && badDay == nil
}
