package ledger

import (
	"fmt"
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// View is what a decision may read of its shard.
type View interface {
	book.View
	Hold(seq uint64) (book.Hold, bool)
	// Scheduled is the entry of a later day that the record scheduled, nil when there is none.
	Scheduled(seq uint64) *journalv1.Scheduled
	// Approval is what the record asked a second person to approve, nil when it did not.
	Approval(seq uint64) *journalv1.Approval
	// Entry gives the entry of a record, with what was given back of it.
	Entry(seq uint64) (book.Original, bool)
	// AccountOpen says whether an account opened by name is open on this shard.
	AccountOpen(account string) bool
	// SumDigits is how many digits a sum of the account may have: money.MaxDigits of a stripe,
	// money.SumDigits of an account that a dry run sees over all shards.
	SumDigits(account, asset string) int
	// Rule is the rule of a kind about a subject as it holds on this shard, nil when
	// there is none.
	Rule(kind, subject string) *journalv1.Rule
}

// Now is the moment of a decision: an input.
type Now struct {
	Seq  uint64 // number the record will have
	US   int64  // the decision's clock, microseconds since 1970 UTC
	Day  string // its day in the book's time zone, YYYY-MM-DD
	Zone *time.Location
	// Actor is who asks: id of an API key. Empty when nobody does.
	Actor string

	// Into is memory for the Applied of an entry's draft, nil for its own. Whoever gives
	// it has done with the draft before it is given again.
	Into []book.Applied
}

// Draft is a decided operation before it is numbered and folded.
type Draft struct {
	Applied []book.Applied // stripes after, in the order of the record's legs
	Holds   []book.Hold
	// Reversed is the entry that is given back, after it; nil when none is.
	Reversed *book.Original
	Record   *journalv1.Record
}

// Decide decides one operation of the books. Exactly one of the three answers is
// set: a draft, a refusal, or the account whose stripe is short of money here.
//
// What is wrong by itself is refused first, then a version that is another; conditions on
// what is available come before the operation's own floors.
func Decide(v View, op *commandv1.Operation, now Now) (*Draft, *fault.Refusal, *book.Short) {
	if len(op.GetConditions()) == 0 {
		return decide(v, op, now)
	}
	lacks, refusal := checkConditions(v, op.GetConditions())
	if refusal != nil {
		return nil, refusal, nil
	}
	draft, refusal, short := decide(v, op, now)
	switch {
	case refusal != nil:
		return nil, refusal, nil
	case lacks != nil:
		return nil, nil, lacks
	case short != nil:
		return nil, nil, short
	}
	draft.Record.Conditions = op.GetConditions()
	return draft, nil, nil
}

func decide(v View, op *commandv1.Operation, now Now) (*Draft, *fault.Refusal, *book.Short) {
	now.Day = OpenDay(v, now.Day)
	switch what := op.GetWhat().(type) {
	case *commandv1.Operation_Open:
		return open(v, what.Open)
	case *commandv1.Operation_Post:
		return post(v, what.Post, now)
	case *commandv1.Operation_Place:
		return place(v, what.Place, now)
	case *commandv1.Operation_Settle:
		return settle(v, what.Settle, now)
	case *commandv1.Operation_Resize:
		return resize(v, what.Resize)
	case *commandv1.Operation_SettleLate:
		return settleLate(v, what.SettleLate, now)
	case *commandv1.Operation_Void:
		return release(v, what.Void.GetPlacedSeq(), book.Voided)
	case *commandv1.Operation_Change:
		return change(v, what.Change, false, now)
	case *commandv1.Operation_Reverse:
		return reverse(v, what.Reverse, now)
	case *commandv1.Operation_Correct:
		return correct(v, what.Correct, now)
	case *commandv1.Operation_Exchange:
		return exchange(v, what.Exchange, now)
	case *commandv1.Operation_Cancel:
		return cancel(v, what.Cancel.GetScheduledSeq())
	case *commandv1.Operation_Ask:
		return ask(v, what.Ask, now)
	case *commandv1.Operation_Verdict:
		return verdict(v, what.Verdict, now)
	case *commandv1.Operation_Period:
		return changePeriod(v, what.Period, false, now)
	case *commandv1.Operation_Policy:
		return changePolicy(v, what.Policy, false, now)
	default:
		return nil, fault.Refuse(fault.Malformed, "what", "the operation says nothing to do"), nil
	}
}

// Entry books legs that a product flow made; kind names its recipes. What it books has
// happened: of a closed day it is booked on the first open one, and a link keeps its day.
func Entry(v View, kind, day string, legs []book.Change, links map[string]string) (*Draft, *fault.Refusal, *book.Short) {
	if refusal := book.CheckEntry(kind, legs); refusal != nil {
		return nil, refusal, nil
	}
	applied, refusal, short := apply(v, legs, nil)
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	if first := OpenDay(v, day); first != day {
		day, links = first, linked(links, LinkDated, day)
	}
	return draft(applied, &journalv1.Entry{Kind: kind, Day: day, Links: links}), nil, nil
}

// apply books changes that the standings of their accounts allow.
func apply(v View, changes []book.Change, into []book.Applied) ([]book.Applied, *fault.Refusal, *book.Short) {
	if refusal := book.CheckStandings(v, changes); refusal != nil {
		return nil, refusal, nil
	}
	applied, short := book.Apply(v, changes, into)
	return applied, fits(v, applied), short
}

// fits refuses sums that would grow longer than an amount. One that is so long already for
// another reason, because money travelled there from other shards, is nothing that the
// operation does, and stands in nobody's way.
func fits(v View, applied []book.Applied) *fault.Refusal {
	for i := range applied {
		a := &applied[i]
		if grown(a).TooLong() && v.SumDigits(a.Account, a.Asset.Code) == money.MaxDigits {
			return fault.Refuse(fault.SumTooLarge, "account", "the sums of %s in %s would have more than %d digits",
				a.Account, a.Asset.Code, money.MaxDigits).With("account", a.Account).With("asset", a.Asset.Code)
		}
	}
	return nil
}

// grown is the sum that a change adds to.
func grown(a *book.Applied) money.Amount {
	switch a.Kind {
	case book.Debit:
		return a.After.Debit
	case book.Credit:
		return a.After.Credit
	case book.HoldDebit:
		return a.After.HeldDebit
	default:
		return a.After.HeldCredit
	}
}

// Refused turns a shortage into the refusal of the account's home.
func Refused(s *book.Short) *fault.Refusal {
	if s.Condition {
		return fault.Refuse(fault.ConditionFailed, "conditions", "%s has %s %s available, the condition asks for %s",
			s.Account, s.Asset.Format(s.Available), s.Asset.Code, s.Asset.Format(s.Need)).
			With("account", s.Account).With("available", s.Asset.Format(s.Available)).
			With("asked", s.Asset.Format(s.Need)).With("asset", s.Asset.Code)
	}
	return fault.Refuse(fault.InsufficientFunds, "account", "%s has %s %s available, %s needed",
		s.Account, s.Asset.Format(s.Available), s.Asset.Code, s.Asset.Format(s.Need)).
		With("account", s.Account).With("available", s.Asset.Format(s.Available)).
		With("needed", s.Asset.Format(s.Need)).With("asset", s.Asset.Code)
}

func open(v View, o *commandv1.Open) (*Draft, *fault.Refusal, *book.Short) {
	if _, refusal := book.ParseName("account", o.GetAccount()); refusal != nil {
		return nil, refusal, nil
	}
	if book.IsTransit(o.GetAccount()) {
		return nil, fault.Refuse(fault.AccountInvalid, "account", "%s is a part of another account", o.GetAccount()), nil
	}
	if v.AccountOpen(o.GetAccount()) {
		return nil, fault.Refuse(fault.AlreadyExists, "account", "%s is open", o.GetAccount()).With("account", o.GetAccount()), nil
	}
	return &Draft{Record: &journalv1.Record{Accounts: []*journalv1.Account{{Name: o.GetAccount()}}}}, nil, nil
}

func post(v View, p *commandv1.Post, now Now) (*Draft, *fault.Refusal, *book.Short) {
	var space [4]book.Change
	changes, entry, refusal := newEntry(v, space[:0], p, now)
	if refusal != nil {
		return nil, refusal, nil
	}
	if entry.GetDay() > now.Day {
		return schedule(v, entry, changes, now)
	}
	applied, refusal, short := apply(v, changes, now.Into)
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	return draft(applied, entry), nil, nil
}

// newEntry reads an entry that is asked for and refuses what is wrong whatever the
// accounts have.
func newEntry(v View, into []book.Change, p *commandv1.Post, now Now) ([]book.Change, *journalv1.Entry, *fault.Refusal) {
	changes, refusal := changes(into, "legs", p.GetLegs())
	if refusal != nil {
		return nil, nil, refusal
	}
	if refusal := book.CheckEntry(p.GetKind(), changes); refusal != nil {
		return nil, nil, refusal
	}
	if refusal := book.CheckPositions(changes); refusal != nil {
		return nil, nil, refusal
	}
	entry := &journalv1.Entry{Kind: p.GetKind(), Day: orDay(p.GetDay(), now), Metadata: p.GetMetadata(), Links: p.GetLinks()}
	if refusal := checkEntryWords(entry, p.GetDay()); refusal != nil {
		return nil, nil, refusal
	}
	return changes, entry, checkDay(v, entry.GetDay())
}

// Limits of an entry's words.
const (
	MaxMetadata           = 64
	MaxMetadataKeyBytes   = 64
	MaxMetadataValueBytes = 1024
)

// checkMetadata refuses more words than an entry may have, or longer ones.
func checkMetadata(words map[string]string) *fault.Refusal {
	if len(words) > MaxMetadata {
		return fault.Refuse(fault.Malformed, "metadata", "%d keys, at most %d", len(words), MaxMetadata)
	}
	for k, v := range words {
		if k == "" || len(k) > MaxMetadataKeyBytes || len(v) > MaxMetadataValueBytes {
			return fault.Refuse(fault.Malformed, "metadata", "a key has 1 to %d bytes, a value at most %d", MaxMetadataKeyBytes, MaxMetadataValueBytes)
		}
	}
	return nil
}

// checkEntryWords refuses words of a caller that only a decision may write, and too
// many of them.
func checkEntryWords(e *journalv1.Entry, day string) *fault.Refusal {
	if refusal := checkMetadata(e.GetMetadata()); refusal != nil {
		return refusal
	}
	for _, name := range [...]string{LinkReverses, LinkSettles, LinkDated} {
		if _, own := e.GetLinks()[name]; own {
			return fault.Refuse(fault.Malformed, "links", "the link %q is written by the operation that does it", name)
		}
	}
	return checkWords(e.GetKind(), day)
}

// draft turns applied changes into the legs of a record.
func draft(applied []book.Applied, entry *journalv1.Entry) *Draft {
	d, legs, block := newDraft(len(applied))
	var space [5 * 4]int
	p := printer{ends: space[:0]}
	p.begin(applied)
	for i := range applied {
		a, l := &applied[i], &block[i]
		l.Account, l.Asset = a.Account, a.Asset.Code
		l.Kind = journalv1.LegKind(a.Kind)
		l.Amount = p.next()
		l.Version = a.After.Version
		l.Debit, l.Credit = p.next(), p.next()
		l.HeldDebit, l.HeldCredit = p.next(), p.next()
		legs[i] = l
	}
	d.Applied, d.Record.Entry, d.Record.Legs = applied, entry, legs
	return d
}

// newDraft makes a draft with a record and room for its legs: of two legs, as nearly
// all have, in one piece of memory.
func newDraft(n int) (*Draft, []*journalv1.Leg, []journalv1.Leg) {
	if n != 2 {
		return &Draft{Record: &journalv1.Record{}}, make([]*journalv1.Leg, n), make([]journalv1.Leg, n)
	}
	all := new(struct {
		draft  Draft
		record journalv1.Record
		legs   [2]journalv1.Leg
		places [2]*journalv1.Leg
	})
	all.draft.Record = &all.record
	return &all.draft, all.places[:], all.legs[:]
}

// printer prints the numbers of legs into one text and hands out its parts.
type printer struct {
	text string
	ends []int
	at   int
}

// begin prints amount, debit, credit and both held sums of every leg; a held sum of
// zero is the empty text.
func (p *printer) begin(applied []book.Applied) {
	var space [512]byte
	text := space[:0]
	for i := range applied {
		a := &applied[i]
		for n, sum := range [5]money.Amount{a.Amount, a.After.Debit, a.After.Credit, a.After.HeldDebit, a.After.HeldCredit} {
			if n < 3 || !sum.IsZero() {
				text = a.Asset.AppendFormat(text, sum)
			}
			p.ends = append(p.ends, len(text))
		}
	}
	p.text = string(text)
}

func (p *printer) next() string {
	end := p.ends[0]
	part := p.text[p.at:end]
	p.ends, p.at = p.ends[1:], end
	return part
}

// changes reads the legs of an operation, into the memory that is given if it is enough.
func changes(into []book.Change, field string, legs []*commandv1.Leg) ([]book.Change, *fault.Refusal) {
	if len(legs) > book.MaxLegs {
		return nil, fault.Refuse(fault.Malformed, field, "%d legs, at most %d", len(legs), book.MaxLegs)
	}
	out := into
	if cap(out) < len(legs) {
		out = make([]book.Change, 0, len(legs))
	}
	for i, l := range legs {
		c, refusal := legChange("", l)
		if refusal != nil {
			return nil, refusal.At(fmt.Sprintf("%s[%d]", field, i))
		}
		out = append(out, c)
	}
	return out, nil
}

func legChange(field string, l *commandv1.Leg) (book.Change, *fault.Refusal) {
	name, refusal := book.ParseName(join(field, "account"), l.GetAccount())
	if refusal != nil {
		return book.Change{}, refusal
	}
	if name.IsTransit() {
		return book.Change{}, fault.Refuse(fault.AccountInvalid, join(field, "account"),
			"%s holds money between stripes; nobody books to it", l.GetAccount())
	}
	t, _ := book.LookupType(name.Type)
	if t.FlowOnly {
		return book.Change{}, fault.Refuse(fault.AccountOfFlow, join(field, "account"), "%s: only product flows book to accounts of type %s",
			l.GetAccount(), t.Name).With("account", l.GetAccount())
	}
	if !t.Implicit && !l.GetOpen() {
		return book.Change{}, fault.Refuse(fault.AccountUnknown, join(field, "account"), "%s is not open", l.GetAccount()).
			With("account", l.GetAccount())
	}
	asset, ok := money.LookupAsset(l.GetAsset())
	if !ok {
		return book.Change{}, fault.Refuse(fault.AssetUnknown, join(field, "asset"), "there is no asset %q", l.GetAsset())
	}
	amount, refusal := positive(join(field, "amount"), asset, l.GetAmount())
	if refusal != nil {
		return book.Change{}, refusal
	}
	kind := book.Credit
	if l.GetDebit() {
		kind = book.Debit
	}
	return book.Change{Account: l.GetAccount(), Type: t, Asset: asset, Kind: kind, Amount: amount}, nil
}

func positive(field string, asset money.Asset, text string) (money.Amount, *fault.Refusal) {
	amount, err := asset.Parse(text)
	if err != nil {
		return money.Zero, fault.Refuse(fault.AmountInvalid, field, "%v", err)
	}
	if amount.Sign() <= 0 {
		return money.Zero, fault.Refuse(fault.AmountInvalid, field, "%s is not positive", text)
	}
	return amount, nil
}

func typeOf(field, account string) (book.Type, *fault.Refusal) {
	n, refusal := book.ParseName(field, account)
	if refusal != nil {
		return book.Type{}, refusal
	}
	t, _ := book.LookupType(n.Type)
	return t, nil
}

// FirstDay is the first that a caller may date an entry. What is before is a slip of the
// pen, and programs that read our exports have no dates of all years.
const FirstDay = "1900-01-01"

// checkWords refuses a kind that only a flow may write, because it joins recipes
// and with them their passages, and a day that is none.
func checkWords(kind, day string) *fault.Refusal {
	if strings.Contains(kind, book.KindSeparator) {
		return fault.Refuse(fault.Malformed, "kind", "%q: a kind may not have %q", kind, book.KindSeparator)
	}
	if day == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return fault.Refuse(fault.Malformed, "day", "%q is not a date YYYY-MM-DD", day)
	}
	if day < FirstDay {
		return fault.Refuse(fault.Malformed, "day", "%s is before %s", day, FirstDay).With("first", FirstDay)
	}
	return nil
}

func orDay(day string, now Now) string {
	if day == "" {
		return now.Day
	}
	return day
}

func join(prefix, field string) string {
	if prefix == "" {
		return field
	}
	return prefix + "." + field
}
