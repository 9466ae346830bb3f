package ledger

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// AccountRule is the kind of rules that say how an account stands.
const AccountRule = "account"

// What was done to an account, in the words of the journal. Closing has two steps:
// the account is blocked everywhere, then it is closed, or kept because there is money.
const (
	Freeze   = "freeze"
	Unfreeze = "unfreeze"
	Closing  = "closing"
	Close    = "close"
	Keep     = "keep"
	Reopen   = "reopen"
	SetLimit = "limit"
)

// maxReason bounds the words of why, in characters.
const maxReason = 500

// change decides how an account is to stand. The draft holds the rule that all shards
// are to hold; only the home of the account decides it. Asked is what a second person
// is to approve; alone it may be refused.
func change(v View, c *commandv1.ChangeAccount, asked bool, now Now) (*Draft, *fault.Refusal, *book.Short) {
	name, refusal := book.ParseName("account", c.GetAccount())
	if refusal != nil {
		return nil, refusal, nil
	}
	if name.IsTransit() {
		return nil, fault.Refuse(fault.AccountInvalid, "account", "%s is a part of another account", c.GetAccount()), nil
	}
	t, _ := book.LookupType(name.Type)
	if !t.Implicit && !v.AccountOpen(c.GetAccount()) {
		return nil, fault.Refuse(fault.AccountUnknown, "account", "%s is not open", c.GetAccount()).With("account", c.GetAccount()), nil
	}
	reason, refusal := reasonOf(c.GetReason())
	if refusal != nil {
		return nil, refusal, nil
	}
	old := v.Rule(AccountRule, c.GetAccount())
	standing, word, refusal := changed(StandingOf(old), t, c)
	if refusal != nil {
		return nil, refusal, nil
	}
	if !asked {
		if refusal := checkAlone(v, c.GetAccount(), word); refusal != nil {
			return nil, refusal, nil
		}
	}
	return &Draft{Record: &journalv1.Record{Rules: []*journalv1.Rule{{
		Kind: AccountRule, Subject: c.GetAccount(), Version: old.GetVersion() + 1, Change: word, Reason: reason,
		Author: now.Actor, DecidedUs: now.US, Home: true, What: standingMessage(standing),
	}}}}, nil, nil
}

// changed is the standing after a change.
func changed(s book.Standing, t book.Type, c *commandv1.ChangeAccount) (book.Standing, string, *fault.Refusal) {
	account := c.GetAccount()
	wrong := func(format string, args ...any) (book.Standing, string, *fault.Refusal) {
		return s, "", fault.Refuse(fault.WrongState, "account", format, args...).With("account", account)
	}
	if s.Shut() && c.GetWhat() != commandv1.AccountChange_ACCOUNT_CHANGE_REOPEN {
		return s, "", s.Refuse(account)
	}
	switch c.GetWhat() {
	case commandv1.AccountChange_ACCOUNT_CHANGE_FREEZE:
		after := s
		after.DebitsFrozen, after.CreditsFrozen = s.DebitsFrozen || c.GetDebits(), s.CreditsFrozen || c.GetCredits()
		if !c.GetDebits() && !c.GetCredits() {
			return s, "", fault.Refuse(fault.Malformed, "sides", "neither debits nor credits are named")
		}
		if after.Frozen() == s.Frozen() {
			return wrong("%s is frozen for %s already", account, s.Frozen())
		}
		return after, Freeze, nil
	case commandv1.AccountChange_ACCOUNT_CHANGE_UNFREEZE:
		after := s
		after.DebitsFrozen, after.CreditsFrozen = s.DebitsFrozen && !c.GetDebits(), s.CreditsFrozen && !c.GetCredits()
		if !c.GetDebits() && !c.GetCredits() {
			return s, "", fault.Refuse(fault.Malformed, "sides", "neither debits nor credits are named")
		}
		if after.Frozen() == s.Frozen() {
			return wrong("%s is frozen for %s", account, s.Frozen())
		}
		return after, Unfreeze, nil
	case commandv1.AccountChange_ACCOUNT_CHANGE_CLOSE:
		s.Status = book.Closing
		return s, Closing, nil
	case commandv1.AccountChange_ACCOUNT_CHANGE_REOPEN:
		if s.Status != book.Closed {
			return wrong("%s is not closed", account)
		}
		s.Status = book.Open
		return s, Reopen, nil
	case commandv1.AccountChange_ACCOUNT_CHANGE_LIMIT:
		return limited(s, t, c)
	}
	return s, "", fault.Refuse(fault.Malformed, "what", "the change says nothing to do")
}

// limited sets a limit. It may be cut below what the account owes already: then nothing
// can be taken from the account until it is back above, but what was held before.
func limited(s book.Standing, t book.Type, c *commandv1.ChangeAccount) (book.Standing, string, *fault.Refusal) {
	if !t.Limited {
		return s, "", fault.Refuse(fault.AccountInvalid, "account", "accounts of type %s have no limit", t.Name).With("account", c.GetAccount())
	}
	asset, ok := money.LookupAsset(c.GetAsset())
	if !ok {
		return s, "", fault.Refuse(fault.AssetUnknown, "asset", "there is no asset %q", c.GetAsset())
	}
	amount, err := asset.Parse(c.GetLimit())
	if err != nil {
		return s, "", fault.Refuse(fault.AmountInvalid, "limit", "%v", err)
	}
	if amount.Sign() < 0 {
		return s, "", fault.Refuse(fault.AmountInvalid, "limit", "%s is below zero", c.GetLimit())
	}
	if amount.Cmp(s.Limit(asset.Code)) == 0 {
		return s, "", fault.Refuse(fault.WrongState, "limit", "the limit of %s is %s %s already", c.GetAccount(), asset.Format(amount), asset.Code).
			With("account", c.GetAccount())
	}
	return s.WithLimit(asset, amount), SetLimit, nil
}

// Closed is the rule that follows one of an account that is being closed, when every
// shard has said what it found: closed, or kept open because something is left.
func Closed(r *journalv1.Rule, clear bool, now Now) *journalv1.Rule {
	next := proto.CloneOf(r)
	next.Version++
	next.DecidedUs = now.US
	standing := StandingOf(r)
	standing.Status, next.Change = book.Open, Keep
	if clear {
		standing.Status, next.Change = book.Closed, Close
	}
	next.What = standingMessage(standing)
	return next
}

// StandingOf is the standing that a rule says; no rule is the zero standing.
func StandingOf(r *journalv1.Rule) book.Standing {
	m := r.GetAccount()
	if m == nil {
		return book.Standing{}
	}
	s := book.Standing{Status: book.Status(m.GetStatus()), DebitsFrozen: m.GetDebitsFrozen(), CreditsFrozen: m.GetCreditsFrozen()}
	for _, l := range m.GetLimits() {
		if asset, ok := money.LookupAsset(l.GetAsset()); ok {
			s.Limits = append(s.Limits, book.Limit{Asset: asset, Amount: money.MustParse(l.GetAmount())})
		}
	}
	return s
}

func standingMessage(s book.Standing) *journalv1.Rule_Account {
	if s.Status == 0 {
		s.Status = book.Open
	}
	m := &journalv1.Standing{
		Status: journalv1.AccountStatus(s.Status), DebitsFrozen: s.DebitsFrozen, CreditsFrozen: s.CreditsFrozen,
	}
	for _, l := range s.Limits {
		m.Limits = append(m.Limits, &journalv1.CreditLimit{Asset: l.Asset.Code, Amount: l.Asset.Format(l.Amount)})
	}
	return &journalv1.Rule_Account{Account: m}
}

// NotEmpty is the refusal of closing an account of which the shards found something.
func NotEmpty(account string, found []string) *fault.Refusal {
	found = slices.Clone(found)
	slices.Sort(found)
	text := strings.Join(slices.Compact(found), "; ")
	return fault.Refuse(fault.AccountNotEmpty, "account", "%s is not empty: %s", account, text).
		With("account", account).With("found", text)
}
