package audit

import (
	"strconv"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// holdKey names a hold of a shard: a record may place one on each of several accounts.
type holdKey struct {
	seq            uint64
	account, asset string
}

// hold is a hold after its last change.
type hold struct {
	st        *stripe
	state     book.HoldState
	amount    money.Amount
	left      money.Amount
	expiresUS int64
	late      money.Amount // what may still be settled late
	over      money.Amount // what the last change settled beyond what was held
}

// holds checks the record's holds and that they account for every change of held sums.
func (c *check) holds() error {
	for _, h := range c.r.GetHolds() {
		if c.a.past != nil && c.forgotten(h) {
			return nil
		}
		if err := c.hold(h); err != nil {
			return err
		}
	}
	for _, st := range c.a.touched {
		if !st.held.IsZero() {
			return c.differ("the holds behind the held sum of "+st.name(), "holds of the same sum as the legs",
				"a difference of "+st.asset.Format(st.held))
		}
	}
	return nil
}

func (c *check) hold(h *journalv1.Hold) error {
	st := c.s.stripes.get(stripeKey{c.r.GetBook(), h.GetAccount(), h.GetAsset()})
	name := "hold " + strconv.Itoa(c.s.number) + "." + uintText(h.GetPlacedSeq()) + " on " + h.GetAccount()
	if st == nil || st.seq != c.r.GetSeq() {
		return c.differ("the legs of "+name, "a leg that holds or gives back", "none")
	}
	amount, ok := exactAmount(st.asset, h.GetAmount())
	left, okLeft := exactAmount(st.asset, h.GetLeft())
	late, okLate := exactOrNothing(st.asset, h.GetLate())
	over, okOver := exactOrNothing(st.asset, h.GetOver())
	if !ok || !okLeft || !okLate || !okOver {
		return c.differ("the sums of "+name, "decimals with "+strconv.Itoa(int(st.asset.Scale))+" places",
			h.GetAmount()+", "+h.GetLeft()+", "+h.GetLate()+" and "+h.GetOver())
	}
	key := holdKey{h.GetPlacedSeq(), h.GetAccount(), h.GetAsset()}
	old := c.s.holds[key]
	now := hold{st: st, state: book.HoldState(h.GetState()), amount: amount, left: left, expiresUS: h.GetExpiresUs(), late: late, over: over}
	var err error
	if old == nil {
		err = c.placed(name, h, now)
		st.held = st.held.Sub(left)
	} else {
		err = c.changed(name, *old, now)
		st.held = st.held.Sub(left.Sub(old.left))
	}
	if err != nil {
		return err
	}
	if until := c.a.until(c.s.number); old != nil && h.GetPlacedSeq() <= until && c.r.GetSeq() > until {
		if _, kept := c.s.frozen[key]; !kept {
			c.s.frozen[key] = *old
		}
	}
	key.account, key.asset = st.key.account, st.key.asset
	c.s.holds[key] = &now
	return nil
}

// placed checks a new hold.
func (c *check) placed(name string, h *journalv1.Hold, now hold) error {
	switch {
	case h.GetPlacedSeq() != c.r.GetSeq():
		return c.differ("the record that placed "+name, "a record that placed it", "none")
	case now.state != book.Placed:
		return c.differ("the state of "+name, "placed", stateWord(now.state))
	case now.amount.Sign() <= 0 || !now.left.Equal(now.amount):
		return c.differ("what "+name+" holds", "its whole sum "+h.GetAmount()+", above zero", h.GetLeft())
	case !now.late.IsZero() || !now.over.IsZero():
		return c.differ("what was settled of "+name+", which was placed just now", "nothing", h.GetLate()+h.GetOver())
	case now.expiresUS != 0 && now.expiresUS <= c.r.GetClockUs():
		return c.differ("when "+name+" expires", "after "+clockText(c.r.GetClockUs()), clockText(now.expiresUS))
	}
	return nil
}

// changed checks the next state of a hold.
func (c *check) changed(name string, old, now hold) error {
	resized := old.state == book.Placed && now.state == book.Placed && c.r.GetEntry() == nil
	switch {
	case now.expiresUS != old.expiresUS:
		return c.differ("when "+name+" expires", intText(old.expiresUS), intText(now.expiresUS))
	case resized:
		return c.resized(name, old, now)
	case !now.amount.Equal(old.amount):
		return c.differ("the sum of "+name, now.st.asset.Format(old.amount), now.st.asset.Format(now.amount))
	case old.state == book.Voided || old.state == book.Expired:
		return c.settledLate(name, old, now)
	case old.state != book.Placed:
		return c.differ("the state of "+name+" before", "placed, voided or expired", stateWord(old.state))
	}
	switch now.state {
	case book.Placed, book.Settled:
		return c.settled(name, old, now)
	case book.Voided, book.Expired:
		return c.released(name, old, now)
	}
	return c.differ("the state of "+name, "placed, settled, voided or expired", stateWord(now.state))
}

// resized checks that a hold holds more or less by what its sum changed.
func (c *check) resized(name string, old, now hold) error {
	asset, by := now.st.asset, now.left.Sub(old.left)
	switch {
	case by.IsZero() || now.left.Sign() <= 0:
		return c.differ("what is left of "+name, "more than zero, and not what it was", asset.Format(now.left))
	case !now.amount.Sub(old.amount).Equal(by):
		return c.differ("the sum of "+name, asset.Format(old.amount.Add(by)), asset.Format(now.amount))
	}
	return c.nothingBeyond(name, now, money.Zero)
}

// released checks what was given back wholly.
func (c *check) released(name string, old, now hold) error {
	asset := now.st.asset
	switch {
	case !now.left.IsZero():
		return c.differ("what is left of "+name, asset.Format(money.Zero), asset.Format(now.left))
	case c.r.GetEntry() != nil:
		return c.differ("the entry beside the release of "+name, "none", "an entry")
	case now.state == book.Expired && (old.expiresUS == 0 || old.expiresUS > c.r.GetClockUs()):
		return c.differ("when "+name+" expires", "not after "+clockText(c.r.GetClockUs()), clockText(old.expiresUS))
	case now.late.IsZero(): // of a record from before late settlements
		return c.nothingBeyond(name, now, money.Zero)
	}
	return c.nothingBeyond(name, now, old.left)
}

// nothingBeyond checks that a change settled nothing beyond what was held, and what it
// leaves to be settled late.
func (c *check) nothingBeyond(name string, now hold, late money.Amount) error {
	switch asset := now.st.asset; {
	case !now.over.IsZero():
		return c.differ("what was settled beyond "+name, "nothing", asset.Format(now.over))
	case !now.late.Equal(late):
		return c.differ("what may be settled late of "+name, asset.Format(late), asset.Format(now.late))
	}
	return nil
}

// settled checks a settlement: what was posted comes out of the hold, never more than
// was left of it, but for what the record says to be beyond it.
func (c *check) settled(name string, old, now hold) error {
	asset, taken := now.st.asset, old.left.Sub(now.left)
	switch {
	case c.r.GetEntry() == nil:
		return c.differ("the entry that settles "+name, "an entry", "none")
	case now.left.Sign() < 0 || taken.Sign() <= 0:
		return c.differ("what is left of "+name, "zero or more, and less than "+asset.Format(old.left), asset.Format(now.left))
	case now.state == book.Placed && now.left.IsZero(), now.state == book.Settled && !now.left.IsZero():
		return c.differ("what is left of "+name+", "+stateWord(now.state), "zero when settled, more when placed", asset.Format(now.left))
	case now.over.Sign() < 0 || !now.over.IsZero() && now.state == book.Placed:
		return c.differ("what was settled beyond "+name, "nothing, or all of it is settled", asset.Format(now.over))
	case !now.late.IsZero():
		return c.differ("what may be settled late of "+name, "nothing", asset.Format(now.late))
	}
	amount, err := c.paid(name, now)
	most := old.left.Add(now.over)
	switch {
	case err != nil:
		return err
	case amount.Cmp(most) > 0:
		return c.differ("what was settled of "+name, "at most "+asset.Format(most), asset.Format(amount))
	case now.state == book.Placed && !amount.Equal(taken), !now.over.IsZero() && !amount.Equal(most):
		return c.differ("what was settled of "+name, asset.Format(taken.Add(now.over)), asset.Format(amount))
	}
	return nil
}

// settledLate checks a settlement of a hold that was over: what was posted is taken off
// what may be settled late, and the hold stays as it was.
func (c *check) settledLate(name string, old, now hold) error {
	asset := now.st.asset
	switch {
	case now.state != old.state:
		return c.differ("the state of "+name, stateWord(old.state), stateWord(now.state))
	case c.r.GetEntry() == nil:
		return c.differ("the entry that settles "+name+" late", "an entry", "none")
	case !now.left.IsZero():
		return c.differ("what is left of "+name, asset.Format(money.Zero), asset.Format(now.left))
	}
	amount, err := c.paid(name, now)
	switch late := old.late.Sub(amount); {
	case err != nil:
		return err
	case late.Sign() < 0:
		return c.differ("what was settled late of "+name, "at most "+asset.Format(old.late), asset.Format(amount))
	default:
		return c.nothingBeyond(name, now, late)
	}
}

// paid is what the hold's account paid in a settlement: its first posting.
func (c *check) paid(name string, now hold) (money.Amount, error) {
	first, kind := c.firstPosting(), now.st.kind.Class.Lowering()
	amount, _ := exactAmount(now.st.asset, first.GetAmount())
	if first.GetAccount() != now.st.key.account || first.GetAsset() != now.st.key.asset || book.Kind(first.GetKind()) != kind {
		return amount, c.differ("the first posting of the settlement of "+name, "one that lowers "+now.st.name(),
			first.GetKind().String()+" of "+first.GetAccount()+" "+first.GetAsset())
	}
	return amount, nil
}

func (c *check) firstPosting() *journalv1.Leg {
	for _, l := range c.r.GetLegs() {
		if k := book.Kind(l.GetKind()); k == book.Debit || k == book.Credit {
			return l
		}
	}
	return nil
}

func stateWord(s book.HoldState) string {
	switch s {
	case book.Placed:
		return "placed"
	case book.Settled:
		return "settled"
	case book.Voided:
		return "voided"
	case book.Expired:
		return "expired"
	}
	return "state " + strconv.Itoa(int(s))
}

// exactOrNothing is a sum that the journal leaves out when it is zero.
func exactOrNothing(asset money.Asset, text string) (money.Amount, bool) {
	if text == "" {
		return money.Zero, true
	}
	sum, ok := exactAmount(asset, text)
	return sum, ok && !sum.IsZero()
}

// lateText is what the database says of it.
func lateText(asset money.Asset, sum money.Amount) string {
	if sum.IsZero() {
		return ""
	}
	return asset.Format(sum)
}
