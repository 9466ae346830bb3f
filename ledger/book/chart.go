package book

import (
	_ "embed"
	"errors"
	"slices"
	"strings"

	"github.com/provodka/provodka/ledger/machine"
)

//go:embed chart.md
var chartDocument string

// Class says what kind of account a type is.
type Class string

// The classes of chart.md.
const (
	Asset     Class = "asset"
	Liability Class = "liability"
	Income    Class = "income"
	Expense   Class = "expense"
	Equity    Class = "equity"
)

// DebitNormal says whether accounts of the class grow by debit.
func (c Class) DebitNormal() bool { return c == Asset || c == Expense }

// Type is one row of the chart.
type Type struct {
	Name     string
	Class    Class
	Code1C   string // account number in 1C: "76.09"
	Floored  bool   // the balance on the normal side has a floor: zero, or what Limited says
	Limited  bool   // the floor is the limit set for the account and the asset; none set is zero
	Purpose  string // client, deposit, tax, own or cash
	Implicit bool   // opens at the first touch
	FlowOnly bool   // product flows alone book to it
	Position bool   // what stands between two assets: exchanges book to it, and our own money
	Meaning  string
}

// Floor is the word of the chart for how far accounts of the type may go down.
func (t Type) Floor() string {
	switch {
	case t.Limited:
		return "limit"
	case t.Floored:
		return "zero"
	}
	return "none"
}

type passage struct{ kind, from, to string }

type chartTable struct {
	types    map[string]Type
	order    []string
	position string // the one type that is a position
	passages []passage
}

var chart = mustChart()

func mustChart() chartTable {
	c, err := parseChart(chartDocument)
	if err != nil {
		panic(err)
	}
	return c
}

func parseChart(text string) (chartTable, error) {
	c := chartTable{types: map[string]Type{}}
	tables, err := machine.ParseTables("ledger/book/chart.md", text)
	if err != nil {
		return c, err
	}
	types, err := machine.Find(tables, "Chart of accounts")
	if err != nil {
		return c, err
	}
	if err := types.Expect("Type", "Class", "1C", "Floor", "Purpose", "Opens", "Posted by", "Meaning"); err != nil {
		return c, err
	}
	purposes := []string{"cash"}
	for _, r := range types.Rows {
		t := Type{
			Name: r.Cell("Type"), Class: Class(r.Cell("Class")), Code1C: r.Cell("1C"),
			Floored: r.Cell("Floor") != "none", Limited: r.Cell("Floor") == "limit", Purpose: r.Cell("Purpose"),
			Implicit: r.Cell("Opens") == "implicit", FlowOnly: r.Cell("Posted by") == "flow", Position: r.Cell("Posted by") == "exchange",
			Meaning: r.Cell("Meaning"),
		}
		_, twice := c.types[t.Name]
		switch {
		case !word(t.Name) || twice:
			return c, r.Errorf("type %q is no word or stands twice", t.Name)
		case !slices.Contains([]Class{Asset, Liability, Income, Expense, Equity}, t.Class):
			return c, r.Errorf("unknown class %q", t.Class)
		case !slices.Contains([]string{"zero", "none", "limit"}, r.Cell("Floor")):
			return c, r.Errorf("unknown floor %q", r.Cell("Floor"))
		case !slices.Contains([]string{"implicit", "named"}, r.Cell("Opens")):
			return c, r.Errorf("unknown way to open %q", r.Cell("Opens"))
		case !slices.Contains([]string{"anyone", "flow", "exchange"}, r.Cell("Posted by")):
			return c, r.Errorf("%q posts", r.Cell("Posted by"))
		case t.Position && (c.position != "" || t.Floored || !t.Implicit || t.Purpose != "cash"):
			return c, r.Errorf("a position is one type, of purpose cash, without a floor, and opens by itself")
		case t.Code1C == "" || t.Purpose == "" || t.Meaning == "":
			return c, r.Errorf("1C, Purpose and Meaning may not be empty")
		}
		if t.Position {
			c.position = t.Name
		}
		c.types[t.Name] = t
		c.order = append(c.order, t.Name)
		purposes = append(purposes, t.Purpose)
	}
	if c.position == "" {
		return c, errors.New("ledger/book/chart.md: no type is posted by exchange")
	}
	passages, err := machine.Find(tables, "Passages")
	if err != nil {
		return c, err
	}
	for _, r := range passages.Rows {
		p := passage{kind: r.Cell("Kind"), from: r.Cell("From"), to: r.Cell("To")}
		if p.kind == "" || !slices.Contains(purposes, p.from) || !slices.Contains(purposes, p.to) {
			return c, r.Errorf("passage %+v names an unknown purpose", p)
		}
		c.passages = append(c.passages, p)
	}
	return c, nil
}

// LookupType finds a type of the chart.
func LookupType(name string) (Type, bool) {
	t, ok := chart.types[name]
	return t, ok
}

// Types lists the chart in the order of the table.
func Types() []Type {
	out := make([]Type, len(chart.order))
	for i, n := range chart.order {
		out[i] = chart.types[n]
	}
	return out
}

// KindSeparator joins the recipes that made one entry into its kind:
// "payout+settle". A caller's own kind may not have it.
const KindSeparator = "+"

// MayPass says whether an entry of the kind may move money from one purpose to
// another; one of its recipes must name the passage. Money of purpose cash (our
// bank accounts) stands on the other side of every purpose and never mixes.
func MayPass(kind, from, to string) bool {
	if from == to || from == "cash" || to == "cash" {
		return true
	}
	for recipe := range strings.SplitSeq(kind, KindSeparator) {
		if slices.Contains(chart.passages, passage{recipe, from, to}) {
			return true
		}
	}
	return false
}
