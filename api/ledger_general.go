package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// maxMonths bounds the general ledger of one call.
const maxMonths = 120

// monthLayout is how months are written.
const monthLayout = "2006-01"

// GeneralLedger implements LedgerService.
func (s ledgerService) GeneralLedger(ctx context.Context, req *ledgerv1.GeneralLedgerRequest) (*ledgerv1.GeneralLedgerResponse, error) {
	months, refusal := monthsOf(req.GetFrom(), req.GetUntil())
	if refusal != nil {
		return nil, refusal
	}
	if _, ok := book.LookupType(req.GetType()); !ok && req.GetType() != "" {
		return nil, fault.Refuse(fault.AccountInvalid, "type", "the chart has no type %q", req.GetType())
	}
	if err := s.waitForSearch(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	rows, seen, err := s.cfg.DB.Correspondences(ctx, req.GetBook(), req.GetUntil())
	if err != nil {
		return nil, fmt.Errorf("read the general ledger: %w", err)
	}
	answer := &ledgerv1.GeneralLedgerResponse{Position: seenPosition(seen)}
	g := newGeneral(rows)
	for _, t := range book.Types() {
		if req.GetType() != "" && t.Name != req.GetType() || req.GetCode_1C() != "" && t.Code1C != req.GetCode_1C() {
			continue
		}
		for _, code := range g.assets {
			asset, ok := money.LookupAsset(code)
			if !ok {
				return nil, fmt.Errorf("the books have asset %q, which this program does not know", code)
			}
			answer.Rows = append(answer.Rows, g.rows(t, asset, months)...)
		}
	}
	return answer, nil
}

// monthsOf lists the months of a question.
func monthsOf(from, until string) ([]string, *fault.Refusal) {
	first, err := time.Parse(monthLayout, from)
	if err != nil {
		return nil, fault.Refuse(fault.Malformed, "from", "%.10q is no month like 2026-03", from)
	}
	last, err := time.Parse(monthLayout, until)
	if err != nil {
		return nil, fault.Refuse(fault.Malformed, "until", "%.10q is no month like 2026-03", until)
	}
	var months []string
	for m := first; !m.After(last); m = m.AddDate(0, 1, 0) {
		if months = append(months, m.Format(monthLayout)); len(months) > maxMonths {
			return nil, fault.Refuse(fault.Malformed, "until", "more than %d months", maxMonths)
		}
	}
	if months == nil {
		return nil, fault.Refuse(fault.Malformed, "until", "it is before from")
	}
	return months, nil
}

// general is a book's turnovers by type, asset and month.
type general struct {
	assets []string
	of     map[[2]string][]store.Correspondence // type and asset: what has it on a side, by month
}

func newGeneral(rows []store.Correspondence) general {
	g := general{of: map[[2]string][]store.Correspondence{}}
	for _, r := range rows {
		debit, credit := [2]string{r.Debit, r.Asset}, [2]string{r.Credit, r.Asset}
		g.of[debit] = append(g.of[debit], r)
		if credit != debit {
			g.of[credit] = append(g.of[credit], r)
		}
		if !slices.Contains(g.assets, r.Asset) {
			g.assets = append(g.assets, r.Asset)
		}
	}
	slices.Sort(g.assets)
	return g
}

// rows are the months in which a type stood or moved.
func (g general) rows(t book.Type, asset money.Asset, months []string) []*ledgerv1.GeneralLedgerRow {
	left := g.of[[2]string{t.Name, asset.Code}]
	var balance money.Amount
	for len(left) > 0 && left[0].Month < months[0] {
		debit, credit := left[0].Sides(t.Name)
		balance, left = balance.Add(debit).Sub(credit), left[1:]
	}
	var out []*ledgerv1.GeneralLedgerRow
	for _, month := range months {
		n := slices.IndexFunc(left, func(c store.Correspondence) bool { return c.Month != month })
		if n < 0 {
			n = len(left)
		}
		row, after := g.row(t, asset, balance, left[:n])
		if row.Month = month; n > 0 || !balance.IsZero() {
			out = append(out, row)
		}
		balance, left = after, left[n:]
	}
	return out
}

// row is one month.
func (general) row(t book.Type, asset money.Asset, opening money.Amount, turnovers []store.Correspondence) (*ledgerv1.GeneralLedgerRow, money.Amount) {
	row := &ledgerv1.GeneralLedgerRow{Type: t.Name, Code_1C: t.Code1C, Asset: asset.Code, Opening: asset.Format(opening)}
	var debits, credits money.Amount
	for _, c := range turnovers {
		debit, credit := c.Sides(t.Name)
		if debit.Sign() > 0 {
			row.Debits = append(row.Debits, correspondence(c.Credit, asset, debit))
		}
		if credit.Sign() > 0 {
			row.Credits = append(row.Credits, correspondence(c.Debit, asset, credit))
		}
		debits, credits = debits.Add(debit), credits.Add(credit)
	}
	closing := opening.Add(debits).Sub(credits)
	row.Debit, row.Credit, row.Closing = asset.Format(debits), asset.Format(credits), asset.Format(closing)
	return row, closing
}

func correspondence(counter string, asset money.Asset, amount money.Amount) *ledgerv1.Correspondence {
	t, _ := book.LookupType(counter)
	return &ledgerv1.Correspondence{Type: counter, Code_1C: t.Code1C, Amount: asset.Format(amount)}
}
