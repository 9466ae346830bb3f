package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/adapters/tbank"
	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/incoming"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
)

const linesLong = `Lines of bank statements that wait for a person: money that came and belongs to nobody we can
name (unmatched), money that left and nobody can explain (unexplained), the oldest first. With
--state: lines in these states; those that wait for a person stand first, then the newest of the
others. Days are the bank's. INN of persons and numbers of accounts are masked.

  provodka statement lines
  provodka statement lines --state unmatched --from 2026-03-01 --to 2026-03-31
  provodka statement lines --state refunding,returning,returned --limit 20
  provodka statement lines --account settlement --min-amount 100000 --output json

Suggested are the companies whose money it could be, the likeliest first, each with the weight of
what speaks for it:

%s
Known is what is known of a line beside what it says: whose it became, what was counted of it, why what
a person named did not take it, and what the bank changed of it after it was booked. The whole story of
one line: provodka statement line LINE.

The API is found by --url, PROVODKA_URL or dev.json, its key in PROVODKA_API_KEY.`

type linesFlags struct {
	apiFlags
	states            []string
	from, to, account string
	least, most       string
	limit             int
}

func newLinesCmd(env *Env) *cobra.Command {
	var f linesFlags
	var rules strings.Builder
	for _, r := range incoming.Rules() {
		fmt.Fprintf(&rules, "  %-9s %d  %s\n", r.Name, r.Weight, r.Meaning)
	}
	cmd := &cobra.Command{
		Use: "lines", Short: "Lines of bank statements: what waits for a person, with suggestions", Long: fmt.Sprintf(linesLong, rules.String()), Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runLines(cmd.Context(), env, &f) },
	}
	f.addPlace(cmd)
	cmd.Flags().StringSliceVar(&f.states, "state", nil, "only lines in these states (default those that wait for a person)")
	cmd.Flags().StringVar(&f.from, "from", "", "first value day, YYYY-MM-DD")
	cmd.Flags().StringVar(&f.to, "to", "", "last value day, YYYY-MM-DD, it included")
	cmd.Flags().StringVar(&f.account, "account", "", "lines of this account of ours only, by its name in the books")
	cmd.Flags().StringVar(&f.least, "min-amount", "", "least sum, rubles, in and out alike")
	cmd.Flags().StringVar(&f.most, "max-amount", "", "largest sum, rubles")
	cmd.Flags().IntVar(&f.limit, "limit", 50, "how many to list at most")
	return cmd
}

// split parts the states that are meant into those that wait for a person and the others.
func (f *linesFlags) split(lines *flow.Flow) (waiting, others []string, err error) {
	for _, s := range f.states {
		if !slices.Contains(lines.Machine.States(), s) {
			return nil, nil, usagef("--state %q: one of %s", s, strings.Join(lines.Machine.States(), ", "))
		}
	}
	for _, s := range lines.Machine.States() {
		switch waits := lines.Title(s).WaitsFor == "support"; {
		case waits && (len(f.states) == 0 || slices.Contains(f.states, s)):
			waiting = append(waiting, s)
		case slices.Contains(f.states, s):
			others = append(others, s)
		}
	}
	return waiting, others, nil
}

func runLines(ctx context.Context, env *Env, f *linesFlags) error {
	waiting, others, err := f.split(incoming.New())
	if err != nil {
		return err
	}
	for flag, day := range map[string]string{"--from": f.from, "--to": f.to} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return usagef("%s %q: a day is YYYY-MM-DD", flag, day)
		}
	}
	if f.limit < 1 {
		return usagef("--limit %d: at least 1", f.limit)
	}
	c, err := f.client(env)
	if err != nil {
		return err
	}
	all, err := c.Statements.CountLines(ctx, &statementv1.CountLinesRequest{Book: f.book})
	if err != nil {
		return err
	}
	lines, more, err := f.read(ctx, c, all.GetPosition(), statementv1.LineOrder_LINE_ORDER_OLDEST_DAY, waiting, f.limit)
	if err != nil {
		return err
	}
	shown := len(lines)
	rest, _, err := f.read(ctx, c, all.GetPosition(), statementv1.LineOrder_LINE_ORDER_NEWEST_DAY, others, f.limit-shown)
	if err != nil {
		return err
	}
	lines = append(lines, rest...)
	if env.json() {
		return env.printMessage(&statementv1.ListLinesResponse{Lines: lines})
	}
	if err := env.printLines(lines...); err != nil {
		return err
	}
	switch {
	case len(waiting) == 0:
	case f.account+f.from+f.to+f.least+f.most == "":
		var waits int64
		for _, n := range all.GetCounts() {
			if slices.Contains(waiting, n.GetState()) {
				waits += n.GetCount()
			}
		}
		env.say("%d wait for a person, %d of them shown", waits, shown)
	case more:
		env.say("the first %d of these that wait for a person are shown: --limit shows more", shown)
	default:
		env.say("%d of these wait for a person", shown)
	}
	return nil
}

// read gives so many of the lines that are meant in some states, and whether there are more.
func (f *linesFlags) read(ctx context.Context, c *client.Client, position string, order statementv1.LineOrder, states []string, limit int) (lines []*statementv1.Line, more bool, err error) {
	req := &statementv1.ListLinesRequest{
		Book: f.book, States: states, Account: f.account, From: f.from, To: f.to, MinAmount: f.least, MaxAmount: f.most, Order: order, MinPosition: position,
	}
	for len(states) > 0 && len(lines) < limit {
		req.PageSize = int32(min(tasksAtOnce, limit-len(lines)))
		answer, err := c.Statements.ListLines(ctx, req)
		if err != nil {
			return nil, false, err
		}
		lines = append(lines, answer.GetLines()...)
		if req.PageToken = answer.GetNextPageToken(); req.PageToken == "" {
			return lines, false, nil
		}
	}
	return lines, req.GetPageToken() != "", nil
}

// printLines prints lines with what speaks for whom; a suggestion after the first has a row of its own.
func (e *Env) printLines(lines ...*statementv1.Line) error {
	t := table.New("Line", ">Days", "Day", "Number", ">In", ">Out", "Counterparty", "Purpose", "State", "Suggested", "Known")
	for _, l := range lines {
		in, out := l.GetAmount(), "-"
		if l.GetDebit() {
			in, out = out, in
		}
		var first string
		suggested := suggestions(l)
		if len(suggested) > 0 {
			first, suggested = suggested[0], suggested[1:]
		}
		other := strings.Join(strings.Fields(strings.Join([]string{l.GetCounterpartyName(), l.GetCounterpartyInn(), l.GetCounterpartyAccount()}, " ")), " ")
		t.Add(l.GetLineId(), e.age(l), l.GetDay(), oneLine(l.GetNumber()), in, out, oneLine(other), oneLine(l.GetPurpose()), l.GetStateTitle(), first, knownOf(l))
		for _, s := range suggested {
			t.Add("", "", "", "", "", "", "", "", "", s, "")
		}
	}
	return t.Write(e.Out)
}

// age is how many of the bank's days ago a line's value day was.
func (e *Env) age(l *statementv1.Line) string {
	day, err := time.Parse(time.DateOnly, l.GetDay())
	if err != nil {
		return "?"
	}
	today, err := time.Parse(time.DateOnly, e.Now().In(tbank.Zone()).Format(time.DateOnly))
	if err != nil {
		return "?"
	}
	return strconv.Itoa(int(today.Sub(day) / (24 * time.Hour)))
}

// suggestions are the companies whose money a line could be, as they are ranked.
func suggestions(l *statementv1.Line) []string {
	var out []string
	for i, g := range l.GetSuggestions() {
		name := strings.TrimSpace(g.GetCompanyId() + " " + oneLine(g.GetCompanyName()))
		out = append(out, fmt.Sprintf("%d. %s: %d by %s", i+1, name, g.GetWeight(), strings.Join(g.GetRules(), ", ")))
	}
	return out
}

// knownOf is what is known of a line beside what it says.
func knownOf(l *statementv1.Line) string {
	var words []string
	if l.GetCompanyId() != "" {
		words = append(words, l.GetCompanyId())
	}
	if len(l.GetRules()) > 0 {
		words = append(words, "by "+strings.Join(l.GetRules(), ", "))
	}
	for _, r := range l.GetRefunds() {
		words = append(words, r.GetRemittanceId()+" counted "+r.GetAmount())
	}
	if l.GetRefusedCode() != "" {
		words = append(words, oneLine(l.GetRefusedCode()+": "+l.GetRefusedReason()))
	}
	if l.GetChanges() > 0 {
		words = append(words, changesOf(l))
	}
	return strings.Join(words, "; ")
}

// changesOf is what the bank changed of a line after it was booked.
func changesOf(l *statementv1.Line) string {
	before := l.GetBefore()
	was := map[string]string{
		"number": before.GetNumber(), "document_day": before.GetDocumentDay(), "inn": before.GetCounterpartyInn(),
		"account": before.GetCounterpartyAccount(), "purpose": before.GetPurpose(),
	}
	var fields []string
	for _, field := range l.GetChangedFields() {
		if was[field] != "" {
			field += fmt.Sprintf(" (was %s)", oneLine(was[field]))
		}
		fields = append(fields, field)
	}
	words := fmt.Sprintf("the bank changed %s, in all %d times", cmp.Or(strings.Join(fields, ", "), "its name for the line"), l.GetChanges())
	if l.GetToldAmount() != "" {
		words += ", and says " + l.GetToldAmount() + " now"
	}
	return words
}
