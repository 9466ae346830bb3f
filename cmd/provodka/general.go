package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
)

const generalLong = `The general ledger (главная книга): for each type of account and month of business dates
the balance before it, the turnovers with each other account number, and the balance
after it. It is read from tables that follow the journal; how far they are is printed.

  provodka general-ledger --from 2026-01 --until 2026-03 --type wallet`

type generalFlags struct{ dsn, book, from, until, kind string }

func newGeneralCmd(env *Env) *cobra.Command {
	var f generalFlags
	cmd := &cobra.Command{
		Use: "general-ledger", Short: "Turnovers by month and counter-account (главная книга)", Long: generalLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runGeneral(cmd.Context(), env, f) },
	}
	dsnFlag(cmd, &f.dsn)
	bookFlag(cmd, &f.book)
	cmd.Flags().StringVar(&f.from, "from", "", "first month, YYYY-MM (default: the last one)")
	cmd.Flags().StringVar(&f.until, "until", "", "last month, YYYY-MM (default: this month)")
	cmd.Flags().StringVar(&f.kind, "type", "", "one type of account only")
	return cmd
}

func runGeneral(ctx context.Context, env *Env, f generalFlags) error {
	db, err := env.openDB(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if f.until == "" {
		f.until = env.Now().In(db.Zone()).Format("2006-01")
	}
	if f.from == "" {
		f.from = f.until
	}
	months, refusal := ledger.Months(f.from, f.until)
	if refusal != nil {
		return usagef("--%s: %w", refusal.Field, refusal)
	}
	if f.book, err = env.book(ctx, db, f.book); err != nil {
		return err
	}
	turnovers, seen, err := db.Correspondences(ctx, f.book, f.until)
	if err != nil {
		return err
	}
	var rows []ledger.GeneralRow
	for _, r := range ledger.General(turnovers, months) {
		if f.kind == "" || r.Type.Name == f.kind {
			rows = append(rows, r)
		}
	}
	return env.printGeneral(f, rows, seen)
}

type generalLine struct {
	Code1C  string              `json:"code_1c"`
	Type    string              `json:"type"`
	Asset   string              `json:"asset"`
	Month   string              `json:"month"`
	Opening string              `json:"opening"`
	Debits  []map[string]string `json:"debits"`
	Credits []map[string]string `json:"credits"`
	Debit   string              `json:"debit"`
	Credit  string              `json:"credit"`
	Closing string              `json:"closing"`
}

func (e *Env) printGeneral(f generalFlags, rows []ledger.GeneralRow, seen []store.Seen) error {
	if e.json() {
		lines := []generalLine{}
		for _, r := range rows {
			lines = append(lines, generalLine{
				r.Type.Code1C, r.Type.Name, r.Asset, r.Month, inAsset(r.Asset, r.Opening), turnsJSON(r.Asset, r.Debits), turnsJSON(r.Asset, r.Credits),
				inAsset(r.Asset, r.Debit), inAsset(r.Asset, r.Credit), inAsset(r.Asset, r.Closing),
			})
		}
		return e.printJSON(map[string]any{"book": f.book, "positions": positionsJSON(seen), "rows": lines})
	}
	e.say("главная книга %s, с %s по %s, по записи %s", f.book, f.from, f.until, positions(seen))
	t := table.New("Счёт", "Вид", "Актив", "Месяц", "Корр. счёт", ">Дебет", ">Кредит", ">Сальдо")
	for _, r := range rows {
		t.Add(r.Type.Code1C, r.Type.Name, r.Asset, r.Month, "Сальдо на начало", "", "", sided(r.Asset, r.Opening))
		for _, d := range r.Debits {
			t.Add("", "", "", "", d.Type.Code1C+" "+d.Type.Name, inAsset(r.Asset, d.Amount), "", "")
		}
		for _, c := range r.Credits {
			t.Add("", "", "", "", c.Type.Code1C+" "+c.Type.Name, "", inAsset(r.Asset, c.Amount), "")
		}
		t.Add("", "", "", "", "Обороты и сальдо на конец", inAsset(r.Asset, r.Debit), inAsset(r.Asset, r.Credit), sided(r.Asset, r.Closing))
	}
	return t.Write(e.Out)
}

// sided is a balance with its side.
func sided(asset string, balance money.Amount) string {
	switch balance.Sign() {
	case 1:
		return "Д " + inAsset(asset, balance)
	case -1:
		return "К " + inAsset(asset, balance.Neg())
	}
	return "-"
}

func turnsJSON(asset string, list []ledger.GeneralTurn) []map[string]string {
	out := []map[string]string{}
	for _, t := range list {
		out = append(out, map[string]string{"code_1c": t.Type.Code1C, "type": t.Type.Name, "amount": inAsset(asset, t.Amount)})
	}
	return out
}
