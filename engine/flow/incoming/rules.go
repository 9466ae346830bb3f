package incoming

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/provodka/provodka/ledger/machine"
)

// Rules of the table Matching.
const (
	ruleOwnAccount      = "own_account"
	rulePayoutMarker    = "payout_marker"
	rulePayoutOrder     = "payout_order"
	ruleBankCharge      = "bank_charge"
	ruleReturnedMarker  = "returned_marker"
	ruleReturnedAccount = "returned_account"
	ruleMarker          = "marker"
	ruleContract        = "contract"
	ruleINN             = "inn"
	ruleAccount         = "account"
)

// Kinds of the table Words.
const (
	wordDeposit = "deposit"
	wordCharge  = "charge"
	wordReturn  = "return"
)

var (
	weights map[string]Rule     // those that speak for a company, by name
	wordsOf map[string][]string // of a purpose, by kind
)

func init() {
	var err error
	if weights, wordsOf, err = parseRules(document); err != nil {
		panic(err)
	}
}

// Rule is a rule of the table Matching that speaks for a company.
type Rule struct {
	Name    string
	Weight  uint32
	Meaning string
}

// Rules are the rules that speak for a company, the heaviest first.
func Rules() []Rule {
	return slices.SortedFunc(maps.Values(weights), func(a, b Rule) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), strings.Compare(a.Name, b.Name))
	})
}

// parseRules reads the tables Matching and Words.
func parseRules(text string) (map[string]Rule, map[string][]string, error) {
	tables, err := machine.ParseTables("engine/flow/incoming/incoming.md", text)
	if err != nil {
		return nil, nil, err
	}
	t, err := machine.Find(tables, "Matching")
	if err != nil {
		return nil, nil, err
	}
	if err := t.Expect("Rule", "Side", "Weight", "Meaning"); err != nil {
		return nil, nil, err
	}
	byRule, byKind := map[string]Rule{}, map[string][]string{}
	var rules, kinds []string
	for _, r := range t.Rows {
		rule := r.Cell("Rule")
		rules = append(rules, rule)
		if r.Cell("Weight") == "" {
			continue
		}
		w, err := strconv.ParseUint(r.Cell("Weight"), 10, 16)
		if err != nil {
			return nil, nil, r.Errorf("weight: %w", err)
		}
		byRule[rule] = Rule{Name: rule, Weight: uint32(w), Meaning: r.Cell("Meaning")}
	}
	if err := machine.Names("rule", rules, []string{
		ruleOwnAccount, rulePayoutMarker, rulePayoutOrder, ruleBankCharge, ruleReturnedMarker, ruleReturnedAccount, ruleMarker, ruleContract, ruleINN, ruleAccount,
	}); err != nil {
		return nil, nil, err
	}
	if t, err = machine.Find(tables, "Words"); err != nil {
		return nil, nil, err
	}
	if err := t.Expect("Kind", "Words", "Meaning"); err != nil {
		return nil, nil, err
	}
	for _, r := range t.Rows {
		kind, words := r.Cell("Kind"), r.Cell("Words")
		if words != plain(words) {
			return nil, nil, r.Errorf("words %q are not plain", words)
		}
		kinds = append(kinds, kind)
		byKind[kind] = append(byKind[kind], words)
	}
	return byRule, byKind, machine.Names("kind of words", kinds, []string{wordDeposit, wordCharge, wordReturn})
}
