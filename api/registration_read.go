package api

import (
	"context"
	"slices"
	"time"

	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/registration"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	registrationv1 "github.com/provodka/provodka/proto/gen/provodka/registration/v1"
)

// beforeTerms are the states in which the terms are not accepted yet.
var beforeTerms = []string{
	registration.Phone, registration.Locked, registration.Agreement, registration.INN, registration.Checking, registration.Email, registration.Conditions,
}

// registration joins what the flow keeps with what is known of the version that it names.
func (s registrationService) registration(ctx context.Context, a aggregate) (*registrationv1.Registration, error) {
	d := new(flowv1.RegistrationData)
	if err := a.read(d); err != nil {
		return nil, err
	}
	out := &registrationv1.Registration{
		RegistrationId: a.id, State: a.state, StateTitle: s.title(registration.Name, a.state), Attention: d.GetAttention(),
		MessageRefusal: d.GetMessageRefusal(), Refusal: d.GetRefusal(),
	}
	if fault.Known(d.GetRefusal()) {
		out.RefusalText = fault.Code(d.GetRefusal()).Lookup().Russian
	}
	if version := d.GetProfileVersion(); version > 0 {
		known, ok, err := private.Only(s.cfg.Vault.Registrations(ctx, s.offer.Book, private.Ref{ID: a.id, Version: version}))
		if err != nil {
			return nil, err
		}
		if p := known.Content; ok {
			out.Phone, out.Email = private.MaskPhone(p.GetPhone()), p.GetEmail()
			out.Inn, out.Name, out.Ogrn, out.Address = p.GetInn(), p.GetName(), p.GetOgrn(), p.GetAddress()
		}
	}
	secrets(out, d)
	if slices.Contains(beforeTerms, a.state) {
		out.Terms = s.terms()
	}
	return out, s.payable(ctx, out, d)
}

// secrets tells what is out and when the next one may be asked for.
func secrets(out *registrationv1.Registration, d *flowv1.RegistrationData) {
	issued, life := d.GetCode(), registration.CodeLife
	if out.State == registration.Link || out.State == registration.Password {
		issued, life = d.GetLink(), registration.LinkLife
	} else if out.State != registration.Phone {
		return
	}
	at, err := time.Parse(time.RFC3339Nano, issued.GetAt())
	if err != nil {
		return // none is out
	}
	out.SecretUntil, out.ResendAfter = at.Add(life).Format(time.RFC3339), at.Add(registration.Pause).Format(time.RFC3339)
	if out.State == registration.Phone {
		out.TriesLeft = registration.Tries - min(issued.GetWrong(), registration.Tries)
	}
}

// payable tells of the company, when it is open, and how to pay its deposit, while that is
// awaited.
func (s registrationService) payable(ctx context.Context, out *registrationv1.Registration, d *flowv1.RegistrationData) error {
	if !slices.Contains([]string{registration.Deposit, registration.Link, registration.Password, registration.Founding, registration.Active}, out.State) {
		return nil
	}
	out.CompanyId = d.GetCompanyId()
	if out.State != registration.Deposit {
		return nil
	}
	a, err := s.must(ctx, s.offer.Book, company.Name, "registration_id", d.GetCompanyId())
	if err != nil {
		return err
	}
	data := new(flowv1.CompanyData)
	if err := a.read(data); err != nil {
		return err
	}
	out.Deposit = orZero(data.GetDeposit())
	if company.DepositDue(data).IsZero() {
		return nil // the registration is about to hear of it
	}
	out.Invoice, err = companyService{s.Server}.GetInvoice(ctx, &companyv1.GetInvoiceRequest{
		Book: s.offer.Book, CompanyId: d.GetCompanyId(), Kind: companyv1.InvoiceKind_INVOICE_KIND_DEPOSIT,
	})
	return err
}
