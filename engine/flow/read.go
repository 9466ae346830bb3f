package flow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/provodka/provodka/ledger/machine"
)

// Books says whether the flow has recipes at all.
func (f *Flow) Books() bool { return len(f.recipes) > 0 }

// Recipes lists the rows of the Entries table by recipe name, in table order
// inside a recipe.
func (f *Flow) Recipes() []Posting {
	var all []Posting
	for _, name := range slices.Sorted(maps.Keys(f.recipes)) {
		all = append(all, f.recipes[name]...)
	}
	return all
}

// Asks lists the rows of the Asks table by name.
func (f *Flow) Asks() []Asking {
	return slices.SortedFunc(maps.Values(f.asks), func(a, b Asking) int { return strings.Compare(a.Ask, b.Ask) })
}

// Ask gives one row of the Asks table; false when there is none.
func (f *Flow) Ask(name string) (Asking, bool) { a, ok := f.asks[name]; return a, ok }

// Timers lists the timers of a state, in table order.
func (f *Flow) Timers(state string) []Waiting { return slices.Clone(f.timers[state]) }

// Holding lists the account patterns that are empty in every terminal state of
// the aggregate, in table order.
func (f *Flow) Holding() []string { return slices.Clone(f.holding) }

// HoldingOf lists the holding accounts of one aggregate: the patterns with the
// owners filled in.
func (f *Flow) HoldingOf(owners map[string]string) []string {
	accounts := make([]string, len(f.holding))
	for i, pattern := range f.holding {
		accounts[i] = f.fill(pattern, owners)
	}
	return accounts
}

// AccountTypes lists the account types that the recipes touch, sorted: the chart
// of accounts must have each.
func (f *Flow) AccountTypes() []string {
	types := map[string]bool{}
	for _, p := range f.Recipes() {
		for _, account := range []string{p.Debit, p.Credit} {
			kind, _, _ := strings.Cut(account, ":")
			types[kind] = true
		}
	}
	return slices.Sorted(maps.Keys(types))
}

// Owners lists the words in braces of the recipes' accounts, sorted.
func (f *Flow) Owners() []string {
	names := map[string]bool{}
	for _, p := range f.Recipes() {
		for _, account := range []string{p.Debit, p.Credit} {
			in, _ := owners(account) // Parse has read it
			for _, n := range in {
				names[n] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Legs gives the legs of one recipe for the decision's amounts, cases and owners.
func (f *Flow) Legs(recipe string, d Decision) []Leg { return f.post(nil, recipe, d) }

// Ports lists the ports that the flow asks, sorted.
func (f *Flow) Ports() []string {
	ports := map[string]bool{}
	for _, a := range f.asks {
		ports[a.Port] = true
	}
	return slices.Sorted(maps.Keys(ports))
}

// Events lists every event that the flow says to readers, in table order.
func (f *Flow) Events() []string {
	return f.Machine.Words(func(t machine.Transition) []string { return []string{t.Says} })
}

// Title is the state's row of the Names table. Without that table the name is
// the state's own.
func (f *Flow) Title(state string) Title {
	if t, ok := f.titles[state]; ok {
		return t
	}
	return Title{State: state, Russian: state}
}

// Content says in Russian what an entry of these recipes is about («Содержание операции»):
// their rows of the Recipes table, in order.
func (f *Flow) Content(recipes []string) string {
	words := make([]string, len(recipes))
	for i, name := range recipes {
		words[i] = f.contents[name]
	}
	return strings.Join(words, "; ")
}

// Terminal says whether the aggregate rests in the state: nobody has to act.
// The Names table decides; without it a state that no event leaves is terminal.
// A terminal state can still be left when the world takes its word back.
func (f *Flow) Terminal(state string) bool {
	if t, ok := f.titles[state]; ok {
		return t.WaitsFor == ""
	}
	return f.Machine.Final(state)
}

// Diagram draws the state table as a Mermaid state diagram, one arrow for all
// events between two states, in table order.
func (f *Flow) Diagram() string {
	var (
		order  [][2]string
		events = map[[2]string][]string{}
	)
	for _, tr := range f.Machine.Transitions {
		edge := [2]string{tr.From, tr.To}
		if events[edge] == nil {
			order = append(order, edge)
		}
		events[edge] = append(events[edge], tr.On)
	}
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, edge := range order {
		from := edge[0]
		if from == machine.New {
			from = "[*]"
		}
		fmt.Fprintf(&b, "    %s --> %s: %s\n", from, edge[1], strings.Join(events[edge], "<br/>"))
	}
	for _, s := range f.Machine.States() {
		if f.Terminal(s) {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	return b.String()
}
