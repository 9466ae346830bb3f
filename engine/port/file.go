package port

import (
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// RegisterLine is one good line of a register: a task to be made. Days are YYYY-MM-DD.
type RegisterLine struct {
	Number         int // in the file, from 1
	Title          string
	Description    string
	Category       string
	ExecutorINN    string       // 12 digits, "" when only the phone is given
	ExecutorPhone  string       // +7XXXXXXXXXX, "" when only the INN is given
	Amount         money.Amount // rubles, scale 2, positive
	Net            bool         // what the executor gets; else the price before tax
	Kind           string       // selfemployed, civil_contract, entrepreneur
	PeriodFrom     string       // "" when not given
	PeriodTo       string
	ActRequired    bool
	Autocomplete   bool
	DocumentNumber string
	DocumentDate   string
	AdditionalInfo string
}

// RefusedLine is a line with everything that is wrong in it.
type RefusedLine struct {
	Number   int
	Refusals []*fault.Refusal
}

// Register is a register of tasks as it was read.
type Register interface {
	// Lines are the good lines that are not refused, in the order of the file.
	Lines() []RegisterLine
	// Refused are the refused lines, in the order of the file.
	Refused() []RefusedLine
	// Refuse moves a good line to the refused ones.
	Refuse(number int, refusals ...*fault.Refusal)
	// Errors writes the refused lines as a register to mend; nil when there are none.
	Errors() []byte
}

// RegisterReader reads registers. A refusal refuses the whole file.
type RegisterReader interface {
	ReadRegister(data []byte) (Register, *fault.Refusal)
}

// Party is the other side of a movement of money; what the bank left out is "".
type Party struct {
	Name, INN, KPP                  string
	Account, BIC, Bank, CorrAccount string
}

// Movement is one movement of money on an account of ours. Days are YYYY-MM-DD.
type Movement struct {
	Key          string // names the movement for ever, in whatever file it comes
	Account      string // ours, 20 digits
	Out          bool   // money left the account
	Amount       money.Amount
	Day          string // value date
	Counterparty Party
	Own          bool // the counterparty's account is ours too, by the file
	BankOrder    bool // an order of the bank itself
	Number       string
	DocumentDay  string
	Kind         string // "Платежное поручение"
	Purpose      string
}

// AccountTotals is what the bank says of one account over some days; nil is left out.
type AccountTotals struct {
	Account                   string // 20 digits
	From, To                  string // YYYY-MM-DD
	Opening, In, Out, Closing *money.Amount
}

// Statement is a bank statement as it was read: whole, its totals agree.
type Statement struct {
	Accounts  []AccountTotals
	Movements []Movement
	Notes     []string // what could not be checked, in English
}

// StatementReader reads statements. A refusal refuses the whole file.
type StatementReader interface {
	ReadStatement(data []byte) (*Statement, *fault.Refusal)
}
