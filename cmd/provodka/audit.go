package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/store"
)

const auditLong = `Rebuild the books from the event log alone and check every record: headers, numbers,
hashes, double entry, balances after, floors, holds, keys, effects and timers.

  provodka audit --brokers HOST:PORT               the log on the broker
  provodka audit --events FILE                     an archive made by "events archive"
  provodka audit --brokers HOST:PORT --dsn DSN     the log, then every leg and hold of a
                                                   snapshot of the database against it, and
                                                   the sheet of every closed period

Without flags the directory of a running "provodka dev" is audited, database and all.
Exit 0 prints one summary line; exit 3 prints the first record that differs, what was
expected and what was found.`

type auditFlags struct {
	dsn, events string
	broker      brokerFlags
	wait        time.Duration
}

func newAuditCmd(env *Env) *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use: "audit", Short: "Check the event log, and the database against it", Long: auditLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.resolve(env); err != nil {
				return err
			}
			return runAudit(cmd.Context(), env, f)
		},
	}
	f.broker.add(cmd)
	cmd.Flags().StringVar(&f.events, "events", "", "archive of events instead of a broker")
	cmd.Flags().StringVar(&f.dsn, "dsn", "", dsnHelp+": compare its snapshot too")
	cmd.Flags().DurationVar(&f.wait, "wait", time.Minute, "how long to wait until the events reach the database")
	return cmd
}

// resolve fills in what was not said. Somebody who names a part of the installation
// means that part, and not the database of the directory he happens to stand in.
func (f *auditFlags) resolve(env *Env) error {
	if f.events != "" && f.broker.brokers != "" {
		return usagef("--events and --brokers: one of them")
	}
	if f.events == "" && f.broker.brokers == "" && f.dsn == "" {
		dsn, err := env.dsn("")
		if err != nil {
			return err
		}
		f.dsn = dsn
	}
	return nil
}

// source is where events are read from.
type source interface {
	// add hands over what came since the last call.
	add(ctx context.Context, a *audit.Auditor) error
	// replay hands over a shard's events from the first.
	replay(shard int, each func(audit.Event) error) error
	// grows says whether more may come.
	grows() bool
	close()
}

func runAudit(ctx context.Context, env *Env, f auditFlags) error {
	options := audit.Options{}
	var rows audit.Rows
	var db *store.DB
	if f.dsn != "" {
		var err error
		if db, err = env.openDB(ctx, f.dsn); err != nil {
			return err
		}
		defer db.Close()
		rows = func(each func(store.AuditRow) error) error { return db.SnapshotLegs(ctx, each) }
		if options.Snapshot, err = audit.ReadSnapshot(rows); err != nil {
			return reported(env, "audit", err)
		}
		options.Zone = db.Zone()
	}
	src, err := env.openSource(ctx, f)
	if err != nil {
		return err
	}
	defer src.close()
	a := audit.New(options)
	if err := auditAll(ctx, env, a, src, options.Snapshot, f.wait); err != nil {
		return reported(env, "audit", err)
	}
	if options.Snapshot != nil {
		if err := a.Compare(rows, src.replay); err != nil {
			return reported(env, "audit", err)
		}
		if err := a.CompareSheets(sheetsOf(ctx, db)); err != nil {
			return reported(env, "audit", err)
		}
	}
	return env.printSummary(a.Summary(), options.Snapshot)
}

// auditAll reads the events through, and goes on reading until they reach the snapshot.
func auditAll(ctx context.Context, env *Env, a *audit.Auditor, src source, snapshot *audit.Snapshot, wait time.Duration) error {
	deadline := env.Now().Add(wait)
	for {
		if err := src.add(ctx, a); err != nil {
			return err
		}
		behind := ""
		if snapshot != nil {
			behind = behindSnapshot(a, snapshot)
		}
		switch {
		case behind == "":
			return a.Finish()
		case !src.grows():
			return fmt.Errorf("%s: audit a newer archive, or the broker", behind)
		case env.Now().After(deadline):
			return fmt.Errorf("%s, and nothing came for %s: is the server running? (see `provodka doctor`)", behind, wait)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func behindSnapshot(a *audit.Auditor, snapshot *audit.Snapshot) string {
	for _, s := range snapshot.Shards() {
		if at := a.Head(s.Shard).Seq; at < s.Head.Seq {
			return fmt.Sprintf("the events of shard %d end at record %d, the database is at %d", s.Shard, at, s.Head.Seq)
		}
	}
	return ""
}

// reported prints a difference as the result of a check; other errors pass.
func reported(env *Env, check string, err error) error {
	var d *audit.Difference
	if !errors.As(err, &d) {
		return err
	}
	if env.json() {
		return errors.Join(err, env.printJSON(map[string]any{
			"ok": false, "where": d.Where, "what": d.What, "expected": d.Expected, "found": d.Found,
		}))
	}
	fmt.Fprintf(env.Out, "%s differs: %v\n", check, d)
	return err
}

func (e *Env) printSummary(s audit.Summary, snapshot *audit.Snapshot) error {
	if e.json() {
		out := map[string]any{
			"ok": true, "records": s.Records, "entries": s.Entries, "legs": s.Legs, "holds": s.Holds,
			"moves": s.Moves, "refusals": s.Refusals, "keys": s.Keys, "heads": headsJSON(s),
		}
		if snapshot != nil {
			out["database"] = map[string]uint64{"legs": snapshot.Legs(), "holds": snapshot.Holds()}
		}
		return e.printJSON(out)
	}
	heads := make([]string, len(s.Shards))
	for i, h := range s.Shards {
		heads[i] = fmt.Sprintf("%d.%d %.16s", h.Shard, h.Head.Seq, h.Head.Hash)
	}
	line := fmt.Sprintf("audit ok: %d shards, %d records, %d entries, %d legs, %d holds, %d keys; heads %s",
		len(s.Shards), s.Records, s.Entries, s.Legs, s.Holds, s.Keys, strings.Join(heads, ", "))
	if snapshot != nil {
		seen := make([]string, 0, len(s.Shards))
		for _, state := range snapshot.Shards() {
			seen = append(seen, fmt.Sprintf("%d.%d", state.Shard, state.Head.Seq))
		}
		line += fmt.Sprintf("; the database agrees at %s: %d legs, %d holds", strings.Join(seen, ", "), snapshot.Legs(), snapshot.Holds())
	}
	_, err := fmt.Fprintln(e.Out, line)
	return err
}

func headsJSON(s audit.Summary) []map[string]any {
	out := make([]map[string]any, len(s.Shards))
	for i, h := range s.Shards {
		out[i] = map[string]any{"shard": h.Shard, "seq": h.Head.Seq, "hash": h.Head.Hash.String()}
	}
	return out
}

func (e *Env) openSource(ctx context.Context, f auditFlags) (source, error) {
	if f.events != "" {
		return &fileSource{path: f.events}, nil
	}
	log, err := e.openLog(ctx, f.broker)
	if err != nil {
		return nil, err
	}
	return &logSource{ctx: ctx, log: log, next: map[int]int64{}}, nil
}

// logSource reads the event topic.
type logSource struct {
	ctx  context.Context // of replay, which has the auditor's signature
	log  *kafka.Log
	next map[int]int64
}

func (s *logSource) add(ctx context.Context, a *audit.Auditor) error {
	for shard := range s.log.Shards() {
		next, err := replayed(ctx, s.log, shard, s.next[shard], func(e audit.Event) error { return a.Add(shard, e) })
		if err != nil {
			return err
		}
		s.next[shard] = next
	}
	return nil
}

func (s *logSource) replay(shard int, each func(audit.Event) error) error {
	_, err := replayed(s.ctx, s.log, shard, 0, each)
	return err
}

func (s *logSource) grows() bool { return true }

func (s *logSource) close() { s.log.Close() }

// fileSource reads an archive.
type fileSource struct{ path string }

func (s *fileSource) add(_ context.Context, a *audit.Auditor) error { return s.read(a.Add) }

func (s *fileSource) read(each func(int, audit.Event) error) error {
	f, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = audit.ReadArchive(f, each)
	return err
}

func (s *fileSource) replay(shard int, each func(audit.Event) error) error {
	return s.read(func(n int, e audit.Event) error {
		if n != shard {
			return nil
		}
		return each(e)
	})
}

func (s *fileSource) grows() bool { return false }

func (s *fileSource) close() {}
