package book

import (
	"slices"
	"strings"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// Status says whether an account takes entries; the numbers are those of the journal.
type Status int16

// The statuses of an account. Closing: blocked until every shard has said whether it
// holds money of it.
const (
	Open    Status = 1
	Closing Status = 2
	Closed  Status = 3
)

// Standing is how an account stands. The zero value is an open account on which nobody
// set anything.
type Standing struct {
	Status        Status
	DebitsFrozen  bool
	CreditsFrozen bool
	Limits        []Limit // in order of asset, each above zero
}

// Limit is how far an account may go below zero in one asset.
type Limit struct {
	Asset  money.Asset
	Amount money.Amount
}

// Limit gives the limit of an asset, zero when there is none.
func (s Standing) Limit(asset string) money.Amount {
	for _, l := range s.Limits {
		if l.Asset.Code == asset {
			return l.Amount
		}
	}
	return money.Zero
}

// WithLimit sets the limit of an asset; zero takes it away.
func (s Standing) WithLimit(asset money.Asset, amount money.Amount) Standing {
	s.Limits = slices.DeleteFunc(slices.Clone(s.Limits), func(l Limit) bool { return l.Asset.Code == asset.Code })
	if amount.Sign() > 0 {
		s.Limits = append(s.Limits, Limit{asset, amount})
		slices.SortFunc(s.Limits, func(a, b Limit) int { return strings.Compare(a.Asset.Code, b.Asset.Code) })
	}
	return s
}

// Shut says that the account takes no entry: it is closed, or being closed.
func (s Standing) Shut() bool { return s.Status == Closing || s.Status == Closed }

// Forbids says whether the account may not be changed so. What gives held money back is
// always allowed, and so is what holds nothing.
func (s Standing) Forbids(c Change) bool {
	switch c.Kind {
	case Debit:
		return s.Shut() || s.DebitsFrozen
	case Credit:
		return s.Shut() || s.CreditsFrozen
	case HoldDebit:
		return c.Amount.Sign() > 0 && (s.Shut() || s.DebitsFrozen)
	case HoldCredit:
		return c.Amount.Sign() > 0 && (s.Shut() || s.CreditsFrozen)
	}
	return false
}

// Refuse is the refusal of a change that the standing forbids.
func (s Standing) Refuse(account string) *fault.Refusal {
	switch s.Status {
	case Closed:
		return fault.Refuse(fault.AccountClosed, "account", "%s is closed", account).With("account", account)
	case Closing:
		return fault.Refuse(fault.AccountClosed, "account", "%s is being closed", account).With("account", account)
	}
	return fault.Refuse(fault.AccountFrozen, "account", "%s is frozen for %s", account, s.Frozen()).
		With("account", account).With("frozen", s.Frozen())
}

// Frozen says in a word what is frozen: debits, credits, both or nothing.
func (s Standing) Frozen() string {
	switch {
	case s.DebitsFrozen && s.CreditsFrozen:
		return "both"
	case s.DebitsFrozen:
		return "debits"
	case s.CreditsFrozen:
		return "credits"
	}
	return "nothing"
}

// CheckStandings refuses changes of accounts that do not take them.
func CheckStandings(v View, changes []Change) *fault.Refusal {
	for i := range changes {
		if s := v.Standing(changes[i].Account); s.Forbids(changes[i]) {
			return s.Refuse(changes[i].Account)
		}
	}
	return nil
}
