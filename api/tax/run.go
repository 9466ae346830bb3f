package tax

import (
	"cmp"
	"context"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// Steps of Remit behind the collecting; the first two are the request's fields, too.
const (
	stepOffset = "offset"
	stepRepay  = "repay"
	stepOrder  = "order"
)

// Remit implements TaxService.
func (s *Service) Remit(ctx context.Context, req *taxv1.RemitRequest) (*taxv1.RemitResponse, error) {
	p, refusal := remittance.ParsePeriod("period", req.GetPeriod())
	if refusal == nil && s.Today() <= p.To {
		refusal = fault.Refuse(fault.Malformed, "period", "the period ends on %s, it is %s", p.To, s.Today())
	}
	if refusal != nil {
		return nil, refusal
	}
	c := &collecting{Service: s, book: req.GetBook(), period: p, sum: money.New(0, money.RUB.Scale), position: gate.Position{}}
	if req.GetDryRun() {
		return c.would(ctx, req)
	}
	run, err := s.NewRun(ctx, "Remit", req)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	answer := &taxv1.RemitResponse{}
	if over, err := run.Answered(answer); over || err != nil {
		answer.Replayed = true
		return answer, err
	}
	c.run = run
	if err := c.begins(ctx, req); err != nil {
		return nil, err
	}
	if err := run.Begin(ctx); err != nil {
		return nil, err
	}
	if err := c.all(ctx, req, answer); err != nil {
		return nil, err
	}
	return answer, run.End(ctx, answer)
}

// begins says whether the run is over, and refuses one that may not begin.
func (c *collecting) begins(ctx context.Context, req *taxv1.RemitRequest) error {
	ordered, _, err := c.made(ctx, stepOrder)
	if err != nil || ordered != nil {
		c.over = ordered != nil
		return err
	}
	no := c.may(ctx, req)
	if no == nil {
		return nil
	}
	// The order in its way may be its own: the same request runs at the same time.
	if ordered, _, err = c.made(ctx, stepOrder); err != nil || ordered != nil {
		c.over = ordered != nil
		return err
	}
	return no
}

// may refuses what would not end well, before anything is done.
func (c *collecting) may(ctx context.Context, req *taxv1.RemitRequest) error {
	orders, err := c.orders(ctx, c.book, c.period)
	if err != nil {
		return err
	}
	if refusal := unpaid(orders); refusal != nil {
		return refusal
	}
	_, _, err = c.twice(ctx, req)
	return err
}

// would says what a run would do.
func (c *collecting) would(ctx context.Context, req *taxv1.RemitRequest) (*taxv1.RemitResponse, error) {
	orders, err := c.orders(ctx, c.book, c.period)
	if err != nil {
		return nil, err
	}
	if refusal := unpaid(orders); refusal != nil {
		return nil, refusal
	}
	offset, repay, err := c.twice(ctx, req)
	if err != nil {
		return nil, err
	}
	persons, due, err := c.due(ctx, c.book, c.period, map[string]money.Amount{})
	if err != nil {
		return nil, err
	}
	pool, err := c.pool(ctx, c.book, c.period)
	answer, order := &taxv1.RemitResponse{Persons: persons, Collected: money.RUB.Format(due)}, due.Add(pool)
	if offset != nil {
		by := money.Min(offset.left, order)
		answer.Offset, order = money.RUB.Format(by), order.Sub(by)
	}
	if repay != nil {
		answer.Repaid, order = money.RUB.Format(repay.left.Neg()), order.Sub(repay.left)
	}
	answer.WouldOrder = money.RUB.Format(order)
	return answer, err
}

// all takes the steps of a run that have not been taken. Once the order is made the run is over: what was
// not done before it is not done any more.
func (c *collecting) all(ctx context.Context, req *taxv1.RemitRequest, answer *taxv1.RemitResponse) error {
	if !c.over {
		if err := c.eachTaxAccount(ctx, c.book, c.period, "", nextDay(c.period.To), c.add); err != nil {
			return err
		}
		if err := c.flush(ctx); err != nil {
			return err
		}
	}
	answer.Persons, answer.Collected, answer.Refused, answer.RefusedPersons = c.persons, money.RUB.Format(c.sum), c.refused, c.refusedPersons
	var err error
	if answer.Offset, err = c.offset(ctx, req.GetOffset()); err != nil {
		return err
	}
	if answer.Repaid, err = c.repay(ctx, req.GetRepay()); err != nil {
		return err
	}
	if answer.Remittance, err = c.order(ctx); err != nil {
		return err
	}
	answer.Position = c.position.String()
	return nil
}

// made is what a step of the run has made, nil while it has made nothing, and the try that comes next:
// those before it were refused.
func (c *collecting) made(ctx context.Context, step string) (*journalv1.Record, int, error) {
	if c.run == nil { // a dry run
		return nil, 1, nil
	}
	for try := 1; ; try++ {
		rec, err := c.run.Made(ctx, c.run.Step(step, try))
		if rec == nil || err != nil {
			return nil, try, err
		}
		if rec.GetRefusal() == nil {
			return rec, try, nil
		}
	}
}

// step makes one command of the run, once, under keys of the run: one for each try that others were faster
// than. It gives the record of the command, also of one that was made before; nil when say finds nothing to do.
func (c *collecting) step(ctx context.Context, name, field string, say func() (*gate.Change, error)) (*journalv1.Record, error) {
	for range orderRounds {
		rec, try, err := c.made(ctx, name)
		if err != nil {
			return nil, err
		}
		if rec == nil && !c.over {
			o, no := say()
			if o == nil { // nothing to do; or the same request, at the same time, has done it since
				if rec, _, err = c.made(ctx, name); rec == nil {
					return nil, cmp.Or(err, no)
				}
				return c.took(rec), nil
			}
			o.Key = c.run.Step(name, try)
			outcome := c.SubmitChanges(ctx, c.book, false, []*gate.Change{o})[0]
			switch r := outcome.Refusal; {
			case r == nil:
				rec = outcome.Record
			case r.Code == fault.KeyReused: // the same request runs at the same time
				continue
			case r.Code != fault.OverpaidExceeded && r.Code != fault.InsufficientFunds && r.Code != fault.AlreadyExists:
				return nil, gate.IDField(r, field)
			default:
				continue
			}
		}
		return c.took(rec), nil
	}
	return nil, fault.Refuse(fault.Unavailable, "", "others order the same period; ask again")
}

// took notes how far the run has come.
func (c *collecting) took(rec *journalv1.Record) *journalv1.Record {
	if rec != nil {
		c.position.See(int(rec.GetShard()), rec.GetSeq())
	}
	return rec
}

// order orders what the pool has; nil when it has nothing. Two that order at once are told
// apart by the order's id, and by the pool, which is never taken below zero.
func (c *collecting) order(ctx context.Context) (*taxv1.Remittance, error) {
	rec, err := c.step(ctx, stepOrder, "period", func() (*gate.Change, error) {
		sum, err := c.pool(ctx, c.book, c.period)
		if err != nil || sum.Sign() <= 0 {
			return nil, err
		}
		orders, err := c.orders(ctx, c.book, c.period)
		if err != nil {
			return nil, err
		}
		if refusal := unpaid(orders); refusal != nil {
			return nil, refusal
		}
		o := &gate.Change{Flow: remittance.Name, ID: c.period.Order(len(orders) + 1), Owner: c.period.ID, Event: remittance.Order}
		o.Say(&flowv1.RemittanceOrder{Amount: money.RUB.Format(sum)})
		return o, nil
	})
	if rec == nil || err != nil {
		return nil, err
	}
	return c.remittance(gate.FromRecord(rec))
}
