package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// ruleKey names a rule.
type ruleKey struct{ book, kind, subject string }

// heldRule is a rule as one shard holds it.
type heldRule struct {
	m        *journalv1.Rule
	standing book.Standing
}

// ruleVersion is one version of a rule.
type ruleVersion struct {
	ruleKey
	version uint64
}

// confirmation is what a record said of the shards that hold a rule.
type confirmation struct {
	where string
	of    ruleVersion
	at    []*journalv1.RulePosition
}

// allowed checks that no standing of the account on this shard forbids the leg. What
// happened in the world is booked however the account stands, and money between the
// stripes of an account stays its own.
func (c *check) allowed(i int, l *journalv1.Leg, st *stripe, amount money.Amount) error {
	r := c.r
	if len(c.s.rules) == 0 || fact(r) || r.GetKey() == "" && r.GetActor() == "gather" {
		return nil
	}
	held := c.s.rules[ruleKey{r.GetBook(), ledger.AccountRule, l.GetAccount()}]
	if held == nil || !held.standing.Forbids(book.Change{Kind: book.Kind(l.GetKind()), Amount: amount}) {
		return nil
	}
	return c.legDiffers("standing", i, st, "an account that takes it", held.standing.Refuse(l.GetAccount()).Reason)
}

// fact says that a record follows from the world's answer or from a timer. The day of a
// scheduled entry is no fact of the world: a frozen account is not posted to.
func fact(r *journalv1.Record) bool {
	return strings.HasPrefix(r.GetKey(), "answer:") || r.GetKey() == "" && r.GetActor() == "timer" && r.GetScheduled() == nil
}

// limit is how far below zero the stripe may go.
func (c *check) limit(st *stripe) money.Amount {
	held := c.s.rules[ruleKey{st.key.book, ledger.AccountRule, st.key.account}]
	if held == nil || !held.m.GetHome() {
		return money.Zero
	}
	return held.standing.Limit(st.asset.Code)
}

// rules checks what the record says of rules for all shards, and takes them over.
func (c *check) rules() error {
	for _, m := range c.r.GetRules() {
		if err := c.rule(m); err != nil {
			return err
		}
	}
	confirmed := c.r.GetConfirmed()
	if confirmed == nil {
		return nil
	}
	m := confirmed.GetRule()
	key := ruleKey{c.r.GetBook(), m.GetKind(), m.GetSubject()}
	held := c.s.rules[key]
	if held == nil || !proto.Equal(held.m, m) || !m.GetHome() {
		return c.differ("the rule of "+m.GetSubject()+" that is confirmed", "the one that its home holds", fmt.Sprint(m))
	}
	if by := m.GetApproved().GetBy(); by != "" && by != c.r.GetActor() {
		return c.differ("who approved the rule of "+m.GetSubject(), c.r.GetActor(), by)
	}
	c.a.confirmed = append(c.a.confirmed, confirmation{
		where: recordName(c.s.number, c.r.GetSeq()), of: ruleVersion{key, m.GetVersion()}, at: confirmed.GetAt(),
	})
	return nil
}

func (c *check) rule(m *journalv1.Rule) error {
	what := "the rule of " + m.GetSubject()
	key := ruleKey{c.r.GetBook(), m.GetKind(), m.GetSubject()}
	old := c.s.rules[key]
	var before *journalv1.Rule
	if old != nil {
		before = old.m
	}
	switch {
	case m.GetVersion() != before.GetVersion()+1:
		return c.differ("version of "+what, uintText(before.GetVersion()+1), uintText(m.GetVersion()))
	case before != nil && before.GetHome() != m.GetHome():
		return c.differ("home of "+what, strconv.FormatBool(before.GetHome()), strconv.FormatBool(m.GetHome()))
	case m.GetReason() == "" || m.GetAuthor() == "":
		return c.differ(what, "a reason and an author", fmt.Sprint(m))
	}
	if err := c.approved(what, key, before, m); err != nil {
		return err
	}
	held := &heldRule{m: m, standing: ledger.StandingOf(m)}
	if m.GetKind() == ledger.AccountRule {
		if err := c.accountRule(what, before, held); err != nil {
			return err
		}
	}
	if m.GetKind() == ledger.PeriodRule {
		if err := c.periodRule(what, before, m); err != nil {
			return err
		}
	}
	if m.GetKind() == ledger.PolicyRule {
		if err := c.policyRule(what, before, m); err != nil {
			return err
		}
	}
	c.s.rules[key] = held
	at := c.a.held[ruleVersion{key, m.GetVersion()}]
	if at == nil {
		at = map[int]uint64{}
		c.a.held[ruleVersion{key, m.GetVersion()}] = at
	}
	at[c.s.number] = c.r.GetSeq()
	return nil
}

// accountRule checks that an account is closed only after it was blocked, and empty.
func (c *check) accountRule(what string, before *journalv1.Rule, held *heldRule) error {
	if _, refusal := book.ParseName("account", held.m.GetSubject()); refusal != nil || held.m.GetAccount() == nil {
		return c.differ(what, "how an account of the chart stands", fmt.Sprint(held.m))
	}
	if policy := c.s.rules[ruleKey{c.r.GetBook(), ledger.PolicyRule, ledger.PolicySubject}]; policy != nil && held.m.GetHome() &&
		held.m.GetApproved() == nil && ledger.TakesTwo(policy.m, held.m.GetChange()) && held.m.GetChange() != ledger.Close {
		return c.differ("who approved "+what, "another than "+held.m.GetAuthor()+", as the book's policy has it", "nobody")
	}
	if held.standing.Status != book.Closed || ledger.StandingOf(before).Status == book.Closed {
		return nil
	}
	if was := ledger.StandingOf(before).Status; was != book.Closing {
		return c.differ("status before closing in "+what, "closing", fmt.Sprint(was))
	}
	for _, asset := range money.Assets() {
		st := c.s.stripes.get(stripeKey{c.r.GetBook(), held.m.GetSubject(), asset.Code})
		if st == nil {
			continue
		}
		if left := st.sums.Balance(st.kind.Class); !left.IsZero() || !st.sums.HeldDebit.IsZero() || !st.sums.HeldCredit.IsZero() {
			return c.differ("what the closed stripe of "+st.name()+" has", "nothing", asset.Format(left)+" and holds of "+
				asset.Format(st.sums.HeldDebit.Add(st.sums.HeldCredit)))
		}
	}
	return nil
}

// confirmations checks at the end that every shard took the rules that a home said all
// shards hold, with just the records that it named.
func (a *Auditor) confirmations() error {
	for _, c := range a.confirmed {
		var named []int
		for _, at := range c.at {
			shard := int(at.GetShard())
			named = append(named, shard)
			s := a.shards[shard]
			if s != nil && s.head.Seq < at.GetSeq() {
				continue // its events stop before
			}
			if found := a.held[c.of][shard]; found != at.GetSeq() {
				return &Difference{
					Where: c.where, What: "the record with which shard " + strconv.Itoa(shard) + " took the rule of " + c.of.subject,
					Expected: uintText(at.GetSeq()), Found: uintText(found),
				}
			}
		}
		for number, s := range a.shards {
			if s.head.Seq > 0 && !slices.Contains(named, number) {
				return &Difference{
					Where: c.where, What: "the shards that hold the rule of " + c.of.subject, Expected: "all", Found: fmt.Sprint(named),
				}
			}
		}
	}
	return nil
}
