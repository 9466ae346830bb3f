package booktest

import (
	"math/big"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

func reverse(m *Model, op *commandv1.Operation, now Now) string {
	return m.reverse(op.GetReverse(), now)
}

// correct is a reversal of all that is left and a post, whose floors are looked at once.
func correct(m *Model, op *commandv1.Operation, now Now) string {
	c := op.GetCorrect()
	if code := m.reverse(&commandv1.Reverse{Seq: c.GetSeq()}, now); code != "" {
		return code
	}
	back := 0
	for _, l := range m.Entries[now.Seq].Legs {
		back = max(back, l.At)
	}
	if code := post(m, &commandv1.Operation{What: &commandv1.Operation_Post{Post: c.GetPost()}}, now); code != "" {
		return code
	}
	e := m.Entries[now.Seq]
	for i := range e.Legs {
		e.Legs[i].At = back + 1 + i
	}
	return ""
}

func (m *Model) reverse(r *commandv1.Reverse, now Now) string {
	e := m.Entries[r.GetSeq()]
	if e == nil {
		return "entry_unknown"
	}
	amounts, code := m.asked(e, r)
	if code != "" {
		return code
	}
	if code := closed(e); code != "" {
		return code
	}
	var given, back []Leg
	for i := range e.Legs {
		l := &e.Legs[i]
		n := amounts[i]
		if n == nil || n.Sign() == 0 {
			continue
		}
		if n.Cmp(left(*l)) > 0 {
			return "reversal_exceeded"
		}
		l.Reversed = new(big.Int).Add(l.Reversed, n)
		given = append(given, Leg{Place: l.Place, Debit: l.Debit, Amount: n})
		back = append(back, Leg{At: len(back), Place: l.Place, Debit: !l.Debit, Amount: n, Reversed: new(big.Int)})
	}
	if len(given) == 0 {
		return "amount_invalid"
	}
	if code := wrong(e.Kind, given); code != "" {
		return code
	}
	m.book(back)
	m.Entries[now.Seq] = &Entry{Kind: "reversal", Reversal: true, Legs: back}
	return ""
}

func left(l Leg) *big.Int { return new(big.Int).Sub(l.Amount, l.Reversed) }

func closed(e *Entry) string {
	if e.Reversal {
		return "entry_not_reversible"
	}
	for _, l := range e.Legs {
		if left(l).Sign() > 0 {
			return ""
		}
	}
	return "reversal_exceeded"
}

// asked reads how much of each leg is asked for.
func (m *Model) asked(e *Entry, r *commandv1.Reverse) ([]*big.Int, string) {
	find := func(at uint32) int {
		for i, l := range e.Legs {
			if !e.Reversal && l.At == int(at) {
				return i
			}
		}
		return -1
	}
	out := make([]*big.Int, len(e.Legs))
	switch {
	case r.GetPart() != "":
		part, ok := new(big.Rat).SetString(r.GetPart())
		if !ok || part.Sign() <= 0 || part.Cmp(big.NewRat(1, 1)) > 0 {
			return nil, "amount_invalid"
		}
		return share(e, part)
	case r.GetByLeg() != nil:
		i := find(r.GetByLeg().GetLeg())
		if i < 0 {
			return nil, "malformed"
		}
		n, ok := Units(e.Legs[i].Place.Asset, r.GetByLeg().GetAmount())
		if !ok || n.Sign() <= 0 {
			return nil, "amount_invalid"
		}
		return share(e, new(big.Rat).SetFrac(n, e.Legs[i].Amount))
	case len(r.GetLegs()) > 0 && e.Exchange:
		return nil, "entry_not_reversible"
	case len(r.GetLegs()) > 0:
		for _, l := range r.GetLegs() {
			i := find(l.GetLeg())
			if i < 0 {
				return nil, "malformed"
			}
			n, ok := Units(e.Legs[i].Place.Asset, l.GetAmount())
			if !ok || n.Sign() <= 0 {
				return nil, "amount_invalid"
			}
			if out[i] != nil {
				return nil, "malformed"
			}
			out[i] = n
		}
		return out, ""
	}
	for i, l := range e.Legs {
		out[i] = left(l)
	}
	return out, ""
}

// share gives units out one by one: first to every leg those that are wholly its own,
// then one at a time to whoever lacks most of its exact share.
func share(e *Entry, part *big.Rat) ([]*big.Int, string) {
	if code := closed(e); code != "" {
		return nil, code
	}
	out := make([]*big.Int, len(e.Legs))
	type pile struct {
		asset string
		debit bool
	}
	wholes := map[pile]*big.Int{}
	for i, l := range e.Legs {
		p := pile{l.Place.Asset, l.Debit}
		if wholes[p] == nil {
			wholes[p] = new(big.Int)
		}
		wholes[p].Add(wholes[p], l.Amount)
		out[i] = floor(exact(l, part))
		if out[i].Cmp(left(l)) > 0 {
			out[i] = left(l)
		}
	}
	one := big.NewInt(1)
	for p, whole := range wholes {
		missing := floor(new(big.Rat).Mul(new(big.Rat).SetInt(whole), part))
		for i, l := range e.Legs {
			if (pile{l.Place.Asset, l.Debit}) == p {
				missing.Sub(missing, out[i])
			}
		}
		for ; missing.Sign() > 0; missing.Sub(missing, one) {
			best, most := -1, new(big.Rat)
			for i, l := range e.Legs {
				lacks := new(big.Rat).Sub(exact(l, part), new(big.Rat).SetInt(out[i]))
				if (pile{l.Place.Asset, l.Debit}) == p && out[i].Cmp(left(l)) < 0 && lacks.Cmp(most) > 0 {
					best, most = i, lacks
				}
			}
			if best < 0 {
				return nil, "reversal_exceeded"
			}
			out[best] = new(big.Int).Add(out[best], one)
		}
	}
	return out, ""
}

func exact(l Leg, part *big.Rat) *big.Rat {
	return new(big.Rat).Mul(new(big.Rat).SetInt(l.Amount), part)
}

func floor(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) }
