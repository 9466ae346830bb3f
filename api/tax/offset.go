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

// overpaid is what is left of the order that Remit names as paid twice, zero when it names
// none. An order of which nothing is left is refused: nobody expects to pay the whole.
func (s *Service) overpaid(ctx context.Context, req *taxv1.RemitRequest) (money.Amount, error) {
	if req.GetOffset() == "" {
		return money.Zero, nil
	}
	left, _, err := s.leftOf(ctx, req)
	if err == nil && left.Sign() <= 0 {
		err = fault.Refuse(fault.OverpaidExceeded, "offset", "nothing is left of what was paid twice").With("left", money.RUB.Format(left))
	}
	return left, err
}

// leftOf reads the order that Remit names as paid twice.
func (s *Service) leftOf(ctx context.Context, req *taxv1.RemitRequest) (money.Amount, gate.Aggregate, error) {
	a, err := s.Must(ctx, req.GetBook(), remittance.Name, "offset", req.GetOffset())
	if err != nil {
		return money.Zero, a, err
	}
	d := new(flowv1.RemittanceData)
	err = a.Read(d)
	return sumOf(d.GetOverpaid()), a, err
}

// offset pays as much of the pool as there is by what the budget has twice. Two runs at once
// are told apart by what is left of the order and by the pool: neither is taken below zero.
func (c *collecting) offset(ctx context.Context, req *taxv1.RemitRequest) (string, error) {
	for range orderRounds {
		left, a, err := c.leftOf(ctx, req)
		if err != nil {
			return "", err
		}
		pool, err := c.pool(ctx, c.book, c.period)
		sum := money.Min(left, pool)
		if err != nil || sum.Sign() <= 0 {
			return money.RUB.Format(money.New(0, money.RUB.Scale)), err
		}
		o := &gate.Change{Key: gate.NewID(), Flow: remittance.Name, ID: a.ID, Owner: a.Owner, Event: remittance.Offset}
		o.Say(&flowv1.RemittanceOffset{Period: c.period.ID, Amount: money.RUB.Format(sum)})
		outcome := c.SubmitChanges(ctx, c.book, false, []*gate.Change{o})[0]
		switch r := outcome.Refusal; {
		case r == nil:
			c.position.See(int(outcome.Record.GetShard()), outcome.Record.GetSeq())
			return money.RUB.Format(sum), nil
		case r.Code != fault.OverpaidExceeded && r.Code != fault.InsufficientFunds:
			return "", gate.IDField(r, "offset")
		}
	}
	return "", fault.Refuse(fault.Unavailable, "", "others order the same period; ask again")
}
