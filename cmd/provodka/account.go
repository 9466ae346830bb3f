package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/store"
)

const accountLong = `How accounts stand: open or closed, what is frozen of them, how far they may go below
zero, and since when, by whom and why. One account is shown with the history of its changes.

  provodka account wallet:company-1
  provodka account wallet:company-1 merchant:shop-7

Changes go through the API, in the name of its key, and hold on every shard when they are
answered. With --ask another key must approve them first.

  provodka account freeze wallet:company-1 --debits --reason "постановление № 7"
  provodka account unfreeze wallet:company-1 --reason "постановление № 7 отменено"
  provodka account limit merchant:shop-7 50000 --reason "договор 3" --ask
  provodka account close merchant:shop-7 --reason "договор 3 расторгнут"
  provodka account reopen merchant:shop-7 --reason "договор 3 возобновлён"
  provodka account approve 0.42 --reason "проверен баланс"
  provodka account decline 0.43 --reason "нет договора"`

type accountFlags struct {
	dsn, book string
	limit     int
}

func newAccountCmd(env *Env) *cobra.Command {
	var f accountFlags
	cmd := &cobra.Command{
		Use: "account ACCOUNT…", Short: "How accounts stand, and why; freeze, limit, close them", Long: accountLong, Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error { return runAccount(cmd.Context(), env, f, names) },
	}
	dsnFlag(cmd, &f.dsn)
	bookFlag(cmd, &f.book)
	cmd.Flags().IntVar(&f.limit, "limit", 50, "how many changes of one account to show at most")
	addAccountChanges(cmd, env)
	return cmd
}

// accountRow is how an account stands, or stood.
type accountRow struct {
	Account string            `json:"account"`
	Status  string            `json:"status"`
	Russian string            `json:"russian"`
	Frozen  string            `json:"frozen"` // debits, credits, both, nothing
	Limits  map[string]string `json:"limits"` // by asset
	Change  string            `json:"change,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Author  string            `json:"author,omitempty"`
	Second  string            `json:"approved_by,omitempty"` // who approved it, when it took two
	Decided string            `json:"decided,omitempty"`
	Version uint64            `json:"version"`
	Record  string            `json:"record,omitempty"`
}

// What finance calls the statuses, what is frozen, and the changes.
var (
	statusWords = map[book.Status][2]string{
		0: {"open", "открыт"}, book.Open: {"open", "открыт"}, book.Closing: {"closing", "закрывается"}, book.Closed: {"closed", "закрыт"},
	}
	frozenWords = map[string]string{"nothing": "—", "debits": "дебет", "credits": "кредит", "both": "дебет и кредит"}
	changeWords = map[string]string{
		ledger.Freeze: "заморожен", ledger.Unfreeze: "разморожен", ledger.Closing: "закрывается", ledger.Close: "закрыт",
		ledger.Keep: "не закрыт: есть деньги", ledger.Reopen: "открыт снова", ledger.SetLimit: "лимит",
	}
)

func runAccount(ctx context.Context, env *Env, f accountFlags, names []string) error {
	if f.limit < 1 {
		return usagef("--limit %d: at least 1", f.limit)
	}
	for _, text := range names {
		if _, refusal := book.ParseName("account", text); refusal != nil {
			return usagef("%w", refusal)
		}
	}
	db, err := env.openBook(ctx, f.dsn, &f.book)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, history, err := readAccounts(ctx, db, f, names)
	if err != nil {
		return err
	}
	if env.json() {
		return env.printJSON(map[string]any{"book": f.book, "accounts": rows, "history": history})
	}
	t := table.New("Счёт", "Состояние", "Заморожен", "Лимит", "С", "Кто", "Почему")
	for _, r := range rows {
		t.Add(r.Account, r.Russian, frozenWords[r.Frozen], limitsText(r.Limits), orDash(r.Decided), orDash(r.signed()), orDash(r.Reason))
	}
	if err := t.Write(env.Out); err != nil || len(names) > 1 || len(history) == 0 {
		return err
	}
	fmt.Fprintln(env.Out)
	t = table.New(">№", "Когда", "Изменение", "Заморожен", "Лимит", "Кто", "Почему", "Запись")
	for _, r := range history {
		t.Add(strconv.FormatUint(r.Version, 10), r.Decided, changeWords[r.Change], frozenWords[r.Frozen], limitsText(r.Limits), r.signed(), r.Reason, r.Record)
	}
	return t.Write(env.Out)
}

// readAccounts reads how accounts stand, and of a single one how it came to that.
func readAccounts(ctx context.Context, db *store.DB, f accountFlags, names []string) (rows, history []accountRow, err error) {
	keys := make([]store.RuleKey, len(names))
	for i, name := range names {
		keys[i] = store.RuleKey{Book: f.book, Kind: ledger.AccountRule, Subject: name}
	}
	found, err := db.HomeRules(ctx, keys)
	if err != nil {
		return nil, nil, err
	}
	at := map[string]store.RuleRow{}
	for _, r := range found {
		at[r.Rule.GetSubject()] = r
	}
	for _, name := range names {
		rows = append(rows, toAccountRow(name, at[name], db.Zone()))
	}
	history = []accountRow{}
	if len(names) > 1 || len(found) == 0 {
		return rows, history, nil
	}
	versions, err := db.RuleHistory(ctx, found[0].Shard, keys[0], 0, f.limit)
	for _, r := range versions {
		history = append(history, toAccountRow(names[0], r, db.Zone()))
	}
	return rows, history, err
}

func toAccountRow(name string, r store.RuleRow, zone *time.Location) accountRow {
	standing := ledger.StandingOf(r.Rule)
	words := statusWords[standing.Status]
	row := accountRow{
		Account: name, Status: words[0], Russian: words[1], Frozen: standing.Frozen(), Limits: map[string]string{},
		Change: r.Rule.GetChange(), Reason: r.Rule.GetReason(), Author: r.Rule.GetAuthor(), Second: r.Rule.GetApproved().GetBy(), Version: r.Rule.GetVersion(),
	}
	for _, l := range standing.Limits {
		row.Limits[l.Asset.Code] = l.Asset.Format(l.Amount)
	}
	if r.Rule != nil {
		row.Decided = time.UnixMicro(r.Rule.GetDecidedUs()).In(zone).Format("2006-01-02 15:04:05")
		row.Record = fmt.Sprintf("%d.%d", r.Shard, r.Seq)
	}
	return row
}

// signed are who asked for the change and who approved it.
func (r accountRow) signed() string {
	if r.Second == "" {
		return r.Author
	}
	return r.Author + " + " + r.Second
}

func limitsText(limits map[string]string) string {
	var out []string
	for _, code := range slices.Sorted(maps.Keys(limits)) {
		out = append(out, limits[code]+" "+code)
	}
	return orDash(strings.Join(out, ", "))
}

func orDash(text string) string { return cmp.Or(text, "—") }
