package export

import (
	"cmp"
	"slices"
	"time"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// What is exported.
type What string

// What can be exported. Columns, units and signs of each are in proto/provodka/ledger/v1/export.proto.
const (
	Entries       What = "entries"
	Statement     What = "statement"
	Card          What = "card"
	GeneralLedger What = "general-ledger"
	TrialBalance  What = "trial-balance"
	Turnovers     What = "osv"
)

// Whats lists what can be exported.
func Whats() []What {
	return []What{Entries, Statement, Card, GeneralLedger, TrialBalance, Turnovers}
}

// Journal says whether it can be written as a journal: whether it has entries.
func (w What) Journal() bool { return w == Entries || w == Statement || w == Card }

// Formats of an export. Ledger reads what hledger reads.
const (
	FormatHledger = "hledger"
	FormatLedger  = "ledger"
	FormatCSV     = "csv"
)

// Options say what is exported.
type Options struct {
	What     What           // "" is entries
	Book     string         // of entries "" stands for the only book there is
	Format   string         // one of the formats
	Account  string         // whose statement or card; of entries, only those that touch it, "" is all
	Asset    string         // of a statement and a card; "" is RUB
	From, To string         // business days, both included; "" is no bound
	KnownUS  int64          // what was recorded up to this clock; 0 is no bound
	By       ledger.SheetBy // of turnovers, what a line stands for; "" is a type of account
	Type     string         // of a general ledger, only this type of account
	Code1C   string         // of a general ledger, only types with this number

	// Title says in words what a record's entry is about, for the title of a statement's line; nil
	// leaves it empty.
	Title func(*journalv1.Record) string

	Progress func(percent int) // of the work that is done, growing; nil when nobody asks

	// Sees is told before the first byte up to which records the export goes; nil when
	// nobody asks.
	Sees func(seen []store.Seen)
}

// takes are the fields of a question that each export takes, beside book, format and the last day.
var takes = map[What][]string{
	Entries:       {"account", "from", "known_at"},
	Statement:     {"account", "asset", "from", "known_at"},
	Card:          {"account", "asset", "from", "known_at"},
	GeneralLedger: {"from", "type", "code_1c"},
	TrialBalance:  {"known_at"},
	Turnovers:     {"from", "known_at", "by"},
}

// whole is the question with what its empty fields stand for.
func (o Options) whole() Options {
	o.What = cmp.Or(o.What, Entries)
	if o.What == Statement || o.What == Card {
		o.Asset = cmp.Or(o.Asset, money.RUB.Code)
	}
	if o.What == Turnovers {
		o.By = cmp.Or(o.By, ledger.SheetByType)
	}
	return o
}

// Check refuses a question that is not clear, and a form that cannot say what is asked. Fields are
// those of ExportRequest.
func (o Options) Check() *fault.Refusal {
	o = o.whole()
	taken, ok := takes[o.What]
	if !ok {
		return fault.Refuse(fault.Malformed, "what", "%.20q is none of %v", o.What, Whats())
	}
	switch {
	case o.Format != FormatHledger && o.Format != FormatLedger && o.Format != FormatCSV:
		return fault.Refuse(fault.Malformed, "format", "%.20q: the format is hledger, ledger or csv", o.Format)
	case o.Format != FormatCSV && !o.What.Journal():
		return fault.Refuse(fault.Malformed, "format", "%s has sums and no entries, so no journal of %s can say it: ask for csv", o.What, o.Format)
	}
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"account", o.Account != ""}, {"asset", o.Asset != ""}, {"from", o.From != ""}, {"known_at", o.KnownUS != 0},
		{"by", o.By != ""}, {"type", o.Type != ""}, {"code_1c", o.Code1C != ""},
	} {
		if f.given && !slices.Contains(taken, f.name) {
			return fault.Refuse(fault.Malformed, f.name, "%s takes none", o.What)
		}
	}
	if refusal := o.checkDays(); refusal != nil {
		return refusal
	}
	return o.checkNames()
}

func (o Options) checkDays() *fault.Refusal {
	days := [2]time.Time{}
	for i, d := range [2][2]string{{"from", o.From}, {"to", o.To}} {
		day, err := time.Parse(time.DateOnly, d[1])
		if d[1] != "" && (err != nil || d[1] < "0001-01-02") {
			return fault.Refuse(fault.Malformed, d[0], "%.20q is no day like 2026-03-31", d[1])
		}
		days[i] = day
	}
	if o.From != "" && o.To != "" && o.To < o.From {
		return fault.Refuse(fault.Malformed, "to", "%s is before %s", o.To, o.From)
	}
	if o.What != GeneralLedger {
		return nil
	}
	if o.From != "" && days[0].Day() != 1 {
		return fault.Refuse(fault.Malformed, "from", "a general ledger begins with a month, %s is not its first day", o.From)
	}
	if o.To != "" && days[1].AddDate(0, 0, 1).Day() != 1 {
		return fault.Refuse(fault.Malformed, "to", "a general ledger ends with a month, %s is not its last day", o.To)
	}
	return nil
}

func (o Options) checkNames() *fault.Refusal {
	of := o.What == Statement || o.What == Card
	if of && o.Account == "" {
		return fault.Refuse(fault.Malformed, "account", "a %s is of one account: of which?", o.What)
	}
	if o.Account != "" {
		name, refusal := book.ParseName("account", o.Account)
		if refusal != nil {
			return refusal
		}
		if of && name.IsTransit() {
			return fault.Refuse(fault.AccountInvalid, "account", "%s is money between the shards of an account: ask for the account", o.Account)
		}
	}
	if _, ok := money.LookupAsset(o.Asset); of && !ok {
		return fault.Refuse(fault.AssetUnknown, "asset", "there is no asset %q", o.Asset)
	}
	if o.What == Turnovers && !slices.Contains(ledger.SheetBys(), o.By) {
		return fault.Refuse(fault.Malformed, "by", "%.20q is none of %v", o.By, ledger.SheetBys())
	}
	if _, ok := book.LookupType(o.Type); o.Type != "" && !ok {
		return fault.Refuse(fault.AccountInvalid, "type", "the chart has no type %q", o.Type)
	}
	return nil
}

// Report says what an export holds.
type Report struct {
	Book     string
	Entries  int // of entries and of a statement
	Legs     int // of entries; of a statement its own
	Accounts int // of entries
	Lines    int // of CSV without its head, but for entries
}
