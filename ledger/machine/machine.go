package machine

import (
	"fmt"
	"slices"
	"strings"
)

// StateColumns are the columns of a state table.
var StateColumns = []string{"From", "On", "To", "Books", "Asks", "Says", "Meaning"}

// New is the From of the first event of an aggregate: it does not exist yet.
const New = "new"

// Transition is one row of a state table: in state From, on event On, move to
// To, book the recipes, open the asks, say the event.
type Transition struct {
	From, On, To string
	Books        []string // recipe names, booked in this order as one entry
	Asks         []string // names of what is asked of the world
	Says         string   // event name for webhooks and readers; "" says nothing
	Meaning      string
	row          Row
}

// Machine is a parsed state table.
type Machine struct {
	Name        string
	Transitions []Transition
	next        map[[2]string]*Transition
	states      []string
}

// FromTable builds a machine from a state table and checks what can be checked
// without the program's constants: no duplicate (From, On), every state
// reachable from New.
func FromTable(name string, t *Table) (*Machine, error) {
	if err := t.Expect(StateColumns...); err != nil {
		return nil, err
	}
	m := &Machine{Name: name, next: map[[2]string]*Transition{}}
	for _, r := range t.Rows {
		m.Transitions = append(m.Transitions, Transition{
			From: r.Cell("From"), On: r.Cell("On"), To: r.Cell("To"),
			Books: r.List("Books"), Asks: r.List("Asks"),
			Says: r.Cell("Says"), Meaning: r.Cell("Meaning"), row: r,
		})
	}
	for i := range m.Transitions {
		tr := &m.Transitions[i]
		if tr.From == "" || tr.On == "" || tr.To == "" || tr.Meaning == "" {
			return nil, tr.row.Errorf("a transition needs From, On, To and Meaning")
		}
		key := [2]string{tr.From, tr.On}
		if m.next[key] != nil {
			return nil, tr.row.Errorf("a second row for %s on %s", tr.From, tr.On)
		}
		m.next[key] = tr
		for _, s := range []string{tr.From, tr.To} {
			if s != New && !slices.Contains(m.states, s) {
				m.states = append(m.states, s)
			}
		}
	}
	return m, m.reachable()
}

// reachable refuses a state that no path from New leads to.
func (m *Machine) reachable() error {
	seen := map[string]bool{New: true}
	for grew := true; grew; {
		grew = false
		for _, tr := range m.Transitions {
			if seen[tr.From] && !seen[tr.To] {
				seen[tr.To], grew = true, true
			}
		}
	}
	for _, tr := range m.Transitions {
		if !seen[tr.From] {
			return tr.row.Errorf("state %s cannot be reached", tr.From)
		}
	}
	return nil
}

// Next answers what happens in the state on the event; false when the table
// has no such row.
func (m *Machine) Next(state, event string) (*Transition, bool) {
	tr, ok := m.next[[2]string{state, event}]
	return tr, ok
}

// States lists the states in the order of the table, without New.
func (m *Machine) States() []string { return slices.Clone(m.states) }

// Final says whether no event leads out of the state.
func (m *Machine) Final(state string) bool {
	return !slices.ContainsFunc(m.Transitions, func(t Transition) bool { return t.From == state && t.To != state })
}

// Words collects the distinct words of one kind in a machine.
func (m *Machine) Words(of func(Transition) []string) []string {
	var words []string
	for _, tr := range m.Transitions {
		for _, w := range of(tr) {
			if w != "" && !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	}
	return words
}

// Names compares the words of a table with the program's constants both ways:
// a word missing on either side is an error that names it.
func Names(what string, table, program []string) error {
	for _, w := range table {
		if !slices.Contains(program, w) {
			return fmt.Errorf("%s %q stands in the table and not in the program", what, w)
		}
	}
	for _, w := range program {
		if !slices.Contains(table, w) {
			return fmt.Errorf("%s %q stands in the program and not in the table", what, w)
		}
	}
	return nil
}

// Diagram draws the machine as a Mermaid state diagram, row by row, so the
// picture beside a table cannot lie.
func (m *Machine) Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, tr := range m.Transitions {
		from := tr.From
		if from == New {
			from = "[*]"
		}
		fmt.Fprintf(&b, "    %s --> %s: %s\n", from, tr.To, tr.On)
	}
	for _, s := range m.states {
		if m.Final(s) {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	return b.String()
}
