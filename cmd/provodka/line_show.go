package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

const lineShowLong = `One line of a bank statement with its whole story: what it says, whose payment it is, and every
step of it: what happened, by which rules or by whom and why, and what each step booked.

  provodka statement line LINE

The API is found by --url, PROVODKA_URL or dev.json, its key in PROVODKA_API_KEY.`

func newLineShowCmd(env *Env) *cobra.Command {
	var f apiFlags
	cmd := &cobra.Command{
		Use: "line LINE", Short: "One line of a statement with its whole story", Long: lineShowLong, Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error { return showLine(cmd.Context(), env, &f, words[0]) },
	}
	f.addPlace(cmd)
	return cmd
}

func showLine(ctx context.Context, env *Env, f *apiFlags, id string) error {
	c, err := f.client(env)
	if err != nil {
		return err
	}
	now, err := c.Statements.CountLines(ctx, &statementv1.CountLinesRequest{Book: f.book}) // its last step may just have been made
	if err != nil {
		return err
	}
	answer, err := c.Statements.GetLine(ctx, &statementv1.GetLineRequest{Book: f.book, LineId: id, MinPosition: now.GetPosition()})
	if err != nil {
		return err
	}
	if env.json() {
		return env.printMessage(answer)
	}
	if err := env.printLines(answer.GetLine()); err != nil {
		return err
	}
	if paid := cmp.Or(answer.GetTaskId(), answer.GetPaidRemittanceId()); paid != "" {
		fmt.Fprintf(env.Out, "\nPayment of %s\n", paid)
	}
	fmt.Fprintln(env.Out)
	t := table.New("When", "What", "State", "Who", "Why", "Whose", "Record", "Booked")
	for _, s := range answer.GetSteps() {
		var booked []string
		for _, l := range s.GetLegs() {
			side := map[ledgerv1.LegKind]string{ledgerv1.LegKind_LEG_KIND_DEBIT: "Дт", ledgerv1.LegKind_LEG_KIND_CREDIT: "Кт"}[l.GetKind()]
			booked = append(booked, side+" "+l.GetAccount()+" "+l.GetAmount())
		}
		why := cmp.Or(s.GetReason(), s.GetStatementId())
		if s.GetReason() == "" && len(s.GetRules()) > 0 {
			why = strings.TrimSpace(why + " by " + strings.Join(s.GetRules(), ", "))
		}
		t.Add(s.GetRecordedAt().AsTime().Format(time.RFC3339), s.GetEvent(), s.GetStateTitle(), s.GetActor(), why, s.GetCompanyId(), s.GetRecordId(), strings.Join(booked, "; "))
	}
	return t.Write(env.Out)
}
