package company

import (
	"context"
	"fmt"
	"slices"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/engine/flow/limit"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

// SetLimits implements CompanyService.
func (s *Service) SetLimits(ctx context.Context, req *companyv1.SetLimitsRequest) (*companyv1.SetLimitsResponse, error) {
	body := &flowv1.CompanySetLimits{From: req.GetFrom()}
	for i, l := range req.GetLimits() {
		read, refusal := readLimit(fmt.Sprintf("limits[%d].", i), l)
		if refusal != nil {
			return nil, refusal
		}
		body.Limits = append(body.Limits, read)
	}
	c := &gate.Change{Flow: company.Name, ID: req.GetCompanyId(), Owner: req.GetCompanyId(), Event: company.SetLimits, Key: req.GetKey()}
	c.Say(body)
	outcome := s.SubmitChanges(ctx, req.GetBook(), false, []*gate.Change{c})[0]
	out, err := s.companyAfter(ctx, req.GetBook(), outcome)
	if err != nil {
		return nil, err
	}
	s.recheck(ctx, req.GetBook(), req.GetCompanyId(), outcome)
	return &companyv1.SetLimitsResponse{Company: out, Position: gate.IDOf(outcome.Record), Replayed: outcome.Replayed}, nil
}

// recheck tells the payments of the company that a limit stopped, or still may, that there are
// others now: one that is being made carries those of before. It is a nudge: its failure fails
// nothing.
func (s *Service) recheck(ctx context.Context, book, companyID string, after engine.Outcome) {
	rows, _, _, err := s.List(ctx, store.AggregatePage{Book: book, Flow: task.Name, Owner: companyID, States: []string{task.Error, task.Paying}, Limit: gate.MostRechecked}, nil)
	if err != nil {
		s.Logger.WarnContext(ctx, "payments that a limit stopped wait for their next pause", "company", companyID, "error", err)
		return
	}
	s.Recheck(ctx, book, slices.DeleteFunc(rows, func(a gate.Aggregate) bool {
		d := new(flowv1.TaskData)
		return a.Read(d) != nil || a.State == task.Error && d.GetError().GetLimit() == nil || a.State == task.Paying && len(d.GetLimits()) == 0
	}), after)
}

// readLimit reads the words of a limit; what they mean the flow checks.
func readLimit(prefix string, l *companyv1.PaymentLimit) (*flowv1.PaymentLimit, *fault.Refusal) {
	out := &flowv1.PaymentLimit{Least: l.GetLeast(), Most: l.GetMost(), Count: l.GetCount()}
	var ok bool
	if out.Scope, ok = limit.ScopeOf(l.GetScope()); !ok {
		return nil, fault.Refuse(fault.Malformed, prefix+"scope", "it is payment, counterparty day, counterparty month, company day or company month")
	}
	if out.Way, ok = limit.WayOf(l.GetWay()); !ok && l.GetWay() != "" {
		return nil, fault.Refuse(fault.Malformed, prefix+"way", "it is account, sbp, card or any")
	}
	return out, limit.Check(prefix, out)
}

// GetLimits implements CompanyService.
func (s *Service) GetLimits(ctx context.Context, req *companyv1.GetLimitsRequest) (*companyv1.GetLimitsResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	a, err := s.Must(ctx, req.GetBook(), company.Name, "company_id", req.GetCompanyId())
	if err != nil {
		return nil, err
	}
	firm, paid := new(flowv1.CompanyData), new(flowv1.LimitData)
	if err := a.Read(firm); err != nil {
		return nil, err
	}
	rows, _, err := s.Load(ctx, req.GetBook(), limit.Name, req.GetCompanyId())
	if err != nil {
		return nil, err
	}
	if counted, ok := rows[req.GetCompanyId()]; ok {
		if err := counted.Read(paid); err != nil {
			return nil, err
		}
	}
	today := s.Today()
	out := &companyv1.GetLimitsResponse{Day: today}
	for _, l := range limit.All(today, s.House.Stamp(company.LimitsOn(firm, today), today)) {
		state := &companyv1.LimitState{Limit: limitMessage(l), Setter: limit.Setters[l.GetSetter()]}
		if limit.OfCompany(l) {
			state.Free, state.FreeCount = limit.Paid(paid.GetPaid()).Free(l, today, req.GetCompanyId())
		}
		out.Limits = append(out.Limits, state)
	}
	return out, nil
}

// limitMessage is a limit as the API shows it.
func limitMessage(l *flowv1.PaymentLimit) *companyv1.PaymentLimit {
	return &companyv1.PaymentLimit{
		Scope: limit.Scope(l.GetScope()), Way: limit.Way(l.GetWay()), Least: l.GetLeast(), Most: l.GetMost(), Count: l.GetCount(),
	}
}

// limitsMessage are a company's own limits from a day on.
func limitsMessage(d *flowv1.CompanyLimits) *companyv1.CompanyLimits {
	out := &companyv1.CompanyLimits{From: d.GetFrom(), Author: d.GetAuthor()}
	for _, l := range d.GetLimits() {
		out.Limits = append(out.Limits, limitMessage(l))
	}
	return out
}
