package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/adapters/kafka"
	"github.com/provodka/provodka/cmd/provodka/server"
	"github.com/provodka/provodka/engine"
	"github.com/provodka/provodka/ledger/audit"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

const replayLong = `Decide the whole command log again, on an empty database, and compare what comes out
with the event log: the same commands and the facts recorded from outside the log must
give the same records, byte for byte, whatever the size of the batches. The audit checks
that the books follow from the records; a replay checks that the records follow from
what was asked.

The database must be empty (it is migrated first) and is left filled, to be looked at.
It never touches the installation whose logs it reads.

Exit 0 prints one line with the heads; exit 3 prints the first record that differs.`

func newReplayCmd(env *Env) *cobra.Command {
	var f brokerFlags
	var dsn string
	var batch int
	cmd := &cobra.Command{
		Use: "replay", Short: "Decide the command log again and compare", Long: replayLong, Args: args(cobra.NoArgs),
		Example: "  provodka replay --brokers kafka:9092 --dsn postgres://localhost/empty",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dsn == "" {
				return usagef("--dsn: which empty database? A replay never takes one by itself")
			}
			if batch < 1 || batch > engine.MaxOperations {
				return usagef("--batch: %d is not from 1 to %d", batch, engine.MaxOperations)
			}
			return runReplay(cmd.Context(), env, f, dsn, batch)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&dsn, "dsn", "", "address of an empty database, postgres://…")
	cmd.Flags().IntVar(&batch, "batch", engine.MaxOperations, "most operations of one commit")
	return cmd
}

func runReplay(ctx context.Context, env *Env, f brokerFlags, dsn string, batch int) error {
	log, err := env.openLog(ctx, f)
	if err != nil {
		return err
	}
	defer log.Close()
	if err := store.Migrate(ctx, dsn); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	db, err := store.Open(ctx, dsn, store.Options{Name: "provodka-replay", MaxConns: 4, Logger: env.Logger})
	if err != nil {
		return err
	}
	defer db.Close()
	flows, err := server.Flows()
	if err != nil {
		return err
	}
	shards, err := engine.Replay(ctx, engine.ReplayConfig{
		DB: db, Commands: log, Events: log, Flows: flows, Zone: db.Zone(),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), BatchOperations: batch,
	})
	if err != nil {
		return err
	}
	for number, s := range shards {
		if s.Recorded != s.Decided {
			return reported(env, "replay", firstDecidedOtherwise(ctx, log, db, number, s))
		}
	}
	return env.printReplay(shards)
}

// firstDecidedOtherwise finds the first record that came out otherwise.
func firstDecidedOtherwise(ctx context.Context, log *kafka.Log, db *store.DB, shard int, s engine.Replayed) error {
	var found *audit.Difference
	var again [][]byte // records decided again that are not compared yet
	seq := uint64(0)
	_, err := replayed(ctx, log, shard, 0, func(e audit.Event) error {
		seq++
		if len(again) == 0 {
			segments, err := db.Segments(ctx, shard, seq, 1)
			if err != nil {
				return err
			}
			if len(segments) > 0 {
				if again, err = segments[0].Split(); err != nil {
					return err
				}
			}
		}
		where := fmt.Sprintf("record %d.%d", shard, seq)
		if len(again) == 0 {
			found = &audit.Difference{Where: where, What: "the record", Expected: "one", Found: "none: the replay left fewer records"}
			return errFound
		}
		if !bytes.Equal(e.Value, again[0]) {
			found = firstField(where, e.Value, again[0])
			return errFound
		}
		again = again[1:]
		return nil
	})
	if err != nil && !errors.Is(err, errFound) {
		return err
	}
	if found == nil {
		found = &audit.Difference{Where: fmt.Sprintf("shard %d", shard), What: "number of records",
			Expected: fmt.Sprint(s.Recorded.Seq), Found: fmt.Sprint(s.Decided.Seq)}
	}
	return found
}

// firstField names the first field of two records that differs.
func firstField(where string, recorded, decided []byte) *audit.Difference {
	a, b := new(journalv1.Record), new(journalv1.Record)
	if errA, errB := proto.Unmarshal(recorded, a), proto.Unmarshal(decided, b); errA != nil || errB != nil {
		return &audit.Difference{Where: where, What: "the record", Expected: fmt.Sprint(errA), Found: fmt.Sprint(errB)}
	}
	fields := a.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		x, y := a.ProtoReflect().Get(f), b.ProtoReflect().Get(f)
		if !x.Equal(y) {
			return &audit.Difference{Where: where, What: string(f.Name()), Expected: x.String(), Found: y.String()}
		}
	}
	return &audit.Difference{Where: where, What: "bytes of the record", Expected: fmt.Sprintf("%x", recorded), Found: fmt.Sprintf("%x", decided)}
}

func (e *Env) printReplay(shards []engine.Replayed) error {
	if e.json() {
		heads := []map[string]any{}
		for number, s := range shards {
			heads = append(heads, map[string]any{"shard": number, "seq": s.Decided.Seq, "hash": s.Decided.Hash.String()})
		}
		return e.printJSON(map[string]any{"ok": true, "heads": heads})
	}
	records := uint64(0)
	heads := make([]string, len(shards))
	for number, s := range shards {
		records += s.Decided.Seq
		heads[number] = fmt.Sprintf("%d.%d %.16s", number, s.Decided.Seq, s.Decided.Hash)
	}
	_, err := fmt.Fprintf(e.Out, "replay ok: %d shards, %d records decided again, the same byte for byte; heads %s\n",
		len(shards), records, strings.Join(heads, ", "))
	return err
}
