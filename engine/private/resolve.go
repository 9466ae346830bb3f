package private

import (
	"context"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// Resolver answers the ports: ids and versions of an ask become the data that a
// provider needs. False is: there is none.
type Resolver struct{ vault *Vault }

// Resolver makes the ports' view of the vault.
func (v *Vault) Resolver() Resolver { return Resolver{v} }

// Payee is where an executor's money goes.
func (r Resolver) Payee(ctx context.Context, book, executor string, version uint32) (port.Requisites, bool, error) {
	d, ok, err := Only(r.vault.Requisites(ctx, book, Ref{executor, version}))
	if err != nil || !ok {
		return port.Requisites{}, false, err
	}
	q := d.Content
	return port.Requisites{
		Name: q.GetName(), INN: q.GetInn(), BIC: q.GetBic(), BankName: q.GetBankName(),
		CorrAccount: q.GetCorrAccount(), AccountNumber: q.GetAccountNumber(),
	}, true, nil
}

// PersonINN is an executor's INN; it never changes.
func (r Resolver) PersonINN(ctx context.Context, book, executor string) (string, bool, error) {
	d, ok, err := Only(r.vault.Executors(ctx, book, Ref{ID: executor}))
	if err != nil || !ok {
		return "", false, err
	}
	return d.Content.GetInn(), true, nil
}

// Person is an executor's INN and phone as they are now.
func (r Resolver) Person(ctx context.Context, book, executor string) (inn, phone string, ok bool, err error) {
	d, ok, err := Only(r.vault.Executors(ctx, book, Ref{ID: executor}))
	if err != nil || !ok {
		return "", "", false, err
	}
	return d.Content.GetInn(), d.Content.GetPhone(), true, nil
}

// Customer is a company's name and INN.
func (r Resolver) Customer(ctx context.Context, book, company string) (name, inn string, ok bool, err error) {
	d, ok, err := Only(r.vault.Companies(ctx, book, Ref{ID: company}))
	if err != nil || !ok {
		return "", "", false, err
	}
	return d.Content.GetName(), d.Content.GetInn(), true, nil
}

// Service is what a task's receipt says.
func (r Resolver) Service(ctx context.Context, book, task string) (string, bool, error) {
	rows, _, err := r.vault.db.FindAggregates(ctx, []store.AggregateKey{{Book: book, Flow: "task", ID: task}})
	if err != nil || len(rows) == 0 {
		return "", false, err
	}
	ref, err := textOf(rows[0])
	if err != nil {
		return "", false, err
	}
	d, ok, err := Only(r.vault.Tasks(ctx, book, ref))
	if err != nil || !ok {
		return "", false, err
	}
	return d.Content.GetTitle(), true, nil
}

// Sending notes a payment before it is sent: statements are compared with it. executor
// is who gets it, "" when it goes back to a company.
func (r Resolver) Sending(ctx context.Context, book, executor string, p port.Payment) error {
	d := r.vault.Draft(book)
	d.Payout(executor, p.Attempt, &privatev1.Payout{Amount: money.RUB.Format(p.Amount), Account: p.To.AccountNumber})
	return d.Put(ctx)
}

// Sender is who sent the money of a statement line, and to which account of ours.
func (r Resolver) Sender(ctx context.Context, book, line string) (from port.Requisites, ours, number, day string, ok bool, err error) {
	d, ok, err := Only(r.vault.Lines(ctx, book, Ref{ID: line}))
	if err != nil || !ok {
		return port.Requisites{}, "", "", "", false, err
	}
	l := d.Content
	return port.Requisites{
		Name: l.GetName(), INN: l.GetInn(), BIC: l.GetBic(), BankName: l.GetBankName(),
		CorrAccount: l.GetCorrAccount(), AccountNumber: l.GetAccount(),
	}, l.GetOurAccount(), l.GetNumber(), l.GetDay(), true, nil
}

// reachable is a document of somebody who can be told things.
type reachable interface {
	GetPhone() string
	GetEmail() string
}

// mailed is somebody who is reached by mail alone.
type mailed struct{ email string }

// GetPhone implements reachable.
func (mailed) GetPhone() string { return "" }

// GetEmail implements reachable.
func (m mailed) GetEmail() string { return m.email }

// Address is where a message reaches somebody: channel "sms" is a phone, "mail" a mail
// address. to is the kind of the document, version 0 the newest. False: there is none.
func (r Resolver) Address(ctx context.Context, channel, book, to, id string, version uint32) (string, bool, error) {
	var (
		m   reachable
		ok  bool
		err error
	)
	switch ref := (Ref{id, version}); to {
	case kindRegistration:
		var d Registration
		d, ok, err = Only(r.vault.Registrations(ctx, book, ref))
		m = d.Content
	case kindExecutor:
		var d Executor
		d, ok, err = Only(r.vault.Executors(ctx, book, ref))
		m = d.Content
	case kindInvitation:
		var d Invitation
		d, ok, err = Only(r.vault.Invitations(ctx, book, ref))
		m = d.Content
	case kindUser:
		var d User
		d, ok, err = Only(r.vault.Users(ctx, book, ref))
		m = mailed{d.Content.GetEmail()}
	}
	if err != nil || !ok {
		return "", false, err
	}
	address := ""
	switch channel {
	case "sms":
		address = m.GetPhone()
	case "mail":
		address = m.GetEmail()
	}
	return address, address != "", nil
}

// Aggregate is an aggregate of the books as it is now; false when there is none.
func (r Resolver) Aggregate(ctx context.Context, book, flow, id string) (state string, data []byte, ok bool, err error) {
	rows, _, err := r.vault.db.FindAggregates(ctx, []store.AggregateKey{{Book: book, Flow: flow, ID: id}})
	if err != nil || len(rows) == 0 {
		return "", nil, false, err
	}
	return rows[0].State, rows[0].Data, true, nil
}

// Identified says whether a version of an executor's data has what a civil contract needs.
func (r Resolver) Identified(ctx context.Context, book, executor string, version uint32) (bool, error) {
	d, ok, err := Only(r.vault.Executors(ctx, book, Ref{executor, version}))
	return ok && len(Unidentified(d.Content)) == 0, err
}

// Unidentified names what a civil contract needs to know of a person and nobody has given.
func Unidentified(p *privatev1.ExecutorProfile) (lacks []string) {
	for _, f := range []struct{ name, text string }{
		{"person.snils", p.GetSnils()}, {"person.birthday", p.GetBirthday()}, {"person.passport", p.GetPassportNumber()},
	} {
		if f.text == "" {
			lacks = append(lacks, f.name)
		}
	}
	return lacks
}
