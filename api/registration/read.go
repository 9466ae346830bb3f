package registration

import (
	"context"
	"slices"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/registration"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	registrationv1 "github.com/provodka/provodka/proto/gen/provodka/registration/v1"
)

// beforeTerms are the states in which the terms are not accepted yet.
var beforeTerms = []string{
	registration.Phone, registration.Locked, registration.Agreement, registration.INN, registration.Checking, registration.Email, registration.Conditions,
}

// withCompany are the states in which the company is open; the last one is over.
var withCompany = []string{registration.Deposit, registration.Link, registration.Password, registration.Founding, registration.Active}

// registration is a registration as its stranger sees it: with what comes next.
func (s *Service) registration(ctx context.Context, a gate.Aggregate) (*registrationv1.Registration, error) {
	list, err := s.registrations(ctx, s.offer.Book, []gate.Aggregate{a})
	if err != nil {
		return nil, err
	}
	d := new(flowv1.RegistrationData)
	if err := a.Read(d); err != nil {
		return nil, err
	}
	out := list[0]
	secrets(out, d)
	if slices.Contains(beforeTerms, a.State) {
		out.Terms = s.terms()
	}
	return out, s.payable(ctx, out, d)
}

// registrations joins what the flow keeps with what is known of the versions that it names.
func (s *Service) registrations(ctx context.Context, bookName string, rows []gate.Aggregate) ([]*registrationv1.Registration, error) {
	datas, refs := make([]*flowv1.RegistrationData, len(rows)), []private.Ref{}
	for i, a := range rows {
		datas[i] = new(flowv1.RegistrationData)
		if err := a.Read(datas[i]); err != nil {
			return nil, err
		}
		if version := datas[i].GetProfileVersion(); version > 0 { // else it is forgotten
			refs = append(refs, private.Ref{ID: a.ID, Version: version})
		}
	}
	known, err := s.Vault.Registrations(ctx, bookName, refs...)
	if err != nil {
		return nil, err
	}
	out := make([]*registrationv1.Registration, len(rows))
	for i, a := range rows {
		d := datas[i]
		r := &registrationv1.Registration{
			RegistrationId: a.ID, State: a.State, StateTitle: s.Title(registration.Name, a.State), Attention: d.GetAttention(),
			MessageRefusal: d.GetMessageRefusal(), Refusal: d.GetRefusal(), UpdatedAt: time.UnixMicro(a.UpdatedUS).UTC().Format(time.RFC3339),
		}
		if fault.Known(d.GetRefusal()) {
			r.RefusalText = fault.Code(d.GetRefusal()).Lookup().Russian
		}
		if slices.Contains(withCompany, a.State) {
			r.CompanyId = d.GetCompanyId()
		}
		if doc, ok := known[a.ID]; ok {
			p := doc.Content
			r.Phone, r.Email = private.MaskPhone(p.GetPhone()), p.GetEmail()
			r.Inn, r.Name, r.Ogrn, r.Address = p.GetInn(), p.GetName(), p.GetOgrn(), p.GetAddress()
		}
		out[i] = r
	}
	return out, nil
}

// ListRegistrations implements RegistrationService.
func (s *Service) ListRegistrations(ctx context.Context, req *registrationv1.ListRegistrationsRequest) (*registrationv1.ListRegistrationsResponse, error) {
	page := store.AggregatePage{Book: req.GetBook(), Flow: registration.Name, States: req.GetStates(), Limit: gate.PageSize(req.GetPageSize())}
	if len(page.States) == 0 {
		page.States = append(slices.Clone(beforeTerms), registration.Opening)
		page.States = append(page.States, withCompany[:len(withCompany)-1]...)
	}
	rows, seen, token, err := s.ListPage(ctx, req, page)
	if err != nil {
		return nil, err
	}
	answer := &registrationv1.ListRegistrationsResponse{NextPageToken: token, Position: gate.SeenPosition(seen)}
	answer.Registrations, err = s.registrations(ctx, req.GetBook(), rows)
	for _, r := range answer.GetRegistrations() {
		r.Email = private.MaskEmail(r.GetEmail())
	}
	return answer, err
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

// payable tells how to pay the deposit, while that is awaited.
func (s *Service) payable(ctx context.Context, out *registrationv1.Registration, d *flowv1.RegistrationData) error {
	if out.State != registration.Deposit {
		return nil
	}
	a, err := s.Must(ctx, s.offer.Book, company.Name, "registration_id", d.GetCompanyId())
	if err != nil {
		return err
	}
	data := new(flowv1.CompanyData)
	if err := a.Read(data); err != nil {
		return err
	}
	out.Deposit = gate.OrZero(data.GetDeposit())
	if company.DepositDue(data).IsZero() {
		return nil // the registration is about to hear of it
	}
	out.Invoice, err = s.companies.GetInvoice(ctx, &companyv1.GetInvoiceRequest{
		Book: s.offer.Book, CompanyId: d.GetCompanyId(), Kind: companyv1.InvoiceKind_INVOICE_KIND_DEPOSIT,
	})
	return err
}
