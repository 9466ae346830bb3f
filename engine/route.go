package engine

import (
	"fmt"
	"math"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// Operation is one operation of a request.
type Operation struct{ *commandv1.Operation }

// Route is the shard that decides an operation. A post, or an exchange, goes to the home of the
// first leg, in the request's order, that lowers a floored account, else of the
// first leg; a hold, and a change of an account, to the home of the account; a change of
// the periods or the policy to the one home that they have in the book; what names
// a hold or an entry to the shard in its id; a flow's command to the home of the owner
// that was stamped when the aggregate was made. A condition on a version sends what is bound
// to no shard to its own; one on what is available, an entry that lowers nothing to the home
// of its account. Nothing is looked up.
func Route(bookName string, op Operation, shards int) int {
	if len(op.GetConditions()) > 0 && unbound(op.Operation) {
		if shard, ok := conditioned(bookName, op.Operation, shards); ok {
			return shard
		}
	}
	switch what := op.GetWhat().(type) {
	case *commandv1.Operation_Open:
		return home(bookName, what.Open.GetAccount(), shards)
	case *commandv1.Operation_Post:
		return routeLegs(bookName, what.Post.GetLegs(), shards)
	case *commandv1.Operation_Exchange:
		return routeLegs(bookName, ledger.ExchangeLegs(what.Exchange), shards)
	case *commandv1.Operation_Place:
		return home(bookName, what.Place.GetAccount(), shards)
	case *commandv1.Operation_Change:
		return home(bookName, what.Change.GetAccount(), shards)
	case *commandv1.Operation_Period:
		return book.Home(bookName, ledger.PeriodSubject, shards)
	case *commandv1.Operation_Policy:
		return book.Home(bookName, ledger.PolicySubject, shards)
	case *commandv1.Operation_Flow:
		return book.Home(bookName, what.Flow.GetOwner(), shards)
	case *commandv1.Operation_Settle:
		return shardOf(what.Settle)
	case *commandv1.Operation_Resize:
		return shardOf(what.Resize)
	case *commandv1.Operation_SettleLate:
		return shardOf(what.SettleLate)
	case *commandv1.Operation_Void:
		return shardOf(what.Void)
	case *commandv1.Operation_Ask:
		return Route(bookName, Operation{ledger.Guarded(what.Ask)}, shards)
	case *commandv1.Operation_Verdict:
		return shardOf(what.Verdict)
	case *commandv1.Operation_Cancel:
		return shardOf(what.Cancel)
	case *commandv1.Operation_Reverse:
		return shardOf(what.Reverse)
	case *commandv1.Operation_Correct:
		return shardOf(what.Correct)
	default:
		return 0
	}
}

// shardOf is the shard of the id that an operation names; one that cannot be is none.
func shardOf(what interface{ GetShard() uint32 }) int {
	if what.GetShard() > math.MaxInt16 {
		return -1
	}
	return int(what.GetShard())
}

// unbound says that an operation may be decided on any shard: it names no hold and no entry.
func unbound(op *commandv1.Operation) bool {
	return op.GetPost() != nil || op.GetExchange() != nil || op.GetPlace() != nil
}

// conditioned is the shard to which its conditions send an operation, if they do.
func conditioned(bookName string, op *commandv1.Operation, shards int) (shard int, ok bool) {
	if shard, ok := versioned(op); ok {
		return shard, true
	}
	legs := op.GetPost().GetLegs()
	if x := op.GetExchange(); x != nil {
		legs = ledger.ExchangeLegs(x)
	}
	if _, lowers := lowered(bookName, legs, shards); lowers || op.GetPlace() != nil {
		return 0, false
	}
	return home(bookName, op.GetConditions()[0].GetAccount(), shards), true
}

// versioned is the shard of the first condition on a version.
func versioned(op *commandv1.Operation) (shard int, ok bool) {
	for _, c := range op.GetConditions() {
		if v := c.GetVersion(); v != nil {
			return shardOf(v), true
		}
	}
	return 0, false
}

// route is the shard that decides operations which are done all or none: that of the first,
// or the one that a condition on a version names. If they cannot be decided on one, it
// answers which of them fails, and why.
func route(bookName string, group []Operation, shards int) (shard, failed int, refusal *fault.Refusal) {
	shard = Route(bookName, group[0], shards)
	if unbound(group[0].Operation) {
		for _, op := range group {
			if to, ok := versioned(op.Operation); ok {
				shard = to
				break
			}
		}
	}
	if shard < 0 || shard >= shards {
		return 0, 0, noShard(group[0])
	}
	for i, op := range group {
		for n, c := range op.GetConditions() {
			if v := c.GetVersion(); v != nil && int64(v.GetShard()) != int64(shard) {
				return 0, i, fault.Refuse(fault.Malformed, fmt.Sprintf("conditions[%d].version.shard", n),
					"the operation is decided on shard %d, a version of shard %d says nothing there", shard, v.GetShard())
			}
		}
	}
	return shard, 0, nil
}

// noShard refuses an operation whose id, or whose condition, names a shard that does not exist.
func noShard(op Operation) *fault.Refusal {
	switch {
	case unbound(op.Operation):
		return fault.Refuse(fault.Malformed, "conditions", "a condition on a version names a shard that there is not")
	case op.GetReverse() != nil, op.GetCorrect() != nil:
		return fault.Refuse(fault.EntryUnknown, "entry", "there is no such shard")
	case op.GetCancel() != nil:
		return fault.Refuse(fault.NotFound, "scheduled", "there is no such shard")
	case op.GetVerdict() != nil:
		return fault.Refuse(fault.NotFound, "id", "there is no such shard")
	}
	return fault.Refuse(fault.HoldUnknown, "hold", "there is no such shard")
}

// lowered is the home of the first leg that lowers a floored account, if one does.
func lowered(bookName string, legs []*commandv1.Leg, shards int) (shard int, ok bool) {
	for _, l := range legs {
		name, refusal := book.ParseName("account", l.GetAccount())
		if refusal != nil {
			continue
		}
		t, _ := book.LookupType(name.Type)
		if t.Floored && l.GetDebit() != t.Class.DebitNormal() {
			return book.Home(bookName, name.Owner, shards), true
		}
	}
	return 0, false
}

func routeLegs(bookName string, legs []*commandv1.Leg, shards int) int {
	if shard, ok := lowered(bookName, legs, shards); ok {
		return shard
	}
	if len(legs) == 0 {
		return 0
	}
	return home(bookName, legs[0].GetAccount(), shards)
}

// home is the home of an account by its name; a name that is none goes anywhere,
// to be refused there.
func home(bookName, account string, shards int) int {
	name, refusal := book.ParseName("account", account)
	if refusal != nil {
		return 0
	}
	return book.Home(bookName, name.Owner, shards)
}
