package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/journal/proof"
	"github.com/provodka/provodka/ledger/store"
)

const proveLong = `Write a proof into a file that anybody can check with "provodka verify", without our
database and broker. The server must run with --checkpoint-key: what is proven stands
under its newest published checkpoint; a newer record waits for the next one.

An entry's proof holds the whole record with all its legs: give it to whom all of
them concern.`

type proveFlags struct {
	dsn, book, asset, out, from, to string
	wait                            time.Duration
}

func newProveCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{Use: "prove", Short: "Prove an entry, an account's history, or that nothing was dropped", Long: proveLong}
	cmd.AddCommand(newProveEntryCmd(env), newProveAccountCmd(env), newProveConsistencyCmd(env))
	return cmd
}

func (f *proveFlags) add(cmd *cobra.Command) {
	dsnFlag(cmd, &f.dsn)
	cmd.Flags().StringVar(&f.out, "out", "", "file to write (default: stdout)")
}

// waiting adds --wait.
func (f *proveFlags) waiting(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.wait, "wait", 10*time.Second, "how long to wait for a checkpoint that covers it")
}

// beforeAgain is the pause before looking again for a checkpoint.
const beforeAgain = 200 * time.Millisecond

// run opens the database, makes a proof and writes it.
func (f *proveFlags) run(ctx context.Context, env *Env, make func(*store.DB) (*proof.Proof, error)) error {
	db, err := env.openDB(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	deadline := env.Now().Add(f.wait)
	p, err := make(db)
	for errors.Is(err, ledger.ErrNoCheckpoint) && env.Now().Before(deadline) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(beforeAgain):
		}
		p, err = make(db)
	}
	if errors.Is(err, ledger.ErrNoCheckpoint) {
		return fmt.Errorf("%w: the server makes one every few seconds when it has --checkpoint-key", err)
	}
	if err != nil {
		return err
	}
	file, err := p.Encode()
	if err != nil {
		return err
	}
	return writeFile(env.Out, f.out, func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	})
}

func newProveEntryCmd(env *Env) *cobra.Command {
	var f proveFlags
	cmd := &cobra.Command{
		Use: "entry ID", Short: "Prove that an entry is in the journal", Args: args(cobra.ExactArgs(1)),
		Example: "  provodka prove entry 2.1042 --out entry.proof",
		RunE: func(cmd *cobra.Command, list []string) error {
			id, err := entryID(list[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(db *store.DB) (*proof.Proof, error) { return ledger.ProveEntry(cmd.Context(), db, id) })
		},
	}
	f.add(cmd)
	f.waiting(cmd)
	return cmd
}

func entryID(text string) (store.RecordID, error) {
	shard, seq, _ := strings.Cut(text, ".")
	n, err := strconv.ParseUint(shard, 10, 15)
	m, failed := strconv.ParseUint(seq, 10, 63)
	if err != nil || failed != nil || m == 0 {
		return store.RecordID{}, usagef("%.40q is not an id like 2.1042", text)
	}
	return store.RecordID{Shard: int(n), Seq: m}, nil
}

func newProveAccountCmd(env *Env) *cobra.Command {
	var f proveFlags
	cmd := &cobra.Command{
		Use: "account NAME", Short: "Prove everything that changed an account", Args: args(cobra.ExactArgs(1)),
		Long: `Every record that changed the account, with the dense versions of its stripes: one
that was left out between two others would be a gap. --from and --to are moments (RFC
3339); without them it is the whole history that published checkpoints cover.`,
		Example: "  provodka prove account wallet:company-1 --out wallet.proof",
		RunE: func(cmd *cobra.Command, list []string) error {
			if _, refusal := book.ParseName("account", list[0]); refusal != nil {
				return usageError{refusal}
			}
			var bounds [2]int64
			for i, text := range []string{f.from, f.to} {
				if text == "" {
					continue
				}
				moment, err := time.Parse(time.RFC3339, text)
				if err != nil {
					return usagef("%q is no moment like 2026-03-31T00:00:00+03:00", text)
				}
				bounds[i] = moment.UnixMicro()
			}
			return f.run(cmd.Context(), env, func(db *store.DB) (*proof.Proof, error) {
				in, err := env.book(cmd.Context(), db, f.book)
				if err != nil {
					return nil, err
				}
				return ledger.ProveAccount(cmd.Context(), db, proof.Account{Book: in, Name: list[0], Asset: f.asset}, bounds[0], bounds[1])
			})
		},
	}
	f.add(cmd)
	f.waiting(cmd)
	bookFlag(cmd, &f.book)
	cmd.Flags().StringVar(&f.asset, "asset", "RUB", "the asset")
	cmd.Flags().StringVar(&f.from, "from", "", "moment, RFC 3339: what was recorded at it or after it")
	cmd.Flags().StringVar(&f.to, "to", "", "moment, RFC 3339: what was recorded before it")
	return cmd
}

func newProveConsistencyCmd(env *Env) *cobra.Command {
	var f proveFlags
	cmd := &cobra.Command{
		Use: "consistency", Short: "Prove that nothing was changed or dropped between two checkpoints", Args: args(cobra.NoArgs),
		Example: "  provodka prove consistency --from march.checkpoint --to april.checkpoint --out spring.proof",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.from == "" || f.to == "" {
				return usagef("--from and --to: files with an older and a newer checkpoint of one shard")
			}
			older, err := os.ReadFile(f.from)
			if err != nil {
				return err
			}
			newer, err := os.ReadFile(f.to)
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(db *store.DB) (*proof.Proof, error) {
				return ledger.ProveConsistency(cmd.Context(), db, string(older), string(newer))
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.from, "from", "", "file with the older checkpoint")
	cmd.Flags().StringVar(&f.to, "to", "", "file with the newer checkpoint")
	return cmd
}

func newCheckpointCmd(env *Env) *cobra.Command {
	var f proveFlags
	var shard int
	cmd := &cobra.Command{
		Use: "checkpoint", Short: "Show a shard's newest published checkpoint", Args: args(cobra.NoArgs),
		Example: "  provodka checkpoint --shard 2 --out april.checkpoint",
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := env.openDB(cmd.Context(), f.dsn)
			if err != nil {
				return err
			}
			defer db.Close()
			state, _, err := db.Tree(cmd.Context(), shard)
			if err != nil {
				return err
			}
			if state.Checkpoint == "" {
				return fmt.Errorf("shard %d has no published checkpoint", shard)
			}
			return writeFile(env.Out, f.out, func(w io.Writer) error {
				_, err := io.WriteString(w, state.Checkpoint)
				return err
			})
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&shard, "shard", 0, "the shard")
	return cmd
}
