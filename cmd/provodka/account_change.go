package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/book"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// apiFlags are those of commands that change something through the API.
type apiFlags struct {
	url, book string
	key       string // idempotency key
}

func (f *apiFlags) add(cmd *cobra.Command) {
	f.addPlace(cmd)
	cmd.Flags().StringVar(&f.key, "key", "", "idempotency key: with the same one nothing is done twice (default a new one)")
}

// addPlace adds where the API is, and what book.
func (f *apiFlags) addPlace(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.url, "url", "", "address of the API (default PROVODKA_URL, dev.json); its key is PROVODKA_API_KEY, or that of dev.json")
	cmd.Flags().StringVar(&f.book, "book", "", "the book of the key (default that of dev.json, or main)")
}

// changeFlags are those of changes that say why.
type changeFlags struct {
	apiFlags
	reason          string
	ask             bool
	debits, credits bool
	asset           string
}

// addAccountChanges adds what changes accounts. It goes through the API: the author is
// the API key, which is never a flag, because other people of the machine see flags.
func addAccountChanges(parent *cobra.Command, env *Env) {
	for _, c := range []struct {
		use, short string
		sides      bool
		what       func(f *changeFlags, c *ledgerv1.AccountChange)
	}{
		{"freeze ACCOUNT", "Refuse debits, credits or both from now on", true, func(f *changeFlags, c *ledgerv1.AccountChange) {
			c.What = &ledgerv1.AccountChange_Freeze{Freeze: &ledgerv1.FreezeAccount{Sides: f.sides()}}
		}},
		{"unfreeze ACCOUNT", "Take debits, credits or both again", true, func(f *changeFlags, c *ledgerv1.AccountChange) {
			c.What = &ledgerv1.AccountChange_Unfreeze{Unfreeze: &ledgerv1.UnfreezeAccount{Sides: f.sides()}}
		}},
		{"close ACCOUNT", "Close an account that has nothing", false, func(_ *changeFlags, c *ledgerv1.AccountChange) {
			c.What = &ledgerv1.AccountChange_Close{Close: &ledgerv1.CloseAccount{}}
		}},
		{"reopen ACCOUNT", "Open a closed account again", false, func(_ *changeFlags, c *ledgerv1.AccountChange) {
			c.What = &ledgerv1.AccountChange_Reopen{Reopen: &ledgerv1.ReopenAccount{}}
		}},
	} {
		f := &changeFlags{}
		cmd := &cobra.Command{Use: c.use, Short: c.short, Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, words []string) error {
			change := &ledgerv1.AccountChange{Account: words[0]}
			c.what(f, change)
			return f.run(cmd.Context(), env, change)
		}}
		f.add(cmd)
		if c.sides {
			cmd.Flags().BoolVar(&f.debits, "debits", false, "debits alone, unless --credits is given too (default: both)")
			cmd.Flags().BoolVar(&f.credits, "credits", false, "credits alone, unless --debits is given too")
		}
		parent.AddCommand(cmd)
	}
	f := &changeFlags{}
	cmd := &cobra.Command{
		Use: "limit ACCOUNT SUM", Short: "Set how far an account may go below zero", Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, words []string) error {
			return f.run(cmd.Context(), env, &ledgerv1.AccountChange{
				Account: words[0], What: &ledgerv1.AccountChange_Limit{Limit: &ledgerv1.SetLimit{Asset: f.asset, Amount: words[1]}},
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.asset, "asset", "RUB", "the asset")
	parent.AddCommand(cmd)
	addVerdicts(parent, env)
}

// addVerdicts adds what decides about that which another key asked for.
func addVerdicts(parent *cobra.Command, env *Env) {
	parent.AddCommand(newVerdictCmd(env, "approve", "Let happen what another key asked for", ledgerv1.Verdict_VERDICT_APPROVE),
		newVerdictCmd(env, "decline", "Give up what was asked for", ledgerv1.Verdict_VERDICT_DECLINE))
}

// newVerdictCmd makes a command that decides what was asked for with --ask.
func newVerdictCmd(env *Env, use, short string, verdict ledgerv1.Verdict) *cobra.Command {
	f := &changeFlags{}
	cmd := &cobra.Command{
		Use: use + " ID", Short: short, Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			c, err := f.client(env)
			if err != nil {
				return err
			}
			answer, err := c.Ledger.DecideApproval(cmd.Context(), &ledgerv1.DecideApprovalRequest{
				Book: f.book, Key: f.key, Id: words[0], Verdict: verdict, Reason: f.reason,
			})
			if err != nil {
				return err
			}
			if p := answer.GetPeriod(); p != nil {
				return env.reportDays(p)
			}
			if p := answer.GetPolicy(); p != nil {
				return env.reportPolicy(p)
			}
			return f.report(env, answer.GetRefusal(), answer.GetAccount(), answer.GetApproval())
		},
	}
	f.common(cmd)
	return cmd
}

func (f *changeFlags) add(cmd *cobra.Command) {
	f.common(cmd)
	cmd.Flags().BoolVar(&f.ask, "ask", false, "only ask for it: another key must approve it")
}

func (f *changeFlags) common(cmd *cobra.Command) {
	f.apiFlags.add(cmd)
	cmd.Flags().StringVar(&f.reason, "reason", "", "why; kept for ever and published: no personal data")
}

func (f *changeFlags) sides() ledgerv1.Sides {
	switch {
	case f.debits && !f.credits:
		return ledgerv1.Sides_SIDES_DEBITS
	case f.credits && !f.debits:
		return ledgerv1.Sides_SIDES_CREDITS
	}
	return ledgerv1.Sides_SIDES_BOTH
}

// client is the API, for a change that says why.
func (f *changeFlags) client(env *Env) (*client.Client, error) {
	if strings.TrimSpace(f.reason) == "" {
		return nil, usagef("--reason: a change says why")
	}
	return f.apiFlags.client(env)
}

// client finds the API's address and key: flag, environment, dev.json.
func (f *apiFlags) client(env *Env, options ...client.Option) (*client.Client, error) {
	s, err := env.dev()
	if err != nil {
		return nil, err
	}
	url, key := cmp.Or(f.url, env.Getenv("PROVODKA_URL"), s.API), env.Getenv("PROVODKA_API_KEY")
	if key == "" && url == s.API {
		key = s.APIKey // of this installation, and sent to no other
	}
	f.book = cmp.Or(f.book, s.Book, "main")
	switch {
	case url == "":
		return nil, usagef("which API? Give --url, PROVODKA_URL, or --dev with the directory of a running `provodka dev`")
	case key == "":
		return nil, usagef("whose change? Give the API key in PROVODKA_API_KEY")
	}
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	return client.New(url, key, append(options, client.WithBook(f.book))...)
}

// run makes a change, or asks for it.
func (f *changeFlags) run(ctx context.Context, env *Env, change *ledgerv1.AccountChange) error {
	if _, refusal := book.ParseName("account", change.GetAccount()); refusal != nil {
		return usagef("%w", refusal)
	}
	c, err := f.client(env)
	if err != nil {
		return err
	}
	change.Reason, change.Key = f.reason, f.key
	if f.ask {
		answer, err := c.Ledger.RequestApproval(ctx, &ledgerv1.RequestApprovalRequest{
			Book: f.book, What: &ledgerv1.RequestApprovalRequest_Account{Account: change},
		})
		if err != nil {
			return err
		}
		return f.report(env, answer.GetRefusal(), nil, answer.GetApproval())
	}
	answer, err := c.Ledger.ChangeAccounts(ctx, &ledgerv1.ChangeAccountsRequest{Book: f.book, Changes: []*ledgerv1.AccountChange{change}})
	if err != nil {
		return err
	}
	r := answer.GetResults()[0]
	return f.report(env, r.GetRefusal(), r.GetStanding(), nil)
}

// report prints how the account stands by now, or what waits for a second key.
func (f *changeFlags) report(env *Env, refusal *ledgerv1.Refusal, s *ledgerv1.AccountStanding, waits *ledgerv1.Approval) error {
	switch {
	case refusal != nil:
		return fmt.Errorf("%s: %s", refusal.GetCode(), refusal.GetReason())
	case env.json() && s != nil:
		return env.printJSON(s)
	case env.json():
		return env.printJSON(waits)
	case s != nil:
		fmt.Fprintf(env.Out, "%s: %s, %s (%s)\n", s.GetAccount(), changeWords[s.GetChange()], s.GetReason(), s.GetPosition())
	default:
		what := waits.GetAccount().GetAccount()
		if p := waits.GetPeriod(); p != nil {
			what = opensText(p)
		} else if p := waits.GetPolicy(); p != nil {
			what = "вдвоём: " + twoText(p.GetTwoPeople())
		}
		fmt.Fprintf(env.Out, "%s: %s, %s\n", waits.GetId(), what, approvalWords[waits.GetState()])
	}
	return nil
}

// What finance calls the ends of what two people decide.
var approvalWords = map[ledgerv1.ApprovalState]string{
	ledgerv1.ApprovalState_APPROVAL_STATE_WAITING: "ждёт второго", ledgerv1.ApprovalState_APPROVAL_STATE_APPROVED: "одобрено",
	ledgerv1.ApprovalState_APPROVAL_STATE_REFUSED: "отклонено", ledgerv1.ApprovalState_APPROVAL_STATE_WITHDRAWN: "отозвано",
	ledgerv1.ApprovalState_APPROVAL_STATE_EXPIRED: "срок истёк",
}
