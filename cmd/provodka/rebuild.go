package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/journal"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

const rebuildLong = `Make the database from the event log alone: balances, holds, flows, open effects,
timers, keys with their answers, and what waits for money. Nothing is decided again.

  provodka rebuild --brokers HOST:PORT --dsn EMPTY    from the log on the broker
  provodka rebuild --events FILE --dsn EMPTY          from an archive made by "events archive"

The database must be empty, or hold what a rebuild that was ended has left: it then goes
on. Every header, number and hash is checked on the way. Afterwards "provodka serve" runs
on it: it looks whether the command log fits, asks about every open effect before it
sends anything, decides what the log holds beyond the last event, and answers old keys
as before.

What must never be in a log is not in this one, and comes from a backup of its tables,
made at or after the last event, before or after the rebuild:

  pg_dump --data-only -t api_key -t private_data -t private_index -t private_key DSN > private.sql
  psql EMPTY < private.sql          (after "provodka migrate up" or the rebuild)

api_key holds the callers' keys, private_data personal data, documents and the stamps
that make requests with such data idempotent, private_index the keyed hashes by which
they are found: the server needs the same PROVODKA_SECRET as before. private_key holds
the keys that seal the data, wrapped by PROVODKA_INSTALLATION_KEY: without either the
data is noise, so keep that key apart from the backups. What the books name
and these tables lack is listed at the end, and whoever was erased and is there again
because the backup is older than that: EraseExecutor erases once more. Run the command
again after the restore, and before the first start of a server, to see what is still
missing.`

type rebuildFlags struct {
	dsn, events string
	broker      brokerFlags
}

func newRebuildCmd(env *Env) *cobra.Command {
	var f rebuildFlags
	cmd := &cobra.Command{
		Use: "rebuild", Short: "Make an empty database from the event log", Long: rebuildLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case f.dsn == "":
				return usagef("--dsn: which database? It is written to, so it has to be named")
			case f.events != "" && f.broker.brokers != "":
				return usagef("--events and --brokers: one of them")
			}
			return runRebuild(cmd.Context(), env, f)
		},
	}
	f.broker.add(cmd)
	cmd.Flags().StringVar(&f.events, "events", "", "archive of events instead of a broker")
	cmd.Flags().StringVar(&f.dsn, "dsn", "", "address of the empty database, postgres://…")
	return cmd
}

func runRebuild(ctx context.Context, env *Env, f rebuildFlags) error {
	started := env.Now()
	events, shards, closing, err := env.rebuildSource(ctx, f)
	if err != nil {
		return err
	}
	defer closing()
	db, err := env.openDB(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	p := &rebuildProgress{env: env, at: map[int]uint64{}, actors: map[string]bool{}}
	states, err := engine.Rebuild(ctx, engine.RebuildConfig{
		DB: db, Events: events, Shards: shards, Progress: p.committed, Each: p.event,
	})
	p.end()
	if err != nil {
		return err
	}
	lacks, back, err := whatLacks(ctx, db, p.callers())
	if err != nil {
		return err
	}
	return env.printRebuilt(states, lacks, back, env.Now().Sub(started))
}

// rebuildSource opens where the events are, and tells of how many shards.
func (e *Env) rebuildSource(ctx context.Context, f rebuildFlags) (engine.EventSource, int, func(), error) {
	if f.events == "" {
		log, err := e.openLog(ctx, f.broker)
		if err != nil {
			return nil, 0, nil, err
		}
		return log, log.Shards(), log.Close, nil
	}
	file, shards := &fileSource{path: f.events}, 0
	// Read through once: damage shows at the end of an archive, and nothing is to be
	// written from a damaged one.
	err := file.read(func(shard int, _ audit.Event) error { shards = max(shards, shard+1); return nil })
	if err != nil {
		return nil, 0, nil, reported(e, "rebuild", err)
	}
	return archived{file}, shards, file.close, nil
}

// archived is an archive as a source of a rebuild.
type archived struct{ *fileSource }

// Replay hands over a shard's events, one by one, from the first.
func (a archived) Replay(ctx context.Context, shard int, _ int64, each func([]port.LogRecord) error) error {
	offset := int64(-1)
	err := a.read(func(n int, e audit.Event) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case n > shard:
			return errFound // the shards come in order
		case n < shard:
			return nil
		}
		offset++
		// An event of an archive is valid during the call only, and its records are kept.
		r := port.LogRecord{Offset: offset, Key: slices.Clone(e.Key), Value: slices.Clone(e.Value)}
		for _, h := range e.Headers {
			r.Headers = append(r.Headers, port.Header{Key: h.Key, Value: slices.Clone(h.Value)})
		}
		return each([]port.LogRecord{r})
	})
	if errors.Is(err, errFound) {
		return nil
	}
	return err
}

// rebuildProgress tells a person at a terminal how far a rebuild is, and notes whose
// keys made the records.
type rebuildProgress struct {
	env *Env

	mu     sync.Mutex
	at     map[int]uint64
	actors map[string]bool
	shown  time.Time
}

func (p *rebuildProgress) event(r *journalv1.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.actors[r.GetActor()] = true
}

// callers are those actors that called by a key: no part of the engine, no person.
func (p *rebuildProgress) callers() []string {
	maps.DeleteFunc(p.actors, func(actor string, _ bool) bool {
		return !gate.ByKey(actor) || slices.Contains([]string{"effect", "timer", "gather"}, actor)
	})
	return slices.Sorted(maps.Keys(p.actors))
}

func (p *rebuildProgress) committed(shard int, at journal.Head) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at[shard] = at.Seq
	now := p.env.Now()
	if !terminal(p.env.Err) || now.Sub(p.shown) < 200*time.Millisecond {
		return
	}
	p.shown = now
	parts := []string{}
	for _, s := range slices.Sorted(maps.Keys(p.at)) {
		parts = append(parts, fmt.Sprintf("%d.%d", s, p.at[s]))
	}
	fmt.Fprintf(p.env.Err, "\rrebuilt up to %s\x1b[K", strings.Join(parts, ", "))
}

func (p *rebuildProgress) end() {
	if !p.shown.IsZero() {
		fmt.Fprint(p.env.Err, "\r\x1b[K")
	}
}

// terminal says whether somebody looks at what is written.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// lack is what the books name of a table that no event fills.
type lack struct {
	Table   string `json:"table"`
	Kind    string `json:"kind"`
	Named   uint64 `json:"named"`
	Missing uint64 `json:"missing"`
}

func whatLacks(ctx context.Context, db *store.DB, callers []string) (lacks []lack, back []string, err error) {
	there, err := db.APIKeysThere(ctx, callers)
	if err != nil {
		return nil, nil, err
	}
	out := []lack{{"api_key", "caller", uint64(len(callers)), uint64(len(callers) - len(there))}}
	counts, back, err := private.Missing(ctx, db)
	for _, c := range counts {
		out = append(out, lack{"private_data", c.Kind, c.Named, c.Missing})
	}
	return out, back, err
}

func (e *Env) printRebuilt(states []store.ShardState, lacks []lack, back []string, took time.Duration) error {
	if e.json() {
		heads := []map[string]any{}
		for _, s := range states {
			heads = append(heads, map[string]any{"shard": s.Shard, "seq": s.Head.Seq, "hash": s.Head.Hash.String(), "offset": s.Position.Offset})
		}
		return e.printJSON(map[string]any{"heads": heads, "outside_the_log": lacks, "erased_but_back": back})
	}
	records, heads := uint64(0), make([]string, len(states))
	for i, s := range states {
		records += s.Head.Seq
		heads[i] = fmt.Sprintf("%d.%d %.16s", s.Shard, s.Head.Seq, s.Head.Hash)
	}
	missing := uint64(0)
	t := table.New("table", "kind", ">named by the books", ">missing")
	for _, l := range lacks {
		missing += l.Missing
		t.Add(l.Table, l.Kind, strconv.FormatUint(l.Named, 10), strconv.FormatUint(l.Missing, 10))
	}
	fmt.Fprintf(e.Out, "rebuilt %d records of %d shards; heads %s\n", records, len(states), strings.Join(heads, ", "))
	fmt.Fprintln(e.Out, "\nnot in the log (see --help: a backup of api_key, private_data, private_index and private_key):")
	if err := t.Write(e.Out); err != nil {
		return err
	}
	for _, id := range back {
		e.say("%s was erased, and an older backup has brought it back: call EraseExecutor again", id)
	}
	e.say("it took %s", took.Round(time.Millisecond))
	if missing > 0 {
		e.say("%d rows are missing: restore the backup of these tables before `provodka serve`", missing)
	}
	return nil
}
