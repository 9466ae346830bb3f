package audit

import (
	"crypto/sha256"
	"strconv"
	"strings"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

type stripeKey struct{ book, account, asset string }

// stripe is one account in one asset on one shard, as its legs made it.
type stripe struct {
	key    stripeKey
	id     book.AccountID
	kind   *book.Type
	asset  money.Asset
	floor  bool // it may not be below zero
	sums   book.Stripe
	legs   uint64 // up to the snapshot's number
	digest [sha256.Size]byte
	seq    uint64       // of the last record that touched it
	before book.Stripe  // sums before that record
	held   money.Amount // what that record's legs added to the held sum, less what its holds did
}

// legs recomputes every leg of the record on its stripe.
func (c *check) legs() error {
	r := c.r
	digest := r.GetSeq() <= c.a.until(c.s.number)
	for i, l := range r.GetLegs() {
		st, err := c.stripe(i, l)
		if err != nil {
			return err
		}
		if st.seq != r.GetSeq() {
			st.seq, st.held, st.before = r.GetSeq(), money.Zero, st.sums
			c.a.touched = append(c.a.touched, st)
		}
		if err := c.leg(i, l, st); err != nil {
			return err
		}
		if digest {
			st.legs++
			row := c.a.row(r, i, l)
			st.digest = row.chain(st.digest)
		}
	}
	return nil
}

func (c *check) stripe(i int, l *journalv1.Leg) (*stripe, error) {
	key := stripeKey{c.r.GetBook(), l.GetAccount(), l.GetAsset()}
	st := c.s.stripes.get(key)
	if st == nil {
		var err error
		if st, err = c.read(key, "leg "+strconv.Itoa(i)); err != nil {
			return nil, err
		}
		if c.a.past == nil { // a Follower forgets them one by one
			st = c.s.stripes.packed(st)
		}
		c.s.stripes.put(st)
	}
	return st, nil
}

// read makes a stripe that is not remembered.
func (c *check) read(key stripeKey, of string) (*stripe, error) {
	name, refusal := book.ParseName("account", key.account)
	if refusal != nil {
		return nil, c.differ("the account of "+of, "a name of the chart", key.account)
	}
	asset, ok := money.LookupAsset(key.asset)
	if !ok {
		return nil, c.differ("the asset of "+of, "an asset of the list", key.asset)
	}
	kind := c.a.types[name.Type]
	if kind == nil {
		t, _ := book.LookupType(name.Type)
		kind, c.a.types[name.Type] = &t, &t
	}
	// Texts of their own: those of a record share the memory of all of it.
	key.book, key.account, key.asset = c.a.word(key.book), strings.Clone(key.account), asset.Code
	st := &stripe{
		key: key, id: book.ID(key.book, key.account), kind: kind, asset: asset,
		// Money between the stripes of an account is below zero in the stripe that has not
		// heard of it yet; the sum of its stripes is zero.
		floor: kind.Floored && !name.IsTransit(),
	}
	if c.a.past != nil {
		if err := c.recall(st); err != nil {
			return nil, err
		}
	}
	return st, nil
}

// leg checks one leg and moves its stripe.
func (c *check) leg(i int, l *journalv1.Leg, st *stripe) error {
	amount, ok := exactAmount(st.asset, l.GetAmount())
	if !ok {
		return c.legDiffers("amount", i, st, "a decimal with "+strconv.Itoa(int(st.asset.Scale))+" places", l.GetAmount())
	}
	if l.GetVersion() != st.sums.Version+1 {
		return c.legDiffers("version", i, st, uintText(st.sums.Version+1), uintText(l.GetVersion()))
	}
	st.sums.Version++
	kind := book.Kind(l.GetKind())
	var sum *money.Amount
	switch kind {
	case book.Debit:
		sum = &st.sums.Debit
	case book.Credit:
		sum = &st.sums.Credit
	case book.HoldDebit:
		sum = &st.sums.HeldDebit
	case book.HoldCredit:
		sum = &st.sums.HeldCredit
	default:
		return c.legDiffers("kind", i, st, "a debit, a credit or a hold", l.GetKind().String())
	}
	if err := c.allowed(i, l, st, amount); err != nil {
		return err
	}
	*sum = sum.Add(amount)
	switch kind {
	case book.Debit, book.Credit:
		if amount.Sign() <= 0 {
			return c.legDiffers("amount", i, st, "more than zero", l.GetAmount())
		}
		c.a.changes = append(c.a.changes, book.Change{
			Account: st.key.account, Type: *st.kind, Asset: st.asset, Kind: kind, Amount: amount,
		})
	case book.HoldDebit, book.HoldCredit:
		touch := st.sums.Version == 1 // a hold of nothing makes a stripe
		if kind != st.kind.Class.LoweringHold() || amount.IsZero() && !touch {
			return c.legDiffers("hold", i, st, "an amount held against the side that lowers the account", l.GetKind().String()+" "+l.GetAmount())
		}
		if sum.Sign() < 0 {
			return c.legDiffers("held sum", i, st, "zero or more", st.asset.Format(*sum))
		}
		st.held = st.held.Add(amount)
	}
	return c.afterSums(i, l, st)
}

// sumNames are the after-sums in the order of the kinds of legs.
var sumNames = [4]string{"debit", "credit", "held debit", "held credit"}

func (c *check) afterSums(i int, l *journalv1.Leg, st *stripe) error {
	found := [4]string{l.GetDebit(), l.GetCredit(), l.GetHeldDebit(), l.GetHeldCredit()}
	sums := [4]*money.Amount{&st.sums.Debit, &st.sums.Credit, &st.sums.HeldDebit, &st.sums.HeldCredit}
	for k, text := range found {
		if k >= 2 && text == "" && sums[k].IsZero() {
			continue
		}
		var buf [48]byte
		if want := st.asset.AppendFormat(buf[:0], *sums[k]); string(want) != text {
			return c.legDiffers(sumNames[k]+" after", i, st, string(want), text)
		}
	}
	return nil
}

func (c *check) legDiffers(what string, i int, st *stripe, expected, found string) error {
	return c.differ(what+" of leg "+strconv.Itoa(i)+", "+st.name(), expected, found)
}

func (st *stripe) name() string { return st.key.account + " " + st.key.asset }

// exactAmount reads an amount as the journal writes it: with every decimal place of the
// asset, and no negative zero.
func exactAmount(asset money.Asset, text string) (money.Amount, bool) {
	amount, err := money.ParseSum(text)
	if err != nil || amount.IsZero() && text[0] == '-' {
		return amount, false
	}
	places := 0
	if dot := strings.IndexByte(text, '.'); dot >= 0 {
		places = len(text) - dot - 1
	}
	return amount, places == int(asset.Scale)
}

// plainEntry checks what an entry posts beside what it gives back.
func (c *check) plainEntry(e *journalv1.Entry, changes []book.Change) error {
	if x := e.GetExchange(); x != nil {
		return c.exchange(x, changes)
	}
	refusal := book.CheckEntry(e.GetKind(), changes)
	if refusal == nil {
		refusal = book.CheckPositions(changes)
	}
	if refusal != nil {
		return c.differ("the entry", "debits equal to credits, purposes kept apart", refusal.Error())
	}
	return nil
}

// entry checks double entry, purposes and floors.
func (c *check) entry() error {
	changes := c.a.changes
	e := c.r.GetEntry()
	switch {
	case e == nil && len(changes) > 0:
		return c.differ("the entry of the legs", "an entry", "none")
	case e != nil:
		if _, err := time.Parse(time.DateOnly, e.GetDay()); err != nil {
			return c.differ("the entry's day", "YYYY-MM-DD", e.GetDay())
		}
		if through := c.closedThrough(); e.GetDay() <= through {
			return c.differ("the entry's day", "a day behind "+through+", up to which all are closed", e.GetDay())
		}
		if r := e.GetReversal(); r != nil {
			var err error
			giveBack := c.reversal
			if c.a.past != nil {
				giveBack = c.unremembered
			}
			if changes, err = giveBack(r, changes); err != nil {
				return err
			}
			if len(changes) == 0 && e.GetExchange() == nil {
				break // no correction
			}
		}
		if err := c.plainEntry(e, changes); err != nil {
			return err
		}
	}
	for _, st := range c.a.touched {
		if !st.floor {
			continue
		}
		left := st.sums.Available(st.kind.Class)
		if st.kind.Limited && left.Sign() < 0 {
			if left.Cmp(st.before.Available(st.kind.Class)) >= 0 {
				continue // a limit was cut below what is owed; nothing more was taken
			}
			left = left.Add(c.limit(st))
		}
		if left.Sign() < 0 {
			return c.differ("what is available in the stripe of "+st.name(), "zero or more", st.asset.Format(left))
		}
	}
	return nil
}
