package book

import (
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// HoldState is where a hold stands; the numbers are those of the journal.
type HoldState int16

// The states of a hold.
const (
	Placed  HoldState = 1
	Settled HoldState = 2
	Voided  HoldState = 3
	Expired HoldState = 4
)

// Hold is money of one account kept from being spent until it is settled, voided
// or expires.
type Hold struct {
	Seq       uint64 // of the record that placed it
	Account   string
	Asset     money.Asset
	State     HoldState
	Amount    money.Amount // what was placed
	Left      money.Amount // what is still held
	ExpiresUS int64        // 0 is never
	Late      money.Amount // voided or expired: what may still be settled late
	Over      money.Amount // what its last change settled beyond what was held
}

// word is the state as refusals say it.
func (h Hold) word() string {
	return map[HoldState]string{Placed: "placed", Settled: "settled", Voided: "voided", Expired: "expired"}[h.State]
}

// Place gives the change that holds the amount.
func Place(account string, t Type, asset money.Asset, amount money.Amount) Change {
	return Change{Account: account, Type: t, Asset: asset, Kind: t.Class.LoweringHold(), Amount: amount}
}

// Resize holds more, or less when by is negative: the change of the held sum, and the
// hold after it. A decrease by all that is left voids it. What it refuses: a hold that is
// not open, a decrease by more than is left.
func Resize(h Hold, t Type, by money.Amount) (Change, Hold, *fault.Refusal) {
	if h.State != Placed {
		return Change{}, h, notOpen(h)
	}
	left := h.Left.Add(by)
	switch {
	case left.Sign() < 0:
		return Change{}, h, exceeded("decrease", h, by.Neg(), h.Left)
	case left.IsZero():
		return Release(h, t, Voided)
	}
	h.Amount, h.Left, h.Over = h.Amount.Add(by), left, money.Zero
	return Place(h.Account, t, h.Asset, by), h, nil
}

// Settle takes the amount out of an open hold: the changes that give the held
// sum back and post it against the credits, and the hold after it. final gives
// the rest back too. Up to over more than is left may be taken; that part is not held.
// What it refuses: a hold that is not open, more than is left and over, other legs that
// do not add up to the amount.
func Settle(h Hold, t Type, kind string, amount, over money.Amount, others []Change, final bool) ([]Change, Hold, *fault.Refusal) {
	if h.State != Placed {
		return nil, h, notOpen(h)
	}
	if amount.Cmp(h.Left.Add(over)) > 0 {
		refusal := exceeded("amount", h, amount, h.Left)
		if !over.IsZero() {
			refusal = refusal.With("over_limit", h.Asset.Format(over))
		}
		return nil, h, refusal
	}
	entry, refusal := settlement(h, t, kind, amount, others)
	if refusal != nil {
		return nil, h, refusal
	}
	released := money.Min(amount, h.Left)
	h.Over = amount.Sub(released)
	h.Left = h.Left.Sub(released)
	if final {
		released = released.Add(h.Left)
		h.Left = money.Zero
	}
	if h.Left.IsZero() {
		h.State = Settled
	}
	return append([]Change{Place(h.Account, t, h.Asset, released.Neg())}, entry...), h, nil
}

// SettleLate posts the amount for a hold that was voided or that expired, and gives the
// hold after it. What it refuses: a hold that is open or was settled, more than may still
// be settled late, other legs that do not add up to the amount.
func SettleLate(h Hold, t Type, kind string, amount money.Amount, others []Change) ([]Change, Hold, *fault.Refusal) {
	if h.State != Voided && h.State != Expired {
		return nil, h, fault.Refuse(fault.WrongState, "hold", "the hold is %s; what was voided or expired is settled late", h.word()).
			With("state", h.word())
	}
	if amount.Cmp(h.Late) > 0 {
		return nil, h, exceeded("amount", h, amount, h.Late)
	}
	entry, refusal := settlement(h, t, kind, amount, others)
	if refusal != nil {
		return nil, h, refusal
	}
	h.Late, h.Over = h.Late.Sub(amount), money.Zero
	return entry, h, nil
}

// settlement is the entry by which a hold's account pays.
func settlement(h Hold, t Type, kind string, amount money.Amount, others []Change) ([]Change, *fault.Refusal) {
	entry := append([]Change{{Account: h.Account, Type: t, Asset: h.Asset, Kind: t.Class.Lowering(), Amount: amount}}, others...)
	return entry, CheckEntry(kind, entry)
}

func exceeded(field string, h Hold, asked, left money.Amount) *fault.Refusal {
	return fault.Refuse(fault.HoldExceeded, field, "%s asked, %s of %s left",
		h.Asset.Format(asked), h.Asset.Format(left), h.Asset.Format(h.Amount)).
		With("left", h.Asset.Format(left)).With("asked", h.Asset.Format(asked))
}

// Release gives back what is left of an open hold; to is Voided or Expired.
func Release(h Hold, t Type, to HoldState) (Change, Hold, *fault.Refusal) {
	if h.State != Placed {
		return Change{}, h, notOpen(h)
	}
	give := Change{Account: h.Account, Type: t, Asset: h.Asset, Kind: t.Class.LoweringHold(), Amount: h.Left.Neg()}
	h.State, h.Left, h.Late, h.Over = to, money.Zero, h.Left, money.Zero
	return give, h, nil
}

func notOpen(h Hold) *fault.Refusal {
	return fault.Refuse(fault.HoldNotOpen, "hold", "the hold is %s", h.word()).With("state", h.word())
}
