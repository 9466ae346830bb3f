package book

import "github.com/provodka/provodka/ledger/money"

// Stripe is what one shard knows of one account in one asset: running sums, never
// a bare balance, so that a statement at any moment is a difference of two rows.
// The zero value is a stripe that nothing ever touched.
type Stripe struct {
	Version    uint64       // number of its last leg, 0 when untouched
	Debit      money.Amount // debits posted, in all
	Credit     money.Amount // credits posted, in all
	HeldDebit  money.Amount // held against later debits
	HeldCredit money.Amount // held against later credits
}

// Balance is the balance on the normal side of the class.
func (s Stripe) Balance(c Class) money.Amount {
	if c.DebitNormal() {
		return s.Debit.Sub(s.Credit)
	}
	return s.Credit.Sub(s.Debit)
}

// Available is the balance less what is held against the side that lowers it.
func (s Stripe) Available(c Class) money.Amount {
	if c.DebitNormal() {
		return s.Debit.Sub(s.Credit).Sub(s.HeldCredit)
	}
	return s.Credit.Sub(s.Debit).Sub(s.HeldDebit)
}

// Add sums two stripes of one account; versions are per stripe and do not add.
func (s Stripe) Add(o Stripe) Stripe {
	return Stripe{
		Debit: s.Debit.Add(o.Debit), Credit: s.Credit.Add(o.Credit),
		HeldDebit: s.HeldDebit.Add(o.HeldDebit), HeldCredit: s.HeldCredit.Add(o.HeldCredit),
	}
}

// Kind says what a change does to a stripe. The numbers are those of the journal
// and of the database.
type Kind int16

// The kinds of change.
const (
	Debit      Kind = 1
	Credit     Kind = 2
	HoldDebit  Kind = 3 // a negative amount gives back
	HoldCredit Kind = 4
)

// Change is one leg before it is applied.
type Change struct {
	Account string // the full name
	Type    Type   // of the chart
	Asset   money.Asset
	Kind    Kind
	Amount  money.Amount // of the asset's scale; positive for debits and credits
}

// Lowers says whether the change can take the account below its floor.
func (c Change) Lowers() bool {
	if !c.Type.Floored || c.Amount.Sign() == 0 {
		return false
	}
	switch c.Kind {
	case Debit:
		return !c.Type.Class.DebitNormal()
	case Credit:
		return c.Type.Class.DebitNormal()
	case HoldDebit:
		return !c.Type.Class.DebitNormal() && c.Amount.Sign() > 0
	case HoldCredit:
		return c.Type.Class.DebitNormal() && c.Amount.Sign() > 0
	}
	return false
}

// LoweringHold is the kind of hold that keeps money of the class from being spent.
func (c Class) LoweringHold() Kind {
	if c.DebitNormal() {
		return HoldCredit
	}
	return HoldDebit
}

// Lowering is the side that spends money of the class.
func (c Class) Lowering() Kind {
	if c.DebitNormal() {
		return Credit
	}
	return Debit
}

// View gives a decision what it asks for of its shard; an untouched stripe is zero.
type View interface {
	Stripe(account, asset string) Stripe
	// Standing is how the account stands on this shard.
	Standing(account string) Standing
	// Limit is how far this shard's stripe may go below zero: what is set for the
	// account, on its home shard alone.
	Limit(account, asset string) money.Amount
}

// Applied is a change with its stripe after it.
type Applied struct {
	Change
	After Stripe
}

// Short says which account lacks money in this shard's stripe, and how much.
type Short struct {
	Account   string
	Asset     money.Asset
	Available money.Amount // before the change, in this stripe
	Need      money.Amount // what the changes together take from the account, or a condition asks for
	Condition bool         // it is a condition that is not met, not a floor
}

// Apply computes the stripes after the changes, in order, and changes nothing:
// the caller writes Applied.After back when it accepts. Floors are checked after
// all changes, so that an entry may pass money through an account. A non-nil
// Short names the first account, in order, that would fall below its floor, or farther
// below it: one whose limit was cut stands there already, and settles what it holds.
func Apply(v View, changes []Change, into []Applied) ([]Applied, *Short) {
	out := into[:0]
	if cap(out) < len(changes) {
		out = make([]Applied, 0, len(changes))
	}
	for i := range changes {
		c := &changes[i]
		after := latest(v, out, c.Account, c.Asset.Code)
		after.Version++
		switch c.Kind {
		case Debit:
			after.Debit = after.Debit.Add(c.Amount)
		case Credit:
			after.Credit = after.Credit.Add(c.Amount)
		case HoldDebit:
			after.HeldDebit = after.HeldDebit.Add(c.Amount)
		case HoldCredit:
			after.HeldCredit = after.HeldCredit.Add(c.Amount)
		}
		out = append(out, Applied{Change: *c, After: after})
	}
	for i := range out {
		c := &out[i].Change
		if !c.Lowers() {
			continue
		}
		end := latest(v, out, c.Account, c.Asset.Code)
		left := spendable(v, end, c)
		if left.Sign() >= 0 {
			continue
		}
		before := spendable(v, v.Stripe(c.Account, c.Asset.Code), c)
		if left.Cmp(before) >= 0 {
			continue // its limit was cut: what was held before is kept, and nothing more is taken
		}
		return nil, &Short{
			Account: c.Account, Asset: c.Asset, Available: before,
			Need: before.Sub(left),
		}
	}
	return out, nil
}

// spendable is what can be taken from a stripe above the floor of its account.
func spendable(v View, s Stripe, c *Change) money.Amount {
	free := s.Available(c.Type.Class)
	if c.Type.Limited {
		free = free.Add(v.Limit(c.Account, c.Asset.Code))
	}
	return free
}

// Spendable is what can be taken from this shard's stripe of an account.
func Spendable(v View, account string, t Type, asset money.Asset) money.Amount {
	return spendable(v, v.Stripe(account, asset.Code), &Change{Account: account, Type: t, Asset: asset})
}

// latest is the stripe after the changes so far. Entries are short, so a look
// back is cheaper than a map.
func latest(v View, done []Applied, account, asset string) Stripe {
	for i := len(done) - 1; i >= 0; i-- {
		if done[i].Account == account && done[i].Asset.Code == asset {
			return done[i].After
		}
	}
	return v.Stripe(account, asset)
}
