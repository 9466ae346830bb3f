package task

import (
	_ "embed"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

//go:embed task.md
var document string

// Name is the flow's name.
const Name = "task"

// States, as the product's API names them (seed 000: status).
const (
	Draft     = "draft"
	InWork    = "inwork"
	Accepting = "accepting"
	Completed = "completed"
	Paying    = "paying"
	Paid      = "paid"
	Error     = "error"
	Canceled  = "canceled"
	Deleted   = "deleted"
)

// Commands: the events that callers send, with their bodies.
const (
	Create          = "create"            // TaskCreate
	Assign          = "assign"            // TaskAssign
	Change          = "change"            // TaskChange
	Delete          = "delete"            // no body: a draft that nobody needs
	Offer           = "offer"             // TaskOfferTo: to one, a circle or everybody
	Accept          = "accept"            // TaskAccept: the first executor gets it, and signs
	Decline         = "decline"           // TaskDecline
	Withdraw        = "withdraw"          // no body: the customer takes the offer back
	Sign            = "sign"              // TaskSign: the executor accepts the contract
	Report          = "report"            // no body: the executor says that the work is done
	Done            = "done"              // no body: the customer confirms the work
	Countersign     = "countersign"       // TaskSign: the customer signs the contract's file
	ActSignExecutor = "act_sign_executor" // TaskSign
	ActSign         = "act_sign"          // TaskSign: the customer signs the act
	Pay             = "pay"               // TaskPay
	Retry           = "retry"             // TaskPay
	Cancel          = "cancel"            // no body
	Recheck         = "recheck"           // no body: something has changed about the executor
)

// Commands lists them in the order of a task's life.
func Commands() []string {
	return []string{Create, Assign, Offer, Accept, Decline, Withdraw, Change, Delete, Sign, Countersign, Report, Done, ActSignExecutor, ActSign, Pay, Retry, Cancel}
}

// Answers of the world and the timer.
const (
	checkDone     = "check_done"
	checkRefused  = "check_refused"
	checkUnknown  = "check_unknown"
	payoutDone    = "payout_done"
	payoutRefused = "payout_refused"
	payoutUnknown = "payout_unknown"
	incomeDone    = "income_done"
	incomeRefused = "income_refused"
	incomeUnknown = "income_unknown"
	holdDone      = "hold_done"
	holdRefused   = "hold_refused"
	holdUnknown   = "hold_unknown"
	takeDone      = "take_done"
	takeRefused   = "take_refused"
	takeUnknown   = "take_unknown"
	limitDone     = "limit_done"
	limitRefused  = "limit_refused"
	limitUnknown  = "limit_unknown"
	countDone     = "count_done"
	countRefused  = "count_refused"
	countUnknown  = "count_unknown"
	annulDone     = "annul_done"
	annulRefused  = "annul_refused"
	annulUnknown  = "annul_unknown"
	tellDone      = "tell_done"
	tellRefused   = "tell_refused"
	tellUnknown   = "tell_unknown"
	overdue       = "overdue"
	offerExpired  = "offer_expired"
	retryDue      = "retry_due"
	selfDone      = "self_done"
	selfRefused   = "self_refused"
	selfUnknown   = "self_unknown"
	signTold      = "sign_told"
	signRefused   = "sign_refused"
	signUnknown   = "sign_unknown"
	stamped       = "stamped"
	stampRefused  = "stamp_refused"
	stampUnknown  = "stamp_unknown"
)

// Rows that Decide chooses instead of the event's own; task.md says what each means.
const (
	createSigned      = "create_signed"
	createCompleted   = "create_completed"
	assignSigned      = "assign_signed"
	doneAwaitsAct     = "done_awaits_act"
	actReady          = "act_ready"
	payUnchecked      = "pay_unchecked"
	payBlocked        = "pay_blocked"
	retryUnchecked    = "retry_unchecked"
	retryBlocked      = "retry_blocked"
	retryIncome       = "retry_income"
	retryLast         = "retry_last"
	checkDoneIncome   = "check_done_income"
	checkDoneLast     = "check_done_last"
	payoutDoneLast    = "payout_done_last"
	payoutCovered     = "payout_covered"
	payoutCoveredLast = "payout_covered_last"
	payoutDoneLate    = "payout_done_late"
	payoutTakenBack   = "payout_taken_back"
	payoutTwice       = "payout_twice"
	overpayReturned   = "overpay_returned"
	incomeDoneUnpaid  = "income_done_unpaid"
	incomeDoneLate    = "income_done_late"
	incomeTakenBack   = "income_taken_back"
	receiptChanged    = "receipt_changed"
	answerLate        = "answer_late"
	createHeld        = "create_held"
	assignHeld        = "assign_held"
	signHeld          = "sign_held"
	holdDoneCompleted = "hold_done_completed"
	payUntaxed        = "pay_untaxed"
	retryUntaxed      = "retry_untaxed"
	payLimited        = "pay_limited"
	retryLimited      = "retry_limited"
	takeDoneLimited   = "take_done_limited"
	limitDoneIncome   = "limit_done_income"
	limitDoneLast     = "limit_done_last"
	takeDoneIncome    = "take_done_income"
	takeDoneLast      = "take_done_last"
	uncovered         = "uncovered"
	cancelReceipt     = "cancel_receipt"
	changeHeld        = "change_held"
	acceptHeld        = "accept_held"
	declineLast       = "decline_last"
	offerExpiredHeld  = "offer_expired_held"
	holdRefusedOffer  = "hold_refused_offer"
	recheckNoted      = "recheck_noted"
	selfRefusedAgain  = "self_refused_again"
)

// RegisterIncome is the ask that forms a receipt: with its number it gives the attempt.
const RegisterIncome = "register_income"

// Asks of the Asks table.
const (
	checkIncome    = "check_income"
	askCheck       = "ask_check"
	pay            = "pay"
	askPayout      = "ask_payout"
	registerIncome = RegisterIncome
	askIncome      = "ask_income"
	holdYear       = "hold_year"
	askHold        = "ask_hold"
	takeYear       = "take_year"
	askTake        = "ask_take"
	takeLimit      = "take_limit"
	askLimit       = "ask_limit"
	tellLimit      = "tell_limit"
	tellYear       = "tell_year"
	annulIncome    = "annul_income"
	askAnnul       = "ask_annul"
	retryItself    = "retry_itself"
	tellSign       = "tell_sign"
	stampFile      = "stamp"
)

// Amounts of the Entries table, rubles of scale 2.
const (
	amountReserve    = "reserve"
	amountPayout     = "payout"
	amountTax        = "tax"
	amountCommission = "commission"
	amountRelease    = "release"
	amountClaim      = "claim"
	amountCover      = "cover"
	amountPayoutBack = "payout_back"
	amountClaimBack  = "claim_back"
	amountOwed       = "owed"
	amountOwedBack   = "owed_back"

	amountContributions = "contributions"
	amountTaxLess       = "tax_less"
	amountTaxMore       = "tax_more"
	amountTaxOurs       = "tax_ours"
)

// Cases of the Entries table.
const (
	caseSelfEmployed  = "selfemployed"
	caseCivilContract = "civil_contract"
)

// Owners of the accounts.
const (
	ownerCompany  = "company"
	ownerTask     = "task"
	ownerExecutor = "executor"
)

var amounts = []string{
	amountReserve, amountPayout, amountTax, amountCommission, amountRelease, amountClaim, amountCover,
	amountPayoutBack, amountClaimBack, amountOwed, amountOwedBack,
	amountContributions, amountTaxLess, amountTaxMore, amountTaxOurs,
}

var words = flow.Words{
	States: []string{Draft, InWork, Accepting, Completed, Paying, Paid, Error, Canceled, Deleted},
	Events: []string{
		Create, Assign, Offer, Accept, Decline, Withdraw, Change, Delete, Sign, Countersign, Report, Done, ActSignExecutor, ActSign, Pay, Retry, Cancel, Recheck,
		checkDone, checkRefused, checkUnknown, payoutDone, payoutRefused, payoutUnknown,
		incomeDone, incomeRefused, incomeUnknown, overdue,
		createSigned, createCompleted, assignSigned, doneAwaitsAct, actReady, payUnchecked, payBlocked,
		retryUnchecked, retryBlocked, retryIncome, retryLast, checkDoneIncome, checkDoneLast,
		payoutDoneLast, payoutCovered, payoutCoveredLast, payoutDoneLate, payoutTakenBack, payoutTwice,
		overpayReturned, incomeDoneUnpaid, incomeDoneLate, incomeTakenBack, receiptChanged, answerLate,
		holdDone, holdRefused, holdUnknown, takeDone, takeRefused, takeUnknown, annulDone, annulRefused, annulUnknown,
		tellDone, tellRefused, tellUnknown, createHeld, assignHeld, signHeld, holdDoneCompleted, payUntaxed, retryUntaxed,
		payLimited, retryLimited, takeDoneLimited, limitDone, limitDoneIncome, limitDoneLast, limitRefused, limitUnknown, countDone, countRefused, countUnknown,
		takeDoneIncome, takeDoneLast, uncovered, cancelReceipt, changeHeld,
		offerExpired, acceptHeld, declineLast, offerExpiredHeld, holdRefusedOffer,
		retryDue, selfDone, selfRefused, selfUnknown, recheckNoted, selfRefusedAgain, signTold, signRefused, signUnknown, stamped, stampRefused, stampUnknown,
	},
	Recipes: []string{
		"reserve", "payout", "settle", "release", "claim", "cover",
		"payout_back", "claim_back", "owed", "unsettle",
	},
	Asks: []string{checkIncome, askCheck, pay, askPayout, registerIncome, askIncome,
		holdYear, askHold, takeYear, askTake, tellYear, takeLimit, askLimit, tellLimit, annulIncome, askAnnul, retryItself, tellSign, stampFile},
	Amounts: amounts,
	Cases:   []string{caseSelfEmployed, caseCivilContract},
	Owners:  []string{ownerCompany, ownerTask, ownerExecutor},
}

// New gives the flow of task.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	f := flow.MustParse(Name, "engine/flow/task/task.md", document, decide, words)
	f.Stopped, f.Dated = stopped, dated
	return f
}

// Places where paid tasks are found by the day of their payment, beside "".
const (
	OfCompany  = "company:"  // and its id
	OfExecutor = "executor:" // and his id
)

// Undated is the day of a paid task of which it is not known when it was paid: there is none such, and
// nobody leaves one out in silence.
const Undated = "0001-01-01"

// dated lets a paid task be found by the day of its payment: of everybody, of its company, of its executor.
func dated(m *journalv1.Move, zone *time.Location) (flow.Dated, bool) {
	if (m.GetFrom() == Paid) == (m.GetTo() == Paid) {
		return flow.Dated{}, false
	}
	if m.GetTo() != Paid {
		return flow.Dated{}, true
	}
	d, day := new(flowv1.TaskData), Undated
	if err := proto.Unmarshal(m.GetData(), d); err != nil {
		d = new(flowv1.TaskData)
	}
	if paid, err := time.Parse(time.RFC3339Nano, d.GetPaidAt()); err == nil {
		day = paid.In(zone).Format(time.DateOnly)
	}
	sum, err := money.RUB.Parse(d.GetSum().GetGross())
	if err != nil {
		sum = money.New(0, money.RUB.Scale)
	}
	return flow.Dated{Day: day, Amount: sum, Places: []string{"", OfCompany + d.GetCompanyId(), OfExecutor + d.GetExecutorId()}}, true
}
