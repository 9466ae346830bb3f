package book

import (
	"fmt"

	"github.com/provodka/provodka/ledger/money"
)

// Laws checks what a decision is about to leave against the books before it: legs
// that balance in every asset, versions without a gap, sums that moved by the
// amount and by nothing else, floors. It knows nothing of how the legs were made,
// and it stays on in production: what breaks a law is put aside, not written. The
// error names the law, the account and the numbers.
func Laws(v View, applied []Applied) error {
	if err := balanced(applied); err != nil {
		return err
	}
	for i := range applied {
		if err := follows(latest(v, applied[:i], applied[i].Account, applied[i].Asset.Code), &applied[i]); err != nil {
			return err
		}
	}
	for i := range applied {
		c := &applied[i].Change
		if !c.Lowers() {
			continue
		}
		end := latest(v, applied, c.Account, c.Asset.Code)
		if left := spendable(v, end, c); left.Sign() < 0 && left.Cmp(spendable(v, v.Stripe(c.Account, c.Asset.Code), c)) < 0 {
			return fmt.Errorf("floor: %s would stand at %s %s", c.Account, c.Asset.Format(left), c.Asset.Code)
		}
	}
	return nil
}

// balanced checks that debits equal credits in every asset.
func balanced(applied []Applied) error {
	for i := range applied {
		asset := applied[i].Asset
		if i > 0 && applied[i-1].Asset.Code == asset.Code {
			continue // its run was summed
		}
		var debit, credit money.Amount
		for j := range applied {
			switch c := &applied[j]; {
			case c.Asset.Code != asset.Code:
			case c.Kind == Debit:
				debit = debit.Add(c.Amount)
			case c.Kind == Credit:
				credit = credit.Add(c.Amount)
			}
		}
		if debit.Cmp(credit) != 0 {
			return fmt.Errorf("double entry: debits of %s %s, credits of %s", asset.Format(debit), asset.Code, asset.Format(credit))
		}
	}
	return nil
}

// follows checks one leg against its stripe before it.
func follows(before Stripe, a *Applied) error {
	if a.After.Version != before.Version+1 {
		return fmt.Errorf("dense versions: leg %d of %s %s follows %d", a.After.Version, a.Account, a.Asset.Code, before.Version)
	}
	sums := [4][2]money.Amount{
		{before.Debit, a.After.Debit}, {before.Credit, a.After.Credit},
		{before.HeldDebit, a.After.HeldDebit}, {before.HeldCredit, a.After.HeldCredit},
	}
	for i, s := range sums {
		moved := s[0]
		if Kind(i+1) == a.Kind {
			moved = moved.Add(a.Amount)
		}
		if moved.Cmp(s[1]) != 0 {
			return fmt.Errorf("sums: kind %d of %s %s is %s after a leg of %s on %s", i+1, a.Account, a.Asset.Code,
				a.Asset.Format(s[1]), a.Asset.Format(a.Amount), a.Asset.Format(s[0]))
		}
	}
	if a.After.HeldDebit.Sign() < 0 || a.After.HeldCredit.Sign() < 0 {
		return fmt.Errorf("holds: less than nothing is held of %s %s", a.Account, a.Asset.Code)
	}
	return nil
}
