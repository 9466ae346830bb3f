package engine

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

// ReplayConfig says which log is decided again, and where.
type ReplayConfig struct {
	DB              *store.DB // migrated and empty
	Commands        port.CommandLog
	Events          port.EventLog // the recorded externals are read from here
	Flows           *flow.Registry
	Zone            *time.Location
	Logger          *slog.Logger
	BatchOperations int // most operations of one commit
}

// Replay decides the whole command log again on an empty database, with relay,
// effects, timers and the machine's clock off, and returns each shard's head.
// The same log and its recorded externals give the same heads, whatever the
// batches were.
func Replay(ctx context.Context, cfg ReplayConfig) ([]journal.Head, error) {
	full := Config{
		Process: "replay", DB: cfg.DB, Commands: cfg.Commands, Events: cfg.Events, Flows: cfg.Flows, Zone: cfg.Zone,
		Logger: cfg.Logger, Metrics: prometheus.NewRegistry(), Outcomes: silent{}, BatchOperations: cfg.BatchOperations,
	}
	e, err := New(full)
	if err != nil {
		return nil, err
	}
	heads := make([]journal.Head, cfg.Commands.Shards())
	for s := range heads {
		if heads[s], err = e.replayShard(ctx, s); err != nil {
			return nil, fmt.Errorf("replay shard %d: %w", s, err)
		}
	}
	return heads, nil
}

// silent is an outcome log that nobody listens to.
type silent struct{}

func (silent) Tell(string, []byte) {}

func (silent) Listen(ctx context.Context, _ string, _ func([]byte)) error {
	<-ctx.Done()
	return ctx.Err()
}

func (e *Engine) replayShard(ctx context.Context, number int) (journal.Head, error) {
	s := &shard{engine: e, number: number}
	taken, err := e.cfg.DB.TakeOver(ctx, number)
	if err != nil {
		return journal.Head{}, err
	}
	if taken.Head.Seq != 0 {
		return journal.Head{}, fmt.Errorf("the database holds %d records of the shard; a replay wants it empty", taken.Head.Seq)
	}
	session, err := e.cfg.DB.OpenWriter(ctx, number, taken.Epoch)
	if err != nil {
		return journal.Head{}, err
	}
	defer session.Close()
	w, err := s.writer(ctx, session, taken)
	if err != nil {
		return journal.Head{}, err
	}
	w.nowUS, w.topic = nil, e.cfg.Commands.TopicID()
	w.after = func(*batch) {}
	recorded, until, err := s.recordedExternals(ctx)
	if err != nil || until < 0 {
		return w.committed.head, err
	}
	reader, err := e.cfg.Commands.Read(ctx, number, port.LogPosition{TopicID: w.topic})
	if err != nil {
		return journal.Head{}, err
	}
	defer reader.Close()
	arrivals := make(chan []*arrival)
	read, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- w.readUntil(read, reader, arrivals, recorded, until) }()
	if err := w.run(ctx, arrivals); err != nil {
		return journal.Head{}, err
	}
	return w.committed.head, <-failed
}

// recordedExternals reads what the live run could not decide from the log alone,
// by offset, and the last offset that it had decided; -1 when there is none.
func (s *shard) recordedExternals(ctx context.Context) (map[int64]externals, int64, error) {
	recorded, until := map[int64]externals{}, int64(-1)
	err := s.engine.cfg.Events.Replay(ctx, s.number, 0, func(records []port.LogRecord) error {
		for _, r := range records {
			ev, err := journal.ReadEvent(r.Value, headerMap(r.Headers))
			if err != nil {
				return err
			}
			rec := ev.Record
			until = max(until, rec.GetOffset())
			if rec.GetExternal() == nil {
				continue
			}
			if recorded[rec.GetOffset()] == nil {
				recorded[rec.GetOffset()] = externals{}
			}
			recorded[rec.GetOffset()][externalKey{rec.GetCommand(), rec.GetOperation()}] = rec.GetExternal()
		}
		return nil
	})
	return recorded, until, err
}

// readUntil hands over the records up to an offset, with their recorded externals.
func (w *writer) readUntil(ctx context.Context, log port.CommandReader, out chan<- []*arrival, recorded map[int64]externals, until int64) error {
	defer close(out)
	for {
		records, err := log.Poll(ctx, w.cfg.BatchOperations)
		if err != nil {
			return err
		}
		for _, r := range records {
			if r.Offset > until {
				return nil
			}
			a := decode(r)
			a.external = recorded[r.Offset]
			// A record without a command's name was rejected unread; one with a name
			// was read and rejected, and will be again.
			if ext := a.external[externalKey{}]; ext.GetKind() == journalv1.ExternalKind_EXTERNAL_KIND_REJECTED {
				a.command, a.undecodable = nil, ext.GetText()
			}
			if !send(ctx, out, []*arrival{a}) {
				return ctx.Err()
			}
			if r.Offset == until {
				return nil
			}
		}
	}
}
