package remittance

import (
	"fmt"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
)

// Requisites is one dated row of where taxes go.
type Requisites struct {
	Name, From, To string
	Payee          port.Requisites
	Budget         port.Budget
	Purpose        string
	Source         string
}

// ID names a row and its version: "enp@2023-01-01".
func (r Requisites) ID() string { return r.Name + "@" + r.From }

// RequisitesOn finds the row that holds on the day.
func RequisitesOn(day string) (Requisites, *fault.Refusal) {
	for _, r := range tables.requisites {
		if r.From <= day && (r.To == "" || day <= r.To) {
			return r, nil
		}
	}
	return Requisites{}, fault.Refuse(fault.TaxRuleMissing, "day", "no row of Requisites covers %s", day).With("day", day)
}

// LookupRequisites finds a row by its ID.
func LookupRequisites(id string) (Requisites, bool) {
	for _, r := range tables.requisites {
		if r.ID() == id {
			return r, true
		}
	}
	return Requisites{}, false
}

// tableSet is what the dated tables of a document say.
type tableSet struct {
	periods    []periodRow
	requisites []Requisites
	holidays   [][2]string     // month and day, first and last
	moved      map[string]bool // day: off
	years      map[int]bool    // whose moved days are known
}

var tables = mustParse()

func mustParse() tableSet {
	parsed, err := parse(document)
	if err != nil {
		panic(err)
	}
	return parsed
}

// parse reads the dated tables and refuses what overlaps or is no day, with its row.
func parse(text string) (tableSet, error) {
	t := tableSet{moved: map[string]bool{}, years: map[int]bool{}}
	all, err := machine.ParseTables(file, text)
	if err != nil {
		return t, err
	}
	for _, part := range []struct {
		heading string
		columns []string
		read    func(machine.Row) error
	}{
		{"Periods", []string{"From", "To", "Kind", "Part", "First", "Last", "Months", "Due in", "Due on", "Moves", "Source"}, t.readPeriod},
		{"Requisites", []string{
			"From", "To", "Name", "Payee", "INN", "KPP", "BIC", "Bank", "Correspondent", "Account", "Status", "KBK", "OKTMO", "Purpose", "Source",
		}, t.readRequisites},
		{"Holidays", []string{"From", "To", "Meaning"}, t.readHoliday},
		{"Moved days", []string{"Day", "Is", "Source"}, t.readMoved},
	} {
		table, err := machine.Find(all, part.heading)
		if err != nil {
			return t, fmt.Errorf("%s: %w", file, err)
		}
		if err := table.Expect(part.columns...); err != nil {
			return t, err
		}
		for _, row := range table.Rows {
			if err := part.read(row); err != nil {
				return t, row.Errorf("%w", err)
			}
		}
	}
	return t, nil
}

func (t *tableSet) readPeriod(row machine.Row) error {
	r, err := readPeriod(row)
	if err != nil {
		return err
	}
	for _, o := range t.periods {
		if o.name() == r.name() && o.fromMonth <= r.toMonth && r.fromMonth <= o.toMonth && meet(o.from, o.to, r.from, r.to) {
			return fmt.Errorf("%s from %s overlaps the row from %s", r.name(), r.from, o.from)
		}
	}
	t.periods = append(t.periods, r)
	return nil
}

func (t *tableSet) readRequisites(row machine.Row) error {
	const none = "0" // as payment orders write it
	r := Requisites{
		Name: row.Cell("Name"), From: row.Cell("From"), To: row.Cell("To"), Purpose: row.Cell("Purpose"), Source: row.Cell("Source"),
		Payee: port.Requisites{
			Name: row.Cell("Payee"), INN: row.Cell("INN"), KPP: row.Cell("KPP"), BIC: row.Cell("BIC"), BankName: row.Cell("Bank"),
			CorrAccount: row.Cell("Correspondent"), AccountNumber: row.Cell("Account"),
		},
		Budget: port.Budget{
			PayerStatus: row.Cell("Status"), KBK: row.Cell("KBK"), OKTMO: row.Cell("OKTMO"), Basis: none, Period: none, Number: none, Date: none,
		},
	}
	if r.Name == "" || r.Source == "" {
		return fmt.Errorf("the name or the source is missing")
	}
	example := port.Payment{
		Attempt: "0", FromAccount: requisite.ExampleAccount("40702", requisite.ExampleBIC(1), 1), To: r.Payee, Amount: oneRuble, Purpose: r.Purpose, Budget: &r.Budget,
	}
	if refusal := example.Check(); refusal != nil {
		return fmt.Errorf("no bank would take it: %w", refusal)
	}
	for _, o := range t.requisites {
		if meet(o.From, o.To, r.From, r.To) {
			return fmt.Errorf("%s overlaps %s", r.ID(), o.ID())
		}
	}
	t.requisites = append(t.requisites, r)
	return dated(r.From, r.To)
}

func (t *tableSet) readHoliday(row machine.Row) error {
	days := [2]string{row.Cell("From"), row.Cell("To")}
	for _, d := range days {
		if _, err := time.Parse("01-02", d); err != nil {
			return fmt.Errorf("%q is not a month and day MM-DD", d)
		}
	}
	if days[1] < days[0] {
		return fmt.Errorf("the holidays end on %s, before they begin", days[1])
	}
	t.holidays = append(t.holidays, days)
	return nil
}

func (t *tableSet) readMoved(row machine.Row) error {
	day, is := row.Cell("Day"), row.Cell("Is")
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return fmt.Errorf("day %q is not YYYY-MM-DD", day)
	}
	if _, twice := t.moved[day]; twice || is != "off" && is != "working" {
		return fmt.Errorf("%s stands twice, or is neither off nor working", day)
	}
	t.moved[day], t.years[at.Year()] = is == "off", true
	return nil
}

// dated refuses a row whose days are none, or in the wrong order.
func dated(from, to string) error {
	if _, err := time.Parse(time.DateOnly, from); err != nil {
		return fmt.Errorf("day %q is not YYYY-MM-DD", from)
	}
	if _, err := time.Parse(time.DateOnly, to); to != "" && (err != nil || to < from) {
		return fmt.Errorf("day %q is not YYYY-MM-DD, or before %s", to, from)
	}
	return nil
}

// meet says whether two dated rows hold on a day together; no end is for ever.
func meet(from, to, from2, to2 string) bool {
	return (to == "" || from2 <= to) && (to2 == "" || from <= to2)
}
