package booktest

import (
	"math/big"
	"strings"

	"pgregory.net/rapid"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// conditions looks at what an operation asks of the book before it: what is wrong or of
// another version is refused at once, too little money only when nothing else is wrong.
func (m *Model) conditions(op *commandv1.Operation) (short bool, code string) {
	for _, c := range op.GetConditions() {
		p := Place{c.GetAccount(), c.GetAsset()}
		if strings.HasSuffix(p.Account, ":") {
			return false, "account_invalid"
		}
		if v := c.GetVersion(); v != nil {
			if m.Changes[p] != v.GetVersion() {
				return false, "condition_failed"
			}
			continue
		}
		n, ok := Units(p.Asset, c.GetAtLeast())
		switch {
		case !rowOf(p.Account).floored:
			return false, "malformed"
		case !ok || n.Sign() <= 0:
			return false, "amount_invalid"
		}
		short = short || m.Available(p).Cmp(n) < 0
	}
	return short, ""
}

// drawConditions asks now and then for what is so, or nearly so.
func drawConditions(t *rapid.T, m *Model, op *commandv1.Operation) {
	for rapid.IntRange(0, 7).Draw(t, "condition") == 0 && len(op.GetConditions()) < 3 {
		c := &journalv1.Condition{Account: drawAccount(t, accounts, "of"), Asset: "RUB"}
		p := Place{c.GetAccount(), c.GetAsset()}
		if rapid.Bool().Draw(t, "version") {
			c.What = &journalv1.Condition_Version{Version: &journalv1.StripeVersion{
				Version: m.Changes[p] + rapid.SampledFrom([]uint64{0, 0, 0, 1}).Draw(t, "off by"),
			}}
		} else {
			n := new(big.Int).Add(m.Available(p), big.NewInt(rapid.Int64Range(-2, 1).Draw(t, "off by")))
			c.What = &journalv1.Condition_AtLeast{AtLeast: Text("RUB", n)}
		}
		if rapid.IntRange(0, 19).Draw(t, "crooked") == 0 {
			c.Account = "wallet:"
		}
		op.Conditions = append(op.Conditions, c)
	}
}
