package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
)

// Person is one taxpayer as the service knows them.
type Person struct {
	INN        string `json:"inn"`
	FirstName  string `json:"first_name,omitempty"`
	LastName   string `json:"last_name,omitempty"`
	Phone      string `json:"phone,omitempty"`
	Registered bool   `json:"registered"`
	// UnregisteredAt, when set, is told by GetTaxpayerStatus instead of an error: the
	// person left NPD then, for Reason.
	UnregisteredAt time.Time `json:"unregistered_at,omitzero"`
	Reason         string    `json:"reason,omitempty"`
	Bound          bool      `json:"bound"`
	Permissions    []string  `json:"permissions,omitempty"`
	Bonus          string    `json:"bonus,omitempty"` // rubles left of the deduction, "10000.00"; "" is none
	// Answers is how the person answers a request for permissions: "yes", "no", "" not yet.
	Answers string `json:"answers,omitempty"`
	// Refuses are the permissions that the person does not give with a yes.
	Refuses []string `json:"refuses,omitempty"`
	// UnboundAt, when set, is when the person took the binding back: GetNewlyUnboundTaxpayers has it.
	UnboundAt time.Time `json:"unbound_at,omitzero"`
	// Documents are the charges of tax that the person has to pay: GetPaymentDocuments has them.
	Documents []Document `json:"documents,omitempty"`
	// Elsewhere is income that others have registered, by month: "202611" → rubles.
	Elsewhere map[string]string `json:"elsewhere,omitempty"`
	// Previous is the INN that the person had before: GetChangeInnHistory has it.
	Previous string `json:"previous,omitempty"`
}

// AllPermissions are what a person can grant [H].
var AllPermissions = []string{
	"INCOME_REGISTRATION", "PAYMENT_INFORMATION", "TAX_PAYMENT", "INCOME_LIST", "INCOME_SUMMARY", "CANCEL_INCOME", "CANCEL_ANY_INCOME", "TAXPAYER_UPDATE",
}

// Willing is a person who is on NPD, bound, and granted everything.
func Willing() *Person { return &Person{Registered: true, Bound: true, Permissions: AllPermissions} }

// people is the registry, by INN: who they are, the bonus that each has used, their
// registered incomes.
type people struct {
	mu       sync.Mutex
	known    map[string]Person
	stranger *Person // who an INN that is not known belongs to; nil: nobody on NPD
	used     map[string]money.Amount
	income   map[string][]stage.Payment // registered, in order
	canceled map[string]string          // receipt → when it was annulled, RFC 3339
	orders   map[string]order           // requests for permissions, by id
	changes  []innChange                // changed INN, as they were heard of
}

// Annulment is a note of the books: a receipt was annulled. POST /sandbox/annulments takes one
// from a person, without At.
type Annulment struct {
	INN     string `json:"inn"`
	Receipt string `json:"receipt"`
	At      string `json:"at,omitempty"`
}

// annul reads a note and gives the bonus of the receipt back.
func (p *people) annul(note json.RawMessage) error {
	var a Annulment
	if err := json.Unmarshal(note, &a); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.canceled[a.Receipt] != "" {
		return nil
	}
	p.canceled[a.Receipt] = a.At
	for _, income := range p.income[a.INN] {
		if bonus, err := money.RUB.Parse(income.Extra["bonus_used"]); err == nil && income.Extra["receipt_id"] == a.Receipt {
			p.used[a.INN] = p.used[a.INN].Sub(bonus)
		}
	}
	return nil
}

// canceledAt says when a receipt was annulled, "" when it stands.
func (p *people) canceledAt(receipt string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.canceled[receipt]
}

// has says whether the person has such a receipt.
func (p *people) has(inn, receipt string) bool {
	return slices.ContainsFunc(p.incomes(inn), func(i stage.Payment) bool { return i.Extra["receipt_id"] == receipt })
}

// bonusLeft is what is left of the person's deduction.
func (p *people) bonusLeft(inn string) money.Amount {
	person, ok := p.find(inn)
	if !ok || person.Bonus == "" {
		return money.Zero
	}
	given, err := money.RUB.Parse(person.Bonus)
	if err != nil {
		return money.Zero
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return money.Max(given.Sub(p.used[inn]), money.Zero)
}

// load reads a JSON list of people from a file.
func (p *people) load(path string) error {
	data, err := os.ReadFile(path) //nolint:gosec // the operator's file
	if err != nil {
		return err
	}
	var list []Person
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	p.set(list)
	return nil
}

func (p *people) set(list []Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, person := range list {
		p.known[person.INN] = person
		if person.Previous != "" {
			p.renamed(person.Previous, person.INN)
		}
	}
}

// renamed notes a changed INN, once. Nobody is known under the old one any more; what was
// registered under it is the person's.
func (p *people) renamed(previous, inn string) {
	if slices.ContainsFunc(p.changes, func(c innChange) bool { return c.Previous == previous && c.INN == inn }) {
		return
	}
	p.changes = append(p.changes, innChange{int64(len(p.changes)), previous, inn})
	p.known[previous] = Person{INN: previous}
	p.income[inn] = append(p.income[previous], p.income[inn]...)
	p.used[inn] = p.used[inn].Add(p.used[previous])
	delete(p.income, previous)
	delete(p.used, previous)
}

// changed are the changed INN.
func (p *people) changed() []innChange {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.changes)
}

func (p *people) find(inn string) (Person, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if person, ok := p.known[inn]; ok {
		return person, true
	}
	if p.stranger == nil {
		return Person{}, false
	}
	person := *p.stranger
	person.INN = inn
	return person, true
}

// list is everybody known, by INN.
func (p *people) list() []Person {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := []Person{}
	for _, person := range p.known {
		list = append(list, person)
	}
	slices.SortFunc(list, func(a, b Person) int { return strings.Compare(a.INN, b.INN) })
	return list
}

// Rates in percent and what of them the bonus covers [H].
var (
	rateCompany, bonusCompany = money.MustParse("6"), money.MustParse("2")
	ratePerson, bonusPerson   = money.MustParse("4"), money.MustParse("1")
)

// tax is the tax of an income after the bonus, and the bonus used. Rubles, scale
// 2, half up.
func (p *people) tax(inn, incomeType string, amount money.Amount) (tax, bonus money.Amount) {
	rate, share := rateCompany, bonusCompany
	if incomeType == "FROM_INDIVIDUAL" {
		rate, share = ratePerson, bonusPerson
	}
	left := p.bonusLeft(inn)
	bonus = money.Min(amount.Percent(share, money.RUB.Scale, money.HalfUp), left)
	return amount.Percent(rate, money.RUB.Scale, money.HalfUp).Sub(bonus), bonus
}

// earned notes a registered income.
func (p *people) earned(income stage.Payment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.income[income.INN] = append(p.income[income.INN], income)
	if bonus, err := money.RUB.Parse(income.Extra["bonus_used"]); err == nil {
		p.used[income.INN] = p.used[income.INN].Add(bonus)
	}
}

// incomes are the person's registered incomes.
func (p *people) incomes(inn string) []stage.Payment {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.income[inn])
}

// deny is the error that the service gives about a person, nil when all is well.
func deny(person Person, known bool, permission string) *smz {
	var e smz
	switch {
	case !known || !person.Registered || !person.UnregisteredAt.IsZero():
		e = failure("TAXPAYER_UNREGISTERED", "Налогоплательщик с ИНН {INN} не зарегистрирован в качестве плательщика НПД", arg{"INN", person.INN})
	case !person.Bound:
		e = failure("TAXPAYER_UNBOUND", "Налогоплательщик с ИНН {INN} не привязан к партнёру", arg{"INN", person.INN})
	case permission != "" && !slices.Contains(person.Permissions, permission):
		e = failure("PERMISSION_NOT_GRANTED", "Партнёру не предоставлены права {PERMISSION}", arg{"PERMISSION", permission})
	default:
		return nil
	}
	return &e
}

// peopleRoutes serves the registry to tests.
func (s *Server) peopleRoutes() {
	s.mux.HandleFunc("GET /sandbox/people", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_ = json.NewEncoder(w).Encode(s.people.list()) // the caller went away: nobody is left to be told
	})
	s.mux.HandleFunc("GET /sandbox/annulments", func(w http.ResponseWriter, _ *http.Request) {
		s.people.mu.Lock()
		defer s.people.mu.Unlock()
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_ = json.NewEncoder(w).Encode(s.people.canceled) // the caller went away: nobody is left to be told
	})
	s.mux.HandleFunc("POST /sandbox/people", func(w http.ResponseWriter, r *http.Request) {
		var list []Person
		s.books.Order(w, r, &list, func() error { return s.books.Note(list) })
	})
	s.mux.HandleFunc("POST /sandbox/annulments", func(w http.ResponseWriter, r *http.Request) {
		var a Annulment
		s.books.Order(w, r, &a, func() error {
			switch {
			case !s.people.has(a.INN, a.Receipt):
				return fmt.Errorf("%s has no receipt %q", a.INN, a.Receipt)
			case s.people.canceledAt(a.Receipt) != "":
				return nil
			}
			a.At = s.now().UTC().Format(time.RFC3339)
			return s.books.Note(a)
		})
	})
}
