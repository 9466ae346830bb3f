package audit

import (
	"fmt"
	"slices"

	"github.com/provodka/provodka/ledger"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// policyRule checks that what takes two people is of the changes that can, each once, and
// that nobody alone made it less.
func (c *check) policyRule(what string, before, m *journalv1.Rule) error {
	two := m.GetPolicy().GetTwo()
	var known []string
	for _, change := range ledger.PolicyChanges() {
		if slices.Contains(two, change) {
			known = append(known, change)
		}
	}
	if m.GetPolicy() == nil || m.GetSubject() != ledger.PolicySubject || m.GetChange() != ledger.SetPolicy || !slices.Equal(known, two) {
		return c.differ(what, "which changes of accounts take two people", fmt.Sprint(m))
	}
	if m.GetApproved() == nil && ledger.Loosens(before.GetPolicy().GetTwo(), two) {
		return c.differ("who approved "+what, "another than "+m.GetAuthor()+": it takes two less often", "nobody")
	}
	return nil
}
