package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/machine"
	"github.com/provodka/provodka/ledger/store"
	"github.com/provodka/provodka/ledger/trace"
)

// Bounds of one run of records into the search tables, and of the pauses after one
// that failed.
const (
	projectQueue     = 24_000 // records kept in memory
	projectAtOnce    = 8000
	projectEvery     = 100 * time.Millisecond // between two runs of few records
	firstProjectWait = 100 * time.Millisecond
	lastProjectWait  = 10 * time.Second
)

// projector writes a shard's journal into the tables that records are searched by. It
// goes behind the commits and never holds them up: when it fails it begins again where
// the tables stand, and the shard goes on without it.
type projector struct {
	*follower
	at store.Projected
}

func newProjector(s *shard) *projector {
	return &projector{follower: newFollower(s, projectQueue, projectEvery), at: store.Projected{Shard: s.number}}
}

// run projects until the context ends.
func (p *projector) run(ctx context.Context) error {
	for wait := firstProjectWait; ; wait = min(2*wait, lastProjectWait) {
		began := p.at.Head.Seq
		err := p.project(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.shard.engine.cfg.Logger.Warn("the search tables do not follow; trying again", "shard", p.shard.number, "at", p.at.Head.Seq, "error", err)
		if p.at.Head.Seq != began {
			wait = firstProjectWait
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// project reads where the tables stand and follows the journal from there on, until
// something fails.
func (p *projector) project(ctx context.Context) error {
	db := p.shard.engine.cfg.DB
	all, err := db.Projections(ctx)
	if err != nil {
		return fmt.Errorf("read where the search tables stand: %w", err)
	}
	p.at = store.Projected{Shard: p.shard.number}
	for _, at := range all {
		if at.Shard == p.at.Shard {
			p.at = at
		}
	}
	p.passed(p.at.Head)
	for {
		p.shard.engine.metrics.projected(p.shard.number, p.at.Head.Seq)
		records, err := p.next(ctx)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-p.wake:
			}
			continue
		}
		if err := p.portion(ctx, records[:min(len(records), projectAtOnce)]); err != nil {
			return err
		}
	}
}

// portion writes records into the tables.
func (p *projector) portion(ctx context.Context, records []journal.Sealed) (err error) {
	ctx, span := p.begin(ctx, "project", trace.Internal, records)
	defer span.End()
	if p.at, err = p.shard.engine.cfg.DB.Project(ctx, p.at, records, p.dated(records)); err != nil {
		span.Fail(err)
		return err
	}
	p.passed(p.at.Head)
	return nil
}

// dated are the days by which the moves of records let their aggregates be found.
func (p *projector) dated(records []journal.Sealed) []store.Dated {
	var days []store.Dated
	for _, s := range records {
		m := s.Record.GetMove()
		f, ok := p.shard.engine.cfg.Flows.Lookup(m.GetFlow())
		if !ok || f.Dated == nil {
			continue
		}
		if d, ok := f.Dated(m, p.shard.engine.cfg.Zone); ok {
			days = append(days, store.Dated{
				Key:   store.AggregateKey{Book: s.Record.GetBook(), Flow: m.GetFlow(), ID: m.GetId()},
				First: m.GetFrom() == machine.New, State: m.GetTo(), Day: d.Day, Amount: d.Amount, Places: d.Places,
			})
		}
	}
	return days
}
