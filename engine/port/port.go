package port

import (
	"context"
	"time"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// Result says what is known of an attempt.
type Result string

// The results. Only Done and Refused are final.
const (
	// Done: the provider did what was asked; final.
	Done Result = "done"
	// Refused: the provider will not do it under this attempt id; final.
	Refused Result = "refused"
	// Unknown: a timeout, a 5xx, "in progress", a status we do not know. Ask again, never guess.
	Unknown Result = "unknown"
	// NotFound: the provider has never heard of the attempt. Only Find answers it.
	NotFound Result = "not_found"
)

// Answer is what an adapter learned about one attempt.
type Answer struct {
	Result Result
	Status string     // the provider's own status or error code, kept raw
	Event  string     // the provider's event id or time, "" when it has none; with Status it keys the answer
	Code   fault.Code // the refusal's code when Refused
	Reason string     // the provider's words, shown to people: "Недостаточно средств на счёте"
	// What the provider made, when Done: a receipt's id and link, and the tax it
	// computed: rubles, scale 2, "4.00"; "" when it did not say.
	ReceiptID   string
	ReceiptLink string
	Tax         string
	Bonus       string // of a check: what is left of the person's deduction, the same way
	Body        string // another aggregate's answer: the bytes of the flow's own message; a string, so that answers compare
}

// Ask is one open effect as the engine hands it to a port.
type Ask struct {
	Attempt string // our id and the provider's dedup key: 32 hex digits, the same for every send of the attempt
	Verb    string // what is asked, a word of the port: "pay", "check", "register"
	Body    []byte // the flow's own message (provodka.flow.v1), opaque to the engine
	Clock   time.Time
}

// Port is the one shape the engine knows. Implementations are safe for
// concurrent use, respect ctx, and answer Unknown when they cannot tell.
type Port interface {
	// Send asks the provider to act, under the attempt id. Sending twice acts once.
	Send(ctx context.Context, ask Ask) Answer
	// Find asks what became of the attempt. It never acts.
	Find(ctx context.Context, ask Ask) Answer
	// Memory is how long the provider remembers attempt ids. After that a person
	// decides; 0 means it remembers none.
	Memory() time.Duration
}

// Requisites is where money goes, by one way: a ruble account at a bank, or to a person by SBP or
// to his card.
type Requisites struct {
	Name          string // payee's full name
	INN           string // 10 or 12 digits, "" when unknown
	KPP           string // 9 characters, "" when the payee has none
	BIC           string // 9 digits
	BankName      string
	CorrAccount   string // 20 digits
	AccountNumber string // 20 digits
	SBP           SBP    // instead of the account
	Card          Card   // instead of the account
	Person        Person // who is paid by SBP or to a card
}

// SBP is where the system of fast payments brings a person's money.
type SBP struct {
	Phone  string // +7XXXXXXXXXX
	BankID string // 12 digits
}

// Card is a card as a provider calls it: nobody here ever has its number.
type Card struct{ Token string }

// Person is a payee's name in parts.
type Person struct{ LastName, FirstName, SecondName string }

// Way is how a payment goes.
type Way string

// The ways.
const (
	ByAccount Way = "account"
	BySBP     Way = "sbp"
	ByCard    Way = "card"
)

// Way is how the money goes: by the account when nothing else is said.
func (r Requisites) Way() Way {
	switch {
	case r.SBP != SBP{}:
		return BySBP
	case r.Card != Card{}:
		return ByCard
	}
	return ByAccount
}

// Target is what the way knows the payee by: an account, a phone or a token.
func (r Requisites) Target() string {
	switch r.Way() {
	case BySBP:
		return r.SBP.Phone
	case ByCard:
		return r.Card.Token
	case ByAccount:
	}
	return r.AccountNumber
}

// Payment is one ruble transfer from our account.
type Payment struct {
	Attempt     string
	FromAccount string // our settlement account, 20 digits
	To          Requisites
	Amount      money.Amount // rubles, scale 2, positive
	Purpose     string       // at most MaxPurpose characters, no line breaks
	UIN         string       // field 22: the charge that is paid, 20 or 25 characters; "" = none
	Budget      *Budget      // fields 101 and 104 to 109 of a payment to the budget; nil = none is meant
}

// Budget is what a payment order says of a tax. What a field does not have is "0", as
// payment orders write it.
type Budget struct {
	PayerStatus string // field 101: "01" a company, "13" a person
	KBK         string // field 104: 20 digits
	OKTMO       string // field 105: 8 or 11 digits, or "0"
	Basis       string // field 106: "0", or two letters
	Period      string // field 107: "0", or "МС.11.2026"
	Number      string // field 108: "0", or the document's number
	Date        string // field 109: "0", or DD.MM.YYYY
}

// Payout moves rubles out of our account.
type Payout interface {
	// Pay sends the payment. Done only when the bank says it was executed. What
	// Payment.Check refuses is not sent: the answer is Unsent.
	Pay(ctx context.Context, p Payment) Answer
	// Payment asks for the state of an attempt.
	Payment(ctx context.Context, attempt string) Answer
	// Memory is how long the bank remembers attempt ids.
	Memory() time.Duration
}

// IncomeReceipt is one income of a self-employed person to be registered.
type IncomeReceipt struct {
	Attempt      string
	INN          string // the person's, 12 digits
	CustomerINN  string // the company's, 10 or 12 digits
	CustomerName string
	Service      string       // what was done, as the receipt will name it
	Amount       money.Amount // rubles, scale 2: the contract's gross sum
	PaidAt       time.Time    // when the person was paid
	RequestedAt  time.Time
}

// Income is the tax service's register of professional income.
type Income interface {
	// Check asks whether we may register this person's income: status and
	// permission. Done = yes; Refused with income_denied = no; else Unknown. Done
	// carries what is left of the person's bonus, when the person lets us see it.
	Check(ctx context.Context, inn string) Answer
	// Register registers the income and waits, within ctx, for the receipt.
	// A DUPLICATE of the same attempt is Done with the first receipt, so asking
	// what became of an attempt is registering it again. What IncomeReceipt.Check
	// refuses is not sent: the answer is Unsent.
	Register(ctx context.Context, r IncomeReceipt) Answer
	// Annul annuls a receipt because the money came back. A receipt that is annulled
	// already is Done, so asking what became of it is annulling it again.
	Annul(ctx context.Context, inn, receiptID string) Answer
	// Memory is how long the service remembers attempt ids.
	Memory() time.Duration
}

// Entity is what the state register says of a company.
type Entity struct{ INN, OGRN, Name, Address string }

// Entities is the state register of companies.
type Entities interface {
	// Entity asks about the company of an INN. Done = it acts, with what the register says;
	// Refused with not_found or company_terminated = no; else Unknown, with nothing.
	Entity(ctx context.Context, inn string) (Entity, Answer)
}

// Unclear is the answer to everything that is not an answer: a timeout, a 5xx,
// an unreadable body. The status keeps what was seen.
func Unclear(status string) Answer { return Answer{Result: Unknown, Status: status} }
