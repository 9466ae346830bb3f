package document

import (
	_ "embed"
	"slices"

	"github.com/provodka/provodka/ledger/machine"
)

//go:embed document.md
var tableText string

// Placeholder is a row of the table: a name that a template may use.
type Placeholder struct {
	Name     string
	Kinds    []Kind
	Required []Kind
	Russian  string
	Meaning  string
}

// Values is what stands for the names.
type Values map[string]string

// The names.
const (
	number           = "number"
	date             = "date"
	actDate          = "act_date"
	customerName     = "customer_name"
	customerINN      = "customer_inn"
	customerKPP      = "customer_kpp"
	customerOGRN     = "customer_ogrn"
	customerAddress  = "customer_address"
	customerEmail    = "customer_email"
	customerContract = "customer_contract"
	executorName     = "executor_name"
	executorINN      = "executor_inn"
	executorKind     = "executor_kind"
	executorPhone    = "executor_phone"
	executorEmail    = "executor_email"
	executorAddress  = "executor_address"
	executorBirthday = "executor_birthday"
	executorPassport = "executor_passport"
	executorSNILS    = "executor_snils"
	title            = "title"
	description      = "description"
	category         = "category"
	amount           = "amount"
	amountWords      = "amount_words"
	payout           = "payout"
	tax              = "tax"
	periodFrom       = "period_from"
	periodTo         = "period_to"
)

var names = []string{
	number, date, actDate, customerName, customerINN, customerKPP, customerOGRN, customerAddress, customerEmail, customerContract,
	executorName, executorINN, executorKind, executorPhone, executorEmail, executorAddress, executorBirthday, executorPassport,
	executorSNILS, title, description, category, amount, amountWords, payout, tax, periodFrom, periodTo,
}

var placeholders = mustParseTable(tableText)

// Placeholders lists the names of a kind of document, in the order of the table.
func Placeholders(kind Kind) []Placeholder {
	var of []Placeholder
	for _, p := range placeholders {
		if slices.Contains(p.Kinds, kind) {
			of = append(of, p)
		}
	}
	return of
}

func mustParseTable(text string) []Placeholder {
	parsed, err := parseTable(text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func parseTable(text string) ([]Placeholder, error) {
	tables, err := machine.ParseTables("engine/document/document.md", text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, "Placeholders")
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Name", "Kinds", "Required", "Russian", "Meaning"); err != nil {
		return nil, err
	}
	var all []Placeholder
	var found []string
	for _, r := range t.Rows {
		p := Placeholder{Name: r.Cell("Name"), Russian: r.Cell("Russian"), Meaning: r.Cell("Meaning")}
		for _, k := range r.List("Kinds") {
			p.Kinds = append(p.Kinds, Kind(k))
		}
		for _, k := range r.List("Required") {
			p.Required = append(p.Required, Kind(k))
		}
		unknown := func(k Kind) bool { return !slices.Contains(Kinds(), k) }
		foreign := func(k Kind) bool { return !slices.Contains(p.Kinds, k) }
		if len(p.Kinds) == 0 || p.Russian == "" || slices.ContainsFunc(p.Kinds, unknown) || slices.ContainsFunc(p.Required, foreign) {
			return nil, r.Errorf("name %q has no kind, one that is not known, or no words", p.Name)
		}
		if slices.Contains(found, p.Name) {
			return nil, r.Errorf("name %q stands twice", p.Name)
		}
		all, found = append(all, p), append(found, p.Name)
	}
	return all, machine.Names("placeholder", found, names)
}
