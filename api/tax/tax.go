package tax

import (
	"context"
	"fmt"
	"slices"

	"github.com/provodka/provodka/api/books"
	"github.com/provodka/provodka/api/executor"
	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

// Service is TaxService.
type Service struct {
	*gate.Gate
	executors *executor.Service
}

// New makes the service.
func New(g *gate.Gate, executors *executor.Service) *Service {
	return &Service{Gate: g, executors: executors}
}

// PlanRemittances implements TaxService.
func (s *Service) PlanRemittances(ctx context.Context, req *taxv1.PlanRemittancesRequest) (*taxv1.PlanRemittancesResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	seen, err := s.Seen(ctx)
	if err != nil {
		return nil, err
	}
	answer, total := &taxv1.PlanRemittancesResponse{Position: gate.SeenPosition(seen)}, money.Zero
	for _, kind := range remittance.Kinds() {
		periods, refusal := remittance.PeriodsOf(kind, req.GetMonth())
		if refusal != nil {
			return nil, refusal
		}
		planned := map[string]money.Amount{}
		for _, p := range periods {
			out, sum, err := s.period(ctx, req.GetBook(), p, planned)
			if err != nil {
				return nil, err
			}
			answer.Periods, total = append(answer.Periods, out), total.Add(sum)
		}
	}
	answer.Total = money.RUB.Format(total)
	return answer, nil
}

// period tells what is due of a period and what was ordered; sum is what an order would pay.
// planned is what periods before it pay of each person; it takes this one's over.
func (s *Service) period(ctx context.Context, bookName string, p remittance.Period, planned map[string]money.Amount) (*taxv1.TaxPeriod, money.Amount, error) {
	persons, due, err := s.due(ctx, bookName, p, planned)
	if err != nil {
		return nil, money.Zero, err
	}
	pool, err := s.pool(ctx, bookName, p)
	if err != nil {
		return nil, money.Zero, err
	}
	orders, err := s.orders(ctx, bookName, p)
	if err != nil {
		return nil, money.Zero, err
	}
	out := &taxv1.TaxPeriod{
		Period: p.ID, Kind: string(p.Kind), FromDay: p.From, ToDay: p.To, DueDay: p.Due, CalendarKnown: p.Calendar, Rule: p.Rule, Source: p.Source,
		Over: s.Today() > p.To, Persons: persons, Due: money.RUB.Format(due), Collected: money.RUB.Format(pool),
	}
	out.Remittances, err = s.remittances(orders)
	return out, due.Add(pool), err
}

// orderAtOnce is how many orders of a period are looked for together: there are few.
const ordersAtOnce = 8

// orders reads the orders of a period, oldest first: their numbers have no gaps.
func (s *Service) orders(ctx context.Context, bookName string, p remittance.Period) ([]gate.Aggregate, error) {
	var all []gate.Aggregate
	for {
		ids := make([]string, ordersAtOnce)
		for i := range ids {
			ids[i] = p.Order(len(all) + i + 1)
		}
		found, _, err := s.Load(ctx, bookName, remittance.Name, ids...)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			a, ok := found[id]
			if !ok {
				return all, nil
			}
			all = append(all, a)
		}
	}
}

// pool is what a period's pool has and no order has taken.
func (s *Service) pool(ctx context.Context, bookName string, p remittance.Period) (money.Amount, error) {
	key, _, _, refusal := books.StripeKey(bookName, p.Pool(), "", "")
	if refusal != nil {
		return money.Zero, refusal
	}
	rows, _, err := s.DB.Balances(ctx, []store.StripeKey{key}, store.At{})
	if err != nil {
		return money.Zero, fmt.Errorf("read %s: %w", p.Pool(), err)
	}
	none := money.New(0, money.RUB.Scale)
	for _, b := range rows {
		return money.Max(b.Credit.Sub(b.Debit).Sub(b.HeldDebit), none), nil
	}
	return none, nil
}

// GetRemittance implements TaxService.
func (s *Service) GetRemittance(ctx context.Context, req *taxv1.GetRemittanceRequest) (*taxv1.GetRemittanceResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	a, err := s.Must(ctx, req.GetBook(), remittance.Name, "remittance_id", req.GetRemittanceId())
	if err != nil {
		return nil, err
	}
	out, err := s.remittance(a)
	return &taxv1.GetRemittanceResponse{Remittance: out}, err
}

// remittanceStates lists the states of an order.
var remittanceStates = []string{remittance.Asking, remittance.Differs, remittance.Unneeded, remittance.Paying, remittance.Paid, remittance.Error, remittance.Canceled}

// ListRemittances implements TaxService.
func (s *Service) ListRemittances(ctx context.Context, req *taxv1.ListRemittancesRequest) (*taxv1.ListRemittancesResponse, error) {
	page := store.AggregatePage{Book: req.GetBook(), Flow: remittance.Name, States: req.GetStates(), Limit: gate.PageSize(req.GetPageSize())}
	if len(page.States) == 0 {
		page.States = remittanceStates
	}
	rows, seen, token, err := s.ListPage(ctx, req, page)
	if err != nil {
		return nil, err
	}
	answer := &taxv1.ListRemittancesResponse{NextPageToken: token, Position: gate.SeenPosition(seen)}
	answer.Remittances, err = s.remittances(rows)
	return answer, err
}

// RetryRemittance implements TaxService.
func (s *Service) RetryRemittance(ctx context.Context, req *taxv1.RetryRemittanceRequest) (*taxv1.RetryRemittanceResponse, error) {
	c := &gate.Change{Key: req.GetKey(), Event: remittance.Retry}
	o, out, err := s.moved(ctx, req.GetBook(), req.GetRemittanceId(), c)
	return &taxv1.RetryRemittanceResponse{Remittance: out, Position: gate.PositionOf([]engine.Outcome{o}), Replayed: o.Replayed}, err
}

// CancelRemittance implements TaxService.
func (s *Service) CancelRemittance(ctx context.Context, req *taxv1.CancelRemittanceRequest) (*taxv1.CancelRemittanceResponse, error) {
	c := &gate.Change{Key: req.GetKey(), Event: remittance.Cancel}
	c.Say(&flowv1.RemittanceCancel{Reason: req.GetReason()})
	o, out, err := s.moved(ctx, req.GetBook(), req.GetRemittanceId(), c)
	return &taxv1.CancelRemittanceResponse{Remittance: out, Position: gate.PositionOf([]engine.Outcome{o}), Replayed: o.Replayed}, err
}

// moved sends a command to an order that exists.
func (s *Service) moved(ctx context.Context, bookName, id string, c *gate.Change) (engine.Outcome, *taxv1.Remittance, error) {
	a, err := s.Must(ctx, bookName, remittance.Name, "remittance_id", id)
	if err != nil {
		return engine.Outcome{}, nil, err
	}
	c.Flow, c.ID, c.Owner = remittance.Name, a.ID, a.Owner
	o := s.SubmitChanges(ctx, bookName, false, []*gate.Change{c})[0]
	if o.Refusal != nil {
		return o, nil, gate.IDField(o.Refusal, "remittance_id")
	}
	out, err := s.remittance(gate.FromRecord(o.Record))
	return o, out, err
}

// remittances shows orders.
func (s *Service) remittances(list []gate.Aggregate) ([]*taxv1.Remittance, error) {
	out := make([]*taxv1.Remittance, 0, len(list))
	for _, a := range list {
		r, err := s.remittance(a)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// remittance shows an order.
func (s *Service) remittance(a gate.Aggregate) (*taxv1.Remittance, error) {
	d := new(flowv1.RemittanceData)
	if err := a.Read(d); err != nil {
		return nil, err
	}
	out := &taxv1.Remittance{
		RemittanceId: a.ID, Period: d.GetPeriod(), State: a.State, StateTitle: s.Title(remittance.Name, a.State), Amount: d.GetAmount(), Day: d.GetDay(),
		DueDay: d.GetDueDay(), PaidDay: d.GetPaidDay(), ErrorCode: d.GetErrorCode(), ErrorReason: d.GetErrorReason(), Overpaid: d.GetOverpaid(),
		Uncovered: d.GetClaimed(), CancelReason: d.GetReason(), ExecutorId: d.GetExecutorId(),
	}
	for _, t := range d.GetDocuments() {
		out.Documents = append(out.Documents, t.GetAmount())
	}
	for _, g := range d.GetGiven() {
		out.Given = append(out.Given, &taxv1.RemittanceGiven{LineId: g.GetLineId(), Period: g.GetPeriod(), Amount: g.GetAmount(), Day: g.GetDay()})
	}
	for _, t := range d.GetAttempts() {
		out.Attempts = append(out.Attempts, &taxv1.RemittanceAttempt{
			Number: int32(t.GetNumber()), Result: t.GetResult(), Status: t.GetStatus(), Requisites: t.GetRequisites(),
		})
	}
	return out, nil
}

// unpaid names an order that stopped: another one of its money could pay it twice.
func unpaid(orders []gate.Aggregate) *fault.Refusal {
	i := slices.IndexFunc(orders, func(a gate.Aggregate) bool { return a.State == remittance.Error })
	if i < 0 {
		return nil
	}
	return fault.Refuse(fault.WrongState, "period", "the payment of %s stopped: retry or cancel it first", orders[i].ID).
		With("state", orders[i].State).With("remittance_id", orders[i].ID)
}
