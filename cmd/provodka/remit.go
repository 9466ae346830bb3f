package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/flow/remittance"
	"github.com/provodka/provodka/ledger/fault"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

const remitLong = `Taxes that were withheld or charged, and their way to the budget. A period is
ndfl-2026-11-1 (withheld from the 1st to the 22nd), ndfl-2026-11-2 (from the 23rd on) or
contributions-2026-11. With --month it says what is due of a month and by when; with --period it
collects what is due from the persons' accounts and orders its payment. The same command again
pays nothing twice; what was withheld late is paid by another order. With the same --key an
answer that was lost is given again; the command says the key then. With --offset what an older
order had paid twice pays the period first, and the bank is asked only for the rest. With --repay
the order pays, beside the period, what the budget has given back too much of an older one (its
Overpaid is below zero).

  provodka remit --month 2026-11
  provodka remit --period ndfl-2026-11-1 --dry-run
  provodka remit --period ndfl-2026-11-1 --wait
  provodka remit --period ndfl-2026-12-1 --offset ndfl-2026-11-1
  provodka remit --period ndfl-2026-12-1 --repay ndfl-2026-11-1
  provodka remit npd 2026-11 --give-back
  provodka remit list
  provodka remit register ndfl-2026-11-1
  provodka remit retry ndfl-2026-11-1
  provodka remit cancel ndfl-2026-11-1 --reason letter-7

The API is found by --url, PROVODKA_URL or dev.json, its key in PROVODKA_API_KEY.`

type remitFlags struct {
	apiFlags
	month, period, reason string
	offset, repay         string
	dryRun, wait          bool
	giveBack              bool
}

func newRemitCmd(env *Env) *cobra.Command {
	var f remitFlags
	cmd := &cobra.Command{
		Use: "remit", Short: "Pay withheld taxes to the budget: what is due, orders, registers", Long: remitLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runRemit(cmd.Context(), env, &f) },
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.month, "month", "", "say what is due of this month, YYYY-MM")
	cmd.Flags().StringVar(&f.period, "period", "", "collect and pay what is due of this period")
	cmd.Flags().StringVar(&f.offset, "offset", "", "pay the period first by what is left of this order that was paid twice")
	cmd.Flags().StringVar(&f.repay, "repay", "", "pay with the period what the budget gave back too much of this order")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "change nothing, and say what would be collected and paid")
	cmd.Flags().BoolVar(&f.wait, "wait", false, "wait until the bank has answered, a minute at most")
	for _, sub := range []struct {
		use, short string
		takes      int
		run        func(ctx context.Context, env *Env, f *remitFlags, words []string) error
	}{
		{"list", "List payment orders, newest first", 0, listRemittances},
		{"register PERIOD", "What was withheld and passed on in a period, per person", 1, remitRegister},
		{"retry ORDER", "Pay an order whose payment stopped, or a person's NPD that the budget gave back too much", 1, retryRemittance},
		{"cancel ORDER", "Call off an order of which nothing was paid", 1, cancelRemittance},
		{"npd MONTH", "Pay the NPD of a month for those who let us, by the tax service's documents", 1, remitNPD},
	} {
		own := &remitFlags{}
		c := &cobra.Command{Use: sub.use, Short: sub.short, Args: args(cobra.ExactArgs(sub.takes)), RunE: func(cmd *cobra.Command, words []string) error {
			return sub.run(cmd.Context(), env, own, words)
		}}
		switch sub.use {
		case "npd MONTH":
			own.add(c)
		case "retry ORDER", "cancel ORDER":
			own.add(c)
			c.Flags().BoolVar(&own.wait, "wait", false, "wait until the bank has answered, a minute at most")
		default:
			own.addPlace(c)
		}
		if sub.use == "npd MONTH" {
			c.Flags().BoolVar(&own.dryRun, "dry-run", false, "order nothing, and say what would be ordered")
			c.Flags().BoolVar(&own.giveBack, "give-back", false, "give those who pay by themselves what is held for them")
		}
		if sub.use == "cancel ORDER" {
			c.Flags().StringVar(&own.reason, "reason", "", "why, a code or the id of a note: kept for ever and published")
		}
		cmd.AddCommand(c)
	}
	return cmd
}

func runRemit(ctx context.Context, env *Env, f *remitFlags) error {
	if (f.month == "") == (f.period == "") {
		return usagef("give one of --month and --period")
	}
	if f.period == "" && f.offset+f.repay != "" {
		return usagef("--offset and --repay go with a --period")
	}
	c, err := f.client(env)
	if err != nil {
		return err
	}
	if f.month != "" {
		return planRemittances(ctx, env, f, c)
	}
	f.key = f.keyOrNew()
	answer, err := c.Taxes.Remit(ctx, &taxv1.RemitRequest{Book: f.book, Key: f.key, Period: f.period, DryRun: f.dryRun, Offset: f.offset, Repay: f.repay})
	if err != nil {
		return f.unsure(err)
	}
	order := answer.GetRemittance()
	if order != nil && f.wait {
		if order, err = awaitRemittance(ctx, f, c, order); err != nil {
			return err
		}
		answer.Remittance = order
	}
	if env.json() {
		return env.printMessage(answer)
	}
	t := table.New("Period", ">Persons", ">Collected", ">Offset", ">Repaid", "Order", ">Amount", "State", "Paid", "Why")
	amount := answer.GetWouldOrder()
	if order != nil {
		amount = order.GetAmount()
	}
	t.Add(f.period, strconv.FormatInt(answer.GetPersons(), 10), answer.GetCollected(), answer.GetOffset(), answer.GetRepaid(), order.GetRemittanceId(), amount, order.GetStateTitle(), order.GetPaidDay(), why(order))
	if err := t.Write(env.Out); err != nil {
		return err
	}
	env.refusals(answer.GetRefused(), answer.GetRefusedPersons())
	return nil
}

// why is what stopped an order's payment.
func why(r *taxv1.Remittance) string {
	return strings.TrimSuffix(oneLine(r.GetErrorCode()+": "+r.GetErrorReason()), ": ")
}

// remitPatience is how long --wait waits for the bank.
const remitPatience = time.Minute

// awaitRemittance waits until the order is no longer being paid.
func awaitRemittance(ctx context.Context, f *remitFlags, c *client.Client, r *taxv1.Remittance) (*taxv1.Remittance, error) {
	ctx, cancel := context.WithTimeout(ctx, remitPatience)
	defer cancel()
	for r.GetState() == remittance.Paying {
		select {
		case <-ctx.Done():
			return r, nil
		case <-time.After(200 * time.Millisecond):
		}
		answer, err := c.Taxes.GetRemittance(ctx, &taxv1.GetRemittanceRequest{Book: f.book, RemittanceId: r.GetRemittanceId()})
		if err != nil {
			return r, err
		}
		r = answer.GetRemittance()
	}
	return r, nil
}

func planRemittances(ctx context.Context, env *Env, f *remitFlags, c *client.Client) error {
	plan, err := c.Taxes.PlanRemittances(ctx, &taxv1.PlanRemittancesRequest{Book: f.book, Month: f.month})
	if err != nil {
		return err
	}
	if env.json() {
		return env.printMessage(plan)
	}
	t := table.New("Period", "From", "To", "Pay by", ">Persons", ">Due", ">Collected", "Orders")
	for _, p := range plan.GetPeriods() {
		var orders []string
		for _, r := range p.GetRemittances() {
			orders = append(orders, r.GetRemittanceId()+" "+r.GetAmount()+" "+r.GetState())
		}
		due := p.GetDueDay()
		if !p.GetCalendarKnown() {
			due += " ?" // the year's moved days are not known
		}
		t.Add(p.GetPeriod(), p.GetFromDay(), p.GetToDay(), due, strconv.FormatInt(p.GetPersons(), 10), p.GetDue(), p.GetCollected(), strings.Join(orders, ", "))
	}
	t.Rule()
	t.Add("total", "", "", "", "", plan.GetTotal(), "", "")
	return t.Write(env.Out)
}

func listRemittances(ctx context.Context, env *Env, f *remitFlags, _ []string) error {
	c, err := f.client(env)
	if err != nil {
		return err
	}
	req := &taxv1.ListRemittancesRequest{Book: f.book, PageSize: tasksAtOnce}
	all := &taxv1.ListRemittancesResponse{}
	for {
		answer, err := c.Taxes.ListRemittances(ctx, req)
		if err != nil {
			return err
		}
		all.Remittances = append(all.Remittances, answer.GetRemittances()...)
		if req.PageToken = answer.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	if env.json() {
		return env.printMessage(all)
	}
	return env.printRemittances(all.GetRemittances()...)
}

func (e *Env) printRemittances(list ...*taxv1.Remittance) error {
	t := table.New("Order", "Ordered", "Pay by", ">Amount", "State", "Paid", ">Overpaid", "Why")
	for _, r := range list {
		t.Add(r.GetRemittanceId(), r.GetDay(), r.GetDueDay(), r.GetAmount(), r.GetStateTitle(), r.GetPaidDay(), r.GetOverpaid(), why(r))
	}
	return t.Write(e.Out)
}

func remitRegister(ctx context.Context, env *Env, f *remitFlags, words []string) error {
	c, err := f.client(env)
	if err != nil {
		return err
	}
	stream, err := c.Taxes.StreamWithheld(ctx, &taxv1.StreamWithheldRequest{Book: f.book, Period: words[0]})
	if err != nil {
		return err
	}
	defer stream.Close()
	t, all := table.New("Executor", ">Withheld", ">Passed on", ">Due", ">Held", "Entries"), &taxv1.StreamWithheldResponse{}
	for stream.Receive() {
		all.Remittances = append(all.Remittances, stream.Msg().GetRemittances()...)
		for _, l := range stream.Msg().GetLines() {
			t.Add(l.GetExecutorId(), l.GetWithheld(), l.GetRemitted(), l.GetDue(), l.GetHeld(), strings.Join(l.GetEntryIds(), " "))
			if env.json() {
				all.Lines = append(all.Lines, l)
			}
		}
	}
	if err := stream.Err(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if env.json() {
		return env.printMessage(all)
	}
	return t.Write(env.Out)
}

func remitNPD(ctx context.Context, env *Env, f *remitFlags, words []string) error {
	c, err := f.client(env)
	if err != nil {
		return err
	}
	f.key = f.keyOrNew()
	answer, err := c.Taxes.RemitNpd(ctx, &taxv1.RemitNpdRequest{Book: f.book, Key: f.key, Month: words[0], DryRun: f.dryRun, GiveBack: f.giveBack})
	if err != nil {
		return f.unsure(err)
	}
	if env.json() {
		return env.printMessage(answer)
	}
	t, n := table.New("Month", ">Ordered", ">Amount", ">Before", ">Pay themselves", ">Held for them", ">Given back", ">Sum"), func(i int64) string { return strconv.FormatInt(i, 10) }
	t.Add(words[0], n(answer.GetPersons()), answer.GetAmount(), n(answer.GetOrderedPersons()), n(answer.GetOwnPersons()), answer.GetOwnAmount(), n(answer.GetGivenPersons()), answer.GetGivenAmount())
	if err := t.Write(env.Out); err != nil {
		return err
	}
	env.refusals(answer.GetRefused(), answer.GetRefusedPersons())
	return nil
}

// refusals tells of whom nothing could be collected or ordered.
func (e *Env) refusals(list []*taxv1.CollectRefusal, n int64) {
	for _, r := range list {
		e.say("%s: %s: %s", r.GetAccount(), r.GetRefusal().GetCode(), r.GetRefusal().GetReason())
	}
	if n > 0 {
		e.say("%d persons were refused", n)
	}
}

func retryRemittance(ctx context.Context, env *Env, f *remitFlags, words []string) error {
	c, err := f.client(env)
	if err != nil {
		return err
	}
	answer, err := c.Taxes.RetryRemittance(ctx, &taxv1.RetryRemittanceRequest{Book: f.book, Key: f.keyOrNew(), RemittanceId: words[0]})
	if err != nil {
		return err
	}
	return env.afterRemittance(ctx, f, c, answer.GetRemittance())
}

func cancelRemittance(ctx context.Context, env *Env, f *remitFlags, words []string) error {
	if f.reason == "" {
		return usagef("--reason: why is it called off?")
	}
	c, err := f.client(env)
	if err != nil {
		return err
	}
	answer, err := c.Taxes.CancelRemittance(ctx, &taxv1.CancelRemittanceRequest{Book: f.book, Key: f.keyOrNew(), RemittanceId: words[0], Reason: f.reason})
	if err != nil {
		return err
	}
	return env.afterRemittance(ctx, f, c, answer.GetRemittance())
}

// unsure adds the key to an error that leaves open whether a change was made.
func (f *apiFlags) unsure(err error) error {
	if code := client.CodeOf(err); errors.As(err, new(usageError)) || code != "" && code != fault.Unavailable && code != fault.Internal {
		return err
	}
	return fmt.Errorf("%w; whether it was done is not known: with --key %s the same command does nothing twice", err, f.key)
}

// keyOrNew is the key that was given, or a new one.
func (f *apiFlags) keyOrNew() string {
	if f.key != "" {
		return f.key
	}
	return uuid.NewString()
}

// afterRemittance prints an order that was changed.
func (e *Env) afterRemittance(ctx context.Context, f *remitFlags, c *client.Client, r *taxv1.Remittance) error {
	if f.wait {
		var err error
		if r, err = awaitRemittance(ctx, f, c, r); err != nil {
			return err
		}
	}
	if e.json() {
		return e.printMessage(r)
	}
	return e.printRemittances(r)
}
