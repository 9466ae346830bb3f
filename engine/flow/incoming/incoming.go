package incoming

import (
	_ "embed"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

//go:embed incoming.md
var document string

// Name is the flow's name.
const Name = "incoming"

// States.
const (
	ToppedUp    = "topped_up"
	Depositing  = "depositing"
	Deposited   = "deposited"
	Unmatched   = "unmatched"
	Returning   = "returning"
	Reversing   = "reversing"
	Refunding   = "refunding"
	Returned    = "returned"
	KnownCredit = "known_credit"
	KnownDebit  = "known_debit"
	OwnTransfer = "own_transfer"
	BankFee     = "bank_fee"
	Unexplained = "unexplained"
	Explained   = "explained"
)

// Commands, with their bodies.
const (
	Register       = "register"        // IncomingRegister
	Change         = "change"          // IncomingChange
	Assign         = "assign"          // IncomingAssign
	AssignDeposit  = "assign_deposit"  // IncomingAssign
	AssignKnown    = "assign_known"    // IncomingExplain
	AssignTax      = "assign_tax"      // IncomingTax
	AssignReturned = "assign_returned" // IncomingReturned
	Return         = "return"          // IncomingExplain
	Recover        = "recover"         // IncomingExplain
	ExplainFee     = "explain_fee"     // IncomingExplain
	ExplainLoss    = "explain_loss"    // IncomingExplain
	ExplainKnown   = "explain_known"   // IncomingExplain
	Charge         = "charge"          // IncomingAssign
)

// Answers of the world and the timer.
const (
	told            = "told"
	tellRefused     = "tell_refused"
	tellUnknown     = "tell_unknown"
	returnedTold    = "returned_told"
	returnedRefused = "returned_refused"
	returnedUnknown = "returned_unknown"
	refundTold      = "refund_told"
	refundRefused   = "refund_refused"
	refundUnknown   = "refund_unknown"
	returnDone      = "return_done"
	returnRefused   = "return_refused"
	returnUnknown   = "return_unknown"
	overdue         = "overdue"
)

// Rows that Decide chooses; incoming.md says what each means.
const (
	registerTopup            = "register_topup"
	registerDeposit          = "register_deposit"
	registerReturned         = "register_returned"
	registerOwn              = "register_own"
	registerKnown            = "register_known"
	registerFee              = "register_fee"
	registerUnknown          = "register_unknown"
	returnDoneUnexplained    = "return_done_unexplained"
	returnCovered            = "return_covered"
	returnRefusedUnexplained = "return_refused_unexplained"
	toldUnmatched            = "told_unmatched"
	toldUnexplained          = "told_unexplained"
	tellRefusedUnexplained   = "tell_refused_unexplained"
	tellRefusedEven          = "tell_refused_even"
	refundToldPart           = "refund_told_part"
	changeUnmatched          = "change_unmatched"
	changeUnexplained        = "change_unexplained"
	changeEven               = "change_even"
	changeTransfer           = "change_transfer"
	lateNoted                = "late_noted"
	lateReturned             = "late_returned"
	lateUnmatched            = "late_unmatched"
	lateUnexplained          = "late_unexplained"
	lateExplained            = "late_explained"
	answerLate               = "answer_late"
)

// Asks of the Asks table.
const (
	tellDeposit  = "tell_deposit"
	askTold      = "ask_told"
	tellReturned = "tell_returned"
	askReturned  = "ask_returned"
	tellRefund   = "tell_refund"
	askRefund    = "ask_refund"
	returnMoney  = "return_money"
	askReturn    = "ask_return"
)

// Amounts of the Entries table, rubles of scale 2.
const (
	amountSum       = "sum"
	amountOwnOut    = "own_out"
	amountOwnIn     = "own_in"
	amountGiveBack  = "give_back"
	amountUncovered = "uncovered"
	amountClaimBack = "claim_back"
	amountTakeBack  = "take_back"
	amountNet       = "net"
)

var amounts = []string{
	amountSum, amountOwnOut, amountOwnIn, amountGiveBack, amountUncovered, amountClaimBack, amountTakeBack, amountNet,
}

var words = flow.Words{
	States: []string{
		ToppedUp, Depositing, Deposited, Unmatched, Reversing, Refunding, Returning, Returned, KnownCredit, KnownDebit,
		OwnTransfer, BankFee, Unexplained, Explained,
	},
	Events: []string{
		Register, Change, Assign, AssignDeposit, AssignKnown, AssignTax, AssignReturned, Return, Recover, ExplainFee, ExplainLoss, ExplainKnown, Charge,
		returnedTold, returnedRefused, returnedUnknown, registerReturned, refundTold, refundRefused, refundUnknown,
		told, tellRefused, tellUnknown, returnDone, returnRefused, returnUnknown, overdue,
		registerTopup, registerDeposit, registerOwn, registerKnown, registerFee, registerUnknown,
		returnDoneUnexplained, returnCovered, returnRefusedUnexplained, toldUnmatched, toldUnexplained,
		tellRefusedUnexplained, tellRefusedEven, lateNoted, lateReturned, lateUnmatched, lateUnexplained,
		lateExplained, answerLate, changeUnmatched, changeUnexplained, changeEven, changeTransfer, refundToldPart,
	},
	Recipes: []string{
		"topup", "deposit", "undeposit", "suspend", "assign", "assign_deposit", "unsuspend", "transfer", "fee",
		"missing", "unmiss", "expense_fee", "expense_loss", "charge", "recover", "correct", "adjust", "tax_refund",
	},
	Asks:    []string{tellDeposit, askTold, tellReturned, askReturned, tellRefund, askRefund, returnMoney, askReturn},
	Amounts: amounts,
	Owners:  []string{"account", "other", "company", "line"},
}

// New gives the flow of incoming.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	f := flow.MustParse(Name, "engine/flow/incoming/incoming.md", document, decide, words)
	f.Dated = dated
	return f
}

// dated lets a line be found by its value day, in its account.
func dated(m *journalv1.Move, _ *time.Location) (flow.Dated, bool) {
	if m.GetFrom() == m.GetTo() {
		return flow.Dated{}, false // day, sum and account never change
	}
	d := new(flowv1.IncomingData)
	if err := proto.Unmarshal(m.GetData(), d); err != nil {
		return flow.Dated{}, false
	}
	sum, err := money.RUB.Parse(d.GetAmount())
	return flow.Dated{Day: d.GetDay(), Amount: sum, Places: []string{"", d.GetAccount()}}, err == nil
}

// ByPerson says whether a person decides an event: he gives a reason.
func ByPerson(event string) bool {
	return slices.Contains([]string{
		Assign, AssignDeposit, AssignKnown, AssignTax, AssignReturned, Return, Recover, ExplainFee, ExplainLoss, ExplainKnown, Charge,
	}, event)
}

// ByBank says whether an event is that the bank has changed the line: a statement shows it.
func ByBank(event string) bool {
	return slices.Contains([]string{Change, changeUnmatched, changeUnexplained, changeEven, changeTransfer}, event)
}
