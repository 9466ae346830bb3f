package books

import (
	"context"
	"fmt"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// reversals tells what gave an entry back, and what is left of it.
func (s *Service) reversals(ctx context.Context, id store.RecordID, into *ledgerv1.Entry) error {
	follows, err := s.DB.Follows(ctx, id.Shard, store.FollowReversal, []uint64{id.Seq})
	if err != nil {
		return fmt.Errorf("read the reversals of %s: %w", into.GetId(), err)
	}
	next := follows[id.Seq]
	if len(next) == 0 {
		return nil
	}
	for _, seq := range next {
		into.ReversedBy = append(into.ReversedBy, gate.RecordID(id.Shard, seq))
	}
	last := store.RecordID{Shard: id.Shard, Seq: next[len(next)-1]}
	raw, ok, err := s.DB.Record(ctx, last.Shard, last.Seq)
	if err != nil {
		return fmt.Errorf("read record %s: %w", gate.RecordID(last.Shard, last.Seq), err)
	}
	if !ok {
		return fmt.Errorf("record %s is not in the journal", gate.RecordID(last.Shard, last.Seq))
	}
	rec, err := gate.DecodeRecord(last, raw)
	if err != nil {
		return err
	}
	o, _ := ledger.ReversedBy(rec)
	for _, l := range o.Legs {
		asset := l.Change.Asset
		into.Left = append(into.Left, &ledgerv1.LegLeft{
			Leg: uint32(l.Leg), Amount: asset.Format(l.Change.Amount), Reversed: asset.Format(l.Reversed), Left: asset.Format(l.Left()),
		})
	}
	return nil
}
