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
