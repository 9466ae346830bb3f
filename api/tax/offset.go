package tax

import (
	"context"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
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
// twice, and one of which something is owed. Nobody expects that nothing is offset or repaid, but of a
// run that has done it.
func (c *collecting) twice(ctx context.Context, req *taxv1.RemitRequest) (offset, repay *named, err error) {
	for _, of := range []struct {
		field, id, none string
		sign            int
		into            **named
	}{
		{stepOffset, req.GetOffset(), "nothing is left of what was paid twice", 1, &offset},
		{stepRepay, req.GetRepay(), "the budget has given back nothing too much", -1, &repay},
	} {
		n, err := c.named(ctx, c.book, of.field, of.id)
		if n == nil || err != nil {
			if err != nil {
				return nil, nil, err
			}
			continue
		}
		made, _, err := c.made(ctx, of.field)
		if err != nil {
			return nil, nil, err
		}
		if made == nil && n.left.Sign() != of.sign {
			return nil, nil, fault.Refuse(fault.OverpaidExceeded, of.field, "%s", of.none).With("left", money.RUB.Format(n.left))
		}
		*of.into = n
	}
	return offset, repay, nil
}

// offset pays as much of the pool as there is by what the budget has twice. Two runs at once
// are told apart by what is left of the order and by the pool: neither is taken below zero.
func (c *collecting) offset(ctx context.Context, id string) (string, error) {
	return c.settle(ctx, stepOffset, id, func(o *gate.Change, left money.Amount) (money.Amount, error) {
		pool, err := c.pool(ctx, c.book, c.period)
		sum := money.Min(left, pool)
		o.Event = remittance.Offset
		o.Say(&flowv1.RemittanceOffset{Period: c.period.ID, Amount: money.RUB.Format(sum)})
		return sum, err
	})
}

// repay puts into the pool what the budget has given back too much: the order of the pool pays it.
func (c *collecting) repay(ctx context.Context, id string) (string, error) {
	return c.settle(ctx, stepRepay, id, func(o *gate.Change, left money.Amount) (money.Amount, error) {
		o.Event = remittance.Repay
		o.Say(&flowv1.RemittanceRepay{Period: c.period.ID, Amount: money.RUB.Format(left.Neg())})
		return left.Neg(), nil
	})
}

// settle sends a command to an order, of a sum that is made of what is left of it; nothing when
// there is none. What the run has had settled already is said again.
func (c *collecting) settle(ctx context.Context, field, id string, say func(*gate.Change, money.Amount) (money.Amount, error)) (string, error) {
	if id == "" {
		return "", nil
	}
	rec, err := c.step(ctx, field, field, func() (*gate.Change, error) {
		n, err := c.named(ctx, c.book, field, id)
		if err != nil {
			return nil, err
		}
		o := &gate.Change{Flow: remittance.Name, ID: n.ID, Owner: n.Owner}
		sum, err := say(o, n.left)
		if err != nil || sum.Sign() <= 0 {
			return nil, err
		}
		return o, nil
	})
	sum := money.New(0, money.RUB.Scale)
	if rec != nil && err == nil {
		sum, err = c.settled(rec, id)
	}
	return money.RUB.Format(sum), err
}

// settled is the sum that a step of this run has taken off an order, or put on it.
func (c *collecting) settled(rec *journalv1.Record, id string) (money.Amount, error) {
	d := new(flowv1.RemittanceData)
	if err := gate.FromRecord(rec).Read(d); err != nil {
		return money.Zero, err
	}
	given := d.GetGiven()
	if rec.GetMove().GetId() != id || len(given) == 0 || given[len(given)-1].GetPeriod() != c.period.ID {
		return money.Zero, fault.Refuse(fault.KeyReused, "key", "the key belongs to another request: it settled %s", rec.GetMove().GetId()).With("key", rec.GetKey())
	}
	sum := sumOf(given[len(given)-1].GetAmount()) // the command has put it there
	return money.Max(sum, sum.Neg()), nil
}
