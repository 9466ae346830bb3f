package engine

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// EventSource gives a shard's events again, in order; a port.EventLog is one.
type EventSource interface {
	// Replay hands the records over from an offset, or from earlier, to the end.
	Replay(ctx context.Context, shard int, from int64, each func([]port.LogRecord) error) error
}

// RebuildConfig says which database is made of which events.
type RebuildConfig struct {
	DB              *store.DB // migrated and empty, or left by a rebuild that was ended
	Events          EventSource
	Shards          int
	BatchOperations int                              // records of one commit, about; default 8,000
	AtOnce          int                              // shards at once; default 4
	Progress        func(shard int, at journal.Head) // told of every commit, from several goroutines; may be nil
	Each            func(*journalv1.Record)          // told of every event, from several goroutines; may be nil
}

// ErrNotEmpty says that a database holds, or serves, something else than the beginning
// of a rebuild.
var ErrNotEmpty = errors.New("the database is not empty")

// Rebuild writes the books from their events alone: it folds every record into the rows
// it says and decides nothing again. Headers, numbers and links are checked on the way.
// Ended at any moment, it goes on where it ended when it is run again; a server that
// starts on what it left goes on by itself. It answers the shards as they then stand.
func Rebuild(ctx context.Context, cfg RebuildConfig) ([]store.ShardState, error) {
	if cfg.BatchOperations == 0 {
		cfg.BatchOperations = 8000
	}
	if cfg.AtOnce == 0 {
		cfg.AtOnce = 4
	}
	if cfg.Progress == nil {
		cfg.Progress = func(int, journal.Head) {}
	}
	if err := free(ctx, cfg.DB, cfg.Shards); err != nil {
		return nil, err
	}
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(cfg.AtOnce)
	for shard := range cfg.Shards {
		g.Go(func() error {
			if err := cfg.shard(inner, shard); err != nil {
				return fmt.Errorf("rebuild shard %d: %w", shard, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return cfg.DB.Shards(ctx)
}

// free refuses a database that a server has written to, or runs on. What a rebuild
// writes is known by its positions: their leader epoch is unknown, and so is the topic
// until a server has joined the books with their command log.
func free(ctx context.Context, db *store.DB, shards int) error {
	states, err := db.Shards(ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		fresh := s.Head.Seq == 0 && s.Position.Offset == 0
		if !fresh && (s.Position.LeaderEpoch != unknownEpoch || s.Position.TopicID != ([16]byte{})) {
			return fmt.Errorf("%w: shard %d is at record %d, offset %d", ErrNotEmpty, s.Shard, s.Head.Seq, s.Position.Offset)
		}
		if !fresh && s.Shard >= shards {
			return fmt.Errorf("%w: it holds shard %d, the events are of %d shards", ErrNotEmpty, s.Shard, shards)
		}
	}
	leases, err := db.Leases(ctx)
	if err != nil {
		return err
	}
	now, err := db.Clock(ctx)
	if err != nil {
		return err
	}
	for _, l := range leases {
		if l.Until.After(now) {
			return fmt.Errorf("%w: %s serves shard %d of it", ErrNotEmpty, l.Owner, l.Shard)
		}
	}
	return nil
}

// shard folds the events of one shard.
func (c RebuildConfig) shard(ctx context.Context, number int) error {
	taken, err := c.DB.TakeOver(ctx, number)
	if err != nil {
		return err
	}
	session, err := c.DB.OpenWriter(ctx, number, taken.Epoch)
	if err != nil {
		return err
	}
	defer session.Close()
	totals, err := c.DB.LoadTotals(ctx, number)
	if err != nil {
		return err
	}
	at := mark{position: taken.Position, head: taken.Head, clockUS: taken.ClockUS}
	f := newFold(number, session, store.NewRows(c.DB.Zone()), totals, at, c.BatchOperations)
	f.progress = func(head journal.Head) { c.Progress(number, head) }
	f.each = c.Each
	return f.from(ctx, c.Events)
}
