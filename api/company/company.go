package company

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/provodka/provodka/api/books"
	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// OwnAccount is a settlement account of ours.
type OwnAccount struct {
	Name        string // in the books: "settlement" of bank:settlement
	Account     string // 20 digits
	BIC         string
	BankName    string
	CorrAccount string
	Holder      string // our name, as companies write it on payments
	INN, KPP    string
	BankINN     string // of the bank: its charges are known by it; "" when not known
	Asked       bool   // the bank itself tells its statements; else files do
}

// Service is CompanyService.
type Service struct {
	*gate.Gate
	ledger *books.Service
	pay    OwnAccount // where companies send money
}

// New makes the service; money of companies comes to pay.
func New(g *gate.Gate, ledger *books.Service, pay OwnAccount) *Service {
	return &Service{Gate: g, ledger: ledger, pay: pay}
}

func walletOf(companyID string) string  { return "wallet:" + companyID }
func depositOf(companyID string) string { return "deposit:" + companyID }

// OpenCompany implements CompanyService.
func (s *Service) OpenCompany(ctx context.Context, req *companyv1.OpenCompanyRequest) (*companyv1.OpenCompanyResponse, error) {
	profile, refusal := readDetails(req.GetDetails())
	if refusal != nil {
		return nil, refusal
	}
	var outcomes []engine.Outcome
	err := gate.Again(func() (err error) {
		outcomes, err = s.openCompany(ctx, req, profile)
		return err
	})
	if err != nil {
		return nil, err
	}
	if refusal := firstRefusal(outcomes); refusal != nil {
		return nil, refusal
	}
	s.ledger.Opened(req.GetBook(), outcomes[2].Record.GetAccounts()[0].GetName(), outcomes[3].Record.GetAccounts()[0].GetName())
	c, err := s.company(ctx, req.GetBook(), gate.FromRecord(outcomes[1].Record))
	if err != nil {
		return nil, err
	}
	return &companyv1.OpenCompanyResponse{Company: c, Position: gate.PositionOf(outcomes), Replayed: outcomes[0].Replayed}, nil
}

// openCompany makes aggregate, wallet and deposit as one atomic group.
func (s *Service) openCompany(ctx context.Context, req *companyv1.OpenCompanyRequest, profile *privatev1.CompanyProfile) ([]engine.Outcome, error) {
	book, id := req.GetBook(), s.Vault.CompanyID(req.GetBook(), profile.GetInn())
	register := s.NewChange("OpenCompany", req.GetKey(), req)
	accept := s.NewChange("OpenCompany", req.GetKey()+"/accept", req)
	for event, c := range map[string]*gate.Change{company.Register: register, company.Accept: accept} {
		c.Flow, c.ID, c.Owner, c.Event = company.Name, id, id, event
	}
	if err := s.Recall(ctx, book, register, accept); err != nil {
		return nil, err
	}
	draft := s.Vault.Draft(book)
	if register.Fresh() {
		found, _, err := s.Load(ctx, book, company.Name, id)
		if err != nil {
			return nil, err
		}
		if _, exists := found[id]; exists {
			return nil, s.Exists(ctx, book, register,
				fault.Refuse(fault.AlreadyExists, "details.inn", "the company of this INN is %s", id).With("company_id", id))
		}
		version, err := gate.NextVersion(s.Vault.Companies(ctx, book, private.Ref{ID: id}))
		if err != nil {
			return nil, err
		}
		draft.Company(id, version, profile)
		register.Say(&flowv1.CompanyRegister{ProfileVersion: version})
		deposit := req.GetDepositRequired()
		if deposit == "" {
			deposit = "0"
		}
		accept.Say(&flowv1.CompanyAccept{Tariff: tariff(req.GetTariff()), DepositRequired: deposit})
	}
	return s.Commit(ctx, book, draft, true, []*gate.Change{register, accept},
		openOperation(req.GetKey()+"/wallet", walletOf(id)), openOperation(req.GetKey()+"/deposit", depositOf(id)))
}

func openOperation(key, account string) engine.Operation {
	return engine.Operation{Operation: &commandv1.Operation{
		Key: key, What: &commandv1.Operation_Open{Open: &commandv1.Open{Account: account}},
	}}
}

// firstRefusal is the refusal that a group stands for: its culprit's.
func firstRefusal(outcomes []engine.Outcome) *fault.Refusal {
	var first *fault.Refusal
	for _, o := range outcomes {
		if o.Refusal != nil && (first == nil || first.Code == fault.GroupFailed) {
			first = o.Refusal
		}
	}
	return first
}

// SetTariff implements CompanyService.
func (s *Service) SetTariff(ctx context.Context, req *companyv1.SetTariffRequest) (*companyv1.SetTariffResponse, error) {
	c := &gate.Change{Flow: company.Name, ID: req.GetCompanyId(), Owner: req.GetCompanyId(), Event: company.SetTariff, Key: req.GetKey()}
	c.Say(&flowv1.CompanySetTariff{Tariff: tariff(req.GetTariff())})
	outcome := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0]
	out, err := s.companyAfter(ctx, req.GetBook(), outcome)
	if err != nil {
		return nil, err
	}
	return &companyv1.SetTariffResponse{Company: out, Position: gate.IDOf(outcome.Record), Replayed: outcome.Replayed}, nil
}

// UpdateCompany implements CompanyService.
func (s *Service) UpdateCompany(ctx context.Context, req *companyv1.UpdateCompanyRequest) (*companyv1.UpdateCompanyResponse, error) {
	profile, refusal := readDetails(req.GetDetails())
	if refusal != nil {
		return nil, refusal
	}
	var outcomes []engine.Outcome
	err := gate.Again(func() (err error) {
		outcomes, err = s.updateCompany(ctx, req, profile)
		return err
	})
	if err != nil {
		return nil, err
	}
	out, err := s.companyAfter(ctx, req.GetBook(), outcomes[0])
	if err != nil {
		return nil, err
	}
	return &companyv1.UpdateCompanyResponse{Company: out, Position: gate.PositionOf(outcomes), Replayed: outcomes[0].Replayed}, nil
}

func (s *Service) updateCompany(ctx context.Context, req *companyv1.UpdateCompanyRequest, profile *privatev1.CompanyProfile) ([]engine.Outcome, error) {
	book, id := req.GetBook(), req.GetCompanyId()
	c := s.NewChange("UpdateCompany", req.GetKey(), req)
	c.Flow, c.ID, c.Owner, c.Event = company.Name, id, id, company.SetProfile
	if err := s.Recall(ctx, book, c); err != nil {
		return nil, err
	}
	draft := s.Vault.Draft(book)
	if c.Fresh() {
		if _, err := s.Must(ctx, book, company.Name, "company_id", id); err != nil {
			return nil, err
		}
		if s.Vault.CompanyID(book, profile.GetInn()) != id {
			return nil, fault.Refuse(fault.INNInvalid, "details.inn", "the INN of a company stays: it is its name in the books")
		}
		version, err := gate.NextVersion(s.Vault.Companies(ctx, book, private.Ref{ID: id}))
		if err != nil {
			return nil, err
		}
		draft.Company(id, version, profile)
		c.Say(&flowv1.CompanySetProfile{ProfileVersion: version})
	}
	return s.Commit(ctx, book, draft, false, []*gate.Change{c})
}

func tariff(t *companyv1.Tariff) *flowv1.Tariff {
	out := &flowv1.Tariff{From: t.GetFrom(), Percent: cmp.Or(t.GetPercent(), "0"), Minimum: t.GetMinimum()}
	for _, k := range t.GetKinds() {
		out.Kinds = append(out.Kinds, &flowv1.KindCharge{
			Kind: executor.Kinds[k.GetEmploymentKind()], Percent: cmp.Or(k.GetPercent(), "0"), Minimum: k.GetMinimum(),
		})
	}
	return out
}

// readDetails checks the numbers and brings texts to one form.
func readDetails(d *companyv1.CompanyDetails) (*privatev1.CompanyProfile, *fault.Refusal) {
	p := &privatev1.CompanyProfile{
		Inn: strings.TrimSpace(d.GetInn()), Kpp: strings.TrimSpace(d.GetKpp()), Ogrn: strings.TrimSpace(d.GetOgrn()),
		Name: strings.TrimSpace(d.GetName()), Address: strings.TrimSpace(d.GetAddress()),
		Email: strings.TrimSpace(d.GetEmail()), Contract: strings.TrimSpace(d.GetContract()),
	}
	if refusal := requisite.INN("details.inn", p.GetInn()); refusal != nil {
		return nil, refusal
	}
	if p.GetName() == "" {
		return nil, fault.Refuse(fault.Malformed, "details.name", "the name is empty")
	}
	if p.GetKpp() != "" {
		if refusal := requisite.KPP("details.kpp", p.GetKpp()); refusal != nil {
			return nil, refusal
		}
	}
	if p.GetOgrn() != "" {
		check := requisite.OGRN
		if len(p.GetInn()) == 12 {
			check = requisite.OGRNIP
		}
		if refusal := check("details.ogrn", p.GetOgrn()); refusal != nil {
			return nil, refusal
		}
	}
	if d.GetPhone() != "" {
		phone, refusal := requisite.Phone("details.phone", d.GetPhone())
		if refusal != nil {
			return nil, refusal
		}
		p.Phone = phone
	}
	for i, a := range d.GetAccounts() {
		if refusal := requisite.RubleAccount(fmt.Sprintf("details.accounts[%d].account", i), a.GetAccount(), a.GetBic()); refusal != nil {
			return nil, refusal
		}
		p.Accounts = append(p.Accounts, &privatev1.BankAccount{Account: a.GetAccount(), Bic: a.GetBic()})
	}
	return p, nil
}
