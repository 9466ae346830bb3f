package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/store"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

const policyLong = `Which changes of accounts take two people in a book: unfreeze, close, reopen, limit. Made by
one alone they are refused then (approval_required); they are asked for with --ask, and
another key approves. Freezing always takes one: what stops a loss waits for nobody. Opening
closed days again always takes two.

  provodka policy                                             what takes two now
  provodka policy set unfreeze,limit --reason "положение 12"  these, and no others
  provodka policy set none --reason "положение 13" --ask      fewer than now: by two
  provodka policy approve 0.42 --reason "согласовано"         another key
  provodka policy decline 0.42 --reason "не согласовано"      or nothing happens

One alone may want two people for more changes, never for fewer. It holds on every shard
when the command ends, is in the journal, and is audited.`

func newPolicyCmd(env *Env) *cobra.Command {
	var dsn, book string
	cmd := &cobra.Command{
		Use: "policy", Short: "Which changes of accounts take two people", Long: policyLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return showPolicy(cmd.Context(), env, dsn, book) },
	}
	dsnFlag(cmd, &dsn)
	bookFlag(cmd, &book)
	f := &changeFlags{}
	set := &cobra.Command{
		Use: "set CHANGE,…", Short: "Have these changes, and no others, made by two; none for no change", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error { return f.setPolicy(cmd.Context(), env, words[0]) },
	}
	f.add(set)
	cmd.AddCommand(set)
	addVerdicts(cmd, env)
	return cmd
}

func (f *changeFlags) setPolicy(ctx context.Context, env *Env, text string) error {
	two := splitList(text)
	if text == "none" {
		two = nil
	}
	c, err := f.client(env)
	if err != nil {
		return err
	}
	if f.ask {
		answer, err := c.Ledger.RequestApproval(ctx, &ledgerv1.RequestApprovalRequest{
			Book: f.book, What: &ledgerv1.RequestApprovalRequest_Policy{Policy: &ledgerv1.PolicyChange{Key: f.key, TwoPeople: two, Reason: f.reason}},
		})
		if err != nil {
			return err
		}
		return f.report(env, answer.GetRefusal(), nil, answer.GetApproval())
	}
	answer, err := c.Ledger.ChangePolicy(ctx, &ledgerv1.ChangePolicyRequest{Book: f.book, Key: f.key, TwoPeople: two, Reason: f.reason})
	if err != nil {
		return err
	}
	return env.reportPolicy(answer.GetPolicy())
}

// reportPolicy prints what takes two people by now.
func (e *Env) reportPolicy(p *ledgerv1.PolicyStanding) error {
	if e.json() {
		return e.printJSON(p)
	}
	_, err := fmt.Fprintf(e.Out, "вдвоём: %s\n", twoText(p.GetTwoPeople()))
	return err
}

func twoText(two []string) string { return cmp.Or(strings.Join(two, ", "), "ничего") }

func showPolicy(ctx context.Context, env *Env, dsn, bookFlag string) error {
	db, err := env.openDB(ctx, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	bookName, err := env.book(ctx, db, bookFlag)
	if err != nil {
		return err
	}
	rows, err := db.HomeRules(ctx, []store.RuleKey{{Book: bookName, Kind: ledger.PolicyRule, Subject: ledger.PolicySubject}})
	if err != nil {
		return err
	}
	out := map[string]any{"book": bookName, "two_people": []string{}}
	line := "вдвоём: ничего"
	if len(rows) > 0 {
		r := rows[0].Rule
		at := time.UnixMicro(r.GetDecidedUs()).In(db.Zone()).Format("2006-01-02 15:04:05")
		out = map[string]any{
			"book": bookName, "two_people": append([]string{}, r.GetPolicy().GetTwo()...), "version": r.GetVersion(), "decided": at,
			"author": r.GetAuthor(), "reason": r.GetReason(), "approved_by": r.GetApproved().GetBy(),
		}
		who := r.GetAuthor()
		if by := r.GetApproved().GetBy(); by != "" {
			who += " + " + by
		}
		line = fmt.Sprintf("вдвоём: %s (%s, %s: %s)", twoText(r.GetPolicy().GetTwo()), at, who, r.GetReason())
	}
	if env.json() {
		return env.printJSON(out)
	}
	_, err = fmt.Fprintln(env.Out, line)
	return err
}
