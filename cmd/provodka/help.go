package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// complete gives every command what its help has to have: a command of a group shows the group's
// examples of it; a group alone, or with a word that it does not know, is wrong usage.
func complete(cmd *cobra.Command) {
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args, cmd.RunE = args(cobra.NoArgs), func(c *cobra.Command, _ []string) error {
			return usagef("%s: which? one of %s", c.CommandPath(), strings.Join(names(c), ", "))
		}
	}
	if cmd.HasParent() && len(examples(cmd, cmd)) == 0 {
		cmd.Example = strings.Join(examples(cmd.Parent(), cmd), "\n")
	}
	for _, sub := range cmd.Commands() {
		complete(sub)
	}
}

// helpOfWhatIsThere refuses to help with a command that there is not.
func helpOfWhatIsThere(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, err := root.Find([]string{"help"})
	if err != nil {
		panic("provodka: no command help: " + err.Error())
	}
	help.Args = func(_ *cobra.Command, words []string) error {
		if c, rest, err := root.Find(words); err != nil || len(rest) > 0 || c == root && len(words) > 0 {
			return usagef("there is no help about %q", strings.Join(words, " "))
		}
		return nil
	}
}

// names lists the commands of a group.
func names(group *cobra.Command) (all []string) {
	for _, c := range group.Commands() {
		all = append(all, c.Name())
	}
	return all
}

// examples are the lines of a help that call a command.
func examples(in, of *cobra.Command) (lines []string) {
	for line := range strings.Lines(in.Long + "\n" + in.Example) {
		said := strings.TrimSpace(line)
		if strings.HasPrefix(line, "  ") && strings.HasPrefix(said+" ", of.CommandPath()+" ") {
			lines = append(lines, "  "+said)
		}
	}
	return lines
}
