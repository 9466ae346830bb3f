package audit

import (
	"strconv"

	"github.com/provodka/provodka/ledger/book"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// conditions checks that what was asked of the books held before the record: what was to
// be available was there in the stripe of this shard alone, gathered if need be.
func (c *check) conditions() error {
	for i, m := range c.r.GetConditions() {
		if err := c.condition("condition "+strconv.Itoa(i), m); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) condition(name string, m *journalv1.Condition) error {
	key := stripeKey{c.r.GetBook(), m.GetAccount(), m.GetAsset()}
	st := c.s.stripes.get(key)
	if st == nil { // not kept: it is no leg's
		var err error
		if st, err = c.read(key, name); err != nil {
			return err
		}
	}
	was := st.sums
	if st.seq == c.r.GetSeq() {
		was = st.before
	}
	if v := m.GetVersion(); v != nil {
		return c.versionHeld(name, st, v, was)
	}
	asked, err := st.asset.Parse(m.GetAtLeast())
	switch {
	case err != nil || asked.Sign() <= 0:
		return c.differ("what "+name+" asks of "+st.name(), "an amount above zero", m.GetAtLeast())
	case !st.floor && st.kind.Floored && st.kind.Limited:
		return nil // a follower does not know every limit
	case !st.floor:
		return c.differ("the account of "+name, "one with a floor", st.key.account)
	}
	if has := was.Available(st.kind.Class).Add(c.limit(st)); has.Cmp(asked) < 0 {
		return c.differ("what "+name+" found in the stripe of "+st.name(), "at least "+m.GetAtLeast(), st.asset.Format(has))
	}
	return nil
}

func (c *check) versionHeld(name string, st *stripe, v *journalv1.StripeVersion, was book.Stripe) error {
	switch {
	case int64(v.GetShard()) != int64(c.s.number):
		return c.differ("the shard of "+name, strconv.Itoa(c.s.number), uintText(uint64(v.GetShard())))
	case v.GetVersion() != was.Version:
		return c.differ("the version that "+name+" found, "+st.name(), uintText(was.Version), uintText(v.GetVersion()))
	}
	return nil
}
