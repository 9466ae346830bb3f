package main

import (
	"cmp"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/server"
)

// memoryLimit is what the garbage collector aims at under load: with it a server
// stays below 250 MB at full load (bench/README.md). GOMEMLIMIT wins.
const memoryLimit = 180 << 20

const serveLong = `Run one server process against a database and a Kafka of your own.

The configuration is a JSON file; unknown fields are refused. The environment wins
over it: PROVODKA_DSN, PROVODKA_BROKERS, PROVODKA_SECRET, PROVODKA_INSTALLATION_KEY,
PROVODKA_BANK_TOKEN, PROVODKA_BANK_CALLBACK_SECRET, PROVODKA_TAX_TOKEN. PROVODKA_SECRET keys the hashes by which private
data is found, PROVODKA_INSTALLATION_KEY wraps the keys that seal it; both are 32 bytes in
base64 and are never in the database or its backups. To replace the installation key put
the new one first and the old one into installation_key_files; once every server has said
"the private data is in order" the old one is not needed.

With bank.callback_secrets (or PROVODKA_BANK_CALLBACK_SECRET) the bank may call back to
POST /callbacks/bank of the API, its webhook "payment-status": it shows one of the secrets
("Bearer SECRET", or "Basic" with the secret in base64), from one of the networks
bank.callback_from if there are any. What it says is not believed: it makes us ask the bank
about that payment at once. Without callbacks everything is asked about all the same, later.

Statements of an own account come as files that people upload ("statement": "file") or from
the bank itself ("statement": "bank", "statement_since": the first day, YYYY-MM-DD), never
both. With bank.statement_seconds a process with the role api asks the bank so often about
the accounts of the second kind, and books what is new into bank.statement_book; without it
only "provodka statement pull" asks. It goes on behind the last day that was read wholly, the three days before it
again: what the bank has changed there stays the same line. Operations of the night (22:00 to
03:00) are booked after 03:00.

Roles: "api" serves callers, "engine" owns shards; processes share the shards evenly and take over from each other; "auditor" follows the events of
all shards, compares them with the database, and freezes what differs.

It stops in order on SIGTERM: no new calls, running calls finish, shards are handed
over.`

func newServeCmd(env *Env) *cobra.Command {
	var path, level, roles, checkpointKey, checkpointDir string
	cmd := &cobra.Command{
		Use: "serve", Short: "Run one server process", Long: serveLong, Args: args(cobra.NoArgs),
		Example: "  provodka serve --config /etc/provodka.json\n  provodka serve --config provodka.json --roles engine",
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := jsonLogger(env, level)
			if err != nil {
				return err
			}
			cfg, err := server.ReadConfig(path, env.Getenv)
			if err != nil {
				return usageError{err}
			}
			if err := chooseRoles(&cfg, roles); err != nil {
				return err
			}
			cfg.CheckpointKey = cmp.Or(checkpointKey, cfg.CheckpointKey)
			cfg.CheckpointDir = cmp.Or(checkpointDir, cfg.CheckpointDir)
			if env.Getenv("GOMEMLIMIT") == "" {
				debug.SetMemoryLimit(memoryLimit)
			}
			m, err := server.Open(cmd.Context(), cfg, log)
			if err != nil {
				return err
			}
			defer m.Close()
			go func() {
				select {
				case <-m.Ready():
					env.say("ready api=%s metrics=%s", m.Addr(), m.MetricsAddr())
				case <-cmd.Context().Done():
				}
			}()
			return m.Run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "JSON file")
	cmd.Flags().StringVar(&roles, "roles", "", "api, engine, auditor, comma-separated (default: what the file says)")
	cmd.Flags().StringVar(&checkpointKey, "checkpoint-key", "", "file of the key that signs checkpoints of the journal (see keygen)")
	cmd.Flags().StringVar(&checkpointDir, "checkpoint-dir", "", "directory that gets the checkpoints beside the broker")
	cmd.Flags().StringVar(&level, "log", "info", "least level of the log on stderr: debug, info, warn, error")
	return cmd
}

// chooseRoles lets the flag win over the file.
func chooseRoles(cfg *server.Config, roles string) error {
	if roles == "" {
		return nil
	}
	cfg.API, cfg.Engine, cfg.Auditor = false, false, false
	for _, r := range splitList(roles) {
		switch r {
		case "api":
			cfg.API = true
		case "engine":
			cfg.Engine = true
		case "auditor":
			cfg.Auditor = true
		default:
			return usagef("--roles: there is no role %q", r)
		}
	}
	return cfg.Check()
}
