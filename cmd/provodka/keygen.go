package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/server"
	"github.com/provodka/provodka/ledger/journal/proof"
)

const keygenLong = `Make the Ed25519 key that signs checkpoints of the journal: FILE, which only its owner
can read, and FILE.pub, the verifier keys that you give to everybody.

  provodka keygen --name example.org/ledger --out checkpoint.key
  provodka serve --config provodka.json --checkpoint-key checkpoint.key

The name is that of the installation; it stands in every checkpoint and cannot change.

To change the key, make the next one from the old verifier keys, restart the servers
with it one by one within the overlap, and hand out the new FILE.pub:

  provodka keygen --out next.key --rotate checkpoint.key.pub --overlap 24h

Checkpoints of the old key stay verifiable; after the overlap it signs nothing that
anybody believes. When a key was stolen, rotate with --overlap 0 and have checkpoints
of the old key compared with one of the new by "prove consistency".`

type keygenFlags struct {
	name, out, rotate string
	overlap           time.Duration
}

func newKeygenCmd(env *Env) *cobra.Command {
	var f keygenFlags
	cmd := &cobra.Command{
		Use: "keygen", Short: "Make a key that signs checkpoints", Long: keygenLong, Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return runKeygen(env, f) },
	}
	cmd.Flags().StringVar(&f.name, "name", "", "name of the installation, like example.org/ledger")
	cmd.Flags().StringVar(&f.out, "out", "", "file to write; it must not be there")
	cmd.Flags().StringVar(&f.rotate, "rotate", "", "verifier keys of the key that this one follows")
	cmd.Flags().DurationVar(&f.overlap, "overlap", 24*time.Hour, "how long the old key still signs")
	return cmd
}

func runKeygen(env *Env, f keygenFlags) error {
	var older proof.Keys
	if f.rotate != "" {
		raw, err := os.ReadFile(f.rotate)
		if err != nil {
			return err
		}
		if older, err = proof.ParseKeys(string(raw)); err != nil {
			return fmt.Errorf("%s: %w", f.rotate, err)
		}
		if f.name != "" && f.name != older[0].Installation {
			return usagef("--name: the installation is %s and its name cannot change", older[0].Installation)
		}
		f.name = older[0].Installation
	}
	switch {
	case f.out == "":
		return usagef("--out: which file?")
	case f.name == "":
		return usagef("--name: what is the installation called? Or --rotate the keys of one")
	}
	until := env.Now().Add(f.overlap).UnixMicro()
	for i := range older {
		if older[i].UntilUS == 0 || older[i].UntilUS > until {
			older[i].UntilUS = until
		}
	}
	switch err := server.WriteKey(f.name, f.out, older); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: a key is never overwritten", err)
	case errors.Is(err, proof.ErrName):
		return usageError{err}
	case err != nil:
		return err
	}
	if env.json() {
		return env.printJSON(map[string]any{"key": f.out, "verifier_keys": f.out + server.PublicSuffix, "name": f.name})
	}
	_, err := fmt.Fprintf(env.Out, "key of %s in %s; verifier keys for everybody in %s\n", f.name, f.out, f.out+server.PublicSuffix)
	return err
}
