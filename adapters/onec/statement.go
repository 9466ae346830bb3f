package onec

import (
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/money"
)

// Encoding is the text encoding of a file, in the words of the key Кодировка.
type Encoding string

// The encodings that are read and written.
const (
	Windows Encoding = "Windows" // windows-1251
	DOS     Encoding = "DOS"     // code page 866
	UTF8    Encoding = "UTF-8"   // with or without a byte order mark
)

// Field is one line Key=Value that the format does not name.
type Field struct {
	Key, Value string
}

// Statement is one file. Text values are as they stand in the file, without the
// spaces around them.
type Statement struct {
	Encoding      Encoding // of the bytes
	Version       string   // ВерсияФормата: "1.02" or "1.03"
	Declared      string   // Кодировка, "" when the file says nothing
	Sender        string   // Отправитель
	Receiver      string   // Получатель
	CreatedOn     time.Time
	CreatedAt     string    // ВремяСоздания, hh:mm:ss
	From, To      time.Time // ДатаНачала, ДатаКонца: midnight UTC, zero when absent
	Accounts      []string  // РасчСчет of the header
	DocumentKinds []string  // Документ of the header: the file is limited to these kinds
	Extra         []Field   // unknown keys of the header, in order
	Sections      []Section
	Documents     []Document

	// Movements are the documents as our accounts see them, in the file's order.
	// Read computes them; Encode does not look at them.
	Movements []Movement
	// Notes say what could not be checked, in English: "account ... has no totals".
	Notes []string
}

// Section is СекцияРасчСчет: one account over some days. Rubles, scale 2; a sum
// that the bank left out is nil.
type Section struct {
	Line                      int // number of the line СекцияРасчСчет, from 1
	From, To                  time.Time
	Account                   string
	Opening, In, Out, Closing *money.Amount
	Extra                     []Field
}

// Party is the payer's or the payee's side of a document.
type Party struct {
	Account           string    // ПлательщикСчет
	Date              time.Time // ДатаСписано, ДатаПоступило: the day the account moved; zero when absent
	Name              string    // Плательщик: as it stands, often "ИНН ... name"
	INN, KPP          string
	Names             [4]string // Плательщик1..4
	SettlementAccount string    // ПлательщикРасчСчет
	Bank              [2]string // ПлательщикБанк1, ПлательщикБанк2
	BIC               string
	CorrAccount       string // ПлательщикКорсчет
}

// Tax holds the fields 101 and 104 to 110 of a payment to the budget.
type Tax struct {
	Status, KBK, OKTMO, Basis, Period, Number, Date, Type string
}

// Settlement holds the keys of letters of credit and payment demands.
type Settlement struct {
	AcceptanceTerm, LetterKind, OnPresentation, Terms, SupplierAccount, DocumentsSent string
	Conditions                                                                        [3]string // УсловиеОплаты1..3
}

// Document is СекцияДокумент.
type Document struct {
	Line   int    // number of the line СекцияДокумент, from 1
	Kind   string // "Платежное поручение", "Банковский ордер", ...
	Number string // not unique by itself
	Date   time.Time
	Amount money.Amount // rubles, scale 2, not negative

	ReceiptDate              time.Time // КвитанцияДата
	ReceiptTime, ReceiptText string

	Payer, Payee Party

	PaymentKind   string    // ВидПлатежа
	OperationKind string    // ВидОплаты: 01 payment order, 17 bank order
	PurposeCode   string    // КодНазПлатежа
	Code          string    // Код: УИН
	PurposeText   string    // НазначениеПлатежа
	PurposeLines  [6]string // НазначениеПлатежа1..6
	Priority      string    // Очередность
	Term          string    // СрокПлатежа

	Tax        Tax
	Settlement Settlement
	Extra      []Field // unknown keys, in order
}

// Purpose is НазначениеПлатежа, or its six parts joined by a space when the bank
// wrote only these.
func (d *Document) Purpose() string {
	if strings.TrimSpace(d.PurposeText) != "" {
		return d.PurposeText
	}
	var parts []string
	for _, line := range d.PurposeLines {
		if line = strings.TrimSpace(line); line != "" {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, " ")
}

// TaxPayment says whether the document pays to the budget: field 101 is filled in.
func (d *Document) TaxPayment() bool { return strings.TrimSpace(d.Tax.Status) != "" }

// Direction says which way money moved, as our account sees it.
type Direction string

// The directions. The bank calls Out a debit of our account and In a credit; in
// our books the bank account is an asset and the words are the other way round.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// Movement is one document as one of our accounts sees it.
type Movement struct {
	// Key names the movement for ever: the same movement in another file of the
	// same account has the same key. It is a hash of account, direction, date,
	// number, sum, counterparty's account and purpose; identical documents of one
	// file get -2, -3 and so on.
	Key          string
	Account      string // ours, 20 digits
	Direction    Direction
	Amount       money.Amount // rubles, scale 2, not negative
	ValueDate    time.Time    // the day our account moved; the document's date when the file does not say
	Counterparty Party
	Own          bool // the counterparty's account is ours too
	Document     int  // index into Documents
	Copy         int  // index of the second copy of an own transfer, -1 when there is none
}
