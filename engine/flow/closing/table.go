package closing

import (
	"slices"

	"github.com/provodka/provodka/ledger/machine"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// Lines of the sheet; closing.md says what each means.
const (
	lineTopup         = "topup"
	lineCharge        = "charge"
	linePayout        = "payout"
	lineOwed          = "owed"
	lineNPD           = "npd"
	lineNDFL          = "ndfl"
	lineContributions = "contributions"
	lineCommission    = "commission"
	lineDeposit       = "deposit"
	lineReturned      = "returned"
	lineOther         = "other"
)

// chargeOther is commission of no task.
const chargeOther = "other"

// Words of the tables Lines and Charges.
const (
	anything = "any"        // whatever it is
	noFlow   = "—"          // an entry that no flow booked
	itself   = "claim:task" // the claim of the task that the entry is of
)

// line is a row of Lines.
type line struct {
	name, flow string
	counters   []string
	title      string
}

// charge is a row of Charges.
type charge struct{ name, title string }

// tables are the lists of closing.md that are not rows of the flow.
type tables struct {
	lines   []line
	charges []charge
	byKind  map[flowv1.EmploymentKind]string
}

var lists = mustTables(document)

func mustTables(text string) tables {
	t, err := readTables(text)
	if err != nil {
		panic(err.Error())
	}
	return t
}

// readTables reads Lines and Charges and compares their words with the program's.
func readTables(text string) (out tables, err error) {
	all, err := machine.ParseTables(file, text)
	if err != nil {
		return out, err
	}
	t, err := machine.Find(all, "Lines")
	if err != nil {
		return out, err
	}
	if err := t.Expect("Line", "Flow", "Counter", "Russian", "Meaning"); err != nil {
		return out, err
	}
	var found []string
	for _, r := range t.Rows {
		l := line{r.Cell("Line"), r.Cell("Flow"), r.List("Counter"), r.Cell("Russian")}
		if l.flow == "" {
			l.flow = noFlow
		}
		if len(l.counters) == 0 || l.title == "" || slices.Contains(found, l.name) {
			return out, r.Errorf("line %q stands twice, or has no counter or words", l.name)
		}
		out.lines, found = append(out.lines, l), append(found, l.name)
	}
	if last := t.Rows[len(t.Rows)-1]; out.lines[len(found)-1].flow != anything || !slices.Equal(out.lines[len(found)-1].counters, []string{anything}) {
		return out, last.Errorf("the last line takes what no other does")
	}
	if err := machine.Names("line", found, []string{
		lineTopup, lineCharge, linePayout, lineOwed, lineNPD, lineNDFL, lineContributions, lineCommission, lineDeposit, lineReturned, lineOther,
	}); err != nil {
		return out, err
	}
	return out, out.readCharges(all)
}

func (t *tables) readCharges(all []*machine.Table) error {
	table, err := machine.Find(all, "Charges")
	if err != nil {
		return err
	}
	if err := table.Expect("Charge", "Kind", "Russian"); err != nil {
		return err
	}
	t.byKind = map[flowv1.EmploymentKind]string{}
	var kinds []string
	for _, r := range table.Rows {
		c, kind := charge{r.Cell("Charge"), r.Cell("Russian")}, r.Cell("Kind")
		t.charges = append(t.charges, c)
		if kind == "" {
			continue
		}
		t.byKind[flowv1.EmploymentKind(flowv1.EmploymentKind_value[kind])] = c.name
		kinds = append(kinds, kind)
	}
	var known []string
	for n, name := range flowv1.EmploymentKind_name {
		if n != 0 {
			known = append(known, name)
		}
	}
	other := func(c charge) bool { return c.name == chargeOther }
	if !slices.ContainsFunc(t.charges, other) {
		return table.Rows[0].Errorf("charge %q is missing", chargeOther)
	}
	return machine.Names("kind", kinds, known)
}

// lineOf names the line of an entry that a flow booked with an account on the other side.
func lineOf(flowName, counter string) string {
	for _, l := range lists.lines {
		if (l.flow == anything || l.flow == flowName) && (l.counters[0] == anything || slices.Contains(l.counters, counter)) {
			return l.name
		}
	}
	panic("closing: the table Lines has no last line") // readTables has seen it
}
