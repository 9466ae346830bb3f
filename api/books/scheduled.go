package books

import (
	"cmp"
	"context"
	"fmt"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// scheduledCursor is the last entry of a page of ListScheduled.
type scheduledCursor struct {
	Day string
	ID  store.RecordID
}

// ListScheduled implements LedgerService.
func (s *Service) ListScheduled(ctx context.Context, req *ledgerv1.ListScheduledRequest) (*ledgerv1.ListScheduledResponse, error) {
	var from scheduledCursor
	if _, refusal := s.Cursor(ctx, req, &from); refusal != nil {
		return nil, refusal
	}
	if err := s.WaitFor(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	page := store.ScheduledPage{
		Book: req.GetBook(), Day: from.Day, After: from.ID, Limit: gate.PageSize(req.GetPageSize()),
		State: journalv1.ScheduledState(cmp.Or(req.GetState(), ledgerv1.ScheduledState_SCHEDULED_STATE_WAITING)),
	}
	rows, err := s.DB.Scheduled(ctx, page)
	if err != nil {
		return nil, fmt.Errorf("list scheduled entries: %w", err)
	}
	answer := &ledgerv1.ListScheduledResponse{}
	for _, r := range rows {
		answer.Entries = append(answer.Entries, scheduled(r.Shard, r.Entry))
	}
	if len(rows) == page.Limit {
		last := rows[len(rows)-1]
		answer.NextPageToken, err = s.Token(ctx, req, scheduledCursor{
			last.Entry.GetEntry().GetDay(), store.RecordID{Shard: last.Shard, Seq: last.Entry.GetSeq()},
		})
	}
	return answer, err
}

func scheduled(shard int, m *journalv1.Scheduled) *ledgerv1.ScheduledEntry {
	out := &ledgerv1.ScheduledEntry{
		Id: gate.RecordID(shard, m.GetSeq()), State: ledgerv1.ScheduledState(m.GetState()), Day: m.GetEntry().GetDay(),
		Kind: m.GetEntry().GetKind(), Metadata: m.GetEntry().GetMetadata(), Links: m.GetEntry().GetLinks(),
		Refusal: refusalOfRecord(m.GetRefusal()),
	}
	for _, l := range m.GetLegs() {
		out.Legs = append(out.Legs, &ledgerv1.Leg{Account: l.GetAccount(), Asset: l.GetAsset(), Kind: ledgerv1.LegKind(l.GetKind()), Amount: l.GetAmount()})
	}
	return out
}
