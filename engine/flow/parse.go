package flow

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/machine"
)

// The columns of a flow document's tables beside machine.StateColumns.
var (
	entryColumns   = []string{"Recipe", "Debit", "Credit", "Amount", "When", "Meaning"}
	askColumns     = []string{"Ask", "Port", "Verb", "Repeats", "Done", "Refused", "Unknown", "Meaning"}
	timerColumns   = []string{"State", "After", "Event", "Meaning"}
	titleColumns   = []string{"State", "Russian", "Waits for", "Meaning"}
	contentColumns = []string{"Recipe", "Russian"}
	holdingColumns = []string{"Account", "Meaning"}
)

// Words are the program's constants of one flow. Parse compares each list with
// the document's tables both ways: a word missing on either side is an error.
type Words struct {
	States  []string // of States, without machine.New
	Events  []string // of States (On), Asks (Done, Refused, Unknown) and Timers (Event)
	Recipes []string // of Entries and of States (Books)
	Asks    []string // of Asks and of States (Asks)
	Amounts []string // of Entries (Amount)
	Cases   []string // of Entries (When)
	Owners  []string // what stands in braces in the accounts of Entries: "company"
}

// Posting is one row of the Entries table: one debit and one credit of one amount.
type Posting struct {
	Recipe  string
	Debit   string   // account pattern: "reserve:{task}"
	Credit  string   // account pattern: "bank:settlement"
	Amount  string   // the word of Decision.Amounts
	When    []string // all of these cases must hold; empty = always
	Meaning string
}

// Asking is one row of the Asks table: what is asked of which port, and which
// event each result becomes.
type Asking struct {
	Ask, Port, Verb        string
	Repeats                string // the ask whose open attempt this one asks about again; "" = a new attempt
	Done, Refused, Unknown string // events
	Meaning                string
}

// Said stands in the column After of a timer whose moment Decide says.
const Said = "said"

// Waiting is one row of the Timers table.
type Waiting struct {
	State   string
	After   time.Duration // 0 = Decide says when
	Event   string
	Meaning string
}

// Title is one row of the Names table: how a state is called for people, and
// who has to act in it.
type Title struct {
	State    string
	Russian  string // shown to the product's users: «На оплату»
	WaitsFor string // "company", "executor", "world", "support"; "" = nobody: the state is terminal
	Meaning  string
}

// Parse reads a flow document. Tables under the headings States, Entries, Asks
// and Timers are required (they may be empty), Names and Holding are not, and Recipes is
// where there are Entries:
//
//	States   From | On | To | Books | Asks | Says | Meaning       asks: an ask, or ask? that Decide may leave out
//	Entries  Recipe | Debit | Credit | Amount | When | Meaning
//	Asks     Ask | Port | Verb | Repeats | Done | Refused | Unknown | Meaning
//	Timers   State | After | Event | Meaning           After: 15m, 24h, 30d
//	Names    State | Russian | Waits for | Meaning     nobody = terminal
//	Recipes  Recipe | Russian                          what a card of an account says of an entry
//	Holding  Account | Meaning                         zero in every terminal state
//
// name is the flow's name and the prefix of what it says; file is where the
// document stands, for messages.
func Parse(name, file, text string, d Decide, words Words) (*Flow, error) {
	tables, err := machine.ParseTables(file, text)
	if err != nil {
		return nil, err
	}
	states, err := machine.Find(tables, "States")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	m, err := machine.FromTable(name, states)
	if err != nil {
		return nil, err
	}
	f := &Flow{
		Name: name, Machine: m, decide: d,
		recipes: map[string][]Posting{}, asks: map[string]Asking{},
		timers: map[string][]Waiting{}, titles: map[string]Title{}, contents: map[string]string{}, chosen: map[string]bool{},
	}
	for _, tr := range m.Transitions {
		for _, a := range tr.Asks {
			if ask, maybe := strings.CutSuffix(a, Maybe); maybe {
				f.chosen[ask] = true
			}
		}
	}
	for _, part := range []struct {
		heading  string
		columns  []string
		required bool
		read     func(machine.Row) error
	}{
		{"Entries", entryColumns, true, f.readPosting},
		{"Asks", askColumns, true, f.readAsk},
		{"Timers", timerColumns, true, f.readTimer},
		{"Names", titleColumns, false, f.readTitle},
		{"Recipes", contentColumns, false, f.readContent},
		{"Holding", holdingColumns, false, f.readHolding},
	} {
		if !part.required && !slices.ContainsFunc(tables, func(t *machine.Table) bool { return t.Heading == part.heading }) {
			continue
		}
		t, err := machine.Find(tables, part.heading)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := t.Expect(part.columns...); err != nil {
			return nil, err
		}
		for _, r := range t.Rows {
			if err := part.read(r); err != nil {
				return nil, err
			}
		}
	}
	if err := f.check(words); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return f, nil
}

// MustParse is Parse for documents embedded in the program: a document that does
// not fit its constants stops the program at start.
func MustParse(name, file, text string, d Decide, words Words) *Flow {
	f, err := Parse(name, file, text, d, words)
	if err != nil {
		panic(err)
	}
	return f
}

func (f *Flow) readPosting(r machine.Row) error {
	p := Posting{
		Recipe: r.Cell("Recipe"), Debit: r.Cell("Debit"), Credit: r.Cell("Credit"),
		Amount: r.Cell("Amount"), When: r.List("When"), Meaning: r.Cell("Meaning"),
	}
	if p.Recipe == "" || p.Amount == "" || p.Meaning == "" {
		return r.Errorf("a posting needs Recipe, Debit, Credit, Amount and Meaning")
	}
	for _, account := range []string{p.Debit, p.Credit} {
		if _, err := owners(account); err != nil {
			return r.Errorf("account %q: %w", account, err)
		}
	}
	if p.Debit == p.Credit {
		return r.Errorf("debit and credit are the same account")
	}
	f.recipes[p.Recipe] = append(f.recipes[p.Recipe], p)
	return nil
}

func (f *Flow) readAsk(r machine.Row) error {
	a := Asking{
		Ask: r.Cell("Ask"), Port: r.Cell("Port"), Verb: r.Cell("Verb"), Repeats: r.Cell("Repeats"),
		Done: r.Cell("Done"), Refused: r.Cell("Refused"), Unknown: r.Cell("Unknown"), Meaning: r.Cell("Meaning"),
	}
	if a.Ask == "" || a.Port == "" || a.Verb == "" || a.Done == "" || a.Refused == "" || a.Unknown == "" {
		return r.Errorf("an ask needs Ask, Port, Verb, Done, Refused and Unknown")
	}
	if _, twice := f.asks[a.Ask]; twice {
		return r.Errorf("ask %s stands twice", a.Ask)
	}
	if a.Repeats != "" {
		first, ok := f.asks[a.Repeats]
		if !ok || first.Repeats != "" {
			return r.Errorf("%s repeats %q, which is not an ask above it", a.Ask, a.Repeats)
		}
		same := Asking{Ask: a.Ask, Port: first.Port, Verb: first.Verb, Repeats: first.Ask,
			Done: first.Done, Refused: first.Refused, Unknown: first.Unknown, Meaning: a.Meaning}
		if a != same {
			return r.Errorf("%s must have the port, verb and events of %s", a.Ask, a.Repeats)
		}
		f.asks[a.Ask] = a
		return nil
	}
	for _, other := range f.asks {
		for _, e := range []string{a.Done, a.Refused, a.Unknown} {
			if slices.Contains([]string{other.Done, other.Refused, other.Unknown}, e) {
				return r.Errorf("event %s is an answer to %s too", e, other.Ask)
			}
		}
	}
	f.asks[a.Ask] = a
	return nil
}

func (f *Flow) readTimer(r machine.Row) error {
	w := Waiting{State: r.Cell("State"), Event: r.Cell("Event"), Meaning: r.Cell("Meaning")}
	if text := r.Cell("After"); text != Said {
		var err error
		if w.After, err = duration(text); err != nil {
			return r.Errorf("after: %w", err)
		}
	}
	if _, ok := f.Machine.Next(w.State, w.Event); !ok {
		return r.Errorf("state %s has no row for event %s", w.State, w.Event)
	}
	f.timers[w.State] = append(f.timers[w.State], w)
	return nil
}

func (f *Flow) readTitle(r machine.Row) error {
	t := Title{State: r.Cell("State"), Russian: r.Cell("Russian"), WaitsFor: r.Cell("Waits for"), Meaning: r.Cell("Meaning")}
	if t.Russian == "" {
		return r.Errorf("state %q has no Russian name", t.State)
	}
	if _, twice := f.titles[t.State]; twice {
		return r.Errorf("state %s stands twice", t.State)
	}
	f.titles[t.State] = t
	return nil
}

func (f *Flow) readContent(r machine.Row) error {
	recipe, russian := r.Cell("Recipe"), r.Cell("Russian")
	if russian == "" {
		return r.Errorf("recipe %q has no Russian words", recipe)
	}
	if _, twice := f.contents[recipe]; twice {
		return r.Errorf("recipe %s stands twice", recipe)
	}
	f.contents[recipe] = russian
	return nil
}

func (f *Flow) readHolding(r machine.Row) error {
	account := r.Cell("Account")
	for _, rows := range f.recipes {
		for _, p := range rows {
			if p.Debit == account || p.Credit == account {
				f.holding = append(f.holding, account)
				return nil
			}
		}
	}
	return r.Errorf("no recipe touches %q", account)
}

// check compares every word of the tables with the program's, both ways.
func (f *Flow) check(words Words) error {
	var events, amounts, cases, names []string
	for _, a := range f.asks {
		events = append(events, a.Done, a.Refused, a.Unknown)
	}
	for _, rows := range f.timers {
		for _, w := range rows {
			events = append(events, w.Event)
		}
	}
	for _, rows := range f.recipes {
		for _, p := range rows {
			amounts = append(amounts, p.Amount)
			cases = append(cases, p.When...)
			for _, account := range []string{p.Debit, p.Credit} {
				in, _ := owners(account)
				names = append(names, in...)
			}
		}
	}
	events = append(events, f.Machine.Words(func(t machine.Transition) []string { return []string{t.On} })...)
	recipes, asks := slices.Sorted(maps.Keys(f.recipes)), slices.Sorted(maps.Keys(f.asks))
	for _, c := range []struct {
		what           string
		table, program []string
	}{
		{"state", f.Machine.States(), words.States},
		{"event", events, words.Events},
		{"recipe of Entries", recipes, words.Recipes},
		{"recipe of Recipes", slices.Sorted(maps.Keys(f.contents)), words.Recipes},
		{"recipe of States", f.Machine.Words(func(t machine.Transition) []string { return t.Books }), words.Recipes},
		{"ask of Asks", asks, words.Asks},
		{"ask of States", f.Machine.Words(askWords), words.Asks},
		{"amount", amounts, words.Amounts},
		{"case", cases, words.Cases},
		{"owner", names, words.Owners},
	} {
		if err := machine.Names(c.what, c.table, c.program); err != nil {
			return err
		}
	}
	if len(f.titles) > 0 {
		return machine.Names("name of state", slices.Sorted(maps.Keys(f.titles)), words.States)
	}
	return nil
}

// Maybe marks an ask of the States table that is opened only when Decide says its body.
const Maybe = "?"

// askWords are a row's asks without their marks.
func askWords(t machine.Transition) []string {
	asks := make([]string, len(t.Asks))
	for i, a := range t.Asks {
		asks[i] = strings.TrimSuffix(a, Maybe)
	}
	return asks
}

// owners lists what stands in braces in an account pattern "type:owner[:part]".
func owners(account string) ([]string, error) {
	kind, rest, ok := strings.Cut(account, ":")
	if !ok || kind == "" || rest == "" || strings.ContainsAny(kind, "{}") {
		return nil, fmt.Errorf("not type:owner[:part]")
	}
	var names []string
	for _, part := range strings.Split(rest, ":") {
		inner := strings.TrimSuffix(strings.TrimPrefix(part, "{"), "}")
		switch {
		case inner == "" || strings.ContainsAny(inner, "{} "):
			return nil, fmt.Errorf("part %q is neither a word nor {owner}", part)
		case part == "{"+inner+"}":
			names = append(names, inner)
		case part != inner:
			return nil, fmt.Errorf("part %q has one brace", part)
		}
	}
	return names, nil
}

// Pause reads a span of a table of a flow's own, as column After has it.
func Pause(text string) (time.Duration, error) { return duration(text) }

// duration reads 15m, 24h or 30d (a day is 24 hours).
func duration(text string) (time.Duration, error) {
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	if len(text) < 2 {
		return 0, fmt.Errorf("%q is not a number with s, m, h or d", text)
	}
	unit, ok := units[text[len(text)-1:]]
	n, err := strconv.ParseInt(text[:len(text)-1], 10, 32)
	if !ok || err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a number with s, m, h or d", text)
	}
	return time.Duration(n) * unit, nil
}
