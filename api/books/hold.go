package books

import (
	"cmp"
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

func hold(shard int, h *journalv1.Hold) *ledgerv1.Hold {
	out := &ledgerv1.Hold{
		Id: gate.RecordID(shard, h.GetPlacedSeq()), Account: h.GetAccount(), Asset: h.GetAsset(),
		State: ledgerv1.HoldState(h.GetState()), Amount: h.GetAmount(), Left: h.GetLeft(),
		Late: h.GetLate(), Over: h.GetOver(),
	}
	if h.GetExpiresUs() != 0 {
		out.ExpiresAt = timestamppb.New(gate.Moment(h.GetExpiresUs()))
	}
	return out
}

// GetHold implements LedgerService.
func (s *Service) GetHold(ctx context.Context, req *ledgerv1.GetHoldRequest) (*ledgerv1.GetHoldResponse, error) {
	id, refusal := gate.ParseRecordID("id", req.GetId())
	if refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	rows, err := s.DB.LoadHolds(ctx, id.Shard, []uint64{id.Seq})
	if err != nil {
		return nil, fmt.Errorf("read hold %s: %w", req.GetId(), err)
	}
	if len(rows) == 0 || rows[0].Book != req.GetBook() {
		return nil, fault.Refuse(fault.HoldUnknown, "id", "there is no such hold in the book")
	}
	answer := &ledgerv1.GetHoldResponse{Hold: hold(id.Shard, rows[0].Hold)}
	if req.GetHistory() {
		err = s.holdHistory(ctx, id, answer)
	}
	return answer, err
}

// mostHistory bounds the records of one answer.
const mostHistory = 1000

// holdHistory reads the records that placed a hold and went on from there.
func (s *Service) holdHistory(ctx context.Context, id store.RecordID, answer *ledgerv1.GetHoldResponse) error {
	follows, err := s.DB.Follows(ctx, id.Shard, store.FollowHold, []uint64{id.Seq})
	if err != nil {
		return fmt.Errorf("read what followed hold %s: %w", gate.RecordID(id.Shard, id.Seq), err)
	}
	ids := []store.RecordID{id}
	for _, seq := range follows[id.Seq] {
		ids = append(ids, store.RecordID{Shard: id.Shard, Seq: seq})
	}
	answer.MoreHistory = len(ids) > mostHistory
	ids = ids[:min(len(ids), mostHistory)]
	records, err := s.DB.Records(ctx, ids)
	if err != nil {
		return fmt.Errorf("read the records of hold %s: %w", gate.RecordID(id.Shard, id.Seq), err)
	}
	for _, id := range ids {
		rec, err := gate.DecodeRecord(id, records[id])
		if err != nil {
			return err
		}
		answer.History = append(answer.History, s.entry(rec))
	}
	return nil
}

// holdCursor is the last hold of a page of ListHolds.
type holdCursor struct {
	ID    store.RecordID
	Asset string
}

// ListHolds implements LedgerService.
func (s *Service) ListHolds(ctx context.Context, req *ledgerv1.ListHoldsRequest) (*ledgerv1.ListHoldsResponse, error) {
	if _, refusal := book.ParseName("account", req.GetAccount()); refusal != nil {
		return nil, refusal
	}
	var from holdCursor
	if _, refusal := s.Cursor(ctx, req, &from); refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	page := store.HoldPage{
		Account: book.ID(req.GetBook(), req.GetAccount()), After: from.ID, Asset: from.Asset, Limit: gate.PageSize(req.GetPageSize()),
		State: journalv1.HoldState(cmp.Or(req.GetState(), ledgerv1.HoldState_HOLD_STATE_PLACED)),
	}
	rows, err := s.DB.Holds(ctx, page)
	if err != nil {
		return nil, fmt.Errorf("list the holds of %s: %w", req.GetAccount(), err)
	}
	answer := &ledgerv1.ListHoldsResponse{}
	for _, r := range rows {
		answer.Holds = append(answer.Holds, hold(r.Shard, r.Hold))
	}
	if len(rows) == page.Limit {
		last := rows[len(rows)-1]
		answer.NextPageToken, err = s.Token(ctx, req, holdCursor{
			store.RecordID{Shard: last.Shard, Seq: last.Hold.GetPlacedSeq()}, last.Hold.GetAsset(),
		})
	}
	return answer, err
}
