package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

const explainLong = `Why an operation was refused, what a balance is made of, or how every amount of a task
came about: what it was worked out of, by which rule and version of it, on which law it
stands, and how it was rounded. The argument is the id of a record (2.1042), the name of
an account, the id of a task, or the idempotency key of an operation, looked for in this
order.

  provodka explain 2.1042
  provodka explain wallet:company-1
  provodka explain task-17
  provodka explain --lang en pay-17`

type explainFlags struct {
	dsn, book, asset, lang string
	legs                   int
}

func newExplainCmd(env *Env) *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use: "explain KEY|ID|ACCOUNT|TASK", Short: "Why this refusal, this balance, these amounts", Long: explainLong, Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			if f.lang != "ru" && f.lang != "en" {
				return usagef("--lang %q: ru or en", f.lang)
			}
			if f.legs < 1 || f.legs > 1000 {
				return usagef("--legs %d: 1 to 1000", f.legs)
			}
			return runExplain(cmd.Context(), env, f, names[0])
		},
	}
	dsnFlag(cmd, &f.dsn)
	bookFlag(cmd, &f.book)
	cmd.Flags().StringVar(&f.asset, "asset", "", "one asset of the account only")
	cmd.Flags().StringVar(&f.lang, "lang", "ru", "language of the explanation: ru or en")
	cmd.Flags().IntVar(&f.legs, "legs", 20, "latest postings to show")
	return cmd
}

var recordIDText = regexp.MustCompile(`^([0-9]{1,5})\.([0-9]{1,18})$`)

func runExplain(ctx context.Context, env *Env, f explainFlags, what string) error {
	db, err := env.openBook(ctx, f.dsn, &f.book)
	if err != nil {
		return err
	}
	defer db.Close()
	if m := recordIDText.FindStringSubmatch(what); m != nil {
		shard, _ := strconv.Atoi(m[1])
		seq, _ := strconv.ParseUint(m[2], 10, 64)
		return explainRecord(ctx, env, db, f, store.RecordID{Shard: shard, Seq: seq})
	}
	if _, refusal := book.ParseName("account", what); refusal == nil {
		return explainBalance(ctx, env, db, f, what)
	}
	if found, err := explainTask(ctx, env, db, f, what); found || err != nil {
		return err
	}
	known, err := db.LookupKeys(ctx, [][16]byte{store.KeyID(f.book, what)})
	if err != nil {
		return err
	}
	if len(known) == 0 {
		return fmt.Errorf("book %s has no account, task or operation %q: it never came, or what it was answered is not remembered", f.book, what)
	}
	return explainRecord(ctx, env, db, f, store.RecordID{Shard: known[0].Shard, Seq: known[0].Seq})
}

// explainRecord tells why a record is a refusal.
func explainRecord(ctx context.Context, env *Env, db *store.DB, f explainFlags, id store.RecordID) error {
	raw, ok, err := db.Record(ctx, id.Shard, id.Seq)
	if err != nil {
		return err
	}
	r := new(journalv1.Record)
	if err := proto.Unmarshal(raw, r); err != nil {
		return err
	}
	if !ok || r.GetBook() != f.book {
		return fmt.Errorf("book %s has no record %d.%d", f.book, id.Shard, id.Seq)
	}
	at := time.UnixMicro(r.GetClockUs()).In(db.Zone()).Format("2006-01-02 15:04:05")
	no := r.GetRefusal()
	if no == nil || !fault.Known(no.GetCode()) {
		if env.json() {
			return env.printJSON(map[string]any{"book": f.book, "id": fmt.Sprintf("%d.%d", id.Shard, id.Seq), "refused": false})
		}
		_, err := fmt.Fprintf(env.Out, "%d.%d, %s: %s\n", id.Shard, id.Seq, at,
			map[string]string{"ru": "не отказ, операция выполнена", "en": "not refused, it was done"}[f.lang])
		return err
	}
	refusal := &fault.Refusal{Code: fault.Code(no.GetCode()), Field: no.GetField(), Reason: no.GetReason(), Facts: no.GetFacts()}
	russian, english := refusal.Explain()
	info := refusal.Code.Lookup()
	if env.json() {
		return env.printJSON(map[string]any{
			"book": f.book, "id": fmt.Sprintf("%d.%d", id.Shard, id.Seq), "refused": true, "at": at, "key": r.GetKey(), "code": no.GetCode(),
			"field": no.GetField(), "reason": no.GetReason(), "facts": no.GetFacts(), "retry": string(info.Retry),
			"actor": string(info.Actor()), "russian": russian, "english": english,
		})
	}
	fmt.Fprintf(env.Out, "%d.%d, %s, %s\n", id.Shard, id.Seq, at, oneLine(r.GetKey()))
	return env.lines(f, russian, english)
}

func (e *Env) lines(f explainFlags, russian, english []string) error {
	list := russian
	if f.lang == "en" {
		list = english
	}
	_, err := fmt.Fprintln(e.Out, strings.Join(list, "\n"))
	return err
}

// holdsShown bounds the holds that are shown.
const holdsShown = 100

// explainBalance tells what a balance is made of.
func explainBalance(ctx context.Context, env *Env, db *store.DB, f explainFlags, name string) error {
	accounts, err := accountsOf(ctx, db, f.book, f.asset, []string{name})
	if err != nil {
		return err
	}
	for _, a := range accounts {
		seen, err := db.Look(ctx, store.Glance{Keys: []store.StripeKey{a.key}, Also: []store.StripeKey{a.transit}, Holds: holdsShown + 1, Legs: f.legs})
		if err != nil {
			return err
		}
		var own, transit store.Balance
		for _, b := range seen.Balances {
			if b.Key == a.key {
				own = b
			} else {
				transit = b
			}
		}
		if err := env.printExplained(ctx, db, f, a, seen, own, transit); err != nil {
			return err
		}
	}
	return nil
}

func (e *Env) printExplained(ctx context.Context, db *store.DB, f explainFlags, a accountAsset, seen store.Sight, own, transit store.Balance) error {
	asset, _ := money.LookupAsset(a.key.Asset)
	sum, holds := ledger.Whole(own, transit), seen.Holds[a.key]
	russian, english := sum.Explain(a.kind.Class, asset, book.Made{
		Stripes: len(own.Stripes), Holds: min(len(holds), holdsShown), More: len(holds) > holdsShown,
		Transit: book.Stripe{Debit: transit.Debit, Credit: transit.Credit}.Balance(a.kind.Class),
	})
	s, err := newStatement(a, db.Zone())
	if err != nil {
		return err
	}
	legs := seen.Legs[a.key]
	for i, j := 0, len(legs)-1; i < j; i, j = i+1, j-1 {
		legs[i], legs[j] = legs[j], legs[i]
	}
	if err := s.add(ctx, db, legs); err != nil {
		return err
	}
	s.opening, s.ending = sum.Balance(a.kind.Class).Sub(s.ending), money.Zero
	s.debit, s.credit, s.lines, s.ending = money.Zero, money.Zero, nil, s.opening
	if err := s.add(ctx, db, legs); err != nil { // again, with what stood before them
		return err
	}
	placed := [][]string{}
	for _, h := range holds[:min(len(holds), holdsShown)] {
		placed = append(placed, []string{fmt.Sprintf("%d.%d", h.Shard, h.Hold.GetPlacedSeq()), h.Hold.GetLeft()})
	}
	if e.json() {
		return e.printJSON(map[string]any{
			"book": f.book, "account": a.name, "asset": a.key.Asset, "positions": positionsJSON(seen.Seen), "russian": russian, "english": english,
			"holds": placed, "opening": inAsset(a.key.Asset, s.opening), "lines": s.lines,
		})
	}
	fmt.Fprintf(e.Out, "%s, %s (1C %s)\n", a.name, a.key.Asset, a.kind.Code1C)
	if err := e.lines(f, russian, english); err != nil {
		return err
	}
	for _, h := range placed {
		fmt.Fprintf(e.Out, "%s %s: %s\n", map[string]string{"ru": "Удержание", "en": "Hold"}[f.lang], h[0], h[1])
	}
	fmt.Fprintln(e.Out)
	return e.printCard(statementFlags{book: f.book}, s)
}
