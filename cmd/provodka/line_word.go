package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/flow/incoming"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

const assignLong = `Say whose money a line is that waits in unmatched: it goes to the company's wallet, or with
--deposit to its security deposit. The reason is a code or the id of a note, kept for ever.

  provodka statement assign LINE --company company-1 --reason letter-7
  provodka statement assign LINE --company company-1 --deposit --reason letter-7`

const explainLineLong = `Say what a line was that is no company's money. Of money that left (unexplained):

  fee         a fee of the bank
  loss        money that is lost
  charge      a company is charged with it: --company
  known       a payment of ours that is booked already

Of money that came (unmatched):

  known       money that is booked already
  returned    a payment of ours that came back: --task
  tax-refund  tax paid twice that the tax service gives back: --order. A refund of several orders
              is told order by order, with the --amount of each; the rest waits for the next one.

The reason is a code or the id of a note, kept for ever. What an order or a task says of it comes later
and is seen with "provodka statement lines", as is why it did not take the line.

  provodka statement explain LINE --as fee --reason contract-12
  provodka statement explain LINE --as charge --company company-1 --reason letter-7
  provodka statement explain LINE --as returned --task task-17 --reason letter-7
  provodka statement explain LINE --as tax-refund --order ndfl-2026-04-1 --amount 40.00 --reason letter-8`

const returnLong = `Send the money of a line that waits in unmatched back to its sender. What the bank says of it comes
later and is seen with "provodka statement lines". The reason is a code or the id of a note, kept for ever.

  provodka statement return LINE --reason letter-7`

const wordLong = `

A line that cannot be settled so says why, with the field; exit code 1. When the answer is lost, the
command says the key with which it can be given again: nothing is done twice.

The API is found by --url, PROVODKA_URL or dev.json, its key in PROVODKA_API_KEY.`

// explanations are the words of --as.
var explanations = map[string]statementv1.Explanation{
	"fee": statementv1.Explanation_EXPLANATION_FEE, "known": statementv1.Explanation_EXPLANATION_KNOWN, "loss": statementv1.Explanation_EXPLANATION_LOSS,
	"charge": statementv1.Explanation_EXPLANATION_CHARGE, "returned": statementv1.Explanation_EXPLANATION_RETURNED, "tax-refund": statementv1.Explanation_EXPLANATION_TAX_REFUND,
}

// lineFlags are those of a person's word about a line.
type lineFlags struct {
	apiFlags
	reason, company string
	as, task        string
	order, amount   string
	deposit         bool
}

// lineAnswer is what each word about a line is answered with.
type lineAnswer interface {
	proto.Message
	GetLine() *statementv1.Line
	GetReplayed() bool
}

func newAssignCmd(env *Env) *cobra.Command {
	cmd, f := newLineCmd(env, "assign", "Say whose money a line is", assignLong, func(ctx context.Context, c *client.Client, f *lineFlags, line string) (lineAnswer, error) {
		if f.company == "" {
			return nil, usagef("--company: whose money is it?")
		}
		return c.Statements.AssignLine(ctx, &statementv1.AssignLineRequest{
			Book: f.book, Key: f.key, LineId: line, CompanyId: f.company, Deposit: f.deposit, Reason: f.reason,
		})
	})
	cmd.Flags().StringVar(&f.company, "company", "", "id of the company whose money it is")
	cmd.Flags().BoolVar(&f.deposit, "deposit", false, "its security deposit; else its wallet")
	return cmd
}

func newExplainLineCmd(env *Env) *cobra.Command {
	cmd, f := newLineCmd(env, "explain", "Say what a line was that is no company's money", explainLineLong, func(ctx context.Context, c *client.Client, f *lineFlags, line string) (lineAnswer, error) {
		as, ok := explanations[f.as]
		if !ok {
			return nil, usagef("--as %q: one of %s", f.as, strings.Join(slices.Sorted(maps.Keys(explanations)), ", "))
		}
		return c.Statements.ExplainLine(ctx, &statementv1.ExplainLineRequest{
			Book: f.book, Key: f.key, LineId: line, Explanation: as, CompanyId: f.company, TaskId: f.task, RemittanceId: f.order, Amount: f.amount, Reason: f.reason,
		})
	})
	cmd.Flags().StringVar(&f.as, "as", "", "what it was: fee, loss, charge, known, returned or tax-refund")
	cmd.Flags().StringVar(&f.company, "company", "", "the company that is charged")
	cmd.Flags().StringVar(&f.task, "task", "", "the task whose payment came back")
	cmd.Flags().StringVar(&f.order, "order", "", "the order whose tax had been paid twice")
	cmd.Flags().StringVar(&f.amount, "amount", "", "how much of the line is that order's, rubles (default all that waits of it)")
	return cmd
}

func newReturnCmd(env *Env) *cobra.Command {
	cmd, _ := newLineCmd(env, "return", "Send the money of a line back to its sender", returnLong, func(ctx context.Context, c *client.Client, f *lineFlags, line string) (lineAnswer, error) {
		return c.Statements.ReturnLine(ctx, &statementv1.ReturnLineRequest{Book: f.book, Key: f.key, LineId: line, Reason: f.reason})
	})
	return cmd
}

// newLineCmd makes a command that says a person's word about a line.
func newLineCmd(env *Env, use, short, long string, word func(context.Context, *client.Client, *lineFlags, string) (lineAnswer, error)) (*cobra.Command, *lineFlags) {
	f := &lineFlags{}
	cmd := &cobra.Command{
		Use: use + " LINE", Short: short, Long: long + wordLong, Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, lines []string) error {
			if f.reason == "" {
				return usagef("--reason: why? A code or the id of a note")
			}
			c, err := f.client(env)
			if err != nil {
				return err
			}
			f.key = f.keyOrNew()
			answer, err := word(cmd.Context(), c, f, lines[0])
			if err != nil {
				return f.unsure(err)
			}
			return env.afterWord(answer)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, a code or the id of a note: kept for ever and published")
	return cmd, f
}

// afterWord prints a line after a person's word about it.
func (e *Env) afterWord(answer lineAnswer) error {
	if e.json() {
		return e.printMessage(answer)
	}
	l := answer.GetLine()
	if err := e.printLines(l); err != nil {
		return err
	}
	if answer.GetReplayed() {
		e.say("it was said before under the same key: this was the answer")
	}
	if incoming.New().Title(l.GetState()).WaitsFor == "world" {
		e.say("the answer is awaited; see what becomes of it with provodka statement lines --state %s,unmatched,unexplained", l.GetState())
	}
	return nil
}
