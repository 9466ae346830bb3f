package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newMigrateCmd(env *Env) *cobra.Command {
	var dsn string
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database's schema up to this program",
		Long: "Bring the schema of the database up to this program, or say where it stands.\n" +
			"Migrations only go forward; programs that start at once wait for one another.",
	}
	cmd.PersistentFlags().StringVar(&dsn, "dsn", "", dsnHelp)
	cmd.AddCommand(
		&cobra.Command{
			Use: "up", Short: "Apply what is missing", Args: args(cobra.NoArgs),
			Example: "  provodka migrate up --dsn postgres://localhost/provodka",
			RunE:    func(cmd *cobra.Command, _ []string) error { return migrateUp(cmd, env, dsn) },
		},
		&cobra.Command{
			Use: "status", Short: "Say where the schema stands", Args: args(cobra.NoArgs),
			Example: "  provodka migrate status --dsn postgres://localhost/provodka",
			RunE:    func(cmd *cobra.Command, _ []string) error { return migrateStatus(cmd, env, dsn) },
		},
	)
	return cmd
}

func migrateUp(cmd *cobra.Command, env *Env, dsn string) error {
	db, err := env.openDB(cmd.Context(), dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	applied, err := db.Migrate(cmd.Context())
	for _, name := range applied {
		env.say("applied %s", name)
	}
	if err != nil {
		return err
	}
	return migrateStatus(cmd, env, dsn)
}

func migrateStatus(cmd *cobra.Command, env *Env, dsn string) error {
	db, err := env.openDB(cmd.Context(), dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	current, latest, err := db.MigrationStatus(cmd.Context())
	if err != nil {
		return err
	}
	if env.json() {
		return env.printJSON(map[string]int64{"current": current, "latest": latest})
	}
	_, err = fmt.Fprintf(env.Out, "schema %d of %d: %s\n", current, latest, schemaWords(current, latest))
	return err
}

func schemaWords(current, latest int64) string {
	switch {
	case current < latest:
		return "run `provodka migrate up`"
	case current > latest:
		return "the database was migrated by a newer program"
	}
	return "up to date"
}
