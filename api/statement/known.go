package statement

import (
	"context"
	"slices"

	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/incoming"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// known gathers what fresh lines are compared with: companies by INN, account,
// marker and contract, and payments of ours that no statement has shown or that have not
// come back.
func (s *Service) known(ctx context.Context, book string, own map[string]string, lines []*importLine) (incoming.Known, error) {
	k := incoming.Known{Own: own, BankINN: s.bank}
	var err error
	if k.Companies, err = s.candidates(ctx, book, lines); err != nil {
		return k, err
	}
	if k.Payouts, err = s.payouts(ctx, book, lines, true); err != nil {
		return k, err
	}
	k.Out, err = s.payouts(ctx, book, lines, false)
	return k, err
}

// candidates are the companies that anything in the credits points to.
func (s *Service) candidates(ctx context.Context, book string, lines []*importLine) ([]incoming.Candidate, error) {
	var inns, accounts, phrases []string
	for _, l := range lines {
		if l.Fresh() && !l.line.Debit {
			inns, accounts = append(inns, l.line.OtherINN), append(accounts, l.line.OtherAccount)
			phrases = append(phrases, private.Phrases(l.line.Purpose)...)
		}
	}
	ids := map[string]bool{}
	paid := map[string][]string{} // company to accounts that have paid for it
	for _, look := range []struct {
		field  private.Field
		values []string
	}{
		{private.CompanyINN, inns}, {private.CompanyAccount, accounts},
		{private.CompanyMarker, phrases}, {private.CompanyContract, phrases},
	} {
		found, err := s.Vault.Find(ctx, book, look.field, look.values...)
		if err != nil {
			return nil, err
		}
		for value, list := range found {
			for _, id := range list {
				ids[id] = true
				if look.field == private.CompanyAccount {
					paid[id] = append(paid[id], value)
				}
			}
		}
	}
	return s.candidatesOf(ctx, book, ids, paid)
}

// candidatesOf reads the companies that exist with the details that they name.
func (s *Service) candidatesOf(ctx context.Context, book string, ids map[string]bool, paid map[string][]string) ([]incoming.Candidate, error) {
	list := make([]string, 0, len(ids))
	for id := range ids {
		list = append(list, id)
	}
	slices.Sort(list)
	rows, _, err := s.Load(ctx, book, company.Name, list...)
	if err != nil {
		return nil, err
	}
	refs := make([]private.Ref, 0, len(rows))
	for _, id := range list {
		a, ok := rows[id]
		if !ok {
			continue // its data was written, its command was refused
		}
		d := new(flowv1.CompanyData)
		if err := a.Read(d); err != nil {
			return nil, err
		}
		refs = append(refs, private.Ref{ID: id, Version: d.GetProfileVersion()})
	}
	docs, err := s.Vault.Companies(ctx, book, refs...)
	if err != nil {
		return nil, err
	}
	var out []incoming.Candidate
	for _, r := range refs {
		p := docs[r.ID].Content
		c := incoming.Candidate{CompanyID: r.ID, INN: p.GetInn(), Marker: private.Marker(r.ID), Accounts: paid[r.ID]}
		if p.GetContract() != "" {
			c.Contracts = []string{p.GetContract()}
		}
		out = append(out, c)
	}
	return out, nil
}

// payouts are our payments that the lines of a side could be: debits those that no
// statement has shown, credits those that have not come back. They are found by the marker
// in the purpose, or by the other side's account.
func (s *Service) payouts(ctx context.Context, book string, lines []*importLine, debit bool) ([]incoming.Payout, error) {
	var accounts, phrases []string
	for _, l := range lines {
		if l.Fresh() && l.line.Debit == debit {
			accounts, phrases = append(accounts, l.line.OtherAccount), append(phrases, private.Phrases(l.line.Purpose)...)
		}
	}
	var attempts []string
	for _, look := range []struct {
		field  private.Field
		values []string
	}{{private.PayoutMarker, phrases}, {private.PayoutAccount, accounts}} {
		found, err := s.Vault.Find(ctx, book, look.field, look.values...)
		if err != nil {
			return nil, err
		}
		for _, list := range found {
			attempts = append(attempts, list...)
		}
	}
	slices.Sort(attempts)
	attempts = slices.Compact(attempts)
	shown, err := s.Vault.Find(ctx, book, private.PayoutShown, attempts...)
	if err != nil {
		return nil, err
	}
	returned, err := s.Vault.PayoutReturns(ctx, book, private.Refs(attempts...)...)
	if err != nil {
		return nil, err
	}
	docs, err := s.Vault.Payouts(ctx, book, private.Refs(attempts...)...)
	if err != nil {
		return nil, err
	}
	var out []incoming.Payout
	for _, a := range attempts {
		doc, ok := docs[a]
		_, back := returned[a]
		if !ok || debit && len(shown[a]) > 0 || !debit && back {
			continue
		}
		amount, err := money.RUB.Parse(doc.Content.GetAmount())
		if err != nil {
			return nil, err
		}
		out = append(out, incoming.Payout{Attempt: a, Account: doc.Content.GetAccount(), Amount: amount, Shown: len(shown[a]) > 0})
	}
	return out, nil
}
