package books

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// ExplainRefusal implements LedgerService.
func (s *Service) ExplainRefusal(ctx context.Context, req *ledgerv1.ExplainRefusalRequest) (*ledgerv1.ExplainRefusalResponse, error) {
	rec, err := s.recordOf(ctx, req)
	if err != nil {
		return nil, err
	}
	answer := &ledgerv1.ExplainRefusalResponse{Entry: s.entry(rec)}
	r := rec.GetRefusal()
	if r == nil || !fault.Known(r.GetCode()) {
		return answer, nil
	}
	refusal := &fault.Refusal{Code: fault.Code(r.GetCode()), Field: r.GetField(), Reason: r.GetReason(), Facts: r.GetFacts()}
	info := refusal.Code.Lookup()
	answer.Refused, answer.Refusal = true, gate.RefusalMessage(refusal)
	answer.English, answer.Kind, answer.Actor = info.English, string(info.Kind), actorMessage(info.Actor())
	answer.LinesRussian, answer.LinesEnglish = refusal.Explain()
	return answer, nil
}

func actorMessage(a fault.Actor) ledgerv1.Actor {
	switch a {
	case fault.ActorCaller:
		return ledgerv1.Actor_ACTOR_CALLER
	case fault.ActorOwner:
		return ledgerv1.Actor_ACTOR_OWNER
	case fault.ActorAdministrator:
		return ledgerv1.Actor_ACTOR_ADMINISTRATOR
	case fault.ActorOperator:
		return ledgerv1.Actor_ACTOR_OPERATOR
	}
	return ledgerv1.Actor_ACTOR_UNSPECIFIED
}

// explainCursor is where the next page of ExplainBalance begins: the leg before, and the
// sums that its legs end with.
type explainCursor struct {
	Leg           store.LegCursor
	Debit, Credit string
}

// ExplainBalance implements LedgerService.
func (s *Service) ExplainBalance(ctx context.Context, req *ledgerv1.ExplainBalanceRequest) (*ledgerv1.ExplainBalanceResponse, error) {
	key, kind, asset, refusal := StripeKey(req.GetBook(), req.GetAccount(), req.GetAsset(), "")
	if refusal != nil {
		return nil, refusal
	}
	var from explainCursor
	more, refusal := s.Cursor(ctx, req, &from)
	if refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	w := wantedBalance{name: req.GetAccount(), kind: kind, asset: asset, key: key}
	answer := &ledgerv1.ExplainBalanceResponse{}
	limit := gate.PageSize(req.GetPageSize())
	var (
		rows []store.LegRow
		sums book.Stripe
		err  error
	)
	if more {
		sums = book.Stripe{Debit: money.MustParse(from.Debit), Credit: money.MustParse(from.Credit)} // our own, sealed
		var seen []store.Seen
		if rows, seen, err = s.DB.Legs(ctx, key, store.LegPage{After: &from.Leg, Newest: true, Limit: limit}); err != nil {
			return nil, fmt.Errorf("read legs: %w", err)
		}
		answer.Position = gate.SeenPosition(seen)
	} else if rows, sums, err = s.explained(ctx, req.GetBook(), w, limit, answer); err != nil {
		return nil, err
	}
	if len(rows) == limit {
		last := rows[limit-1]
		from.Leg = store.LegCursor{ClockUS: last.ClockUS, Shard: last.Shard, Seq: last.Seq, Leg: last.Leg}
	}
	moved, err := s.moved(ctx, req.GetBook(), req.GetAccount(), key.Asset, rows)
	if err != nil {
		return nil, err
	}
	shown := slices.DeleteFunc(slices.Clone(rows), func(r store.LegRow) bool { return moved[store.RecordID{Shard: r.Shard, Seq: r.Seq}] })
	for _, r := range shown {
		line := s.line(r, asset)
		line.Balance = asset.Format(sums.Balance(kind.Class))
		sums = without(sums, r)
		answer.Legs = append(answer.Legs, line)
		answer.OpeningAt = timestamppb.New(gate.Moment(r.ClockUS))
	}
	answer.Opening = asset.Format(sums.Balance(kind.Class))
	if err := s.document(ctx, answer.Legs, shown); err != nil {
		return nil, err
	}
	if len(rows) == limit {
		from.Debit, from.Credit = asset.Format(sums.Debit), asset.Format(sums.Credit)
		answer.NextPageToken, err = s.Token(ctx, req, from)
	}
	return answer, err
}

// without takes a leg back.
func without(sums book.Stripe, r store.LegRow) book.Stripe {
	switch r.Kind {
	case journalv1.LegKind_LEG_KIND_DEBIT:
		sums.Debit = sums.Debit.Sub(r.Amount)
	case journalv1.LegKind_LEG_KIND_CREDIT:
		sums.Credit = sums.Credit.Sub(r.Amount)
	}
	return sums
}

// explained fills the first page: balance, holds, words and the newest legs, of one
// snapshot.
func (s *Service) explained(ctx context.Context, bookName string, w wantedBalance, legs int, answer *ledgerv1.ExplainBalanceResponse) ([]store.LegRow, book.Stripe, error) {
	all := []wantedBalance{w}
	seen, err := s.look(ctx, bookName, all, store.Glance{Holds: maxHolds + 1, Legs: legs})
	if err != nil {
		return nil, book.Stripe{}, err
	}
	w, limited := all[0], money.Zero
	if w.limit != nil {
		limited = *w.limit
	}
	sum := seen.sums[w.key]
	answer.Position, answer.Balance = gate.SeenPosition(seen.Seen), balance(w, sum, true)
	addHolds(answer.Balance, seen.Holds[w.key])
	transit := book.Stripe{Debit: sum.transit.Debit, Credit: sum.transit.Credit}
	answer.LinesRussian, answer.LinesEnglish = sum.stripe().Explain(w.kind.Class, w.asset, book.Made{
		Stripes: len(sum.own.Stripes), Holds: len(answer.Balance.GetHolds()), More: answer.Balance.GetMoreHolds(), Limit: limited,
		Transit: transit.Balance(w.kind.Class),
	})
	return seen.Legs[w.key], sum.stripe(), nil
}
