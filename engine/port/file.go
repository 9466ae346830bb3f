package port

import (
	"context"
	"fmt"
	"io"
	"time"

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

// RegisterRow is a row of a register that is not empty: a good line, or what is wrong in
// it; then it has its number alone.
type RegisterRow struct {
	RegisterLine
	Raw      string   // as it stood in the file
	Fields   []string // of the columns of the file; nil when the row does not fit them
	Refusals []*fault.Refusal
}

// Register is a register of tasks that is read as it comes. It keeps a row at a time.
type Register interface {
	// Next reads the next row that is not empty. The error is io.EOF behind the last, a
	// *fault.Refusal when the rest of the file cannot be read.
	Next() (*RegisterRow, error)
	// ErrorHead begins the error register: a file of the refused rows, to be mended and
	// uploaded again.
	ErrorHead() []byte
	// ErrorRow is a row of the error register.
	ErrorRow(row *RegisterRow, refusals ...*fault.Refusal) []byte
}

// RegisterReader reads registers.
type RegisterReader interface {
	// Open reads what stands before the rows; a *fault.Refusal refuses the file.
	Open(from io.Reader) (Register, error)
	// Template is a register to start from, and Instruction what people have to know to
	// fill it in: CSV, and text in Russian.
	Template() []byte
	Instruction() []byte
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
	Operation    string // the bank's own name of it, which may change; "" when it gives none
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
	Pending   int      // movements that are left out: the bank may still change them
}

// StatementReader reads statements. A refusal refuses the whole file.
type StatementReader interface {
	ReadStatement(data []byte) (*Statement, *fault.Refusal)
}

// Statements tells what has moved on an account of ours, by the bank itself.
type Statements interface {
	// Statement is all that moved on whole days of Moscow, YYYY-MM-DD, both included: whole, or an
	// error and nothing of it. What the bank may still change is left out, and noted; ask again.
	Statement(ctx context.Context, account, from, to string) (*Statement, error)
}

// Days that a bank's paper may have: what is before is a slip of the pen or an empty date of a
// program, and what is behind cannot be counted with everywhere (a duration has 292 years).
const (
	FirstDay = "1900-01-01"
	LastDay  = "2292-12-31"
)

// CheckDay says what is wrong with a day of a bank's paper, YYYY-MM-DD; nil when nothing is.
func CheckDay(text string) error {
	switch _, err := time.Parse(time.DateOnly, text); {
	case err != nil:
		return fmt.Errorf("%.32q is no day YYYY-MM-DD", text)
	case text < FirstDay || text > LastDay:
		return fmt.Errorf("%s is no day of a bank: those are %s to %s", text, FirstDay, LastDay)
	}
	return nil
}
