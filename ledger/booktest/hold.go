package booktest

import (
	"math/big"

	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
)

func place(m *Model, op *commandv1.Operation, now Now) string {
	p := op.GetPlace()
	n, ok := Units(p.GetAsset(), p.GetAmount())
	if !ok || n.Sign() <= 0 {
		return "amount_invalid"
	}
	h := &Hold{Place: Place{p.GetAccount(), p.GetAsset()}, State: "placed", Amount: n, Left: n}
	if p.GetExpiresMs() > 0 {
		h.ExpiresUS = now.US + p.GetExpiresMs()*1000
	}
	add(m.Held, h.Place, n)
	m.Holds[now.Seq] = h
	return ""
}

func settle(m *Model, op *commandv1.Operation, now Now) string {
	s := op.GetSettle()
	h := m.Holds[s.GetPlacedSeq()]
	if h == nil {
		return "hold_unknown"
	}
	n := h.Left
	if s.GetAmount() != "" {
		var ok bool
		if n, ok = Units(h.Place.Asset, s.GetAmount()); !ok || n.Sign() <= 0 {
			return "amount_invalid"
		}
	}
	credits, code := readLegs(s.GetCredits())
	switch {
	case code != "":
		return code
	case h.State != "placed":
		return "hold_not_open"
	case n.Cmp(h.Left) > 0:
		return "hold_exceeded"
	}
	legs := []Leg{{Place: h.Place, Debit: !rowOf(h.Place.Account).debitNormal, Amount: n, Reversed: new(big.Int)}}
	legs = append(legs, credits...)
	for i := range legs {
		legs[i].At = i + 1 // the first leg of the record gives the held sum back
	}
	if code := wrong(s.GetKind(), legs); code != "" {
		return code
	}
	given := n
	if s.GetFinal() {
		given = h.Left
	}
	m.give(h, given, "settled")
	m.book(legs)
	m.Entries[now.Seq] = &Entry{Kind: s.GetKind(), Legs: legs}
	return ""
}

// give takes a sum out of a hold; one of which nothing is left is over.
func (m *Model) give(h *Hold, n *big.Int, over string) {
	add(m.Held, h.Place, new(big.Int).Neg(n))
	h.Left = new(big.Int).Sub(h.Left, n)
	if h.Left.Sign() == 0 {
		h.State = over
	}
}

func void(m *Model, op *commandv1.Operation, _ Now) string {
	return m.Release(op.GetVoid().GetPlacedSeq(), "voided")
}

// Release gives back what is left of a hold.
func (m *Model) Release(seq uint64, to string) string {
	h := m.Holds[seq]
	switch {
	case h == nil:
		return "hold_unknown"
	case h.State != "placed":
		return "hold_not_open"
	}
	m.give(h, h.Left, to)
	return ""
}
