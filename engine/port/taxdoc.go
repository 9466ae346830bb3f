package port

import (
	"context"

	"github.com/provodka/provodka/ledger/money"
)

// TaxDocument is a charge of a self-employed person's tax with everything that its payment
// says: what the tax service would have the person pay.
type TaxDocument struct {
	UIN     string
	Payer   string // the person's full name
	INN     string // the person's
	DueDay  string // YYYY-MM-DD
	Amount  money.Amount
	Payee   Requisites
	Budget  Budget
	Purpose string
}

// TaxDocuments are the payment documents of the tax service.
type TaxDocuments interface {
	// Documents asks what a person has to pay. Done = the service said all of it, perhaps
	// nothing; Refused with income_denied = we may not ask; else Unknown.
	Documents(ctx context.Context, inn string) ([]TaxDocument, Answer)
}
