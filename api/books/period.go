package books

import (
	"context"
	"encoding/hex"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/fault"
	commandv1 "github.com/provodka/provodka/proto/gen/provodka/command/v1"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// ClosePeriod implements LedgerService. Closing has two steps, each a change that all
// shards hold: the days are closed, and then the hash of their sheet is kept. Whoever asks
// again after a crash between the two ends the second.
func (s *Service) ClosePeriod(ctx context.Context, req *ledgerv1.ClosePeriodRequest) (*ledgerv1.ClosePeriodResponse, error) {
	if refusal := checkDay("through_day", req.GetThroughDay()); refusal != nil {
		return nil, refusal
	}
	if _, err := s.endSheet(ctx, req.GetBook()); err != nil { // of the period before
		return nil, err
	}
	o, refusal := s.changePeriod(ctx, req.GetBook(), &commandv1.Operation{Key: req.GetKey(), What: &commandv1.Operation_Period{Period: &commandv1.ChangePeriod{
		What: commandv1.PeriodChange_PERIOD_CHANGE_CLOSE, Through: req.GetThroughDay(), Reason: req.GetReason(),
	}}})
	if refusal != nil {
		return nil, refusal
	}
	periods, err := s.endSheet(ctx, req.GetBook())
	if err != nil {
		return nil, err
	}
	confirmed := o.Record.GetConfirmed()
	at := gate.Position{}
	for _, p := range confirmed.GetAt() {
		at.See(int(p.GetShard()), p.GetSeq())
	}
	answer := &ledgerv1.ClosePeriodResponse{Replayed: o.Replayed, Position: at.String()}
	for _, p := range periods {
		if p.Closed.GetVersion() == confirmed.GetRule().GetVersion() {
			answer.Period = periodMessage(p)
		}
	}
	return answer, nil
}

// endSheet puts the hash of the sheet of the period that was closed last into the
// journal, unless it is there.
func (s *Service) endSheet(ctx context.Context, bookName string) ([]ledger.ClosedPeriod, error) {
	periods, op, err := ledger.EndSheet(ctx, s.DB, bookName)
	if err != nil || op == nil {
		return periods, err
	}
	if _, refusal := s.changePeriod(ctx, bookName, op); refusal != nil {
		return nil, refusal
	}
	periods[0].Sheet = op.GetPeriod().GetSheet()
	return periods, nil
}

// changePeriod has all shards hold which days are closed.
func (s *Service) changePeriod(ctx context.Context, bookName string, op *commandv1.Operation) (engine.Outcome, *fault.Refusal) {
	o := s.Submit(ctx, bookName, []engine.Operation{{Operation: op}}, false)[0]
	if o.Refusal == nil {
		return o, nil
	}
	refusal := *o.Refusal
	if refusal.Field == "through" {
		refusal.Field = "through_day"
	}
	return o, &refusal
}

// ListPeriods implements LedgerService.
func (s *Service) ListPeriods(ctx context.Context, req *ledgerv1.ListPeriodsRequest) (*ledgerv1.ListPeriodsResponse, error) {
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	periods, held, err := ledger.ReadPeriods(ctx, s.DB, req.GetBook())
	if err != nil {
		return nil, fmt.Errorf("list periods: %w", err)
	}
	answer := &ledgerv1.ListPeriodsResponse{FirstOpenDay: ledger.DayAfter(held.GetPeriod().GetThrough())}
	for _, p := range periods {
		answer.Periods = append(answer.Periods, periodMessage(p))
	}
	return answer, nil
}

// periodMessage is a closed period as the API shows it.
func periodMessage(p ledger.ClosedPeriod) *ledgerv1.Period {
	out := &ledgerv1.Period{
		FromDay: p.From, ThroughDay: p.Through, ClosedBy: p.Closed.GetAuthor(), Reason: p.Closed.GetReason(),
		ClosedAt: timestamppb.New(gate.Moment(p.Closed.GetDecidedUs())), Version: p.Closed.GetVersion(),
		SheetSha256: hex.EncodeToString(p.Sheet),
	}
	if r := p.Reopened; r != nil {
		out.Reopened = &ledgerv1.PeriodReopening{
			By: r.GetAuthor(), Reason: r.GetReason(), At: timestamppb.New(gate.Moment(r.GetDecidedUs())),
			ApprovedBy: r.GetApproved().GetBy(), ApprovalReason: r.GetApproved().GetReason(),
			FromDay: ledger.DayAfter(r.GetPeriod().GetThrough()),
		}
	}
	return out
}

// periodStanding is which days of a book are closed after a change.
func periodStanding(r *journalv1.Rule) *ledgerv1.PeriodStanding {
	return &ledgerv1.PeriodStanding{
		ClosedThroughDay: r.GetPeriod().GetThrough(), BeforeThroughDay: r.GetPeriod().GetBefore(), Change: r.GetChange(),
		Reason: r.GetReason(), Author: r.GetAuthor(), DecidedAt: timestamppb.New(gate.Moment(r.GetDecidedUs())), Version: r.GetVersion(),
		ApprovedBy: r.GetApproved().GetBy(), ApprovalReason: r.GetApproved().GetReason(),
	}
}
