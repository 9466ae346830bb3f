package statement

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/incoming"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

// ListLines implements StatementService.
func (s *Service) ListLines(ctx context.Context, req *statementv1.ListLinesRequest) (*statementv1.ListLinesResponse, error) {
	states := req.GetStates()
	if len(states) == 0 {
		states = []string{incoming.Unmatched, incoming.Unexplained}
	}
	var (
		rows  []gate.Aggregate
		seen  []store.Seen
		token string
		err   error
	)
	if byDay(req) {
		page, refusal := datedPage(req, states)
		if refusal != nil {
			return nil, refusal
		}
		rows, seen, token, err = s.DatedPage(ctx, req, page)
	} else {
		page := store.AggregatePage{Book: req.GetBook(), Flow: incoming.Name, States: states, Limit: gate.PageSize(req.GetPageSize())}
		rows, seen, token, err = s.ListPage(ctx, req, page)
	}
	if err != nil {
		return nil, err
	}
	answer := &statementv1.ListLinesResponse{NextPageToken: token, Position: gate.SeenPosition(seen)}
	answer.Lines, err = s.lineMessages(ctx, req.GetBook(), rows)
	return answer, err
}

// byDay says whether lines are meant by their value day, account or sum.
func byDay(req *statementv1.ListLinesRequest) bool {
	return req.GetOrder() != statementv1.LineOrder_LINE_ORDER_UNSPECIFIED || req.GetAccount()+req.GetFrom()+req.GetTo()+req.GetMinAmount()+req.GetMaxAmount() != ""
}

func datedPage(req *statementv1.ListLinesRequest, states []string) (store.DatedPage, *fault.Refusal) {
	page := store.DatedPage{
		Book: req.GetBook(), Flow: incoming.Name, Place: req.GetAccount(), States: states, From: req.GetFrom(), To: req.GetTo(),
		Oldest: req.GetOrder() == statementv1.LineOrder_LINE_ORDER_OLDEST_DAY, Limit: gate.PageSize(req.GetPageSize()),
	}
	for _, day := range []struct{ field, text string }{{"from", req.GetFrom()}, {"to", req.GetTo()}} {
		if refusal := gate.CheckDay(day.field, day.text); refusal != nil {
			return page, refusal
		}
	}
	for _, sum := range []struct {
		field, text string
		into        **money.Amount
	}{{"min_amount", req.GetMinAmount(), &page.Least}, {"max_amount", req.GetMaxAmount(), &page.Most}} {
		if sum.text == "" {
			continue
		}
		a, err := money.RUB.Parse(sum.text)
		if err != nil || a.Sign() < 0 {
			return page, fault.Refuse(fault.AmountInvalid, sum.field, "%.64q is not an amount of rubles", sum.text)
		}
		*sum.into = &a
	}
	return page, nil
}

// mostSteps is how many steps of a line are shown: lines have a handful.
const mostSteps = 1000

// GetLine implements StatementService.
func (s *Service) GetLine(ctx context.Context, req *statementv1.GetLineRequest) (*statementv1.GetLineResponse, error) {
	if err := s.WaitForSearch(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	a, err := s.Must(ctx, req.GetBook(), incoming.Name, "line_id", req.GetLineId())
	if err != nil {
		return nil, err
	}
	lines, err := s.lineMessages(ctx, req.GetBook(), []gate.Aggregate{a})
	if err != nil {
		return nil, err
	}
	answer := &statementv1.GetLineResponse{Line: lines[0]}
	mark := store.Mark{Book: req.GetBook(), Sort: store.MarkFlow, Name: incoming.Name, Value: a.ID}
	places, seen, err := s.DB.Marked(ctx, mark, store.MarkPage{Limit: mostSteps})
	if err != nil {
		return nil, fmt.Errorf("search the steps of a line: %w", err)
	}
	answer.Position = gate.SeenPosition(seen)
	ids := make([]store.RecordID, len(places))
	for i, at := range places {
		ids[i] = store.RecordID{Shard: at.Shard, Seq: at.Seq}
	}
	raw, err := s.DB.Records(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read the steps of a line: %w", err)
	}
	for _, id := range ids {
		rec, err := gate.DecodeRecord(id, raw[id])
		if err != nil {
			return nil, err
		}
		step, err := s.lineStep(rec)
		if err != nil {
			return nil, err
		}
		answer.Steps = append(answer.Steps, step)
	}
	return answer, s.paidBy(ctx, a, answer)
}

// lineStep tells a step of a line.
func (s *Service) lineStep(rec *journalv1.Record) (*statementv1.LineStep, error) {
	a, d := gate.FromRecord(rec), new(flowv1.IncomingData)
	if err := a.Read(d); err != nil {
		return nil, err
	}
	step := &statementv1.LineStep{
		RecordedAt: timestamppb.New(gate.Moment(rec.GetClockUs())), Event: rec.GetMove().GetOn(), State: a.State, StateTitle: s.Title(incoming.Name, a.State),
		Actor: rec.GetActor(), Rules: d.GetRules(), CompanyId: d.GetCompanyId(), RecordId: gate.IDOf(rec),
	}
	for _, g := range d.GetSuggestions() {
		step.Suggestions = append(step.Suggestions, &statementv1.Suggestion{CompanyId: g.GetCompanyId(), Rules: g.GetRules(), Weight: g.GetWeight()})
	}
	switch {
	case incoming.ByPerson(rec.GetMove().GetOn()):
		step.Reason = d.GetReason()
	case incoming.ByBank(rec.GetMove().GetOn()):
		step.StatementId = d.GetChangedIn()
	case rec.GetMove().GetVersion() == 1:
		step.StatementId = d.GetStatementId()
	}
	for _, l := range rec.GetLegs() {
		step.Legs = append(step.Legs, &ledgerv1.Leg{
			Account: l.GetAccount(), Asset: l.GetAsset(), Kind: ledgerv1.LegKind(l.GetKind()), Amount: l.GetAmount(), Version: l.GetVersion(),
		})
	}
	return step, nil
}

// paidBy names whose payment a line is, or brought back.
func (s *Service) paidBy(ctx context.Context, a gate.Aggregate, answer *statementv1.GetLineResponse) error {
	d := new(flowv1.IncomingData)
	if err := a.Read(d); err != nil || d.GetAttempt() == "" {
		return err
	}
	shards, err := s.DB.Shards(ctx)
	if err != nil {
		return fmt.Errorf("read the shards: %w", err)
	}
	for _, shard := range shards {
		found, err := s.DB.LoadEffects(ctx, shard.Shard, []string{d.GetAttempt()})
		if err != nil {
			return fmt.Errorf("look for a payment: %w", err)
		}
		for _, e := range found {
			switch e.Effect.GetFlow() {
			case task.Name:
				answer.TaskId = e.Effect.GetId()
			case remittance.Name:
				answer.PaidRemittanceId = e.Effect.GetId()
			}
			return nil
		}
	}
	return nil
}
