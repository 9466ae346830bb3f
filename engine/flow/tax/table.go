package tax

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
)

//go:embed tax.md
var document string

// Rule is one dated row of tax.md, or all bands of one scale.
type Rule struct {
	Name   string // "npd-company", "ndfl-resident", "none-entrepreneur"
	From   string // first day, YYYY-MM-DD; also the rule's version
	To     string // last day, YYYY-MM-DD; "" = still holds
	Bands  []Band // ascending, the first from 0; empty = nothing is withheld
	Source string // the law, in Russian
}

// Band is a rate for the part of a base above a sum.
type Band struct {
	Above money.Amount // rubles, scale 2
	Rate  money.Amount // percent
}

// ID names a rule and its version: "npd-company@2019-01-01".
func (r Rule) ID() string { return r.Name + "@" + r.From }

var rules = mustParse()

func mustParse() []Rule {
	parsed, err := parse(document)
	if err != nil {
		panic(err)
	}
	return parsed
}

// Lookup finds a rule by its ID, for explanations; false when tax.md has none such.
func Lookup(id string) (Rule, bool) {
	for _, r := range rules {
		if r.ID() == id {
			return r, true
		}
	}
	return Rule{}, false
}

// ruleOf finds the rule of a name that holds on the day.
func ruleOf(name, day string) (Rule, error) {
	for _, r := range rules {
		if r.Name == name && r.From <= day && (r.To == "" || day <= r.To) {
			return r, nil
		}
	}
	return Rule{}, fmt.Errorf("tax: no rule %s on day %q", name, day)
}

// parse reads the three tables and checks their dates and bands.
func parse(text string) ([]Rule, error) {
	tables, err := machine.ParseTables("engine/flow/tax/tax.md", text)
	if err != nil {
		return nil, err
	}
	var all []Rule
	for _, kind := range []struct {
		heading, prefix, key string
		columns              []string
	}{
		{"NPD", "npd", "Payer", []string{"From", "To", "Payer", "Rate, %", "Source"}},
		{"NDFL", "ndfl", "Status", []string{"From", "To", "Status", "Above", "Rate, %", "Source"}},
		{"None", "none", "Kind", []string{"From", "To", "Kind", "Source"}},
	} {
		t, err := machine.Find(tables, kind.heading)
		if err != nil {
			return nil, err
		}
		if err := t.Expect(kind.columns...); err != nil {
			return nil, err
		}
		for _, row := range t.Rows {
			rule := Rule{Name: kind.prefix + "-" + row.Cell(kind.key), From: row.Cell("From"), To: row.Cell("To"), Source: row.Cell("Source")}
			if kind.prefix != "none" {
				if rule.Bands, err = readBand(row, kind.prefix == "ndfl"); err != nil {
					return nil, row.Errorf("%w", err)
				}
			}
			if all, err = add(all, rule); err != nil {
				return nil, row.Errorf("%w", err)
			}
		}
	}
	return all, nil
}

func readBand(row machine.Row, scale bool) ([]Band, error) {
	rate, err := money.Parse(row.Cell("Rate, %"))
	if err != nil {
		return nil, err
	}
	if rate.Sign() <= 0 || rate.Cmp(hundred) >= 0 {
		return nil, fmt.Errorf("rate %s is not between 0 and 100", rate)
	}
	b := Band{Rate: rate}
	if scale {
		if b.Above, err = money.RUB.Parse(row.Cell("Above")); err != nil {
			return nil, err
		}
	}
	return []Band{b}, nil
}

// add appends a rule, or a band to the rule above it when name and dates are the same.
func add(all []Rule, r Rule) ([]Rule, error) {
	for _, day := range []string{r.From, r.To} {
		if _, err := time.Parse(time.DateOnly, day); err != nil && (day != "" || r.From == "") {
			return nil, fmt.Errorf("day %q is not YYYY-MM-DD", day)
		}
	}
	if r.To != "" && r.To < r.From {
		return nil, fmt.Errorf("%s ends on %s, before it begins", r.ID(), r.To)
	}
	if n := len(all); n > 0 && all[n-1].ID() == r.ID() && all[n-1].To == r.To && len(r.Bands) == 1 {
		last := &all[n-1]
		if r.Bands[0].Above.Cmp(last.Bands[len(last.Bands)-1].Above) <= 0 {
			return nil, fmt.Errorf("bands of %s do not ascend", r.ID())
		}
		last.Bands = append(last.Bands, r.Bands[0])
		return all, nil
	}
	if len(r.Bands) > 0 && !r.Bands[0].Above.IsZero() {
		return nil, fmt.Errorf("bands of %s do not begin at 0", r.ID())
	}
	for _, o := range all {
		if o.Name == r.Name && (o.To == "" || r.From <= o.To) && (r.To == "" || o.From <= r.To) {
			return nil, fmt.Errorf("%s overlaps %s", r.ID(), o.ID())
		}
	}
	return append(all, r), nil
}
