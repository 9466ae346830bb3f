package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const rootLong = `Provodka is a double-entry ledger and payment engine.

Data goes to stdout, everything else to stderr; --output json is for programs.
Commands that read find their installation in this order: their flags, the
environment (PROVODKA_DSN, PROVODKA_BROKERS), and the directory of a running
"provodka dev" (--dev, by default .provodka when it is there).

Exit codes:
  0  done
  1  failed
  2  wrong usage
  3  the audit found a difference, the sheet of a closed period does not agree, the doctor
     something that needs a person, or a proof does not hold`

// newRootCmd puts the commands together.
func newRootCmd(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use: "provodka", Short: "A double-entry ledger and payment engine", Long: rootLong,
		SilenceErrors: true, SilenceUsage: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentFlags().StringVar(&env.Dir, "dev", "", "`directory` of a running \"provodka dev\" to read from (default .provodka when it has dev.json)")
	root.PersistentFlags().StringVar(&env.Output, "output", outputTable, "`form` of what is printed: table for people, json for programs")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return env.checkOutput() }
	root.AddGroup(&cobra.Group{ID: "run", Title: "Run it:"}, &cobra.Group{ID: "read", Title: "Read the books:"},
		&cobra.Group{ID: "work", Title: "Close, upload, pay, decide:"}, &cobra.Group{ID: "prove", Title: "Prove and repair:"})
	for group, commands := range map[string][]*cobra.Command{
		"run": {newDevCmd(env), newServeCmd(env), newMigrateCmd(env), newKeygenCmd(env), newKeyCmd(env), newVersionCmd(env)},
		"read": {newTrialBalanceCmd(env), newOSVCmd(env), newBalanceCmd(env), newAccountCmd(env), newStatementCmd(env), newCardCmd(env),
			newGeneralCmd(env), newExplainCmd(env), newTaskCmd(env), newDocumentCmd(env), newWithheldCmd(env), newCertificateCmd(env), newExportCmd(env)},
		"work": {newPeriodCmd(env), newPolicyCmd(env), newScheduledCmd(env), newRegisterCmd(env), newRemitCmd(env), newUserCmd(env)},
		"prove": {newAuditCmd(env), newReplayCmd(env), newRebuildCmd(env), newEventsCmd(env), newDoctorCmd(env),
			newProveCmd(env), newVerifyCmd(env), newCheckpointCmd(env)},
	} {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	root.SetHelpCommandGroupID("run")
	root.SetCompletionCommandGroupID("run")
	complete(root)
	helpOfWhatIsThere(root)
	return root
}

// args turns a refusal of arguments into one of usage.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, list []string) error {
		err := check(cmd, list)
		switch {
		case err == nil:
			return nil
		case len(list) > 0 && cmd.HasSubCommands():
			return usageError{fmt.Errorf("%w: one of %s", err, strings.Join(names(cmd), ", "))}
		}
		return usageError{fmt.Errorf("%w: %s", err, cmd.UseLine())}
	}
}
