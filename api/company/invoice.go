package company

import (
	"context"

	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// GetInvoice implements CompanyService.
func (s *Service) GetInvoice(ctx context.Context, req *companyv1.GetInvoiceRequest) (*companyv1.GetInvoiceResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	a, err := s.Must(ctx, req.GetBook(), company.Name, "company_id", req.GetCompanyId())
	if err != nil {
		return nil, err
	}
	c, err := s.company(ctx, req.GetBook(), a)
	if err != nil {
		return nil, err
	}
	data := new(flowv1.CompanyData)
	if err := a.Read(data); err != nil {
		return nil, err
	}
	sum, refusal := invoiced(req, data)
	if refusal != nil {
		return nil, refusal
	}
	payee := s.topUp(c)
	answer := &companyv1.GetInvoiceResponse{Payee: payee, Purpose: payee.GetPurpose()}
	if req.GetKind() == companyv1.InvoiceKind_INVOICE_KIND_DEPOSIT {
		answer.Purpose = payee.GetDepositPurpose()
	}
	if !sum.IsZero() {
		answer.Amount = money.RUB.Format(sum)
	}
	// Requisites that fill no code leave the invoice to be paid by hand.
	answer.QrText, _ = requisite.Code{
		Name: payee.GetName(), Account: payee.GetAccount(), BankName: payee.GetBankName(), BIC: payee.GetBic(), Corr: payee.GetCorrAccount(),
		INN: payee.GetInn(), KPP: payee.GetKpp(), Purpose: answer.Purpose, Sum: sum,
	}.Text()
	return answer, nil
}

// invoiced is the sum of an invoice; zero: the payer chooses.
func invoiced(req *companyv1.GetInvoiceRequest, data *flowv1.CompanyData) (money.Amount, *fault.Refusal) {
	if req.GetAmount() != "" {
		sum, err := money.RUB.Parse(req.GetAmount())
		if err != nil {
			return money.Zero, fault.Refuse(fault.AmountInvalid, "amount", "%v", err)
		}
		return sum, nil
	}
	if req.GetKind() == companyv1.InvoiceKind_INVOICE_KIND_DEPOSIT {
		due := company.DepositDue(data)
		if due.IsZero() {
			return due, fault.Refuse(fault.WrongState, "kind", "the whole deposit is here; name an amount to pay more")
		}
		return due, nil
	}
	return money.Zero, nil
}
