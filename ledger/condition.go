package ledger

import (
	"fmt"
	"strconv"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// MaxConditions bounds what one operation may ask of the books before it is done.
const MaxConditions = 16

// condition is a condition, read.
type condition struct {
	account string
	kind    book.Type
	asset   money.Asset
	atLeast money.Amount // of what is available; zero: it is about a version
	version *journalv1.StripeVersion
}

// checkConditions looks at conditions. What is available may lie on other shards: the
// first account that has too little here is for the caller to gather.
func checkConditions(v View, list []*journalv1.Condition) (*book.Short, *fault.Refusal) {
	if len(list) > MaxConditions {
		return nil, fault.Refuse(fault.Malformed, "conditions", "%d conditions, at most %d", len(list), MaxConditions)
	}
	var lacks *book.Short
	for i, m := range list {
		c, refusal := readCondition(m)
		if refusal != nil {
			return nil, refusal.At(fmt.Sprintf("conditions[%d]", i))
		}
		if c.version != nil {
			if refusal := c.moved(v); refusal != nil {
				return nil, refusal
			}
			continue
		}
		// Of an account from which nothing may be taken nothing is available either.
		taken := []book.Change{{Account: c.account, Type: c.kind, Asset: c.asset, Kind: c.kind.Class.Lowering()}}
		if refusal := book.CheckStandings(v, taken); refusal != nil {
			return nil, refusal
		}
		if free := book.Spendable(v, c.account, c.kind, c.asset); lacks == nil && free.Cmp(c.atLeast) < 0 {
			lacks = &book.Short{Account: c.account, Asset: c.asset, Available: free, Need: c.atLeast, Condition: true}
		}
	}
	return lacks, nil
}

func readCondition(m *journalv1.Condition) (condition, *fault.Refusal) {
	c := condition{account: m.GetAccount(), version: m.GetVersion()}
	name, refusal := book.ParseName("account", m.GetAccount())
	if refusal != nil {
		return c, refusal
	}
	if name.IsTransit() {
		return c, fault.Refuse(fault.AccountInvalid, "account", "%s holds money between stripes; it is a part of its account", m.GetAccount())
	}
	c.kind, _ = book.LookupType(name.Type)
	var ok bool
	if c.asset, ok = money.LookupAsset(m.GetAsset()); !ok {
		return c, fault.Refuse(fault.AssetUnknown, "asset", "there is no asset %q", m.GetAsset())
	}
	if c.version != nil {
		return c, nil
	}
	if !c.kind.Floored {
		return c, fault.Refuse(fault.Malformed, "available", "accounts of type %s have no floor: what is available limits nothing", name.Type)
	}
	c.atLeast, refusal = positive("available", c.asset, m.GetAtLeast())
	return c, refusal
}

// moved refuses a version that this shard's stripe has not, or has no longer.
func (c *condition) moved(v View) *fault.Refusal {
	found := v.Stripe(c.account, c.asset.Code).Version
	if found == c.version.GetVersion() {
		return nil
	}
	text := func(n uint64) string { return strconv.FormatUint(n, 10) }
	shard := text(uint64(c.version.GetShard()))
	return fault.Refuse(fault.ConditionFailed, "conditions", "%s in %s is at version %d on shard %s, the condition asks for %d",
		c.account, c.asset.Code, found, shard, c.version.GetVersion()).
		With("account", c.account).With("asset", c.asset.Code).With("shard", shard).
		With("version", text(c.version.GetVersion())).With("found", text(found))
}

// Conditioned gives what an operation's conditions ask to be available, as what would have
// to be held for it. Of one that is wrong it gives nothing: it is refused for that.
func Conditioned(op *commandv1.Operation) []book.Change {
	var out []book.Change
	for _, m := range op.GetConditions() {
		if c, refusal := readCondition(m); refusal == nil && c.version == nil {
			out = append(out, book.Place(c.account, c.kind, c.asset, c.atLeast))
		}
	}
	return out
}
