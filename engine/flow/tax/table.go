package tax

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/money"
)

//go:embed tax.md
var document string

// Rule is one dated row of tax.md, or all bands of one scale.
type Rule struct {
	Name   string       // "npd-company", "bonus-company", "cap-npd", "ndfl-resident", "contributions-civil_contract"
	From   string       // first day, YYYY-MM-DD; also the rule's version
	To     string       // last day, YYYY-MM-DD; "" = still holds
	Bands  []Band       // ascending, the first from 0; empty = no rate
	Limit  money.Amount // of a bonus or a cap: rubles, scale 2
	Source string       // the law, in Russian
}

// Band is a rate for the part of a base above a sum.
type Band struct {
	Above money.Amount // rubles, scale 2
	Rate  money.Amount // percent
}

// ID names a rule and its version: "npd-company@2019-01-01".
func (r Rule) ID() string { return r.Name + "@" + r.From }

// ruleTable is all rules of a document.
type ruleTable []Rule

var rules = mustParse()

func mustParse() ruleTable {
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

// ErrNoRule says that no row of tax.md covers the day.
var ErrNoRule = errors.New("tax: no rule")

// on finds the rule of a name that holds on the day.
func (all ruleTable) on(name, day string) (Rule, error) {
	for _, r := range all {
		if r.Name == name && r.From <= day && (r.To == "" || day <= r.To) {
			return r, nil
		}
	}
	return Rule{}, fmt.Errorf("%w %s on day %q", ErrNoRule, name, day)
}

// Cap is the most that a self-employed person may earn in the year of the day.
func Cap(day string) (Rule, error) { return rules.on("cap-npd", day) }

// Last is the row of every rule that holds the longest, by name: what it rules is refused after its last day.
func Last() []Rule {
	last := map[string]Rule{}
	for _, r := range rules {
		if was, ok := last[r.Name]; !ok || r.From > was.From {
			last[r.Name] = r
		}
	}
	return slices.SortedFunc(maps.Values(last), func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
}

// parse reads the tables and checks their dates, bands and limits.
func parse(text string) (ruleTable, error) {
	tables, err := machine.ParseTables("engine/flow/tax/tax.md", text)
	if err != nil {
		return nil, err
	}
	var all ruleTable
	for _, kind := range []struct {
		heading, prefix, key string
		rate, limit          string // columns; "" = none
		columns              []string
	}{
		{"NPD", "npd-", "Payer", "Rate, %", "", []string{"From", "To", "Payer", "Rate, %", "Source"}},
		{"Bonus", "bonus-", "Payer", "Share, %", "Deduction", []string{"From", "To", "Payer", "Share, %", "Deduction", "Source"}},
		{"Cap", "cap-npd", "", "", "Limit", []string{"From", "To", "Limit", "Source"}},
		{"NDFL", "ndfl-", "Status", "Rate, %", "", []string{"From", "To", "Status", "Above", "Rate, %", "Source"}},
		{"Contributions", "contributions-", "Kind", "Rate, %", "", []string{"From", "To", "Kind", "Above", "Rate, %", "Source"}},
		{"None", "none-", "Kind", "", "", []string{"From", "To", "Kind", "Source"}},
	} {
		t, err := machine.Find(tables, kind.heading)
		if err != nil {
			return nil, err
		}
		if err := t.Expect(kind.columns...); err != nil {
			return nil, err
		}
		for _, row := range t.Rows {
			rule := Rule{Name: kind.prefix, From: row.Cell("From"), To: row.Cell("To"), Source: row.Cell("Source")}
			if kind.key != "" {
				rule.Name += row.Cell(kind.key)
			}
			if kind.rate != "" {
				if rule.Bands, err = readBand(row, kind.rate, slices.Contains(kind.columns, "Above")); err != nil {
					return nil, row.Errorf("%w", err)
				}
			}
			if kind.limit != "" {
				if rule.Limit, err = money.RUB.Parse(row.Cell(kind.limit)); err != nil || rule.Limit.Sign() <= 0 {
					return nil, row.Errorf("%s %q is not a positive sum of rubles", kind.limit, row.Cell(kind.limit))
				}
			}
			if all, err = add(all, rule); err != nil {
				return nil, row.Errorf("%w", err)
			}
		}
	}
	return all, nil
}

func readBand(row machine.Row, column string, scale bool) ([]Band, error) {
	rate, err := money.Parse(row.Cell(column))
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
func add(all ruleTable, r Rule) (ruleTable, error) {
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
