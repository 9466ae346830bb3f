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
	h := &Hold{Place: Place{p.GetAccount(), p.GetAsset()}, State: "placed", Amount: n, Left: n, Late: new(big.Int)}
	if p.GetExpiresMs() > 0 {
		h.ExpiresUS = now.US + p.GetExpiresMs()*1000
	}
	m.add(m.Held, h.Place, n)
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
	over := new(big.Int)
	if s.GetOverLimit() != "" {
		var ok bool
		if over, ok = Units(h.Place.Asset, s.GetOverLimit()); !ok || over.Sign() <= 0 {
			return "amount_invalid"
		}
	}
	credits, code := readLegs(s.GetCredits())
	switch {
	case code != "":
		return code
	case h.State != "placed":
		return "hold_not_open"
	case n.Cmp(new(big.Int).Add(h.Left, over)) > 0:
		return "hold_exceeded"
	}
	given := n
	if s.GetFinal() || n.Cmp(h.Left) > 0 {
		given = h.Left
	}
	m.give(h, given, "settled")
	return m.pay(h, n, s.GetKind(), credits, now, 1) // the first leg of the record gives the held sum back
}

// pay books what a hold's account pays.
func (m *Model) pay(h *Hold, n *big.Int, kind string, credits []Leg, now Now, first int) string {
	legs := append([]Leg{{Place: h.Place, Debit: !rowOf(h.Place.Account).debitNormal, Amount: n, Reversed: new(big.Int)}}, credits...)
	for i := range legs {
		legs[i].At = i + first
	}
	if code := wrong(kind, legs); code != "" {
		return code
	}
	if besides(legs) {
		return "purpose_mixed"
	}
	m.book(legs)
	m.Entries[now.Seq] = &Entry{Kind: kind, Legs: legs}
	return ""
}

func settleLate(m *Model, op *commandv1.Operation, now Now) string {
	s := op.GetSettleLate()
	h := m.Holds[s.GetPlacedSeq()]
	if h == nil {
		return "hold_unknown"
	}
	n, ok := Units(h.Place.Asset, s.GetAmount())
	if !ok || n.Sign() <= 0 {
		return "amount_invalid"
	}
	credits, code := readLegs(s.GetCredits())
	switch {
	case code != "":
		return code
	case h.State == "placed" || h.State == "settled":
		return "wrong_state"
	case n.Cmp(h.Late) > 0:
		return "hold_exceeded"
	}
	h.Late = new(big.Int).Sub(h.Late, n)
	return m.pay(h, n, s.GetKind(), credits, now, 0)
}

func resize(m *Model, op *commandv1.Operation, _ Now) string {
	r := op.GetResize()
	h := m.Holds[r.GetPlacedSeq()]
	text, sign := r.GetIncrease(), int64(1)
	if text == "" {
		text, sign = r.GetDecrease(), -1
	}
	switch {
	case h == nil:
		return "hold_unknown"
	case (r.GetIncrease() == "") == (r.GetDecrease() == ""):
		return "malformed"
	}
	n, ok := Units(h.Place.Asset, text)
	switch {
	case !ok || n.Sign() <= 0:
		return "amount_invalid"
	case h.State != "placed":
		return "hold_not_open"
	case sign < 0 && n.Cmp(h.Left) > 0:
		return "hold_exceeded"
	case sign < 0 && n.Cmp(h.Left) == 0:
		return m.Release(r.GetPlacedSeq(), "voided")
	}
	n = new(big.Int).Mul(n, big.NewInt(sign))
	h.Amount, h.Left = new(big.Int).Add(h.Amount, n), new(big.Int).Add(h.Left, n)
	m.add(m.Held, h.Place, n)
	return ""
}

// give takes a sum out of a hold; one of which nothing is left is over.
func (m *Model) give(h *Hold, n *big.Int, over string) {
	m.add(m.Held, h.Place, new(big.Int).Neg(n))
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
	h.Late = h.Left
	m.give(h, h.Left, to)
	return ""
}
