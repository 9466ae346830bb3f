package ledger

import (
	"slices"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// The rule that says which changes of accounts take two people, and the word of its change.
// It holds for a whole book: the home of an account looks at what its shard holds of it.
const (
	PolicyRule    = "policy"
	PolicySubject = "book"
	SetPolicy     = "policy"
)

// PolicyChanges are the changes that can take two people, in the policy's order. To freeze
// is none: what stops a loss must not wait for anybody.
func PolicyChanges() []string { return []string{Unfreeze, Close, Reopen, SetLimit} }

// TakesTwo says whether a policy has a change, in the words of the journal, made by two.
func TakesTwo(r *journalv1.Rule, change string) bool {
	if change == Closing {
		change = Close
	}
	return slices.Contains(r.GetPolicy().GetTwo(), change)
}

// checkAlone refuses the change of an account by one alone where the book wants two.
func checkAlone(v View, account, change string) *fault.Refusal {
	if !TakesTwo(v.Rule(PolicyRule, PolicySubject), change) {
		return nil
	}
	if change == Closing {
		change = Close
	}
	return fault.Refuse(fault.ApprovalRequired, "what", "%s of %s is asked for, and another key approves it", change, account).
		With("account", account).With("change", change)
}

// changePolicy decides which changes of accounts take two people from here on. One alone
// may want more of it, never less.
func changePolicy(v View, c *commandv1.ChangePolicy, asked bool, now Now) (*Draft, *fault.Refusal, *book.Short) {
	reason, refusal := reasonOf(c.GetReason())
	if refusal != nil {
		return nil, refusal, nil
	}
	var two []string
	for _, change := range PolicyChanges() {
		if slices.Contains(c.GetTwo(), change) {
			two = append(two, change)
		}
	}
	if len(two) != len(c.GetTwo()) {
		return nil, fault.Refuse(fault.Malformed, "two_people", "each once of %v, not %q", PolicyChanges(), c.GetTwo()), nil
	}
	held := v.Rule(PolicyRule, PolicySubject)
	was := held.GetPolicy().GetTwo()
	if slices.Equal(was, two) {
		return nil, fault.Refuse(fault.WrongState, "two_people", "so it is already"), nil
	}
	if !asked && Loosens(was, two) {
		return nil, fault.Refuse(fault.ApprovalRequired, "two_people", "one alone may want two for more, never for less: %v take two now", was), nil
	}
	return &Draft{Record: &journalv1.Record{Rules: []*journalv1.Rule{{
		Kind: PolicyRule, Subject: PolicySubject, Version: held.GetVersion() + 1, Change: SetPolicy, Reason: reason,
		Author: now.Actor, DecidedUs: now.US, Home: true, What: &journalv1.Rule_Policy{Policy: &journalv1.Policy{Two: two}},
	}}}}, nil, nil
}

// Loosens says whether a change that took two people takes one afterwards.
func Loosens(was, two []string) bool {
	return slices.ContainsFunc(was, func(change string) bool { return !slices.Contains(two, change) })
}
