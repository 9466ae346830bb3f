package tax

import (
	"context"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// named is the order that Remit names, and what is left of what it was paid twice; below zero the
// budget has given back too much.
type named struct {
	gate.Aggregate
	left money.Amount
}

// named reads the order that a field of Remit names; nil when it names none.
func (s *Service) named(ctx context.Context, bookName, field, id string) (*named, error) {
	if id == "" {
		return nil, nil
	}
	a, err := s.Must(ctx, bookName, remittance.Name, field, id)
	if err != nil {
		return nil, err
	}
	d := new(flowv1.RemittanceData)
	err = a.Read(d)
	return &named{a, sumOf(d.GetOverpaid())}, err
}

// twice reads the orders that Remit names: one of which something is left of what it was paid
// twice, and one of which something is owed. Nobody expects that nothing is offset or repaid.
func (s *Service) twice(ctx context.Context, req *taxv1.RemitRequest) (offset, repay *named, err error) {
	if offset, err = s.named(ctx, req.GetBook(), "offset", req.GetOffset()); err != nil {
		return nil, nil, err
	}
	if repay, err = s.named(ctx, req.GetBook(), "repay", req.GetRepay()); err != nil {
		return nil, nil, err
	}
	switch {
	case offset != nil && offset.left.Sign() <= 0:
		err = fault.Refuse(fault.OverpaidExceeded, "offset", "nothing is left of what was paid twice").With("left", money.RUB.Format(offset.left))
	case repay != nil && repay.left.Sign() >= 0:
		err = fault.Refuse(fault.OverpaidExceeded, "repay", "the budget has given back nothing too much").With("left", money.RUB.Format(repay.left))
	}
	return offset, repay, err
}

// offset pays as much of the pool as there is by what the budget has twice. Two runs at once
// are told apart by what is left of the order and by the pool: neither is taken below zero.
func (c *collecting) offset(ctx context.Context, id string) (string, error) {
	return c.settle(ctx, "offset", id, func(o *gate.Change, left money.Amount) (money.Amount, error) {
		pool, err := c.pool(ctx, c.book, c.period)
		sum := money.Min(left, pool)
		o.Event = remittance.Offset
		o.Say(&flowv1.RemittanceOffset{Period: c.period.ID, Amount: money.RUB.Format(sum)})
		return sum, err
	})
}

// repay puts into the pool what the budget has given back too much: the order of the pool pays it.
func (c *collecting) repay(ctx context.Context, id string) (string, error) {
	return c.settle(ctx, "repay", id, func(o *gate.Change, left money.Amount) (money.Amount, error) {
		o.Event = remittance.Repay
		o.Say(&flowv1.RemittanceRepay{Period: c.period.ID, Amount: money.RUB.Format(left.Neg())})
		return left.Neg(), nil
	})
}

// settle sends a command to an order, of a sum that is made of what is left of it; nothing when
// there is none.
func (c *collecting) settle(ctx context.Context, field, id string, say func(*gate.Change, money.Amount) (money.Amount, error)) (string, error) {
	for range orderRounds {
		n, err := c.named(ctx, c.book, field, id)
		if n == nil || err != nil {
			return "", err
		}
		o := &gate.Change{Key: gate.NewID(), Flow: remittance.Name, ID: n.ID, Owner: n.Owner}
		sum, err := say(o, n.left)
		if err != nil || sum.Sign() <= 0 {
			return money.RUB.Format(money.New(0, money.RUB.Scale)), err
		}
		outcome := c.SubmitChanges(ctx, c.book, false, []*gate.Change{o})[0]
		switch r := outcome.Refusal; {
		case r == nil:
			c.position.See(int(outcome.Record.GetShard()), outcome.Record.GetSeq())
			return money.RUB.Format(sum), nil
		case r.Code != fault.OverpaidExceeded && r.Code != fault.InsufficientFunds:
			return "", gate.IDField(r, field)
		}
	}
	return "", fault.Refuse(fault.Unavailable, "", "others order the same period; ask again")
}
