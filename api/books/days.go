package books

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// dayCursor is where the next page of a statement by business day begins, with the sums
// before it and how far the first page saw.
type dayCursor struct {
	Day           store.DayCursor
	Debit, Credit string
	Upto          []store.Seen
}

// listByDay is the statement by business day. Every page sees what the first one saw.
func (s *Service) listByDay(ctx context.Context, req *ledgerv1.ListLegsRequest) (*ledgerv1.ListLegsResponse, error) {
	key, kind, asset, refusal := StripeKey(req.GetBook(), req.GetAccount(), req.GetAsset(), "")
	if refusal != nil {
		return nil, refusal
	}
	at, refusal := s.dayQuestion(req)
	if refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), at.KnownUS); err != nil {
		return nil, err
	}
	var from dayCursor
	more, refusal := s.Cursor(ctx, req, &from)
	if refusal != nil {
		return nil, refusal
	}
	page := store.DayPage{From: req.GetFromDay(), To: at.Day, KnownUS: at.KnownUS, Limit: gate.PageSize(req.GetPageSize())}
	var sums book.Stripe
	var err error
	if more {
		page.Upto, page.After = from.Upto, &from.Day
		sums = book.Stripe{Debit: money.MustParse(from.Debit), Credit: money.MustParse(from.Credit)} // our own, sealed
	} else {
		if page.Upto, err = s.Seen(ctx); err != nil {
			return nil, err
		}
		name, _ := book.ParseName("account", req.GetAccount())
		bound := store.At{KnownUS: page.KnownUS, Upto: page.Upto}
		if sums, _, err = ledger.StoodBefore(ctx, s.DB, req.GetBook(), name, key.Asset, page.From, bound); err != nil {
			return nil, err
		}
	}
	rows, _, err := s.DB.DayLegs(ctx, key, page)
	if err != nil {
		return nil, fmt.Errorf("read legs by day: %w", err)
	}
	answer := &ledgerv1.ListLegsResponse{Position: gate.SeenPosition(page.Upto)}
	next := dayCursor{Upto: page.Upto}
	full := len(rows) == page.Limit
	if full {
		last := rows[len(rows)-1]
		next.Day = store.DayCursor{Day: last.Day, Leg: store.LegCursor{ClockUS: last.ClockUS, Shard: last.Shard, Seq: last.Seq, Leg: last.Leg}}
	}
	if rows, err = s.withoutMoves(ctx, req, key.Asset, rows); err != nil {
		return nil, err
	}
	sums = s.fillLegs(answer, rows, sums, kind, asset, false)
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

// dayQuestion reads the moment of a statement by business day.
func (s *Service) dayQuestion(req *ledgerv1.ListLegsRequest) (store.At, *fault.Refusal) {
	at, refusal := s.at(req.GetAt())
	switch {
	case refusal != nil:
	case req.GetNewestFirst():
		refusal = fault.Refuse(fault.Malformed, "newest_first", "a statement by business day goes forward")
	case req.GetFrom() != nil || req.GetUntil() != nil:
		refusal = fault.Refuse(fault.Malformed, "from", "moments of recording and business days do not go together")
	default:
		refusal = checkDay("from_day", req.GetFromDay())
	}
	if refusal == nil && at.Day != "" && at.Day < req.GetFromDay() {
		refusal = fault.Refuse(fault.Malformed, "at.day", "%s is before from_day %s", at.Day, req.GetFromDay())
	}
	return at, refusal
}

// withoutMoves leaves out what only moved money between the stripes of the account. It
// is booked on its day, so only the time of what was booked so is looked through.
func (s *Service) withoutMoves(ctx context.Context, req *ledgerv1.ListLegsRequest, asset string, rows []store.LegRow) ([]store.LegRow, error) {
	var onTime []store.LegRow
	for _, r := range rows {
		if gate.Moment(r.ClockUS).In(s.DB.Zone()).Format(time.DateOnly) == r.Day {
			onTime = append(onTime, r)
		}
	}
	moved, err := s.moved(ctx, req.GetBook(), req.GetAccount(), asset, onTime)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(r store.LegRow) bool { return moved[store.RecordID{Shard: r.Shard, Seq: r.Seq}] }), nil
}

func checkDay(field, day string) *fault.Refusal {
	if day == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil || day < "0001-01-02" {
		return fault.Refuse(fault.Malformed, field, "%q is not a date YYYY-MM-DD", day)
	}
	return nil
}
