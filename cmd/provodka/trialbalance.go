package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

const trialBalanceLong = `The trial balance (оборотно-сальдовая ведомость) by type of account, with the account
numbers of 1C: what was debited and credited in all, and the balance on the side where
it stands. In every asset the debits of the last line equal its credits.`

func newTrialBalanceCmd(env *Env) *cobra.Command {
	var dsn, bookName string
	cmd := &cobra.Command{
		Use: "trial-balance", Short: "Turnover and balance of every type of account", Long: trialBalanceLong, Args: args(cobra.NoArgs),
		Example: "  provodka trial-balance\n  provodka trial-balance --book main --output json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := env.openBook(cmd.Context(), dsn, &bookName)
			if err != nil {
				return err
			}
			defer db.Close()
			rows, totals, seen, err := ledger.Trial{Book: bookName}.Read(cmd.Context(), db, nil)
			if err != nil {
				return err
			}
			return env.printTrialBalance(bookName, rows, totals, seen)
		},
	}
	dsnFlag(cmd, &dsn)
	bookFlag(cmd, &bookName)
	return cmd
}

// trialRow is a line of the trial balance, or its last line.
type trialRow struct {
	Code1C        string `json:"code_1c,omitempty"`
	Type          string `json:"type,omitempty"`
	Class         string `json:"class,omitempty"`
	Asset         string `json:"asset"`
	Debit         string `json:"debit"`
	Credit        string `json:"credit"`
	BalanceDebit  string `json:"balance_debit"`
	BalanceCredit string `json:"balance_credit"`
	Meaning       string `json:"meaning,omitempty"`
}

func trialRowOf(r ledger.TrialRow) trialRow {
	f := r.Asset.Format
	return trialRow{
		Code1C: r.Type.Code1C, Type: r.Type.Name, Class: string(r.Type.Class), Asset: r.Asset.Code, Meaning: r.Type.Meaning,
		Debit: f(r.Turnover.Debit), Credit: f(r.Turnover.Credit), BalanceDebit: f(r.Balance.Debit), BalanceCredit: f(r.Balance.Credit),
	}
}

// inAsset prints an amount with every place of its asset.
func inAsset(code string, a money.Amount) string {
	asset, ok := money.LookupAsset(code)
	if !ok || !a.Round(asset.Scale, money.Down).Equal(a) {
		return a.String()
	}
	return asset.Format(a)
}

// dashed shows nothing where there is nothing.
func dashed(amount string) string {
	if strings.Trim(amount, "0.") == "" {
		return "-"
	}
	return amount
}

func (e *Env) printTrialBalance(name string, rows, sums []ledger.TrialRow, seen []store.Seen) error {
	lines, totals := []trialRow{}, []trialRow{}
	for _, r := range rows {
		lines = append(lines, trialRowOf(r))
	}
	for _, t := range sums {
		totals = append(totals, trialRowOf(t))
	}
	if e.json() {
		return e.printJSON(map[string]any{"book": name, "positions": positionsJSON(seen), "rows": lines, "totals": totals})
	}
	e.say("trial balance of book %s, as of records %s", name, positions(seen))
	t := table.New("1C", "Type", "Class", "Asset", ">Debit turnover", ">Credit turnover", ">Debit balance", ">Credit balance")
	for _, l := range lines {
		t.Add(l.Code1C, l.Type, l.Class, l.Asset, dashed(l.Debit), dashed(l.Credit), dashed(l.BalanceDebit), dashed(l.BalanceCredit))
	}
	t.Rule()
	for _, l := range totals {
		t.Add("", "total", balancedWord(l), l.Asset, l.Debit, l.Credit, l.BalanceDebit, l.BalanceCredit)
	}
	return t.Write(e.Out)
}

func balancedWord(l trialRow) string {
	if l.Debit == l.Credit && l.BalanceDebit == l.BalanceCredit {
		return "balanced"
	}
	return "NOT BALANCED"
}

// positions tells how far a read has seen every shard.
func positions(seen []store.Seen) string {
	list := make([]string, len(seen))
	for i, s := range seen {
		list[i] = fmt.Sprintf("%d.%d", s.Shard, s.Seq)
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

func positionsJSON(seen []store.Seen) []map[string]any {
	out := make([]map[string]any, len(seen))
	for i, s := range seen {
		out[i] = map[string]any{"shard": s.Shard, "seq": s.Seq}
	}
	return out
}
