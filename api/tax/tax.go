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
	var periods []remittance.Period
	for _, kind := range remittance.Kinds() {
		of, refusal := remittance.PeriodsOf(kind, req.GetMonth())
		if refusal != nil {
			return nil, refusal
		}
		periods = append(periods, of...)
	}
	pools, err := s.pools(ctx, req.GetBook(), periods...)
	if err != nil {
		return nil, err
	}
	orders, err := s.ordersOf(ctx, req.GetBook(), periods...)
	if err != nil {
		return nil, err
	}
	answer, total := &taxv1.PlanRemittancesResponse{Position: gate.SeenPosition(seen)}, money.Zero
	planned := map[remittance.Kind]map[string]money.Amount{} // what periods before it pay of each person
	for _, p := range periods {
		if planned[p.Kind] == nil {
			planned[p.Kind] = map[string]money.Amount{}
		}
		persons, due, err := s.due(ctx, req.GetBook(), p, planned[p.Kind])
		if err != nil {
			return nil, err
		}
		out, err := s.period(p, persons, due, pools[p.ID], orders[p.ID])
		if err != nil {
			return nil, err
		}
		answer.Periods, total = append(answer.Periods, out), total.Add(due).Add(pools[p.ID])
	}
	answer.Total = money.RUB.Format(total)
	return answer, nil
}

// period tells what is due of a period and what was ordered.
func (s *Service) period(p remittance.Period, persons int64, due, pool money.Amount, orders []gate.Aggregate) (out *taxv1.TaxPeriod, err error) {
	out = &taxv1.TaxPeriod{
		Period: p.ID, Kind: string(p.Kind), FromDay: p.From, ToDay: p.To, DueDay: p.Due, CalendarKnown: p.Calendar, Rule: p.Rule, Source: p.Source,
		Over: s.Today() > p.To, Persons: persons, Due: money.RUB.Format(due), Collected: money.RUB.Format(pool),
	}
	out.Remittances, err = s.remittances(orders)
	return out, err
}

// orderAtOnce is how many orders of a period are looked for together: there are few.
const ordersAtOnce = 8

// orders reads the orders of a period, oldest first.
func (s *Service) orders(ctx context.Context, bookName string, p remittance.Period) ([]gate.Aggregate, error) {
	all, err := s.ordersOf(ctx, bookName, p)
	return all[p.ID], err
}

// ordersOf reads the orders of periods, oldest first, by period: their numbers have no gaps.
func (s *Service) ordersOf(ctx context.Context, bookName string, periods ...remittance.Period) (map[string][]gate.Aggregate, error) {
	all := map[string][]gate.Aggregate{}
	for len(periods) > 0 {
		var ids []string
		for _, p := range periods {
			for i := range ordersAtOnce {
				ids = append(ids, p.Order(len(all[p.ID])+i+1))
			}
		}
		found, _, err := s.Load(ctx, bookName, remittance.Name, ids...)
		if err != nil {
			return nil, err
		}
		var more []remittance.Period
		for _, p := range periods {
			until := len(all[p.ID]) + ordersAtOnce
			for a, ok := found[p.Order(len(all[p.ID])+1)]; ok; a, ok = found[p.Order(len(all[p.ID])+1)] {
				all[p.ID] = append(all[p.ID], a)
			}
			if len(all[p.ID]) == until {
				more = append(more, p)
			}
		}
		periods = more
	}
	return all, nil
}

// pool is what a period's pool has and no order has taken.
func (s *Service) pool(ctx context.Context, bookName string, p remittance.Period) (money.Amount, error) {
	all, err := s.pools(ctx, bookName, p)
	return all[p.ID], err
}

// pools are what the pools of periods have and no order has taken, by period.
func (s *Service) pools(ctx context.Context, bookName string, periods ...remittance.Period) (map[string]money.Amount, error) {
	all, of, keys := map[string]money.Amount{}, map[store.StripeKey]string{}, make([]store.StripeKey, len(periods))
	none := money.New(0, money.RUB.Scale)
	for i, p := range periods {
		key, _, _, refusal := books.StripeKey(bookName, p.Pool(), "", "")
		if refusal != nil {
			return nil, refusal
		}
		keys[i], of[key], all[p.ID] = key, p.ID, none
	}
	rows, _, err := s.DB.Balances(ctx, keys, store.At{})
	if err != nil {
		return nil, fmt.Errorf("read the pools of periods: %w", err)
	}
	for _, b := range rows {
		all[of[b.Key]] = money.Max(b.Credit.Sub(b.Debit).Sub(b.HeldDebit), none)
	}
	return all, nil
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
