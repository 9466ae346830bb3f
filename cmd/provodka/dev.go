package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/dev"
	"github.com/provodka/provodka/cmd/provodka/server"
)

const devLong = `Run everything on this machine: PostgreSQL, a broker, the sandboxes of the bank, the tax
service and the providers of SMS and mail, and a server, all on loopback under one directory.

It prints a line "ready URL …" and writes DIR/dev.json when it serves. With --play
it then plays the files of a directory (examples/payroll), prints what happened,
and ends with a line "play done …" or "play failed …". It serves until Ctrl-C, or
with --once until the play is over; then the exit code is 0 if everything came out
as the play expects, else 1. A second run finds the books of the first.`

func newDevCmd(env *Env) *cobra.Command {
	o := dev.Options{}
	var brokers, level string
	cmd := &cobra.Command{
		Use: "dev", Short: "Run everything on this machine, and play", Long: devLong, Args: args(cobra.NoArgs),
		Example: "  provodka dev\n  provodka dev --play examples/payroll --once",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Once && o.Play == "" {
				return usagef("--once ends when the play is over: give --play")
			}
			if o.Shards < 1 {
				return usagef("--shards %d: at least 1", o.Shards)
			}
			dir, err := filepath.Abs(o.Dir)
			if err != nil {
				return err
			}
			o.Dir, o.Out, o.Brokers, o.Traces = dir, env.Out, splitList(brokers), env.Getenv(server.TracesVariable)
			if o.Log, err = jsonLogger(env, level); err != nil {
				return err
			}
			err = dev.Run(cmd.Context(), o)
			if cmd.Context().Err() != nil && !errors.Is(err, dev.ErrPlay) {
				return nil // Ctrl-C is a good end
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Dir, "dir", defaultDir, "where books, logs and keys live")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "address of the API; port 0 is any free one")
	f.StringVar(&o.Play, "play", "", "directory of a play")
	f.BoolVar(&o.Once, "once", false, "end when the play is over")
	f.IntVar(&o.Shards, "shards", 4, "number of shards, fixed at the first run")
	f.BoolVar(&o.Auditor, "auditor", false, "run the continuous auditor too: its metrics are provodka_audited_head and provodka_findings_total, its findings in doctor")
	f.StringVar(&brokers, "brokers", "", "a Kafka of your own instead of the embedded broker, host:port,…")
	f.StringVar(&o.Prefix, "prefix", "", "prefix of the topics there (default provodka)")
	f.StringVar(&o.Bank, "bank", "", "URL of a bank sandbox of your own instead of the embedded one (it sees the token dev-bank-token)")
	f.StringVar(&o.Key, "checkpoint-key", "", "file of the key that signs checkpoints (default: one of its own in the directory)")
	f.DurationVar(&o.Patience, "patience", 3*time.Minute, "how long the play waits for the bank and the tax service")
	f.StringVar(&level, "log", "warn", "least level of the log on stderr: debug, info, warn, error")
	return cmd
}

// jsonLogger writes the server's log to stderr.
func jsonLogger(env *Env, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usagef("--log: there is no level %q", level)
	}
	return slog.New(slog.NewJSONHandler(env.Err, &slog.HandlerOptions{Level: l})).With("pid", os.Getpid()), nil
}
