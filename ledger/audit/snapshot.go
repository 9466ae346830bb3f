package audit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
)

// Rows streams one consistent snapshot of a database, as store.DB.SnapshotLegs does:
// every shard, then every leg in the order of its key, then every hold.
type Rows func(each func(store.AuditRow) error) error

// Snapshot is what is kept of a database snapshot: the heads of its shards, a digest per
// stripe, and the holds, of which those that are over are kept as digests too.
type Snapshot struct {
	shards  map[int]store.ShardState
	stripes []storedStripe
	holds   []storedHold
	legs    uint64
}

type stripeAt struct {
	shard   int
	account book.AccountID
	asset   string
}

func (s stripeAt) compare(o stripeAt) int {
	return cmp.Or(cmp.Compare(s.shard, o.shard), bytes.Compare(s.account[:], o.account[:]), strings.Compare(s.asset, o.asset))
}

type storedStripe struct {
	stripeAt
	legs   uint64
	digest [sha256.Size]byte
}

type holdAt struct {
	shard   int
	seq     uint64
	account book.AccountID
	asset   string
}

func (h holdAt) compare(o holdAt) int {
	return cmp.Or(cmp.Compare(h.shard, o.shard), cmp.Compare(h.seq, o.seq),
		bytes.Compare(h.account[:], o.account[:]), strings.Compare(h.asset, o.asset))
}

// storedHold is a hold of a snapshot. Nothing changes a hold that is over, so its row
// can be read again when it differs.
type storedHold struct {
	holdAt
	digest [16]byte
	row    *store.AuditHold // nil when the hold is over
}

// ReadSnapshot reads a snapshot through. An error is the stream's own, or a *Difference:
// a row that no event can explain.
func ReadSnapshot(rows Rows) (*Snapshot, error) {
	s := &Snapshot{shards: map[int]store.ShardState{}}
	err := rows(func(r store.AuditRow) error {
		switch {
		case r.Shard != nil:
			s.shards[r.Shard.Shard] = *r.Shard
			return nil
		case r.Leg != nil:
			return s.leg(r.Leg)
		case r.Hold != nil:
			return s.hold(r.Hold)
		}
		return errors.New("audit: a snapshot row says nothing")
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Shards lists the heads of the snapshot's shards.
func (s *Snapshot) Shards() []store.ShardState {
	out := make([]store.ShardState, 0, len(s.shards))
	for n := range maxShard(s.shards) + 1 {
		if state, ok := s.shards[n]; ok {
			out = append(out, state)
		}
	}
	return out
}

func maxShard(shards map[int]store.ShardState) int {
	most := -1
	for n := range shards {
		most = max(most, n)
	}
	return most
}

// Legs is the number of legs in the snapshot.
func (s *Snapshot) Legs() uint64 { return s.legs }

// Holds is the number of holds in the snapshot.
func (s *Snapshot) Holds() uint64 { return uint64(len(s.holds)) }

func legWhere(shard int, seq uint64, leg int) string {
	return fmt.Sprintf("database, leg %d.%d/%d", shard, seq, leg)
}

func (s *Snapshot) leg(l *store.LegRow) error {
	s.legs++
	where := legWhere(l.Shard, l.Seq, l.Leg)
	if err := s.within(where, l.Shard, l.Seq); err != nil {
		return err
	}
	at := stripeAt{l.Shard, l.Key.Account, l.Key.Asset}
	n := len(s.stripes)
	if n == 0 || s.stripes[n-1].stripeAt != at {
		if n > 0 && s.stripes[n-1].compare(at) > 0 {
			return fmt.Errorf("audit: %s is not in the order of its key", where)
		}
		if n > 0 && s.stripes[n-1].asset == at.asset {
			at.asset = s.stripes[n-1].asset // one copy of the text
		}
		s.stripes = append(s.stripes, storedStripe{stripeAt: at})
		n++
	}
	w := storedRow(l)
	stripe := &s.stripes[n-1]
	stripe.legs++
	stripe.digest = w.chain(stripe.digest)
	return nil
}

// within refuses a row beyond the head of its shard.
func (s *Snapshot) within(where string, shard int, seq uint64) error {
	state, ok := s.shards[shard]
	if !ok {
		return &Difference{Where: where, What: "the shard", Expected: "one of the table shard", Found: fmt.Sprint(shard)}
	}
	if seq > state.Head.Seq {
		return &Difference{Where: where, What: "the record", Expected: fmt.Sprintf("at most %d, the shard's last", state.Head.Seq), Found: uintText(seq)}
	}
	return nil
}

func holdWhere(at holdAt) string { return fmt.Sprintf("database, hold %d.%d", at.shard, at.seq) }

func (s *Snapshot) hold(h *store.AuditHold) error {
	at := holdAt{h.Shard, h.Hold.GetPlacedSeq(), h.Account, h.Hold.GetAsset()}
	if err := s.within(holdWhere(at), at.shard, at.seq); err != nil {
		return err
	}
	if n := len(s.holds); n > 0 && s.holds[n-1].compare(at) >= 0 {
		return fmt.Errorf("audit: %s is not in the order of its key", holdWhere(at))
	}
	stored := storedHold{holdAt: at, digest: holdDigest(h)}
	if book.HoldState(h.Hold.GetState()) == book.Placed {
		kept := *h
		stored.row = &kept
	}
	s.holds = append(s.holds, stored)
	return nil
}

// holdDigest is over every column of a hold.
func holdDigest(h *store.AuditHold) [16]byte {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(h.Hold)
	if err != nil {
		panic("audit: marshal a hold: " + err.Error()) // it was just made from columns
	}
	return hash16(h.Book, string(h.Account[:]), string(raw))
}
