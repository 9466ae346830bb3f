package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/ledger/audit"
)

func newEventsCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{Use: "events", Short: "Keep the event log outside the broker"}
	cmd.AddCommand(newArchiveCmd(env))
	return cmd
}

const archiveLong = `Write every published event into one file, with counts, heads and a digest. The file
needs nothing but "provodka audit --events FILE" to be checked, on any machine.`

func newArchiveCmd(env *Env) *cobra.Command {
	var f brokerFlags
	var out string
	cmd := &cobra.Command{
		Use: "archive", Short: "Write the event log into a file", Long: archiveLong, Args: args(cobra.NoArgs),
		Example: "  provodka events archive --brokers kafka:9092 --out events.archive\n  provodka audit --events events.archive",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usagef("--out: which file?")
			}
			if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s is there already: an archive is never overwritten", out)
			}
			return archiveEvents(cmd.Context(), env, f, out)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	return cmd
}

func archiveEvents(ctx context.Context, env *Env, f brokerFlags, path string) error {
	log, err := env.openLog(ctx, f)
	if err != nil {
		return err
	}
	defer log.Close()
	var shards []audit.ArchiveShard
	err = writeFile(nil, path, func(w io.Writer) error {
		archive := audit.NewArchiveWriter(w)
		for shard := range log.Shards() {
			_, err := replayed(ctx, log, shard, 0, func(e audit.Event) error { return archive.Add(shard, e) })
			if err != nil {
				return err
			}
		}
		shards, err = archive.Close()
		return err
	})
	if err != nil {
		return err
	}
	if env.json() {
		list := []map[string]any{}
		for _, s := range shards {
			list = append(list, map[string]any{"shard": s.Shard, "events": s.Events, "hash": s.Head.Hash.String()})
		}
		return env.printJSON(map[string]any{"file": path, "shards": list})
	}
	events := uint64(0)
	for _, s := range shards {
		events += s.Events
	}
	_, err = fmt.Fprintf(env.Out, "archived %d events of %d shards in %s\n", events, len(shards), path)
	return err
}
