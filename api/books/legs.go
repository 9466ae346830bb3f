package books

import (
	"context"
	"fmt"
	"slices"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// legCursor is where the next page of a statement begins, with the sums before it.
type legCursor struct {
	Leg           store.LegCursor
	Debit, Credit string
}

// ListLegs implements LedgerService.
func (s *Service) ListLegs(ctx context.Context, req *ledgerv1.ListLegsRequest) (*ledgerv1.ListLegsResponse, error) {
	if req.GetFromDay() != "" || req.GetAt() != nil {
		return s.listByDay(ctx, req)
	}
	key, kind, asset, refusal := StripeKey(req.GetBook(), req.GetAccount(), req.GetAsset(), "")
	if refusal != nil {
		return nil, refusal
	}
	span, refusal := recordedIn(req.GetFrom(), req.GetUntil())
	if refusal != nil {
		return nil, refusal
	}
	page := store.LegPage{Newest: req.GetNewestFirst(), FromUS: span.fromUS, UntilUS: span.untilUS, Limit: gate.PageSize(req.GetPageSize())}
	var from legCursor
	more, refusal := s.Cursor(ctx, req, &from)
	if refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), page.UntilUS); err != nil {
		return nil, err
	}
	sums := book.Stripe{}
	switch {
	case more:
		page.After = &from.Leg
		if !req.GetNewestFirst() {
			sums = book.Stripe{Debit: money.MustParse(from.Debit), Credit: money.MustParse(from.Credit)} // our own, sealed
		}
	case !req.GetNewestFirst() && page.FromUS > 0:
		opening, _, err := s.sums(ctx, req.GetBook(), []wantedBalance{{name: req.GetAccount(), kind: kind, asset: asset, key: key}}, store.At{KnownUS: page.FromUS - 1})
		if err != nil {
			return nil, err
		}
		sums = opening[key].stripe()
	}
	rows, seen, err := s.DB.Legs(ctx, key, page)
	if err != nil {
		return nil, fmt.Errorf("read legs: %w", err)
	}
	moved, err := s.moved(ctx, req.GetBook(), req.GetAccount(), key.Asset, rows)
	if err != nil {
		return nil, err
	}
	answer := &ledgerv1.ListLegsResponse{Position: gate.SeenPosition(seen)}
	last := len(rows) - 1
	full := len(rows) == page.Limit
	var next legCursor
	if full {
		next.Leg = store.LegCursor{ClockUS: rows[last].ClockUS, Shard: rows[last].Shard, Seq: rows[last].Seq, Leg: rows[last].Leg}
	}
	rows = slices.DeleteFunc(rows, func(r store.LegRow) bool { return moved[store.RecordID{Shard: r.Shard, Seq: r.Seq}] })
	sums = s.fillLegs(answer, rows, sums, kind, asset, req.GetNewestFirst())
	if req.GetDocuments() {
		if err := s.document(ctx, answer.Legs, rows); err != nil {
			return nil, err
		}
	}
	if full {
		next.Debit, next.Credit = asset.Format(sums.Debit), asset.Format(sums.Credit)
		answer.NextPageToken, err = s.Token(ctx, req, next)
	}
	return answer, err
}

// moved names the records among the legs that only moved money between the stripes
// of the account: to its owner nothing happened.
func (s *Service) moved(ctx context.Context, bookName, account, asset string, rows []store.LegRow) (map[store.RecordID]bool, error) {
	moved := map[store.RecordID]bool{}
	if len(rows) == 0 {
		return moved, nil
	}
	name, _ := book.ParseName("account", account)
	first, last := rows[0].ClockUS, rows[len(rows)-1].ClockUS
	page := store.LegPage{FromUS: min(first, last), UntilUS: max(first, last) + 1, Limit: movesAtOnce}
	for {
		legs, _, err := s.DB.Legs(ctx, store.StripeKey{Account: book.ID(bookName, name.Transit().String()), Asset: asset}, page)
		if err != nil {
			return nil, fmt.Errorf("read the moves between stripes: %w", err)
		}
		for _, l := range legs {
			moved[store.RecordID{Shard: l.Shard, Seq: l.Seq}] = true
		}
		if len(legs) < page.Limit {
			return moved, nil
		}
		end := legs[len(legs)-1]
		page.After = &store.LegCursor{ClockUS: end.ClockUS, Shard: end.Shard, Seq: end.Seq, Leg: end.Leg}
	}
}

// movesAtOnce is how many moves between stripes are read together.
const movesAtOnce = 1000

// fillLegs writes the lines with the running balance of the whole account.
func (s *Service) fillLegs(answer *ledgerv1.ListLegsResponse, rows []store.LegRow, sums book.Stripe, kind book.Type, asset money.Asset, newest bool) book.Stripe {
	if !newest {
		answer.Opening = asset.Format(sums.Balance(kind.Class))
	}
	for _, r := range rows {
		line := s.line(r, asset)
		switch r.Kind {
		case journalv1.LegKind_LEG_KIND_DEBIT:
			sums.Debit = sums.Debit.Add(r.Amount)
		case journalv1.LegKind_LEG_KIND_CREDIT:
			sums.Credit = sums.Credit.Add(r.Amount)
		}
		if !newest {
			line.Balance = asset.Format(sums.Balance(kind.Class))
		}
		answer.Legs = append(answer.Legs, line)
	}
	if !newest {
		answer.Closing = asset.Format(sums.Balance(kind.Class))
	}
	return sums
}
