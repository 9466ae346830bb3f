package registercsv

import (
	"time"

	"github.com/provodka/provodka/ledger/money"
)

// Basis says what the amount of a line is.
type Basis string

// The two bases. Exactly one is given.
const (
	Gross Basis = "gross" // the contract's sum before tax
	Net   Basis = "net"   // what the executor gets
)

// Kind is the executor's kind of employment, in the words of the source document.
type Kind string

// The kinds of employment.
const (
	SelfEmployed  Kind = "selfemployed"
	CivilContract Kind = "civil_contract"
	Entrepreneur  Kind = "entrepreneur"
)

// Line is one good row: a task to be created.
type Line struct {
	Number         int // of the row's first line in the file, from 1
	Raw            string
	Title          string
	Description    string
	Category       string
	ExecutorINN    string       // 12 digits, "" when only the phone is given
	ExecutorPhone  string       // +7XXXXXXXXXX, "" when only the INN is given
	Amount         money.Amount // rubles, scale 2, positive
	Basis          Basis
	Kind           Kind
	PeriodFrom     time.Time // midnight UTC; zero when not given
	PeriodTo       time.Time
	ActRequired    bool
	Autocomplete   bool
	DocumentNumber string // with DocumentDate: signed on paper
	DocumentDate   time.Time
	AdditionalInfo string
}

// Encoding is what the bytes turned out to be.
type Encoding string

// The encodings that are read.
const (
	UTF8    Encoding = "UTF-8"
	Windows Encoding = "windows-1251"
)

// Register is one file, whole.
type Register struct {
	Encoding  Encoding // "" when every byte is ASCII
	Delimiter rune     // ';' or ','
	Columns   []string // as named in the first row, without spaces, in small letters
	Lines     []Line
	Refused   []Row

	stream *Stream
}

// Limits of a file. They are ours: a day's register of a large customer has some
// thousands of lines.
const (
	MaxLines = 200_000
	maxShort = 255  // characters of title, category, document_number
	maxLong  = 4000 // characters of description, additional_info
)

// The columns of the format.
const (
	title          = "title"
	description    = "description"
	category       = "category"
	executorINN    = "executor_inn"
	executorPhone  = "executor_phone"
	amountGross    = "amount_gross"
	amountNet      = "amount_net"
	employmentKind = "employment_kind"
	periodFrom     = "period_from"
	periodTo       = "period_to"
	actRequired    = "act_required"
	autocomplete   = "autocomplete"
	documentNumber = "document_number"
	documentDate   = "document_date"
	additionalInfo = "additional_info"
)

// columns lists all of them, in the order of the template.
var columns = []string{
	title, description, category, executorINN, executorPhone, amountGross, amountNet, employmentKind,
	periodFrom, periodTo, actRequired, autocomplete, documentNumber, documentDate, additionalInfo,
}

// required are the columns that a file must have: one of each list.
var required = [][]string{
	{title}, {description}, {category}, {executorINN, executorPhone}, {amountGross, amountNet}, {employmentKind},
}

// Columns that the error register adds and the reader passes over.
const (
	columnLine   = "line"
	columnErrors = "errors"
	columnRaw    = "raw"
)

var added = []string{columnLine, columnErrors, columnRaw}
