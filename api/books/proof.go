package books

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/journal/proof"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// Proofs is ProofService.
type Proofs struct{ *gate.Gate }

// NewProofs makes the service.
func NewProofs(g *gate.Gate) *Proofs { return &Proofs{g} }

// ProveEntry implements ProofService.
func (s *Proofs) ProveEntry(ctx context.Context, req *ledgerv1.ProveEntryRequest) (*ledgerv1.ProveEntryResponse, error) {
	id, refusal := gate.ParseRecordID("id", req.GetId())
	if refusal != nil {
		return nil, refusal
	}
	missing := fault.Refuse(fault.NotFound, "id", "there is no such entry in the book")
	raw, ok, err := s.DB.Record(ctx, id.Shard, id.Seq)
	if err != nil {
		return nil, fmt.Errorf("read record %s: %w", req.GetId(), err)
	}
	if !ok {
		return nil, missing
	}
	rec, err := gate.DecodeRecord(id, raw)
	if err != nil {
		return nil, err
	}
	if rec.GetBook() != req.GetBook() {
		return nil, missing
	}
	p, err := ledger.ProveEntry(ctx, s.DB, id)
	if errors.Is(err, ledger.ErrNoCheckpoint) {
		return nil, fault.Refuse(fault.PositionTimeout, "id", "no published checkpoint covers the entry yet")
	}
	if err != nil {
		return nil, err
	}
	file, err := p.Encode()
	return &ledgerv1.ProveEntryResponse{Proof: file, Checkpoint: p.Shards[0].Checkpoint}, err
}

// LatestCheckpoint implements ProofService.
func (s *Proofs) LatestCheckpoint(ctx context.Context, req *ledgerv1.LatestCheckpointRequest) (*ledgerv1.LatestCheckpointResponse, error) {
	state, _, err := s.DB.Tree(ctx, int(req.GetShard()))
	if err != nil {
		return nil, fmt.Errorf("read the tree of shard %d: %w", req.GetShard(), err)
	}
	if state.Checkpoint == "" {
		return nil, fault.Refuse(fault.NotFound, "shard", "the shard has no published checkpoint")
	}
	c, err := proof.Peek([]byte(state.Checkpoint))
	if err != nil {
		return nil, err
	}
	return &ledgerv1.LatestCheckpointResponse{Checkpoint: state.Checkpoint, Size: c.Size, RecordedAt: timestamppb.New(gate.Moment(c.ClockUS))}, nil
}
