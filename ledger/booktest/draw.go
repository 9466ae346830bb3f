package booktest

import (
	"maps"
	"math"
	"math/big"
	"slices"

	"pgregory.net/rapid"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

// Draws make random operations by the names of their verbs: mostly such as may be done,
// sometimes such as may not.
var Draws = map[string]func(t *rapid.T, m *Model) *commandv1.Operation{
	"post": drawPost, "place": drawPlace, "settle": drawSettle, "void": drawVoid,
	"resize": drawResize, "settle_late": drawSettleLate, "reverse": drawReverse, "correct": drawCorrect,
	"exchange": drawExchange,
}

// Draw makes a random operation on the book.
func Draw(t *rapid.T, m *Model) *commandv1.Operation {
	op := Draws[rapid.SampledFrom(slices.Sorted(maps.Keys(Draws))).Draw(t, "verb")](t, m)
	drawConditions(t, m, op)
	return op
}

// accounts are few, so that operations meet.
var accounts = []string{"bank:main", "wallet:a", "wallet:b", "wallet:c", "revenue:fee"}

func drawAccount(t *rapid.T, from []string, label string) string {
	return rapid.SampledFrom(from).Draw(t, label)
}

func drawSum(t *rapid.T) *big.Int {
	return big.NewInt(rapid.OneOf(rapid.Int64Range(1, 9), rapid.Int64Range(1, 30_000)).Draw(t, "sum"))
}

// drawUpTo draws one unit or more, at most the given and at most what an int64 holds.
func drawUpTo(t *rapid.T, most *big.Int, label string) *big.Int {
	n := int64(math.MaxInt64)
	if most.IsInt64() {
		n = most.Int64()
	}
	return big.NewInt(rapid.Int64Range(1, n).Draw(t, label))
}

func leg(account string, debit bool, n *big.Int) *commandv1.Leg {
	return &commandv1.Leg{Account: account, Asset: "RUB", Debit: debit, Amount: Text("RUB", n), Open: true}
}

// drawEntry is an entry of up to five legs on each side; now and then it does not balance.
func drawEntry(t *rapid.T) *commandv1.Post {
	p := &commandv1.Post{Kind: rapid.SampledFrom([]string{"topup", "commission", "transfer"}).Draw(t, "kind"), Metadata: map[string]string{"a": "b"}}
	total := new(big.Int)
	from := accounts[:4]
	if p.GetKind() == "topup" {
		from = accounts[:1]
	}
	for range rapid.IntRange(1, 5).Draw(t, "debits") {
		n := drawSum(t)
		total.Add(total, n)
		p.Legs = append(p.Legs, leg(drawAccount(t, from, "from"), true, n))
	}
	for i := rapid.IntRange(0, 4).Draw(t, "credits"); i > 0 && total.Cmp(big.NewInt(2)) >= 0; i-- {
		n := big.NewInt(rapid.Int64Range(1, total.Int64()-1).Draw(t, "part"))
		total.Sub(total, n)
		p.Legs = append(p.Legs, leg(drawAccount(t, accounts, "to"), false, n))
	}
	if rapid.IntRange(0, 19).Draw(t, "crooked") == 0 {
		total.Add(total, big.NewInt(1))
	}
	p.Legs = append(p.Legs, leg(drawAccount(t, accounts, "to"), false, total))
	return p
}

func drawPost(t *rapid.T, _ *Model) *commandv1.Operation {
	if rapid.IntRange(0, 9).Draw(t, "to a position") == 0 {
		n := drawSum(t)
		from := rapid.SampledFrom([]string{"wallet:a", "revenue:fee"}).Draw(t, "whose")
		return &commandv1.Operation{What: &commandv1.Operation_Post{Post: &commandv1.Post{
			Kind: "result", Legs: []*commandv1.Leg{leg(from, true, n), leg("fx:rub-usd", false, n)},
		}}}
	}
	return &commandv1.Operation{What: &commandv1.Operation_Post{Post: drawEntry(t)}}
}

func drawPlace(t *rapid.T, _ *Model) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Place{Place: &commandv1.Place{
		Account: drawAccount(t, accounts[1:4], "held"), Asset: "RUB", Amount: Text("RUB", drawSum(t)), Open: true,
	}}}
}

// drawSeq picks a key of a map, sometimes one that is not there.
func drawSeq[V any](t *rapid.T, m map[uint64]V) uint64 {
	if len(m) == 0 || rapid.IntRange(0, 19).Draw(t, "unknown") == 0 {
		return 1 << 40
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(m))).Draw(t, "seq")
}

func drawSettle(t *rapid.T, m *Model) *commandv1.Operation {
	s := &commandv1.Settle{PlacedSeq: drawSeq(t, m.Holds), Kind: "commission", Final: rapid.Bool().Draw(t, "final")}
	n := drawSum(t)
	if h := m.Holds[s.GetPlacedSeq()]; h != nil && h.Left.Sign() > 0 && rapid.Bool().Draw(t, "within") {
		n = drawUpTo(t, h.Left, "part")
	}
	if rapid.Bool().Draw(t, "over") {
		more := drawSum(t)
		s.OverLimit = Text("RUB", more)
		if h := m.Holds[s.GetPlacedSeq()]; h != nil && rapid.Bool().Draw(t, "wholly") {
			n = new(big.Int).Add(h.Left, more)
		}
	}
	s.Amount = Text("RUB", n)
	s.Credits = drawCredits(t, n)
	return &commandv1.Operation{What: &commandv1.Operation_Settle{Settle: s}}
}

// drawCredits are one leg or two that receive a sum.
func drawCredits(t *rapid.T, n *big.Int) []*commandv1.Leg {
	var credits []*commandv1.Leg
	rest := n
	if n.Cmp(big.NewInt(1)) > 0 && rapid.Bool().Draw(t, "two") {
		rest = big.NewInt(rapid.Int64Range(1, n.Int64()-1).Draw(t, "to the second"))
		credits = append(credits, leg("wallet:c", false, new(big.Int).Sub(n, rest)))
	}
	return append(credits, leg(drawAccount(t, accounts, "to"), false, rest))
}

func drawSettleLate(t *rapid.T, m *Model) *commandv1.Operation {
	s := &commandv1.SettleLate{PlacedSeq: drawSeq(t, m.Holds), Kind: "commission"}
	n := drawSum(t)
	if h := m.Holds[s.GetPlacedSeq()]; h != nil && h.Late.Sign() > 0 && rapid.Bool().Draw(t, "within") {
		n = drawUpTo(t, h.Late, "part")
	}
	s.Amount, s.Credits = Text("RUB", n), drawCredits(t, n)
	return &commandv1.Operation{What: &commandv1.Operation_SettleLate{SettleLate: s}}
}

func drawResize(t *rapid.T, m *Model) *commandv1.Operation {
	r := &commandv1.Resize{PlacedSeq: drawSeq(t, m.Holds)}
	n := drawSum(t)
	if h := m.Holds[r.GetPlacedSeq()]; h != nil && h.Left.Sign() > 0 && rapid.Bool().Draw(t, "within") {
		n = drawUpTo(t, h.Left, "part")
	}
	if rapid.Bool().Draw(t, "more") {
		r.Increase = Text("RUB", n)
	} else {
		r.Decrease = Text("RUB", n)
	}
	return &commandv1.Operation{What: &commandv1.Operation_Resize{Resize: r}}
}

func drawVoid(t *rapid.T, m *Model) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Void{Void: &commandv1.Void{PlacedSeq: drawSeq(t, m.Holds)}}}
}

// drawReverse gives entries back wholly, by a part, in proportion to a leg or by amounts.
func drawReverse(t *rapid.T, m *Model) *commandv1.Operation {
	r := &commandv1.Reverse{Seq: drawSeq(t, m.Entries)}
	var legs []Leg
	if e := m.Entries[r.GetSeq()]; e != nil {
		legs = e.Legs
	}
	pick := func(l Leg) *commandv1.LegAmount {
		n := drawUpTo(t, new(big.Int).Add(l.Amount, big.NewInt(1)), "of the leg")
		return &commandv1.LegAmount{Leg: uint32(l.At), Amount: Text(l.Place.Asset, n)}
	}
	switch how := rapid.IntRange(0, 9).Draw(t, "how"); {
	case how < 4:
		r.Part = rapid.SampledFrom([]string{"0.5", "0.25", "0.333333", "0.1", "0.01", "1", "0.9", "0", "1.01"}).Draw(t, "part")
	case how < 6 && len(legs) > 0:
		r.ByLeg = pick(rapid.SampledFrom(legs).Draw(t, "leg"))
	case how < 8 && len(legs) > 1:
		n := big.NewInt(rapid.Int64Range(1, 9).Draw(t, "small"))
		for _, debit := range []bool{true, false} {
			if i := slices.IndexFunc(legs, func(l Leg) bool { return l.Debit == debit }); i >= 0 {
				r.Legs = append(r.Legs, &commandv1.LegAmount{Leg: uint32(legs[i].At), Amount: Text(legs[i].Place.Asset, n)})
			}
		}
		switch rapid.IntRange(0, 5).Draw(t, "crooked") {
		case 0:
			r.Legs = append(r.Legs, pick(legs[0]))
		case 1:
			r.Legs = r.Legs[:1]
		}
	}
	return &commandv1.Operation{What: &commandv1.Operation_Reverse{Reverse: r}}
}

func drawCorrect(t *rapid.T, m *Model) *commandv1.Operation {
	return &commandv1.Operation{What: &commandv1.Operation_Correct{Correct: &commandv1.Correct{
		Seq: drawSeq(t, m.Entries), Post: drawEntry(t),
	}}}
}
