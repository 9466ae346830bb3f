package company

import (
	"context"

	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// GetCompany implements CompanyService.
func (s *Service) GetCompany(ctx context.Context, req *companyv1.GetCompanyRequest) (*companyv1.GetCompanyResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	a, err := s.Must(ctx, req.GetBook(), company.Name, "company_id", req.GetCompanyId())
	if err != nil {
		return nil, err
	}
	c, err := s.company(ctx, req.GetBook(), a)
	return &companyv1.GetCompanyResponse{Company: c}, err
}

// FindCompany implements CompanyService.
func (s *Service) FindCompany(ctx context.Context, req *companyv1.FindCompanyRequest) (*companyv1.FindCompanyResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	found, err := s.Vault.Find(ctx, req.GetBook(), private.CompanyINN, req.GetInn())
	if err != nil {
		return nil, err
	}
	rows, _, err := s.Load(ctx, req.GetBook(), company.Name, found[req.GetInn()]...)
	if err != nil {
		return nil, err
	}
	for _, a := range rows {
		c, err := s.company(ctx, req.GetBook(), a)
		if err != nil || c.GetDetails().GetInn() == req.GetInn() {
			return &companyv1.FindCompanyResponse{Company: c}, err
		}
	}
	return nil, fault.Refuse(fault.NotFound, "inn", "no company of the book has this INN")
}

// ListCompanies implements CompanyService.
func (s *Service) ListCompanies(ctx context.Context, req *companyv1.ListCompaniesRequest) (*companyv1.ListCompaniesResponse, error) {
	page := store.AggregatePage{
		Book: req.GetBook(), Flow: company.Name, States: req.GetStates(), Limit: gate.PageSize(req.GetPageSize()),
	}
	if len(page.States) == 0 {
		page.States = []string{company.Registered, company.AwaitingDeposit, company.Active}
	}
	rows, seen, token, err := s.ListPage(ctx, req, page)
	if err != nil {
		return nil, err
	}
	answer := &companyv1.ListCompaniesResponse{NextPageToken: token, Position: gate.SeenPosition(seen)}
	answer.Companies, err = s.companies(ctx, req.GetBook(), rows)
	return answer, err
}

// GetWallet implements CompanyService.
func (s *Service) GetWallet(ctx context.Context, req *companyv1.GetWalletRequest) (*companyv1.GetWalletResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	bookName, id := req.GetBook(), req.GetCompanyId()
	a, err := s.Must(ctx, bookName, company.Name, "company_id", id)
	if err != nil {
		return nil, err
	}
	c, err := s.company(ctx, bookName, a)
	if err != nil {
		return nil, err
	}
	sums, seen, err := s.ledger.Rubles(ctx, bookName, walletOf(id), depositOf(id))
	if err != nil {
		return nil, err
	}
	money, pledge := sums[0], sums[1]
	return &companyv1.GetWalletResponse{
		Balance: money.GetBalance(), Available: money.GetAvailable(), Deposit: pledge.GetBalance(),
		Tariff: c.GetTariff(), Position: gate.SeenPosition(seen), TopUp: s.topUp(c),
	}, nil
}

// topUp tells a company where to send money; the purpose carries its marker, by which
// the payment is recognised.
func (s *Service) topUp(c *companyv1.Company) *companyv1.TopUp {
	own := s.pay
	by := "код " + private.Marker(c.GetCompanyId())
	if contract := c.GetDetails().GetContract(); contract != "" {
		by = "по договору " + contract + ", " + by
	}
	return &companyv1.TopUp{
		Name: own.Holder, Inn: own.INN, Kpp: own.KPP, Account: own.Account, BankName: own.BankName, Bic: own.BIC, CorrAccount: own.CorrAccount,
		Purpose:        "Пополнение счета " + by + ". Без НДС",
		DepositPurpose: "Обеспечительный платеж " + by + ". Без НДС",
	}
}

func (s *Service) companyAfter(ctx context.Context, bookName string, o engine.Outcome) (*companyv1.Company, error) {
	if o.Refusal != nil {
		return nil, gate.IDField(o.Refusal, "company_id")
	}
	return s.company(ctx, bookName, gate.FromRecord(o.Record))
}

func (s *Service) company(ctx context.Context, bookName string, a gate.Aggregate) (*companyv1.Company, error) {
	list, err := s.companies(ctx, bookName, []gate.Aggregate{a})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// companies joins what the flow keeps with the details of the version that it names.
func (s *Service) companies(ctx context.Context, bookName string, rows []gate.Aggregate) ([]*companyv1.Company, error) {
	datas := make([]*flowv1.CompanyData, len(rows))
	refs := make([]private.Ref, len(rows))
	for i, a := range rows {
		datas[i] = new(flowv1.CompanyData)
		if err := a.Read(datas[i]); err != nil {
			return nil, err
		}
		refs[i] = private.Ref{ID: a.ID, Version: datas[i].GetProfileVersion()}
	}
	docs, err := s.Vault.Companies(ctx, bookName, refs...)
	if err != nil {
		return nil, err
	}
	out := make([]*companyv1.Company, len(rows))
	for i, a := range rows {
		d := datas[i]
		c := &companyv1.Company{
			CompanyId: a.ID, State: a.State, StateTitle: s.Title(company.Name, a.State),
			DetailsVersion: d.GetProfileVersion(), Tariff: TariffMessage(company.WholeTariff(d, s.Today())),
			DepositRequired: d.GetDepositRequired(), Deposit: gate.OrZero(d.GetDeposit()),
			RegisteredDay: d.GetRegisteredDay(), ActiveDay: d.GetActiveDay(),
			WalletAccount: walletOf(a.ID), DepositAccount: depositOf(a.ID),
		}
		for _, t := range d.GetTariffs() {
			c.Tariffs = append(c.Tariffs, TariffMessage(t))
		}
		for _, l := range d.GetLimits() {
			c.Limits = append(c.Limits, limitsMessage(l))
		}
		if doc, ok := docs[a.ID]; ok {
			c.Details = detailsMessage(doc.Content)
		}
		out[i] = c
	}
	return out, nil
}

// TariffMessage is a tariff as the API shows it.
func TariffMessage(t *flowv1.Tariff) *companyv1.Tariff {
	if t == nil {
		return nil
	}
	out := &companyv1.Tariff{From: t.GetFrom(), Percent: t.GetPercent(), Minimum: t.GetMinimum()}
	for _, k := range t.GetKinds() {
		out.Kinds = append(out.Kinds, &companyv1.KindCharge{EmploymentKind: executor.KindWord(k.GetKind()), Percent: k.GetPercent(), Minimum: k.GetMinimum()})
	}
	return out
}

func detailsMessage(p *privatev1.CompanyProfile) *companyv1.CompanyDetails {
	d := &companyv1.CompanyDetails{
		Inn: p.GetInn(), Kpp: p.GetKpp(), Ogrn: p.GetOgrn(), Name: p.GetName(), Address: p.GetAddress(),
		Email: p.GetEmail(), Phone: p.GetPhone(), Contract: p.GetContract(),
	}
	for _, a := range p.GetAccounts() {
		d.Accounts = append(d.Accounts, &companyv1.BankAccount{Account: a.GetAccount(), Bic: a.GetBic()})
	}
	return d
}
