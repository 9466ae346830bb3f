package engine

import (
	"fmt"
	"testing"

	"github.com/provodka/provodka/ledger/book"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	const shards = 16
	owner := func(shard int) string {
		for i := 0; ; i++ {
			if o := fmt.Sprintf("o%d", i); book.Home("main", o, shards) == shard {
				return o
			}
		}
	}
	// One owner at each of four homes, so that a route tells whose it is.
	a, b, c, d := owner(3), owner(5), owner(7), owner(11)
	debit := func(account string) *commandv1.Leg { return &commandv1.Leg{Account: account, Debit: true} }
	credit := func(account string) *commandv1.Leg { return &commandv1.Leg{Account: account} }
	post := func(legs ...*commandv1.Leg) Operation {
		return Operation{Operation: &commandv1.Operation{What: &commandv1.Operation_Post{Post: &commandv1.Post{Legs: legs}}}}
	}
	for name, test := range map[string]struct {
		op   Operation
		want int
	}{
		"an account is opened at its home":           {op(&commandv1.Operation_Open{Open: &commandv1.Open{Account: "wallet:" + a}}), 3},
		"a hold lives at its account's home":         {op(&commandv1.Operation_Place{Place: &commandv1.Place{Account: "wallet:" + b + ":part"}}), 5},
		"a flow's command goes to the stamped owner": {op(&commandv1.Operation_Flow{Flow: &commandv1.Flow{Owner: c}}), 7},
		"a settlement goes to its hold's shard":      {op(&commandv1.Operation_Settle{Settle: &commandv1.Settle{Shard: 9}}), 9},
		"a changed hold stays on its shard":          {op(&commandv1.Operation_Resize{Resize: &commandv1.Resize{Shard: 2}}), 2},
		"a late settlement goes to its hold's shard": {op(&commandv1.Operation_SettleLate{SettleLate: &commandv1.SettleLate{Shard: 4}}), 4},
		"a void goes to its hold's shard":            {op(&commandv1.Operation_Void{Void: &commandv1.Void{Shard: 8}}), 8},
		"an exchange goes to the home of what it lowers": {op(&commandv1.Operation_Exchange{Exchange: &commandv1.Exchange{
			Sold: credit("bank:" + b), Bought: debit("wallet:" + a),
		}}), book.Home("main", a, shards)},
		"a reversal goes to its entry's shard":                   {op(&commandv1.Operation_Reverse{Reverse: &commandv1.Reverse{Shard: 6}}), 6},
		"a correction goes to its entry's shard":                 {op(&commandv1.Operation_Correct{Correct: &commandv1.Correct{Shard: 10}}), 10},
		"a shard that cannot be is none":                         {op(&commandv1.Operation_Void{Void: &commandv1.Void{Shard: 1 << 31}}), -1},
		"the first leg that lowers a floored account":            {post(debit("bank:"+a), credit("wallet:"+b), debit("wallet:"+c), debit("wallet:"+d)), 7},
		"a credit raises a liability and decides nothing":        {post(credit("wallet:"+b), debit("bank:"+a)), 5},
		"an unfloored account that is lowered decides nothing":   {post(debit("bank:"+a), credit("bank:"+b), debit("revenue:"+c)), 3},
		"without one, the first leg":                             {post(debit("bank:"+d), credit("wallet:"+a)), 11},
		"a leg with a wrong name is passed over":                 {post(debit("no such"), debit("wallet:"+b)), 5},
		"what names nothing goes somewhere to be refused":        {post(), 0},
		"a wrong name alone goes somewhere to be refused":        {post(debit("no such")), 0},
		"an operation that says nothing goes where it is said":   {Operation{Operation: &commandv1.Operation{}}, 0},
		"an account that cannot be opened goes to be refused":    {op(&commandv1.Operation_Open{Open: &commandv1.Open{Account: "x"}}), 0},
		"the order of legs is the request's, not that of owners": {post(debit("wallet:"+d), debit("wallet:"+a), credit("bank:"+b)), 11},
	} {
		if got := Route("main", test.op, shards); got != test.want {
			t.Errorf("%s: shard %d, want %d", name, got, test.want)
		}
	}
	if Route("main", post(debit("wallet:"+a)), 1) != 0 {
		t.Error("one shard is every route")
	}
}

// op wraps what an operation does.
func op(what any) Operation {
	o := &commandv1.Operation{}
	switch what := what.(type) {
	case *commandv1.Operation_Open:
		o.What = what
	case *commandv1.Operation_Place:
		o.What = what
	case *commandv1.Operation_Flow:
		o.What = what
	case *commandv1.Operation_Settle:
		o.What = what
	case *commandv1.Operation_Void:
		o.What = what
	case *commandv1.Operation_Resize:
		o.What = what
	case *commandv1.Operation_SettleLate:
		o.What = what
	case *commandv1.Operation_Reverse:
		o.What = what
	case *commandv1.Operation_Correct:
		o.What = what
	case *commandv1.Operation_Exchange:
		o.What = what
	default:
		panic(fmt.Sprintf("%T", what))
	}
	return Operation{Operation: o}
}
