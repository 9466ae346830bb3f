package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/provodka/provodka/cmd/provodka/server"
	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/ledger"
	"github.com/provodka/provodka/ledger/book"
	"github.com/provodka/provodka/ledger/money"
	"github.com/provodka/provodka/ledger/store"
	journalv1 "github.com/provodka/provodka/proto/gen/provodka/journal/v1"
)

const statementLong = `Every posting of an account in one asset, oldest first, with the balance after it, the
balance before the first and after the last. Days are those on which it was recorded,
in the time zone of the books. Money that only moved between shards is not shown.
What the bank itself says of our account is read with "provodka statement pull"; what of it waits
for a person is shown by "provodka statement lines", and settled by assign, explain and return.

  provodka statement wallet:company-1 --from 2026-03-01 --until 2026-03-31`

type statementFlags struct{ dsn, book, asset, from, until string }

func newStatementCmd(env *Env) *cobra.Command {
	var f statementFlags
	cmd := &cobra.Command{
		Use: "statement ACCOUNT", Short: "Postings of an account with balances", Long: statementLong, Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			return runStatement(cmd.Context(), env, f, names[0], env.printStatement)
		},
	}
	f.add(cmd)
	cmd.AddCommand(newPullCmd(env), newLinesCmd(env), newLineShowCmd(env), newAssignCmd(env), newExplainLineCmd(env), newReturnCmd(env))
	return cmd
}

func (f *statementFlags) add(cmd *cobra.Command) {
	dsnFlag(cmd, &f.dsn)
	bookFlag(cmd, &f.book)
	cmd.Flags().StringVar(&f.asset, "asset", "", "the asset (default: the only one of the account)")
	cmd.Flags().StringVar(&f.from, "from", "", "first day, YYYY-MM-DD")
	cmd.Flags().StringVar(&f.until, "until", "", "last day, YYYY-MM-DD")
}

// bounds are the first microsecond of the first day and the first after the last day.
func (f statementFlags) bounds(zone *time.Location) (from, until int64, err error) {
	if f.from != "" {
		day, err := time.ParseInLocation(time.DateOnly, f.from, zone)
		if err != nil {
			return 0, 0, usagef("--from %q: a day is YYYY-MM-DD", f.from)
		}
		from = day.UnixMicro()
	}
	if f.until != "" {
		day, err := time.ParseInLocation(time.DateOnly, f.until, zone)
		if err != nil {
			return 0, 0, usagef("--until %q: a day is YYYY-MM-DD", f.until)
		}
		until = day.AddDate(0, 0, 1).UnixMicro()
	}
	return from, until, nil
}

func runStatement(ctx context.Context, env *Env, f statementFlags, name string, show func(statementFlags, *statement) error) error {
	db, err := env.openDB(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	from, until, err := f.bounds(db.Zone())
	if err != nil {
		return err
	}
	if f.book, err = env.book(ctx, db, f.book); err != nil {
		return err
	}
	accounts, err := accountsOf(ctx, db, f.book, f.asset, []string{name})
	if err != nil {
		return err
	}
	if len(accounts) > 1 {
		var assets []string
		for _, a := range accounts {
			assets = append(assets, a.key.Asset)
		}
		return usagef("which asset? Give --asset; %s has %s", name, strings.Join(assets, ", "))
	}
	s, err := newStatement(accounts[0], db.Zone())
	if err != nil {
		return err
	}
	if from > 0 {
		before, _, err := readWhole(ctx, db, accounts, store.At{KnownUS: from - 1})
		if err != nil {
			return err
		}
		s.opening = ledger.Whole(before[s.account.key], before[s.account.transit]).Balance(s.account.kind.Class)
	}
	if err := s.read(ctx, db, from, until); err != nil {
		return err
	}
	return show(f, s)
}

// statement is an account's postings with what they were for.
type statement struct {
	account         accountAsset
	zone            *time.Location
	flows           *flow.Registry
	opening, ending money.Amount
	debit, credit   money.Amount // in all
	lines           []statementLine
}

func newStatement(a accountAsset, zone *time.Location) (*statement, error) {
	flows, err := server.Flows()
	return &statement{account: a, zone: zone, flows: flows}, err
}

type statementLine struct {
	Recorded string `json:"recorded"`
	Day      string `json:"day"`
	Document string `json:"document"`
	What     string `json:"what"`
	Title    string `json:"title,omitempty"` // what a flow booked, in Russian
	Debit    string `json:"debit"`
	Credit   string `json:"credit"`
	Balance  string `json:"balance"`

	Counters []string `json:"counters"` // the other side: "51 bank:settlement 10.00"
	Words    []string `json:"words"`    // links and metadata, name = value
}

// legsAtOnce bounds one read of a statement.
const legsAtOnce = 500

func (s *statement) read(ctx context.Context, db *store.DB, from, until int64) error {
	s.ending = s.opening
	page := store.LegPage{FromUS: from, UntilUS: until, Limit: legsAtOnce}
	for {
		legs, _, err := db.Legs(ctx, s.account.key, page)
		if err != nil {
			return err
		}
		if err := s.add(ctx, db, legs); err != nil {
			return err
		}
		if len(legs) < page.Limit {
			return nil
		}
		last := legs[len(legs)-1]
		page.After = &store.LegCursor{ClockUS: last.ClockUS, Shard: last.Shard, Seq: last.Seq, Leg: last.Leg}
	}
}

func (s *statement) add(ctx context.Context, db *store.DB, legs []store.LegRow) error {
	var ids []store.RecordID
	for _, l := range legs {
		ids = append(ids, store.RecordID{Shard: l.Shard, Seq: l.Seq})
	}
	slices.SortFunc(ids, func(a, b store.RecordID) int { return cmp.Or(cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Seq, b.Seq)) })
	records, err := db.Records(ctx, slices.Compact(ids))
	if err != nil {
		return err
	}
	code := s.account.key.Asset
	for _, l := range legs {
		r := new(journalv1.Record)
		if err := proto.Unmarshal(records[store.RecordID{Shard: l.Shard, Seq: l.Seq}], r); err != nil {
			return err
		}
		what, inside := whatFor(r)
		if inside {
			continue
		}
		net := l.Amount
		line := statementLine{Debit: "-", Credit: "-"}
		switch l.Kind {
		case journalv1.LegKind_LEG_KIND_DEBIT:
			s.debit, line.Debit = s.debit.Add(l.Amount), inAsset(code, l.Amount)
		case journalv1.LegKind_LEG_KIND_CREDIT:
			s.credit, line.Credit = s.credit.Add(l.Amount), inAsset(code, l.Amount)
		default:
			continue // a hold books nothing
		}
		if (l.Kind == journalv1.LegKind_LEG_KIND_DEBIT) != s.account.kind.Class.DebitNormal() {
			net = net.Neg()
		}
		s.ending = s.ending.Add(net)
		line.Recorded = time.UnixMicro(l.ClockUS).In(s.zone).Format("2006-01-02 15:04:05")
		line.Day, line.Document = l.Day, fmt.Sprintf("%d.%d", l.Shard, l.Seq)
		line.What, line.Balance = what, inAsset(code, s.ending)
		line.Title = s.flows.Content(r.GetMove().GetFlow(), r.GetMove().GetRecipes())
		if line.Counters, err = countersOf(r, l.Leg); err != nil {
			return err
		}
		line.Words = wordsOf(r.GetEntry())
		s.lines = append(s.lines, line)
	}
	return nil
}

// whatFor is the entry's kind and what it belongs to; inside says that it only moved
// the account's money between its stripes.
func whatFor(r *journalv1.Record) (what string, inside bool) {
	e := r.GetEntry()
	for _, l := range r.GetLegs() {
		name, refusal := book.ParseName("account", l.GetAccount())
		inside = inside || refusal == nil && name.IsTransit()
	}
	words := []string{e.GetKind()}
	for _, name := range slices.Sorted(maps.Keys(e.GetLinks())) {
		words = append(words, name+" "+e.GetLinks()[name])
	}
	return strings.Join(strings.Fields(strings.Join(words, ", ")), " "), inside
}

func (e *Env) printStatement(f statementFlags, s *statement) error {
	code := s.account.key.Asset
	if e.json() {
		if s.lines == nil {
			s.lines = []statementLine{}
		}
		return e.printJSON(map[string]any{
			"book": f.book, "account": s.account.name, "asset": code, "opening": inAsset(code, s.opening),
			"debit": inAsset(code, s.debit), "credit": inAsset(code, s.credit), "closing": inAsset(code, s.ending), "lines": s.lines,
		})
	}
	e.say("statement of %s (1C %s, %s) in %s, book %s", s.account.name, s.account.kind.Code1C, s.account.kind.Class, code, f.book)
	t := table.New("Recorded", "Day", "Document", "What", ">Debit", ">Credit", ">Balance")
	t.Add("", "", "", "opening balance", "", "", inAsset(code, s.opening))
	for _, l := range s.lines {
		t.Add(l.Recorded, l.Day, l.Document, l.What, l.Debit, l.Credit, l.Balance)
	}
	t.Rule()
	t.Add("", "", "", "turnover and closing balance", inAsset(code, s.debit), inAsset(code, s.credit), inAsset(code, s.ending))
	return t.Write(e.Out)
}
