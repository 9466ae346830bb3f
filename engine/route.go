package engine

import (
	"math"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// Operation is one operation of a request.
type Operation struct{ *commandv1.Operation }

// Route is the shard that decides an operation. A post, or an exchange, goes to the home of the
// first leg, in the request's order, that lowers a floored account, else of the
// first leg; a hold, and a change of an account, to the home of the account; a change of
// the periods to the one home that they have in the book; what names
// a hold or an entry to the shard in its id; a flow's command to the home of the owner
// that was stamped when the aggregate was made. Nothing is looked up.
func Route(bookName string, op Operation, shards int) int {
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

func routeLegs(bookName string, legs []*commandv1.Leg, shards int) int {
	for _, l := range legs {
		name, refusal := book.ParseName("account", l.GetAccount())
		if refusal != nil {
			continue
		}
		t, _ := book.LookupType(name.Type)
		if t.Floored && l.GetDebit() != t.Class.DebitNormal() {
			return book.Home(bookName, name.Owner, shards)
		}
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
