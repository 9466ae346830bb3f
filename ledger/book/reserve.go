package book

import "github.com/provodka/provodka/ledger/money"

// Reserve gives the changes that hold what an entry takes from floored accounts: of each
// account, in the order of the legs, what it loses by all of them together.
func Reserve(legs []Change) []Change {
	var out []Change
	for i := range legs {
		c := legs[i]
		if !c.Type.Floored || reserved(legs[:i], c) {
			continue
		}
		lost := money.Zero
		for _, l := range legs[i:] {
			if l.Account != c.Account || l.Asset.Code != c.Asset.Code {
				continue
			}
			if l.Kind == c.Type.Class.Lowering() {
				lost = lost.Add(l.Amount)
			} else {
				lost = lost.Sub(l.Amount)
			}
		}
		if lost.Sign() > 0 {
			out = append(out, Place(c.Account, c.Type, c.Asset, lost))
		}
	}
	return out
}

func reserved(before []Change, c Change) bool {
	for _, l := range before {
		if l.Account == c.Account && l.Asset.Code == c.Asset.Code {
			return true
		}
	}
	return false
}
