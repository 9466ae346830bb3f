package ledger

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// HoldFlow is the timer's flow for the expiry of a hold.
const HoldFlow = "hold"

// View is what a decision may read of its shard.
type View interface {
	book.View
	Hold(seq uint64) (book.Hold, bool)
	// AccountOpen says whether an account opened by name is open on this shard.
	AccountOpen(account string) bool
	// Rule is the rule of a kind about a subject as it holds on this shard, nil when
	// there is none.
	Rule(kind, subject string) *journalv1.Rule
}

// Now is the moment of a decision: an input.
type Now struct {
	Seq uint64 // number the record will have
	US  int64  // the decision's clock, microseconds since 1970 UTC
	Day string // its day in the book's time zone, YYYY-MM-DD
}

// Draft is a decided operation before it is numbered and folded.
type Draft struct {
	Applied []book.Applied // stripes after, in the order of the record's legs
	Holds   []book.Hold
	Record  *journalv1.Record
}

// Decide decides one operation of the books. Exactly one of the three answers is
// set: a draft, a refusal, or the account whose stripe is short of money here.
func Decide(v View, op *commandv1.Operation, now Now) (*Draft, *fault.Refusal, *book.Short) {
	switch what := op.GetWhat().(type) {
	case *commandv1.Operation_Open:
		return open(v, what.Open)
	case *commandv1.Operation_Post:
		return post(v, what.Post, now)
	case *commandv1.Operation_Place:
		return place(v, what.Place, now)
	case *commandv1.Operation_Settle:
		return settle(v, what.Settle, now)
	case *commandv1.Operation_Void:
		return release(v, what.Void.GetPlacedSeq(), book.Voided)
	case *commandv1.Operation_Change:
		return change(v, what.Change, now)
	default:
		return nil, fault.Refuse(fault.Malformed, "what", "the operation says nothing to do"), nil
	}
}

// Expire gives back what is left of a hold whose time ran out.
func Expire(v View, seq uint64) (*Draft, *fault.Refusal, *book.Short) {
	return release(v, seq, book.Expired)
}

// Entry books legs that a product flow made; kind names its recipes.
func Entry(v View, kind, day string, legs []book.Change, links map[string]string) (*Draft, *fault.Refusal, *book.Short) {
	if refusal := book.CheckEntry(kind, legs); refusal != nil {
		return nil, refusal, nil
	}
	applied, refusal, short := apply(v, legs)
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	return draft(applied, &journalv1.Entry{Kind: kind, Day: day, Links: links}), nil, nil
}

// apply books changes that the standings of their accounts allow.
func apply(v View, changes []book.Change) ([]book.Applied, *fault.Refusal, *book.Short) {
	if refusal := book.CheckStandings(v, changes); refusal != nil {
		return nil, refusal, nil
	}
	applied, short := book.Apply(v, changes, nil)
	return applied, nil, short
}

// Refused turns a shortage into the refusal of the account's home.
func Refused(s *book.Short) *fault.Refusal {
	return fault.Refuse(fault.InsufficientFunds, "account", "%s has %s %s available, %s needed",
		s.Account, s.Asset.Format(s.Available), s.Asset.Code, s.Asset.Format(s.Need)).
		With("account", s.Account).With("available", s.Asset.Format(s.Available)).
		With("needed", s.Asset.Format(s.Need)).With("asset", s.Asset.Code)
}

func open(v View, o *commandv1.Open) (*Draft, *fault.Refusal, *book.Short) {
	if _, refusal := book.ParseName("account", o.GetAccount()); refusal != nil {
		return nil, refusal, nil
	}
	if v.AccountOpen(o.GetAccount()) {
		return nil, fault.Refuse(fault.AlreadyExists, "account", "%s is open", o.GetAccount()).With("account", o.GetAccount()), nil
	}
	return &Draft{Record: &journalv1.Record{Accounts: []*journalv1.Account{{Name: o.GetAccount()}}}}, nil, nil
}

func post(v View, p *commandv1.Post, now Now) (*Draft, *fault.Refusal, *book.Short) {
	var space [4]book.Change
	changes, refusal := changes(space[:0], "legs", p.GetLegs())
	if refusal != nil {
		return nil, refusal, nil
	}
	if refusal := book.CheckEntry(p.GetKind(), changes); refusal != nil {
		return nil, refusal, nil
	}
	if refusal := checkWords(p.GetKind(), p.GetDay()); refusal != nil {
		return nil, refusal, nil
	}
	applied, refusal, short := apply(v, changes)
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	return draft(applied, &journalv1.Entry{
		Kind: p.GetKind(), Day: orDay(p.GetDay(), now), Metadata: p.GetMetadata(), Links: p.GetLinks(),
	}), nil, nil
}

func place(v View, p *commandv1.Place, now Now) (*Draft, *fault.Refusal, *book.Short) {
	leg := &commandv1.Leg{Account: p.GetAccount(), Asset: p.GetAsset(), Amount: p.GetAmount(), Open: p.GetOpen()}
	c, refusal := legChange("", leg)
	if refusal != nil {
		return nil, refusal, nil
	}
	if c.Amount.Sign() <= 0 {
		return nil, fault.Refuse(fault.AmountInvalid, "amount", "%s is not positive", c.Amount), nil
	}
	if p.GetExpiresMs() < 0 {
		return nil, fault.Refuse(fault.Malformed, "expires_ms", "%d is negative", p.GetExpiresMs()), nil
	}
	h := book.Hold{Seq: now.Seq, Account: c.Account, Asset: c.Asset, State: book.Placed, Amount: c.Amount, Left: c.Amount}
	applied, refusal, short := apply(v, []book.Change{book.Place(c.Account, c.Type, c.Asset, c.Amount)})
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	if p.GetExpiresMs() > 0 {
		h.ExpiresUS = now.US + p.GetExpiresMs()*1000
	}
	d := draft(applied, nil)
	d.hold(h)
	if h.ExpiresUS != 0 {
		d.Record.Timers = append(d.Record.Timers, expiry(h, false))
	}
	return d, nil, nil
}

func settle(v View, s *commandv1.Settle, now Now) (*Draft, *fault.Refusal, *book.Short) {
	h, t, refusal := hold(v, s.GetPlacedSeq())
	if refusal != nil {
		return nil, refusal, nil
	}
	amount := h.Left
	if s.GetAmount() != "" {
		if amount, refusal = positive("amount", h.Asset, s.GetAmount()); refusal != nil {
			return nil, refusal, nil
		}
	}
	credits, refusal := changes(nil, "credits", s.GetCredits())
	if refusal != nil {
		return nil, refusal, nil
	}
	if refusal := checkWords(s.GetKind(), s.GetDay()); refusal != nil {
		return nil, refusal, nil
	}
	all, after, refusal := book.Settle(h, t, s.GetKind(), amount, credits, s.GetFinal())
	if refusal != nil {
		return nil, refusal, nil
	}
	applied, refusal, short := apply(v, all)
	if refusal != nil || short != nil {
		return nil, refusal, short
	}
	d := draft(applied, &journalv1.Entry{
		Kind: s.GetKind(), Day: orDay(s.GetDay(), now), Metadata: s.GetMetadata(),
		Links: map[string]string{"settles": strconv.FormatUint(h.Seq, 10)},
	})
	d.hold(after)
	return d, nil, nil
}

func release(v View, seq uint64, to book.HoldState) (*Draft, *fault.Refusal, *book.Short) {
	h, t, refusal := hold(v, seq)
	if refusal != nil {
		return nil, refusal, nil
	}
	give, after, refusal := book.Release(h, t, to)
	if refusal != nil {
		return nil, refusal, nil
	}
	applied, short := book.Apply(v, []book.Change{give}, nil)
	if short != nil {
		return nil, nil, short
	}
	d := draft(applied, nil)
	d.hold(after)
	return d, nil, nil
}

func hold(v View, seq uint64) (book.Hold, book.Type, *fault.Refusal) {
	h, ok := v.Hold(seq)
	if !ok {
		return h, book.Type{}, fault.Refuse(fault.HoldUnknown, "hold", "record %d of the shard placed no hold", seq)
	}
	t, err := typeOf("hold", h.Account)
	return h, t, err
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

// hold adds a hold to the draft; a hold that is over closes its expiry timer.
func (d *Draft) hold(h book.Hold) {
	d.Holds = append(d.Holds, h)
	d.Record.Holds = append(d.Record.Holds, &journalv1.Hold{
		PlacedSeq: h.Seq, Account: h.Account, Asset: h.Asset.Code, State: journalv1.HoldState(h.State),
		Amount: h.Asset.Format(h.Amount), Left: h.Asset.Format(h.Left), ExpiresUs: h.ExpiresUS,
	})
	if h.State != book.Placed && h.ExpiresUS != 0 {
		d.Record.Timers = append(d.Record.Timers, expiry(h, true))
	}
}

func expiry(h book.Hold, closed bool) *journalv1.Timer {
	seq := strconv.FormatUint(h.Seq, 10)
	return &journalv1.Timer{Id: "hold." + seq, DueUs: h.ExpiresUS, Flow: HoldFlow, Aggregate: seq, Event: "expire", Closed: closed}
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

// Lowering gives the changes by which an operation can take accounts below their
// floors, without looking at the books. Settling and voiding give back what is
// held and lower nothing. An operation that is wrong lowers nothing either: it is
// refused for that.
func Lowering(op *commandv1.Operation) []book.Change {
	switch what := op.GetWhat().(type) {
	case *commandv1.Operation_Post:
		if all, refusal := changes(nil, "legs", what.Post.GetLegs()); refusal == nil {
			return all
		}
	case *commandv1.Operation_Place:
		p := what.Place
		leg := &commandv1.Leg{Account: p.GetAccount(), Asset: p.GetAsset(), Amount: p.GetAmount(), Open: p.GetOpen()}
		if c, refusal := legChange("", leg); refusal == nil {
			return []book.Change{book.Place(c.Account, c.Type, c.Asset, c.Amount)}
		}
	}
	return nil
}

// Transit books money out of a stripe, or into it, on its way between the stripes
// of one account. key names the message that carries it.
func Transit(v View, account string, asset money.Asset, amount money.Amount, into bool, key, day string) *Draft {
	name, refusal := book.ParseName("account", account)
	if refusal != nil {
		panic("ledger: transit of " + refusal.Error())
	}
	t, _ := book.LookupType(name.Type)
	free := t
	free.Floored = false   // what may travel was checked when it was sent
	if amount.Sign() < 0 { // of a stripe below zero: the other way round
		amount, into = amount.Neg(), !into
	}
	lower, raise := t.Class.Lowering(), book.Debit+book.Credit-t.Class.Lowering()
	out := book.Change{Account: account, Type: free, Asset: asset, Kind: lower, Amount: amount}
	in := book.Change{Account: name.Transit().String(), Type: free, Asset: asset, Kind: raise, Amount: amount}
	if into {
		out.Kind, in.Kind = raise, lower
	}
	applied, _ := book.Apply(v, []book.Change{out, in}, nil)
	return draft(applied, &journalv1.Entry{Kind: "transit", Day: day, Links: map[string]string{"message": key}})
}

// Touch makes the stripe of an account by a hold of nothing; nil when it is there.
func Touch(v View, account string, asset money.Asset) *Draft {
	if v.Stripe(account, asset.Code).Version > 0 {
		return nil
	}
	t, refusal := typeOf("account", account)
	if refusal != nil {
		panic("ledger: touch of " + refusal.Error())
	}
	applied, _ := book.Apply(v, []book.Change{book.Place(account, t, asset, money.Zero)}, nil)
	return draft(applied, nil)
}
