package private

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
)

// Resolver answers the ports: ids and versions of an ask become the data that a
// provider needs. False is: there is none. What effects ask at the same moment is read
// and noted as one set.
type Resolver struct {
	vault *Vault
	reads *together[question, sight]
	notes *together[note, struct{}]
}

// Resolver makes the ports' view of the vault.
func (v *Vault) Resolver() Resolver {
	return Resolver{v, newTogether(v.findTogether), newTogether(v.noteTogether)}
}

// question is what one ask has to know: private data, and the aggregate that it is about.
type question struct {
	book     string
	ids      []store.PrivateID
	flow, id string // of the aggregate; "" when nothing of it is needed
}

// sight is what there is of it.
type sight struct {
	rows  map[[2]string][]store.PrivateRow // by kind and id
	about *store.AggregateRow
}

// row is a version that was asked for, 0 the newest.
func (f sight) row(id store.PrivateID) (newest store.PrivateRow, ok bool) {
	for _, r := range f.rows[[2]string{id.Kind, id.ID}] {
		if id.Version == r.Version || id.Version == 0 && r.Version > newest.Version {
			newest, ok = r, true
		}
	}
	return newest, ok
}

// findTogether reads what many need, of each book in one round trip.
func (v *Vault) findTogether(ctx context.Context, asked []question) ([]sight, error) {
	byBook, out := map[string][]int{}, make([]sight, len(asked))
	for i, q := range asked {
		byBook[q.book] = append(byBook[q.book], i)
	}
	for book, who := range byBook {
		var (
			ids    []store.PrivateID
			keys   []store.AggregateKey
			wanted = map[store.PrivateID]bool{}
			about  = map[[2]string]*store.AggregateRow{} // by flow and id
			rows   = map[[2]string][]store.PrivateRow{}
		)
		for _, i := range who {
			for _, id := range asked[i].ids {
				if !wanted[id] {
					ids, wanted[id] = append(ids, id), true
				}
			}
			if at := [2]string{asked[i].flow, asked[i].id}; at[1] != "" {
				if _, twice := about[at]; !twice {
					keys, about[at] = append(keys, store.AggregateKey{Book: book, Flow: at[0], ID: at[1]}), nil
				}
			}
		}
		found, aggregates, err := v.db.GetPrivateBeside(ctx, book, ids, keys)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			at := [2]string{r.Kind, r.ID}
			rows[at] = append(rows[at], r)
		}
		for i, a := range aggregates {
			about[[2]string{a.Key.Flow, a.Key.ID}] = &aggregates[i]
		}
		for _, i := range who {
			out[i] = sight{rows, about[[2]string{asked[i].flow, asked[i].id}]}
		}
	}
	return out, nil
}

// only is the one document of a version, if it is there and can be read.
func only[M proto.Message](v *Vault, f sight, id store.PrivateID, fresh func() M) (d Doc[M], ok bool, err error) {
	r, ok := f.row(id)
	if !ok {
		return d, false, nil
	}
	return opened(v, r, fresh)
}

// Payee is where an executor's money goes, and what the task is called; false when there
// is no such version of his requisites.
func (r Resolver) Payee(ctx context.Context, book, executor string, version uint32, task string) (to port.Requisites, title string, ok bool, err error) {
	where, text := store.PrivateID{Kind: kindRequisites, ID: executor, Version: int64(version)}, store.PrivateID{Kind: kindTask, ID: task}
	f, err := r.reads.ask(ctx, question{book, []store.PrivateID{where, text}, flowTask, task})
	if err != nil {
		return to, "", false, err
	}
	d, ok, err := only(r.vault, f, where, func() *privatev1.Requisites { return new(privatev1.Requisites) })
	if err != nil || !ok {
		return to, "", false, err
	}
	title, _, err = r.service(ctx, book, task, f)
	return payTo(d.Content), title, true, err
}

// Way is how requisites are paid.
func Way(q *privatev1.Requisites) port.Way { return payTo(q).Way() }

// payTo is what a payment says of requisites.
func payTo(q *privatev1.Requisites) port.Requisites {
	return port.Requisites{
		Name: q.GetName(), INN: q.GetInn(), BIC: q.GetBic(), BankName: q.GetBankName(),
		CorrAccount: q.GetCorrAccount(), AccountNumber: q.GetAccountNumber(),
		SBP: port.SBP{Phone: q.GetSbpPhone(), BankID: q.GetSbpBankId()}, Card: port.Card{Token: q.GetCardToken()},
		Person: port.Person{LastName: q.GetLastName(), FirstName: q.GetFirstName(), SecondName: q.GetSecondName()},
	}
}

// Income is whose an income is, from whom and for what, as far as it was asked for.
type Income struct {
	INN          string   // of the person, as it is now
	Former       []string // what it was before
	CustomerName string
	CustomerINN  string
	Service      string // what the task is called
	// Lacks is the first of "executor_id", "company_id" and "task" of which nothing is known.
	Lacks string
}

// Income reads an executor's INN, and with a company and a task what a receipt says of them.
func (r Resolver) Income(ctx context.Context, book, executor, company, task string) (out Income, err error) {
	person, firm, text := store.PrivateID{Kind: kindExecutor, ID: executor}, store.PrivateID{Kind: kindCompany, ID: company}, store.PrivateID{Kind: kindTask, ID: task}
	q := question{book: book, ids: []store.PrivateID{person}}
	if task != "" {
		q.ids, q.flow, q.id = append(q.ids, firm, text), flowTask, task
	}
	f, err := r.reads.ask(ctx, q)
	if err != nil {
		return out, err
	}
	who, ok, err := only(r.vault, f, person, func() *privatev1.ExecutorProfile { return new(privatev1.ExecutorProfile) })
	if err != nil || !ok {
		return Income{Lacks: "executor_id"}, err
	}
	for _, f := range who.Content.GetFormerInns() {
		out.Former = append(out.Former, f.GetInn())
	}
	if out.INN = who.Content.GetInn(); task == "" {
		return out, nil
	}
	customer, ok, err := only(r.vault, f, firm, func() *privatev1.CompanyProfile { return new(privatev1.CompanyProfile) })
	if err != nil || !ok {
		out.Lacks = "company_id"
		return out, err
	}
	out.CustomerName, out.CustomerINN = customer.Content.GetName(), customer.Content.GetInn()
	if out.Service, ok, err = r.service(ctx, book, task, f); !ok {
		out.Lacks = "task"
	}
	return out, err
}

// service is what a task's receipt says: the version of its texts that the task names. It
// is nearly always the newest, which was read together with the task.
func (r Resolver) service(ctx context.Context, book, task string, f sight) (string, bool, error) {
	if f.about == nil {
		return "", false, nil
	}
	ref, err := textOf(*f.about)
	if err != nil {
		return "", false, err
	}
	d, ok, err := only(r.vault, f, store.PrivateID{Kind: kindTask, ID: task, Version: int64(ref.Version)}, func() *privatev1.TaskText { return new(privatev1.TaskText) })
	if err == nil && !ok {
		d, ok, err = Only(r.vault.Tasks(ctx, book, ref))
	}
	if err != nil || !ok {
		return "", false, err
	}
	return d.Content.GetTitle(), true, nil
}

// note is a payment that is about to be sent; executor is who gets it, "" when it goes back
// to a company.
type note struct {
	book, executor string
	payment        port.Payment
}

// Sending notes a payment before it is sent: statements are compared with it. executor
// is who gets it, "" when it goes back to a company.
func (r Resolver) Sending(ctx context.Context, book, executor string, p port.Payment) error {
	_, err := r.notes.ask(ctx, note{book, executor, p})
	return err
}

// noteTogether writes notes, those of a book in one transaction.
func (v *Vault) noteTogether(ctx context.Context, notes []note) ([]struct{}, error) {
	drafts := map[string]*Draft{}
	for _, n := range notes {
		d := drafts[n.book]
		if d == nil {
			d = v.Draft(n.book)
			drafts[n.book] = d
		}
		d.Payout(n.executor, n.payment.Attempt, &privatev1.Payout{Amount: money.RUB.Format(n.payment.Amount), Account: n.payment.To.Target()})
	}
	for _, d := range drafts {
		if err := d.Put(ctx); err != nil {
			return nil, err
		}
	}
	return make([]struct{}, len(notes)), nil
}

// flowTask is the flow whose aggregates name the texts of tasks.
const flowTask = "task"

func newExecutor() *privatev1.ExecutorProfile { return new(privatev1.ExecutorProfile) }

// Person is an executor's INN and phone as they are now.
func (r Resolver) Person(ctx context.Context, book, executor string) (inn, phone string, ok bool, err error) {
	who := store.PrivateID{Kind: kindExecutor, ID: executor}
	f, err := r.reads.ask(ctx, question{book: book, ids: []store.PrivateID{who}})
	if err != nil {
		return "", "", false, err
	}
	d, ok, err := only(r.vault, f, who, newExecutor)
	if err != nil || !ok {
		return "", "", false, err
	}
	return d.Content.GetInn(), d.Content.GetPhone(), true, nil
}

// Phone is the phone of an executor in the version of his data that the books name, and that
// version; 0 when there is none.
func (r Resolver) Phone(ctx context.Context, book, executor string) (phone string, version uint32, err error) {
	newest := store.PrivateID{Kind: kindExecutor, ID: executor}
	f, err := r.reads.ask(ctx, question{book, []store.PrivateID{newest}, kindExecutor, executor})
	if err != nil || f.about == nil {
		return "", 0, err
	}
	who := new(flowv1.ExecutorData)
	if err := proto.Unmarshal(f.about.Data, who); err != nil {
		return "", 0, err
	}
	d, ok, err := only(r.vault, f, newest, newExecutor)
	if named := who.GetProfileVersion(); err == nil && ok && d.Version != named && named > 0 { // written for a command that has not passed
		d, ok, err = Only(r.vault.Executors(ctx, book, Ref{executor, named}))
	}
	if err != nil || !ok || who.GetProfileVersion() == 0 {
		return "", 0, err
	}
	return d.Content.GetPhone(), who.GetProfileVersion(), nil
}

// PayoutShown says whether a statement has shown that a payment of ours left.
func (r Resolver) PayoutShown(ctx context.Context, book, attempt string) (bool, error) {
	shown, err := r.vault.Find(ctx, book, PayoutShown, attempt)
	return len(shown[attempt]) > 0, err
}

// CameBack notes which line of a statement shows that a payment of ours came back; false
// when it is another one already.
func (r Resolver) CameBack(ctx context.Context, book, attempt, line string) (bool, error) {
	d := r.vault.Draft(book)
	d.CameBack(attempt, line)
	err := d.Put(ctx)
	if errors.Is(err, ErrTaken) {
		return false, nil
	}
	return err == nil, err
}

// Sender is who sent the money of a statement line, and to which account of ours.
func (r Resolver) Sender(ctx context.Context, book, line string, version uint32) (from port.Requisites, ours, number, day string, ok bool, err error) {
	d, ok, err := Only(r.vault.Lines(ctx, book, Ref{ID: line, Version: max(version, 1)}))
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
	f, err := r.reads.ask(ctx, question{book: book, flow: flow, id: id})
	if err != nil || f.about == nil {
		return "", nil, false, err
	}
	return f.about.State, f.about.Data, true, nil
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
