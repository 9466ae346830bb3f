package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/flow/incoming"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

const pullLong = `Read from the bank, now, what an account of ours had on some days, and book what is new
and what the bank has changed: the same as a server does by itself every bank.statement_seconds.
It is for accounts whose statements come from the bank ("statement": "bank"); a line is booked
once, however often it is read. Without days it reads today and the three days before.

  provodka statement pull
  provodka statement pull --account settlement --from 2026-03-01 --until 2026-03-31

A line is new, changed (the bank tells it otherwise than before) or known. Lines in suspense
wait for a person: whose money it is, or what it was. Exit code 1 when a line was refused: it is
asked for again.

The API is found by --url, PROVODKA_URL or dev.json, its key in PROVODKA_API_KEY.`

type pullFlags struct {
	apiFlags
	account, from, until string
}

func newPullCmd(env *Env) *cobra.Command {
	var f pullFlags
	cmd := &cobra.Command{
		Use: "pull", Short: "Read the bank's statement of an account of ours now", Long: pullLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runPull(cmd.Context(), env, &f) },
	}
	f.addPlace(cmd)
	cmd.Flags().StringVar(&f.account, "account", "", "name of our account in the books (default the only one of which the bank tells)")
	cmd.Flags().StringVar(&f.from, "from", "", "first day, YYYY-MM-DD (default three days before the last one)")
	cmd.Flags().StringVar(&f.until, "until", "", "last day, YYYY-MM-DD (default today, where the bank is)")
	return cmd
}

func runPull(ctx context.Context, env *Env, f *pullFlags) error {
	for flag, day := range map[string]string{"--from": f.from, "--until": f.until} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return usagef("%s %q: a day is YYYY-MM-DD", flag, day)
		}
	}
	c, err := f.client(env)
	if err != nil {
		return err
	}
	answer, err := c.Statements.PullStatement(ctx, &statementv1.PullStatementRequest{Book: f.book, Account: f.account, From: f.from, To: f.until})
	if err != nil {
		return err
	}
	if env.json() {
		err = env.printMessage(answer)
	} else {
		err = env.printPulled(answer)
	}
	if err == nil && !answer.GetWhole() {
		err = errors.New("not all that the bank tells was taken: it is asked for again; see the server's log")
	}
	return err
}

// printPulled prints the lines of a look, and counts them.
func (e *Env) printPulled(answer *statementv1.PullStatementResponse) error {
	t := table.New("Day", "Number", ">In", ">Out", "Counterparty", "Purpose", "What", "State", "Seen")
	seen, suspense := map[string]int{}, 0
	for _, p := range answer.GetLines() {
		l, how := p.GetLine(), "known"
		switch {
		case p.GetBooked():
			how = "new"
		case p.GetChanged():
			how = "changed"
		}
		seen[how]++
		if l.GetState() == incoming.Unmatched || l.GetState() == incoming.Unexplained {
			suspense++
		}
		in, out := l.GetAmount(), "-"
		if l.GetDebit() {
			in, out = out, in
		}
		t.Add(l.GetDay(), l.GetNumber(), in, out, oneLine(l.GetCounterpartyName()), oneLine(l.GetPurpose()), l.GetKind(), l.GetStateTitle(), how)
	}
	if len(answer.GetLines()) > 0 {
		if err := t.Write(e.Out); err != nil {
			return err
		}
	}
	e.say("%s to %s: %d new, %d changed, %d known; %d in suspense", answer.GetFrom(), answer.GetTo(), seen["new"], seen["changed"], seen["known"], suspense)
	return nil
}
