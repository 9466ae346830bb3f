package book

import (
	"fmt"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
)

// MaxLegs bounds the legs of one entry.
const MaxLegs = 1000

// CheckEntry refuses an entry that is wrong whatever the books say: fewer than
// two legs or too many, an amount that is not positive, debits that differ from
// credits in an asset, a passage between purposes that the chart does not name.
func CheckEntry(kind string, legs []Change) *fault.Refusal {
	if len(legs) < 2 || len(legs) > MaxLegs {
		return fault.Refuse(fault.Malformed, "legs", "%d legs, an entry has 2 to %d", len(legs), MaxLegs)
	}
	for i := range legs {
		if legs[i].Amount.Sign() <= 0 {
			return fault.Refuse(fault.AmountInvalid, fmt.Sprintf("legs[%d].amount", i), "%s is not positive", legs[i].Amount)
		}
	}
	if refusal := checkBalanced(legs); refusal != nil {
		return refusal
	}
	return checkPurposes(kind, legs)
}

// checkBalanced compares debits with credits per asset. Nearly every entry has
// one asset, so the assets are walked instead of mapped.
func checkBalanced(legs []Change) *fault.Refusal {
	for i := range legs {
		asset := legs[i].Asset
		if seenBefore(legs[:i], asset.Code) {
			continue
		}
		var debit, credit money.Amount
		for j := i; j < len(legs); j++ {
			if legs[j].Asset.Code != asset.Code {
				continue
			}
			if legs[j].Kind == Debit {
				debit = debit.Add(legs[j].Amount)
			} else {
				credit = credit.Add(legs[j].Amount)
			}
		}
		if debit.Cmp(credit) != 0 {
			return fault.Refuse(fault.Unbalanced, "legs", "debits of %s %s, credits of %s %s",
				asset.Format(debit), asset.Code, asset.Format(credit), asset.Code).
				With("debit", asset.Format(debit)).With("credit", asset.Format(credit)).With("asset", asset.Code)
		}
	}
	return nil
}

func seenBefore(legs []Change, asset string) bool {
	for i := range legs {
		if legs[i].Asset.Code == asset {
			return true
		}
	}
	return false
}

// checkPurposes refuses money of one purpose flowing into another without a
// passage. Money flows from the accounts that the entry lowers to those it raises.
func checkPurposes(kind string, legs []Change) *fault.Refusal {
	first := legs[0].Type.Purpose
	same := true
	for i := range legs {
		same = same && legs[i].Type.Purpose == first
	}
	if same {
		return nil
	}
	for i := range legs {
		if legs[i].Kind != legs[i].Type.Class.Lowering() {
			continue
		}
		for j := range legs {
			if legs[j].Kind == legs[j].Type.Class.Lowering() {
				continue
			}
			from, to := legs[i].Type.Purpose, legs[j].Type.Purpose
			if !MayPass(kind, from, to) {
				return fault.Refuse(fault.PurposeMixed, fmt.Sprintf("legs[%d].account", j),
					"an entry of kind %q may not move %s money of %s into %s money of %s",
					kind, from, legs[i].Account, to, legs[j].Account)
			}
		}
	}
	return nil
}

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
}

// Place gives the change that holds the amount.
func Place(account string, t Type, asset money.Asset, amount money.Amount) Change {
	return Change{Account: account, Type: t, Asset: asset, Kind: t.Class.LoweringHold(), Amount: amount}
}

// Settle takes the amount out of an open hold: the changes that give the held
// sum back and post it against the credits, and the hold after it. final gives
// the rest back too. What it refuses: a hold that is not open, more than is left,
// other legs that do not add up to the amount.
func Settle(h Hold, t Type, kind string, amount money.Amount, others []Change, final bool) ([]Change, Hold, *fault.Refusal) {
	if h.State != Placed {
		return nil, h, notOpen(h)
	}
	if amount.Cmp(h.Left) > 0 {
		return nil, h, fault.Refuse(fault.HoldExceeded, "amount", "%s asked, %s of %s left",
			h.Asset.Format(amount), h.Asset.Format(h.Left), h.Asset.Format(h.Amount)).
			With("left", h.Asset.Format(h.Left)).With("asked", h.Asset.Format(amount))
	}
	entry := append([]Change{{Account: h.Account, Type: t, Asset: h.Asset, Kind: t.Class.Lowering(), Amount: amount}}, others...)
	if refusal := CheckEntry(kind, entry); refusal != nil {
		return nil, h, refusal
	}
	released := amount
	h.Left = h.Left.Sub(amount)
	if final {
		released = released.Add(h.Left)
		h.Left = money.Zero
	}
	if h.Left.IsZero() {
		h.State = Settled
	}
	give := Change{Account: h.Account, Type: t, Asset: h.Asset, Kind: t.Class.LoweringHold(), Amount: released.Neg()}
	return append([]Change{give}, entry...), h, nil
}

// Release gives back what is left of an open hold; to is Voided or Expired.
func Release(h Hold, t Type, to HoldState) (Change, Hold, *fault.Refusal) {
	if h.State != Placed {
		return Change{}, h, notOpen(h)
	}
	give := Change{Account: h.Account, Type: t, Asset: h.Asset, Kind: t.Class.LoweringHold(), Amount: h.Left.Neg()}
	h.State, h.Left = to, money.Zero
	return give, h, nil
}

func notOpen(h Hold) *fault.Refusal {
	word := map[HoldState]string{Settled: "settled", Voided: "voided", Expired: "expired"}[h.State]
	return fault.Refuse(fault.HoldNotOpen, "hold", "the hold is %s", word).With("state", word)
}
