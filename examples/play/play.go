package play

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Play is what the player needs to know besides the files: play.json.
type Play struct {
	Day       string     `json:"day"` // of the play, YYYY-MM-DD
	Company   Company    `json:"company"`
	Own       []Account  `json:"own_accounts"`
	Executors []Executor `json:"executors"`
	// UnsignedActs are the tasks whose executor never signs the act, by line of the register.
	UnsignedActs []int `json:"unsigned_acts"`
	// ByLink are the tasks whose executor signs agreement and act on the page that a link in an SMS
	// leads to, by the code of another, by line of the register.
	ByLink []int `json:"by_link"`
	// Troubles are the tasks whose payment stops, and how each is cured.
	Troubles []Trouble `json:"troubles"`
	// NotPlayed are the errors that no task can run into on the day of the play, and why.
	NotPlayed map[string]NotPlayed `json:"not_played"`
	Taxes     Taxes                `json:"taxes"`
	Expected  Expected             `json:"expected"`
}

// Company is the customer of the play.
type Company struct {
	Name              string `json:"name"`
	INN               string `json:"inn"`
	Account           string `json:"account"`
	BIC               string `json:"bic"`
	Contract          string `json:"contract"`
	CommissionPercent string `json:"commission_percent"`
	DepositRequired   string `json:"deposit_required"`
	// Limits are those of its own payments, agreed with it from the first day, and Raised those that it
	// agrees to when one of them stops a payment.
	Limits []Limit `json:"limits"`
	Raised []Limit `json:"raised_limits"`
}

// Limit is a limit of a company's own payments.
type Limit struct {
	Scope string `json:"scope"`         // "counterparty day"
	Way   string `json:"way,omitempty"` // account, sbp or card; "" is any
	Most  string `json:"most,omitempty"`
	Count uint32 `json:"count,omitempty"`
}

// Account is a settlement account of ours.
type Account struct {
	Name    string `json:"name"` // in the books
	Account string `json:"account"`
	BIC     string `json:"bic"`
	Bank    string `json:"bank"`
	Corr    string `json:"corr_account"`
	Holder  string `json:"holder"`
	INN     string `json:"inn"`
}

// Requisites are where a person is paid: an account, or one of SBP and Card.
type Requisites struct {
	BIC     string `json:"bic,omitempty"`
	Bank    string `json:"bank,omitempty"`
	Corr    string `json:"corr_account,omitempty"`
	Account string `json:"account,omitempty"`
	SBP     *SBP   `json:"sbp,omitempty"`
	Card    *Card  `json:"card,omitempty"`
}

// SBP is a phone and the bank that it is known to.
type SBP struct {
	Phone string `json:"phone"`
	Bank  string `json:"bank_id"`
}

// Card is a card as its provider names it.
type Card struct {
	Token string `json:"token"`
	Mask  string `json:"mask"`
}

// The ways to pay a person; SBP and cards as the bank's sandbox names them in its books.
const (
	ByAccount = "account"
	BySBP     = "sbp"
	ByCard    = "card-transfer"
)

// Way is how the requisites are paid to.
func (r Requisites) Way() string {
	switch {
	case r.SBP != nil:
		return BySBP
	case r.Card != nil:
		return ByCard
	}
	return ByAccount
}

// Executor is a person as he registers, and what he does later.
type Executor struct {
	Ref         string      `json:"ref"`
	Kind        string      `json:"kind"`
	INN         string      `json:"inn"`
	Phone       string      `json:"phone"`
	LastName    string      `json:"last_name"`
	FirstName   string      `json:"first_name"`
	SecondName  string      `json:"second_name"`
	Nonresident bool        `json:"nonresident,omitempty"`
	Requisites  *Requisites `json:"requisites,omitempty"` // nil gave none
	Later       *Requisites `json:"later,omitempty"`      // what he gives when he is told to
	NoPapers    bool        `json:"no_papers,omitempty"`  // registers without SNILS and passport
	Meanwhile   string      `json:"meanwhile,omitempty"`  // kind of employment that he takes before he is paid
	Invited     bool        `json:"invited,omitempty"`    // comes by the company's invitation, in place of being registered
}

// Trouble is a task whose payment stops.
type Trouble struct {
	Line int `json:"line"` // of the register
	// Errors are those that it runs into, in their order, each with its cure.
	Errors []Step `json:"errors"`
	// TakenBack is what is taken back once it is paid: "payment" by the receiver's bank, "receipt"
	// by the person; "" is nothing.
	TakenBack string `json:"taken_back,omitempty"`
	End       string `json:"end"` // its state at the end
}

// NotPlayed is an error that the play cannot run into.
type NotPlayed struct {
	Why      string `json:"why"`
	Scenario string `json:"scenario"` // the file of the repository that plays it instead
}

// Step is an error and what is done about it.
type Step struct {
	Code string `json:"code"`
	Who  string `json:"who"`  // has to act: executor, company or support
	Cure Cure   `json:"cure"` // "" leaves it as it is
	Line int    `json:"line,omitempty"`
}

// Cure is what somebody does about an error.
type Cure string

// The cures. After those of an executor, and other limits, the payment goes on by itself.
const (
	GivesRequisites Cure = "gives_requisites" // the executor, his Later ones
	GivesPapers     Cure = "gives_papers"     // the executor: SNILS and passport
	TakesKindBack   Cure = "takes_kind_back"  // the executor: his kind of employment is what it was
	Permits         Cure = "permits"          // the executor says yes to the tax service
	Retries         Cure = "retries"          // the company, or support
	RaisesLimits    Cure = "raises_limits"    // the company agrees to its Raised limits
	MakesRoom       Cure = "makes_room"       // the company calls the task Line off, and retries
	CallsOff        Cure = "calls_off"        // the company
	BankPays        Cure = "bank_pays"        // the bank executes what it has refused
)

// What a Trouble's TakenBack says.
const (
	Payment = "payment"
	Receipt = "receipt"
)

// Taxes are those of a month that is over, brought forward from the books kept before, and what
// becomes of them. What stands in braces is a ref that the player puts the id of.
type Taxes struct {
	Month   string    `json:"month"`
	Opening []Opening `json:"opening"`
	Letting []string  `json:"letting"` // refs of those who let us pay their NPD
	Orders  []Order   `json:"orders"`
}

// Opening is a balance that is brought forward: the bank account has it.
type Opening struct {
	Account string `json:"account"` // "tax-ndfl:{executor-081}"
	Day     string `json:"day"`
	Amount  string `json:"amount"`
}

// Order is a payment order of taxes and how it ends.
type Order struct {
	ID        string `json:"id"`                 // "ndfl-2026-10-1", "npd-2026-10.{executor-134}"
	Period    string `json:"period,omitempty"`   // of NDFL or contributions
	Executor  string `json:"executor,omitempty"` // of NPD: whose
	GivenBack bool   `json:"given_back,omitempty"`
	Amount    string `json:"amount"`
	State     string `json:"state"`
}

// Expected is what must come out beside the lines of the two tables.
type Expected struct {
	RegisterAccepted int            `json:"register_accepted"`
	RegisterRefused  int            `json:"register_refused"`
	States           map[string]int `json:"states"`        // tasks by state
	Errors           map[string]int `json:"errors"`        // tasks in error by code
	Drafts           map[string]int `json:"drafts"`        // contracts that could not be accepted, by code
	BankPayments     int            `json:"bank_payments"` // that the bank executed, those that came back too
	Ways             map[string]int `json:"ways"`          // the same by the way that they took
}

// UnknownAccount is the code by which the bank's sandbox says that it does not know the payee's
// account; the server that a play runs on is told so.
const UnknownAccount = "PAYEE_ACCOUNT_UNKNOWN"

// UnservedWay is the code by which it says that it does not pay to this card; the server is told so too.
const UnservedWay = "CARD_NOT_SERVED"

// The files of a play.
const (
	Description = "play.json"
	Statement   = "statement.txt"
	Register    = "register.csv"
	BankScript  = "bank.json"
	People      = "people.json"

	TrialBalance = "expected_trial_balance.csv"
	Persons      = "expected_people.csv"
)

// Load reads the description in a play's directory. Unknown fields are refused.
func Load(dir string) (Play, error) {
	var p Play
	f, err := os.Open(filepath.Join(dir, Description))
	if err != nil {
		return p, err
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, fmt.Errorf("%s: %w", filepath.Join(dir, Description), err)
	}
	return p, nil
}
