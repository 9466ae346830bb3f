package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/journal/proof"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/trace"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// Seal says how a shard's journal is sealed into signed checkpoints.
type Seal struct {
	Signer *proof.Signer
	Keys   proof.Keys // all verifier keys of the installation, the signer's among them
	Log    port.CheckpointLog
	Keep   func(shard int, signed []byte) error // a copy outside the broker; nil keeps none

	Every   time.Duration // how often, when the shard moved; default 10 s
	Records uint64        // or after so many records; default 100,000
}

func (c *Seal) fill() error {
	switch {
	case c.Signer == nil || c.Log == nil:
		return errors.New("engine: Config.Seal has no signer or no log")
	case c.Every == 0:
		c.Every = 10 * time.Second
	}
	if c.Records == 0 {
		c.Records = 100_000
	}
	if c.Keep == nil {
		c.Keep = func(int, []byte) error { return nil }
	}
	for _, k := range c.Keys {
		if k.Same(c.Signer.Key()) {
			return nil
		}
	}
	return errors.New("engine: the checkpoint key is not among the verifier keys")
}

// ErrUnsealable says that a checkpoint would contradict what was published before. It
// is for a person; nothing is signed meanwhile.
var ErrUnsealable = errors.New("a checkpoint would contradict what was published")

// sealer makes the Merkle tree of a shard's published journal and signs its heads. It
// follows behind the relay and holds nobody up: what it cannot do it tries again.
type sealer struct {
	shard     int
	cfg       *Seal
	db        *store.DB
	log       *slog.Logger
	metrics   *metrics
	tracer    trace.Tracer
	topic     string
	trail     trace.Trail
	published func() journal.Head // of the event log
	wake      chan struct{}

	tree *proof.Tree       // nil: to be read back
	last *proof.Checkpoint // the newest published one; nil when there is none
}

func newSealer(s *shard, r *relay) *sealer {
	e := s.engine
	return &sealer{
		shard: s.number, cfg: e.cfg.Seal, db: e.cfg.DB, log: e.cfg.Logger.With("shard", s.number), metrics: e.metrics,
		tracer: e.cfg.Tracer, topic: e.cfg.Topics + topicCheckpoints,
		published: r.published, wake: r.sealed,
	}
}

// run seals until the context ends.
func (s *sealer) run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	for {
		err := s.seal(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrUnsealable):
			s.log.Error("the journal is not sealed", "error", err)
		case err != nil:
			s.log.Warn("sealing has to wait", "error", err)
		}
		s.metrics.sealed(s.shard, s.last, errors.Is(err, ErrUnsealable))
		if err != nil {
			s.tree = nil // read everything back
		}
		if err := s.wait(ctx, tick.C); err != nil {
			return err
		}
	}
}

// wait waits for the next tick, or until enough was published.
func (s *sealer) wait(ctx context.Context, tick <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick:
			return nil
		case <-s.wake:
			if s.tree != nil && s.published().Seq >= s.tree.Size()+s.cfg.Records {
				return nil
			}
		}
	}
}

// seal brings the tree up to what is published, and publishes a checkpoint of it.
func (s *sealer) seal(ctx context.Context) error {
	head := s.published()
	if s.tree == nil {
		if err := s.resume(ctx); err != nil {
			return err
		}
	}
	if s.last != nil && s.last.Size == head.Seq && s.last.Head == head.Hash || head.Seq == 0 && s.last == nil {
		return nil
	}
	ctx, span := s.tracer.Start(ctx, "seal", trace.Producer)
	defer span.End()
	span.Topic(s.topic, trace.Publish, 0, 1) // one part holds the checkpoints of all shards
	span.Records(s.shard, s.tree.Size()+1, head.Seq)
	s.trail.Link(span, head.Seq)
	err := s.publish(ctx, head)
	span.Fail(err)
	return err
}

// publish publishes a checkpoint of what is published, up to its head.
func (s *sealer) publish(ctx context.Context, head journal.Head) error {
	if err := s.grow(ctx, head); err != nil {
		return err
	}
	c, err := s.checkpoint(ctx)
	if err != nil {
		return err
	}
	if err := s.continues(ctx, c); err != nil {
		return err
	}
	signed, err := s.cfg.Signer.Sign(c)
	if err != nil {
		return err
	}
	if _, err := s.cfg.Keys.Open(signed); err != nil {
		return fmt.Errorf("%w: nobody could verify it: %w", ErrUnsealable, err)
	}
	if err := s.cfg.Log.PutCheckpoint(ctx, s.shard, signed); err != nil {
		return err
	}
	s.last = &c
	return s.keep(ctx, c, signed)
}

// keep keeps what was published where readers find it.
func (s *sealer) keep(ctx context.Context, c proof.Checkpoint, signed []byte) error {
	if err := s.db.KeepCheckpoint(ctx, s.shard, c.Size, signed); err != nil {
		return err
	}
	if err := s.cfg.Keep(s.shard, signed); err != nil {
		return fmt.Errorf("keep the checkpoint in a file: %w", err)
	}
	return nil
}

// resume reads the tree and the last published checkpoint. The topic is asked, not the
// database: an earlier copy of the database would not know the newest.
func (s *sealer) resume(ctx context.Context) error {
	state, _, err := s.db.Tree(ctx, s.shard)
	if err != nil {
		return fmt.Errorf("read the tree: %w", err)
	}
	tree, err := proof.Resume(state.Head.Seq, state.Head.Hash, s.db.Tiles(ctx, s.shard))
	if err != nil {
		return fmt.Errorf("read the edge of the tree: %w", err)
	}
	signed, err := s.cfg.Log.LastCheckpoint(ctx, s.shard)
	if err != nil {
		return err
	}
	s.last = nil
	if signed != nil {
		c, err := s.cfg.Keys.Open(signed)
		if err != nil {
			return fmt.Errorf("%w: the last one: %w", ErrUnsealable, err)
		}
		if c.Installation != s.cfg.Signer.Installation() || int(c.Shard) != s.shard {
			return fmt.Errorf("%w: the last one is of %s, shard %d", ErrUnsealable, c.Installation, c.Shard)
		}
		s.last = &c
		if tree.Size() >= c.Size { // a kill may have come between publishing and keeping
			if err := s.keep(ctx, c, signed); err != nil {
				return err
			}
		}
	}
	s.tree = tree
	return nil
}

// grow appends the published records that the tree lacks, and stores its new tiles.
func (s *sealer) grow(ctx context.Context, head journal.Head) error {
	for s.tree.Size() < head.Seq {
		from := s.tree.Size()
		segments, err := s.db.Segments(ctx, s.shard, from+1, segmentsAtOnce)
		if err != nil {
			return fmt.Errorf("read segments from %d: %w", from+1, err)
		}
		for _, segment := range segments {
			raws, err := segment.Split()
			if err != nil {
				return err
			}
			for i, raw := range raws {
				if n := segment.FirstSeq + uint64(i); n == s.tree.Size()+1 && n <= head.Seq {
					s.tree.Append(raw)
				}
			}
		}
		if s.tree.Size() == from {
			return fmt.Errorf("%w: the journal has no record %d, %d are published", ErrUnsealable, from+1, head.Seq)
		}
		if s.tree.Size() == head.Seq && s.tree.Head() != head {
			break // a wrong tree is not stored
		}
		if err := s.db.GrowTree(ctx, s.shard, from, s.tree.Head(), s.tree.Take()); err != nil {
			return err
		}
	}
	if s.tree.Head() != head {
		return fmt.Errorf("%w: the tree ends at %d %s, the event log at %d %s", ErrUnsealable,
			s.tree.Size(), s.tree.Head().Hash, head.Seq, head.Hash)
	}
	return nil
}

// checkpoint is the head of the tree.
func (s *sealer) checkpoint(ctx context.Context) (proof.Checkpoint, error) {
	root, err := s.tree.Root()
	if err != nil {
		return proof.Checkpoint{}, err
	}
	raw, ok, err := s.db.Record(ctx, s.shard, s.tree.Size())
	if err != nil || !ok {
		return proof.Checkpoint{}, errors.Join(errors.New("read the last record of the tree"), err)
	}
	r := new(journalv1.Record)
	if err := proto.Unmarshal(raw, r); err != nil {
		return proof.Checkpoint{}, fmt.Errorf("decode the last record of the tree: %w", err)
	}
	return proof.Checkpoint{
		Installation: s.cfg.Signer.Installation(), Shard: uint32(s.shard), Size: s.tree.Size(), Root: root,
		Head: s.tree.Head().Hash, ClockUS: r.GetClockUs(),
	}, nil
}

// continues refuses a checkpoint that the last published one is no beginning of.
func (s *sealer) continues(ctx context.Context, c proof.Checkpoint) error {
	if s.last == nil {
		return nil
	}
	if c.Size <= s.last.Size {
		return fmt.Errorf("%w: %d records, %d were signed already", ErrUnsealable, c.Size, s.last.Size)
	}
	path, err := proof.ProveConsistency(s.last.Size, c.Size, s.db.Tiles(ctx, s.shard))
	if err != nil {
		return err
	}
	if err := proof.CheckConsistency(*s.last, c, path); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsealable, err)
	}
	return nil
}
