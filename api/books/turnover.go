package books

import (
	"context"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// sheetAccounts is how many accounts a page of a sheet looks at by default.
const sheetAccounts = 10_000

// sheetCursor is where the next page of a sheet begins, and how far the first one saw.
type sheetCursor struct {
	Upto []store.Seen
	At   ledger.SheetCursor
}

// ListTurnovers implements LedgerService.
func (s *Service) ListTurnovers(ctx context.Context, req *ledgerv1.ListTurnoversRequest) (*ledgerv1.ListTurnoversResponse, error) {
	knownUS, refusal := knownAt("known_at", req.GetKnownAt())
	for _, d := range []struct{ field, day string }{{"to_day", req.GetToDay()}, {"from_day", req.GetFromDay()}} {
		if refusal == nil {
			refusal = checkDay(d.field, d.day)
		}
	}
	if refusal == nil && req.GetToDay() != "" && req.GetToDay() < req.GetFromDay() {
		refusal = fault.Refuse(fault.Malformed, "to_day", "%s is before from_day %s", req.GetToDay(), req.GetFromDay())
	}
	if refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), knownUS); err != nil {
		return nil, err
	}
	var from sheetCursor
	more, refusal := s.Cursor(ctx, req, &from)
	if refusal != nil {
		return nil, refusal
	}
	begin := &from.At
	if !more {
		var err error
		if begin = nil; knownUS == 0 {
			if from.Upto, err = s.Seen(ctx); err != nil {
				return nil, err
			}
		}
	}
	sheet := ledger.Sheet{Book: req.GetBook(), From: req.GetFromDay(), To: req.GetToDay(), KnownUS: knownUS, Upto: from.Upto, By: sheetBy(req.GetBy())}
	limit := sheetAccounts
	if req.GetPageSize() > 0 {
		limit = int(req.GetPageSize())
	}
	lines, next, totals, err := sheet.Read(ctx, s.DB, begin, limit)
	if err != nil {
		return nil, err
	}
	answer := &ledgerv1.ListTurnoversResponse{Position: gate.SeenPosition(from.Upto)}
	for _, l := range lines {
		answer.Lines = append(answer.Lines, turnoverLine(l))
	}
	for _, t := range totals {
		answer.Totals = append(answer.Totals, turnoverLine(ledger.SheetLine{Asset: t.Asset, Opening: t.Opening, Turnover: t.Turnover, Closing: t.Closing}))
	}
	if next != nil {
		answer.NextPageToken, err = s.Token(ctx, req, sheetCursor{from.Upto, *next})
	}
	return answer, err
}

func sheetBy(by ledgerv1.TurnoverBy) ledger.SheetBy {
	switch by {
	case ledgerv1.TurnoverBy_TURNOVER_BY_CODE_1C:
		return ledger.SheetBy1C
	case ledgerv1.TurnoverBy_TURNOVER_BY_OWNER:
		return ledger.SheetByOwner
	case ledgerv1.TurnoverBy_TURNOVER_BY_ACCOUNT:
		return ledger.SheetByAccount
	default:
		return ledger.SheetByType
	}
}

func turnoverLine(l ledger.SheetLine) *ledgerv1.TurnoverLine {
	asset, _ := money.LookupAsset(l.Asset)
	f := asset.Format
	return &ledgerv1.TurnoverLine{
		Code_1C: l.Code1C, Type: l.Type, Owner: l.Owner, Account: l.Account, Asset: l.Asset,
		OpeningDebit: f(l.Opening.Debit), OpeningCredit: f(l.Opening.Credit), Debit: f(l.Turnover.Debit), Credit: f(l.Turnover.Credit),
		ClosingDebit: f(l.Closing.Debit), ClosingCredit: f(l.Closing.Credit),
	}
}
