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
	BatchOperations int  // most operations of one commit
	Rebuilt         bool // DB was made of the first events of the log: the rest is decided
}

// Replayed is one shard's journal as it was recorded and as it was decided again.
type Replayed struct {
	Recorded, Decided journal.Head
}

// Replay decides the whole command log again on an empty database, with relay,
// effects, timers and the machine's clock off, and returns each shard's heads.
// The same log and its recorded externals give the same heads, whatever the
// batches were.
func Replay(ctx context.Context, cfg ReplayConfig) ([]Replayed, error) {
	full := Config{
		Process: "replay", DB: cfg.DB, Commands: cfg.Commands, Events: cfg.Events, Flows: cfg.Flows, Zone: cfg.Zone,
		Logger: cfg.Logger, Metrics: prometheus.NewRegistry(), Outcomes: silent{}, BatchOperations: cfg.BatchOperations,
	}
	e, err := New(full)
	if err != nil {
		return nil, err
	}
	if cfg.Rebuilt {
		if err := free(ctx, cfg.DB, cfg.Commands.Shards()); err != nil {
			return nil, err
		}
	}
	shards := make([]Replayed, cfg.Commands.Shards())
	for s := range shards {
		if shards[s], err = e.replayShard(ctx, s, cfg.Rebuilt); err != nil {
			return nil, fmt.Errorf("replay shard %d: %w", s, err)
		}
	}
	return shards, nil
}

// silent is an outcome log that nobody listens to.
type silent struct{}

func (silent) Tell(string, []byte) {}

func (silent) Listen(ctx context.Context, _ string, _ func([]byte)) error {
	<-ctx.Done()
	return ctx.Err()
}

func (e *Engine) replayShard(ctx context.Context, number int, rebuilt bool) (r Replayed, err error) {
	s := &shard{engine: e, number: number}
	taken, err := e.cfg.DB.TakeOver(ctx, number)
	if err != nil {
		return r, err
	}
	if taken.Head.Seq != 0 && !rebuilt {
		return r, fmt.Errorf("the database holds %d records of the shard; a replay wants it empty", taken.Head.Seq)
	}
	session, err := e.cfg.DB.OpenWriter(ctx, number, taken.Epoch)
	if err != nil {
		return r, err
	}
	defer session.Close()
	w, err := s.writer(ctx, session, taken)
	if err != nil {
		return r, err
	}
	w.nowUS, w.topic = nil, e.cfg.Commands.TopicID()
	w.after = func(*batch) {}
	recorded, err := s.recordedExternals(ctx)
	if err != nil || recorded.head.Seq == 0 {
		return r, err
	}
	r = Replayed{Recorded: recorded.head, Decided: w.committed.head}
	if recorded.until < w.position.Offset {
		return r, nil
	}
	// A log that ends before what was decided from it would be waited for for ever.
	end, err := e.cfg.Commands.Read(ctx, number, port.LogPosition{Offset: recorded.until + 1, LeaderEpoch: unknownEpoch, TopicID: w.topic})
	if err != nil {
		return r, fmt.Errorf("the events speak of command %d: %w", recorded.until, err)
	}
	end.Close()
	if err := s.rejoin(ctx, w); err != nil {
		return r, err
	}
	reader, err := e.cfg.Commands.Read(ctx, number, port.LogPosition(w.position))
	if err != nil {
		return r, err
	}
	defer reader.Close()
	arrivals := make(chan []*arrival)
	read, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- w.readUntil(read, reader, arrivals, recorded) }()
	if err := w.run(ctx, arrivals); err != nil {
		return r, err
	}
	return Replayed{Recorded: recorded.head, Decided: w.committed.head}, <-failed
}

// recording is what the events of a shard say of the live run.
type recording struct {
	externals map[int64]externals // what it could not decide from the log alone, by offset
	until     int64               // the last offset that it decided
	head      journal.Head
}

func (s *shard) recordedExternals(ctx context.Context) (recording, error) {
	out := recording{externals: map[int64]externals{}, until: -1}
	err := s.engine.cfg.Events.Replay(ctx, s.number, 0, func(records []port.LogRecord) error {
		for _, r := range records {
			ev, err := journal.ReadEvent(r.Value, headerMap(r.Headers))
			if err != nil {
				return err
			}
			rec := ev.Record
			out.until = max(out.until, rec.GetOffset())
			out.head = journal.Head{Seq: rec.GetSeq(), Hash: ev.Hash}
			if rec.GetExternal() == nil {
				continue
			}
			if out.externals[rec.GetOffset()] == nil {
				out.externals[rec.GetOffset()] = externals{}
			}
			out.externals[rec.GetOffset()][externalKey{rec.GetCommand(), rec.GetOperation()}] = rec.GetExternal()
		}
		return nil
	})
	return out, err
}

// readUntil hands over the records up to an offset, with their recorded externals.
func (w *writer) readUntil(ctx context.Context, log port.CommandReader, out chan<- []*arrival, recorded recording) error {
	defer close(out)
	for {
		records, err := log.Poll(ctx, w.cfg.BatchOperations)
		if err != nil {
			return err
		}
		for _, r := range records {
			if r.Offset > recorded.until {
				return nil
			}
			a := decode(r, nil)
			a.external = recorded.externals[r.Offset]
			// A record without a command's name was rejected unread; one with a name
			// was read and rejected, and will be again.
			if ext := a.external[externalKey{}]; ext.GetKind() == journalv1.ExternalKind_EXTERNAL_KIND_REJECTED {
				a.command, a.undecodable = nil, ext.GetText()
			}
			if !send(ctx, out, []*arrival{a}) {
				return ctx.Err()
			}
			if r.Offset == recorded.until {
				return nil
			}
		}
	}
}
