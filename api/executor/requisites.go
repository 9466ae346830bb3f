package executor

import (
	"context"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// ReadRequisites checks the one way that they have to pay: the account against its bank, the phone
// and member of SBP, or the card's token; nil stays nil. A card's number is refused wherever it stands.
func ReadRequisites(r *executorv1.Requisites, person *privatev1.ExecutorProfile, kind flowv1.EmploymentKind) (*privatev1.Requisites, *fault.Refusal) {
	if r == nil {
		return nil, nil
	}
	for _, f := range []struct{ field, text string }{ // before anything whose refusal repeats what was given
		{"requisites.bic", r.GetBic()}, {"requisites.account_number", r.GetAccountNumber()}, {"requisites.corr_account", r.GetCorrAccount()},
		{"requisites.bank_name", r.GetBankName()}, {"requisites.payee_name", r.GetPayeeName()}, {"requisites.sbp.phone", r.GetSbp().GetPhone()},
		{"requisites.card.token", r.GetCard().GetToken()}, {"requisites.card.mask", r.GetCard().GetMask()},
	} {
		if refusal := requisite.NoCardNumber(f.field, f.text); refusal != nil {
			return nil, refusal
		}
	}
	switch {
	case r.GetSbp() == nil && r.GetCard() == nil:
		return readAccount(r, person)
	case kind == flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR:
		field := map[bool]string{true: "requisites.sbp", false: "requisites.card"}[r.GetSbp() != nil]
		return nil, fault.Refuse(fault.RequisitesInvalid, field, "a sole trader is paid to an account: SBP and cards are for persons")
	}
	out := &privatev1.Requisites{
		Name: private.FullName(person), Inn: person.GetInn(),
		LastName: person.GetLastName(), FirstName: person.GetFirstName(), SecondName: person.GetSecondName(),
	}
	if r.GetSbp() != nil {
		return readSBP(r.GetSbp(), out)
	}
	if refusal := requisite.CardToken("requisites.card.token", r.GetCard().GetToken()); refusal != nil {
		return nil, refusal
	}
	out.CardToken, out.CardMask = r.GetCard().GetToken(), r.GetCard().GetMask()
	return out, requisite.CardMask("requisites.card.mask", out.GetCardMask())
}

func readSBP(s *executorv1.Sbp, out *privatev1.Requisites) (_ *privatev1.Requisites, refusal *fault.Refusal) {
	if out.SbpPhone, refusal = requisite.Phone("requisites.sbp.phone", s.GetPhone()); refusal != nil {
		return nil, refusal
	}
	out.SbpBankId = s.GetBankId()
	return out, requisite.SBPBank("requisites.sbp.bank_id", out.GetSbpBankId())
}

func readAccount(r *executorv1.Requisites, person *privatev1.ExecutorProfile) (*privatev1.Requisites, *fault.Refusal) {
	if refusal := requisite.BIC("requisites.bic", r.GetBic()); refusal != nil {
		return nil, refusal
	}
	if refusal := requisite.RubleAccount("requisites.account_number", r.GetAccountNumber(), r.GetBic()); refusal != nil {
		return nil, refusal
	}
	if r.GetCorrAccount() != "" {
		if refusal := requisite.CorrAccount("requisites.corr_account", r.GetCorrAccount(), r.GetBic()); refusal != nil {
			return nil, refusal
		}
	}
	name := gate.OneLine(r.GetPayeeName())
	if name == "" {
		name = private.FullName(person)
	}
	return &privatev1.Requisites{
		Name: name, Inn: person.GetInn(), Bic: r.GetBic(), BankName: gate.OneLine(r.GetBankName()),
		CorrAccount: r.GetCorrAccount(), AccountNumber: r.GetAccountNumber(),
	}, nil
}

// payable refuses to make a sole trader of somebody who is paid by SBP or to a card.
func (s *Service) payable(ctx context.Context, book, id string, kind flowv1.EmploymentKind) error {
	if kind != flowv1.EmploymentKind_EMPLOYMENT_KIND_ENTREPRENEUR {
		return nil
	}
	people, err := s.People(ctx, book, []string{id})
	if err != nil || people[id].Data.GetRequisitesVersion() == 0 {
		return err
	}
	where, ok, err := private.Only(s.Vault.Requisites(ctx, book, private.Ref{ID: id, Version: people[id].Data.GetRequisitesVersion()}))
	if err != nil || !ok || where.Content.GetAccountNumber() != "" {
		return err
	}
	return fault.Refuse(fault.RequisitesInvalid, "employment_kind", "a sole trader is paid to an account, and this executor is not: set requisites of an account first")
}

// requisitesMessage shows requisites; a card's token to nobody.
func requisitesMessage(r *privatev1.Requisites, masked bool) *executorv1.Requisites {
	switch {
	case r.GetSbpPhone() != "":
		phone := r.GetSbpPhone()
		if masked {
			phone = private.MaskPhone(phone)
		}
		return &executorv1.Requisites{Sbp: &executorv1.Sbp{Phone: phone, BankId: r.GetSbpBankId()}}
	case r.GetCardToken() != "":
		return &executorv1.Requisites{Card: &executorv1.Card{Mask: r.GetCardMask()}}
	}
	out := &executorv1.Requisites{
		Bic: r.GetBic(), AccountNumber: r.GetAccountNumber(), CorrAccount: r.GetCorrAccount(), BankName: r.GetBankName(), PayeeName: r.GetName(),
	}
	if masked {
		out.AccountNumber, out.PayeeName = private.MaskAccount(out.AccountNumber), ""
	}
	return out
}
