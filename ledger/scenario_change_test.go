package ledger_test

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/audit/audittest"
	"github.com/provodka/provodka/ledger/book"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// changeVerbs are the words of scenarios about accounts, each followed by its own. A
// change is ordered by somebody who says why.
//
//	open ACCOUNT
//	freeze|unfreeze debits|credits|both ACCOUNT by WHO: WHY
//	close|reopen ACCOUNT by WHO: WHY
//	limit ACCOUNT SUM by WHO: WHY
//	two CHANGE,… by WHO: WHY                            what takes two people from now on; none
//	ask DURATION CHANGE                                 a change that another must approve
//	approve|decline it by WHO: WHY                      what was asked for last
//	lapse it                                            nobody decided in time
//	stands ACCOUNT
var changeVerbs = map[string]func(s *stage, words []string) []string{
	"open":     func(s *stage, w []string) []string { return s.do(audittest.Open(w[0])) },
	"freeze":   func(s *stage, w []string) []string { return s.change("freeze", w) },
	"unfreeze": func(s *stage, w []string) []string { return s.change("unfreeze", w) },
	"close":    func(s *stage, w []string) []string { return s.change("close", w) },
	"reopen":   func(s *stage, w []string) []string { return s.change("reopen", w) },
	"limit":    func(s *stage, w []string) []string { return s.change("limit", w) },
	"two":      func(s *stage, w []string) []string { return s.change("two", w) },
	"ask": func(s *stage, w []string) []string {
		if w[1] == "reopen-days" {
			return s.askDays(duration(w[0]), w[2:])
		}
		who, op := changeOperation(w[1], w[2:])
		ask := &commandv1.Ask{ExpiresMs: duration(w[0]).Milliseconds(), What: &commandv1.Ask_Change{Change: op.GetChange()}}
		if p := op.GetPolicy(); p != nil {
			ask.What = &commandv1.Ask_Policy{Policy: p}
		}
		lines := s.order(who, &commandv1.Operation{What: &commandv1.Operation_Ask{Ask: ask}})
		s.asked = s.Seq(0)
		return lines
	},
	"approve": func(s *stage, w []string) []string { return s.verdict(w, true) },
	"decline": func(s *stage, w []string) []string { return s.verdict(w, false) },
	"lapse":   func(s *stage, _ []string) []string { s.ExpireApproval(0, s.asked); return s.tell() },
	"stands": func(s *stage, w []string) []string {
		m := s.Rule(0, ledger.AccountRule, w[0])
		if m == nil {
			return []string{"open"}
		}
		return ruleLines(m)
	},
}

// order decides for somebody what all shards are to hold.
func (s *stage) order(who string, op *commandv1.Operation) []string {
	s.Order(0, who, op)
	return s.tell()
}

func (s *stage) change(verb string, words []string) []string {
	who, op := changeOperation(verb, words)
	return s.order(who, op)
}

func (s *stage) verdict(words []string, approve bool) []string {
	who, why := signature(words[1:])
	return s.order(who, &commandv1.Operation{What: &commandv1.Operation_Verdict{Verdict: &commandv1.Verdict{
		AskedSeq: s.asked, Approve: approve, Reason: why,
	}}})
}

// changeOperation reads a change, who ordered it and why.
func changeOperation(verb string, words []string) (who string, op *commandv1.Operation) {
	if verb == "two" {
		p := &commandv1.ChangePolicy{}
		if words[0] != "none" {
			p.Two = strings.Split(words[0], ",")
		}
		who, p.Reason = signature(words[1:])
		return who, &commandv1.Operation{What: &commandv1.Operation_Policy{Policy: p}}
	}
	c := &commandv1.ChangeAccount{}
	if verb == "freeze" || verb == "unfreeze" {
		c.Debits, c.Credits = words[0] != "credits", words[0] != "debits"
		words = words[1:]
	}
	c.Account, words = words[0], words[1:]
	switch verb {
	case "freeze":
		c.What = commandv1.AccountChange_ACCOUNT_CHANGE_FREEZE
	case "unfreeze":
		c.What = commandv1.AccountChange_ACCOUNT_CHANGE_UNFREEZE
	case "close":
		c.What = commandv1.AccountChange_ACCOUNT_CHANGE_CLOSE
	case "reopen":
		c.What = commandv1.AccountChange_ACCOUNT_CHANGE_REOPEN
	case "limit":
		c.What, c.Asset, c.Limit = commandv1.AccountChange_ACCOUNT_CHANGE_LIMIT, "RUB", words[0]
		words = words[1:]
	default:
		panic("no change " + verb)
	}
	who, c.Reason = signature(words)
	return who, &commandv1.Operation{What: &commandv1.Operation_Change{Change: c}}
}

// signature reads by WHO: WHY; without it nobody says why.
func signature(words []string) (who, why string) {
	if len(words) < 2 {
		return "nobody", ""
	}
	return strings.TrimSuffix(words[1], ":"), strings.Join(words[2:], " ")
}

// ruleLines say how an account stands, by whom and why.
func ruleLines(m *journalv1.Rule) []string {
	standing := ledger.StandingOf(m)
	word := "open"
	if standing.Status == book.Closed {
		word = "closed"
	}
	if f := standing.Frozen(); f != "nothing" {
		word += ", frozen for " + f
	}
	for _, l := range standing.Limits {
		word += ", may owe " + l.Asset.Format(l.Amount) + " " + l.Asset.Code
	}
	what := m.GetSubject() + " is " + word
	if p := m.GetPolicy(); p != nil {
		what = "two people are needed for: " + cmp.Or(strings.Join(p.GetTwo(), ", "), "nothing")
	}
	if p := m.GetPeriod(); p != nil {
		what = "closed up to " + p.GetThrough() + ", first open day " + ledger.DayAfter(p.GetThrough())
	}
	lines := []string{what, "by " + m.GetAuthor() + ": " + m.GetReason()}
	if a := m.GetApproved(); a != nil {
		lines = append(lines, "approved by "+a.GetBy()+": "+a.GetReason())
	}
	return lines
}

// approvalLine says what two people decide and how far they are.
func approvalLine(m *journalv1.Approval) string {
	state := strings.ToLower(strings.TrimPrefix(m.GetState().String(), "APPROVAL_STATE_"))
	line := "to " + m.GetRule().GetChange() + " " + m.GetRule().GetSubject() + ", asked by " + m.GetRule().GetAuthor() + " in #" +
		strconv.FormatUint(m.GetSeq(), 10) + ": " + state
	if m.GetDecidedBy() != "" {
		line += " by " + m.GetDecidedBy() + ": " + m.GetReason()
	}
	return line
}
