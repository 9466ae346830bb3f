package remittance

import (
	_ "embed"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed remittance.md
var document string

const file = "engine/flow/remittance/remittance.md"

// Name is the flow's name.
const Name = "remittance"

// States.
const (
	Asking   = "asking"
	Differs  = "differs"
	Unneeded = "unneeded"
	Paying   = "paying"
	Paid     = "paid"
	Error    = "error"
	Canceled = "canceled"
)

// Commands, with their bodies.
const (
	Order    = "order"     // RemittanceOrder
	OrderNPD = "order_npd" // RemittanceNpd
	OrderOwn = "order_own" // RemittanceOwn
	Retry    = "retry"     // none
	Cancel   = "cancel"    // RemittanceCancel
	Refund   = "refund"    // RemittanceRefund
	Offset   = "offset"    // RemittanceOffset
	Repay    = "repay"     // RemittanceRepay
)

// Answers of the world and the timer.
const (
	findDone    = "find_done"
	findRefused = "find_refused"
	findUnknown = "find_unknown"
	payDone     = "pay_done"
	payRefused  = "pay_refused"
	payUnknown  = "pay_unknown"
	giveDone    = "give_done"
	giveRefused = "give_refused"
	giveUnknown = "give_unknown"
	overdue     = "overdue"
)

// Rows that Decide chooses; remittance.md says what each means.
const (
	findNone      = "find_none"
	findDiffers   = "find_differs"
	retryFind     = "retry_find"
	retryOwn      = "retry_own"
	retryOwed     = "retry_owed"
	payDoneTwice  = "pay_done_twice"
	payCovered    = "pay_covered"
	retryCovered  = "retry_covered"
	lateNoted     = "late_noted"
	lateUncovered = "late_uncovered"
	lateTakenBack = "late_taken_back"
	answerLate    = "answer_late"
)

// Asks of the Asks table.
const (
	find    = "find"
	askFind = "ask_find"
	pay     = "pay"
	askPay  = "ask_pay"
	give    = "give"
	askGive = "ask_give"
)

// Cases of the Entries table.
const (
	casePooled = "pooled" // a period's pool pays
	caseNPD    = "npd"    // what is held for one person pays
	caseOwn    = "own"    // what is held for one person goes back to him
)

// Amounts of the Entries table, rubles of scale 2.
const (
	amountSum       = "sum"
	amountLeft      = "left"
	amountUncovered = "uncovered"
	amountOver      = "over"
	amountBack      = "back"
	amountClaimBack = "claim_back"
	amountOverBack  = "over_back"
	amountOffset    = "offset"
	amountRepay     = "repay"
)

var amounts = []string{amountSum, amountLeft, amountUncovered, amountOver, amountBack, amountClaimBack, amountOverBack, amountOffset, amountRepay}

var words = flow.Words{
	States: []string{Asking, Differs, Unneeded, Paying, Paid, Error, Canceled},
	Events: []string{
		Order, OrderNPD, OrderOwn, Retry, Cancel, Refund, Offset, Repay, findDone, findRefused, findUnknown, findNone, findDiffers, retryFind, payDone, payRefused, payUnknown, overdue,
		giveDone, giveRefused, giveUnknown, retryOwn, retryOwed,
		payDoneTwice, payCovered, retryCovered, lateNoted, lateUncovered, lateTakenBack, answerLate,
	},
	Recipes: []string{"reserve", "release", "cover", "word", "offset", "repay"},
	Asks:    []string{find, askFind, pay, askPay, give, askGive},
	Amounts: amounts,
	Cases:   []string{casePooled, caseNPD, caseOwn},
	Owners:  []string{"period", "order", "executor", "to"},
}

// New gives the flow of remittance.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, file, document, decide, words)
}

// step is one decision in the making.
type step struct {
	view    flow.View
	command flow.Command
	data    *flowv1.RemittanceData
	on      string
	to      string // the period that an offset pays, or that pays what is owed
	amounts map[string]money.Amount
	asks    map[string][]byte
}

// decide is the flow's Decide. It names the row, the amounts and the accounts.
func decide(v flow.View, c flow.Command) (flow.Decision, *fault.Refusal) {
	s := &step{
		view: v, command: c, data: flow.ReadData(v, &flowv1.RemittanceData{}), on: c.Event,
		amounts: map[string]money.Amount{}, asks: map[string][]byte{},
	}
	if refusal := s.run(); refusal != nil {
		return flow.Decision{}, refusal
	}
	s.amounts[amountSum] = amount(s.data.Amount)
	for _, name := range amounts {
		if _, ok := s.amounts[name]; !ok {
			s.amounts[name] = money.New(0, money.RUB.Scale)
		}
	}
	from := casePooled
	switch {
	case s.own():
		from = caseOwn
	case s.data.ExecutorId != "":
		from = caseNPD
	}
	return flow.Decision{
		On: s.on, Data: flow.Bytes(s.data), Amounts: s.amounts, Asks: s.asks, Cases: []string{from},
		Owners: map[string]string{"period": s.data.Period, "order": v.ID, "executor": s.data.ExecutorId, "to": s.to},
	}, nil
}

// run sends the command to the method that knows it.
func (s *step) run() *fault.Refusal {
	switch s.command.Event {
	case Order:
		return s.order()
	case OrderNPD:
		return s.orderNPD()
	case OrderOwn:
		return s.orderOwn()
	case findDone, findRefused, findUnknown:
		return s.found()
	case Retry:
		return s.retry()
	case Cancel:
		return s.cancel()
	case Refund:
		return s.refund()
	case Offset:
		return s.offset()
	case Repay:
		return s.repay()
	case overdue:
		return nil
	case payDone, payRefused, payUnknown, giveDone, giveRefused, giveUnknown:
		s.answered()
		return nil
	}
	return flow.WrongState(s.view, s.command)
}

// order takes over what a period's pool is to pay.
func (s *step) order() *fault.Refusal {
	var b flowv1.RemittanceOrder
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	p, refusal := ParseOrder("id", s.view.ID)
	if refusal != nil {
		return refusal
	}
	sum, err := money.RUB.Parse(b.Amount)
	if err != nil || sum.Sign() <= 0 {
		return fault.Refuse(fault.AmountInvalid, "amount", "%.64q is not a positive amount of rubles", b.Amount)
	}
	if s.view.Day <= p.To {
		return fault.Refuse(fault.Malformed, "id", "the period ends on %s, it is %s", p.To, s.view.Day)
	}
	s.data = &flowv1.RemittanceData{Period: p.ID, Amount: text(sum), Day: s.view.Day, DueDay: p.Due}
	return s.send()
}

// send sets the money aside and opens an attempt at the requisites of the day.
func (s *step) send() *fault.Refusal {
	if s.own() {
		s.give()
		return nil
	}
	ask, attempt := &flowv1.RemittanceAsk{Book: s.view.Book, Remittance: s.view.ID, Amount: s.data.Amount}, &flowv1.RemittanceAttempt{Number: s.view.Attempts[pay] + 1}
	if s.data.ExecutorId != "" {
		ask.Document, attempt.Requisites = s.data.Documents[0], s.data.Documents[0].GetUin()
	} else {
		to, refusal := RequisitesOn(s.view.Day)
		if refusal != nil {
			return refusal
		}
		ask.Requisites, attempt.Requisites = to.ID(), to.ID()
	}
	s.asks[pay] = flow.Bytes(ask)
	s.attempt(attempt)
	return nil
}

// attempt sets the money aside for one more attempt.
func (s *step) attempt(a *flowv1.RemittanceAttempt) {
	s.data.Attempts = append(s.data.Attempts, a)
	s.data.Reserved, s.data.ErrorCode, s.data.ErrorReason = s.data.Amount, "", ""
}

// retry sends again, or only covers what has left meanwhile.
func (s *step) retry() *fault.Refusal {
	switch {
	case s.view.State == Differs || s.view.State == Unneeded:
		s.on, s.data.ErrorCode, s.data.ErrorReason, s.data.Documents = retryFind, "", "", nil
		s.ask()
		return nil
	case s.view.State == Paid:
		return s.retryOwed()
	case s.view.State != Error:
		return nil // the table has no row: wrong_state
	case s.data.Claimed == "":
		if s.own() && s.on == Retry {
			s.on = retryOwn
		}
		return s.send()
	}
	s.on = retryCovered
	s.data.Claimed, s.data.Settled, s.data.ErrorCode, s.data.ErrorReason = "", true, "", ""
	s.data.PaidDay = s.view.Day
	return nil
}

// cancel ends an order that was not paid.
func (s *step) cancel() *fault.Refusal {
	var b flowv1.RemittanceCancel
	if refusal := flow.ReadBody(s.command, &b); refusal != nil {
		return refusal
	}
	if refusal := flow.CheckID("reason", b.Reason); refusal != nil {
		return refusal
	}
	if s.view.State == Error && s.data.Claimed != "" {
		return s.forbid("a payment of it went out: retry covers it")
	}
	s.data.Reason = b.Reason
	return nil
}
