package books

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// movedKind is the kind of entries that move money between the stripes of an account.
const movedKind = "transit"

// entryCursor is where the next page of ListEntries begins: after a leg of an
// account, after so many entries of an aggregate, or after a record that was searched.
type entryCursor struct {
	Leg    *store.LegCursor  `json:",omitempty"`
	Skip   int               `json:",omitempty"`
	Marked *store.MarkCursor `json:",omitempty"`
}

// timeSpan is when something was recorded: from on, before until; 0 is no bound.
type timeSpan struct{ fromUS, untilUS int64 }

// recordedIn reads the bounds of a question.
func recordedIn(from, until *timestamppb.Timestamp) (timeSpan, *fault.Refusal) {
	var span timeSpan
	if from != nil {
		if !from.IsValid() || from.AsTime().UnixMicro() < 0 {
			return span, fault.Refuse(fault.Malformed, "from", "the moment is out of range")
		}
		span.fromUS = from.AsTime().UnixMicro()
	}
	if until != nil {
		if !until.IsValid() || until.AsTime().UnixMicro() <= span.fromUS {
			return span, fault.Refuse(fault.Malformed, "until", "the moment is out of range, or not after from")
		}
		span.untilUS = until.AsTime().UnixMicro()
	}
	return span, nil
}

// markOf is what a listing searches by; false when it does not search.
func markOf(req *ledgerv1.ListEntriesRequest) (store.Mark, bool) {
	m := store.Mark{Book: req.GetBook()}
	switch {
	case req.GetLink() != nil:
		m.Sort, m.Name, m.Value = store.MarkLink, req.GetLink().GetName(), req.GetLink().GetValue()
	case req.GetMetadata() != nil:
		m.Sort, m.Name, m.Value = store.MarkMetadata, req.GetMetadata().GetName(), req.GetMetadata().GetValue()
	case req.GetAggregate() != nil && req.GetSteps():
		m.Sort, m.Name, m.Value = store.MarkFlow, req.GetAggregate().GetFlow(), req.GetAggregate().GetId()
	default:
		return m, false
	}
	return m, true
}

// ListEntries implements LedgerService.
func (s *Service) ListEntries(ctx context.Context, req *ledgerv1.ListEntriesRequest) (*ledgerv1.ListEntriesResponse, error) {
	span, refusal := recordedIn(req.GetFrom(), req.GetUntil())
	if refusal != nil {
		return nil, refusal
	}
	mark, search := markOf(req)
	if !search && req.GetAggregate() != nil && span != (timeSpan{}) {
		return nil, fault.Refuse(fault.Malformed, "from", "the entries of an aggregate are listed whole; ask for its steps")
	}
	if !search && req.GetSteps() {
		return nil, fault.Refuse(fault.Malformed, "steps", "only an aggregate has steps")
	}
	var from entryCursor
	if _, refusal = s.Cursor(ctx, req, &from); refusal != nil {
		return nil, refusal
	}
	wait := s.WaitFor
	if search {
		wait = s.WaitForSearch
	}
	if err := wait(ctx, req.GetMinPosition(), span.untilUS); err != nil {
		return nil, err
	}
	answer := &ledgerv1.ListEntriesResponse{}
	var (
		ids  []store.RecordID
		next *entryCursor
		err  error
	)
	switch {
	case search:
		ids, next, err = s.entriesMarked(ctx, req, mark, from.Marked, span, answer)
	case req.GetAccount() != nil:
		ids, next, err = s.entriesOfAccount(ctx, req, from.Leg, span)
	default:
		ids, next, err = s.entriesOfAggregate(ctx, req, from.Skip)
	}
	if err != nil {
		return nil, err
	}
	records, err := s.DB.Records(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	for _, id := range ids {
		rec, err := gate.DecodeRecord(id, records[id])
		if err != nil {
			return nil, err
		}
		if rec.GetEntry().GetKind() == movedKind {
			continue // money between the account's own stripes
		}
		answer.Entries = append(answer.Entries, s.entry(rec))
	}
	if next != nil {
		answer.NextPageToken, err = s.Token(ctx, req, next)
	}
	return answer, err
}

// entriesMarked lists the records that bear a mark.
func (s *Service) entriesMarked(ctx context.Context, req *ledgerv1.ListEntriesRequest, mark store.Mark, after *store.MarkCursor, span timeSpan, answer *ledgerv1.ListEntriesResponse) ([]store.RecordID, *entryCursor, error) {
	limit := gate.PageSize(req.GetPageSize())
	rows, seen, err := s.DB.Marked(ctx, mark, store.MarkPage{After: after, FromUS: span.fromUS, UntilUS: span.untilUS, Limit: limit})
	if err != nil {
		return nil, nil, fmt.Errorf("search: %w", err)
	}
	answer.Position = gate.SeenPosition(seen)
	ids := make([]store.RecordID, len(rows))
	for i, r := range rows {
		ids[i] = store.RecordID{Shard: r.Shard, Seq: r.Seq}
	}
	if len(rows) < limit {
		return ids, nil, nil
	}
	return ids, &entryCursor{Marked: &rows[len(rows)-1]}, nil
}

func (s *Service) entriesOfAccount(ctx context.Context, req *ledgerv1.ListEntriesRequest, after *store.LegCursor, span timeSpan) ([]store.RecordID, *entryCursor, error) {
	key, _, _, refusal := StripeKey(req.GetBook(), req.GetAccount().GetAccount(), req.GetAccount().GetAsset(), "account.")
	if refusal != nil {
		return nil, nil, refusal
	}
	limit := gate.PageSize(req.GetPageSize())
	rows, _, err := s.DB.Legs(ctx, key, store.LegPage{After: after, FromUS: span.fromUS, UntilUS: span.untilUS, Limit: limit})
	if err != nil {
		return nil, nil, fmt.Errorf("read legs: %w", err)
	}
	var ids []store.RecordID
	for _, r := range rows {
		id := store.RecordID{Shard: r.Shard, Seq: r.Seq}
		same := after != nil && after.Shard == id.Shard && after.Seq == id.Seq // its first legs ended the page before
		if !same && (len(ids) == 0 || ids[len(ids)-1] != id) {
			ids = append(ids, id)
		}
	}
	if len(rows) < limit {
		return ids, nil, nil
	}
	last := rows[len(rows)-1]
	return ids, &entryCursor{Leg: &store.LegCursor{ClockUS: last.ClockUS, Shard: last.Shard, Seq: last.Seq, Leg: last.Leg}}, nil
}

func (s *Service) entriesOfAggregate(ctx context.Context, req *ledgerv1.ListEntriesRequest, skip int) ([]store.RecordID, *entryCursor, error) {
	a := req.GetAggregate()
	ids, err := s.DB.AggregateEntries(ctx, store.AggregateKey{Book: req.GetBook(), Flow: a.GetFlow(), ID: a.GetId()})
	if err != nil {
		return nil, nil, fmt.Errorf("read the entries of %s %s: %w", a.GetFlow(), a.GetId(), err)
	}
	ids = ids[min(skip, len(ids)):]
	limit := gate.PageSize(req.GetPageSize())
	if len(ids) <= limit {
		return ids, nil, nil
	}
	return ids[:limit], &entryCursor{Skip: skip + limit}, nil
}
