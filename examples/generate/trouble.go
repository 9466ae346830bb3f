package main

import (
	"math/big"
	"slices"

	"github.com/provodka/provodka/examples/play"
)

// Codes of the errors that a payment can end in, as the company reads them.
const (
	requisitesMissing = "requisites_missing"
	identityMissing   = "identity_missing"
	requisitesInvalid = "requisites_invalid"
	kindMismatch      = "kind_mismatch"
	incomeDenied      = "income_denied"
	incomeCap         = "income_cap"
	payoutRefused     = "payout_refused"
	payoutLate        = "payout_late"
	payoutReturned    = "payout_returned"
	receiptKept       = "receipt_kept"
	receiptLost       = "receipt_lost"
	payoutLimit       = "payout_limit"
	payoutLimitPeriod = "payout_limit_period"
	payoutWay         = "payout_way"
)

// The company's own limits, which all payments are asked about and counted under at the company and at
// the person: wide enough for the play, but for what goes to one card in a day.
var (
	wide         = []play.Limit{{Scope: "company month", Most: "1000000000.00"}, {Scope: "counterparty day", Count: 1000}}
	limits       = append(slices.Clone(wide), aDayToACard(100_000))
	raisedLimits = append(slices.Clone(wide), aDayToACard(200_000))
)

func aDayToACard(rubles int64) play.Limit {
	return play.Limit{Scope: "counterparty day", Way: "card", Most: kopecks(big.NewRat(rubles, 1))}
}

// notPlayed are errors that nobody can run into on the day of the play, and the scenario that plays each.
var notPlayed = map[string]play.NotPlayed{
	"tax_rule_missing": {
		Why: "the play is played on days that have their rows in the tax tables alone. A payment on a day without one is refused before money is set aside; only one that the end " +
			"of the last tabled year overtakes between two questions stops so, and a release cures it",
		Scenario: "engine/flow/task/testdata/no_rule.txt",
	},
}

// Who acts, and the states at the end.
const (
	byExecutor = "executor"
	byCompany  = "company"
	bySupport  = "support"

	paid     = "paid"
	stopped  = "error"
	canceled = "canceled"
	draft    = "draft"
)

// trouble is what a task's payment runs into; nil when it is paid at once.
func (t task) trouble(all []task) *play.Trouble {
	tr := play.Trouble{Line: t.Line, End: paid}
	add := func(code, who string, cure play.Cure) {
		tr.Errors = append(tr.Errors, play.Step{Code: code, Who: who, Cure: cure})
	}
	switch {
	case t.Person.Bare && !t.Person.Later:
		tr.End = stopped
		add(requisitesMissing, byExecutor, "")
	case t.Person.Bare:
		add(requisitesMissing, byExecutor, play.GivesRequisites)
	case !t.Person.Permitted && t.Person.Answers == "":
		tr.End = stopped
		add(incomeDenied, byExecutor, "")
	case !t.Person.Permitted:
		add(incomeDenied, byExecutor, play.Permits)
	case t.Person.NoPapers:
		add(identityMissing, byExecutor, play.GivesPapers)
	case t.Person.Meanwhile != "":
		add(kindMismatch, byExecutor, play.TakesKindBack)
	case t.Mark == refused:
		add(payoutRefused, byCompany, play.Retries)
	case t.Mark == after:
		add(payoutRefused, byCompany, play.BankPays)
		add(payoutLate, byCompany, play.Retries)
	case t.Mark == annulled:
		tr.TakenBack = play.Receipt
		add(receiptLost, byExecutor, play.Retries)
	case t.Mark == returned && t.Person.NoAnnul:
		tr.TakenBack = play.Payment
		add(payoutReturned, byExecutor, play.CallsOff)
		add(receiptKept, bySupport, play.Retries)
	case t.Mark == returned && t.Person.Later:
		tr.TakenBack = play.Payment
		add(payoutReturned, byExecutor, play.GivesRequisites)
	case t.Mark == returned:
		tr.TakenBack, tr.End = play.Payment, canceled
		add(payoutReturned, byExecutor, play.CallsOff)
	case t.wayTooSmall():
		add(payoutLimit, byCompany, play.GivesRequisites)
	case t.unserved():
		add(payoutWay, byExecutor, play.GivesRequisites)
	case t.sameDay(all): // of the two, whichever is paid second
		add(payoutLimitPeriod, byCompany, play.RaisesLimits)
	case t.Person.Later: // gave an account that the bank does not know
		add(requisitesInvalid, byExecutor, play.GivesRequisites)
	case t.Until == play.NextJanuary:
		add(incomeCap, byCompany, play.MakesRoom)
		tr.Errors[0].Line = t.roommate(all).Line
	default:
		return nil
	}
	return &tr
}

// mostBySBP is what SBP takes in one payment.
var mostBySBP = big.NewRat(500_000, 1)

// wayTooSmall says whether the person's way does not take the payment.
func (t task) wayTooSmall() bool {
	return t.Person.Pays.Way() == play.BySBP && t.price(newYear(0, "")).payout.Cmp(mostBySBP) > 0
}

// unserved says whether the bank does not pay to the person's card.
func (t task) unserved() bool {
	return t.Person.Pays.Way() == play.ByCard && t.Person.Later && !t.Person.Bare
}

// sameDay says whether the person has two payments that do not fit the company's limit of a day together.
func (t task) sameDay(all []task) bool {
	if t.Person.Pays.Way() != play.ByCard {
		return false
	}
	sum := new(big.Rat)
	for _, other := range all {
		if other.Person.Ref == t.Person.Ref {
			sum.Add(sum, other.price(newYear(0, "")).payout)
		}
	}
	most, _ := new(big.Rat).SetString(limits[len(limits)-1].Most)
	return sum.Cmp(most) > 0
}

// way is how the task's payment leaves at last.
func (t task) way() string {
	if t.Person.Bare || t.wayTooSmall() || t.unserved() {
		return play.ByAccount
	}
	return t.Person.Pays.Way()
}

// roommate is the other task that takes the person's room under the limit.
func (t task) roommate(all []task) task {
	for _, other := range all {
		if other.Person.Ref == t.Person.Ref && other.Line != t.Line {
			return other
		}
	}
	panic("nobody is in the way of " + t.Title)
}

// end is the task's state when the play is over, and the code that stands beside it.
func (t task) end(all []task) (state, code string) {
	before := slices.IndexFunc(all, func(other task) bool { return other.Line == t.Line })
	switch tr := t.trouble(all); {
	case t.refusedByLimit(all[:before]):
		return draft, incomeCap
	case t.Unsigned:
		return canceled, "" // it made room
	case tr == nil:
		return paid, ""
	case tr.End == stopped:
		return stopped, tr.Errors[0].Code
	default:
		return tr.End, ""
	}
}

// troubles of all tasks, in the order of the register.
func troubles(all []task) []play.Trouble {
	var out []play.Trouble
	for _, t := range all {
		if tr := t.trouble(all); tr != nil {
			out = append(out, *tr)
		}
	}
	return out
}
