package books

import (
	"context"
	"fmt"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// GeneralLedger implements LedgerService.
func (s *Service) GeneralLedger(ctx context.Context, req *ledgerv1.GeneralLedgerRequest) (*ledgerv1.GeneralLedgerResponse, error) {
	months, refusal := ledger.Months(req.GetFrom(), req.GetUntil())
	if refusal != nil {
		return nil, refusal
	}
	if _, ok := book.LookupType(req.GetType()); !ok && req.GetType() != "" {
		return nil, fault.Refuse(fault.AccountInvalid, "type", "the chart has no type %q", req.GetType())
	}
	if err := s.WaitForSearch(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	turnovers, seen, err := s.DB.Correspondences(ctx, req.GetBook(), req.GetUntil())
	if err != nil {
		return nil, fmt.Errorf("read the general ledger: %w", err)
	}
	answer := &ledgerv1.GeneralLedgerResponse{Position: gate.SeenPosition(seen)}
	for _, r := range ledger.General(turnovers, months) {
		if req.GetType() != "" && r.Type.Name != req.GetType() || req.GetCode_1C() != "" && r.Type.Code1C != req.GetCode_1C() {
			continue
		}
		asset, ok := money.LookupAsset(r.Asset)
		if !ok {
			return nil, fmt.Errorf("the books have asset %q, which this program does not know", r.Asset)
		}
		f := asset.Format
		answer.Rows = append(answer.Rows, &ledgerv1.GeneralLedgerRow{
			Type: r.Type.Name, Code_1C: r.Type.Code1C, Asset: r.Asset, Month: r.Month, Opening: f(r.Opening), Closing: f(r.Closing),
			Debit: f(r.Debit), Credit: f(r.Credit), Debits: turns(r.Debits, asset), Credits: turns(r.Credits, asset),
		})
	}
	return answer, nil
}

func turns(list []ledger.GeneralTurn, asset money.Asset) (out []*ledgerv1.Correspondence) {
	for _, t := range list {
		out = append(out, &ledgerv1.Correspondence{Type: t.Type.Name, Code_1C: t.Type.Code1C, Amount: asset.Format(t.Amount)})
	}
	return out
}
